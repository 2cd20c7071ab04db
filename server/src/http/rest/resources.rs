//! Objects: lists, one object with its parts, its masked manifest, its diff, and what can be asked of it.

use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::action::{Action, ActionOutcome, ReconcileOptions};
use domain::drift::DiffReport;
use domain::error::ApiError;
use domain::event::EventView;
use domain::list::{QueryError, ResourcePage, TermFault};
use domain::object::{ClusterId, ObjectRef};
use domain::problem::Listing;
use domain::resource::{FleetView, ManagedObject, ObjectView, ResourceCounts};
use fleet::access::Caller;
use serde::Deserialize;

use super::parameters::{Filtered, Listed};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, Query};
use crate::http::state::{AppState, SignedIn};

pub async fn fleet(State(state): State<AppState>, SignedIn(caller): SignedIn) -> Result<Json<FleetView>, Failure> {
    Ok(Json(state.services.fleet(&caller)?))
}

pub async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Listed(request): Listed,
) -> Result<Json<ResourcePage>, Failure> {
    Ok(Json(state.services.page_of_resources(&caller, &request)?))
}

pub async fn list_of_cluster(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(id): Path<ClusterId>,
    Listed(mut request): Listed,
) -> Result<Json<ResourcePage>, Failure> {
    // 404 for an unknown cluster instead of an empty list.
    state.services.cluster(&caller, &id)?;
    let named = &mut request.query.filter.cluster;
    if !named.is_empty() {
        return Err(
            ApiError::from(QueryError::new("cluster", named, TermFault::Beside("the cluster of the path"))).into()
        );
    }
    *named = id.0;
    Ok(Json(state.services.page_of_resources(&caller, &request)?))
}

pub async fn counts(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Filtered(filter): Filtered,
) -> Result<Json<ResourceCounts>, Failure> {
    Ok(Json(state.services.count_resources(&caller, &filter)?))
}

/// `/clusters/{id}/resources/{kind}/{ns}/{name}`; `-` stands for no namespace.
#[derive(Deserialize)]
pub struct ObjectPath {
    id: ClusterId,
    kind: String,
    ns: String,
    name: String,
}

/// `?group=` for a kind that several groups serve.
#[derive(Deserialize)]
pub struct GroupQuery {
    group: Option<String>,
}

fn resolve(state: &AppState, caller: &Caller, path: &ObjectPath, query: &GroupQuery) -> Result<ObjectRef, Failure> {
    Ok(state.services.resolve(caller, &path.id, &path.kind, &path.ns, &path.name, query.group.as_deref())?)
}

pub async fn read(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(path): Path<ObjectPath>,
    Query(group): Query<GroupQuery>,
) -> Result<Json<ObjectView>, Failure> {
    let object = resolve(&state, &caller, &path, &group)?;
    Ok(Json(state.services.object(&caller, &object).await?))
}

pub async fn inventory(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(path): Path<ObjectPath>,
    Query(group): Query<GroupQuery>,
) -> Result<Json<Listing<ManagedObject>>, Failure> {
    let object = resolve(&state, &caller, &path, &group)?;
    Ok(Json(state.services.inventory(&caller, &object).await?))
}

pub async fn events(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(path): Path<ObjectPath>,
    Query(group): Query<GroupQuery>,
) -> Result<Json<Listing<EventView>>, Failure> {
    let object = resolve(&state, &caller, &path, &group)?;
    Ok(Json(state.services.events(&caller, &object).await?))
}

/// JSON, or YAML where `Accept` asks for it.
pub async fn manifest(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(path): Path<ObjectPath>,
    Query(group): Query<GroupQuery>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let object = resolve(&state, &caller, &path, &group)?;
    let manifest = state.services.manifest(&caller, &object).await?;
    if !wants_yaml(&headers) {
        return Ok(Json(manifest.json).into_response());
    }
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("application/yaml"))], manifest.yaml).into_response())
}

fn wants_yaml(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("yaml"))
}

pub async fn diff(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(path): Path<ObjectPath>,
    Query(group): Query<GroupQuery>,
) -> Result<Json<DiffReport>, Failure> {
    let object = resolve(&state, &caller, &path, &group)?;
    Ok(Json(state.services.diff(&caller, &object).await?))
}

/// Body of the three actions. The options are for reconcile; the other two take no notice of them.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct ActionRequest {
    cluster_id: ClusterId,
    /// By name or plural, in any case.
    kind: String,
    /// `-` stands for no namespace.
    namespace: String,
    name: String,
    /// For a kind that several groups serve.
    #[serde(default)]
    group: Option<String>,
    #[serde(flatten)]
    options: ReconcileOptions,
}

async fn act(
    state: &AppState,
    caller: &SignedIn,
    request: &ActionRequest,
    action: Action,
) -> Result<Json<ActionOutcome>, Failure> {
    let object = state.services.resolve(
        &caller.0,
        &request.cluster_id,
        &request.kind,
        &request.namespace,
        &request.name,
        request.group.as_deref(),
    )?;
    Ok(Json(state.services.act(&caller.0, &object, action).await?))
}

pub async fn reconcile(
    State(state): State<AppState>,
    caller: SignedIn,
    Json(request): Json<ActionRequest>,
) -> Result<Json<ActionOutcome>, Failure> {
    act(&state, &caller, &request, Action::Reconcile(request.options)).await
}

pub async fn suspend(
    State(state): State<AppState>,
    caller: SignedIn,
    Json(request): Json<ActionRequest>,
) -> Result<Json<ActionOutcome>, Failure> {
    act(&state, &caller, &request, Action::Suspend).await
}

pub async fn resume(
    State(state): State<AppState>,
    caller: SignedIn,
    Json(request): Json<ActionRequest>,
) -> Result<Json<ActionOutcome>, Failure> {
    act(&state, &caller, &request, Action::Resume).await
}
