//! Registered clusters; their kubeconfigs are sealed.

use std::sync::Arc;

use domain::object::ClusterId;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set};
use secrecy::{ExposeSecret as _, SecretString};

use super::database::Database;
use super::entity::{baseline, cluster, cluster_state, object, timeline};
use super::envelope::{Cell, EnvelopeError, Keyring};
use super::error::StoreError;
use super::queue::Queue;

#[derive(Clone, Debug)]
pub struct StoredCluster {
    pub id: ClusterId,
    pub name: String,
    pub description: String,
    /// Address of the API server, without credentials.
    pub server: String,
    pub kubeconfig: SecretString,
    /// Registered although it did not answer.
    pub allow_unreachable: bool,
    /// Milliseconds.
    pub created_at: i64,
}

#[derive(Clone)]
pub struct ClusterStore {
    database: Database,
    keys: Arc<Keyring>,
    queue: Arc<Queue>,
}

impl ClusterStore {
    pub(super) fn new(database: Database, keys: Arc<Keyring>, queue: Arc<Queue>) -> Self {
        Self { database, keys, queue }
    }

    /// All clusters by name. One whose credentials cannot be opened is left out and named in the log.
    ///
    /// # Errors
    /// [`StoreError::Read`].
    pub async fn list(&self) -> Result<Vec<StoredCluster>, StoreError> {
        let mut rows =
            cluster::Entity::find().all(self.database.reader()).await.map_err(StoreError::reading("clusters"))?;
        // Each database has its own order of letters.
        rows.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        let mut clusters = Vec::with_capacity(rows.len());
        for row in rows {
            match self.opened(row) {
                Ok(cluster) => clusters.push(cluster),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "a registered cluster is left out");
                }
            }
        }
        Ok(clusters)
    }

    /// # Errors
    /// [`StoreError::Read`], [`StoreError::Envelope`].
    pub async fn get(&self, id: &ClusterId) -> Result<Option<StoredCluster>, StoreError> {
        let row = cluster::Entity::find_by_id(id.as_str())
            .one(self.database.reader())
            .await
            .map_err(StoreError::reading("clusters"))?;
        row.map(|row| self.opened(row)).transpose()
    }

    /// # Errors
    /// [`StoreError::Exists`] if the id is taken; [`StoreError::Envelope`], [`StoreError::Write`].
    pub async fn insert(&self, cluster: &StoredCluster) -> Result<(), StoreError> {
        cluster::Entity::insert(self.sealed(cluster)?)
            .exec_without_returning(self.database.writer())
            .await
            .map_err(|source| StoreError::insert("cluster", cluster.id.as_str(), source))?;
        Ok(())
    }

    /// Writes every column but the id and the time of creation; `false` if there is no such cluster.
    ///
    /// # Errors
    /// [`StoreError::Envelope`], [`StoreError::Write`].
    pub async fn update(&self, cluster: &StoredCluster) -> Result<bool, StoreError> {
        let mut row = self.sealed(cluster)?;
        row.created_at = sea_orm::NotSet;
        match row.update(self.database.writer()).await {
            Ok(_) => Ok(true),
            Err(sea_orm::DbErr::RecordNotUpdated) => Ok(false),
            Err(source) => Err(StoreError::writing("clusters")(source)),
        }
    }

    /// Removes the cluster and everything that was kept of it, in one transaction; `false` if there is no such cluster.
    /// Its watches must have ended before.
    ///
    /// # Errors
    /// [`StoreError::Write`].
    pub async fn delete(&self, id: &ClusterId) -> Result<bool, StoreError> {
        let _turn = self.queue.turn().await;
        self.queue.forget_cluster(id);
        self.delete_rows(id).await.map_err(StoreError::writing("clusters"))
    }

    async fn delete_rows(&self, id: &ClusterId) -> Result<bool, sea_orm::DbErr> {
        let transaction = self.database.begin().await?;
        let id = id.as_str();
        object::Entity::delete_many().filter(object::Column::Cluster.eq(id)).exec(&transaction).await?;
        baseline::Entity::delete_many().filter(baseline::Column::Cluster.eq(id)).exec(&transaction).await?;
        timeline::Entity::delete_many().filter(timeline::Column::Cluster.eq(id)).exec(&transaction).await?;
        cluster_state::Entity::delete_by_id(id).exec(&transaction).await?;
        let deleted = cluster::Entity::delete_by_id(id).exec(&transaction).await?;
        transaction.commit().await?;
        Ok(deleted.rows_affected > 0)
    }

    fn sealed(&self, cluster: &StoredCluster) -> Result<cluster::ActiveModel, StoreError> {
        let cell = kubeconfig_cell(cluster.id.as_str());
        let kubeconfig = self.keys.seal(cell, cluster.kubeconfig.expose_secret().as_bytes());
        Ok(cluster::ActiveModel {
            id: Set(cluster.id.0.clone()),
            name: Set(cluster.name.clone()),
            description: Set(cluster.description.clone()),
            server: Set(cluster.server.clone()),
            kubeconfig: Set(kubeconfig.map_err(|source| cell.sealing(source))?),
            allow_unreachable: Set(cluster.allow_unreachable),
            created_at: Set(cluster.created_at),
        })
    }

    fn opened(&self, row: cluster::Model) -> Result<StoredCluster, StoreError> {
        let cell = kubeconfig_cell(&row.id);
        let plain = self.keys.open(cell, &row.kubeconfig).map_err(|source| cell.sealing(source))?;
        let text = std::str::from_utf8(&plain).map_err(|_| cell.sealing(EnvelopeError::Form))?;
        Ok(StoredCluster {
            kubeconfig: SecretString::from(text),
            id: ClusterId(row.id),
            name: row.name,
            description: row.description,
            server: row.server,
            allow_unreachable: row.allow_unreachable,
            created_at: row.created_at,
        })
    }
}

pub(super) fn kubeconfig_cell(id: &str) -> Cell<'_> {
    Cell { table: "clusters", row: id, column: "kubeconfig" }
}
