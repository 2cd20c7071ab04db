//! How a server ends: in order at the first signal, at once at the second. And what it logs of a request.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::child::{PATIENCE, Server};

async fn ask(address: &str, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let request = format!("{head} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    rest(&mut stream).await
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server answers").expect("whole");
    String::from_utf8(answer).expect("a text")
}

/// A request of which half has been sent.
async fn half_a_request(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let head = format!(
        "POST /api/v1/clusters/probe HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: 31\r\n\r\n{{\"name\": \"a\", "
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    stream
}

async fn until_not_ready(admin: &str) -> String {
    loop {
        let answer = ask(admin, "GET /readyz").await;
        if answer.starts_with("HTTP/1.1 503") {
            return answer;
        }
    }
}

#[tokio::test]
async fn at_sigterm_readiness_fails_sockets_are_told_to_come_back_and_open_requests_finish() {
    let folder = TempDir::new().expect("a folder");
    let mut server = Server::start(&folder, &["--admin-listen", "127.0.0.1:0", "--drain-delay-seconds", "5"]);
    let admin = server.address("probes on");
    let main = server.address("listening on");
    assert!(ask(&main, "GET /livez").await.starts_with("HTTP/1.1 404"), "the probes are elsewhere");
    let (mut socket, _) = connect_async(format!("ws://{main}/api/v1/watch")).await.expect("the server takes sockets");
    let subscribe = json!({"type": "subscribe", "id": 1, "topic": "clusters"});
    socket.send(Message::text(subscribe.to_string())).await.expect("the server reads");
    let mut open = half_a_request(&main).await;
    assert!(ask(&main, "GET /api/v1/fleet").await.starts_with("HTTP/1.1 200"));

    server.signal("TERM");
    let not_ready = timeout(PATIENCE, until_not_ready(&admin)).await.expect("readiness fails");
    assert!(not_ready.contains("the server is stopping"), "{not_ready}");
    assert!(ask(&main, "GET /api/v1/fleet").await.starts_with("HTTP/1.1 200"), "requests are taken a little longer");
    let last = loop {
        let message = timeout(PATIENCE, socket.next()).await.expect("a message").expect("a close frame first");
        if let Message::Close(frame) = message.expect("a whole frame") {
            break frame.expect("a reason");
        }
    };
    assert_eq!((u16::from(last.code), last.reason.as_str()), (1012, "the server is restarting"));
    open.write_all(b"\"kubeconfig\": \"\"}").await.expect("the request is still read");
    let answer = rest(&mut open).await;
    assert!(answer.starts_with("HTTP/1.1 2") && answer.contains("parsed"), "{answer}");
    assert!(server.end().success());
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let folder = TempDir::new().expect("a folder");
    let mut server = Server::start(&folder, &["--admin-listen", "127.0.0.1:0"]);
    let admin = server.address("probes on");
    let main = server.address("listening on");
    let open = half_a_request(&main).await;
    server.signal("TERM");
    timeout(PATIENCE, until_not_ready(&admin)).await.expect("readiness fails");
    let began = std::time::Instant::now();
    server.signal("TERM");
    assert_eq!(server.end().code(), Some(143));
    assert!(began.elapsed() < Duration::from_secs(15), "the open request would have held it for longer");
    drop(open);
}

#[tokio::test]
async fn a_request_is_one_line_of_the_log_without_what_it_asked_for() {
    let folder = TempDir::new().expect("a folder");
    let mut server = Server::start(&folder, &[]);
    let main = server.address("listening on");
    let answer = ask(&main, "GET /api/v1/clusters/secret-name?token=secret-token").await;
    let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).expect("an id").trim().to_owned();
    let line = server.line(|line| line["message"] == "request");
    assert_eq!(
        json!([line["method"], line["route"], line["status"], line["request_id"], line["caller"], line["remote"]]),
        json!(["GET", "/api/v1/clusters/{id}", 404, id, "anonymous", "127.0.0.1"])
    );
    assert!(line["millis"].is_u64(), "{line}");
    server.signal("INT");
    assert!(server.end().success());
    assert!(!server.seen.iter().any(|line| line.contains("secret")), "{:#?}", server.seen);
}
