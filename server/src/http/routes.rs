//! The table of all routes outside the pages, with what each asks of its caller.
//!
//! The router is built from this table, so a route without a row cannot exist; the permission matrix is a snapshot of it.
//! What the row names is enforced by the service behind the handler, which authorizes the very object.

use axum::routing::{MethodRouter, delete, get, post, put};
use domain::access::Verb;

use super::rest::{clusters, logs, resources};
use super::socket;
use super::state::AppState;
use super::{assets, page, sign_in};

/// What a caller needs for a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: liveness, assets, signing in.
    Nothing,
    /// This verb on whatever the request names.
    Verb(Verb),
}

pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub needs: Needs,
    pub handler: fn() -> MethodRouter<AppState>,
}

const fn route(
    method: &'static str,
    path: &'static str,
    needs: Needs,
    handler: fn() -> MethodRouter<AppState>,
) -> Route {
    Route { method, path, needs, handler }
}

const VIEW: Needs = Needs::Verb(Verb::View);
const MANAGE: Needs = Needs::Verb(Verb::ManageClusters);

/// Served beneath `/api/v1` and `/api` alike.
pub const API: &[Route] = &[
    route("GET", "/fleet", VIEW, || get(resources::fleet)),
    route("GET", "/clusters", VIEW, || get(clusters::list)),
    route("POST", "/clusters", MANAGE, || post(clusters::register)),
    route("POST", "/clusters/probe", MANAGE, || post(clusters::probe)),
    route("GET", "/clusters/{id}", VIEW, || get(clusters::read)),
    route("PUT", "/clusters/{id}", MANAGE, || put(clusters::update)),
    route("DELETE", "/clusters/{id}", MANAGE, || delete(clusters::remove)),
    route("POST", "/clusters/{id}/sync", Needs::Verb(Verb::Sync), || post(clusters::sync)),
    route("GET", "/resources", VIEW, || get(resources::list)),
    route("GET", "/clusters/{id}/resources", VIEW, || get(resources::list_of_cluster)),
    route("GET", "/clusters/{id}/resources/{kind}/{ns}/{name}", VIEW, || get(resources::read)),
    route("GET", "/clusters/{id}/resources/{kind}/{ns}/{name}/manifest", VIEW, || get(resources::manifest)),
    route("GET", "/clusters/{id}/resources/{kind}/{ns}/{name}/diff", Needs::Verb(Verb::Diff), || get(resources::diff)),
    route("POST", "/resources/reconcile", Needs::Verb(Verb::Reconcile), || post(resources::reconcile)),
    route("POST", "/resources/suspend", Needs::Verb(Verb::Suspend), || post(resources::suspend)),
    route("POST", "/resources/resume", Needs::Verb(Verb::Suspend), || post(resources::resume)),
    route("POST", "/logs/aggregated", Needs::Verb(Verb::Logs), || post(logs::aggregated)),
    route("GET", "/logs/stream", Needs::Verb(Verb::Logs), || get(socket::logs::upgrade)),
    route("GET", "/watch", VIEW, || get(socket::watch::upgrade)),
];

/// Served at the root.
pub const ROOT: &[Route] = &[
    route("GET", "/livez", Needs::Nothing, || get(async || "ok")),
    route("GET", "/readyz", Needs::Nothing, || get(super::rest::ready)),
    route("GET", "/assets/{*path}", Needs::Nothing, || get(assets::serve)),
    // A page, but one that is open to everybody; all other pages are behind this table.
    route("GET", "/login", Needs::Nothing, || get(page::render)),
    route("POST", "/login", Needs::Nothing, || post(sign_in::sign_in)),
    route("POST", "/logout", Needs::Nothing, || post(sign_in::sign_out)),
];
