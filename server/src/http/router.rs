//! The router: tables of routes, then the pages, inside the layers that hold for all of them.

use std::time::Duration;

use any_spawner::Executor;
use axum::extract::DefaultBodyLimit;
use axum::http::header::AUTHORIZATION;
use axum::routing::any;
use axum::{Router, middleware};
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::csrf::CsrfLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use tower_http::trace::TraceLayer;

use super::routes::{API, ROOT, Route};
use super::state::{AppState, identify};
use super::{error, page, security};

/// Largest body that any route takes: a kubeconfig of many contexts has room.
const BODY_LIMIT: usize = 1024 * 1024;
/// How long a body may take to arrive piece by piece.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// Everything that this server answers.
pub fn router(state: AppState) -> Router {
    // Pages render on the runtime that serves the request. A second router in one process finds it set.
    if Executor::init_tokio().is_err() {
        tracing::debug!("the executor of the pages had been set before");
    }
    let api = table(API).fallback(error::unknown_path);
    let pages = Router::new().fallback(page::render).layer(middleware::from_fn(page::require_sign_in));
    table(ROOT)
        .nest("/api/v1", api.clone())
        .nest("/api", api)
        .route("/_fn/{*name}", any(page::server_function))
        .fallback_service(pages.with_state(state.clone()))
        .layer(middleware::from_fn_with_state(state.clone(), identify))
        .layer(CsrfLayer::new().with_rejection_response(error::other_site))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(RequestBodyTimeoutLayer::new(BODY_TIMEOUT))
        .layer(middleware::from_fn(error::write_envelope))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(middleware::from_fn(security::headers))
        .layer(TraceLayer::new_for_http())
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
        .with_state(state)
}

fn table(routes: &[Route]) -> Router<AppState> {
    routes.iter().fold(Router::new(), |router, route| router.route(route.path, (route.handler)()))
}
