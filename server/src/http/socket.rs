//! Websockets: [`watch`] for what changes, [`logs`] for log lines.
//!
//! Both check where the page comes from before the upgrade, check the session again while they stand, ping a silent peer,
//! and end when the server drains. Buffers are small and bounded: a peer that does not read is cut off, not stored for.

pub mod logs;
pub mod watch;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::response::Response;
use domain::error::{ApiError, ErrorCode};
use fleet::access::Caller;
use fleet::metrics::Open;
use serde::Serialize;
use tokio::time::timeout;
use tracing::Instrument as _;

use super::arrival::Arrival;
use super::error::Failure;
use super::metrics::counters::COUNTERS;
use super::state::{AppState, Presented, Remote, SignedIn, caller};

/// A peer that has been silent this long is asked for a sign of life.
const PING: Duration = Duration::from_secs(20);
/// A peer that takes longer than this for one frame is gone.
const SEND: Duration = Duration::from_secs(10);
/// How often the session behind a socket is checked again.
const SESSION_CHECK: Duration = Duration::from_secs(60);
/// What a client may send in one message; subscriptions are small.
const MESSAGE_LIMIT: usize = 64 * 1024;
const READ_BUFFER: usize = 8 * 1024;
const WRITE_BUFFER_LIMIT: usize = 2 * 1024 * 1024;

/// Close codes, documented in `docs/api.md`.
const SERVICE_RESTART: u16 = 1012;
const POLICY: u16 = 1008;
const SESSION_ENDED: u16 = 4401;

/// An upgrade that passed the checks of its request.
pub struct Upgrade {
    upgrade: WebSocketUpgrade,
    peer: Peer,
}

/// Who stands behind a socket, and how to ask again.
#[derive(Clone)]
struct Peer {
    caller: Caller,
    presented: Option<Presented>,
    remote: Option<std::net::IpAddr>,
    /// Counts the socket while somebody stands behind it.
    _open: Arc<Open>,
}

impl Peer {
    /// Whether the session or API token still stands with the same rights.
    async fn still_signed_in(&self, state: &AppState) -> bool {
        caller(state, self.presented.as_ref(), self.remote).await.is_some_and(|now| {
            let request_id = self.caller.request_id.clone();
            Caller { request_id, ..now } == self.caller
        })
    }
}

impl FromRequestParts<AppState> for Upgrade {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Failure> {
        let Ok(arrival) = Arrival::from_request_parts(parts, state).await;
        if !state.edge.origins.accept_socket(&parts.headers, &arrival) {
            return Err(Failure(ApiError::new(ErrorCode::Forbidden, "Sockets open only for pages of this server.")));
        }
        let SignedIn(caller) = SignedIn::from_request_parts(parts, state).await?;
        let Ok(Remote(remote)) = Remote::from_request_parts(parts, state).await;
        let presented = parts.extensions.get::<Presented>().cloned();
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await.map_err(|rejection| {
            Failure(ApiError::new(ErrorCode::Invalid, format!("This path is a websocket: {}", rejection.body_text())))
        })?;
        let upgrade = upgrade
            .read_buffer_size(READ_BUFFER)
            .max_message_size(MESSAGE_LIMIT)
            .max_write_buffer_size(WRITE_BUFFER_LIMIT);
        let open = Arc::new(COUNTERS.socket(name(parts)));
        Ok(Self { upgrade, peer: Peer { caller, presented, remote, _open: open } })
    }
}

/// What the socket is called in the metrics.
fn name(parts: &Parts) -> &'static str {
    match parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str) {
        Some(path) if path.ends_with("/watch") => "watch",
        Some(path) if path.ends_with("/logs/stream") => "logs",
        _ => "other",
    }
}

impl Upgrade {
    /// Answers the request, and lets `converse` have the socket in a task that the drain waits for.
    fn run<F>(self, state: &AppState, converse: impl FnOnce(Peer, WebSocket) -> F + Send + 'static) -> Response
    where
        F: Future<Output = Result<(), PeerGone>> + Send + 'static,
    {
        let Self { upgrade, peer } = self;
        // Counted before the response is sent: a drain that begins in between waits, too.
        let open = state.sockets.token();
        let span = tracing::Span::current();
        upgrade.on_upgrade(move |socket| {
            let conversation = async move {
                if converse(peer, socket).await.is_err() {
                    tracing::debug!("a socket went away");
                }
                drop(open);
            };
            conversation.instrument(span)
        })
    }
}

/// The peer did not take the frame; nothing more can be said to it.
struct PeerGone;

async fn send(socket: &mut WebSocket, message: &impl Serialize) -> Result<(), PeerGone> {
    let text = serde_json::to_string(message).map_err(|error| {
        tracing::error!(%error, "a socket message could not be written");
        PeerGone
    })?;
    send_frame(socket, Message::Text(text.into())).await
}

async fn send_frame(socket: &mut WebSocket, frame: Message) -> Result<(), PeerGone> {
    let bytes = match &frame {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => 0,
    };
    match timeout(SEND, socket.send(frame)).await {
        Ok(Ok(())) => {
            COUNTERS.frame_sent(bytes);
            Ok(())
        }
        Ok(Err(_)) | Err(_) => {
            COUNTERS.socket_cut_off();
            Err(PeerGone)
        }
    }
}

async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    if send_frame(socket, frame).await.is_err() {
        tracing::debug!("the peer was gone before the close frame");
    }
}
