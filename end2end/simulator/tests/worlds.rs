//! The demo world and the worlds for scale, as the product sees them.

#![expect(clippy::unwrap_used, reason = "a fixture that fails is a failed test")]

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use simulator::{Cluster, ClusterSpec, Simulator, world};

async fn start(name: &str) -> (Simulator, Cluster) {
    let simulator = Simulator::start(vec![ClusterSpec::demo(name, 1)]).await.unwrap();
    let cluster = simulator.clusters()[0].clone();
    (simulator, cluster)
}

fn condition(object: &Value, kind: &str) -> (String, String) {
    let found = object["status"]["conditions"].as_array().into_iter().flatten().find(|one| one["type"] == kind);
    let text = |field: &str| found.and_then(|one| one[field].as_str()).unwrap_or_default().to_owned();
    (text("status"), text("reason"))
}

fn ready(cluster: &Cluster, kind: &str, namespace: &str, name: &str) -> (String, String) {
    condition(&cluster.get(kind, namespace, name).unwrap(), "Ready")
}

async fn until(cluster: &Cluster, what: (&str, &str, &str), wish: impl Fn(&Value) -> bool) -> Value {
    let found = tokio::time::timeout(Duration::from_secs(20), cluster.wait_for(what.0, what.1, what.2, wish)).await;
    found.unwrap_or_else(|_| panic!("{what:?} stayed {:#}", cluster.get(what.0, what.1, what.2).unwrap_or_default()))
}

#[tokio::test]
async fn production_has_its_troubles_from_the_start() {
    let (_simulator, cluster) = start("prod-eu").await;
    let ks = |name: &str| ready(&cluster, "Kustomization", "flux-system", name);
    assert_eq!(ks("flux-system"), ("True".to_owned(), "ReconciliationSucceeded".to_owned()));
    assert_eq!(ks("search"), ("False".to_owned(), "HealthCheckFailed".to_owned()));
    assert_eq!(ks("storefront"), ("False".to_owned(), "DependencyNotReady".to_owned()));
    let checkout = cluster.get("HelmRelease", "checkout", "checkout").unwrap();
    assert_eq!(condition(&checkout, "Stalled"), ("True".to_owned(), "RetriesExceeded".to_owned()));
    assert_eq!(checkout["status"]["history"][0]["status"], "failed");
    let billing = cluster.get("Kustomization", "flux-system", "legacy-billing").unwrap();
    assert_eq!(billing["spec"]["suspend"], true);
    let (_simulator, cluster) = start("prod-us").await;
    assert_eq!(
        ready(&cluster, "Kustomization", "flux-system", "reports"),
        ("False".to_owned(), "ArtifactFailed".to_owned())
    );
}

#[tokio::test]
async fn staging_is_well_and_one_seed_gives_one_world() {
    let (_one, first) = start("staging").await;
    let (_two, second) = start("staging").await;
    let revision = |cluster: &Cluster| {
        cluster.get("GitRepository", "flux-system", "platform").unwrap()["status"]["artifact"]["revision"].clone()
    };
    assert_eq!(revision(&first), revision(&second));
    assert_eq!(ready(&first, "Kustomization", "flux-system", "storefront").0, "True");
    let api = first.get("Deployment", "payments", "payments-api").unwrap();
    assert_eq!((&api["status"]["readyReplicas"], &api["status"]["replicas"]), (&json!(3), &json!(3)));
}

#[tokio::test]
async fn managed_objects_carry_owner_labels_and_managed_fields() {
    let (_simulator, cluster) = start("prod-eu").await;
    let billing = cluster.get("Deployment", "billing", "billing").unwrap();
    assert_eq!(billing["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"], "legacy-billing");
    let managers: BTreeMap<&str, &str> = billing["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["manager"].as_str().unwrap(), entry["operation"].as_str().unwrap()))
        .collect();
    assert_eq!(managers["kustomize-controller"], "Apply");
    assert_eq!(managers["kubectl-scale"], "Update");
    let nginx = cluster.get("Deployment", "ingress-nginx", "ingress-nginx-controller").unwrap();
    assert_eq!(nginx["metadata"]["annotations"]["meta.helm.sh/release-name"], "ingress-nginx");
    let release = cluster.get("HelmRelease", "ingress-nginx", "ingress-nginx").unwrap();
    let newest = format!("sh.helm.release.v1.ingress-nginx.v{}", release["status"]["history"][0]["version"]);
    assert_eq!(cluster.get("Secret", "ingress-nginx", &newest).unwrap()["type"], "helm.sh/release.v1");
}

#[tokio::test]
async fn a_requested_run_corrects_drift_and_says_so() {
    let (simulator, cluster) = start("staging").await;
    let handle = world::run(&simulator, Duration::from_millis(20), 1);
    let what = ("Deployment", "payments", "payments-api");
    let patch = json!({"spec": {"replicas": 9}});
    cluster.edit(what.0, what.1, what.2, "kubectl-scale", &patch).unwrap();
    let token = "2026-11-21T10:00:00Z";
    let request = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}});
    cluster.edit("Kustomization", "flux-system", "payments", "tester", &request).unwrap();
    let run = until(&cluster, ("Kustomization", "flux-system", "payments"), |object| {
        object["status"]["lastHandledReconcileAt"] == token
    });
    assert_eq!(condition(&run.await, "Ready").0, "True");
    until(&cluster, what, |object| object["spec"]["replicas"] == 3).await;
    handle.abort();
}

#[tokio::test]
async fn a_suspended_object_notes_a_request_and_does_nothing() {
    let (simulator, cluster) = start("staging").await;
    let handle = world::run(&simulator, Duration::from_millis(20), 1);
    let request = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}}});
    cluster.edit("Kustomization", "flux-system", "legacy-billing", "tester", &request).unwrap();
    until(&cluster, ("Kustomization", "flux-system", "legacy-billing"), |object| {
        object["status"]["lastHandledReconcileAt"] == "now"
    })
    .await;
    assert_eq!(cluster.get("Deployment", "billing", "billing").unwrap()["spec"]["replicas"], 1);
    handle.abort();
}

#[tokio::test]
async fn a_reset_heals_the_stalled_release() {
    let (simulator, cluster) = start("prod-eu").await;
    let handle = world::run(&simulator, Duration::from_millis(20), 1);
    let request = json!({"metadata": {"annotations": {
        "reconcile.fluxcd.io/requestedAt": "t1", "reconcile.fluxcd.io/resetAt": "t1"}}});
    cluster.edit("HelmRelease", "checkout", "checkout", "tester", &request).unwrap();
    let what = ("HelmRelease", "checkout", "checkout");
    let release = until(&cluster, what, |object| condition(object, "Ready").0 == "True").await;
    assert_eq!(release["status"]["lastHandledResetAt"], "t1");
    assert_eq!(release["status"]["history"][0]["status"], "deployed");
    until(&cluster, ("Deployment", "checkout", "checkout-api"), |object| object["status"]["readyReplicas"] == 4).await;
    handle.abort();
}

#[tokio::test]
async fn the_script_moves_revisions_and_rolls_workloads_out() {
    let (simulator, cluster) = start("staging").await;
    let what = ("GitRepository", "flux-system", "platform");
    let before = cluster.get(what.0, what.1, what.2).unwrap()["status"]["artifact"]["revision"].clone();
    let handle = world::run(&simulator, Duration::from_millis(5), 1);
    let source = until(&cluster, what, |object| object["status"]["artifact"]["revision"] != before).await;
    let revision = source["status"]["artifact"]["revision"].clone();
    until(&cluster, ("Kustomization", "flux-system", "payments"), |object| {
        object["status"]["lastAppliedRevision"] == revision || object["status"]["lastAppliedRevision"] != before
    })
    .await;
    handle.abort();
}

#[tokio::test]
async fn fifty_clusters_of_a_thousand_objects_start() {
    let specs = (0..50).map(|index| ClusterSpec::generated(&format!("edge-{index:03}"), 1_000)).collect();
    let simulator = Simulator::start(specs).await.unwrap();
    assert_eq!(simulator.clusters().len(), 50);
    let last = simulator.cluster("edge-049").unwrap();
    assert!(last.get("HelmRelease", "tenant-039", "svc-24").is_some());
}
