//! `POST /api/logs/aggregated`: its body, its defaults, its answer.

use serde_json::{Value, json};
use simulator::{Cluster, ClusterSpec};

use crate::site::Site;

fn pod(cluster: &Cluster, namespace: &str, app: &str, lines: usize) {
    cluster.apply(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("{app}-1"), "namespace": namespace, "labels": {"app": app}},
        "spec": {"containers": [{"name": "manager", "image": app}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "manager", "image": app, "imageID": "",
            "ready": true, "restartCount": 0, "state": {"running": {"startedAt": "2026-01-15T10:00:00Z"}}}]},
    }));
    for number in 0..lines {
        cluster.append_log(namespace, &format!("{app}-1"), "manager", format!("INFO: {app} {number}"));
    }
}

async fn site() -> Site {
    let site = Site::open(vec![ClusterSpec::empty("prod"), ClusterSpec::empty("dev")]).await;
    for name in ["prod", "dev"] {
        let cluster = site.simulated(name);
        pod(cluster, "flux-system", "source-controller", 150);
        pod(cluster, "default", "shop", 3);
        site.register(name).await;
    }
    site
}

fn texts<'a>(logs: &'a [Value], field: &str) -> Vec<&'a str> {
    logs.iter().map(|line| line[field].as_str().expect("a text")).collect()
}

#[tokio::test]
async fn the_body_names_clusters_namespaces_a_selector_and_the_length_of_the_tail() {
    let site = site().await;
    let body = json!({
        "cluster_ids": ["prod"], "namespaces": ["flux-system", "default"],
        "label_selector": "app=source-controller", "tail_lines": 2,
    });
    let answer = site.post("/api/logs/aggregated", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let logs = answer.json()["logs"].as_array().expect("a list").clone();
    assert_eq!(texts(&logs, "message"), ["INFO: source-controller 148", "INFO: source-controller 149"]);
    let line = &logs[0];
    let place = ["cluster_id", "cluster_name", "pod_name", "namespace", "container"].map(|field| line[field].clone());
    assert_eq!(json!(place), json!(["prod", "prod", "source-controller-1", "flux-system", "manager"]));
    assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z') && time.contains('T')), "{line}");
    assert_eq!(answer.json()["problems"], json!([]));
}

#[tokio::test]
async fn an_empty_body_means_a_hundred_lines_of_flux_on_every_cluster() {
    let site = site().await;
    let answer = site.post("/api/v1/logs/aggregated", &json!({})).await.json();
    let logs = answer["logs"].as_array().expect("a list");
    for cluster in ["prod", "dev"] {
        assert_eq!(texts(logs, "cluster_id").iter().filter(|id| **id == cluster).count(), 100, "{cluster}");
    }
    assert!(texts(logs, "namespace").iter().all(|namespace| *namespace == "flux-system"));
    assert!(texts(logs, "timestamp").is_sorted());
}

#[tokio::test]
async fn what_cannot_be_asked_is_said() {
    let site = site().await;
    let selector = site.post("/api/logs/aggregated", &json!({"label_selector": "app in"})).await;
    assert_eq!((selector.status, selector.error().0.as_str()), (400, "invalid"));
    let unknown = site.post("/api/logs/aggregated", &json!({"cluster_ids": ["nowhere"]})).await;
    assert_eq!((unknown.status, &unknown.json()["logs"]), (200, &json!([])));
    let problem = &unknown.json()["problems"][0];
    assert_eq!((&problem["kind"], &problem["cluster"]), (&json!("not_found"), &json!("nowhere")));
}
