//! Generated clusters: how many objects, how they change, and how another process steers them.

#![expect(clippy::unwrap_used, reason = "a fixture that fails is a failed test")]

use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use simulator::control::Control;
use simulator::world::churn::{Changed, Churn, Happening};
use simulator::{ClusterSpec, ObjectsSpec, Simulator};

async fn generated(seed: u64) -> Simulator {
    let spec = |name: &str| ClusterSpec { seed, ..ClusterSpec::generated(name, 100) };
    Simulator::start(vec![spec("edge-1"), spec("edge-2")]).await.unwrap()
}

/// What happened, without when.
fn described(change: &Changed) -> (Happening, String, String) {
    (change.happening, format!("{}/{}/{}", change.cluster, change.namespace, change.name), change.message.clone())
}

#[tokio::test]
async fn a_seed_replays_objects_and_their_changes() {
    let run = async |seed| {
        let simulator = generated(seed).await;
        let object = simulator.clusters()[0].get("Kustomization", "tenant-001", "app-05").unwrap();
        let mut churn = Churn::new(&simulator, seed);
        let changes: Vec<_> = (0..50).map(|_| described(&churn.step().unwrap())).collect();
        (object["status"]["lastAppliedRevision"].clone(), changes)
    };
    assert_eq!(run(3).await, run(3).await);
    assert_ne!(run(3).await, run(4).await);
}

#[tokio::test]
async fn a_change_is_what_the_object_shows() {
    let simulator = generated(1).await;
    let mut churn = Churn::new(&simulator, 1);
    for _ in 0..50 {
        let change = churn.visible_step().unwrap();
        let cluster = simulator.cluster(&change.cluster).unwrap();
        let object = cluster.get(&change.kind, &change.namespace, &change.name).unwrap();
        let ready = &object["status"]["conditions"][0];
        let expected = if change.happening == Happening::Failure { "False" } else { "True" };
        assert_eq!((&ready["message"], &ready["status"]), (&json!(change.message), &json!(expected)));
    }
}

#[tokio::test]
async fn a_cluster_that_was_not_generated_stays_still() {
    let simulator = Simulator::start(vec![ClusterSpec::empty("still")]).await.unwrap();
    assert_eq!(Churn::new(&simulator, 1).step(), None);
}

#[tokio::test]
async fn a_large_object_is_about_a_mebibyte() {
    let objects = ObjectsSpec::Generated { count: 10, large: 1 };
    let spec = ClusterSpec { objects, ..ClusterSpec::empty("large") };
    let simulator = Simulator::start(vec![spec]).await.unwrap();
    let bytes = |name| simulator.clusters()[0].get("Kustomization", "tenant-000", name).unwrap().to_string().len();
    assert!((700_000..1_500_000).contains(&bytes("app-03")), "{}", bytes("app-03"));
    assert!(bytes("app-04") < 3_000);
}

#[tokio::test]
async fn another_process_sees_what_is_there_and_brings_changes_about() {
    let control = Control::new(generated(1).await, 1);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = control.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let call = async |method: &str, path: &str| {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let io = hyper_util::rt::TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        let request = hyper::Request::builder().method(method).uri(path).header("host", "localhost");
        let request = request.body(http_body_util::Empty::<hyper::body::Bytes>::new()).unwrap();
        let body = sender.send_request(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    };
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    assert_eq!(json(call("GET", "/size").await)["objects"], 200);
    assert_eq!(call("GET", "/kubeconfig").await.matches("server: http://127.0.0.1").count(), 2);
    let change = json(call("POST", "/change").await);
    assert_eq!(json(call("GET", "/changes?after=0").await), json!([change]));
    assert_eq!(json(call("GET", "/changes?after=1").await), json!([]));
    assert_eq!(json(call("GET", "/requests").await), json!([]));
}
