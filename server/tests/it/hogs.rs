//! Peers that take and never give back: sockets that are not read, over a real listener with short patience.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use server::http::listener::admission::Admission;
use server::http::listener::{Limits, Serving, serve};
use server::http::proxy::TrustedProxies;
use simulator::ClusterSpec;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::site::Site;

/// Far more than anything here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(120);
const HOGS: usize = 500;
/// Bytes of a socket buffer, so that a snapshot does not fit into what the kernel takes.
const SMALL: u32 = 4 * 1024;
/// Rows of the list that everybody follows.
const ROWS: usize = 200;
/// The ring of notices, of which the slowest listener may be so many behind.
const MOST_NOTICES: f64 = 4096.0;

fn kustomization(number: usize, ready: &str) -> Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": format!("shop-{number}"), "namespace": "apps"}, "spec": {"path": "./apps", "prune": true},
        "status": {"conditions": [{"type": "Ready", "status": ready, "reason": "Any", "message": "what happened",
            "lastTransitionTime": "2026-01-02T03:04:05Z"}]},
    })
}

fn listener() -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_send_buffer_size(SMALL).expect("a size that is allowed");
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
    socket.listen(1024).expect("a free port")
}

/// Subscribed to the list; nothing has been read after the handshake.
async fn subscriber(address: SocketAddr) -> WebSocketStream<TcpStream> {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(SMALL).expect("a size that is allowed");
    let stream = socket.connect(address).await.expect("the server listens");
    let (mut socket, _) =
        client_async(format!("ws://{address}/api/v1/watch"), stream).await.expect("the server takes sockets");
    let query = json!({"kind": "Kustomization", "limit": ROWS});
    let subscribe = json!({"type": "subscribe", "id": 1, "topic": "list", "query": query});
    socket.send(Message::text(subscribe.to_string())).await.expect("the server reads");
    socket
}

async fn message_of(socket: &mut WebSocketStream<TcpStream>, kind: &str) -> Value {
    loop {
        let message = timeout(PATIENCE, socket.next()).await.expect("a message").expect("the server is there");
        if let Message::Text(text) = message.expect("a whole frame") {
            let message: Value = serde_json::from_str(&text).expect("JSON");
            if message["type"] == kind {
                return message;
            }
        }
    }
}

fn queued_notices(metrics: &str) -> f64 {
    let line = metrics.lines().find(|line| line.contains("notices_queued") && !line.starts_with('#'));
    line.and_then(|line| line.rsplit(' ').next()).and_then(|value| value.parse().ok()).expect("the gauge is shown")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_that_never_read_are_cut_off_and_hold_nobody_up() {
    let site = Site::open(vec![ClusterSpec::empty("prod")]).await;
    for number in 0..ROWS {
        site.simulated("prod").apply(kustomization(number, "True"));
    }
    site.register("prod").await;
    let listener = listener();
    let address = listener.local_addr().expect("it is bound");
    let admission = Admission::new(2000, 2000, TrustedProxies::default());
    let serving = Serving {
        router: site.router.clone(),
        tls: None,
        admission: admission.clone(),
        limits: Limits { write: Duration::from_millis(300), ..Limits::default() },
    };
    let server = tokio::spawn(serve(listener, serving, site.stopping.clone()));

    let mut reader = subscriber(address).await;
    message_of(&mut reader, "snapshot").await;
    let mut hogs = Vec::with_capacity(HOGS);
    for _ in 0..HOGS {
        hogs.push(subscriber(address).await);
    }
    for number in 0..ROWS {
        site.simulated("prod").apply(kustomization(number, "False"));
    }
    // Whoever reads is served, whatever the others do.
    loop {
        let delta = message_of(&mut reader, "delta").await;
        if delta["counts"]["failed"] == ROWS {
            break;
        }
    }
    assert!(queued_notices(&site.get("/metrics").await.text) <= MOST_NOTICES);
    drop(reader);
    // The hogs are still there; the server has let go of them all the same.
    site.state.sockets.close();
    timeout(PATIENCE, site.state.sockets.wait()).await.expect("every hog is cut off");
    assert_eq!(hogs.len(), HOGS);
    site.stopping.cancel();
    timeout(PATIENCE, server).await.expect("the listener ends").expect("without a panic");
    assert_eq!(admission.counts().open, 0, "every place was given back");
}
