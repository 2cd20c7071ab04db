//! Who holds a connection without using it, and who comes when there is no room.

use std::time::Duration;

use server::http::listener::Limits;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::peer::{PATIENCE, rest, served};

const GET: &str = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
const CLOSE: &str = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

fn hurried() -> Limits {
    Limits { head: Duration::from_millis(200), write: Duration::from_millis(200), ..Limits::default() }
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let served = served(hurried(), 10, 10, None).await;
    let mut slow = served.connect("GET / HTTP/1.1\r\nho").await;
    let (mut read, mut write) = slow.split();
    let drip = async {
        // One byte each time the server has had time to read the last one; ends when the server has closed.
        while write.write_all(b"x").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    let mut answer = Vec::new();
    tokio::select! {
        () = drip => {}
        end = timeout(PATIENCE, read.read_to_end(&mut answer)) => drop(end.expect("the server closes")),
    }
    served.until_open(0).await;
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_not_waited_for() {
    let served = served(hurried(), 10, 10, None).await;
    let mut silent = served.connect("").await;
    assert_eq!(rest(&mut silent).await, "");
    let mut idle = served.connect(GET).await;
    let answer = rest(&mut idle).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("hello"), "{answer}");
    served.until_open(0).await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_its_answer_is_cut_off() {
    let served = served(hurried(), 10, 10, None).await;
    let greedy = served.connect("GET /endless HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    served.until_open(1).await;
    served.until_open(0).await;
    drop(greedy);
}

#[tokio::test]
async fn a_connection_too_many_is_refused_in_words_and_counted() {
    let served = served(Limits::default(), 3, 2, None).await;
    let first = served.connect("").await;
    let second = served.connect("").await;
    served.until_open(2).await;
    let refused = rest(&mut served.connect(CLOSE).await).await;
    let (head, body) = refused.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("retry-after: 5"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).expect("the envelope");
    assert_eq!(body["code"], "too_many");
    let counts = served.admission.counts();
    assert_eq!((counts.refused_total, counts.refused_by_address), (0, 1));
    drop(first);
    served.until_open(1).await;
    assert!(rest(&mut served.connect(CLOSE).await).await.ends_with("hello"), "the place is free again");
    drop(second);
}

#[tokio::test]
async fn at_the_end_idle_connections_close_and_open_requests_finish() {
    let served = served(Limits::default(), 10, 10, None).await;
    let mut idle = served.connect(GET).await;
    let mut start = [0; 15];
    idle.read_exact(&mut start).await.expect("an answer");
    let mut open = served.connect("POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\nab").await;
    served.until_open(2).await;
    served.stop.cancel();
    rest(&mut idle).await;
    let refused = async { while TcpStream::connect(served.address).await.is_ok() {} };
    timeout(PATIENCE, refused).await.expect("nothing new is taken");
    open.write_all(b"cd").await.expect("the request is still read");
    assert!(rest(&mut open).await.ends_with("abcd"));
    timeout(PATIENCE, served.task).await.expect("the listener ends").expect("without a panic");
}
