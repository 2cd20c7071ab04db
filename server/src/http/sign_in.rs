//! The login form's two requests. The form itself is a page; this sets and removes the cookie.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, http::StatusCode};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use domain::error::ErrorCode;
use serde::Deserialize;

use super::security::local_path;
use super::state::{AppState, Remote, SessionCookie};

#[derive(Deserialize)]
pub struct SignInForm {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /login`: to the page that was asked for, or back to the form with the reason in the URL.
pub async fn sign_in(
    State(state): State<AppState>,
    remote: Remote,
    jar: CookieJar,
    Form(form): Form<SignInForm>,
) -> Response {
    let next = local_path(&form.next);
    match state.services.sign_in(&form.name, &form.password, remote.0).await {
        Ok(token) => (jar.add(session_cookie(&state, token)), Redirect::to(next)).into_response(),
        Err(error) => {
            let reason = if error.code == ErrorCode::TooMany { "too-many" } else { "wrong" };
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("failed", reason)
                .append_pair("next", next)
                .finish();
            Redirect::to(&format!("/login?{query}")).into_response()
        }
    }
}

/// `POST /logout`: the session ends on the server; the cookie only follows.
pub async fn sign_out(
    State(state): State<AppState>,
    session: Option<Extension<SessionCookie>>,
    jar: CookieJar,
) -> Response {
    if let Some(Extension(SessionCookie(token))) = session
        && let Err(error) = state.services.sign_out(&token).await
    {
        tracing::error!(%error, "a session could not be ended");
        return (StatusCode::INTERNAL_SERVER_ERROR, "The session could not be ended; try again.").into_response();
    }
    let mut gone = session_cookie(&state, String::new());
    gone.make_removal();
    (jar.add(gone), Redirect::to("/login")).into_response()
}

/// No `Max-Age`: the server decides how long a session lives.
fn session_cookie(state: &AppState, token: String) -> Cookie<'static> {
    Cookie::build((state.cookie.to_string(), token))
        .path("/")
        .http_only(true)
        .secure(state.secure_cookie)
        .same_site(SameSite::Lax)
        .build()
}
