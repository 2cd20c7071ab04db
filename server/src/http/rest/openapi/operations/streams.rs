//! Logs, and the two websockets.

use domain::error::ErrorCode;
use domain::protocol::logs::{AggregatedLogs, ClientFrame, JSON_PROTOCOL, LogQuery, ServerFrame};
use domain::protocol::watch::{ClientMessage, ServerMessage};

use super::super::operation::{Operation, reference};
use super::{LIVE, LOGS};

pub fn aggregated_logs() -> Operation {
    Operation::new(LOGS, "readLogs", "The newest lines of many containers, in time order")
        .body(reference::<LogQuery>)
        .answer(200, "The lines, and what could not be read", reference::<AggregatedLogs>)
}

pub fn stream_logs() -> Operation {
    Operation::new(LOGS, "streamLogs", "The newest lines and all that follow")
        .description("A websocket; docs/api.md says in which order its messages come.")
        .socket(Some(JSON_PROTOCOL), reference::<ClientFrame>, reference::<ServerFrame>)
        .refuses(&[ErrorCode::Forbidden])
}

pub fn watch() -> Operation {
    Operation::new(LIVE, "watch", "Subscriptions to lists, clusters and single objects")
        .description("A websocket; docs/api.md says in which order its messages come.")
        .socket(None, reference::<ClientMessage>, reference::<ServerMessage>)
        .refuses(&[ErrorCode::Forbidden])
}
