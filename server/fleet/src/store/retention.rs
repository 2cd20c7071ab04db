//! How long and how much the store keeps, and dropping the rest, oldest first.
//!
//! Rows go in steps, so that no transaction is long and whoever waits for a connection gets one in between. What is
//! removed stays removed if a later step fails. Baselines of one object are counted when one comes, see
//! [`super::baselines`].

use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DbBackend, DbErr, EntityTrait, ExprTrait as _, QueryFilter, QueryOrder, QuerySelect};

use super::database::Database;
use super::entity::{audit, baseline, cluster, cluster_state, object, session, timeline};
use super::error::StoreError;
use super::queue::Queue;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Rows of one step.
const STEP: u64 = 500;
/// A store that was opened more recently does not know yet which clusters there are.
const SETTLED: i64 = 60 * 60 * 1000;

/// What the store keeps at most. Ages and numbers hold together: a row goes when either is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Baselines of one object.
    pub baselines_per_object: u64,
    /// Bytes of the texts of all baselines together.
    pub baseline_bytes: u64,
    pub audit_age: Duration,
    pub audit_rows: u64,
    /// Revision changes of Flux objects.
    pub timeline_age: Duration,
    pub timeline_rows: u64,
    /// Since the sign-in. Sessions expire earlier by their own rules; this is for a server that nobody signs in to.
    pub session_age: Duration,
    pub session_rows: u64,
    /// Since a cluster that is not registered was last seen: a context that left the kubeconfig. Everything of it goes.
    pub removed_cluster_age: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            baselines_per_object: 5,
            baseline_bytes: 1 << 30,
            audit_age: DAY * 400,
            audit_rows: 1_000_000,
            timeline_age: DAY * 90,
            timeline_rows: 500_000,
            session_age: DAY * 90,
            session_rows: 100_000,
            removed_cluster_age: DAY * 30,
        }
    }
}

/// `opened_at` and `now` in milliseconds.
pub(super) async fn apply(
    database: &Database,
    queue: &Queue,
    keep: &Retention,
    opened_at: i64,
    now: i64,
) -> Result<(), StoreError> {
    let before = |age: Duration| now.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    let audit = Aged::<audit::Entity> { time: audit::Column::StartedAt, id: audit::Column::Id };
    audit.shrink(database, before(keep.audit_age), keep.audit_rows).await.map_err(writing("the audit trail"))?;
    let timeline = Aged::<timeline::Entity> { time: timeline::Column::AtMillis, id: timeline::Column::Id };
    timeline.shrink(database, before(keep.timeline_age), keep.timeline_rows).await.map_err(writing("the timeline"))?;
    let sessions = Aged::<session::Entity> { time: session::Column::CreatedAt, id: session::Column::TokenDigest };
    sessions.shrink(database, before(keep.session_age), keep.session_rows).await.map_err(writing("sessions"))?;
    let bytes = i64::try_from(keep.baseline_bytes).unwrap_or(i64::MAX);
    shrink_baselines(database, bytes).await.map_err(writing("baselines"))?;
    if now.saturating_sub(opened_at) >= SETTLED {
        let before = before(keep.removed_cluster_age);
        forget_removed_clusters(database, queue, before).await.map_err(writing("removed clusters"))?;
    }
    Ok(())
}

fn writing(what: &'static str) -> impl Fn(DbErr) -> StoreError {
    StoreError::writing(what)
}

/// A table whose rows have a time and an id of text.
struct Aged<E: EntityTrait> {
    time: E::Column,
    id: E::Column,
}

impl<E: EntityTrait> Aged<E> {
    /// Removes what is older than `oldest`, and the oldest beyond that many rows.
    async fn shrink(&self, database: &Database, oldest: i64, rows: u64) -> Result<(), DbErr> {
        let first_too_many: Option<i64> = E::find()
            .select_only()
            .column(self.time)
            .order_by_desc(self.time)
            .offset(Ord::min(rows, i64::MAX.unsigned_abs()))
            .limit(1)
            .into_tuple()
            .one(database.reader())
            .await?;
        let before = first_too_many.map_or(oldest, |too_many| std::cmp::max(oldest, too_many + 1));
        loop {
            let ids: Vec<String> = E::find()
                .select_only()
                .column(self.id)
                .filter(self.time.lt(before))
                .limit(STEP)
                .into_tuple()
                .all(database.reader())
                .await?;
            if ids.is_empty() {
                return Ok(());
            }
            E::delete_many().filter(self.id.is_in(ids)).exec(database.writer()).await?;
        }
    }
}

async fn shrink_baselines(database: &Database, limit: i64) -> Result<(), DbErr> {
    let mut bytes = bytes_of_baselines(database).await?;
    while bytes > limit {
        let oldest: Vec<(String, i64)> = baseline::Entity::find()
            .select_only()
            .columns([baseline::Column::Id, baseline::Column::Bytes])
            .order_by_asc(baseline::Column::CapturedAt)
            .limit(STEP)
            .into_tuple()
            .all(database.reader())
            .await?;
        if oldest.is_empty() {
            return Ok(());
        }
        let mut ids = Vec::new();
        for (id, size) in oldest {
            if bytes > limit {
                bytes -= size;
                ids.push(id);
            }
        }
        baseline::Entity::delete_many().filter(baseline::Column::Id.is_in(ids)).exec(database.writer()).await?;
    }
    Ok(())
}

async fn bytes_of_baselines(database: &Database) -> Result<i64, DbErr> {
    // Sums of BIGINT are decimals on servers; the cast brings them back.
    let whole = match database.reader().get_database_backend() {
        DbBackend::MySql => "SIGNED",
        _ => "BIGINT",
    };
    let sum: Option<Option<i64>> = baseline::Entity::find()
        .select_only()
        .column_as(Expr::col(baseline::Column::Bytes).sum().cast_as(whole), "bytes")
        .into_tuple()
        .one(database.reader())
        .await?;
    Ok(sum.flatten().unwrap_or(0))
}

/// Removes everything of clusters that are neither registered nor known to this process and were last seen before that
/// moment. The state goes last, so that a round which was cut short goes on next time.
async fn forget_removed_clusters(database: &Database, queue: &Queue, before: i64) -> Result<(), DbErr> {
    let registered: Vec<String> =
        cluster::Entity::find().select_only().column(cluster::Column::Id).into_tuple().all(database.reader()).await?;
    let long_gone: Vec<String> = cluster_state::Entity::find()
        .select_only()
        .column(cluster_state::Column::Cluster)
        .filter(cluster_state::Column::LastSeen.lt(before))
        .into_tuple()
        .all(database.reader())
        .await?;
    let removed = long_gone.into_iter().filter(|cluster| !registered.contains(cluster) && !queue.knows(cluster));
    for removed in removed {
        let writer = database.writer();
        tracing::info!(cluster = removed, "everything stored of a cluster that is gone is removed");
        object::Entity::delete_many().filter(object::Column::Cluster.eq(removed.as_str())).exec(writer).await?;
        baseline::Entity::delete_many().filter(baseline::Column::Cluster.eq(removed.as_str())).exec(writer).await?;
        timeline::Entity::delete_many().filter(timeline::Column::Cluster.eq(removed.as_str())).exec(writer).await?;
        cluster_state::Entity::delete_by_id(removed.as_str()).exec(writer).await?;
    }
    Ok(())
}
