//! One line a request, and the id that ties it to everything else that was logged or written on its behalf.
//!
//! Logged are method, route template (never the path itself: it names objects, and never the query), status, milliseconds
//! until the head of the response, request id, caller and remote address. Everything logged while a request is handled
//! stands in a span with its id; the id is in the response and in the envelope of an error, too.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::HeaderName;
use axum::middleware::Next;
use axum::response::Response;
use fleet::access::Caller;
use tracing::Instrument as _;

use super::arrival::Arrival;
use super::error::REQUEST_ID;

const ID: HeaderName = HeaderName::from_static(REQUEST_ID);
/// Prefix of the server functions, whose name is the rest of the path.
const FUNCTIONS: &str = "/_fn/";

/// Where the layer that knows the caller tells the one that logs.
#[derive(Clone, Default)]
struct Who(Arc<OnceLock<String>>);

/// Logs the request when its response begins, and puts the id on the response.
pub async fn log(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request.headers().get(ID).cloned();
    let request_id = id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let method = request.method().clone();
    let route = route(&request);
    let remote = request.extensions().get::<Arrival>().and_then(|arrival| arrival.address);
    let who = Who::default();
    request.extensions_mut().insert(who.clone());

    let span = tracing::info_span!("request", %request_id);
    let mut response = next.run(request).instrument(span).await;
    if let Some(id) = id {
        response.headers_mut().insert(ID, id);
    }
    let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    let caller = who.0.get().map(String::as_str).unwrap_or_default();
    let remote = remote.map(|remote| remote.to_string()).unwrap_or_default();
    if is_probe(&route) {
        tracing::debug!(%method, route, status, millis, request_id, caller, remote, "request");
    } else {
        tracing::info!(%method, route, status, millis, request_id, caller, remote, "request");
    }
    response
}

/// Inside the layer that finds out who is calling.
pub async fn note_caller(request: Request, next: Next) -> Response {
    if let (Some(who), Some(caller)) = (request.extensions().get::<Who>(), request.extensions().get::<Caller>()) {
        // Set once: this layer runs once a request.
        _ = who.0.set(caller.name.clone());
    }
    next.run(request).await
}

/// The template of the table of routes; the name of a server function; `page` for everything that the pages answer.
fn route(request: &Request) -> String {
    match request.extensions().get::<MatchedPath>().map(MatchedPath::as_str) {
        Some(template) if template.starts_with(FUNCTIONS) => {
            let name = request.uri().path().trim_start_matches(FUNCTIONS);
            let known = name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if known { format!("{FUNCTIONS}{name}") } else { template.to_owned() }
        }
        Some(template) => template.to_owned(),
        None => "page".to_owned(),
    }
}

/// Asked for every few seconds by machines: a line each would bury the others.
fn is_probe(route: &str) -> bool {
    matches!(route, "/livez" | "/readyz" | "/metrics")
}
