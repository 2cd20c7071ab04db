//! Users: for administrators, and one's own password.

use axum::extract::State;
use axum::http::StatusCode;
use domain::access::Viewer;
use domain::access::user::{ChangePassword, ChangeUser, CreatedUser, NewPassword, NewUser, ResetPassword, UserView};

use crate::http::error::Failure;
use crate::http::extract::{Json, Path};
use crate::http::state::{AppState, SignedIn};

/// Who asks, and what they may do: with an API token what it and its user both may.
pub async fn own(SignedIn(caller): SignedIn) -> Json<Viewer> {
    Json(caller.viewer())
}

pub async fn change_own_password(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Json(change): Json<ChangePassword>,
) -> Result<StatusCode, Failure> {
    state.services.change_password(&caller, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn list(State(state): State<AppState>, SignedIn(caller): SignedIn) -> Result<Json<Vec<UserView>>, Failure> {
    Ok(Json(state.services.list_users(&caller).await?))
}

pub async fn create(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Json(user): Json<NewUser>,
) -> Result<(StatusCode, Json<CreatedUser>), Failure> {
    Ok((StatusCode::CREATED, Json(state.services.create_user(&caller, user).await?)))
}

pub async fn read(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(name): Path<String>,
) -> Result<Json<UserView>, Failure> {
    Ok(Json(state.services.user(&caller, &name).await?))
}

pub async fn change(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(name): Path<String>,
    Json(change): Json<ChangeUser>,
) -> Result<Json<UserView>, Failure> {
    Ok(Json(state.services.change_user(&caller, &name, change).await?))
}

pub async fn remove(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    state.services.delete_user(&caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn reset_password(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(name): Path<String>,
    Json(request): Json<ResetPassword>,
) -> Result<Json<NewPassword>, Failure> {
    Ok(Json(state.services.reset_password(&caller, &name, request).await?))
}
