//! What Flux's controllers and Helm leave in a cluster, and how they answer requests.

use domain::{helm, inventory};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Secret};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::core::{DynamicObject, GroupVersionKind};
use kube::runtime::wait::await_condition;
use kube::{Api, ResourceExt as _};
use serde_json::json;

use crate::target::{FLUX, Target, own, soon};

const HELM_SECRET: &str = "type=helm.sh/release.v1";

/// Asks a Kustomization's controller to reconcile, and waits for the note that it did.
async fn reconcile(target: &Target, name: &str) -> DynamicObject {
    let api = target.kustomizations();
    let request = Timestamp::now().to_string();
    let patch = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": request}}});
    api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    let handled = |object: Option<&DynamicObject>| {
        object.is_some_and(|object| object.data["status"]["lastHandledReconcileAt"] == request.as_str())
    };
    soon("lastHandledReconcileAt", await_condition(api, name, handled)).await.unwrap().unwrap()
}

pub(crate) async fn a_requested_reconcile_is_noted_when_it_is_done(target: Target) {
    let object = reconcile(&target, target.kustomization).await;
    let status = &object.data["status"];
    assert_eq!(status["observedGeneration"], json!(object.metadata.generation));
    let conditions = status["conditions"].as_array().unwrap();
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready").unwrap();
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("True"), &json!("ReconciliationSucceeded")));
    let applied = format!("Applied revision: {}", status["lastAppliedRevision"].as_str().unwrap());
    assert_eq!(ready["message"], applied);
}

pub(crate) async fn a_suspended_object_notes_the_request_and_does_nothing(target: Target) {
    let name = own("suspended");
    target.suspended(&name).await;
    let object = reconcile(&target, &name).await;
    assert!(object.data["status"]["lastAppliedRevision"].is_null());
    assert!(object.data["status"]["inventory"].is_null());
    target.kustomizations().delete(&name, &DeleteParams::default()).await.unwrap();
}

pub(crate) async fn what_an_inventory_names_is_there_and_labelled(target: Target) {
    let object = target.kustomizations().get(target.kustomization).await.unwrap();
    let (entries, problems) = inventory::entries(&serde_json::to_value(&object).unwrap());
    assert!(problems.is_empty(), "{problems:?}");
    assert!(!entries.is_empty());
    for entry in entries {
        let kind = GroupVersionKind::gvk(&entry.group, &entry.version, &entry.kind);
        let (resource, _) = kube::discovery::pinned_kind(&target.client, &kind).await.unwrap();
        let api: Api<DynamicObject> = match entry.namespace.as_deref() {
            None => Api::all_with(target.client.clone(), &resource),
            Some(namespace) => Api::namespaced_with(target.client.clone(), namespace, &resource),
        };
        let live = api.get(&entry.name).await.unwrap();
        assert_eq!(live.labels()["kustomize.toolkit.fluxcd.io/name"], target.kustomization);
        assert_eq!(live.labels()["kustomize.toolkit.fluxcd.io/namespace"], FLUX);
    }
}

pub(crate) async fn a_helm_release_is_read_from_its_secret(target: Target) {
    let api: Api<Secret> = Api::namespaced(target.client.clone(), target.app);
    let labels = format!("owner=helm,name={},status=deployed", target.app);
    let secrets = api.list(&ListParams::default().labels(&labels).fields(HELM_SECRET)).await.unwrap().items;
    assert_eq!(secrets.len(), 1, "one revision of a release is deployed");
    let release = helm::decode_secret(&serde_json::to_value(&secrets[0]).unwrap()).unwrap();
    assert_eq!((release.name.as_str(), release.namespace.as_str()), (target.app, target.app));
    assert_eq!(
        (release.status.as_str(), release.version.to_string()),
        ("deployed", secrets[0].labels()["version"].clone())
    );
    assert_eq!(secrets[0].name_any(), helm::storage_name(target.app, release.version));
    let (documents, problems) = helm::split_manifest(&release.manifest);
    assert!(problems.is_empty(), "{problems:?}");
    assert!(documents.iter().any(|document| document["kind"] == "Deployment"));
}

pub(crate) async fn events_name_their_object_and_their_controller(target: Target) {
    let api: Api<Event> = Api::namespaced(target.client.clone(), FLUX);
    let about = ListParams::default().fields("involvedObject.kind=Kustomization");
    let events = api.list(&about).await.unwrap().items;
    assert!(!events.is_empty());
    for event in events {
        assert_eq!(event.source.unwrap().component.as_deref(), Some("kustomize-controller"));
        assert_eq!(event.involved_object.namespace.as_deref(), Some(FLUX));
        assert!(event.involved_object.name.is_some() && event.involved_object.uid.is_some());
        assert!(event.last_timestamp.is_some());
        assert!(event.reason.is_some_and(|reason| !reason.is_empty()));
        assert!(matches!(event.type_.as_deref(), Some("Normal" | "Warning")));
    }
}
