//! The task that writes queued rows: transactions of at most 50 ms, so that single rows never wait long.
//!
//! While the database itself is away or full, everything keeps its place and is tried again every second. Otherwise a
//! transaction that fails is tried again with half as many rows, down to one. A row that fails alone three times is set
//! aside with an error in the log: one object that the database will not have never holds up the others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::object::ObjectRef;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, Set};
use tokio_util::sync::CancellationToken;

use super::database::Database;
use super::entity::object;
use super::queue::{Change, Queue, Queued};
use super::timeline::Pending;
use super::trouble::{self, Trouble};
use crate::metrics::counters::COUNTERS;

/// Most rows of a transaction.
const ROWS: usize = 512;
/// Rows of one statement; eight values each, and databases count values.
const ROWS_OF_STATEMENT: usize = 64;
/// JSON of one statement: MariaDB and MySQL refuse a packet of more than 16 MiB, or what the operator set.
const BYTES_OF_STATEMENT: usize = 1 << 20;
/// After this long a transaction takes no more rows; leaves room for the commit.
const TRANSACTION: Duration = Duration::from_millis(40);
/// How long the first change of a burst waits for the rest of it.
const LINGER: Duration = Duration::from_millis(20);
/// Pause after a single row has failed, and while the database is away.
const PAUSE: Duration = Duration::from_secs(1);
const TRIES: u32 = 3;

/// Runs until `stop`; what is queued then stays unwritten.
pub(super) async fn write(queue: Arc<Queue>, timeline: Arc<Pending>, database: Database, stop: CancellationToken) {
    let mut rows = ROWS;
    let mut failures = 0;
    loop {
        let timeline = write_timeline(&timeline, &database).await;
        let objects = write_next(&queue, &database, rows).await;
        let pause = match objects {
            Round::Nothing if timeline == Round::Nothing => {
                tokio::select! {
                    () = queue.filled() => {}
                    () = stop.cancelled() => return,
                }
                LINGER
            }
            Round::Nothing if timeline == Round::Away => PAUSE,
            Round::Nothing => Duration::ZERO,
            Round::Written => {
                (rows, failures) = (ROWS, 0);
                Duration::ZERO
            }
            Round::Away => PAUSE,
            Round::Refused if rows > 1 => {
                rows /= 2;
                Duration::ZERO
            }
            Round::Refused if failures + 1 < TRIES => {
                failures += 1;
                PAUSE
            }
            Round::Refused => {
                set_aside_next(&queue).await;
                failures = 0;
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    Nothing,
    Written,
    /// The database would not have these rows.
    Refused,
    /// The database takes nothing at the moment.
    Away,
}

/// One transaction of rows of the timeline.
async fn write_timeline(timeline: &Pending, database: &Database) -> Round {
    match timeline.write_next(database).await {
        Ok(0) => Round::Nothing,
        Ok(_) => Round::Written,
        Err(error) if trouble::of(&error) == Trouble::Refused => {
            tracing::warn!(%error, "cannot write the timeline to the database");
            timeline.drop_next();
            Round::Refused
        }
        Err(error) => {
            tracing::warn!(%error, "the database does not take the timeline; tried again in a second");
            Round::Away
        }
    }
}

/// One transaction of objects. What does not fit goes back to its place.
async fn write_next(queue: &Queue, database: &Database, rows: usize) -> Round {
    let _turn = queue.turn().await;
    let mut batch = queue.take(rows);
    if batch.is_empty() {
        return Round::Nothing;
    }
    let started = Instant::now();
    let outcome = write_objects(database, &batch).await;
    COUNTERS.store_batch.observe(started.elapsed().as_secs_f64());
    match outcome {
        Ok(count) => {
            COUNTERS.store_rows.inc_by(count as u64);
            let rest = batch.split_off(count);
            queue.give_back(rest, false);
            queue.written(&batch);
            Round::Written
        }
        Err(error) => {
            let trouble = trouble::of(&error);
            COUNTERS.store_batch_errors.inc();
            tracing::warn!(%error, rows = batch.len(), "cannot write objects to the database");
            queue.give_back(batch, true);
            if trouble == Trouble::Refused { Round::Refused } else { Round::Away }
        }
    }
}

async fn set_aside_next(queue: &Queue) {
    let _turn = queue.turn().await;
    let row = queue.take(1);
    if let [row] = row.as_slice() {
        COUNTERS.store_rows_set_aside.inc();
        tracing::error!(object = %row.object, "the database refuses this object; set aside until the next resync");
    }
    queue.set_aside(&row);
}

/// How many rows were written and committed, from the front.
async fn write_objects(database: &Database, batch: &[Queued]) -> Result<usize, DbErr> {
    let transaction = database.begin().await?;
    let started = Instant::now();
    let mut count = 0;
    while count < batch.len() && (count == 0 || started.elapsed() < TRANSACTION) {
        let rows = statement(&batch[count..]);
        put(&transaction, rows).await?;
        remove(&transaction, rows).await?;
        count += rows.len();
    }
    transaction.commit().await?;
    Ok(count)
}

/// The rows of the next statement: one at least.
fn statement(rows: &[Queued]) -> &[Queued] {
    let mut bytes = 0;
    let fitting = rows.iter().take(ROWS_OF_STATEMENT).take_while(|row| {
        bytes += row.change.json_bytes();
        bytes <= BYTES_OF_STATEMENT
    });
    let count = fitting.count().max(1).min(rows.len());
    &rows[..count]
}

async fn put(transaction: &DatabaseTransaction, rows: &[Queued]) -> Result<(), DbErr> {
    let models: Vec<_> = rows.iter().filter_map(model).collect();
    if models.is_empty() {
        return Ok(());
    }
    use object::Column;
    let key = [Column::Cluster, Column::ApiGroup, Column::Kind, Column::Namespace, Column::Name];
    let newer = OnConflict::columns(key).update_columns([Column::Version, Column::Json, Column::SeenAt]).to_owned();
    object::Entity::insert_many(models).on_conflict(newer).exec_without_returning(transaction).await?;
    Ok(())
}

async fn remove(transaction: &DatabaseTransaction, rows: &[Queued]) -> Result<(), DbErr> {
    use object::Column;
    let gone: Vec<_> = rows.iter().filter(|row| row.change == Change::Remove).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let any = gone.into_iter().fold(Condition::any(), |any, row| {
        let (cluster, api_group, kind, namespace, name) = key(&row.object);
        let this = Condition::all()
            .add(Column::Cluster.eq(cluster))
            .add(Column::ApiGroup.eq(api_group))
            .add(Column::Kind.eq(kind))
            .add(Column::Namespace.eq(namespace))
            .add(Column::Name.eq(name));
        any.add(this)
    });
    object::Entity::delete_many().filter(any).exec(transaction).await?;
    Ok(())
}

fn key(object: &ObjectRef) -> (String, String, String, String, String) {
    let ObjectRef { cluster, group, kind, namespace, name } = object.clone();
    (cluster.0, group, kind, namespace.unwrap_or_default(), name)
}

fn model(row: &Queued) -> Option<object::ActiveModel> {
    let Change::Put { version, json, seen_at } = &row.change else { return None };
    let (cluster, api_group, kind, namespace, name) = key(&row.object);
    Some(object::ActiveModel {
        cluster: Set(cluster),
        api_group: Set(api_group),
        kind: Set(kind),
        namespace: Set(namespace),
        name: Set(name),
        version: Set(version.clone()),
        json: Set(json.clone()),
        seen_at: Set(*seen_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(bytes: usize) -> Queued {
        let object = ObjectRef {
            cluster: "prod".into(),
            group: "apps".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: None,
            name: "web".to_owned(),
        };
        let change = Change::Put { version: "1".to_owned(), json: "x".repeat(bytes), seen_at: 1 };
        Queued { place: 0, object, change }
    }

    #[test]
    fn a_statement_is_bounded_in_rows_and_in_bytes_and_holds_one_row_of_any_size() {
        let small: Vec<_> = (0..100).map(|_| row(10)).collect();
        assert_eq!(statement(&small).len(), ROWS_OF_STATEMENT);
        assert_eq!(statement(&small[..7]).len(), 7);
        let large: Vec<_> = (0..10).map(|_| row(BYTES_OF_STATEMENT / 3)).collect();
        assert_eq!(statement(&large).len(), 3);
        let huge = [row(BYTES_OF_STATEMENT + 1), row(1)];
        assert_eq!(statement(&huge).len(), 1);
    }
}
