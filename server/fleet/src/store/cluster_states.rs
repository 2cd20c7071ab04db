//! What was last known of a cluster besides its objects, registered or from a local kubeconfig.

use domain::cluster::Permission;
use domain::object::ClusterId;
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, Set};

use super::database::Database;
use super::entity::cluster_state::{ActiveModel, Column, Entity};
use super::error::StoreError;
use super::text::fit;

/// Length of the columns that hold a version.
const VERSION: u32 = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterState {
    pub cluster: ClusterId,
    pub kubernetes_version: Option<String>,
    pub flux_version: Option<String>,
    /// When the cluster last confirmed what is stored; milliseconds.
    pub last_seen: Option<i64>,
    pub permissions: Vec<Permission>,
}

#[derive(Clone)]
pub struct ClusterStateStore {
    database: Database,
}

impl ClusterStateStore {
    pub(super) fn new(database: Database) -> Self {
        Self { database }
    }

    /// # Errors
    /// [`StoreError::Read`], [`StoreError::Json`].
    pub async fn get(&self, cluster: &ClusterId) -> Result<Option<ClusterState>, StoreError> {
        let row = Entity::find_by_id(cluster.as_str())
            .one(self.database.reader())
            .await
            .map_err(StoreError::reading("the state of a cluster"))?;
        let Some(row) = row else { return Ok(None) };
        let permissions = serde_json::from_str(&row.permissions)
            .map_err(|source| StoreError::Json { what: "the permissions of a cluster", source })?;
        Ok(Some(ClusterState {
            cluster: ClusterId(row.cluster),
            kubernetes_version: row.kubernetes_version,
            flux_version: row.flux_version,
            last_seen: row.last_seen,
            permissions,
        }))
    }

    /// Inserts or replaces.
    ///
    /// # Errors
    /// [`StoreError::Write`], [`StoreError::Json`].
    pub async fn put(&self, state: ClusterState) -> Result<(), StoreError> {
        let permissions = serde_json::to_string(&state.permissions)
            .map_err(|source| StoreError::Json { what: "the permissions of a cluster", source })?;
        let row = ActiveModel {
            cluster: Set(state.cluster.0),
            kubernetes_version: Set(state.kubernetes_version.map(|version| fit(version, VERSION))),
            flux_version: Set(state.flux_version.map(|version| fit(version, VERSION))),
            last_seen: Set(state.last_seen),
            permissions: Set(permissions),
        };
        let newer = OnConflict::column(Column::Cluster)
            .update_columns([Column::KubernetesVersion, Column::FluxVersion, Column::LastSeen, Column::Permissions])
            .to_owned();
        Entity::insert(row)
            .on_conflict(newer)
            .exec_without_returning(self.database.writer())
            .await
            .map_err(StoreError::writing("the state of a cluster"))?;
        Ok(())
    }
}
