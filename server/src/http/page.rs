//! Pages and server functions: Leptos with the services and the caller in its context.

use std::collections::BTreeMap;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest as _, OriginalUri, Request, State};
use axum::http::header::{ALLOW, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use domain::error::{ApiError, ErrorCode};
use fleet::access::Caller;
use leptos::context::{provide_context, use_context};
use leptos::nonce::use_nonce;
use leptos_axum::{ResponseOptions, handle_server_fns_with_context, render_app_async_with_context};
use serde::de::IgnoredAny;

use super::arrival::Arrival;
use super::error::{self, Failure};
use super::security;
use super::state::{AppState, person};

/// Largest refusal of a server function, in bytes; the steps of a probe have room.
const ERROR_LIMIT: usize = 64 * 1024;

/// Renders a page whole: everything that it shows comes from memory, and it must work without JavaScript.
pub async fn render(State(state): State<AppState>, request: Request) -> Response {
    let assets = state.assets.page();
    let context = context(&state, person(request.extensions()).cloned());
    let shell_assets = assets.clone();
    let page = render_app_async_with_context(
        move || {
            context();
            provide_context(assets.clone());
            allow_own_scripts();
        },
        move || app::shell(shell_assets.clone()),
    );
    page(request).await
}

/// Runs a server function for a person who is signed in; what a stranger sends is not even read. The framework answers
/// every refusal with 500; here it gets the status and the envelope of REST.
pub async fn server_function(State(state): State<AppState>, request: Request) -> Response {
    let Some(caller) = person(request.extensions()).cloned() else {
        return Failure(ApiError::new(ErrorCode::Unauthenticated, "Sign in first.")).into_response();
    };
    let request = match read_whole(request).await {
        Ok(request) => request,
        Err(failure) => return failure.into_response(),
    };
    let context = context(&state, Some(caller));
    let response = handle_server_fns_with_context(context, request).await.into_response();
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, ERROR_LIMIT).await.unwrap_or_default();
    match serde_json::from_slice::<ApiError>(&body) {
        Ok(error) => Failure(error).into_response(),
        Err(_) => Response::from_parts(parts, body.into()),
    }
}

/// The framework would read a body of any length, and take JSON that is none for a fault of the server.
async fn read_whole(request: Request) -> Result<Request, Failure> {
    let (parts, body) = request.into_parts();
    let body = Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await?;
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.starts_with("application/json")
        && let Err(error) = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(&body)
    {
        return Err(Failure(ApiError::new(ErrorCode::Invalid, format!("The body is no JSON object: {error}."))));
    }
    Ok(Request::from_parts(parts, body.into()))
}

fn context(state: &AppState, caller: Option<Caller>) -> impl Fn() + Clone + Send + Sync + 'static {
    let services = state.services.clone();
    move || {
        provide_context(services.clone());
        if let Some(caller) = &caller {
            provide_context(caller.clone());
        }
    }
}

/// The content policy names the nonce that Leptos made for this response.
fn allow_own_scripts() {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
    if let Ok(policy) = HeaderValue::from_str(&security::page_policy(&nonce)) {
        response.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
}

/// Sends whoever is not signed in to the login page, and back afterwards. Pages are read, nothing else.
pub async fn require_sign_in(arrival: Arrival, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let refused = error::unknown_method(request.method().clone(), OriginalUri(request.uri().clone())).await;
        return ([(ALLOW, HeaderValue::from_static("GET,HEAD"))], refused).into_response();
    }
    if person(request.extensions()).is_some() {
        return next.run(request).await;
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if !arrival.can_sign_in() {
        query.append_pair("failed", PLAIN_HTTP);
    }
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let location = format!("/login?{}", query.append_pair("next", target).finish());
    let mut response = Redirect::to("/login").into_response();
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Word of the login page for a browser that would not keep the session cookie.
pub const PLAIN_HTTP: &str = "plain-http";
