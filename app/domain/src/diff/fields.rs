//! Field sets as `managedFields` carries them (FieldsV1): which paths a manager owns.
//!
//! Reads, joins, subtracts and walks; never writes one for the API. Tolerant: what is absent, empty or malformed
//! is an empty set, because a broken entry of one manager must not hide the others.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diff::path::{Path, Segment};

/// A set of paths, as a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    /// This node itself is in the set, not only something below it.
    pub member: bool,
    pub children: BTreeMap<Segment, FieldSet>,
}

impl FieldSet {
    /// Reads a `fieldsV1` object: `f:` fields, `k:` list items by key, `v:` set members, `i:` indices, `.` the node
    /// itself.
    #[must_use]
    pub fn parse(fields: &Value) -> Self {
        let Some(entries) = fields.as_object() else { return Self::default() };
        let mut set = Self { member: entries.contains_key("."), children: BTreeMap::new() };
        for (key, below) in entries {
            if let Some(segment) = segment(key) {
                let mut child = Self::parse(below);
                // A leaf is written as an empty object: it stands for itself.
                child.member |= child.children.is_empty();
                set.children.insert(segment, child);
            }
        }
        set
    }

    /// A set of one path.
    #[must_use]
    pub fn of_path(path: &Path) -> Self {
        let mut set = Self::default();
        set.insert(path);
        set
    }

    pub fn insert(&mut self, path: &Path) {
        let node = path.0.iter().fold(self, |node, segment| node.children.entry(segment.clone()).or_default());
        node.member = true;
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.member && self.children.values().all(Self::is_empty)
    }

    /// The path stands for itself and everything below it: its value is owned as a whole.
    #[must_use]
    pub fn is_leaf(&self) -> bool {
        self.member && self.children.is_empty()
    }

    fn node(&self, path: &Path) -> Option<&Self> {
        path.0.iter().try_fold(self, |node, segment| node.children.get(segment))
    }

    /// Whether exactly this path is in the set.
    #[must_use]
    pub fn contains(&self, path: &Path) -> bool {
        self.node(path).is_some_and(|node| node.member)
    }

    /// Whether the value at this path is owned: by itself, or as a part of a value that is owned as a whole.
    #[must_use]
    pub fn covers(&self, path: &Path) -> bool {
        let mut node = self;
        for segment in &path.0 {
            let Some(next) = node.children.get(segment) else { return node.is_leaf() };
            node = next;
        }
        node.member
    }

    /// Whether this path or one below it is in the set.
    #[must_use]
    pub fn reaches(&self, path: &Path) -> bool {
        self.node(path).is_some_and(|node| !node.is_empty())
    }

    /// Everything of both.
    #[must_use]
    pub fn union(mut self, other: &Self) -> Self {
        self.join(other);
        self
    }

    /// Adds everything of the other.
    pub fn join(&mut self, other: &Self) {
        self.member |= other.member;
        for (segment, below) in &other.children {
            self.children.entry(segment.clone()).or_default().join(below);
        }
    }

    /// The paths of this set that the other has not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let below = |(segment, child): (&Segment, &Self)| {
            let rest = other.children.get(segment).map_or_else(|| child.clone(), |theirs| child.difference(theirs));
            (!rest.is_empty()).then(|| (segment.clone(), rest))
        };
        Self { member: self.member && !other.member, children: self.children.iter().filter_map(below).collect() }
    }

    /// Every path of the set, in order, parents before children.
    #[must_use]
    pub fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        self.walk(&mut Vec::new(), &mut |path, _| paths.push(Path(path.to_vec())));
        paths
    }

    /// The paths that have nothing below them.
    #[must_use]
    pub fn leaf_paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        self.walk(&mut Vec::new(), &mut |path, node| {
            if node.is_leaf() {
                paths.push(Path(path.to_vec()));
            }
        });
        paths
    }

    fn walk(&self, path: &mut Vec<Segment>, visit: &mut impl FnMut(&[Segment], &Self)) {
        if self.member {
            visit(path, self);
        }
        for (segment, child) in &self.children {
            path.push(segment.clone());
            child.walk(path, visit);
            path.pop();
        }
    }
}

fn segment(key: &str) -> Option<Segment> {
    let (kind, rest) = key.split_once(':')?;
    match kind {
        "f" => Some(Segment::field(rest)),
        "k" => {
            let keys: serde_json::Map<String, Value> = serde_json::from_str(rest).ok()?;
            Some(Segment::Key(keys.into_iter().map(|(field, value)| (field, value.to_string())).collect()))
        }
        "v" => serde_json::from_str::<Value>(rest).ok().map(|value| Segment::Member(value.to_string())),
        "i" => rest.parse().ok().map(Segment::Index),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn sample() -> FieldSet {
        FieldSet::parse(&json!({
            "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            "f:spec": {"f:containers": {
                "k:{\"name\":\"app\"}": {".": {}, "f:name": {}, "f:image": {}},
            }},
            "f:finalizers": {"v:\"x\"": {}},
            "f:args": {"i:0": {}},
        }))
    }

    fn path(text: &str) -> Path {
        text.parse().unwrap()
    }

    #[test]
    fn every_kind_of_entry_is_read() {
        let paths: Vec<String> = sample().paths().iter().map(ToString::to_string).collect();
        assert_eq!(
            paths,
            [
                "args[0]",
                "finalizers[=x]",
                "metadata.labels",
                "metadata.labels.app",
                "spec.containers[name=app]",
                "spec.containers[name=app].image",
                "spec.containers[name=app].name",
            ]
        );
        assert!(!sample().contains(&path("spec.containers")));
        assert!(sample().reaches(&path("spec.containers")));
    }

    #[test]
    fn a_leaf_owns_everything_below_it_and_a_map_node_does_not() {
        assert!(sample().covers(&path("metadata.labels.app.deeper")));
        assert!(!sample().covers(&path("metadata.labels.other")));
        assert!(!sample().covers(&path("spec")));
    }

    #[test]
    fn what_is_malformed_is_empty() {
        for broken in [json!(null), json!("x"), json!([]), json!({"k:{": {}, "q:x": {}, "nothing": {}, "i:x": {}})] {
            assert!(FieldSet::parse(&broken).is_empty(), "{broken}");
        }
    }

    fn sets() -> impl Strategy<Value = FieldSet> {
        let name = prop_oneof![Just("a"), Just("b"), Just("c")];
        let paths = prop::collection::vec(prop::collection::vec(name, 1..4), 0..8);
        paths.prop_map(|paths| {
            let mut set = FieldSet::default();
            for path in paths {
                set.insert(&Path::of_fields(&path));
            }
            set
        })
    }

    proptest! {
        #[test]
        fn union_and_difference_are_those_of_path_sets(a in sets(), b in sets()) {
            let union = a.clone().union(&b);
            let difference = a.difference(&b);
            for path in a.paths().iter().chain(&b.paths()) {
                prop_assert_eq!(union.contains(path), a.contains(path) || b.contains(path));
                prop_assert_eq!(difference.contains(path), a.contains(path) && !b.contains(path));
            }
            prop_assert!(difference.paths().iter().all(|path| a.contains(path)));
            prop_assert!(a.difference(&union).is_empty());
            prop_assert_eq!(a.is_empty(), a.paths().is_empty());
        }
    }
}
