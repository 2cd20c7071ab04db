//! `/api/v1` (and the same beneath `/api`): REST over the services. `docs/api.md` describes it for outsiders.

pub mod clusters;
pub mod logs;
pub mod resources;

use axum::extract::State;
use axum::http::StatusCode;

use super::state::AppState;

/// `GET /readyz`: the store answers. Clusters that do not answer are reported elsewhere; they are no reason to restart us.
pub async fn ready(State(state): State<AppState>) -> (StatusCode, &'static str) {
    if state.services.ready().await {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer")
    }
}
