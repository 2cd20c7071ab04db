//! What counts as a difference: for each controller, for an estimate, and for what is encrypted.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::diff::align::list_keys;
use crate::diff::path::Segment;
use crate::diff::verdict::Applier;
use crate::quantity::same_quantity;

/// Whether Flux would call live drifted from the predicted result. Both after the same ignore rules.
#[must_use]
pub fn differs(applier: Applier, live: &Value, predicted: &Value) -> bool {
    metadata_differs(applier, live, predicted) || body_differs(live, predicted)
}

fn metadata_differs(applier: Applier, live: &Value, predicted: &Value) -> bool {
    ["labels", "annotations"].into_iter().any(|field| {
        let (live, predicted) = (&live["metadata"][field], &predicted["metadata"][field]);
        match applier {
            // Absent and empty are the same map.
            Applier::Kustomization => entries(live) != entries(predicted),
            // Only what would be added or replaced counts; what others added is theirs.
            Applier::HelmRelease => entries(predicted).iter().any(|(key, value)| live.get(key) != Some(*value)),
        }
    })
}

fn entries(map: &Value) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = map.as_object().into_iter().flatten().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
}

/// Everything outside metadata and status, as Go compares decoded JSON: an absent field and an empty one differ, except
/// at the top, where the API drops them.
fn body_differs(live: &Value, predicted: &Value) -> bool {
    let body = |object: &Value, field: &str| -> Option<Value> {
        let value = object.get(field)?;
        let is_empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
        (!is_empty).then(|| value.clone())
    };
    let fields = |object: &Value| -> Vec<String> {
        object.as_object().into_iter().flat_map(|fields| fields.keys().cloned()).collect()
    };
    let mut names = fields(live);
    names.extend(fields(predicted));
    names
        .iter()
        .any(|field| !matches!(field.as_str(), "metadata" | "status") && body(live, field) != body(predicted, field))
}

/// For an estimate: whether live lacks a value that desired names, at any depth. What desired does not name is not
/// compared.
#[must_use]
pub fn estimate_differs(desired: &Value, live: &Value) -> bool {
    lacks("", desired, live)
}

/// `field` is the name under which the two values stand: it tells how list items are paired.
fn lacks(field: &str, desired: &Value, live: &Value) -> bool {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    match (desired, live) {
        (Value::Object(desired), _) => desired.iter().any(|(field, value)| match live.get(field) {
            Some(live) => !(is_empty(value) && is_empty(live)) && lacks(field, value, live),
            None => !is_empty(value),
        }),
        (Value::Array(desired), Value::Array(live)) => match list_keys(field, desired) {
            Some(keys) => desired.iter().any(|item| {
                let at = Segment::key_of(item, keys).and_then(|key| key.position(live));
                at.is_none_or(|at| lacks("", item, &live[at]))
            }),
            None => desired.len() != live.len() || desired.iter().zip(live).any(|(item, live)| lacks("", item, live)),
        },
        (Value::String(desired), Value::String(live)) => desired != live && !same_quantity(desired, live),
        // Numbers that the API prints as strings, and the other way round.
        (Value::String(text), Value::Number(number)) | (Value::Number(number), Value::String(text)) => {
            let number = number.to_string();
            number != *text && !same_quantity(&number, text)
        }
        (desired, live) => desired != live,
    }
}

/// Whether the manifest is encrypted by SOPS.
#[must_use]
pub fn is_encrypted(desired: &Value) -> bool {
    desired["sops"].is_object()
}

/// Whether the names of the keys of two Secrets differ.
#[must_use]
pub fn secret_keys_differ(desired: &Value, live: &Value) -> bool {
    let keys = |object: &Value| -> BTreeSet<String> {
        let of =
            |field: &str| object[field].as_object().into_iter().flat_map(|map| map.keys().cloned()).collect::<Vec<_>>();
        of("data").into_iter().chain(of("stringData")).collect()
    };
    keys(desired) != keys(live)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KUSTOMIZATION: Applier = Applier::Kustomization;
    const HELM: Applier = Applier::HelmRelease;

    #[test]
    fn metadata_counts_in_full_for_a_kustomization_and_one_way_for_a_release() {
        let live = json!({"metadata": {"labels": {"app": "web", "user": "me"}}});
        let predicted = json!({"metadata": {"labels": {"app": "web"}, "annotations": {}}});
        assert!(differs(KUSTOMIZATION, &live, &predicted));
        assert!(!differs(HELM, &live, &predicted));
        assert!(differs(HELM, &predicted, &live));
        assert!(!differs(KUSTOMIZATION, &predicted, &predicted));
    }

    #[test]
    fn bodies_are_compared_without_status_and_other_metadata() {
        let live = json!({"metadata": {"generation": 4}, "spec": {"replicas": 2}, "status": {"ready": 1}});
        let predicted = json!({"metadata": {"generation": 5}, "spec": {"replicas": 2}, "data": {}});
        assert!(!differs(KUSTOMIZATION, &live, &predicted));
        assert!(differs(KUSTOMIZATION, &live, &json!({"spec": {"replicas": 3}})));
    }

    #[test]
    fn an_estimate_compares_only_what_desired_names() {
        let live = json!({"spec": {"replicas": 2, "cpu": "1", "list": [{"name": "b", "x": 1, "y": 2}, {"name": "a"}]}});
        for desired in [
            json!({"spec": {"replicas": 2}}),
            json!({"spec": {"cpu": "1000m", "gone": {}}}),
            json!({"spec": {"list": [{"name": "a"}, {"name": "b", "x": 1}]}}),
            json!({"spec": {"replicas": "2"}}),
        ] {
            assert!(!estimate_differs(&desired, &live), "{desired}");
        }
        for desired in
            [json!({"spec": {"replicas": 3}}), json!({"spec": {"list": [{"name": "c"}]}}), json!({"data": {"a": 1}})]
        {
            assert!(estimate_differs(&desired, &live), "{desired}");
        }
    }

    #[test]
    fn encrypted_secrets_are_compared_by_key() {
        let desired = json!({"data": {"a": "ENC[…]"}, "sops": {}});
        assert!(is_encrypted(&desired));
        assert!(!secret_keys_differ(&desired, &json!({"data": {"a": "x"}})));
        assert!(secret_keys_differ(&desired, &json!({"data": {"a": "x", "b": "y"}})));
    }
}
