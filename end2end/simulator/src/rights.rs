//! Who a token is and what it may do: a few fixed sets of rules, decided as RBAC decides.
//!
//! Also the wording of a refusal. Never looks at objects.

use crate::catalogue::Resource;

/// The users that a cluster knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// Everything.
    Admin,
    /// Reads everything but Secrets, patches Flux objects and workloads, deletes pods.
    Operator,
    /// Reads everything but Secrets, and pods' logs.
    Viewer,
    /// Reads Flux objects and events only.
    FluxViewer,
    /// May sign in and see discovery, nothing else.
    Nobody,
}

/// One rule: `*` stands for all.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) groups: &'static [&'static str],
    pub(crate) resources: &'static [&'static str],
    pub(crate) verbs: &'static [&'static str],
}

const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["patch", "update"];
const FLUX: &[&str] = &[
    "source.toolkit.fluxcd.io",
    "source.extensions.fluxcd.io",
    "kustomize.toolkit.fluxcd.io",
    "helm.toolkit.fluxcd.io",
    "notification.toolkit.fluxcd.io",
    "image.toolkit.fluxcd.io",
];
const CORE_READABLE: &[&str] = &[
    "namespaces",
    "nodes",
    "pods",
    "pods/log",
    "services",
    "configmaps",
    "serviceaccounts",
    "persistentvolumeclaims",
    "events",
];
const OTHER_GROUPS: &[&str] = &[
    "apps",
    "batch",
    "autoscaling",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "apiextensions.k8s.io",
    "cert-manager.io",
];

const READ_CORE: Rule = Rule { groups: &[""], resources: CORE_READABLE, verbs: READ };
const READ_FLUX: Rule = Rule { groups: FLUX, resources: &["*"], verbs: READ };
const READ_OTHERS: Rule = Rule { groups: OTHER_GROUPS, resources: &["*"], verbs: READ };

impl Rights {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Admin, Self::Operator, Self::Viewer, Self::FluxViewer, Self::Nobody];

    /// The user's name.
    #[must_use]
    pub fn user(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
            Self::FluxViewer => "flux-viewer",
            Self::Nobody => "nobody",
        }
    }

    /// The rules of the user.
    pub(crate) fn rules(self) -> &'static [Rule] {
        match self {
            Self::Admin => &[Rule { groups: &["*"], resources: &["*"], verbs: &["*"] }],
            Self::Operator => &[
                READ_CORE,
                READ_FLUX,
                READ_OTHERS,
                Rule { groups: FLUX, resources: &["*"], verbs: WRITE },
                Rule {
                    groups: &["apps"],
                    resources: &[
                        "deployments",
                        "statefulsets",
                        "daemonsets",
                        "deployments/scale",
                        "statefulsets/scale",
                    ],
                    verbs: WRITE,
                },
                Rule { groups: &[""], resources: &["pods"], verbs: &["delete"] },
                Rule { groups: &[""], resources: &["services/proxy"], verbs: &["get"] },
            ],
            Self::Viewer => &[READ_CORE, READ_FLUX, READ_OTHERS],
            Self::FluxViewer => &[READ_FLUX, Rule { groups: &[""], resources: &["events"], verbs: READ }],
            Self::Nobody => &[],
        }
    }

    /// Whether a rule covers the request; `resource` carries its subresource (`pods/log`).
    pub(crate) fn allow(self, verb: &str, group: &str, resource: &str) -> bool {
        let covers = |list: &[&str], wanted: &str| list.iter().any(|item| *item == "*" || *item == wanted);
        self.rules()
            .iter()
            .any(|rule| covers(rule.groups, group) && covers(rule.resources, resource) && covers(rule.verbs, verb))
    }
}

/// `User "viewer" cannot patch resource "deployments" in API group "apps" in the namespace "shop"`.
pub(crate) fn refusal(user: &str, verb: &str, resource: &Resource, name: &str, namespace: Option<&str>) -> String {
    let place = match namespace {
        Some(namespace) => format!("in the namespace \"{namespace}\""),
        None => "at the cluster scope".to_owned(),
    };
    format!("User \"{user}\" cannot {verb} resource \"{name}\" in API group \"{}\" {place}", resource.group)
}

#[cfg(test)]
mod tests {
    use super::Rights;

    #[test]
    fn a_viewer_reads_all_but_secrets_and_writes_nothing() {
        assert!(Rights::Viewer.allow("get", "", "pods/log"));
        assert!(Rights::Viewer.allow("list", "helm.toolkit.fluxcd.io", "helmreleases"));
        assert!(!Rights::Viewer.allow("get", "", "secrets"));
        assert!(!Rights::Viewer.allow("patch", "apps", "deployments"));
        assert!(Rights::Operator.allow("patch", "apps", "deployments"));
        assert!(!Rights::Operator.allow("create", "apps", "deployments"));
        assert!(Rights::Admin.allow("delete", "", "secrets"));
    }
}
