//! Field sets: which leaves an object has, how lists are keyed, and the FieldsV1 form of a set.
//!
//! A path is a list of FieldsV1 segments (`f:spec`, `k:{"name":"api"}`, `v:"x"`), with a last `.` for the membership
//! of a keyed list item. The grammar of lists is a small table of well-known names, not a schema: what it does not
//! know is atomic. Pure; never touches `metadata.managedFields` itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// Segments from the root of the object.
pub(crate) type Path = Vec<String>;
/// A set of leaves.
pub(crate) type FieldSet = BTreeSet<Path>;

/// The membership segment of a keyed list item.
const SELF: &str = ".";

/// How a list merges.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// Replaced as a whole.
    Atomic,
    /// A set of scalars.
    Set,
    /// A map by these fields of its items.
    Keyed(&'static [&'static str]),
}

/// How the list `items` under the field `name` merges. Custom resources have no keyed lists except in their metadata.
pub(crate) fn list_kind(custom: bool, name: &str, items: &[Value]) -> ListKind {
    let keys: &[&str] = match name {
        "finalizers" => return ListKind::Set,
        "ownerReferences" => &["uid"],
        _ if custom => return ListKind::Atomic,
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "webhooks"
        | "secrets" => &["name"],
        "volumeMounts" => &["mountPath"],
        "volumeDevices" => &["devicePath"],
        "hostAliases" => &["ip"],
        "conditions" => &["type"],
        "topologySpreadConstraints" => &["topologyKey", "whenUnsatisfiable"],
        "ports" if items.iter().all(|item| item.get("containerPort").is_some()) => &["containerPort", "protocol"],
        "ports" if items.iter().all(|item| item.get("port").is_some()) => &["port", "protocol"],
        _ => return ListKind::Atomic,
    };
    let keyed = items.iter().all(|item| keys.iter().all(|key| key_value(item, key).is_some()));
    if keyed { ListKind::Keyed(keys) } else { ListKind::Atomic }
}

/// Maps that have one owner as a whole.
pub(crate) fn is_atomic_map(name: &str) -> bool {
    matches!(name, "selector" | "fieldRef" | "resourceFieldRef" | "secretKeyRef" | "configMapKeyRef" | "nodeSelector")
}

/// The key value of an item; a port without a protocol is TCP.
fn key_value(item: &Value, key: &str) -> Option<Value> {
    match item.get(key) {
        Some(value) => Some(value.clone()),
        None if key == "protocol" && item.is_object() => Some(json!("TCP")),
        None => None,
    }
}

/// The segment of a keyed item.
pub(crate) fn key_segment(item: &Value, keys: &[&str]) -> String {
    let values: BTreeMap<&str, Value> =
        keys.iter().map(|key| (*key, key_value(item, key).unwrap_or(Value::Null))).collect();
    format!("k:{}", json!(values))
}

/// The segment of a member of a set.
pub(crate) fn value_segment(item: &Value) -> String {
    format!("v:{item}")
}

/// All leaves that a manager can own: everything but identity and what the server writes.
pub(crate) fn leaves(object: &Value, custom: bool) -> FieldSet {
    let mut set = FieldSet::new();
    let Some(root) = object.as_object() else { return set };
    for (name, value) in root {
        match name.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    if matches!(name.as_str(), "labels" | "annotations" | "finalizers" | "ownerReferences") {
                        let mut path = vec!["f:metadata".to_owned(), format!("f:{name}")];
                        walk(value, name, custom, &mut path, &mut set);
                    }
                }
            }
            _ => walk(value, name, custom, &mut vec![format!("f:{name}")], &mut set),
        }
    }
    set
}

fn walk(value: &Value, name: &str, custom: bool, path: &mut Path, set: &mut FieldSet) {
    match value {
        Value::Object(map) if !map.is_empty() && !is_atomic_map(name) => {
            for (name, value) in map {
                path.push(format!("f:{name}"));
                walk(value, name, custom, path, set);
                path.pop();
            }
        }
        Value::Array(items) if !items.is_empty() => match list_kind(custom, name, items) {
            ListKind::Atomic => {
                set.insert(path.clone());
            }
            ListKind::Set => {
                for item in items {
                    path.push(value_segment(item));
                    set.insert(path.clone());
                    path.pop();
                }
            }
            ListKind::Keyed(keys) => {
                for item in items {
                    path.push(key_segment(item, keys));
                    path.push(SELF.to_owned());
                    set.insert(path.clone());
                    path.pop();
                    walk(item, "", custom, path, set);
                    path.pop();
                }
            }
        },
        _ => {
            set.insert(path.clone());
        }
    }
}

/// What stands at a path, if anything does.
pub(crate) fn value_at<'a>(object: &'a Value, path: &[String]) -> Option<&'a Value> {
    let Some((segment, rest)) = path.split_first() else { return Some(object) };
    if segment == SELF {
        return Some(object);
    }
    if let Some(name) = segment.strip_prefix("f:") {
        return value_at(object.get(name)?, rest);
    }
    let item = object.as_array()?.iter().find(|item| matches_segment(item, segment))?;
    value_at(item, rest)
}

/// Whether two objects agree at a leaf of `new`. Memberships agree when both have the item; an empty map or keyed list
/// agrees with any other, since it says nothing of what is inside.
pub(crate) fn same_at(old: &Value, new: &Value, path: &Path, custom: bool) -> bool {
    let last = path.last().map(String::as_str).unwrap_or_default();
    let name = last.strip_prefix("f:").unwrap_or_default();
    match (value_at(old, path), value_at(new, path)) {
        (Some(_), Some(_)) if last == SELF => true,
        (Some(Value::Object(_)), Some(Value::Object(new))) if new.is_empty() => !is_atomic_map(name),
        (Some(Value::Array(old)), Some(Value::Array(new))) if new.is_empty() => {
            old.is_empty() || list_kind(custom, name, old) != ListKind::Atomic
        }
        (old, new) => old == new,
    }
}

/// Takes a leaf away, and the maps and lists that become empty with it. `kept` tells of what has an owner left.
pub(crate) fn remove(object: &mut Value, path: &[String], kept: &dyn Fn(&[String]) -> bool) {
    remove_below(object, path, 0, kept);
}

fn remove_below(value: &mut Value, path: &[String], depth: usize, kept: &dyn Fn(&[String]) -> bool) {
    let Some(segment) = path.get(depth) else { return };
    let last = depth + 1 == path.len();
    if let Some(name) = segment.strip_prefix("f:") {
        let Some(map) = value.as_object_mut() else { return };
        if last {
            map.remove(name);
        } else if let Some(child) = map.get_mut(name) {
            remove_below(child, path, depth + 1, kept);
            if is_empty(child) && !kept(&path[..=depth]) {
                map.remove(name);
            }
        }
        return;
    }
    let Some(items) = value.as_array_mut() else { return };
    let Some(position) = items.iter().position(|item| matches_segment(item, segment)) else { return };
    let membership = path.get(depth + 1).is_some_and(|segment| segment == SELF);
    if last || (membership && !kept(&path[..=depth])) {
        items.remove(position);
    } else if !membership {
        remove_below(&mut items[position], path, depth + 1, kept);
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

fn matches_segment(item: &Value, segment: &str) -> bool {
    if let Some(text) = segment.strip_prefix("v:") {
        return serde_json::from_str::<Value>(text).is_ok_and(|value| value == *item);
    }
    let Some(Ok(Value::Object(keys))) = segment.strip_prefix("k:").map(serde_json::from_str::<Value>) else {
        return false;
    };
    keys.iter().all(|(key, value)| key_value(item, key).as_ref() == Some(value))
}

/// The FieldsV1 document of a set.
pub(crate) fn to_fields_v1(set: &FieldSet) -> Value {
    let mut root = Map::new();
    for path in set {
        let mut level = &mut root;
        for segment in path {
            level = level
                .entry(segment.clone())
                .or_insert_with(|| Value::Object(Map::new()))
                .as_object_mut()
                .expect("every node of the document is a map");
        }
    }
    Value::Object(root)
}

/// The set of a FieldsV1 document. Parents that a real server marks with `.` are not leaves and are left out, except
/// those of keyed items.
pub(crate) fn from_fields_v1(document: &Value) -> FieldSet {
    let mut set = FieldSet::new();
    collect(document, &mut Vec::new(), &mut set);
    set
}

fn collect(document: &Value, path: &mut Path, set: &mut FieldSet) {
    let Some(map) = document.as_object() else { return };
    if map.is_empty() && !path.is_empty() {
        set.insert(path.clone());
    }
    for (segment, child) in map {
        if segment == SELF && !path.last().is_some_and(|segment| segment.starts_with("k:")) {
            continue;
        }
        path.push(segment.clone());
        collect(child, path, set);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{from_fields_v1, leaves, remove, to_fields_v1, value_at};

    fn deployment() -> serde_json::Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "labels": {"app": "api"}},
            "spec": {"replicas": 2, "template": {"spec": {"containers": [
                {"name": "api", "image": "api:1", "ports": [{"containerPort": 80}], "args": ["-v", "-q"]}]}}}})
    }

    #[test]
    fn leaves_follow_the_keys_of_well_known_lists() {
        let fields = to_fields_v1(&leaves(&deployment(), false));
        let containers = json!({"k:{\"name\":\"api\"}": {".": {}, "f:name": {}, "f:image": {}, "f:args": {},
            "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}});
        assert_eq!(
            fields,
            json!({"f:metadata": {"f:labels": {"f:app": {}}}, "f:spec": {"f:replicas": {},
                "f:template": {"f:spec": {"f:containers": containers}}}})
        );
    }

    #[test]
    fn a_set_survives_its_document() {
        let set = leaves(&deployment(), false);
        assert_eq!(from_fields_v1(&to_fields_v1(&set)), set);
    }

    #[test]
    fn lists_of_custom_resources_are_one_leaf() {
        let object = json!({"spec": {"dependsOn": [{"name": "infra"}], "containers": [{"name": "x"}]}});
        assert_eq!(to_fields_v1(&leaves(&object, true)), json!({"f:spec": {"f:dependsOn": {}, "f:containers": {}}}));
    }

    #[test]
    fn every_leaf_is_found_and_removing_all_leaves_nothing_behind() {
        let mut object = deployment();
        let set = leaves(&object, false);
        assert!(set.iter().all(|path| value_at(&object, path).is_some()));
        for path in &set {
            remove(&mut object, path, &|_| false);
        }
        assert_eq!(object, json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}}));
    }
}
