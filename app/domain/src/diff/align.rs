//! Lists whose items have a name: which fields name them, and one order for both sides.
//!
//! Kubernetes pairs such items by key, so their order is not a difference worth red and green lines. Items keep the
//! order of desired; what only actual has stays behind its neighbour. Lists without keys keep their order: there it
//! counts.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::diff::path::{Path, Segment};

/// Merge keys by name of the list, from the API's own definitions. The first row of which all items have the first
/// key counts.
const KEYS: [(&str, &[&str]); 26] = [
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("volumes", &["name"]),
    ("env", &["name"]),
    ("imagePullSecrets", &["name"]),
    ("secrets", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("volumeDevices", &["devicePath"]),
    ("ports", &["containerPort", "protocol"]),
    ("ports", &["port", "protocol"]),
    ("ports", &["name"]),
    ("hostAliases", &["ip"]),
    ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("resourceClaims", &["name"]),
    ("claims", &["name"]),
    ("schedulingGates", &["name"]),
    ("ownerReferences", &["uid"]),
    ("conditions", &["type"]),
    ("webhooks", &["name"]),
    ("versions", &["name"]),
    ("addresses", &["type"]),
    ("taints", &["key", "effect"]),
    ("validations", &["expression"]),
    ("matchConditions", &["name"]),
    ("subjects", &["kind", "name"]),
];

/// Names that lists of objects nobody described tend to be keyed by.
const USUAL: [&[&str]; 3] = [&["name"], &["key"], &["id"]];

/// The fields that name the items of this list, the same for one side alone as for both: each item has them, no two
/// alike.
#[must_use]
pub fn list_keys(list: &str, items: &[Value]) -> Option<&'static [&'static str]> {
    if items.is_empty() || !items.iter().all(Value::is_object) {
        return None;
    }
    let known = KEYS.iter().filter(|(name, _)| *name == list).map(|(_, keys)| *keys);
    known.chain(USUAL).find(|keys| segments(items, keys).is_some())
}

/// The key of each item; `None` if one has no key or two have the same.
fn segments(items: &[Value], keys: &[&str]) -> Option<Vec<Segment>> {
    let segments: Vec<Segment> = items.iter().map(|item| Segment::key_of(item, keys)).collect::<Option<_>>()?;
    let distinct: HashSet<&Segment> = segments.iter().collect();
    (distinct.len() == segments.len()).then_some(segments)
}

/// The keys of the items of two lists, if both have them in the same fields.
#[must_use]
pub fn paired_keys(list: &str, desired: &[Value], actual: &[Value]) -> Option<(Vec<Segment>, Vec<Segment>)> {
    let sample = if desired.is_empty() { actual } else { desired };
    let keys = list_keys(list, sample)?;
    Some((segments(desired, keys)?, segments(actual, keys)?))
}

/// Brings `actual`'s keyed lists into the order of `desired`'s, at every depth. Returns the lists whose order differed.
pub fn align(desired: &Value, actual: &mut Value) -> Vec<Path> {
    let mut moved = Vec::new();
    align_at(&mut Path::default(), desired, actual, &mut moved);
    moved
}

fn align_at(path: &mut Path, desired: &Value, actual: &mut Value, moved: &mut Vec<Path>) {
    match (desired, actual) {
        (Value::Object(desired), Value::Object(actual)) => {
            for (field, value) in actual.iter_mut() {
                if let Some(counterpart) = desired.get(field) {
                    path.0.push(Segment::field(field));
                    align_at(path, counterpart, value, moved);
                    path.0.pop();
                }
            }
        }
        (Value::Array(desired), Value::Array(actual)) => {
            let list = match path.0.last() {
                Some(Segment::Field(name)) => name.as_str(),
                _ => "",
            };
            let Some((left, right)) = paired_keys(list, desired, actual) else { return };
            let order = joint_order(&left, &right);
            if order.iter().enumerate().any(|(place, from)| place != *from) {
                if is_moved(&left, &right) {
                    moved.push(path.clone());
                }
                let mut items: Vec<Option<Value>> = std::mem::take(actual).into_iter().map(Some).collect();
                actual.extend(order.iter().filter_map(|from| items[*from].take()));
            }
            let places = places(&left);
            for (from, value) in order.iter().zip(actual.iter_mut()) {
                if let Some(at) = places.get(&right[*from]) {
                    path.0.push(right[*from].clone());
                    align_at(path, &desired[*at], value, moved);
                    path.0.pop();
                }
            }
        }
        _ => {}
    }
}

/// Position of each key.
pub(crate) fn places(keys: &[Segment]) -> HashMap<&Segment, usize> {
    keys.iter().enumerate().map(|(at, key)| (key, at)).collect()
}

/// Whether what both have stands in another order.
fn is_moved(left: &[Segment], right: &[Segment]) -> bool {
    let places = places(left);
    let common: Vec<&usize> = right.iter().filter_map(|key| places.get(key)).collect();
    !common.is_sorted()
}

/// Positions of `right` in the order of `left`; what `left` has not stays behind what it followed.
fn joint_order(left: &[Segment], right: &[Segment]) -> Vec<usize> {
    let known = places(left);
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); left.len() + 1];
    let mut taken = vec![None; left.len()];
    let mut anchor = 0;
    for (from, key) in right.iter().enumerate() {
        match known.get(key) {
            Some(at) => {
                taken[*at] = Some(from);
                anchor = at + 1;
            }
            None => followers[anchor].push(from),
        }
    }
    let mut order = std::mem::take(&mut followers[0]);
    for (at, place) in taken.into_iter().enumerate() {
        order.extend(place);
        order.append(&mut followers[at + 1]);
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn keyed_lists_take_the_order_of_desired() {
        let desired = json!({"env": [{"name": "C"}, {"name": "A"}, {"name": "B"}]});
        let mut actual = json!({"env": [{"name": "A"}, {"name": "X"}, {"name": "B"}, {"name": "C"}]});
        let moved = align(&desired, &mut actual);
        assert_eq!(actual, json!({"env": [{"name": "C"}, {"name": "A"}, {"name": "X"}, {"name": "B"}]}));
        assert_eq!(moved, [Path::of_fields(&["env"])]);
    }

    #[test]
    fn an_insertion_is_not_a_move() {
        let desired = json!({"containers": [{"name": "app"}]});
        let mut actual = json!({"containers": [{"name": "proxy"}, {"name": "app"}]});
        let before = actual.clone();
        assert!(align(&desired, &mut actual).is_empty());
        assert_eq!(actual, before);
    }

    #[test]
    fn lists_without_keys_keep_their_order() {
        let desired = json!({"args": ["a", "b"], "env": [{"name": "A"}, {"name": "A"}], "x": [{"y": 1}]});
        let mut actual = json!({"args": ["b", "a"], "env": [{"name": "A"}, {"name": "B"}], "x": [{"y": 2}]});
        let before = actual.clone();
        assert!(align(&desired, &mut actual).is_empty());
        assert_eq!(actual, before);
    }

    #[test]
    fn lists_inside_paired_items_are_aligned_too() {
        let desired = json!({"containers": [{"name": "a"}, {"name": "b", "env": [{"name": "2"}, {"name": "1"}]}]});
        let mut actual = json!({"containers": [{"name": "b", "env": [{"name": "1"}, {"name": "2"}]}, {"name": "a"}]});
        assert_eq!(align(&desired, &mut actual).len(), 2);
        assert_eq!(actual, desired);
    }

    #[test]
    fn ports_are_keyed_by_number_and_protocol() {
        let items = [json!({"port": 53, "protocol": "UDP"}), json!({"port": 53})];
        assert_eq!(list_keys("ports", &items), Some(["port", "protocol"].as_slice()));
        assert_eq!(list_keys("ports", &[json!({"containerPort": 1})]), Some(["containerPort", "protocol"].as_slice()));
    }

    proptest! {
        #[test]
        fn aligning_loses_nothing(
            left in prop::collection::hash_set(0u8..12, 0..8),
            right in prop::collection::hash_set(0u8..12, 0..8),
        ) {
            let list = |names: &std::collections::HashSet<u8>| -> Vec<Value> {
                names.iter().map(|name| json!({"name": name.to_string()})).collect()
            };
            let (desired, mut actual) = (json!({"env": list(&left)}), json!({"env": list(&right)}));
            align(&desired, &mut actual);
            let names = |value: &Value| -> Vec<String> {
                value["env"].as_array().unwrap().iter().map(|item| item["name"].to_string()).collect()
            };
            let mut after = names(&actual);
            let common: Vec<String> = after.iter().filter(|name| names(&desired).contains(name)).cloned().collect();
            let expected: Vec<String> = names(&desired).into_iter().filter(|name| after.contains(name)).collect();
            prop_assert_eq!(common, expected);
            after.sort();
            let mut before: Vec<String> = list(&right).iter().map(|item| item["name"].to_string()).collect();
            before.sort();
            prop_assert_eq!(after, before);
        }
    }
}
