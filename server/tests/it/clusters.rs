//! Clusters over REST, and the errors of REST in general.

use axum::http::Method;
use serde_json::{Value, json};
use simulator::ClusterSpec;

use crate::site::{Answer, Site, with_json};

fn failed_step(answer: &Answer) -> String {
    let steps = answer.json()["details"]["steps"].as_array().expect("the steps of the probe").clone();
    let failed = steps.iter().find(|step| step["outcome"] == "failed").expect("one failed");
    failed["name"].as_str().expect("a name").to_owned()
}

#[tokio::test]
async fn a_cluster_is_registered_read_changed_and_removed() {
    let site = Site::open(vec![ClusterSpec::empty("prod")]).await;
    let created = site.post("/api/v1/clusters", &site.registration("prod")).await;
    assert_eq!((created.status, &created.json()["id"]), (201, &json!("prod")), "{created:?}");
    assert_eq!(
        created.json()["server"].as_str().map(|url| url.trim_end_matches('/')),
        Some(site.simulated("prod").url().as_str())
    );
    assert!(!created.text.contains("simulator.admin."), "the credentials stay");

    let taken = site.post("/api/v1/clusters", &site.registration("prod")).await;
    assert_eq!((taken.status, taken.error().0.as_str()), (409, "conflict"));

    let change = json!({"description": "Where the money is made"}).to_string();
    let changed = site.send(with_json(Method::PUT, "/api/v1/clusters/prod", change)).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let read = site.get("/api/v1/clusters/prod").await;
    assert_eq!((read.status, &read.json()["cluster"]["description"]), (200, &json!("Where the money is made")));
    let list = site.get("/api/v1/clusters").await.json();
    assert_eq!((list["items"].as_array().map(Vec::len), &list["problems"]), (Some(1), &json!([])));

    let removed = site.send(with_json(Method::DELETE, "/api/v1/clusters/prod", String::new())).await;
    assert_eq!((removed.status, removed.text.as_str()), (204, ""));
    let gone = site.get("/api/v1/clusters/prod").await;
    assert_eq!((gone.status, gone.error()), (404, ("not_found".to_owned(), "There is no cluster prod.".to_owned())));
}

#[tokio::test]
async fn a_cluster_that_cannot_be_used_is_refused_with_the_steps_of_the_probe() {
    let site = Site::open(vec![ClusterSpec::empty("prod")]).await;
    let mut registration = site.registration("prod");
    let kubeconfig = registration["kubeconfig"].as_str().expect("a text");
    registration["kubeconfig"] = json!(kubeconfig.replace("token:", "exec: {command: aws}\n    token:"));
    let refused = site.post("/api/v1/clusters", &registration).await;
    assert_eq!((refused.status, failed_step(&refused).as_str()), (422, "accepted"));
    let (code, message) = refused.error();
    assert_eq!(code, "refused");
    assert!(message.contains("user.exec"), "{message}");

    site.simulated("prod").faults().set_down(true);
    let mut registration = site.registration("prod");
    let unreachable = site.post("/api/v1/clusters", &registration).await;
    assert_eq!((unreachable.status, failed_step(&unreachable).as_str()), (422, "reachable"));
    assert_eq!(site.get("/api/v1/clusters").await.json()["items"], json!([]));
    let probe = site.post("/api/v1/clusters/probe", &registration).await;
    assert_eq!((probe.status, &probe.json()[2]["outcome"]), (200, &json!("failed")));

    registration["allow_unreachable"] = json!(true);
    let kept = site.post("/api/v1/clusters", &registration).await;
    assert_eq!((kept.status, &kept.json()["id"]), (201, &json!("prod")), "{kept:?}");
    let sync = site.post("/api/v1/clusters/prod/sync", &Value::Null).await;
    assert_eq!((sync.status, sync.error().0.as_str()), (503, "unreachable"));
}

#[tokio::test]
async fn a_sync_lists_everything_anew_and_counts_it() {
    let site = Site::demo().await;
    let sync = site.post("/api/v1/clusters/staging/sync", &Value::Null).await;
    let outcome = sync.json();
    assert_eq!((sync.status, &outcome["cluster_id"]), (200, &json!("staging")));
    let kinds = outcome["kinds"].as_array().expect("a list");
    let count = |kind: &str| kinds.iter().find(|count| count["kind"] == kind).map(|count| count["count"].clone());
    assert_eq!(count("HelmRelease"), Some(json!(6)));
    let sum: u64 = kinds.iter().filter_map(|count| count["count"].as_u64()).sum();
    assert_eq!(outcome["total"], json!(sum));
    assert_eq!(site.get("/api/v1/resources?limit=1").await.json()["total"], json!(sum));
}

#[tokio::test]
async fn errors_of_the_api_come_in_one_envelope() {
    let site = Site::open(Vec::new()).await;
    for path in
        ["/api", "/api/v1", "/api/foo", "/api/v1/foo", "/api/v1/clusters/nowhere", "/api/clusters/nowhere/resources"]
    {
        let answer = site.get(path).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (404, "not_found"), "{path}");
    }
    assert_eq!(site.get("/api/foo").await.error().1, "There is nothing at /api/foo.");
    for body in ["{", "[]", "{\"name\": 7}"] {
        let answer = site.send(with_json(Method::POST, "/api/v1/clusters", body.to_owned())).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (400, "invalid"), "{body}");
    }
    for query in ["resources?limit=many", "clusters/prod/resources/Pod/a/b/diff?group=x&group=y"] {
        let answer = site.get(&format!("/api/v1/{query}")).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (400, "invalid"), "{query}");
    }
}

#[tokio::test]
async fn liveness_and_readiness_are_answered_to_everybody() {
    let site = Site::with_users().await;
    let alive = site.get("/livez").await;
    assert_eq!((alive.status, alive.text.as_str()), (200, "ok"));
    assert_eq!(site.get("/readyz").await.json(), json!({"ready": true, "not_ready": []}));
}
