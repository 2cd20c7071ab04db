//! The router: tables of routes, then the pages, inside the layers that hold for all of them.
//!
//! From the outside in: how the request came here, the log line, response headers, compression, the error envelope,
//! panics, limits of the body, host and origin, who is calling. Layers that know nothing of the engine are in [`guarded`].

use std::sync::Arc;
use std::time::Duration;

use any_spawner::Executor;
use axum::extract::DefaultBodyLimit;
use axum::routing::any;
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::arrival::{self, Edge};
use super::metrics::counters;
use super::routes::{ADMIN, API, PROBES, ROOT, Route};
use super::state::{AppState, identify};
use super::{error, metrics, page, request_log, security};

/// Largest body that any route takes: a kubeconfig of many contexts has room.
const BODY_LIMIT: usize = 1024 * 1024;
/// How long a body may take to arrive piece by piece.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// Where the probes are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probes {
    /// Beside everything else.
    Here,
    /// On a listener of their own.
    Elsewhere,
}

/// Everything that this server answers.
pub fn router(state: AppState, probes: Probes) -> Router {
    // Pages render on the runtime that serves the request. A second router in one process finds it set.
    if Executor::init_tokio().is_err() {
        tracing::debug!("the executor of the pages had been set before");
    }
    let api = table(API).fallback(error::unknown_path).method_not_allowed_fallback(error::unknown_method);
    let pages = Router::new().fallback(page::render).layer(middleware::from_fn(page::require_sign_in));
    let root = match probes {
        Probes::Here => table(ROOT).merge(table(PROBES)),
        // The pages must not answer in their stead.
        Probes::Elsewhere => {
            let gone = || any(error::unknown_path);
            PROBES.iter().fold(table(ROOT), |router, probe| router.route(probe.path, gone()))
        }
    };
    let edge = Arc::clone(&state.edge);
    let routes = root
        .nest("/api/v1", api.clone())
        .nest("/api", api)
        .route("/_fn/{*name}", any(page::server_function))
        .method_not_allowed_fallback(error::unknown_method)
        .fallback_service(pages.with_state(state.clone()))
        .layer(middleware::from_fn(request_log::note_caller))
        .layer(middleware::from_fn_with_state(state.clone(), identify))
        .with_state(state);
    guarded(routes, edge)
}

/// The probes alone, for a listener that only the platform reaches: nobody signs in there, and any host will do.
pub fn admin_router(state: AppState) -> Router {
    let edge = Edge { origins: security::Origins::default(), ..Edge::clone(&state.edge) };
    let routes =
        table(ADMIN).fallback(error::unknown_path).method_not_allowed_fallback(error::unknown_method).with_state(state);
    logged(routes, Arc::new(edge))
}

/// The layers that hold for every route of the main listener.
pub fn guarded(routes: Router, edge: Arc<Edge>) -> Router {
    let origins = edge.origins.iter().fold(CsrfLayer::new(), |layer, origin| {
        layer.add_trusted_origin(origin.as_str()).expect("an origin is written as browsers write it")
    });
    let routes = routes
        .layer(origins.with_rejection_response(error::other_site))
        .layer(middleware::from_fn_with_state(Arc::clone(&edge), arrival::check_host));
    logged(routes, edge)
}

fn logged(routes: Router, edge: Arc<Edge>) -> Router {
    routes
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(RequestBodyTimeoutLayer::new(BODY_TIMEOUT))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(middleware::from_fn(error::write_envelope))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(middleware::from_fn(security::headers))
        .layer(middleware::from_fn(counters::count))
        .layer(middleware::from_fn(metrics::counters::count))
        .layer(middleware::from_fn(request_log::log))
        .layer(middleware::from_fn_with_state(edge, arrival::resolve))
}

fn table(routes: &[Route]) -> Router<AppState> {
    routes.iter().fold(Router::new(), |router, route| router.route(route.path, (route.handler)()))
}
