//! Objects and discovery documents as a cluster prints them: whatever stands in them, a row and a page come out.

use std::convert::Infallible;
use std::sync::LazyLock;

use domain::catalogue::KINDS;
use domain::condition::conditions;
use domain::event::EventView;
use domain::health::flux_health;
use domain::inventory::{InventoryEntry, entries};
use domain::object::{GroupKind, ObjectRef};
use domain::workload::workload_health;
use fleet::watch::discovery::discover;
use fleet::watch::facts::facts;
use fleet::watch::object::{KubeObject, trim};
use fleet::watch::row::{row, source};
use http::{Request, Response};
use kube::client::Body;
use kube::core::ApiResource;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tower::service_fn;

use super::{document, outcome, size};
use crate::corpus::CANARY;

/// As the watch and the index take it.
pub(super) fn object(input: &[u8]) -> u64 {
    let Ok(read) = serde_json::from_slice::<KubeObject>(input) else { return 0 };
    let resource = ApiResource {
        group: "apps".to_owned(),
        version: "v1".to_owned(),
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        plural: "deployments".to_owned(),
    };
    let mut json = read.into_json(&resource);
    trim(&mut json);
    assert!(json["metadata"].get("managedFields").is_none());
    let reference = ObjectRef::of(&"prod".into(), &json);
    let shown = row(&reference, "Production", &json, true);
    let page = reference.page();
    assert!(page.starts_with("/clusters/prod/"), "{page}");
    let event = EventView::read(&"prod".into(), &json);
    outcome((
        shown.status,
        shown.revision.is_some(),
        shown.attempted.is_some(),
        shown.last_activity.is_some(),
        source(&reference, &json).is_some(),
        facts(&reference, &json).len(),
        event.map(|event| (event.time.is_some(), event.revision.is_some(), size(event.count as usize))),
    ))
}

/// The health of an object, taken for every kind that there is.
pub(super) fn health(input: &[u8]) -> u64 {
    const BUILT_IN: [(&str, &str); 12] = [
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("apps", "DaemonSet"),
        ("apps", "ReplicaSet"),
        ("batch", "Job"),
        ("batch", "CronJob"),
        ("", "Pod"),
        ("", "Service"),
        ("", "PersistentVolumeClaim"),
        ("policy", "PodDisruptionBudget"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("example.org", "Anything"),
    ];
    let Some(json) = document(input) else { return 0 };
    let flux = KINDS.iter().map(|kind| flux_health(&kind.group_kind(), &json).health);
    let built_in = BUILT_IN.iter().map(|(group, kind)| workload_health(&GroupKind::new(group, kind), &json).health);
    outcome((flux.collect::<Vec<_>>(), built_in.collect::<Vec<_>>(), conditions(&json).len()))
}

pub(super) fn inventory_seeds() -> Vec<Vec<u8>> {
    let with_inventory =
        crate::corpus::flux_objects().into_iter().filter(|json| !json["status"]["inventory"].is_null());
    with_inventory.map(|json| json.to_string().into_bytes()).collect()
}

/// Every entry is listed or is a problem, and what is listed reads again.
pub(super) fn inventory(input: &[u8]) -> u64 {
    let Some(json) = document(input) else { return 0 };
    let (managed, problems) = entries(&json);
    let inventory = &json["status"]["inventory"];
    let list = inventory["entries"].as_array().or(inventory.as_array());
    assert_eq!(managed.len() + problems.len(), list.map_or(0, Vec::len));
    for entry in &managed {
        let object = entry.object(&"prod".into());
        assert_eq!(object.group_kind(), entry.group_kind());
    }
    let readable = managed.iter().filter(|entry| InventoryEntry::parse(&entry.to_string(), &entry.version).is_ok());
    outcome((size(managed.len()), size(problems.len()), size(readable.count())))
}

pub(super) fn discovery_seeds() -> Vec<Vec<u8>> {
    let aggregated = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": [
            {"metadata": {"name": "notification.toolkit.fluxcd.io"}, "versions": [
                {"version": "v1", "freshness": "Current", "resources": [{"resource": "receivers",
                    "responseKind": {"group": "notification.toolkit.fluxcd.io", "version": "v1", "kind": "Receiver"},
                    "scope": "Namespaced", "singularResource": "receiver", "verbs": ["list", "watch"],
                    "subresources": [{"subresource": "status", "verbs": ["get"]}]}]},
                {"version": "v1beta3", "freshness": "Stale", "resources": []},
            ]},
            {"metadata": {"name": "empty.example.org"}, "versions": []},
        ],
    });
    let groups = json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [{"name": "apps",
        "versions": [{"groupVersion": "apps/v1", "version": "v1"}],
        "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"}}]});
    let resources = json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "apps/v1", "resources": [
        {"name": "deployments", "singularName": "", "namespaced": true, "kind": "Deployment", "verbs": ["list"]},
        {"name": "deployments/status", "singularName": "", "namespaced": true, "kind": "Deployment", "verbs": ["get"]},
    ]});
    [aggregated, groups, resources].map(|json| json.to_string().into_bytes()).to_vec()
}

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime without drivers needs nothing"));

/// A cluster that answers every question of discovery with the input, in the form that was asked for and in the other.
pub(super) fn discovery(input: &[u8]) -> u64 {
    let mut ways = Vec::new();
    for has_aggregated in [true, false] {
        let input = input.to_vec();
        let service = service_fn(move |request: Request<Body>| {
            let accept = request.headers().get("accept").and_then(|accept| accept.to_str().ok()).unwrap_or_default();
            let is_refused = !has_aggregated && accept.contains("apidiscovery");
            let response = Response::builder().status(if is_refused { 406 } else { 200 });
            let response = response.header("content-type", "application/json").body(Body::from(input.clone()));
            async move { Ok::<_, Infallible>(response.expect("a constant head")) }
        });
        let found = RUNTIME.block_on(async { discover(&kube::Client::new(service, "default")).await });
        ways.push(match found {
            Ok((kinds, problems)) => (size(kinds.iter().count()), size(problems.len())),
            Err(error) => {
                assert!(!error.to_string().contains(CANARY));
                (u32::MAX, 0)
            }
        });
    }
    outcome(ways)
}
