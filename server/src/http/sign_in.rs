//! The login form's two requests. The form itself is a page; this sets and removes the cookie.

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, http::StatusCode};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use domain::error::ErrorCode;
use fleet::access::Visitor;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::arrival::Arrival;
use super::page::PLAIN_HTTP;
use super::security::local_path;
use super::state::{AppState, Presented, Remote};

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
    arrival: Arrival,
    headers: HeaderMap,
    jar: CookieJar,
    Form(form): Form<SignInForm>,
) -> Response {
    let next = local_path(&form.next);
    if !arrival.can_sign_in() {
        return back_to_form(PLAIN_HTTP, next);
    }
    let user_agent = headers.get(USER_AGENT).map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
    let visitor = Visitor { remote: remote.0, user_agent: user_agent.unwrap_or_default() };
    match state.services.sign_in(&form.name, &form.password, &visitor).await {
        Ok(token) => (jar.add(session_cookie(&arrival, token)), Redirect::to(next)).into_response(),
        Err(error) => {
            let reason = if error.code == ErrorCode::TooMany { "too-many" } else { "wrong" };
            back_to_form(reason, next)
        }
    }
}

fn back_to_form(reason: &str, next: &str) -> Response {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let query = query.append_pair("failed", reason).append_pair("next", next).finish();
    Redirect::to(&format!("/login?{query}")).into_response()
}

/// `POST /logout`: the session ends on the server; the cookie only follows.
pub async fn sign_out(
    State(state): State<AppState>,
    arrival: Arrival,
    presented: Option<Extension<Presented>>,
    jar: CookieJar,
) -> Response {
    if let Some(Extension(Presented::Session(token))) = presented
        && let Err(error) = state.services.sign_out(token.expose_secret()).await
    {
        tracing::error!(%error, "a session could not be ended");
        return (StatusCode::INTERNAL_SERVER_ERROR, "The session could not be ended; try again.").into_response();
    }
    let mut gone = session_cookie(&arrival, String::new());
    gone.make_removal();
    (jar.add(gone), Redirect::to("/login")).into_response()
}

/// No `Max-Age`: the server decides how long a session lives.
fn session_cookie(arrival: &Arrival, token: String) -> Cookie<'static> {
    Cookie::build((arrival.cookie_name(), token))
        .path("/")
        .http_only(true)
        .secure(arrival.secure_cookie())
        .same_site(SameSite::Lax)
        .build()
}
