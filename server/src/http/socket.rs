//! Websockets: [`watch`] for what changes, [`logs`] for log lines.
//!
//! Both check where the page comes from before the upgrade, check the session again while they stand, ping a silent peer,
//! and end when the server drains. Buffers are small and bounded: a peer that does not read is cut off, not stored for.

pub mod logs;
pub mod watch;

use std::time::Duration;

use axum::Extension;
use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use domain::error::{ApiError, ErrorCode};
use fleet::access::Caller;
use serde::Serialize;
use tokio::time::timeout;

use super::error::Failure;
use super::security::same_origin;
use super::state::{AppState, Remote, SessionCookie, SignedIn, caller};

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
const GOING_AWAY: u16 = 1001;
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
    session: Option<String>,
    remote: Option<std::net::IpAddr>,
}

impl Peer {
    /// Whether the session still stands with the same rights.
    async fn still_signed_in(&self, state: &AppState) -> bool {
        caller(state, self.session.as_deref(), self.remote).await.is_some_and(|now| now == self.caller)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let headers = HeaderMap::from_request_parts(parts, state).await.unwrap_or_default();
        if !same_origin(&headers) {
            return Err(Failure(ApiError::new(ErrorCode::Forbidden, "Sockets open only for pages of this server.")));
        }
        let SignedIn(caller) = SignedIn::from_request_parts(parts, state).await?;
        let Ok(Remote(remote)) = Remote::from_request_parts(parts, state).await;
        let session = Extension::<SessionCookie>::from_request_parts(parts, state).await.ok();
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await.map_err(|rejection| {
            Failure(ApiError::new(ErrorCode::Invalid, format!("This path is a websocket: {}", rejection.body_text())))
        })?;
        let upgrade = upgrade
            .read_buffer_size(READ_BUFFER)
            .max_message_size(MESSAGE_LIMIT)
            .max_write_buffer_size(WRITE_BUFFER_LIMIT);
        let session = session.map(|Extension(SessionCookie(token))| token);
        Ok(Self { upgrade, peer: Peer { caller, session, remote } })
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
    timeout(SEND, socket.send(frame)).await.map_err(|_| PeerGone)?.map_err(|_| PeerGone)
}

async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    if send_frame(socket, frame).await.is_err() {
        tracing::debug!("the peer was gone before the close frame");
    }
}
