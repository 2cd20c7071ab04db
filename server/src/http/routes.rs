//! The table of all routes outside the pages, with what each asks of its caller.
//!
//! The router is built from this table, so a route without a row cannot exist; the permission matrix is a snapshot of it.
//! What the row names is enforced by the service behind the handler, which authorizes the very object.

use axum::routing::{MethodRouter, delete, get, post, put};
use domain::access::Verb;

use super::rest::conditional::read;
use super::rest::openapi::operation::Operation;
use super::rest::openapi::{self, operations as is};
use super::rest::{audit, clusters, export, logs, resources, sessions, tokens, users};
use super::socket;
use super::state::AppState;
use super::{admin, assets, metrics, page, sign_in};

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
    /// What the API's document says about it.
    pub operation: Option<fn() -> Operation>,
}

impl Route {
    /// Every row of the API has a description; a test fails otherwise.
    const fn described(mut self, operation: fn() -> Operation) -> Self {
        self.operation = Some(operation);
        self
    }
}

const fn route(
    method: &'static str,
    path: &'static str,
    needs: Needs,
    handler: fn() -> MethodRouter<AppState>,
) -> Route {
    Route { method, path, needs, handler, operation: None }
}

const VIEW: Needs = Needs::Verb(Verb::View);
const MANAGE: Needs = Needs::Verb(Verb::ManageClusters);
const ACCOUNT: Needs = Needs::Verb(Verb::ManageAccount);
const USERS: Needs = Needs::Verb(Verb::ManageUsers);
const AUDIT: Needs = Needs::Verb(Verb::ViewAudit);

/// Served beneath `/api/v1` and `/api` alike.
pub const API: &[Route] = &[
    route("GET", "/fleet", VIEW, || read(resources::fleet)).described(is::fleet),
    route("GET", "/clusters", VIEW, || read(clusters::list)).described(is::list_clusters),
    route("POST", "/clusters", MANAGE, || post(clusters::register)).described(is::register_cluster),
    route("POST", "/clusters/probe", MANAGE, || post(clusters::probe)).described(is::probe_cluster),
    route("GET", "/clusters/{id}", VIEW, || read(clusters::read)).described(is::get_cluster),
    route("PUT", "/clusters/{id}", MANAGE, || put(clusters::update)).described(is::update_cluster),
    route("DELETE", "/clusters/{id}", MANAGE, || delete(clusters::remove)).described(is::delete_cluster),
    route("POST", "/clusters/{id}/sync", Needs::Verb(Verb::Sync), || post(clusters::sync)).described(is::sync_cluster),
    route("GET", "/onboarding", VIEW, || read(clusters::onboarding)).described(is::list_onboarding),
    route("GET", "/resources", VIEW, || read(resources::list)).described(is::list_resources),
    route("GET", "/clusters/{id}/resources", VIEW, || read(resources::list_of_cluster))
        .described(is::list_resources_of_cluster),
    route("GET", "/resources/counts", VIEW, || read(resources::counts)).described(is::count_resources),
    route("GET", "/resources/export", VIEW, || get(export::export)).described(is::export_resources),
    route("GET", "/clusters/{id}/resources/{kind}/{ns}/{name}", VIEW, || read(resources::read))
        .described(is::get_resource),
    route("GET", "/clusters/{id}/resources/{kind}/{ns}/{name}/inventory", VIEW, || read(resources::inventory))
        .described(is::get_inventory),
    route("GET", "/clusters/{id}/resources/{kind}/{ns}/{name}/events", VIEW, || read(resources::events))
        .described(is::list_events),
    route("GET", "/clusters/{id}/resources/{kind}/{ns}/{name}/manifest", VIEW, || read(resources::manifest))
        .described(is::get_manifest),
    route("GET", "/clusters/{id}/resources/{kind}/{ns}/{name}/diff", Needs::Verb(Verb::Diff), || read(resources::diff))
        .described(is::get_diff),
    route("POST", "/resources/reconcile", Needs::Verb(Verb::Reconcile), || post(resources::reconcile))
        .described(is::reconcile),
    route("POST", "/resources/suspend", Needs::Verb(Verb::Suspend), || post(resources::suspend)).described(is::suspend),
    route("POST", "/resources/resume", Needs::Verb(Verb::Suspend), || post(resources::resume)).described(is::resume),
    route("POST", "/logs/aggregated", Needs::Verb(Verb::Logs), || post(logs::aggregated))
        .described(is::aggregated_logs),
    route("GET", "/logs/stream", Needs::Verb(Verb::Logs), || get(socket::logs::upgrade)).described(is::stream_logs),
    route("GET", "/watch", VIEW, || get(socket::watch::upgrade)).described(is::watch),
    route("GET", "/openapi.json", Needs::Nothing, || read(openapi::serve)).described(is::document),
    route("GET", "/account", VIEW, || get(users::own)).described(is::get_account),
    route("POST", "/account/password", ACCOUNT, || post(users::change_own_password)).described(is::change_password),
    route("GET", "/account/sessions", ACCOUNT, || get(sessions::list_own)).described(is::list_own_sessions),
    route("DELETE", "/account/sessions", ACCOUNT, || delete(sessions::end_others)).described(is::end_other_sessions),
    route("DELETE", "/account/sessions/{id}", ACCOUNT, || delete(sessions::end_own)).described(is::end_own_session),
    route("GET", "/account/tokens", ACCOUNT, || get(tokens::list_own)).described(is::list_own_tokens),
    route("POST", "/account/tokens", ACCOUNT, || post(tokens::create)).described(is::create_token),
    route("DELETE", "/account/tokens/{id}", ACCOUNT, || delete(tokens::revoke_own)).described(is::revoke_own_token),
    route("GET", "/users", USERS, || get(users::list)).described(is::list_users),
    route("POST", "/users", USERS, || post(users::create)).described(is::create_user),
    route("GET", "/users/{name}", USERS, || get(users::read)).described(is::get_user),
    route("PUT", "/users/{name}", USERS, || put(users::change)).described(is::change_user),
    route("DELETE", "/users/{name}", USERS, || delete(users::remove)).described(is::delete_user),
    route("POST", "/users/{name}/password", USERS, || post(users::reset_password)).described(is::reset_password),
    route("GET", "/users/{name}/sessions", USERS, || get(sessions::list_of_user)).described(is::list_sessions),
    route("DELETE", "/users/{name}/sessions", USERS, || delete(sessions::end_all)).described(is::end_sessions),
    route("DELETE", "/users/{name}/sessions/{id}", USERS, || delete(sessions::end)).described(is::end_session),
    route("GET", "/users/{name}/tokens", USERS, || get(tokens::list_of_user)).described(is::list_tokens_of_user),
    route("DELETE", "/users/{name}/tokens/{id}", USERS, || delete(tokens::revoke)).described(is::revoke_token),
    route("GET", "/tokens", USERS, || get(tokens::list)).described(is::list_tokens),
    route("GET", "/audit", AUDIT, || get(audit::list)).described(is::list_audit),
    route("GET", "/audit/export", AUDIT, || get(audit::export)).described(is::export_audit),
];

/// Served at the root.
pub const ROOT: &[Route] = &[
    route("GET", "/assets/{*path}", Needs::Nothing, || get(assets::serve)),
    // A page, but one that is open to everybody; all other pages are behind this table.
    route("GET", "/login", Needs::Nothing, || get(page::render)),
    route("POST", "/login", Needs::Nothing, || post(sign_in::sign_in)),
    route("POST", "/logout", Needs::Nothing, || post(sign_in::sign_out)),
];

/// Served at the root where there is no admin listener.
pub const PROBES: &[Route] = &[
    route("GET", "/livez", Needs::Nothing, || get(async || "ok")),
    route("GET", "/readyz", Needs::Nothing, || get(admin::ready)),
    // Names every cluster: asked for like the list of all of them.
    route("GET", "/metrics", VIEW, || get(metrics::scrape)),
];

/// Served by the admin listener, which only the platform reaches.
pub const ADMIN: &[Route] = &[
    route("GET", "/livez", Needs::Nothing, || get(async || "ok")),
    route("GET", "/readyz", Needs::Nothing, || get(admin::ready)),
    route("GET", "/metrics", Needs::Nothing, || get(metrics::scrape_openly)),
];
