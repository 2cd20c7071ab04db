//! `GET /api/v1/logs/stream`, subprotocol `flux-logs.v0.json`: the frames of [`domain::protocol::logs`].

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use domain::error::{ApiError, ErrorCode};
use domain::protocol::logs::{ClientFrame, JSON_PROTOCOL, LogQuery, ServerFrame};
use tokio::time::{Instant, interval_at, timeout};

use super::{
    PING, POLICY, Peer, PeerGone, SERVICE_RESTART, SESSION_CHECK, SESSION_ENDED, Upgrade, close, send, send_frame,
};
use crate::http::state::AppState;

/// How long a client may take to say what it wants.
const START: Duration = Duration::from_secs(10);

pub async fn upgrade(State(state): State<AppState>, mut upgrade: Upgrade) -> Response {
    upgrade.upgrade = upgrade.upgrade.protocols([JSON_PROTOCOL]);
    let app = state.clone();
    upgrade.run(&state, |peer, mut socket| async move { converse(&app, &peer, &mut socket).await })
}

async fn converse(state: &AppState, peer: &Peer, socket: &mut WebSocket) -> Result<(), PeerGone> {
    let Some(query) = started(state, socket).await? else { return Ok(()) };
    let mut session = match state.services.stream_logs(&peer.caller, query).await {
        Ok(session) => session,
        Err(error) => return send(socket, &ServerFrame::Failed { error }).await,
    };
    let mut ping = interval_at(Instant::now() + PING, PING);
    let mut check = interval_at(Instant::now() + SESSION_CHECK, SESSION_CHECK);
    loop {
        tokio::select! {
            received = socket.recv() => match received {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(ClientFrame::Ack { batch }) => session.ack(batch),
                    Ok(ClientFrame::Start { .. }) | Err(_) => {
                        close(socket, POLICY, "only acknowledgements may follow the start frame").await;
                        return Ok(());
                    }
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_) | Message::Close(_)) | Err(_)) | None => return Ok(()),
            },
            frame = session.next() => match frame {
                Some(frame) => send(socket, &frame).await?,
                None => return Ok(()),
            },
            _ = ping.tick() => send_frame(socket, Message::Ping(Vec::new().into())).await?,
            _ = check.tick() => if !peer.still_signed_in(state).await {
                close(socket, SESSION_ENDED, "the session ended or its rights changed").await;
                return Ok(());
            },
            () = state.stopping.cancelled() => {
                close(socket, SERVICE_RESTART, "the server is restarting").await;
                return Ok(());
            }
        }
    }
}

/// The query of the start frame; a client that says something else is told so.
async fn started(state: &AppState, socket: &mut WebSocket) -> Result<Option<LogQuery>, PeerGone> {
    let first = tokio::select! {
        first = timeout(START, socket.recv()) => first,
        () = state.stopping.cancelled() => {
            close(socket, SERVICE_RESTART, "the server is restarting").await;
            return Ok(None);
        }
    };
    if let Ok(Some(Ok(Message::Text(text)))) = &first
        && let Ok(ClientFrame::Start { query }) = serde_json::from_str(text)
    {
        return Ok(Some(query));
    }
    let error = ApiError::new(ErrorCode::Invalid, "The first frame must be a start frame with the query.");
    send(socket, &ServerFrame::Failed { error }).await?;
    Ok(None)
}
