//! Last known objects of every cluster, masked and trimmed by whoever brings them.
//!
//! Writes are queued and batched; a state is durable after [`ObjectStore::flush`]. Reads see what was committed.

use std::collections::HashMap;
use std::sync::Arc;

use domain::object::{ClusterId, ObjectRef};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;

use super::database::Database;
use super::digest;
use super::entity::object;
use super::error::StoreError;
use super::queue::{Change, Queue};

/// An object as it was last seen.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredObject {
    pub object: ObjectRef,
    /// Its `resourceVersion`.
    pub version: String,
    /// Masked and trimmed.
    pub json: Value,
    /// When this state was first seen; milliseconds. Later sights of the same state leave it.
    pub seen_at: i64,
}

#[derive(Clone)]
pub struct ObjectStore {
    database: Database,
    queue: Arc<Queue>,
}

impl ObjectStore {
    pub(super) fn new(database: Database, queue: Arc<Queue>) -> Self {
        Self { database, queue }
    }

    /// Everything that was last known of a cluster. Rows that cannot be read are left out and named in the log.
    ///
    /// # Errors
    /// [`StoreError::Read`].
    pub async fn load(&self, cluster: &ClusterId) -> Result<Vec<StoredObject>, StoreError> {
        let rows = object::Entity::find()
            .filter(object::Column::Cluster.eq(cluster.as_str()))
            .all(self.database.reader())
            .await
            .map_err(StoreError::reading("objects"))?;
        let mut objects = Vec::with_capacity(rows.len());
        let mut known = HashMap::with_capacity(rows.len());
        for row in rows {
            let content = digest::of_content(&row.version, &row.json);
            match stored(row) {
                Ok(object) => {
                    known.insert(digest::of_identity(&object.object), content);
                    objects.push(object);
                }
                Err(unreadable) => {
                    let (object, error) = *unreadable;
                    tracing::warn!(%object, %error, "a stored object cannot be read; left out");
                }
            }
        }
        self.queue.remember(cluster, known);
        Ok(objects)
    }

    /// Queues the newest states; unchanged ones cost nothing. Waits where the queue is full.
    pub async fn upsert_batch(&self, objects: Vec<StoredObject>) {
        for StoredObject { object, version, json, seen_at } in objects {
            self.queue.put(object, Change::Put { version, json: json.to_string(), seen_at }).await;
        }
    }

    /// Queues removals. Waits where the queue is full.
    pub async fn delete_batch(&self, objects: Vec<ObjectRef>) {
        for object in objects {
            self.queue.put(object, Change::Remove).await;
        }
    }

    /// Removes all objects of a cluster now, queued ones included. Its watches must have ended before.
    ///
    /// # Errors
    /// [`StoreError::Write`].
    pub async fn delete_cluster(&self, cluster: &ClusterId) -> Result<(), StoreError> {
        let _turn = self.queue.turn().await;
        self.queue.forget_cluster(cluster);
        object::Entity::delete_many()
            .filter(object::Column::Cluster.eq(cluster.as_str()))
            .exec(self.database.writer())
            .await
            .map_err(StoreError::writing("objects"))?;
        Ok(())
    }

    /// Returns when everything queued before the call is in the database, or was set aside because the database refuses
    /// it.
    pub async fn flush(&self) {
        self.queue.flush().await;
    }
}

fn stored(row: object::Model) -> Result<StoredObject, Box<(ObjectRef, serde_json::Error)>> {
    let object = ObjectRef {
        cluster: ClusterId(row.cluster),
        group: row.api_group,
        kind: row.kind,
        namespace: Some(row.namespace).filter(|namespace| !namespace.is_empty()),
        name: row.name,
    };
    match serde_json::from_str(&row.json) {
        Ok(json) => Ok(StoredObject { object, version: row.version, json, seen_at: row.seen_at }),
        Err(error) => Err(Box::new((object, error))),
    }
}
