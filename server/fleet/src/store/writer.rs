//! The task that writes queued object rows: transactions of at most 50 ms, so that single rows never wait long.
//!
//! A transaction that fails is tried again with half as many rows, down to one. A row that fails alone three times is
//! set aside with an error in the log: one object that the database will not have never holds up the others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::object::ObjectRef;
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait, Set};
use tokio_util::sync::CancellationToken;

use super::database::Database;
use super::entity::object;
use super::queue::{Change, Queue, Queued};

/// Most rows of a transaction.
const ROWS: usize = 512;
/// Rows of one statement; eight values each, and databases count values.
const ROWS_OF_STATEMENT: usize = 64;
/// After this long a transaction takes no more rows; leaves room for the commit.
const TRANSACTION: Duration = Duration::from_millis(40);
/// How long the first change of a burst waits for the rest of it.
const LINGER: Duration = Duration::from_millis(20);
/// Pause after a single row has failed.
const PAUSE: Duration = Duration::from_secs(1);
const TRIES: u32 = 3;

/// Runs until `stop`; what is queued then stays unwritten.
pub(super) async fn write_objects(queue: Arc<Queue>, database: Database, stop: CancellationToken) {
    let mut rows = ROWS;
    let mut failures = 0;
    loop {
        let pause = match write_next(&queue, &database, rows).await {
            Round::Nothing => {
                tokio::select! {
                    () = queue.filled() => {}
                    () = stop.cancelled() => return,
                }
                LINGER
            }
            Round::Written => {
                (rows, failures) = (ROWS, 0);
                Duration::ZERO
            }
            Round::Failed if rows > 1 => {
                rows /= 2;
                Duration::ZERO
            }
            Round::Failed if failures + 1 < TRIES => {
                failures += 1;
                PAUSE
            }
            Round::Failed => {
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

enum Round {
    Nothing,
    Written,
    Failed,
}

/// One transaction. What does not fit goes back to its place.
async fn write_next(queue: &Queue, database: &Database, rows: usize) -> Round {
    let _turn = queue.turn().await;
    let mut batch = queue.take(rows);
    if batch.is_empty() {
        return Round::Nothing;
    }
    match write(database, &batch).await {
        Ok(count) => {
            let rest = batch.split_off(count);
            queue.give_back(rest, false);
            queue.written(&batch);
            Round::Written
        }
        Err(error) => {
            tracing::warn!(%error, rows = batch.len(), "cannot write objects to the database");
            queue.give_back(batch, true);
            Round::Failed
        }
    }
}

async fn set_aside_next(queue: &Queue) {
    let _turn = queue.turn().await;
    let row = queue.take(1);
    if let [row] = row.as_slice() {
        tracing::error!(object = %row.object, "the database refuses this object; set aside until the next resync");
    }
    queue.set_aside(&row);
}

/// How many rows were written and committed, from the front.
async fn write(database: &Database, batch: &[Queued]) -> Result<usize, DbErr> {
    let transaction = database.begin().await?;
    let started = Instant::now();
    let mut count = 0;
    for rows in batch.chunks(ROWS_OF_STATEMENT) {
        put(&transaction, rows).await?;
        remove(&transaction, rows).await?;
        count += rows.len();
        if started.elapsed() >= TRANSACTION {
            break;
        }
    }
    transaction.commit().await?;
    Ok(count)
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
    for row in rows.iter().filter(|row| row.change == Change::Remove) {
        object::Entity::delete_by_id(key(&row.object)).exec(transaction).await?;
    }
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
