//! Both sockets over a real connection.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use simulator::{Cluster, ClusterSpec};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::site::Site;

/// Far more than anything here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(60);
const LOGS: &str = "flux-logs.v0.json";

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Of a server that listens for the length of the test.
    async fn connect(site: &Site, path: &str, protocol: Option<&'static str>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let service = site.router.clone().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let mut request = format!("ws://{address}{path}").into_client_request().expect("an address");
        if let Some(protocol) = protocol {
            request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, protocol.parse().expect("a header"));
        }
        let (socket, response) = connect_async(request).await.expect("the server takes sockets");
        let agreed = response.headers().get(SEC_WEBSOCKET_PROTOCOL).and_then(|agreed| agreed.to_str().ok());
        assert_eq!(agreed, protocol);
        Self(socket)
    }

    async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("the server reads");
    }

    async fn next(&mut self) -> Message {
        timeout(PATIENCE, self.0.next()).await.expect("a message").expect("the server is there").expect("a whole frame")
    }

    async fn message(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.next().await {
                return serde_json::from_str(&text).expect("JSON");
            }
        }
    }

    /// The next message of this type; others are passed over.
    async fn message_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.message().await;
            if message["type"] == kind {
                return message;
            }
        }
    }
}

fn kustomization(ready: &str) -> Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "shop", "namespace": "apps"}, "spec": {"path": "./apps", "prune": true},
        "status": {"conditions": [{"type": "Ready", "status": ready, "reason": "Any", "message": "what happened",
            "lastTransitionTime": "2026-01-02T03:04:05Z"}]},
    })
}

async fn prod(prepare: impl FnOnce(&Cluster)) -> Site {
    let site = Site::open(vec![ClusterSpec::empty("prod")]).await;
    prepare(site.simulated("prod"));
    site.register("prod").await;
    site
}

#[tokio::test]
async fn a_list_is_a_snapshot_and_then_what_changes() {
    let site = prod(|cluster| drop(cluster.apply(kustomization("True")))).await;
    let mut socket = Socket::connect(&site, "/api/v1/watch", None).await;
    assert_eq!(socket.message().await, json!({"type": "hello", "build": "test", "epoch": 1}));
    socket.send(json!({"type": "subscribe", "id": 7, "topic": "list", "query": {"kind": "Kustomization"}})).await;
    let snapshot = socket.message().await;
    assert_eq!(json!([snapshot["type"], snapshot["id"], snapshot["topic"]]), json!(["snapshot", 7, "list"]));
    let rows = snapshot["data"]["rows"].as_array().expect("rows");
    assert_eq!((rows.len(), &rows[0]["object"]["name"], &rows[0]["status"]), (1, &json!("shop"), &json!("ready")));

    site.simulated("prod").apply(kustomization("False"));
    let delta = socket.message().await;
    assert_eq!(json!([delta["type"], delta["id"]]), json!(["delta", 7]), "{delta}");
    assert_eq!(delta["seq"].as_u64(), snapshot["seq"].as_u64().map(|seq| seq + 1));
    assert_eq!((&delta["rows"][0]["status"], &delta["counts"]["failed"]), (&json!("failed"), &json!(1)));
}

#[tokio::test]
async fn what_the_watch_cannot_do_is_said_and_the_socket_goes_on() {
    let site = prod(|_| ()).await;
    let mut socket = Socket::connect(&site, "/api/v1/watch", None).await;
    socket.message_of("hello").await;
    socket.send(json!({"type": "dance"})).await;
    let refused = socket.message().await;
    assert_eq!(json!([refused["type"], refused["error"]["code"]]), json!(["failed", "invalid"]));
    socket.send(json!({"type": "subscribe", "id": 1, "topic": "clusters"})).await;
    assert_eq!(socket.message_of("snapshot").await["data"][0]["id"], "prod");
    site.stopping.cancel();
    let last = loop {
        if let Message::Close(frame) = socket.next().await {
            break frame.expect("a reason");
        }
    };
    assert_eq!(u16::from(last.code), 1012);
}

#[tokio::test]
async fn log_lines_come_in_batches_that_are_acknowledged() {
    let site = prod(|cluster| {
        cluster.apply(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "source-controller-1", "namespace": "flux-system"},
            "spec": {"containers": [{"name": "manager", "image": "source-controller"}]},
            "status": {"phase": "Running", "containerStatuses": [{"name": "manager", "image": "source-controller",
                "imageID": "", "ready": true, "restartCount": 0,
                "state": {"running": {"startedAt": "2026-01-15T10:00:00Z"}}}]},
        }));
        cluster.append_log("flux-system", "source-controller-1", "manager", "first");
    })
    .await;
    let mut socket = Socket::connect(&site, "/api/v1/logs/stream", Some(LOGS)).await;
    socket.send(json!({"type": "start", "query": {}})).await;
    assert_eq!(socket.message().await["type"], "hello");
    for expected in ["first", "second", "third"] {
        let batch = socket.message_of("batch").await;
        let messages: Vec<&Value> =
            batch["lines"].as_array().expect("lines").iter().map(|line| &line["message"]).collect();
        assert_eq!(messages, [&json!(expected)]);
        socket.send(json!({"type": "ack", "batch": batch["batch"]})).await;
        let next = if expected == "first" { "second" } else { "third" };
        site.simulated("prod").append_log("flux-system", "source-controller-1", "manager", next);
    }
}

#[tokio::test]
async fn a_log_socket_that_does_not_begin_with_a_query_is_told_so() {
    let site = prod(|_| ()).await;
    let mut socket = Socket::connect(&site, "/api/v1/logs/stream", Some(LOGS)).await;
    socket.send(json!({"type": "ack", "batch": 1})).await;
    let refused = socket.message().await;
    assert_eq!(json!([refused["type"], refused["error"]["code"]]), json!(["failed", "invalid"]));
}
