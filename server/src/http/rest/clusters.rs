//! Clusters: register, read, change, remove, sync.

use axum::extract::State;
use axum::http::StatusCode;
use domain::cluster::{ClusterDetail, ClusterView, ProbeStep, RegisterCluster, SyncOutcome, UpdateCluster};
use domain::object::ClusterId;
use domain::problem::Listing;
use fleet::clusters::onboarding::OnboardingStep;
use serde::Serialize;

use crate::http::error::Failure;
use crate::http::extract::{Json, Path};
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
    Json(request): Json<RegisterCluster>,
) -> Result<(StatusCode, Json<ClusterView>), Failure> {
    Ok((StatusCode::CREATED, Json(state.services.register_cluster(&caller, request).await?)))
}

/// The probe without saving anything.
pub async fn probe(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Json(request): Json<RegisterCluster>,
) -> Result<Json<Vec<ProbeStep>>, Failure> {
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
    Json(request): Json<UpdateCluster>,
) -> Result<Json<ClusterView>, Failure> {
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

/// A manifest that gives this product a service account on a cluster.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OnboardingManifest {
    /// `read`, `act` or `dry-run`.
    step: &'static str,
    /// YAML for `kubectl apply -f`.
    manifest: &'static str,
}

/// In the order in which they give more. The same for everybody who is signed in; nothing of a cluster is in it.
pub async fn onboarding(SignedIn(_): SignedIn) -> Json<Listing<OnboardingManifest>> {
    let titled = |step: OnboardingStep| OnboardingManifest { step: step.word(), manifest: step.manifest() };
    Json(Listing { items: OnboardingStep::ALL.map(titled).into(), problems: Vec::new() })
}
