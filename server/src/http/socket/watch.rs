//! `GET /api/v1/watch`: subscriptions of [`domain::protocol::watch`], many on one connection.

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use domain::error::{ApiError, ErrorCode};
use domain::protocol::watch::{ClientMessage, ServerMessage};
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::time::{Instant, interval_at};
use tokio_stream::StreamMap;

use super::{
    PING, POLICY, Peer, PeerGone, SERVICE_RESTART, SESSION_CHECK, SESSION_ENDED, Upgrade, close, send, send_frame,
};
use crate::http::state::AppState;

/// A page has a handful; more is somebody who forgets to unsubscribe.
const SUBSCRIPTION_LIMIT: usize = 64;

type Subscriptions = StreamMap<u32, BoxStream<'static, ServerMessage>>;

pub async fn upgrade(State(state): State<AppState>, upgrade: Upgrade) -> Response {
    let app = state.clone();
    upgrade.run(&state, |peer, mut socket| async move { converse(&app, &peer, &mut socket).await })
}

async fn converse(state: &AppState, peer: &Peer, socket: &mut WebSocket) -> Result<(), PeerGone> {
    let mut subscriptions = Subscriptions::new();
    let mut ping = interval_at(Instant::now() + PING, PING);
    let mut session = interval_at(Instant::now() + SESSION_CHECK, SESSION_CHECK);
    send(socket, &state.services.hello()).await?;
    loop {
        tokio::select! {
            received = socket.recv() => match received {
                Some(Ok(Message::Text(text))) => {
                    if let Err(refusal) = handle(state, peer, &mut subscriptions, &text).await {
                        send(socket, &refusal).await?;
                    }
                }
                Some(Ok(Message::Binary(_))) => {
                    close(socket, POLICY, "this socket speaks JSON text").await;
                    return Ok(());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
            },
            Some((_, message)) = subscriptions.next(), if !subscriptions.is_empty() => send(socket, &message).await?,
            _ = ping.tick() => send_frame(socket, Message::Ping(Vec::new().into())).await?,
            _ = session.tick() => if !peer.still_signed_in(state).await {
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

/// Applies one client message; what cannot be done is answered, never ignored.
async fn handle(
    state: &AppState,
    peer: &Peer,
    subscriptions: &mut Subscriptions,
    text: &str,
) -> Result<(), ServerMessage> {
    let message = serde_json::from_str(text).map_err(|error| ServerMessage::Failed {
        id: 0,
        error: ApiError::new(ErrorCode::Invalid, format!("This is no message of the watch protocol: {error}")),
    })?;
    match message {
        ClientMessage::Unsubscribe { id } => {
            subscriptions.remove(&id);
        }
        ClientMessage::Subscribe { id, topic } => {
            if subscriptions.len() >= SUBSCRIPTION_LIMIT && !subscriptions.contains_key(&id) {
                let error = ApiError::new(
                    ErrorCode::TooMany,
                    format!("One connection has room for {SUBSCRIPTION_LIMIT} subscriptions."),
                );
                return Err(ServerMessage::Failed { id, error });
            }
            let stream = state.services.subscribe(&peer.caller, id, topic).await;
            subscriptions.insert(id, stream.map_err(|error| ServerMessage::Failed { id, error })?);
        }
    }
    Ok(())
}
