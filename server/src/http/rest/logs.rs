//! `POST /logs/aggregated`: the newest lines of many containers, in time order.

use axum::extract::State;
use domain::protocol::logs::{AggregatedLogs, LogQuery};

use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::state::{AppState, SignedIn};

pub async fn aggregated(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Json(query): Json<LogQuery>,
) -> Result<Json<AggregatedLogs>, Failure> {
    Ok(Json(state.services.aggregated_logs(&caller, query).await?))
}
