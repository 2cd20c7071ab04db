//! A registered cluster: how it was registered, whether it answers, what we may do there.

use serde::{Deserialize, Serialize};

use crate::health::StatusCounts;
use crate::object::ClusterId;
use crate::problem::Problem;

/// Whether the cluster answers. Times are milliseconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ClusterStatus {
    /// First list of every kind still under way.
    Connecting,
    /// All watches stand.
    Connected,
    /// No answer since then; what is shown is the last truth.
    Unreachable { since: i64, reason: String },
    /// It answers, and refuses our credentials.
    Refused { since: i64, reason: String },
    /// Kept for later, not watched.
    Disabled,
}

impl ClusterStatus {
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected)
    }

    /// The word of the status column and of the REST field.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Unreachable { .. } => "unreachable",
            Self::Refused { .. } => "refused",
            Self::Disabled => "disabled",
        }
    }
}

/// Where the credentials came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClusterOrigin {
    /// Registered in the web or by REST, kept encrypted in the store.
    Registered,
    /// A context of `serve --kubeconfig`; read anew at each start, never stored.
    Kubeconfig,
    /// The service account of the pod that we run in.
    InCluster,
}

/// Something that we need of a cluster, and whether its API says that we may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Permission {
    /// `read Flux objects`, `read managed objects`, `read logs`, `act on Flux objects`, `dry-run`, `read Helm
    /// releases`.
    pub name: String,
    pub held: bool,
    /// What does not work without it.
    pub without: String,
}

/// A cluster as lists, cards and REST show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClusterView {
    pub id: ClusterId,
    pub name: String,
    pub description: String,
    pub origin: ClusterOrigin,
    pub status: ClusterStatus,
    /// Address of the API server, without credentials.
    pub server: String,
    pub kubernetes_version: Option<String>,
    pub flux_version: Option<String>,
    pub permissions: Vec<Permission>,
    /// Flux objects by status.
    pub counts: StatusCounts,
    /// When any Flux object of it last changed; milliseconds.
    pub last_change: Option<i64>,
    /// When the shown truth was last confirmed by the cluster; milliseconds.
    pub last_seen: Option<i64>,
    pub problems: Vec<Problem>,
}

/// A Flux controller as its Deployment says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FluxComponent {
    pub name: String,
    pub image: String,
    pub ready_replicas: i64,
    pub replicas: i64,
    pub restarts: i64,
}

/// The cluster page: the card and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClusterDetail {
    pub cluster: ClusterView,
    pub components: Vec<FluxComponent>,
}

/// A step of the registration probe, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProbeStep {
    /// `parsed`, `accepted`, `reachable`, `Flux`, `permissions`.
    pub name: String,
    pub outcome: StepOutcome,
    /// What was found, or what to do.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    Passed,
    /// Works, with something missing that the detail names.
    Warning,
    Failed,
    /// Not tried, because an earlier step failed.
    Skipped,
}

/// `POST /api/v1/clusters`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterCluster {
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// The text of a kubeconfig. Its current context is taken unless `context` names another.
    pub kubeconfig: String,
    #[serde(default)]
    pub context: Option<String>,
    /// Save a cluster that does not answer now.
    #[serde(default)]
    pub allow_unreachable: bool,
}

impl std::fmt::Debug for RegisterCluster {
    /// Without the kubeconfig: it holds credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegisterCluster").field("name", &self.name).finish_non_exhaustive()
    }
}

/// `PUT /api/v1/clusters/{id}`; an absent field stays as it is.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateCluster {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub kubeconfig: Option<String>,
    #[serde(default)]
    pub allow_unreachable: bool,
}

/// `POST /api/v1/clusters/{id}/sync`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncOutcome {
    pub cluster_id: ClusterId,
    /// Flux objects found, by kind.
    pub kinds: Vec<KindCount>,
    pub total: usize,
    pub problems: Vec<Problem>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KindCount {
    pub kind: String,
    pub count: usize,
}
