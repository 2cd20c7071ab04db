//! Sessions: one's own, and for administrators anybody's.

use axum::extract::State;
use axum::http::StatusCode;
use domain::access::session::SessionView;

use crate::http::error::Failure;
use crate::http::extract::{Json, Path};
use crate::http::state::{AppState, SignedIn};

pub async fn list_own(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Vec<SessionView>>, Failure> {
    Ok(Json(state.services.list_own_sessions(&caller).await?))
}

/// All but the one that asks.
pub async fn end_others(State(state): State<AppState>, SignedIn(caller): SignedIn) -> Result<StatusCode, Failure> {
    state.services.end_other_sessions(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn end_own(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    state.services.end_own_session(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn list_of_user(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(user): Path<String>,
) -> Result<Json<Vec<SessionView>>, Failure> {
    Ok(Json(state.services.list_sessions(&caller, &user).await?))
}

pub async fn end_all(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(user): Path<String>,
) -> Result<StatusCode, Failure> {
    state.services.end_sessions(&caller, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn end(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path((user, id)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    state.services.end_session(&caller, &user, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
