//! What kustomize-controller does to other managers' fields before it applies, and what a dry-run therefore leaves out.
//!
//! The controller makes the entries of some managers (`kubectl*`, `before-first-apply*`, its own old ones, those it
//! is told to override) its own; the apply that follows drops every field of them that is not in the manifest. A
//! plain dry-run keeps those fields, because the take-over is a write of its own. Source: `fluxcd/pkg/ssa`,
//! `manager_apply.go`, `cleanupMetadata`; verified against the controller. helm-controller takes over only from the
//! managers it is told to.
//!
//! Removes too little rather than too much: never a list item whose key or children are kept, never an ancestor of
//! a kept field, never a key field of an item that stays, never anything by index.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::diff::align::list_keys;
use crate::diff::fields::FieldSet;
use crate::diff::owner::{Owner, owners};
use crate::diff::path::{Path, Segment};
use crate::diff::verdict::{Applier, metadata_says};

/// The dry-run's answer, corrected.
#[derive(Clone, Debug, PartialEq)]
pub struct Takeover {
    /// The object as it will be.
    pub predicted: Value,
    /// What was removed from the dry-run's answer.
    pub removed: Vec<Path>,
    /// Managers whose fields change hands.
    pub managers: Vec<String>,
    /// Leaves that the applier does not own yet, that change hands, and that stay.
    pub taken_over: Vec<Path>,
}

impl Takeover {
    /// Flux writes although no value changes, if nothing else differs.
    #[must_use]
    pub fn changes_ownership(&self) -> bool {
        !self.managers.is_empty()
    }
}

/// Annotations and a label of earlier tools, which the controller removes from what is there.
const LEGACY: [(&str, &str); 4] = [
    ("annotations", "kubectl.kubernetes.io/last-applied-configuration"),
    ("annotations", "kustomize.toolkit.fluxcd.io/checksum"),
    ("annotations", "fluxcd.io/sync-checksum"),
    ("labels", "fluxcd.io/sync-gc-mark"),
];

/// Predicts the object after the next apply from the live object, the manifest as sent, and the dry-run's answer.
///
/// `overrides` are the prefixes given to the controller with `--override-manager`.
#[must_use]
pub fn predict(applier: Applier, live: &Value, desired: &Value, dry_run: &Value, overrides: &[String]) -> Takeover {
    let mut takeover =
        Takeover { predicted: dry_run.clone(), removed: Vec::new(), managers: Vec::new(), taken_over: Vec::new() };
    let excluded = applier == Applier::Kustomization
        && [desired, live].iter().any(|object| metadata_says(object, "kustomize.toolkit.fluxcd.io/ssa", "Merge"));
    if excluded {
        return takeover;
    }
    if applier == Applier::Kustomization {
        remove_legacy(desired, &mut takeover);
    }
    let (mut taken, mut owned) = (FieldSet::default(), FieldSet::default());
    let mut kept = own_fields(applier, desired, dry_run);
    for owner in owners(live) {
        if is_taken(applier, &owner, overrides) {
            taken.join(&owner.fields);
            takeover.managers.push(owner.blame.manager);
        } else if owner.blame.manager == applier.manager() && owner.applies() {
            owned.join(&owner.fields);
        } else {
            kept.join(&owner.fields);
        }
    }
    let changes_hands = |path: &Path| kept.covers(path) && !owned.covers(path);
    takeover.taken_over = taken.leaf_paths().into_iter().filter(changes_hands).collect();
    prune(&mut Path::default(), &mut takeover.predicted, &taken, &kept, &mut takeover.removed);
    takeover
}

fn remove_legacy(desired: &Value, takeover: &mut Takeover) {
    for (field, key) in LEGACY {
        if desired["metadata"][field].get(key).is_some() {
            continue;
        }
        let Some(map) = takeover.predicted.pointer_mut(&format!("/metadata/{field}")).and_then(Value::as_object_mut)
        else {
            continue;
        };
        if map.remove(key).is_some() {
            takeover.removed.push(Path::of_fields(&["metadata", field, key]));
        }
    }
}

fn is_taken(applier: Applier, owner: &Owner, overrides: &[String]) -> bool {
    let manager = owner.blame.manager.as_str();
    if !owner.blame.subresource.is_empty() {
        return false;
    }
    let overridden = overrides.iter().any(|prefix| manager.starts_with(prefix.as_str()));
    let by_default = applier == Applier::Kustomization
        && (manager.starts_with("kubectl")
            || (!owner.applies()
                && (manager.starts_with("before-first-apply")
                    || manager.starts_with(Applier::Kustomization.manager()))));
    overridden || by_default
}

/// What the applier will own: as the dry-run's own entry says; else, guessed from the manifest.
fn own_fields(applier: Applier, desired: &Value, dry_run: &Value) -> FieldSet {
    let own = owners(dry_run).into_iter().find(|owner| {
        owner.blame.manager == applier.manager() && owner.applies() && owner.blame.subresource.is_empty()
    });
    let mut fields = own.map(|owner| owner.fields).unwrap_or_default();
    if fields.is_empty() {
        collect(&mut Path::default(), desired, &mut fields);
    }
    fields
}

/// The paths that a manifest names, list items by their usual keys.
fn collect(path: &mut Path, value: &Value, fields: &mut FieldSet) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (field, value) in map {
                path.0.push(Segment::field(field));
                collect(path, value, fields);
                path.0.pop();
            }
        }
        Value::Array(items) => {
            let list = match path.0.last() {
                Some(Segment::Field(name)) => name.as_str(),
                _ => "",
            };
            let keys = list_keys(list, items).unwrap_or_default();
            let segments: Option<Vec<Segment>> = items.iter().map(|item| Segment::key_of(item, keys)).collect();
            match segments {
                Some(segments) if !keys.is_empty() => {
                    for (segment, item) in segments.into_iter().zip(items) {
                        path.0.push(segment);
                        fields.insert(path);
                        collect(path, item, fields);
                        path.0.pop();
                    }
                }
                _ => fields.insert(path),
            }
        }
        // An empty manifest names nothing, not everything.
        _ if path.is_empty() => {}
        _ => fields.insert(path),
    }
}

/// Removes from `value` what is in `taken` and not in `kept`. Both sets start at `path`.
fn prune(path: &mut Path, value: &mut Value, taken: &FieldSet, kept: &FieldSet, removed: &mut Vec<Path>) {
    if kept.is_leaf() {
        return;
    }
    let nothing = FieldSet::default();
    let places = Places::of(value, taken);
    let mut leaving = HashSet::new();
    for (segment, below) in &taken.children {
        if is_key_field(path, segment) {
            continue;
        }
        let kept = kept.children.get(segment).unwrap_or(&nothing);
        path.0.push(segment.clone());
        let whole = below.member && kept.is_empty();
        match (&mut *value, segment) {
            (Value::Object(fields), Segment::Field(name)) if whole => {
                removed.extend(fields.remove(name).map(|_| path.clone()));
            }
            (Value::Object(fields), Segment::Field(name)) => {
                if let Some(child) = fields.get_mut(name) {
                    prune(path, child, below, kept, removed);
                }
            }
            (Value::Array(items), Segment::Key(_) | Segment::Member(_)) => match places.get(segment) {
                Some(place) if whole => {
                    leaving.insert(place);
                    removed.push(path.clone());
                }
                Some(place) => prune(path, &mut items[place], below, kept, removed),
                None => {}
            },
            _ => {}
        }
        path.0.pop();
    }
    if let Value::Array(items) = value {
        let mut place = 0;
        items.retain(|_| {
            place += 1;
            !leaving.contains(&(place - 1))
        });
    }
}

/// Where the items of a list are that a set names: one pass over the list instead of one for each name.
struct Places(HashMap<Segment, usize>);

impl Places {
    fn of(value: &Value, set: &FieldSet) -> Self {
        let mut places = HashMap::new();
        let Value::Array(items) = value else { return Self(places) };
        let forms: HashSet<Vec<&str>> = set
            .children
            .keys()
            .filter_map(|segment| match segment {
                Segment::Key(keys) => Some(keys.keys().map(String::as_str).collect()),
                _ => None,
            })
            .collect();
        let has_members = set.children.keys().any(|segment| matches!(segment, Segment::Member(_)));
        for (place, item) in items.iter().enumerate() {
            let keys = forms.iter().filter_map(|form| Segment::key_of(item, form));
            let member = has_members.then(|| Segment::Member(item.to_string()));
            for segment in keys.chain(member) {
                places.entry(segment).or_insert(place);
            }
        }
        Self(places)
    }

    fn get(&self, segment: &Segment) -> Option<usize> {
        self.0.get(segment).copied()
    }
}

/// A field by which the enclosing list item is named: it stays as long as the item does.
fn is_key_field(path: &Path, segment: &Segment) -> bool {
    match (path.0.last(), segment) {
        (Some(Segment::Key(keys)), Segment::Field(field)) => keys.contains_key(field),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KUSTOMIZATION: Applier = Applier::Kustomization;

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "fieldsV1": fields})
    }

    fn env(names: &[&str]) -> Value {
        let mut fields = json!({".": {}});
        for name in names {
            fields[format!("k:{{\"name\":\"{name}\"}}")] = json!({".": {}, "f:name": {}, "f:value": {}});
        }
        json!({"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:name": {}, "f:env": fields}}}})
    }

    fn object(names: &[&str], managers: &[Value]) -> Value {
        let env: Vec<Value> = names.iter().map(|name| json!({"name": name, "value": "x"})).collect();
        json!({
            "metadata": {"name": "web", "managedFields": managers},
            "spec": {"containers": [{"name": "app", "image": "i", "env": env}]},
        })
    }

    /// Live has DEBUG beside the manifest's A, written by this manager.
    fn with_debug(manager: &str, operation: &str, desired_extra: &Value, overrides: &[String]) -> Takeover {
        let own = entry("kustomize-controller", "Apply", env(&["A"]));
        let mut theirs = env(&["DEBUG"]);
        // A manager that adds an item does not own the container.
        let container = &mut theirs["f:spec"]["f:containers"]["k:{\"name\":\"app\"}"];
        *container = json!({"f:env": container["f:env"].clone()});
        let live = object(&["A", "DEBUG"], &[own, entry(manager, operation, theirs)]);
        let mut desired = object(&["A"], &[]);
        desired["metadata"].as_object_mut().unwrap().extend(desired_extra.as_object().unwrap().clone());
        predict(KUSTOMIZATION, &live, &desired, &live, overrides)
    }

    fn removed(takeover: &Takeover) -> Vec<String> {
        takeover.removed.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_kubectl_added_is_removed() {
        for (manager, operation) in [("kubectl-set", "Update"), ("kubectl", "Apply"), ("before-first-apply", "Update")]
        {
            let takeover = with_debug(manager, operation, &json!({}), &[]);
            assert_eq!(removed(&takeover), ["spec.containers[name=app].env[name=DEBUG]"], "{manager}");
            assert_eq!(takeover.predicted["spec"]["containers"][0]["env"], json!([{"name": "A", "value": "x"}]));
            assert!(takeover.changes_ownership());
        }
    }

    #[test]
    fn what_others_added_is_kept_unless_overridden() {
        for (manager, operation) in
            [("node-fetch", "Update"), ("before-first-apply", "Apply"), ("flux-client-side-apply", "Apply")]
        {
            assert!(with_debug(manager, operation, &json!({}), &[]).removed.is_empty(), "{manager}");
        }
        let overrides = ["node-fetch".to_owned()];
        assert_eq!(with_debug("node-fetch", "Update", &json!({}), &overrides).removed.len(), 1);
    }

    #[test]
    fn merge_keeps_everything() {
        let merge = json!({"annotations": {"kustomize.toolkit.fluxcd.io/ssa": "merge"}});
        let takeover = with_debug("kubectl-set", "Update", &merge, &[]);
        assert!(takeover.removed.is_empty() && !takeover.changes_ownership());
    }

    #[test]
    fn helm_takes_over_only_what_it_is_told_to() {
        let live = object(&["A", "DEBUG"], &[entry("kubectl-set", "Update", env(&["DEBUG"]))]);
        let desired = object(&["A"], &[]);
        assert!(predict(Applier::HelmRelease, &live, &desired, &live, &[]).removed.is_empty());
        let overrides = ["kubectl-set".to_owned()];
        assert_eq!(predict(Applier::HelmRelease, &live, &desired, &live, &overrides).removed.len(), 1);
    }

    #[test]
    fn subresource_entries_are_left_alone() {
        let mut scale = entry("kubectl", "Update", json!({"f:spec": {"f:extra": {}}}));
        scale["subresource"] = json!("scale");
        let live = json!({"metadata": {"managedFields": [scale]}, "spec": {"extra": 1}});
        assert!(predict(KUSTOMIZATION, &live, &json!({}), &live, &[]).removed.is_empty());
    }

    #[test]
    fn a_kept_descendant_protects_its_ancestors_and_siblings_stay() {
        let fields = json!({"f:spec": {".": {}, "f:a": {".": {}, "f:x": {}, "f:y": {}}, "f:z": {}}});
        let live = json!({
            "metadata": {"managedFields": [
                entry("kubectl-edit", "Update", fields),
                entry("other", "Update", json!({"f:spec": {"f:a": {"f:y": {}}}})),
            ]},
            "spec": {"a": {"x": 1, "y": 2}, "z": 3, "unowned": 4},
        });
        let desired = json!({"spec": {"unowned": 4}});
        let takeover = predict(KUSTOMIZATION, &live, &desired, &live, &[]);
        assert_eq!(takeover.predicted["spec"], json!({"a": {"y": 2}, "unowned": 4}));
        assert_eq!(removed(&takeover), ["spec.a.x", "spec.z"]);
    }

    #[test]
    fn key_fields_of_an_item_that_stays_are_never_removed() {
        let item = "k:{\"port\":80,\"protocol\":\"TCP\"}";
        let fields = json!({"f:ports": {item: {".": {}, "f:port": {}, "f:protocol": {}, "f:name": {}}}});
        let live = json!({
            "metadata": {"managedFields": [
                entry("kubectl-edit", "Update", fields),
                entry("other", "Update", json!({"f:ports": {item: {"f:nodePort": {}}}})),
            ]},
            "ports": [{"port": 80, "protocol": "TCP", "name": "web", "nodePort": 30000}],
        });
        let takeover = predict(KUSTOMIZATION, &live, &json!({"metadata": {}}), &live, &[]);
        assert_eq!(takeover.predicted["ports"], json!([{"port": 80, "protocol": "TCP", "nodePort": 30000}]));
    }

    #[test]
    fn an_owned_whole_value_covers_what_is_below_it() {
        let live = json!({
            "metadata": {"managedFields": [
                entry("kubectl-edit", "Update", json!({"f:spec": {"f:selector": {"f:a": {}}}})),
                entry("kustomize-controller", "Apply", json!({"f:spec": {"f:selector": {}}})),
            ]},
            "spec": {"selector": {"a": 1}},
        });
        assert!(predict(KUSTOMIZATION, &live, &json!({}), &live, &[]).removed.is_empty());
    }

    #[test]
    fn what_changes_hands_and_stays_is_told() {
        let live = json!({
            "metadata": {"managedFields": [
                entry("kubectl-edit", "Update", json!({"f:spec": {"f:replicas": {}, "f:paused": {}}})),
                entry("kustomize-controller", "Apply", json!({"f:spec": {"f:paused": {}}})),
            ]},
            "spec": {"replicas": 2, "paused": true},
        });
        let desired = json!({"spec": {"replicas": 2, "paused": true}});
        let mut dry_run = live.clone();
        let applied = json!({"f:spec": {"f:replicas": {}, "f:paused": {}}});
        dry_run["metadata"]["managedFields"] = json!([entry("kustomize-controller", "Apply", applied)]);
        let takeover = predict(KUSTOMIZATION, &live, &desired, &dry_run, &[]);
        assert!(takeover.removed.is_empty());
        assert_eq!(takeover.taken_over, [Path::of_fields(&["spec", "replicas"])]);
    }

    #[test]
    fn last_applied_goes_and_a_broken_entry_harms_nothing() {
        let key = "kubectl.kubernetes.io/last-applied-configuration";
        let broken = json!([null, {"manager": "kubectl"}]);
        let live = json!({"metadata": {"annotations": {key: "{}", "a": "b"}, "managedFields": broken}});
        let takeover = predict(KUSTOMIZATION, &live, &json!({}), &live, &[]);
        assert_eq!(takeover.predicted["metadata"]["annotations"], json!({"a": "b"}));
        let named = json!({"metadata": {"annotations": {key: "mine"}}});
        assert!(predict(KUSTOMIZATION, &live, &named, &live, &[]).removed.is_empty());
    }

    mod properties {
        use proptest::prelude::*;

        use super::*;

        type Items = Vec<(u8, bool, bool)>;

        /// Two sets of keyed items; an empty one would own the list as a whole.
        fn sets() -> impl Strategy<Value = (Items, Items)> {
            let items = || prop::collection::vec((0u8..5, any::<bool>(), any::<bool>()), 1..5);
            (items(), items())
        }

        fn fields(items: &[(u8, bool, bool)]) -> Value {
            let mut list = json!({});
            for (name, x, y) in items {
                let mut item = json!({".": {}, "f:name": {}});
                for (field, present) in [("f:x", x), ("f:y", y)] {
                    if *present {
                        item[field] = json!({});
                    }
                }
                list[format!("k:{{\"name\":\"{name}\"}}")] = item;
            }
            json!({"f:list": list})
        }

        proptest! {
            #[test]
            fn nothing_that_somebody_keeps_is_removed((taken, kept) in sets()) {
                let item = |name: u8| json!({"name": name.to_string(), "x": 1, "y": 2, "z": 3});
                let list: Vec<Value> = (0..5).map(item).collect();
                let live = json!({
                    "metadata": {"managedFields": [
                        entry("kubectl-edit", "Update", fields(&taken)), entry("other", "Update", fields(&kept)),
                    ]},
                    "list": list,
                });
                let takeover = predict(KUSTOMIZATION, &live, &json!({}), &live, &[]);
                let keep = FieldSet::parse(&fields(&kept));
                for path in keep.paths() {
                    prop_assert!(path.get(&takeover.predicted).is_some(), "{}", path);
                }
                for path in &takeover.removed {
                    prop_assert!(path.get(&takeover.predicted).is_none(), "{}", path);
                    prop_assert!(!keep.reaches(path), "{}", path);
                }
                let gone = FieldSet::parse(&fields(&taken)).difference(&keep);
                for path in gone.leaf_paths() {
                    let is_key = matches!(path.0.last(), Some(Segment::Field(name)) if name == "name");
                    prop_assert!(is_key || path.get(&takeover.predicted).is_none(), "{}", path);
                }
            }
        }
    }
}
