//! A model of server-side apply: the live object merged with what a manager applies, and the ownership that follows.
//!
//! Claims only this: every leaf of the applied configuration takes the applied value; leaves that this manager applied
//! before and no longer sends go away unless somebody else owns them; well-known lists merge by key and the rest is
//! atomic; without force, a changed leaf that somebody else owns is a conflict. No schema, no defaults, no admission.

use serde_json::{Map, Value};

use crate::fields::{self, FieldSet, ListKind};
use crate::ownership::{self, Entry, Operation, Writer};

/// Leaves that others own with another value, one line each as the API server words it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Conflicts(pub(crate) Vec<(String, String)>);

/// The object after `writer` applied `applied`, with its managed fields. Equal to `live` when nothing changes.
///
/// # Errors
/// Without `force`, when somebody else owns a leaf that would change.
pub(crate) fn apply(
    live: Option<&Value>,
    applied: &Value,
    writer: &Writer,
    force: bool,
    custom: bool,
) -> Result<Value, Conflicts> {
    let wanted = fields::leaves(applied, custom);
    let Some(live) = live else {
        let mut object = applied.clone();
        ownership::set_entries(&mut object, &[]);
        let mut entries = Vec::new();
        ownership::add(&mut entries, writer, Operation::Apply, wanted);
        ownership::set_entries(&mut object, &entries);
        return Ok(object);
    };
    let mut entries = ownership::entries(live);
    let changed: FieldSet =
        wanted.iter().filter(|path| !fields::same_at(live, applied, path, custom)).cloned().collect();
    if !force {
        let conflicts = conflicts(live, &entries, &changed, writer);
        if !conflicts.is_empty() {
            return Err(Conflicts(conflicts));
        }
    }
    let mut object = live.clone();
    merge(&mut object, applied, "", custom);

    let own = entries.iter().position(|entry| entry.belongs_to(writer, Operation::Apply));
    let before = own.map(|index| entries[index].fields.clone()).unwrap_or_default();
    let others: Vec<&Entry> =
        entries.iter().enumerate().filter(|(index, _)| Some(*index) != own).map(|(_, entry)| entry).collect();
    let kept = |prefix: &[String]| {
        wanted.iter().any(|path| path.starts_with(prefix))
            || others.iter().any(|entry| entry.fields.iter().any(|path| path.starts_with(prefix)))
    };
    // The membership of an item sorts before what lies inside it: an item that nobody keeps goes as a whole.
    for path in before.difference(&wanted) {
        if !kept(path) {
            fields::remove(&mut object, path, &kept);
        }
    }

    for entry in &mut entries {
        if !entry.belongs_to(writer, Operation::Apply) {
            entry.fields.retain(|path| !changed.contains(path) && fields::value_at(&object, path).is_some());
        }
    }
    if before != wanted || !changed.is_empty() {
        entries.retain(|entry| !entry.belongs_to(writer, Operation::Apply));
        ownership::add(&mut entries, writer, Operation::Apply, wanted);
    }
    ownership::set_entries(&mut object, &entries);
    Ok(object)
}

fn conflicts(live: &Value, entries: &[Entry], changed: &FieldSet, writer: &Writer) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in entries.iter().filter(|entry| !entry.belongs_to(writer, Operation::Apply)) {
        for path in changed.intersection(&entry.fields) {
            if fields::value_at(live, path).is_some() {
                found.push((entry.manager.clone(), dotted(path)));
            }
        }
    }
    found
}

/// `.spec.template.spec.containers[name="api"].image`, as conflict messages write a path.
fn dotted(path: &[String]) -> String {
    let mut text = String::new();
    for segment in path {
        if let Some(name) = segment.strip_prefix("f:") {
            text.push('.');
            text.push_str(name);
        } else if let Some(keys) = segment.strip_prefix("k:") {
            let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
            let keys: Vec<String> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
            text.push_str(&format!("[{}]", keys.join(",")));
        } else if let Some(value) = segment.strip_prefix("v:") {
            text.push_str(&format!("[{value}]"));
        }
    }
    text
}

/// Merges `applied` over `live`; `name` is the field that holds both.
pub(crate) fn merge(live: &mut Value, applied: &Value, name: &str, custom: bool) {
    match (live, applied) {
        (Value::Object(live), Value::Object(applied)) if !fields::is_atomic_map(name) => {
            for (name, value) in applied {
                if name == "managedFields" {
                    continue;
                }
                match live.get_mut(name) {
                    Some(existing) => merge(existing, value, name, custom),
                    None => {
                        live.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(live), Value::Array(applied)) => {
            match (fields::list_kind(custom, name, live), fields::list_kind(custom, name, applied)) {
                (ListKind::Keyed(keys), ListKind::Keyed(other)) if keys == other => {
                    merge_keyed(live, applied, keys, custom);
                }
                (ListKind::Set, ListKind::Set) => {
                    for item in applied {
                        if !live.contains(item) {
                            live.push(item.clone());
                        }
                    }
                }
                _ => live.clone_from(applied),
            }
        }
        (live, applied) => live.clone_from(applied),
    }
}

/// Items that both have take the order of the applied list; what only the live list has keeps its place between them.
fn merge_keyed(live: &mut Vec<Value>, applied: &[Value], keys: &[&str], custom: bool) {
    let segment = |item: &Value| fields::key_segment(item, keys);
    let wanted: Vec<String> = applied.iter().map(segment).collect();
    let mut old: Vec<(String, Option<Value>)> = live.drain(..).map(|item| (segment(&item), Some(item))).collect();
    let mut merged: Vec<(String, Value)> = Vec::with_capacity(old.len().max(applied.len()));
    for (key, item) in wanted.iter().zip(applied) {
        let before = old.iter_mut().find(|(name, _)| name == key).and_then(|(_, item)| item.take());
        merged.push((
            key.clone(),
            match before {
                Some(mut before) => {
                    merge(&mut before, item, "", custom);
                    before
                }
                None => item.clone(),
            },
        ));
    }
    let mut place = 0;
    for (key, item) in old {
        match item {
            None => place = merged.iter().position(|(name, _)| *name == key).map_or(place, |index| index + 1),
            Some(item) => {
                merged.insert(place, (key, item));
                place += 1;
            }
        }
    }
    live.extend(merged.into_iter().map(|(_, item)| item));
}

/// What kustomize-controller does before it applies: entries of managers with one of `prefixes` become its own, so that
/// an apply removes what they added and it does not send.
pub(crate) fn take_over(object: &mut Value, prefixes: &[&str], writer: &Writer) {
    let entries = ownership::entries(object);
    let (taken, mut kept): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| {
        entry.subresource.is_empty()
            && (entry.operation == Operation::Update || entry.manager != writer.manager)
            && prefixes.iter().any(|prefix| entry.manager.starts_with(prefix))
    });
    if taken.is_empty() {
        return;
    }
    for entry in taken {
        ownership::add(&mut kept, writer, Operation::Apply, entry.fields);
    }
    ownership::set_entries(object, &kept);
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};
    use serde_json::{Value, json};

    use super::{apply, take_over};
    use crate::fields::{leaves, value_at};
    use crate::ownership::{Writer, entries, record_update};

    fn writer(manager: &str) -> Writer {
        Writer::new(manager, "2026-01-02T03:04:05Z".to_owned())
    }

    fn desired() -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": "shop",
            "labels": {"app": "api"}}, "spec": {"replicas": 2, "template": {"spec": {"containers": [
            {"name": "api", "image": "api:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}]}}}})
    }

    fn applied() -> Value {
        apply(None, &desired(), &writer("kustomize-controller"), true, false).unwrap()
    }

    fn env(object: &Value) -> Vec<&str> {
        object["spec"]["template"]["spec"]["containers"][0]["env"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap())
            .collect()
    }

    /// Adds an environment variable as `manager`.
    fn with_debug(manager: &str) -> Value {
        let before = applied();
        let mut live = before.clone();
        live["spec"]["template"]["spec"]["containers"][0]["env"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": "DEBUG", "value": "1"}));
        record_update(Some(&before), &mut live, &writer(manager), false);
        live
    }

    #[test]
    fn applying_the_same_again_changes_nothing() {
        let live = applied();
        assert_eq!(apply(Some(&live), &desired(), &writer("kustomize-controller"), true, false).unwrap(), live);
    }

    #[test]
    fn a_manual_change_is_reverted_and_ownership_returns() {
        let before = applied();
        let mut live = before.clone();
        live["spec"]["replicas"] = json!(5);
        record_update(Some(&before), &mut live, &writer("kubectl-edit"), false);
        assert_eq!(entries(&live).len(), 2);
        let object = apply(Some(&live), &desired(), &writer("kustomize-controller"), true, false).unwrap();
        assert_eq!(object["spec"]["replicas"], 2);
        assert_eq!(object, before);
    }

    #[test]
    fn without_force_a_foreign_value_is_a_conflict() {
        let before = applied();
        let mut live = before.clone();
        live["spec"]["replicas"] = json!(5);
        record_update(Some(&before), &mut live, &writer("kubectl-edit"), false);
        let refused = apply(Some(&live), &desired(), &writer("kustomize-controller"), false, false).unwrap_err();
        assert_eq!(refused.0, [("kubectl-edit".to_owned(), ".spec.replicas".to_owned())]);
    }

    #[test]
    fn what_others_added_stays_until_it_is_taken_over() {
        let live = with_debug("kubectl-set");
        let flux = writer("kustomize-controller");
        let plain = apply(Some(&live), &desired(), &flux, true, false).unwrap();
        assert_eq!(env(&plain), ["A", "B", "DEBUG"]);
        let mut taken = live;
        take_over(&mut taken, &["kubectl"], &flux);
        let real = apply(Some(&taken), &desired(), &flux, true, false).unwrap();
        assert_eq!(env(&real), ["A", "B"]);
    }

    #[test]
    fn a_leaf_no_longer_sent_goes_away_with_its_item() {
        let mut less = desired();
        less["metadata"]["labels"] = json!({});
        less["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "B", "value": "2"}]);
        let object = apply(Some(&applied()), &less, &writer("kustomize-controller"), true, false).unwrap();
        assert_eq!(env(&object), ["B"]);
        assert_eq!(object["metadata"]["labels"]["app"], Value::Null);
    }

    #[test]
    fn a_leaf_no_longer_sent_stays_while_somebody_else_applies_it() {
        let also = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "api", "namespace": "shop", "labels": {"app": "api"}}});
        let live = apply(Some(&applied()), &also, &writer("other"), true, false).unwrap();
        let mut less = desired();
        less["metadata"].as_object_mut().unwrap().remove("labels");
        let object = apply(Some(&live), &less, &writer("kustomize-controller"), true, false).unwrap();
        assert_eq!(object["metadata"]["labels"]["app"], "api");
    }

    #[test]
    fn the_order_of_items_follows_the_last_apply() {
        let mut turned = desired();
        turned["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().unwrap().reverse();
        let object =
            apply(Some(&with_debug("node-fetch")), &turned, &writer("kustomize-controller"), true, false).unwrap();
        assert_eq!(env(&object), ["B", "DEBUG", "A"]);
    }

    proptest! {
        #[test]
        fn what_one_manager_applies_is_all_there_is(first in configuration(), second in configuration()) {
            let flux = writer("kustomize-controller");
            let live = apply(None, &first, &flux, true, false).unwrap();
            let moved = apply(Some(&live), &second, &flux, true, false).unwrap();
            let fresh = apply(None, &second, &flux, true, false).unwrap();
            prop_assert_eq!(leaves(&moved, false), leaves(&fresh, false));
            prop_assert_eq!(entries(&moved), entries(&fresh));
            prop_assert_eq!(apply(Some(&moved), &second, &flux, true, false).unwrap(), moved);
        }

        #[test]
        fn leaves_of_others_survive(ours in configuration(), theirs in configuration(), next in configuration()) {
            let (flux, other) = (writer("kustomize-controller"), writer("other"));
            let live = apply(None, &ours, &flux, true, false).unwrap();
            let live = apply(Some(&live), &theirs, &other, true, false).unwrap();
            let live = apply(Some(&live), &next, &flux, true, false).unwrap();
            for path in leaves(&theirs, false) {
                prop_assert!(value_at(&live, &path).is_some(), "{:?} is gone", path);
            }
        }
    }

    /// Configurations of a Deployment: some labels, some containers with some variables, in any order.
    fn configuration() -> impl Strategy<Value = Value> {
        let labels = btree_map("[a-c]", "[xy]", 0..3);
        let variables = btree_map("[A-C]", "[12]", 0..3).prop_map(|variables| {
            variables.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>()
        });
        let containers = btree_map("[p-r]", variables, 1..3).prop_map(|containers| {
            containers.into_iter().map(|(name, env)| json!({"name": name, "env": env})).collect::<Vec<_>>()
        });
        (labels, containers.prop_shuffle(), 0..3_u32).prop_map(|(labels, containers, replicas)| {
            json!({"apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "api", "namespace": "shop", "labels": labels},
                "spec": {"replicas": replicas, "template": {"spec": {"containers": containers}}}})
        })
    }
}
