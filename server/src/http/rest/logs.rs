//! `POST /logs/aggregated`: the newest lines of many containers, in time order.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use domain::protocol::logs::{AggregatedLogs, LogQuery};

use crate::http::error::Failure;
use crate::http::state::{AppState, SignedIn};

pub async fn aggregated(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    body: Result<Json<LogQuery>, JsonRejection>,
) -> Result<Json<AggregatedLogs>, Failure> {
    let Json(query) = body?;
    Ok(Json(state.services.aggregated_logs(&caller, query).await?))
}
