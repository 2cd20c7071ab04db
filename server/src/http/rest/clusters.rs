//! Clusters: register, read, change, remove, sync.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::cluster::{ClusterDetail, ClusterView, ProbeStep, RegisterCluster, SyncOutcome, UpdateCluster};
use domain::object::ClusterId;
use domain::problem::Listing;

use crate::http::error::Failure;
use crate::http::state::{AppState, SignedIn};

pub async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Listing<ClusterView>>, Failure> {
    Ok(Json(state.services.list_clusters(&caller)?))
}

/// 201 with the cluster; 422 with the probe's steps in `details.steps`.
pub async fn register(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    body: Result<Json<RegisterCluster>, JsonRejection>,
) -> Result<(StatusCode, Json<ClusterView>), Failure> {
    let Json(request) = body?;
    Ok((StatusCode::CREATED, Json(state.services.register_cluster(&caller, request).await?)))
}

/// The probe without saving anything.
pub async fn probe(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    body: Result<Json<RegisterCluster>, JsonRejection>,
) -> Result<Json<Vec<ProbeStep>>, Failure> {
    let Json(request) = body?;
    Ok(Json(state.services.probe_cluster(&caller, &request).await?))
}

pub async fn read(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(id): Path<ClusterId>,
) -> Result<Json<ClusterDetail>, Failure> {
    Ok(Json(state.services.cluster(&caller, &id)?))
}

pub async fn update(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(id): Path<ClusterId>,
    body: Result<Json<UpdateCluster>, JsonRejection>,
) -> Result<Json<ClusterView>, Failure> {
    let Json(request) = body?;
    Ok(Json(state.services.update_cluster(&caller, &id, request).await?))
}

pub async fn remove(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(id): Path<ClusterId>,
) -> Result<StatusCode, Failure> {
    state.services.delete_cluster(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Waits for the full resync.
pub async fn sync(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Path(id): Path<ClusterId>,
) -> Result<Json<SyncOutcome>, Failure> {
    Ok(Json(state.services.sync_cluster(&caller, &id).await?))
}
