//! Every kind that one cluster serves, each in the version the cluster prefers.

use std::collections::BTreeMap;

use domain::catalogue;
use domain::object::GroupKind;
use kube::core::ApiResource;

/// A kind as the cluster serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedKind {
    pub resource: ApiResource,
    pub namespaced: bool,
    /// Verbs of the API: `get`, `list`, `watch`, `patch`, …
    pub verbs: Vec<String>,
}

impl ServedKind {
    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&self.resource.group, &self.resource.kind)
    }

    #[must_use]
    pub fn allows(&self, verb: &str) -> bool {
        self.verbs.iter().any(|own| own == verb)
    }
}

/// What a word could mean on a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KindMatch {
    None,
    One(GroupKind),
    /// Several groups have such a kind, none of them Flux's or Kubernetes' own.
    Several(Vec<GroupKind>),
}

/// All served kinds; empty until the first discovery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    served: BTreeMap<GroupKind, ServedKind>,
}

/// Groups that win where several have the same kind and none is Flux's.
const BUILT_IN_FIRST: [&str; 2] = ["", "apps"];

impl Kinds {
    #[must_use]
    pub fn new(served: impl IntoIterator<Item = ServedKind>) -> Self {
        Self { served: served.into_iter().map(|kind| (kind.group_kind(), kind)).collect() }
    }

    /// These, and of the earlier ones those that are missing here: for a discovery with holes.
    #[must_use]
    pub fn or_earlier(mut self, earlier: &Self) -> Self {
        for (kind, served) in &earlier.served {
            self.served.entry(kind.clone()).or_insert_with(|| served.clone());
        }
        self
    }

    #[must_use]
    pub fn find(&self, kind: &GroupKind) -> Option<&ServedKind> {
        self.served.get(kind)
    }

    pub fn iter(&self) -> impl Iterator<Item = &ServedKind> {
        self.served.values()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.served.is_empty()
    }

    /// A kind by its name or plural, in any case. Without a group, a Flux kind wins, then the core group, then `apps`.
    #[must_use]
    pub fn by_word(&self, word: &str, group: Option<&str>) -> KindMatch {
        let mut found: Vec<GroupKind> = self
            .served
            .values()
            .filter(|kind| {
                kind.resource.kind.eq_ignore_ascii_case(word) || kind.resource.plural.eq_ignore_ascii_case(word)
            })
            .map(ServedKind::group_kind)
            .filter(|kind| group.is_none_or(|group| kind.group == group))
            .collect();
        let winner = found
            .iter()
            .position(|kind| catalogue::by_group_kind(&kind.group, &kind.kind).is_some())
            .or_else(|| BUILT_IN_FIRST.iter().find_map(|group| found.iter().position(|kind| kind.group == *group)));
        match (winner, found.len()) {
            (_, 0) => KindMatch::None,
            (Some(at), _) => KindMatch::One(found.swap_remove(at)),
            (None, 1) => KindMatch::One(found.swap_remove(0)),
            (None, _) => KindMatch::Several(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(group: &str, kind: &str, plural: &str) -> ServedKind {
        ServedKind {
            resource: ApiResource {
                group: group.to_owned(),
                version: "v1".to_owned(),
                api_version: if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") },
                kind: kind.to_owned(),
                plural: plural.to_owned(),
            },
            namespaced: true,
            verbs: vec!["list".to_owned()],
        }
    }

    #[test]
    fn a_hole_is_filled_with_what_was_served_before() {
        let earlier = Kinds::new([kind("a", "A", "as"), kind("b", "B", "bs")]);
        let mut newer = kind("a", "A", "as");
        newer.namespaced = false;
        let kinds = Kinds::new([newer.clone()]).or_earlier(&earlier);
        assert_eq!(kinds.find(&GroupKind::new("a", "A")), Some(&newer));
        assert_eq!(kinds.find(&GroupKind::new("b", "B")), Some(&kind("b", "B", "bs")));
    }

    #[test]
    fn a_word_means_the_flux_kind_then_kubernetes_own_and_otherwise_asks() {
        let kinds = Kinds::new([
            kind("kustomize.toolkit.fluxcd.io", "Kustomization", "kustomizations"),
            kind("kustomize.config.k8s.io", "Kustomization", "kustomizations"),
            kind("", "Service", "services"),
            kind("serving.knative.dev", "Service", "services"),
            kind("a.example.org", "Backup", "backups"),
            kind("b.example.org", "Backup", "backups"),
        ]);
        let one = |group: &str, kind: &str| KindMatch::One(GroupKind::new(group, kind));
        assert_eq!(kinds.by_word("kustomizations", None), one("kustomize.toolkit.fluxcd.io", "Kustomization"));
        assert_eq!(kinds.by_word("SERVICE", None), one("", "Service"));
        assert_eq!(kinds.by_word("Service", Some("serving.knative.dev")), one("serving.knative.dev", "Service"));
        assert_eq!(kinds.by_word("Backup", Some("b.example.org")), one("b.example.org", "Backup"));
        assert!(matches!(kinds.by_word("Backup", None), KindMatch::Several(groups) if groups.len() == 2));
        assert_eq!(kinds.by_word("Nothing", None), KindMatch::None);
    }
}
