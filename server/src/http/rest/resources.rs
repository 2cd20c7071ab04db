//! Objects: lists, one object, its masked manifest, its diff, and what can be asked of it.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::action::{Action, ActionOutcome, ReconcileOptions};
use domain::drift::DiffReport;
use domain::list::{ListQuery, ListWindow};
use domain::object::{ClusterId, ObjectRef};
use domain::resource::{FleetView, ObjectView};
use serde::Deserialize;

use crate::http::error::Failure;
use crate::http::state::{AppState, SignedIn};

pub async fn fleet(State(state): State<AppState>, SignedIn(caller): SignedIn) -> Result<Json<FleetView>, Failure> {
    Ok(Json(state.services.fleet(&caller)?))
}

pub async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<ListWindow>, Failure> {
    let Query(query) = query?;
    Ok(Json(state.services.list_resources(&caller, &query)?))
}

pub async fn list_of_cluster(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(id): Path<ClusterId>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<ListWindow>, Failure> {
    let Query(mut query) = query?;
    // 404 for an unknown cluster instead of an empty list.
    state.services.cluster(&caller, &id)?;
    query.filter.cluster = id.0;
    Ok(Json(state.services.list_resources(&caller, &query)?))
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

type Group = Result<Query<GroupQuery>, QueryRejection>;

fn resolve(state: &AppState, path: &ObjectPath, group: Group) -> Result<ObjectRef, Failure> {
    let Query(query) = group?;
    Ok(state.services.resolve(&path.id, &path.kind, &path.ns, &path.name, query.group.as_deref())?)
}

pub async fn read(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(path): Path<ObjectPath>,
    group: Group,
) -> Result<Json<ObjectView>, Failure> {
    let object = resolve(&state, &path, group)?;
    Ok(Json(state.services.object(&caller, &object).await?))
}

/// JSON, or YAML where `Accept` asks for it.
pub async fn manifest(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(path): Path<ObjectPath>,
    group: Group,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let object = resolve(&state, &path, group)?;
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
    group: Group,
) -> Result<Json<DiffReport>, Failure> {
    let object = resolve(&state, &path, group)?;
    Ok(Json(state.services.diff(&caller, &object).await?))
}

/// Body of the three actions.
#[derive(Deserialize)]
pub struct ActionRequest {
    cluster_id: ClusterId,
    kind: String,
    namespace: String,
    name: String,
    #[serde(default)]
    group: Option<String>,
    #[serde(flatten)]
    options: ReconcileOptions,
}

type ActionBody = Result<Json<ActionRequest>, JsonRejection>;

async fn act(
    state: &AppState,
    caller: &SignedIn,
    request: &ActionRequest,
    action: Action,
) -> Result<Json<ActionOutcome>, Failure> {
    let object = state.services.resolve(
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
    body: ActionBody,
) -> Result<Json<ActionOutcome>, Failure> {
    let Json(request) = body?;
    act(&state, &caller, &request, Action::Reconcile(request.options)).await
}

pub async fn suspend(
    State(state): State<AppState>,
    caller: SignedIn,
    body: ActionBody,
) -> Result<Json<ActionOutcome>, Failure> {
    let Json(request) = body?;
    act(&state, &caller, &request, Action::Suspend).await
}

pub async fn resume(
    State(state): State<AppState>,
    caller: SignedIn,
    body: ActionBody,
) -> Result<Json<ActionOutcome>, Failure> {
    let Json(request) = body?;
    act(&state, &caller, &request, Action::Resume).await
}
