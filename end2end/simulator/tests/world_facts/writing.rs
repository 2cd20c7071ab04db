//! Patches, server-side apply, and the record of who manages which field.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

use crate::target::{Target, own, refusal, refused};

/// What server-side apply is given: only the fields that its manager wants to own.
fn applied(name: &str, data: Value) -> Patch<Value> {
    Patch::Apply(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}))
}

async fn apply(api: &Api<ConfigMap>, name: &str, manager: &str, data: Value) -> kube::Result<ConfigMap> {
    api.patch(name, &PatchParams::apply(manager), &applied(name, data)).await
}

async fn remove(api: &Api<ConfigMap>, name: &str) {
    api.delete(name, &DeleteParams::default()).await.unwrap();
}

/// The keys of `data` that a manager owns by apply.
fn owned(object: &ConfigMap, manager: &str) -> Vec<String> {
    let entries = object.managed_fields().iter();
    let mine = entries
        .filter(|entry| entry.manager.as_deref() == Some(manager) && entry.operation.as_deref() == Some("Apply"));
    let fields = mine.filter_map(|entry| entry.fields_v1.as_ref()?.0["f:data"].as_object());
    let keys = fields.flat_map(|data| data.keys().filter_map(|key| key.strip_prefix("f:")));
    keys.map(str::to_owned).collect()
}

pub(crate) async fn a_patch_that_changes_nothing_makes_no_new_version(target: Target) {
    let (api, name) = (target.config_maps(), own("unchanged"));
    let created = target.config_map(&name, json!({"a": "1"})).await;
    let patch = async |data: Value| {
        api.patch(&name, &PatchParams::default(), &Patch::Merge(json!({"data": data}))).await.unwrap()
    };
    assert_eq!(patch(json!({"a": "1"})).await.resource_version(), created.resource_version());
    let changed = patch(json!({"a": null, "b": "2"})).await;
    assert_ne!(changed.resource_version(), created.resource_version());
    assert_eq!(serde_json::to_value(changed.data).unwrap(), json!({"b": "2"}));
    assert_eq!(changed.metadata.uid, created.metadata.uid);
    remove(&api, &name).await;
}

pub(crate) async fn only_a_new_specification_counts_the_generation_up(target: Target) {
    let (api, name) = (target.kustomizations(), own("generation"));
    let created = target.suspended(&name).await;
    assert_eq!(created.metadata.generation, Some(1));
    let patch =
        async |patch: Value| api.patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap().metadata;
    let labelled = patch(json!({"metadata": {"labels": {"tier": "web"}}})).await;
    assert_eq!(labelled.generation, Some(1));
    assert_ne!(labelled.resource_version, created.metadata.resource_version);
    assert_eq!(patch(json!({"spec": {"interval": "20m"}})).await.generation, Some(2));
    // The status has a way of its own: a write to the object leaves it alone.
    assert_eq!(patch(json!({"status": {"lastAppliedRevision": "made up"}})).await.generation, Some(2));
    let live = api.get(&name).await.unwrap();
    assert_ne!(live.data["status"]["lastAppliedRevision"], "made up");
    api.delete(&name, &DeleteParams::default()).await.unwrap();
}

pub(crate) async fn a_stale_or_second_write_is_a_conflict(target: Target) {
    let (api, name) = (target.config_maps(), own("stale"));
    let mut stale = target.config_map(&name, json!({"a": "1"})).await;
    let patch = Patch::Merge(json!({"data": {"a": "2"}}));
    api.patch(&name, &PatchParams::default(), &patch).await.unwrap();
    let replaced = api.replace(&name, &PostParams::default(), &stale).await;
    assert_eq!(refused(replaced), (409, "Conflict".to_owned()));
    stale.metadata.resource_version = None;
    let again = api.create(&PostParams::default(), &stale).await;
    assert_eq!(refused(again), (409, "AlreadyExists".to_owned()));
    remove(&api, &name).await;
}

pub(crate) async fn a_dry_run_answers_the_merged_object_and_stores_nothing(target: Target) {
    let (api, name) = (target.config_maps(), own("dry-run"));
    let dry_run = PatchParams::apply("one").dry_run();
    let predicted = api.patch(&name, &dry_run, &applied(&name, json!({"a": "1"}))).await.unwrap();
    assert_eq!(owned(&predicted, "one"), ["a"]);
    assert_eq!(refused(api.get(&name).await), (404, "NotFound".to_owned()));

    let live = target.config_map(&name, json!({"a": "1", "kept": "yes"})).await;
    let forced = dry_run.clone().force();
    let predicted = api.patch(&name, &forced, &applied(&name, json!({"a": "2", "b": "3"}))).await.unwrap();
    assert_eq!(serde_json::to_value(&predicted.data).unwrap(), json!({"a": "2", "b": "3", "kept": "yes"}));
    assert_eq!(owned(&predicted, "one"), ["a", "b"]);
    assert_eq!(predicted.metadata.uid, live.metadata.uid);
    assert_eq!(predicted.resource_version(), live.resource_version());
    let after = api.get(&name).await.unwrap();
    assert_eq!((after.resource_version(), after.data), (live.resource_version(), live.data));
    remove(&api, &name).await;
}

pub(crate) async fn a_field_of_another_manager_is_a_conflict_until_forced(target: Target) {
    let (api, name) = (target.config_maps(), own("conflict"));
    let first = apply(&api, &name, "one", json!({"a": "1", "b": "1"})).await.unwrap();
    assert_eq!(owned(&first, "one"), ["a", "b"]);

    let conflict = refusal(apply(&api, &name, "two", json!({"a": "2"})).await);
    assert_eq!((conflict.code, conflict.reason.as_str()), (409, "Conflict"));
    assert!(conflict.message.starts_with("Apply failed with 1 conflict: "), "{}", conflict.message);
    let causes = conflict.details.unwrap().causes;
    assert_eq!(causes.len(), 1);
    assert_eq!((causes[0].reason.as_str(), causes[0].field.as_str()), ("FieldManagerConflict", ".data.a"));
    assert_eq!(causes[0].message, r#"conflict with "one""#);

    // The same value is no conflict: both own it then.
    let shared = apply(&api, &name, "two", json!({"a": "1"})).await.unwrap();
    assert_eq!((owned(&shared, "one"), owned(&shared, "two")), (vec!["a".into(), "b".into()], vec!["a".into()]));

    let forced = PatchParams::apply("two").force();
    let taken = api.patch(&name, &forced, &applied(&name, json!({"a": "2"}))).await.unwrap();
    assert_eq!((owned(&taken, "one"), owned(&taken, "two")), (vec!["b".into()], vec!["a".into()]));
    assert_eq!(taken.data.unwrap()["a"], "2");
    remove(&api, &name).await;
}

pub(crate) async fn a_field_that_its_last_manager_drops_is_removed(target: Target) {
    let (api, name) = (target.config_maps(), own("drops"));
    apply(&api, &name, "one", json!({"a": "1", "b": "1"})).await.unwrap();
    apply(&api, &name, "two", json!({"b": "1"})).await.unwrap();
    let dropped = apply(&api, &name, "one", json!({})).await.unwrap();
    assert_eq!(serde_json::to_value(dropped.data).unwrap(), json!({"b": "1"}), "the other manager keeps its own");
    remove(&api, &name).await;
}
