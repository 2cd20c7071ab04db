//! Faults as a client meets them. No test waits for time to pass: runs are advanced by hand.

#![expect(clippy::unwrap_used, reason = "a fixture that fails is a failed test")]

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use simulator::{Cluster, ClusterSpec, Fault, FaultPlan, FaultRun, Reach, RequestKind, Simulator};
use tokio::net::TcpStream;

const KUSTOMIZATIONS: &str = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations";
const RELEASES: &str = "/apis/helm.toolkit.fluxcd.io/v2/helmreleases";

async fn simulator(objects: usize) -> (Simulator, Cluster) {
    let simulator = Simulator::start(vec![ClusterSpec::generated("edge", objects)]).await.unwrap();
    let cluster = simulator.clusters()[0].clone();
    (simulator, cluster)
}

/// A request on a connection of its own.
async fn get(cluster: &Cluster, path: &str) -> hyper::Result<Response<Incoming>> {
    let address = cluster.url().trim_start_matches("http://").to_owned();
    let kubeconfig = cluster.kubeconfig();
    let token = kubeconfig.split("token: ").nth(1).unwrap().trim();
    let stream = TcpStream::connect(&address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(path).header("host", &address).header("authorization", format!("Bearer {token}"));
    sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await
}

async fn status(cluster: &Cluster, path: &str) -> u16 {
    get(cluster, path).await.unwrap().status().as_u16()
}

async fn document(cluster: &Cluster, path: &str) -> Value {
    let body = get(cluster, path).await.unwrap().into_body().collect().await.unwrap();
    serde_json::from_slice(&body.to_bytes()).unwrap()
}

/// A watch of all Kustomizations from now on.
async fn watch(cluster: &Cluster) -> Incoming {
    let list = document(cluster, &format!("{KUSTOMIZATIONS}?limit=1")).await;
    let version = list["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    get(cluster, &format!("{KUSTOMIZATIONS}?watch=true&resourceVersion={version}")).await.unwrap().into_body()
}

fn suspend(cluster: &Cluster, suspend: bool) {
    cluster.edit("Kustomization", "tenant-000", "app-03", "tester", &json!({"spec": {"suspend": suspend}})).unwrap();
}

async fn frame(body: &mut Incoming) -> String {
    let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
    String::from_utf8(data.to_vec()).unwrap()
}

#[tokio::test]
async fn a_refused_request_is_told_when_to_come_back() {
    let (_simulator, cluster) = simulator(25).await;
    let fault =
        cluster.faults().begin(Fault::TooManyRequests { retry_after_seconds: 7 }, Reach::paths("*/helmreleases"));
    let refused = get(&cluster, RELEASES).await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    assert_eq!(status(&cluster, KUSTOMIZATIONS).await, 200);
    drop(fault);
    assert_eq!(status(&cluster, RELEASES).await, 200);
}

#[tokio::test]
async fn faults_answer_for_the_server() {
    let (_simulator, cluster) = simulator(25).await;
    for (fault, expected) in [(Fault::ServerError, 500), (Fault::Forbidden, 403), (Fault::Slow { millis: 1 }, 200)] {
        let active = cluster.faults().begin(fault, Reach::requests(RequestKind::List));
        assert_eq!(status(&cluster, RELEASES).await, expected);
        assert_eq!(status(&cluster, "/version").await, 200);
        drop(active);
    }
}

#[tokio::test]
async fn a_reset_reaches_new_requests_and_open_watches() {
    let (_simulator, cluster) = simulator(25).await;
    let mut watch = watch(&cluster).await;
    suspend(&cluster, true);
    assert!(frame(&mut watch).await.contains("MODIFIED"));
    let _fault = cluster.faults().begin(Fault::Reset, Reach::paths("/apis/kustomize*"));
    assert!(watch.frame().await.unwrap().is_err());
    assert!(get(&cluster, KUSTOMIZATIONS).await.is_err());
    assert_eq!(status(&cluster, RELEASES).await, 200);
}

#[tokio::test]
async fn a_blackhole_holds_requests_and_streams_until_it_is_over() {
    let (_simulator, cluster) = simulator(25).await;
    let mut watch = watch(&cluster).await;
    let fault = cluster.faults().begin(Fault::Blackhole, Reach::paths("*/kustomizations"));
    suspend(&cluster, true);
    {
        let held = pin!(get(&cluster, KUSTOMIZATIONS));
        let Either::Right((answered, held)) = select(held, pin!(status(&cluster, RELEASES))).await else {
            panic!("a blackhole answered")
        };
        assert_eq!(answered, 200);
        drop(fault);
        assert_eq!(held.await.unwrap().status(), 200);
    }
    assert!(frame(&mut watch).await.contains("MODIFIED"));
}

#[tokio::test]
async fn watches_are_gone_while_the_storm_lasts() {
    let (_simulator, cluster) = simulator(25).await;
    let mut open = watch(&cluster).await;
    let fault = cluster.faults().begin(Fault::Gone, Reach::default());
    for watch in [&mut open, &mut watch(&cluster).await] {
        let gone: Value = serde_json::from_str(&frame(watch).await).unwrap();
        assert_eq!((&gone["type"], &gone["object"]["code"]), (&json!("ERROR"), &json!(410)));
        assert!(watch.frame().await.is_none());
    }
    drop(fault);
    let mut watch = watch(&cluster).await;
    suspend(&cluster, true);
    assert!(frame(&mut watch).await.contains("MODIFIED"));
}

#[tokio::test]
async fn an_event_breaks_off_and_the_watch_ends_as_if_complete() {
    let (_simulator, cluster) = simulator(25).await;
    let mut watch = watch(&cluster).await;
    let _fault = cluster.faults().begin(Fault::TornJson, Reach::default());
    suspend(&cluster, true);
    assert!(serde_json::from_str::<Value>(&frame(&mut watch).await).is_err());
    assert!(watch.frame().await.is_none());
}

#[tokio::test]
async fn events_come_twice() {
    let (_simulator, cluster) = simulator(25).await;
    let mut watch = watch(&cluster).await;
    let _fault = cluster.faults().begin(Fault::Repeated, Reach::default());
    suspend(&cluster, true);
    assert_eq!(frame(&mut watch).await, frame(&mut watch).await);
}

#[tokio::test]
async fn a_list_expires_between_its_pages() {
    let (_simulator, cluster) = simulator(50).await;
    let first = document(&cluster, &format!("{KUSTOMIZATIONS}?limit=5")).await;
    let next = format!("{KUSTOMIZATIONS}?limit=5&continue={}", first["metadata"]["continue"].as_str().unwrap());
    let fault = cluster.faults().begin(Fault::ExpiredContinue, Reach::default());
    assert_eq!(status(&cluster, &next).await, 410);
    assert_eq!(status(&cluster, &format!("{KUSTOMIZATIONS}?limit=5")).await, 200);
    drop(fault);
    assert_eq!(status(&cluster, &next).await, 200);
}

#[tokio::test]
async fn a_throttled_body_is_whole() {
    let (_simulator, cluster) = simulator(50).await;
    let whole = document(&cluster, KUSTOMIZATIONS).await;
    let _fault = cluster.faults().begin(Fault::Throttle { bytes_per_second: 1_000_000 }, Reach::default());
    assert_eq!(document(&cluster, KUSTOMIZATIONS).await, whole);
}

#[tokio::test]
async fn a_skewed_clock_shows_in_the_date_and_in_what_is_written() {
    let (_simulator, cluster) = simulator(25).await;
    let year = 365 * 24 * 3_600_000;
    let _fault = cluster.faults().begin(Fault::ClockSkew { millis: -60 * year }, Reach::default());
    let date = get(&cluster, "/version").await.unwrap().headers()["date"].to_str().unwrap().to_owned();
    assert!(date.contains(" 196") || date.contains(" 197"), "{date}");
    let written = cluster.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "old"}}));
    assert!(written["metadata"]["creationTimestamp"].as_str().unwrap().starts_with("19"));
}

#[tokio::test]
async fn a_plan_is_carried_out_step_by_step() {
    let (simulator, cluster) = simulator(25).await;
    let plan: FaultPlan = serde_json::from_value(json!({"seed": 1, "steps": [
        {"at_ms": 100, "cluster": "edge", "fault": {"kind": "server_error"}, "for_ms": 100, "paths": "*/helmreleases"},
        {"at_ms": 200, "cluster": "*", "fault": {"kind": "down"}, "for_ms": 50},
    ]}))
    .unwrap();
    let mut run = FaultRun::new(&simulator, plan).unwrap();
    assert_eq!((run.next(), status(&cluster, RELEASES).await), (Some(Duration::from_millis(100)), 200));
    run.advance(Duration::from_millis(199));
    assert_eq!(status(&cluster, RELEASES).await, 500);
    run.advance(Duration::from_millis(250));
    assert_eq!(run.next(), None);
    let address = cluster.url().trim_start_matches("http://").to_owned();
    // The address is taken back by the listener's own pace.
    while TcpStream::connect(&address).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(status(&cluster, RELEASES).await, 200);
}

#[tokio::test]
async fn a_plan_for_an_unknown_cluster_is_refused() {
    let (simulator, _cluster) = simulator(1).await;
    let plan = FaultPlan::drawn(1, &["nowhere"], Duration::from_secs(1));
    assert_eq!(FaultRun::new(&simulator, plan).err().unwrap().to_string(), "no cluster nowhere is simulated");
}
