//! The apply configuration inside a live object: what one manager owns of it, and nothing else.
//!
//! The counterpart of a server-side apply: sent back by the same manager, the extract changes nothing. It is how a
//! baseline that was observed in the cluster becomes something that Flux would apply, without artifact, builder or
//! decryption key.

use serde_json::{Map, Value};

use crate::diff::fields::FieldSet;
use crate::diff::path::Segment;

/// The owned fields of `object`, with what identifies it and its list items. What is owned and no longer there is
/// left out.
#[must_use]
pub fn extract(object: &Value, owned: &FieldSet) -> Value {
    let part = part(object, owned).filter(Value::is_object);
    let mut extract = part.unwrap_or_else(|| Value::Object(Map::new()));
    for field in ["apiVersion", "kind"] {
        extract[field] = object[field].clone();
    }
    for field in ["name", "namespace"] {
        if let Some(value) = object["metadata"].get(field) {
            extract["metadata"][field] = value.clone();
        }
    }
    extract
}

/// `None` if nothing of the value is owned.
fn part(value: &Value, owned: &FieldSet) -> Option<Value> {
    if owned.is_leaf() {
        return Some(value.clone());
    }
    match value {
        Value::Object(fields) => {
            let field = |(segment, below): (&Segment, &FieldSet)| {
                let Segment::Field(name) = segment else { return None };
                Some((name.clone(), part(fields.get(name)?, below)?))
            };
            let kept: Map<String, Value> = owned.children.iter().filter_map(field).collect();
            (owned.member || !kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(items) => {
            let mut kept: Vec<(usize, Value)> =
                owned.children.iter().filter_map(|(segment, below)| item(items, segment, below)).collect();
            // The order of the live list is the order of the last apply.
            kept.sort_by_key(|(position, _)| *position);
            (owned.member || !kept.is_empty()).then(|| kept.into_iter().map(|(_, item)| item).collect())
        }
        scalar => owned.member.then(|| scalar.clone()),
    }
}

fn item(items: &[Value], segment: &Segment, owned: &FieldSet) -> Option<(usize, Value)> {
    let position = segment.position(items)?;
    let mut kept = part(&items[position], owned)?;
    if let Segment::Key(keys) = segment {
        for name in keys.keys() {
            if let Some(value) = items[position].get(name) {
                kept[name.as_str()] = value.clone();
            }
        }
    }
    Some((position, kept))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_manager_owns_is_extracted() {
        let live = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web", "mine": "x"}, "uid": "1"},
            "spec": {"replicas": 3, "paused": false, "template": {"spec": {"containers": [
                {"name": "sidecar", "image": "s:1"},
                {"name": "web", "image": "w:1", "env": [{"name": "A", "value": "1"}, {"name": "DEBUG", "value": "1"}],
                 "ports": [{"containerPort": 80, "protocol": "TCP"}]},
            ]}}},
            "status": {"replicas": 3},
        });
        let owned = FieldSet::parse(&json!({
            "f:metadata": {"f:labels": {"f:app": {}, "f:gone": {}}},
            "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {
                ".": {}, "f:image": {}, "f:name": {},
                "f:env": {"k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}}},
                "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}},
            }}}}},
        }));
        assert_eq!(
            extract(&live, &owned),
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
                "spec": {"replicas": 3, "template": {"spec": {"containers": [
                    {"name": "web", "image": "w:1", "env": [{"name": "A", "value": "1"}],
                     "ports": [{"containerPort": 80, "protocol": "TCP"}]},
                ]}}},
            })
        );
    }

    #[test]
    fn what_is_owned_as_a_whole_is_kept_as_a_whole() {
        let live = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"a": "b"}}});
        let owned = FieldSet::parse(&json!({"f:spec": {"f:selector": {}}}));
        assert_eq!(extract(&live, &owned)["spec"], json!({"selector": {"a": "b"}}));
        assert_eq!(extract(&live, &FieldSet::default())["metadata"], json!({"name": "web"}));
    }
}
