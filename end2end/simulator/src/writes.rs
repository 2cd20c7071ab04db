//! The rules of a write: what a create, replace, patch, apply or delete makes of an object and of its metadata.
//!
//! Owns identity (uid, creation time), generations, the status boundary, optimistic locking, finalizers and the record
//! of ownership. Pure functions over values; runs under the store's lock and never touches the store.

use serde_json::{Value, json};

use crate::catalogue::{RESOURCES, Resource};
use crate::ownership::{self, Writer};
use crate::status::Status;
use crate::store::{Key, Step};
use crate::{apply, defaults};

/// What a client wants of an object.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Create(Value),
    /// Replaces, or creates what is not there.
    Replace(Value),
    MergePatch(Value),
    StrategicPatch(Value),
    JsonPatch(json_patch::Patch),
    Apply {
        object: Value,
        force: bool,
    },
}

/// Where and by whom.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) resource: usize,
    pub(crate) key: Key,
    pub(crate) writer: Writer,
    /// The uid of an object that comes to be.
    pub(crate) uid: String,
}

impl Target {
    fn row(&self) -> &'static Resource {
        &RESOURCES[self.resource]
    }

    fn not_found(&self) -> Status {
        Status::not_found(self.row(), &self.key.1)
    }
}

/// The write and the object that answers it. `dry_run` keeps the store as it is.
///
/// # Errors
/// As the API server refuses: missing, existing, conflicting or malformed objects.
pub(crate) fn perform(
    live: Option<Value>,
    target: &Target,
    change: Change,
    dry_run: bool,
) -> Result<(Step, Value), Status> {
    let row = target.row();
    let applied = matches!(change, Change::Apply { .. });
    let Some(live) = live else {
        let object = match change {
            Change::Create(object) | Change::Replace(object) | Change::Apply { object, .. }
                if target.writer.subresource.is_empty() =>
            {
                created(target, object, applied)?
            }
            _ => return Err(target.not_found()),
        };
        let step = if dry_run { Step::Keep } else { Step::Put(object.clone()) };
        return Ok((step, object));
    };
    let mut object = changed(&live, target, change)?;
    check_version(&live, &object, target)?;
    keep_boundary(&live, &mut object, target);
    if row.counts_generations() && specification(&live) != specification(&object) {
        object["metadata"]["generation"] = json!(live["metadata"]["generation"].as_u64().unwrap_or(0) + 1);
    }
    // After the comparison: an object that was stored without its defaults does not change by getting them.
    defaults::fill(&mut object);
    if !applied {
        ownership::record_update(Some(&live), &mut object, &target.writer, row.custom);
    }
    if object == live {
        return Ok((Step::Keep, live));
    }
    if dry_run {
        return Ok((Step::Keep, object));
    }
    let finalised = !live["metadata"]["deletionTimestamp"].is_null()
        && object["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty);
    let step = if finalised { Step::Delete } else { Step::Put(object.clone()) };
    Ok((step, object))
}

/// A deletion: with finalizers the object stays and is marked.
///
/// # Errors
/// When there is no such object.
pub(crate) fn delete(live: Option<Value>, target: &Target, dry_run: bool) -> Result<(Step, Value), Status> {
    let mut object = live.ok_or_else(|| target.not_found())?;
    if dry_run {
        return Ok((Step::Keep, object));
    }
    if object["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty) {
        return Ok((Step::Delete, object));
    }
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return Ok((Step::Keep, object));
    }
    object["metadata"]["deletionTimestamp"] = json!(target.writer.time);
    object["metadata"]["deletionGracePeriodSeconds"] = json!(0);
    Ok((Step::Put(object.clone()), object))
}

fn created(target: &Target, mut object: Value, applied: bool) -> Result<Value, Status> {
    let row = target.row();
    check_identity(&mut object, target)?;
    let metadata = object["metadata"].as_object_mut().ok_or_else(|| Status::bad_request("metadata is not a map"))?;
    metadata.remove("resourceVersion");
    metadata.remove("generateName");
    if row.has_status()
        && let Some(object) = object.as_object_mut()
    {
        object.remove("status");
    }
    let mut object =
        if applied { apply::apply(None, &object, &target.writer, true, row.custom).unwrap_or(object) } else { object };
    object["metadata"]["uid"] = json!(target.uid);
    object["metadata"]["creationTimestamp"] = json!(target.writer.time);
    if row.counts_generations() {
        object["metadata"]["generation"] = json!(1);
    }
    defaults::fill(&mut object);
    if !applied {
        ownership::record_update(None, &mut object, &target.writer, row.custom);
    }
    Ok(object)
}

fn changed(live: &Value, target: &Target, change: Change) -> Result<Value, Status> {
    let row = target.row();
    let mut object = live.clone();
    match change {
        Change::Create(_) => return Err(Status::already_exists(row, &target.key.1)),
        Change::Replace(mut new) => {
            check_identity(&mut new, target)?;
            for name in ["managedFields", "deletionTimestamp", "deletionGracePeriodSeconds"] {
                if !live["metadata"][name].is_null() {
                    new["metadata"][name] = live["metadata"][name].clone();
                }
            }
            object = new;
        }
        Change::MergePatch(patch) => json_patch::merge(&mut object, &patch),
        Change::StrategicPatch(patch) => strategic(&mut object, &patch, row.custom),
        Change::JsonPatch(patch) => json_patch::patch(&mut object, &patch)
            .map_err(|error| Status::invalid(row.kind, &target.key.1, format_args!("the patch fails: {error}")))?,
        Change::Apply { object: mut applied, force } => {
            check_identity(&mut applied, target)?;
            object = apply::apply(Some(live), &applied, &target.writer, force, row.custom)
                .map_err(|conflicts| Status::apply_conflict(row, &target.key.1, &conflicts.0))?;
        }
    }
    Ok(object)
}

/// Names must agree with the path; what the path says is filled in.
fn check_identity(object: &mut Value, target: &Target) -> Result<(), Status> {
    let row = target.row();
    if object["kind"].as_str().is_some_and(|kind| kind != row.kind) {
        return Err(Status::bad_request(format!("the object's kind is not {}", row.kind)));
    }
    if object["apiVersion"].as_str().is_some_and(|version| version != row.api_version()) {
        return Err(Status::bad_request(format!("the object's apiVersion is not {}", row.api_version())));
    }
    if !object.is_object() {
        return Err(Status::bad_request("the body is not an object"));
    }
    object["apiVersion"] = json!(row.api_version());
    object["kind"] = json!(row.kind);
    let (namespace, name) = &target.key;
    for (field, wanted) in [("namespace", namespace), ("name", name)] {
        match object["metadata"][field].as_str() {
            Some(given) if given != wanted => {
                return Err(Status::bad_request(format!(
                    "the {field} of the object ({given}) does not match the {field} on the request ({wanted})"
                )));
            }
            _ if wanted.is_empty() => {}
            _ => object["metadata"][field] = json!(wanted),
        }
    }
    Ok(())
}

fn check_version(live: &Value, object: &Value, target: &Target) -> Result<(), Status> {
    let given = &object["metadata"]["resourceVersion"];
    if given.is_null() || *given == live["metadata"]["resourceVersion"] {
        return Ok(());
    }
    Err(Status::modified_meanwhile(target.row(), &target.key.1))
}

/// Restores what this write may not change: identity, and the other side of the status boundary.
fn keep_boundary(live: &Value, object: &mut Value, target: &Target) {
    if target.writer.subresource == "status" {
        let status = object.get("status").cloned();
        let managed = object["metadata"]["managedFields"].clone();
        object.clone_from(live);
        put(object, "status", status.as_ref());
        put(&mut object["metadata"], "managedFields", Some(&managed));
    } else if target.row().has_status() {
        put(object, "status", live.get("status"));
    }
    for field in ["uid", "creationTimestamp", "generation", "resourceVersion", "deletionTimestamp", "name", "namespace"]
    {
        let value = live["metadata"].get(field).cloned();
        put(&mut object["metadata"], field, value.as_ref());
    }
}

fn put(map: &mut Value, name: &str, value: Option<&Value>) {
    match (map.as_object_mut(), value) {
        (Some(map), Some(value)) if !value.is_null() => {
            map.insert(name.to_owned(), value.clone());
        }
        (Some(map), _) => {
            map.remove(name);
        }
        (None, _) => {}
    }
}

/// Everything outside metadata and status.
fn specification(object: &Value) -> Vec<(&String, &Value)> {
    let mut fields: Vec<_> = object
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| !matches!(name.as_str(), "metadata" | "status"))
        .collect();
    fields.sort_by_key(|(name, _)| *name);
    fields
}

/// A strategic merge patch without directives: nulls delete, well-known lists merge by key.
fn strategic(object: &mut Value, patch: &Value, custom: bool) {
    let mut additions = patch.clone();
    delete_nulls(object, &mut additions);
    apply::merge(object, &additions, "", custom);
}

fn delete_nulls(object: &mut Value, patch: &mut Value) {
    let Some(patch) = patch.as_object_mut() else { return };
    patch.retain(|name, value| {
        if value.is_null() {
            if let Some(object) = object.as_object_mut() {
                object.remove(name);
            }
            return false;
        }
        if let Some(child) = object.get_mut(name) {
            delete_nulls(child, value);
        }
        true
    });
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Change, Target, delete, perform};
    use crate::catalogue;
    use crate::ownership::Writer;
    use crate::store::Step;

    fn target(manager: &str) -> Target {
        Target {
            resource: catalogue::find_kind("Kustomization").unwrap(),
            key: ("flux-system".to_owned(), "apps".to_owned()),
            writer: Writer::new(manager, "2026-01-02T03:04:05Z".to_owned()),
            uid: "u".to_owned(),
        }
    }

    fn live() -> Value {
        let object = json!({"spec": {"interval": "10m"}});
        let mut object = perform(None, &target("flux"), Change::Create(object), false).unwrap().1;
        object["status"] = json!({"observedGeneration": 1});
        object
    }

    fn patched(patch: Value) -> Value {
        perform(Some(live()), &target("tester"), Change::MergePatch(patch), false).unwrap().1
    }

    #[test]
    fn a_change_of_the_specification_counts_the_generation_up() {
        assert_eq!(patched(json!({"spec": {"suspend": true}}))["metadata"]["generation"], 2);
        assert_eq!(patched(json!({"metadata": {"annotations": {"a": "b"}}}))["metadata"]["generation"], 1);
    }

    #[test]
    fn the_object_and_its_status_are_written_apart() {
        assert_eq!(patched(json!({"status": {"observedGeneration": 9}})), live());
        let mut target = target("tester");
        target.writer = target.writer.on("status");
        let patch = json!({"spec": {"suspend": true}, "status": {"observedGeneration": 9}});
        let object = perform(Some(live()), &target, Change::MergePatch(patch), false).unwrap().1;
        assert_eq!(object["status"]["observedGeneration"], 9);
        assert_eq!(object["spec"], live()["spec"]);
    }

    #[test]
    fn a_dry_run_answers_and_keeps_the_store() {
        let change = Change::MergePatch(json!({"spec": {"suspend": true}}));
        let (step, object) = perform(Some(live()), &target("tester"), change, true).unwrap();
        assert!(matches!(step, Step::Keep));
        assert_eq!(object["spec"]["suspend"], true);
    }

    #[test]
    fn a_finalizer_holds_a_deletion_until_it_is_removed() {
        let held = patched(json!({"metadata": {"finalizers": ["finalizers.fluxcd.io"]}}));
        let (step, marked) = delete(Some(held), &target("tester"), false).unwrap();
        assert!(matches!(step, Step::Put(_)));
        let change = Change::MergePatch(json!({"metadata": {"finalizers": null}}));
        let (step, _) = perform(Some(marked), &target("flux"), change, false).unwrap();
        assert!(matches!(step, Step::Delete));
    }

    #[test]
    fn an_old_resource_version_is_refused() {
        let mut live = live();
        live["metadata"]["resourceVersion"] = json!("7");
        let change = Change::MergePatch(json!({"metadata": {"resourceVersion": "6"}}));
        let status = perform(Some(live), &target("tester"), change, false).unwrap_err();
        assert_eq!(status.document()["code"], 409);
    }
}
