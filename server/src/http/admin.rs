//! The probes: `/livez` while the process runs, `/readyz` while it should be sent requests. `/metrics` stands beside them.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::state::AppState;

/// Whether this process should be sent requests, and if not, what is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    pub ready: bool,
    pub not_ready: Vec<NotReady>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotReady {
    /// `process`, `store`, `first sync`.
    pub part: &'static str,
    pub detail: String,
}

/// Remembers that every cluster has been listed once, or has been found not to answer: what happens to a cluster later
/// is no reason to take this process out of service.
#[derive(Debug, Default)]
pub struct FirstSync(AtomicBool);

/// `GET /readyz`: 200 or 503, and which part is not ready.
pub async fn ready(State(state): State<AppState>) -> (StatusCode, Json<Readiness>) {
    let mut not_ready = Vec::new();
    if state.draining.is_cancelled() {
        not_ready.push(NotReady { part: "process", detail: "the server is stopping".to_owned() });
    }
    if !state.services.ready().await {
        not_ready.push(NotReady { part: "store", detail: "the database does not answer".to_owned() });
    }
    if let Some(detail) = waits_for_clusters(&state) {
        not_ready.push(NotReady { part: "first sync", detail });
    }
    let ready = not_ready.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, not_ready }))
}

fn waits_for_clusters(state: &AppState) -> Option<String> {
    if state.first_sync.0.load(Ordering::Relaxed) {
        return None;
    }
    let (waiting, total) = state.services.clusters_not_listed_yet();
    if waiting == 0 {
        state.first_sync.0.store(true, Ordering::Relaxed);
        return None;
    }
    Some(format!("{waiting} of {total} clusters have not been listed yet"))
}
