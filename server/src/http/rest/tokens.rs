//! API tokens: one's own, and for administrators anybody's.

use axum::extract::State;
use axum::http::StatusCode;
use domain::access::token::{CreatedToken, NewToken, TokenView};

use crate::http::error::Failure;
use crate::http::extract::{Json, Path};
use crate::http::state::{AppState, SignedIn};

pub async fn list_own(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Vec<TokenView>>, Failure> {
    Ok(Json(state.services.list_own_tokens(&caller).await?))
}

/// 201 with the secret, this once.
pub async fn create(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Json(token): Json<NewToken>,
) -> Result<(StatusCode, Json<CreatedToken>), Failure> {
    Ok((StatusCode::CREATED, Json(state.services.create_token(&caller, token).await?)))
}

pub async fn revoke_own(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    state.services.revoke_own_token(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn list(State(state): State<AppState>, SignedIn(caller): SignedIn) -> Result<Json<Vec<TokenView>>, Failure> {
    Ok(Json(state.services.list_tokens(&caller, None).await?))
}

pub async fn list_of_user(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(user): Path<String>,
) -> Result<Json<Vec<TokenView>>, Failure> {
    Ok(Json(state.services.list_tokens(&caller, Some(&user)).await?))
}

pub async fn revoke(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path((user, id)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    state.services.revoke_token(&caller, &user, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
