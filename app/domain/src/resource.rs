//! Flux objects as rows and pages show them.

use serde::{Deserialize, Serialize};

use crate::cluster::ClusterView;
use crate::condition::Condition;
use crate::event::EventView;
use crate::health::{Health, Status, StatusCounts};
use crate::object::{ClusterId, ObjectRef};
use crate::problem::Problem;

/// One row of a list. Everything is masked. Times are milliseconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResourceRow {
    pub object: ObjectRef,
    pub cluster_name: String,
    pub status: Status,
    pub health: Health,
    pub suspended: bool,
    /// Reason of the condition that decided the health.
    pub reason: String,
    pub message: String,
    /// Applied (appliers) or fetched (sources) revision, as the controller writes it.
    pub revision: Option<String>,
    /// Attempted revision, where it differs from the applied one.
    pub attempted: Option<String>,
    /// The source an applier reads from, as `Kind namespace/name`.
    pub source: Option<String>,
    pub last_activity: Option<i64>,
    /// `false` while the row is the stored last truth of a cluster that does not answer.
    pub fresh: bool,
}

/// A key fact of an object, as label and value: interval, path, url, chart, …
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fact {
    pub label: String,
    pub value: String,
}

/// An object of an inventory with its present health, where we could look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ManagedObject {
    pub object: ObjectRef,
    /// API version without group, as the inventory says.
    pub version: String,
    pub health: Health,
    pub message: String,
}

/// The object page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectView {
    pub row: ResourceRow,
    pub conditions: Vec<Condition>,
    pub facts: Vec<Fact>,
    pub inventory: Vec<ManagedObject>,
    pub events: Vec<EventView>,
    /// The masked live object as canonical YAML.
    pub yaml: String,
    /// Kustomization or HelmRelease that applies this object, by its owner labels.
    pub owner: Option<ObjectRef>,
    pub problems: Vec<Problem>,
}

/// The fleet page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetView {
    pub clusters: Vec<ClusterView>,
    pub counts: StatusCounts,
    /// Rows that need somebody, worst and oldest first; at most 50.
    pub attention: Vec<ResourceRow>,
    /// Rows with the latest activity, newest first; at most 20.
    pub recent: Vec<ResourceRow>,
    pub problems: Vec<Problem>,
}

/// `GET /api/v1/resources/counts`: how many objects match, over all and for each cluster and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResourceCounts {
    pub items: Vec<CountGroup>,
    pub problems: Vec<Problem>,
    pub total: usize,
    pub counts: StatusCounts,
}

/// The objects of one kind on one cluster, by status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CountGroup {
    pub cluster: ClusterId,
    pub kind: String,
    pub counts: StatusCounts,
}

/// A live object as REST prints it: masked, any kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub object: ObjectRef,
    /// Masked.
    pub json: serde_json::Value,
    /// The same as canonical YAML.
    pub yaml: String,
}
