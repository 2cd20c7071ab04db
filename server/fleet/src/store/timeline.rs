//! When which revision of a Flux object took over, beyond the hour that the cluster itself remembers.
//!
//! Rows are queued, and written by the writer task between batches of objects; a row is durable after
//! [`TimelineStore::flush`]. The queue is bounded: while the database refuses to write, what does not fit is dropped
//! and counted. A row has its id from the beginning, so that a batch whose commit went unanswered is not written twice.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::object::{ClusterId, ObjectRef};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use tokio::sync::watch;

use super::database::Database;
use super::entity::timeline::{Column, Entity, Model};
use super::error::StoreError;
use super::identifier;
use super::queue::Queue;
use super::text::fit;

/// Rows that wait at most, about 10 MB.
const LIMIT: usize = 20_000;
/// Rows of one statement and one transaction.
const ROWS: usize = 100;
/// Lengths of the columns.
const REVISION: u32 = 512;
const REASON: u32 = 128;

/// A revision that took over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionChange {
    pub object: ObjectRef,
    /// As the controller writes it; cut to 512 characters.
    pub revision: String,
    /// When it was seen, milliseconds.
    pub at: i64,
    /// Reason of the Ready condition at that moment; cut to 128 characters.
    pub reason: String,
}

/// Which changes; an absent field does not narrow.
#[derive(Clone, Debug, Default)]
pub struct TimelineQuery {
    pub cluster: Option<ClusterId>,
    pub object: Option<ObjectRef>,
    /// Changes before this moment, milliseconds: for the next page.
    pub before: Option<i64>,
    pub limit: u64,
}

#[derive(Clone)]
pub struct TimelineStore {
    database: Database,
    pending: Arc<Pending>,
    queue: Arc<Queue>,
}

impl TimelineStore {
    pub(super) fn new(database: Database, pending: Arc<Pending>, queue: Arc<Queue>) -> Self {
        Self { database, pending, queue }
    }

    /// Queues a change; never waits.
    ///
    /// # Errors
    /// [`StoreError::Random`].
    pub fn record(&self, change: RevisionChange) -> Result<(), StoreError> {
        let row = model(change)?;
        if self.pending.push(row) {
            self.queue.wake();
        }
        Ok(())
    }

    /// Newest first.
    ///
    /// # Errors
    /// [`StoreError::Read`], [`StoreError::Unavailable`].
    pub async fn recent(&self, query: &TimelineQuery) -> Result<Vec<RevisionChange>, StoreError> {
        let mut select = Entity::find();
        if let Some(cluster) = &query.cluster {
            select = select.filter(Column::Cluster.eq(cluster.as_str()));
        }
        if let Some(object) = &query.object {
            select = select
                .filter(Column::Cluster.eq(object.cluster.as_str()))
                .filter(Column::ApiGroup.eq(object.group.as_str()))
                .filter(Column::Kind.eq(object.kind.as_str()))
                .filter(Column::Namespace.eq(object.namespace.as_deref().unwrap_or_default()))
                .filter(Column::Name.eq(object.name.as_str()));
        }
        if let Some(before) = query.before {
            select = select.filter(Column::AtMillis.lt(before));
        }
        let rows = select
            .order_by_desc(Column::AtMillis)
            .order_by_desc(Column::Id)
            .limit(query.limit)
            .all(self.database.reader())
            .await
            .map_err(StoreError::reading("the timeline"))?;
        Ok(rows.into_iter().map(stored).collect())
    }

    /// Returns when everything recorded before the call is in the database, or was refused by it.
    pub async fn flush(&self) {
        self.pending.flush().await;
    }

    /// Changes that were dropped since the start, for want of room or because the database refused them.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.pending.lock().dropped
    }
}

/// Rows on their way to the database.
pub(super) struct Pending {
    state: Mutex<State>,
    limit: usize,
    /// Rows that were dealt with since the start.
    done: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    rows: VecDeque<Model>,
    /// Rows that were taken since the start.
    taken: u64,
    dropped: u64,
}

impl Default for Pending {
    fn default() -> Self {
        Self { state: Mutex::default(), limit: LIMIT, done: watch::Sender::new(0) }
    }
}

impl Pending {
    fn push(&self, row: Model) -> bool {
        let mut state = self.lock();
        if state.rows.len() >= self.limit {
            state.dropped += 1;
            if state.dropped.is_power_of_two() {
                tracing::warn!(dropped = state.dropped, "the timeline loses changes: the database is behind");
            }
            return false;
        }
        state.taken += 1;
        state.rows.push_back(row);
        true
    }

    /// The oldest rows; they stay in their places.
    fn first(&self) -> Vec<Model> {
        self.lock().rows.iter().take(ROWS).cloned().collect()
    }

    /// The first `count` rows have been dealt with.
    fn settle(&self, count: usize, refused: bool) {
        let mut state = self.lock();
        state.rows.drain(..count);
        if refused {
            state.dropped += count as u64;
        }
        let done = state.taken - state.rows.len() as u64;
        drop(state);
        self.done.send_replace(done);
    }

    async fn flush(&self) {
        let target = self.lock().taken;
        let mut done = self.done.subscribe();
        // Fails only if the sender is gone, and `self` holds it.
        let _ = done.wait_for(|done| *done >= target).await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One transaction; the number of rows written. Only the writer task calls it.
    pub(super) async fn write_next(&self, database: &Database) -> Result<usize, DbErr> {
        let rows = self.first();
        let count = rows.len();
        if count > 0 {
            insert(database, rows).await?;
            self.settle(count, false);
        }
        Ok(count)
    }

    /// Drops what [`Self::write_next`] would write: the database refuses it.
    pub(super) fn drop_next(&self) {
        let count = self.first().len();
        tracing::error!(rows = count, "the database refuses these rows of the timeline; dropped");
        self.settle(count, true);
    }
}

async fn insert(database: &Database, rows: Vec<Model>) -> Result<(), DbErr> {
    let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
    let insert = Entity::insert_many(rows).on_conflict_do_nothing_on([Column::Id]);
    // Rows that are there already are those of a batch whose commit went unanswered.
    insert.exec_without_returning(database.writer()).await.map(|_| ())
}

fn model(change: RevisionChange) -> Result<Model, StoreError> {
    let ObjectRef { cluster, group, kind, namespace, name } = change.object;
    Ok(Model {
        id: identifier::at(change.at)?,
        cluster: cluster.0,
        api_group: group,
        kind,
        namespace: namespace.unwrap_or_default(),
        name,
        revision: fit(change.revision, REVISION),
        at_millis: change.at,
        reason: fit(change.reason, REASON),
    })
}

fn stored(row: Model) -> RevisionChange {
    RevisionChange {
        object: ObjectRef {
            cluster: ClusterId(row.cluster),
            group: row.api_group,
            kind: row.kind,
            namespace: Some(row.namespace).filter(|namespace| !namespace.is_empty()),
            name: row.name,
        },
        revision: row.revision,
        at: row.at_millis,
        reason: row.reason,
    }
}
