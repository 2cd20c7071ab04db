//! The listener: accepts connections, speaks TLS where there is a certificate, and serves HTTP/1.1 and HTTP/2.
//!
//! A peer can hold little for long: connections are counted in total and by address ([`admission`]), a handshake, the
//! head of a request and an idle connection have time limits, and a peer that does not read what it asked for is cut off
//! ([`stream`]), sockets included. Ends in order: no new connection, then what is under way finishes.

pub mod admission;
mod stream;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use self::admission::{Admission, Permit, Refusal};
use self::stream::Guarded;
use super::arrival::OverTls;
use super::tls::Configs;

/// Pause after the system gave no connection, for instance for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);
/// What a refused peer gets to read the refusal.
const REFUSAL: Duration = Duration::from_secs(1);

/// How long a peer may take for what.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub handshake: Duration,
    /// From the end of the last response, or the beginning of the connection, to the end of the request's head. So it
    /// also ends a connection that is kept open for nothing.
    pub head: Duration,
    /// Without being able to write a byte to the peer.
    pub write: Duration,
    /// Between a ping and its answer, on HTTP/2.
    pub pong: Duration,
    /// Requests at the same time on one HTTP/2 connection.
    pub streams: u32,
    /// Bytes of a request's head.
    pub head_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            write: Duration::from_secs(30),
            pong: Duration::from_secs(20),
            streams: 128,
            head_bytes: 64 * 1024,
        }
    }
}

/// Everything that a listener needs beside its socket.
#[derive(Clone)]
pub struct Serving {
    pub router: Router,
    /// `None` for plain HTTP.
    pub tls: Option<Configs>,
    pub admission: Arc<Admission>,
    pub limits: Limits,
}

/// Serves until `stop`, then waits for the requests under way. Sockets have left their connection by then; whoever
/// answers for them waits for them.
pub async fn serve(listener: TcpListener, serving: Serving, stop: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection(stream, peer, serving.clone(), stop.clone());
                connections.spawn(connection);
            }
            Err(error) if is_of_the_peer(&error) => tracing::debug!(%error, "a connection ended before it began"),
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(mut stream: TcpStream, peer: SocketAddr, serving: Serving, stop: CancellationToken) {
    let permit = match serving.admission.admit(peer.ip()) {
        Ok(permit) => permit,
        Err(refusal) => {
            // On TLS a closed connection has to do: a handshake for everybody who is refused would be the larger load.
            if serving.tls.is_none() {
                refuse(&mut stream, refusal).await;
            }
            return;
        }
    };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection could not be told to write at once");
    }
    let stream = Guarded::new(stream, serving.limits.write, permit);
    let Some(configs) = &serving.tls else {
        return serve_http1(stream, peer, serving.router, serving.limits, stop, false).await;
    };
    let config = Arc::clone(&configs.borrow());
    let handshake = TlsAcceptor::from(config).accept(stream);
    match tokio::time::timeout(serving.limits.handshake, handshake).await {
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
            serve_http2(stream, peer, serving.router, serving.limits, stop).await;
        }
        Ok(Ok(stream)) => serve_http1(stream, peer, serving.router, serving.limits, stop, true).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
    }
}

/// In the envelope of every other error, then closed.
async fn refuse(stream: &mut TcpStream, refusal: Refusal) {
    let body = format!(r#"{{"code":"too_many","message":"{}","request_id":""}}"#, refusal.message());
    let response = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         retry-after: 5\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = async {
        stream.write_all(response.as_bytes()).await?;
        stream.shutdown().await?;
        // Closed with bytes unread, the peer would get a reset and might never see the answer.
        tokio::io::copy(stream, &mut tokio::io::sink()).await
    };
    if tokio::time::timeout(REFUSAL, answer).await.is_err() {
        tracing::debug!("a refused peer did not go away by itself");
    }
}

async fn serve_http1<S>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
    over_tls: bool,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(router.clone(), request, peer, over_tls));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(limits.head_bytes as usize)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

async fn serve_http2<S>(stream: S, peer: SocketAddr, router: Router, limits: Limits, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(router.clone(), request, peer, true));
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.head_bytes)
        .keep_alive_interval(limits.head)
        .keep_alive_timeout(limits.pong)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

async fn answer(
    mut router: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
    over_tls: bool,
) -> Result<axum::response::Response, std::convert::Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    if over_tls {
        request.extensions_mut().insert(OverTls);
    }
    // A router is always ready.
    router.call(request).await
}
