//! Frames of the sockets: rubbish ends its own connection or is answered, and nobody else notices.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use domain::protocol::logs::JSON_PROTOCOL;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{site, still_answers};
use crate::site::Site;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Far more than anything here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(60);
const WATCH: &str = "/api/v1/watch";
const LOGS: &str = "/api/v1/logs/stream";

/// A listener for the length of the test.
async fn listen(site: &Site) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let service = site.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

async fn connect(address: SocketAddr, path: &str) -> Socket {
    let mut request = format!("ws://{address}{path}").into_client_request().expect("an address");
    if path == LOGS {
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, JSON_PROTOCOL.parse().expect("a header"));
    }
    connect_async(request).await.expect("the server takes sockets").0
}

fn nested(open: &str, close: &str) -> String {
    format!("{}{}", open.repeat(10_000), close.repeat(10_000))
}

fn frames() -> Vec<(&'static str, Message)> {
    let list = |query: Value| json!({"type": "subscribe", "id": 1, "topic": "list", "query": query}).to_string();
    let object = |name: String| {
        let object = json!({"cluster": "prod", "group": "", "kind": "Secret", "namespace": name, "name": name});
        json!({"type": "subscribe", "id": 1, "topic": "object", "object": object}).to_string()
    };
    vec![
        ("nothing", Message::text("")),
        ("no json", Message::text("{[}]")),
        ("a number", Message::text("1e999")),
        ("null", Message::text("null")),
        ("an unknown type", Message::text(r#"{"type": "dance"}"#)),
        ("a type that is no text", Message::text(r#"{"type": {"type": "subscribe"}}"#)),
        ("no topic", Message::text(r#"{"type": "subscribe", "id": 1}"#)),
        ("an unknown topic", Message::text(r#"{"type": "subscribe", "id": 1, "topic": "secrets"}"#)),
        ("an id that is too large", Message::text(r#"{"type": "subscribe", "id": 4294967296, "topic": "fleet"}"#)),
        ("an id below zero", Message::text(r#"{"type": "unsubscribe", "id": -1}"#)),
        ("deep lists", Message::text(nested("[", "]"))),
        ("deep objects", Message::text(format!(r#"{{"type": "start", "query": {}}}"#, nested(r#"{"a":"#, "}")))),
        ("a limit beyond all", Message::text(list(json!({"limit": u64::MAX, "offset": u64::MAX})))),
        ("a limit below zero", Message::text(list(json!({"limit": -1})))),
        ("a filter of stars", Message::text(list(json!({"kind": "*".repeat(50_000), "q": "a ".repeat(20_000)})))),
        ("an object of no name", Message::text(object(String::new()))),
        ("an object above", Message::text(object("../..".to_owned()))),
        ("an object with zeros", Message::text(object("\0\u{202e}".to_owned()))),
        (
            "a cluster that is not there",
            Message::text(r#"{"type": "subscribe", "id": 1, "topic": "cluster", "cluster": "x"}"#),
        ),
        (
            "a start with rubbish",
            Message::text(r#"{"type": "start", "query": {"label_selector": "(((", "tail_lines": 1}}"#),
        ),
        ("an acknowledgement of nothing", Message::text(r#"{"type": "ack", "batch": 18446744073709551615}"#)),
        ("bytes", Message::binary(vec![0xff; 1_024])),
        ("gzip", Message::binary(vec![0x1f, 0x8b, 8, 0])),
        ("more than a message may be", Message::text("x".repeat(200_000))),
        ("many bytes", Message::binary(vec![0; 1 << 20])),
        ("a ping", Message::Ping(vec![0; 125].into())),
        ("a pong that nobody asked for", Message::Pong(vec![1; 125].into())),
        (
            "a continuation of nothing",
            Message::Frame(Frame::message(vec![1, 2, 3], OpCode::Data(Data::Continue), true)),
        ),
        ("text that is no utf-8", Message::Frame(Frame::message(vec![0xff, 0xfe], OpCode::Data(Data::Text), true))),
        ("a beginning without an end", Message::Frame(Frame::message(vec![b'{'], OpCode::Data(Data::Text), false))),
        ("an operation that is none", Message::Frame(Frame::message(vec![0], OpCode::Data(Data::Reserved(5)), true))),
    ]
}

/// Whether the server still converses on this connection, after everything that it has to say about what came before.
async fn still_converses(socket: &mut Socket) -> bool {
    if socket.send(Message::Ping(b"there?".to_vec().into())).await.is_err() {
        return false;
    }
    loop {
        match timeout(PATIENCE, socket.next()).await.expect("an answer or the end") {
            Some(Ok(Message::Pong(payload))) if payload.as_ref() == b"there?" => return true,
            Some(Ok(Message::Text(text))) => {
                let message: Value = serde_json::from_str(&text).expect("JSON");
                if message["type"] == "failed" {
                    let code = message["error"]["code"].as_str().expect("a code");
                    assert!(code != "internal", "{message}");
                }
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => return false,
            Some(Ok(_)) => {}
        }
    }
}

#[tokio::test]
async fn no_frame_hurts_more_than_its_own_connection() {
    let site = site().await;
    let address = listen(&site).await;
    let mut bystander = connect(address, WATCH).await;
    for path in [WATCH, LOGS] {
        for (case, frame) in frames() {
            let mut socket = connect(address, path).await;
            // The server may have hung up before all of a large frame was written.
            if socket.send(frame).await.is_ok() {
                still_converses(&mut socket).await;
            }
            assert!(still_converses(&mut bystander).await, "{path}: {case}");
        }
    }
    still_answers(&site).await;
}

#[tokio::test]
async fn many_subscriptions_are_refused_on_a_connection_that_stands() {
    let site = site().await;
    let address = listen(&site).await;
    let mut socket = connect(address, WATCH).await;
    for id in 0..200 {
        let subscribe = json!({"type": "subscribe", "id": id, "topic": "fleet"}).to_string();
        socket.send(Message::text(subscribe)).await.expect("the server reads");
    }
    let mut refused = 0;
    while refused < 200 - 64 {
        let message = timeout(PATIENCE, socket.next()).await.expect("an answer").expect("it stands").expect("a frame");
        let Message::Text(text) = message else { continue };
        let message: Value = serde_json::from_str(&text).expect("JSON");
        refused += usize::from(message["error"]["code"] == "too_many");
    }
    assert!(still_converses(&mut socket).await);
    still_answers(&site).await;
}
