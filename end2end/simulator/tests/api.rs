//! The API of a simulated cluster over plain HTTP, one request at a time.

#![expect(clippy::unwrap_used, reason = "a fixture that fails is a failed test")]

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use simulator::{Cluster, ClusterSpec, Rights, Simulator};
use tokio::net::TcpStream;

const KUSTOMIZATIONS: &str = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations";

async fn empty() -> (Simulator, Cluster) {
    let simulator = Simulator::start(vec![ClusterSpec::empty("test")]).await.unwrap();
    let cluster = simulator.cluster("test").unwrap().clone();
    (simulator, cluster)
}

fn token(cluster: &Cluster, rights: Rights) -> String {
    let kubeconfig = cluster.kubeconfig_for(rights);
    kubeconfig.split("token: ").nth(1).unwrap().trim().to_owned()
}

struct Client {
    cluster: Cluster,
    token: String,
}

impl Client {
    fn new(cluster: &Cluster, rights: Rights) -> Self {
        Self { cluster: cluster.clone(), token: token(cluster, rights) }
    }

    fn admin(cluster: &Cluster) -> Self {
        Self::new(cluster, Rights::Admin)
    }

    async fn send(&self, method: &str, path: &str, content_type: &str, body: String) -> Response<Incoming> {
        let address = self.cluster.url().trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &address)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", content_type)
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        sender.send_request(request).await.unwrap()
    }

    async fn call(&self, method: &str, path: &str, content_type: &str, body: Value) -> (StatusCode, Value) {
        let response = self.send(method, path, content_type, body.to_string()).await;
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call("GET", path, "application/json", Value::Null).await
    }

    async fn text(&self, path: &str) -> String {
        let response = self.send("GET", path, "", String::new()).await;
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }
}

fn config_map(name: &str, labels: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop", "labels": labels},
        "data": {"a": "1"}})
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
}

/// The next events of a watch, parsed, until `count` were read.
async fn events(response: &mut Response<Incoming>, count: usize) -> Vec<(String, String)> {
    let mut events = Vec::new();
    let mut text = String::new();
    while events.len() < count {
        let frame = response.frame().await.expect("the watch has ended").unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        while let Some((line, rest)) = text.split_once('\n') {
            let event: Value = serde_json::from_str(line).unwrap();
            let name = event["object"]["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            events.push((event["type"].as_str().unwrap().to_owned(), name));
            text = rest.to_owned();
        }
    }
    events
}

#[tokio::test]
async fn lists_come_in_pages_that_follow_each_other() {
    let (_simulator, cluster) = empty().await;
    for name in ["a", "b", "c"] {
        cluster.apply(config_map(name, json!({})));
    }
    let client = Client::admin(&cluster);
    let (_, first) = client.get("/api/v1/configmaps?limit=2").await;
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 1);
    let token = first["metadata"]["continue"].as_str().unwrap();
    let (_, second) = client.get(&format!("/api/v1/configmaps?limit=2&continue={token}")).await;
    assert_eq!(names(&second), ["c"]);
    assert_eq!(second["metadata"]["continue"], Value::Null);
    cluster.apply(config_map("d", json!({})));
    cluster.compact();
    let (status, expired) = client.get(&format!("/api/v1/configmaps?limit=2&continue={token}")).await;
    assert_eq!((status, &expired["reason"]), (StatusCode::GONE, &json!("Expired")));
}

#[tokio::test]
async fn a_watch_resumes_after_a_version_and_follows_its_selection() {
    let (_simulator, cluster) = empty().await;
    cluster.apply(config_map("old", json!({"app": "api"})));
    let client = Client::admin(&cluster);
    let (_, list) = client.get("/api/v1/configmaps").await;
    let version = list["metadata"]["resourceVersion"].as_str().unwrap();
    cluster.apply(config_map("new", json!({"app": "api"})));
    cluster.apply(config_map("other", json!({"app": "web"})));
    let path = format!("/api/v1/configmaps?watch=true&labelSelector=app%3Dapi&resourceVersion={version}");
    let mut watch = client.send("GET", &path, "", String::new()).await;
    assert_eq!(events(&mut watch, 1).await, [("ADDED".to_owned(), "new".to_owned())]);
    cluster.apply(config_map("new", json!({"app": "web"})));
    cluster.delete("ConfigMap", "shop", "old");
    let left = [("DELETED".to_owned(), "new".to_owned()), ("DELETED".to_owned(), "old".to_owned())];
    assert_eq!(events(&mut watch, 2).await, left);
}

#[tokio::test]
async fn a_watch_from_a_forgotten_version_is_told_so() {
    let (_simulator, cluster) = empty().await;
    let version = cluster.apply(config_map("a", json!({})))["metadata"]["resourceVersion"].clone();
    cluster.apply(config_map("b", json!({})));
    let client = Client::admin(&cluster);
    let path = format!("/api/v1/configmaps?watch=1&resourceVersion={}", version.as_str().unwrap());
    cluster.faults().gone_next_watch();
    let gone: Value = serde_json::from_str(&client.text(&path).await).unwrap();
    assert_eq!((&gone["type"], &gone["object"]["code"]), (&json!("ERROR"), &json!(410)));
    let mut watch = client.send("GET", &path, "", String::new()).await;
    assert_eq!(events(&mut watch, 1).await[0].0, "ADDED");
    cluster.compact();
    let gone: Value = serde_json::from_str(&client.text(&path).await).unwrap();
    assert_eq!(gone["object"]["code"], 410);
}

#[tokio::test]
async fn a_watch_that_ends_in_time_leaves_a_bookmark() {
    let (_simulator, cluster) = empty().await;
    let path = "/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=0";
    let bookmark: Value = serde_json::from_str(&Client::admin(&cluster).text(path).await).unwrap();
    assert_eq!((&bookmark["type"], &bookmark["object"]["kind"]), (&json!("BOOKMARK"), &json!("Pod")));
}

#[tokio::test]
async fn streaming_lists_are_refused_as_old_servers_do() {
    let (_simulator, cluster) = empty().await;
    let path = "/api/v1/pods?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    assert_eq!(Client::admin(&cluster).get(path).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

fn pod(ready: bool) -> Value {
    let state = if ready { json!({"running": {}}) } else { json!({"waiting": {"reason": "ContainerCreating"}}) };
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api-0", "namespace": "shop"},
        "spec": {"containers": [{"name": "api"}]},
        "status": {"containerStatuses": [{"name": "api", "restartCount": 0, "state": state}]}})
}

const LOG: &str = "/api/v1/namespaces/shop/pods/api-0/log";

#[tokio::test]
async fn logs_take_the_tail_before_the_time_and_floor_the_time() {
    let (_simulator, cluster) = empty().await;
    cluster.apply(pod(true));
    let start: Timestamp = "2026-01-02T03:04:00.5Z".parse().unwrap();
    for second in 0..4 {
        cluster.append_log_at("shop", "api-0", "api", start + second.seconds(), format!("line {second}"));
    }
    let client = Client::admin(&cluster);
    assert_eq!(client.text(&format!("{LOG}?sinceTime=2026-01-02T03:04:02.9Z")).await, "line 2\nline 3\n");
    assert_eq!(client.text(&format!("{LOG}?tailLines=1&sinceTime=2026-01-02T03:04:01Z")).await, "line 3\n");
    let line = client.text(&format!("{LOG}?tailLines=1&timestamps=true")).await;
    assert_eq!(line, "2026-01-02T03:04:03.500000000Z line 3\n");
    assert_eq!(client.text(&format!("{LOG}?limitBytes=9")).await, "line 0\nli");
}

#[tokio::test]
async fn logs_say_what_is_wrong() {
    let (_simulator, cluster) = empty().await;
    let client = Client::admin(&cluster);
    assert_eq!(client.get(LOG).await.0, StatusCode::NOT_FOUND);
    cluster.apply(pod(false));
    let (status, waiting) = client.get(LOG).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(waiting["message"], "container \"api\" in pod \"api-0\" is waiting to start: ContainerCreating");
    let (_, unknown) = client.get(&format!("{LOG}?container=db")).await;
    assert_eq!(unknown["message"], "container db is not valid for pod api-0");
    let (_, previous) = client.get(&format!("{LOG}?previous=true")).await;
    assert_eq!(previous["message"], "previous terminated container \"api\" in pod \"api-0\" not found");
}

#[tokio::test]
async fn a_followed_log_gets_new_lines_and_ends_with_the_container() {
    let (_simulator, cluster) = empty().await;
    cluster.apply(pod(true));
    cluster.append_log("shop", "api-0", "api", "one");
    let client = Client::admin(&cluster);
    let mut log = client.send("GET", &format!("{LOG}?follow=true"), "", String::new()).await;
    assert_eq!(log.frame().await.unwrap().unwrap().into_data().unwrap(), "one\n");
    cluster.append_log("shop", "api-0", "api", "two");
    assert_eq!(log.frame().await.unwrap().unwrap().into_data().unwrap(), "two\n");
    cluster.delete("Pod", "shop", "api-0");
    assert!(log.frame().await.is_none());
}

#[tokio::test]
async fn faults_break_streams_or_end_them_with_a_lie() {
    let (_simulator, cluster) = empty().await;
    cluster.apply(pod(true));
    let client = Client::admin(&cluster);
    let path = format!("{LOG}?follow=true");
    let mut log = client.send("GET", &path, "", String::new()).await;
    cluster.faults().eof_logs();
    assert!(log.frame().await.is_none());
    let mut log = client.send("GET", &path, "", String::new()).await;
    cluster.faults().cut_streams();
    assert!(log.frame().await.unwrap().is_err());
}

#[tokio::test]
async fn a_stalled_stream_is_silent_until_it_flows_or_is_cut() {
    let (_simulator, cluster) = empty().await;
    cluster.apply(pod(true));
    let client = Client::admin(&cluster);
    let path = format!("{LOG}?follow=true");
    let mut log = client.send("GET", &path, "", String::new()).await;
    let mut other = client.send("GET", &path, "", String::new()).await;
    cluster.faults().stall_streams(true);
    cluster.append_log("shop", "api-0", "api", "held");
    assert!(futures::FutureExt::now_or_never(log.frame()).is_none());
    cluster.faults().stall_streams(false);
    assert_eq!(log.frame().await.unwrap().unwrap().into_data().unwrap(), "held\n");
    assert_eq!(other.frame().await.unwrap().unwrap().into_data().unwrap(), "held\n");
    cluster.faults().stall_streams(true);
    cluster.faults().cut_streams();
    assert!(other.frame().await.unwrap().is_err());
}

#[tokio::test]
async fn a_cluster_that_is_down_refuses_and_comes_back_on_the_same_address() {
    let (_simulator, cluster) = empty().await;
    let address = cluster.url().trim_start_matches("http://").to_owned();
    let client = Client::admin(&cluster);
    let mut watch = client.send("GET", "/api/v1/pods?watch=true", "", String::new()).await;
    cluster.faults().set_down(true);
    assert!(watch.frame().await.unwrap().is_err());
    assert_eq!(TcpStream::connect(&address).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    cluster.faults().set_down(false);
    let back = async {
        while TcpStream::connect(&address).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), back).await.unwrap();
    assert_eq!(client.get("/version").await.1["gitVersion"], "v1.36.3");
}

#[tokio::test]
async fn rights_and_denials_are_answered_with_403() {
    let (_simulator, cluster) = empty().await;
    let viewer = Client::new(&cluster, Rights::Viewer);
    assert_eq!(viewer.get("/api/v1/pods").await.0, StatusCode::OK);
    let (status, refused) = viewer.get("/api/v1/namespaces/shop/secrets/s").await;
    assert_eq!((status, &refused["reason"]), (StatusCode::FORBIDDEN, &json!("Forbidden")));
    assert_eq!(
        refused["message"],
        "secrets \"s\" is forbidden: User \"viewer\" cannot get resource \"secrets\" in API group \"\" in the \
         namespace \"shop\""
    );
    let patch = format!("{KUSTOMIZATIONS}/apps?dryRun=All");
    let (status, _) = viewer.call("PATCH", &patch, "application/merge-patch+json", json!({})).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    cluster.faults().deny("pods");
    assert_eq!(Client::admin(&cluster).get("/api/v1/pods").await.0, StatusCode::FORBIDDEN);
    cluster.faults().allow("pods");
    assert_eq!(Client::admin(&cluster).get("/api/v1/pods").await.0, StatusCode::OK);
    let stranger = Client { cluster: cluster.clone(), token: "wrong".to_owned() };
    assert_eq!(stranger.get("/api/v1/pods").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn reviews_answer_what_the_caller_may_do() {
    let (_simulator, cluster) = empty().await;
    let viewer = Client::new(&cluster, Rights::Viewer);
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let ask = |verb: &str, resource: &str, subresource: &str| {
        json!({"spec": {"resourceAttributes": {"verb": verb, "group": "", "resource": resource,
            "subresource": subresource}}})
    };
    for (verb, resource, subresource, allowed) in
        [("get", "pods", "log", true), ("get", "secrets", "", false), ("delete", "pods", "", false)]
    {
        let (_, review) = viewer.call("POST", path, "application/json", ask(verb, resource, subresource)).await;
        assert_eq!(review["status"]["allowed"], allowed, "{verb} {resource} {subresource}");
    }
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let (_, review) = viewer.call("POST", path, "application/json", json!({})).await;
    assert_eq!(review["status"]["userInfo"]["username"], "viewer");
}

fn deployment(replicas: u64) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": "shop"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "api"}}, "template": {
            "metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"name": "api", "image": "api:1"}]}}}})
}

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/shop/deployments/api";
const APPLY: &str = "application/apply-patch+yaml";

#[tokio::test]
async fn a_dry_run_apply_answers_the_merged_object_and_stores_nothing() {
    let (_simulator, cluster) = empty().await;
    let client = Client::admin(&cluster);
    let dry = format!("{DEPLOYMENT}?dryRun=All&force=true&fieldManager=kustomize-controller");
    let (status, created) = client.call("PATCH", &dry, APPLY, deployment(2)).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(created["metadata"]["resourceVersion"], Value::Null);
    assert_eq!(cluster.get("Deployment", "shop", "api"), None);

    let real = format!("{DEPLOYMENT}?force=true&fieldManager=kustomize-controller");
    let (_, live) = client.call("PATCH", &real, APPLY, deployment(2)).await;
    assert_eq!(live["metadata"]["generation"], 1);
    cluster.edit("Deployment", "shop", "api", "kubectl-edit", &json!({"spec": {"replicas": 5}})).unwrap();
    let edited = cluster.get("Deployment", "shop", "api").unwrap();
    assert_eq!(edited["metadata"]["generation"], 2);
    assert_eq!(edited["metadata"]["managedFields"][1]["manager"], "kubectl-edit");
    let (status, predicted) = client.call("PATCH", &dry, APPLY, deployment(2)).await;
    assert_eq!((status, &predicted["spec"]["replicas"]), (StatusCode::OK, &json!(2)));
    assert_eq!(predicted["spec"]["progressDeadlineSeconds"], 600);
    assert_eq!(cluster.get("Deployment", "shop", "api").unwrap(), edited);

    let gentle = format!("{DEPLOYMENT}?dryRun=All&fieldManager=kustomize-controller");
    let (status, conflict) = client.call("PATCH", &gentle, APPLY, deployment(2)).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(conflict["details"]["causes"][0]["field"], ".spec.replicas");
}

#[tokio::test]
async fn patches_of_all_kinds_are_understood_and_recorded() {
    let (_simulator, cluster) = empty().await;
    cluster.apply(deployment(2));
    cluster.clear_requests();
    let client = Client::admin(&cluster);
    let path = format!("{DEPLOYMENT}?fieldManager=tester");
    let merge = json!({"metadata": {"annotations": {"a": "b"}}});
    let (_, object) = client.call("PATCH", &path, "application/merge-patch+json", merge).await;
    assert_eq!(object["metadata"]["annotations"]["a"], "b");
    let json_patch = json!([{"op": "replace", "path": "/spec/replicas", "value": 3}]);
    let (_, object) = client.call("PATCH", &path, "application/json-patch+json", json_patch).await;
    assert_eq!((&object["spec"]["replicas"], &object["metadata"]["generation"]), (&json!(3), &json!(2)));
    let strategic = json!({"spec": {"template": {"spec": {"containers": [{"name": "log", "image": "log:1"}]}}}});
    let (_, object) = client.call("PATCH", &path, "application/strategic-merge-patch+json", strategic).await;
    assert_eq!(object["spec"]["template"]["spec"]["containers"].as_array().unwrap().len(), 2);
    let scale = json!({"spec": {"replicas": 7}});
    let path = format!("{DEPLOYMENT}/scale?fieldManager=tester");
    let (_, scaled) = client.call("PATCH", &path, "application/merge-patch+json", scale).await;
    assert_eq!((&scaled["kind"], &scaled["spec"]["replicas"]), (&json!("Scale"), &json!(7)));
    let requests = cluster.requests();
    assert_eq!(requests.len(), 4);
    assert_eq!(requests[0].method, "PATCH");
    assert_eq!(requests[0].query, "fieldManager=tester");
    assert_eq!(requests[0].content_type, "application/merge-patch+json");
}

#[tokio::test]
async fn an_artifact_is_served_as_its_source_says() {
    let simulator = Simulator::start(vec![ClusterSpec::demo("staging", 1)]).await.unwrap();
    let cluster = &simulator.clusters()[0];
    let artifact = cluster.get("GitRepository", "flux-system", "platform").unwrap()["status"]["artifact"].clone();
    let path = format!(
        "/api/v1/namespaces/flux-system/services/http:source-controller:80/proxy/{}",
        artifact["path"].as_str().unwrap()
    );
    let response = Client::admin(cluster).send("GET", &path, "", String::new()).await;
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(artifact["digest"], format!("sha256:{digest}"));
    assert_eq!(artifact["size"], bytes.len());
    assert_eq!(Client::new(cluster, Rights::Viewer).get(&path).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn unknown_paths_and_a_cluster_without_flux_answer_404() {
    let mut spec = ClusterSpec::empty("bare");
    spec.flux_version = None;
    let simulator = Simulator::start(vec![spec]).await.unwrap();
    let client = Client::admin(&simulator.clusters()[0]);
    assert_eq!(client.get(KUSTOMIZATIONS).await.0, StatusCode::NOT_FOUND);
    assert_eq!(client.get("/apis/example.com/v1/widgets").await.0, StatusCode::NOT_FOUND);
    let (_, groups) = client.get("/apis").await;
    assert!(!groups.to_string().contains("fluxcd"));
}
