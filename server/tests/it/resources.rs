//! Objects over REST: lists, manifests, diffs, actions.

use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use simulator::ClusterSpec;
use tokio::time::timeout;

use crate::site::Site;

/// Far more than anything here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

fn names(window: &Value) -> Vec<&str> {
    let rows = window["items"].as_array().expect("items");
    rows.iter().map(|row| row["object"]["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_cut_into_windows() {
    let site = Site::demo().await;
    let releases = site.get("/api/v1/resources?kind=HelmRelease&sort=name").await.json();
    let sorted = ["cert-manager", "checkout", "ingress-nginx", "kube-prometheus-stack", "loki", "podinfo"];
    assert_eq!((names(&releases), &releases["total"]), (sorted.to_vec(), &json!(6)));
    let window = site.get("/api/v1/resources?kind=HelmRelease&sort=name&offset=1&limit=2").await.json();
    assert_eq!((names(&window), &window["total"]), (vec!["checkout", "ingress-nginx"], &json!(6)));
    let found =
        site.get("/api/clusters/staging/resources?namespace=podinfo&kind=!OCIRepository,!HelmChart").await.json();
    assert_eq!(names(&found), ["podinfo"]);
    let suspended = site.get("/api/v1/resources?status=suspended&q=BILLING").await.json();
    assert_eq!(names(&suspended), ["legacy-billing"]);
    assert_eq!(names(&site.get("/api/v1/resources?cluster=elsewhere").await.json()), Vec::<&str>::new());
}

#[tokio::test]
async fn a_manifest_is_json_or_yaml_as_the_client_accepts() {
    let site = Site::demo().await;
    let path = "/api/clusters/staging/resources/helmrelease/podinfo/podinfo/manifest";
    let plain = site.get(path).await;
    assert_eq!((plain.status, plain.header(CONTENT_TYPE)), (200, "application/json"));
    assert_eq!((&plain.json()["kind"], &plain.json()["metadata"]["name"]), (&json!("HelmRelease"), &json!("podinfo")));
    let yaml = site.get_as(path, "application/yaml").await;
    assert_eq!((yaml.status, yaml.header(CONTENT_TYPE)), (200, "application/yaml"));
    assert!(yaml.text.starts_with("apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"), "{}", yaml.text);
    assert_eq!(site.get(&path.replace("/api/", "/api/v1/")).await.text, plain.text);
}

#[tokio::test]
async fn an_object_is_named_by_kind_or_plural_with_a_dash_for_no_namespace_and_its_group() {
    let site = Site::demo().await;
    let manifest = async |object: &str| site.get(&format!("/api/v1/clusters/staging/resources/{object}")).await;
    let namespace = manifest("Namespace/-/podinfo/manifest").await;
    assert_eq!((namespace.status, &namespace.json()["kind"]), (200, &json!("Namespace")));
    let deployment = manifest("deployments/podinfo/podinfo/manifest?group=apps").await;
    assert_eq!((deployment.status, &deployment.json()["kind"]), (200, &json!("Deployment")));
    for nothing in ["Deployment/podinfo/podinfo/manifest?group=batch", "Gadget/podinfo/podinfo", "Service/podinfo/gone"]
    {
        let answer = manifest(nothing).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (404, "not_found"), "{nothing}");
    }
    let view = manifest("Kustomization/flux-system/apps").await.json();
    assert_eq!((&view["row"]["object"]["name"], &view["row"]["fresh"]), (&json!("apps"), &json!(true)));
    assert!(view["yaml"].as_str().is_some_and(|yaml| yaml.contains("./apps")), "{view}");
}

#[tokio::test]
async fn a_diff_has_both_sides_as_yaml_the_conditions_and_what_is_managed() {
    let site = Site::demo().await;
    let edit = json!({"spec": {"replicas": 5}});
    site.simulated("staging").edit("Deployment", "podinfo", "podinfo", "kubectl-edit", &edit).expect("it is there");
    let deployment = site.get("/api/clusters/staging/resources/Deployment/podinfo/podinfo/diff").await;
    assert_eq!(deployment.status, 200, "{deployment:?}");
    let report = deployment.json();
    for (side, replicas) in [("desired", "replicas: 2"), ("actual", "replicas: 5")] {
        let text = report[side].as_str().expect("a text");
        assert!(text.starts_with("apiVersion: apps/v1\nkind: Deployment\n") && text.contains(replicas), "{text}");
    }
    assert_eq!(report["verdict"], json!({"state": "drifted", "will_correct": true, "reason": ""}));

    let report = site.get("/api/clusters/staging/resources/HelmRelease/podinfo/podinfo/diff").await.json();
    let conditions = report["conditions"].as_array().expect("a list");
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready").expect("it is ready");
    assert_eq!(ready["status"], "True");
    assert!(ready["reason"].is_string() && ready["message"].is_string(), "{ready}");
    let objects = report["objects"].as_array().expect("a list");
    let first = (&objects[0]["object"]["kind"], &objects[0]["verdict"]["state"], objects.len());
    assert_eq!(first, (&json!("Deployment"), &json!("drifted"), 3));
}

#[tokio::test]
async fn a_reconcile_is_followed_until_the_controller_has_finished() {
    let site = Site::open(vec![ClusterSpec::empty("prod")]).await;
    let cluster = site.simulated("prod");
    cluster.apply(json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "shop", "namespace": "apps"}, "spec": {"path": "./apps", "prune": true},
        "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Any", "message": "Applied",
            "lastTransitionTime": "2026-01-02T03:04:05Z"}]},
    }));
    site.register("prod").await;
    let controller = async {
        let requested = |object: &Value| object["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"].clone();
        let mut object =
            cluster.wait_for("Kustomization", "apps", "shop", |object| requested(object).is_string()).await;
        object["status"]["lastHandledReconcileAt"] = requested(&object);
        object["metadata"]["resourceVersion"] = Value::Null;
        cluster.apply(object);
    };
    let body = json!({"cluster_id": "prod", "kind": "Kustomization", "namespace": "apps", "name": "shop"});
    let both = async { tokio::join!(site.post("/api/v1/resources/reconcile", &body), controller) };
    let (answer, ()) = timeout(PATIENCE, both).await.expect("it is handled");
    assert_eq!((answer.status, &answer.json()["stage"]), (200, &json!("done")), "{answer:?}");

    let suspended = site.post("/api/v1/resources/suspend", &body).await;
    assert_eq!((suspended.status, &suspended.json()["stage"]), (200, &json!("done")), "{suspended:?}");
    assert_eq!(cluster.get("Kustomization", "apps", "shop").expect("it is there")["spec"]["suspend"], json!(true));
    let gone = json!({"cluster_id": "prod", "kind": "Kustomization", "namespace": "apps", "name": "bank"});
    assert_eq!(site.post("/api/v1/resources/resume", &gone).await.status, 404);
    let incomplete = site.post("/api/v1/resources/reconcile", &json!({"cluster_id": "prod"})).await;
    assert_eq!((incomplete.status, incomplete.error().0.as_str()), (400, "invalid"));
}
