//! How long and how much the store keeps.
//!
//! Audit: 400 days and a million rows. Baselines: 1 GiB, oldest captures first (each object has few, see
//! [`super::baselines`]). Sessions expire by themselves. Objects and states live as long as their cluster.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DbBackend, DbErr, EntityTrait, ExprTrait as _, QueryFilter, QueryOrder, QuerySelect};

use super::database::Database;
use super::entity::{audit, baseline};
use super::error::StoreError;

const DAY: i64 = 24 * 60 * 60 * 1000;
const AUDIT_AGE: i64 = 400 * DAY;
const AUDIT_ROWS: u64 = 1_000_000;
const BASELINE_BYTES: i64 = 1 << 30;
/// Rows of one step, so that no transaction is long.
const STEP: u64 = 500;

pub(super) async fn apply(database: &Database, now: i64) -> Result<(), StoreError> {
    shrink_audit(database, now - AUDIT_AGE, AUDIT_ROWS)
        .await
        .map_err(|source| StoreError::Write { what: "the audit trail", source })?;
    shrink_baselines(database, BASELINE_BYTES).await.map_err(|source| StoreError::Write { what: "baselines", source })
}

async fn shrink_audit(database: &Database, oldest: i64, rows: u64) -> Result<(), DbErr> {
    let first_too_many: Option<i64> = audit::Entity::find()
        .select_only()
        .column(audit::Column::StartedAt)
        .order_by_desc(audit::Column::StartedAt)
        .offset(rows)
        .limit(1)
        .into_tuple()
        .one(database.reader())
        .await?;
    let before = first_too_many.map_or(oldest, |too_many| std::cmp::max(oldest, too_many + 1));
    loop {
        let ids: Vec<String> = audit::Entity::find()
            .select_only()
            .column(audit::Column::Id)
            .filter(audit::Column::StartedAt.lt(before))
            .limit(STEP)
            .into_tuple()
            .all(database.writer())
            .await?;
        if ids.is_empty() {
            return Ok(());
        }
        audit::Entity::delete_many().filter(audit::Column::Id.is_in(ids)).exec(database.writer()).await?;
    }
}

async fn shrink_baselines(database: &Database, limit: i64) -> Result<(), DbErr> {
    while bytes_of_baselines(database).await? > limit {
        let ids: Vec<String> = baseline::Entity::find()
            .select_only()
            .column(baseline::Column::Id)
            .order_by_asc(baseline::Column::CapturedAt)
            .limit(STEP)
            .into_tuple()
            .all(database.writer())
            .await?;
        baseline::Entity::delete_many().filter(baseline::Column::Id.is_in(ids)).exec(database.writer()).await?;
    }
    Ok(())
}

async fn bytes_of_baselines(database: &Database) -> Result<i64, DbErr> {
    // Sums of BIGINT are decimals on servers; the cast brings them back.
    let whole = match database.writer().get_database_backend() {
        DbBackend::MySql => "SIGNED",
        _ => "BIGINT",
    };
    let sum: Option<Option<i64>> = baseline::Entity::find()
        .select_only()
        .column_as(Expr::col(baseline::Column::Bytes).sum().cast_as(whole), "bytes")
        .into_tuple()
        .one(database.writer())
        .await?;
    Ok(sum.flatten().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use domain::object::ObjectRef;
    use serde_json::json;

    use super::super::audit::{AuditEntry, AuditOutcome, AuditQuery, AuditStore};
    use super::super::baselines::{Baseline, BaselineStore, Recorded};
    use super::*;
    use migrations::{Migrator, MigratorTrait};

    async fn database() -> Database {
        let database = Database::connect("sqlite::memory:").await.unwrap();
        Migrator::up(database.writer(), None).await.unwrap();
        database
    }

    fn entry(started_at: i64) -> AuditEntry {
        AuditEntry {
            started_at,
            finished_at: None,
            caller: "ada".to_owned(),
            remote: None,
            verb: "sync".to_owned(),
            target: "cluster prod".to_owned(),
            cluster: Some("prod".to_owned()),
            namespace: None,
            action: "sync".to_owned(),
            detail: String::new(),
            outcome: AuditOutcome::Succeeded,
            message: String::new(),
        }
    }

    #[tokio::test]
    async fn audit_rows_go_by_age_and_by_number_oldest_first() {
        let database = database().await;
        let audit = AuditStore::new(database.clone());
        for started_at in 1..=6 {
            audit.insert(entry(started_at)).await.unwrap();
        }
        shrink_audit(&database, 3, 100).await.unwrap();
        let query = AuditQuery { limit: 10, ..AuditQuery::default() };
        let left = |rows: Vec<AuditEntry>| rows.into_iter().map(|row| row.started_at).collect::<Vec<_>>();
        assert_eq!(left(audit.list(&query).await.unwrap()), [6, 5, 4, 3]);
        shrink_audit(&database, 3, 2).await.unwrap();
        assert_eq!(left(audit.list(&query).await.unwrap()), [6, 5]);
    }

    #[tokio::test]
    async fn baselines_shrink_to_their_share_of_bytes() {
        let database = database().await;
        let object =
            ObjectRef::of(&"prod".into(), &json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}));
        let store = BaselineStore::new(database.clone());
        let baseline = Baseline {
            owner: object.clone(),
            object: object.clone(),
            revision: "main@sha1:1".to_owned(),
            build: "sha256:1".to_owned(),
            captured_at: 1,
            json: json!({"a": "b"}),
            owned_paths: json!({}),
        };
        assert_eq!(store.put(&baseline).await.unwrap(), Recorded::New);
        let bytes = bytes_of_baselines(&database).await.unwrap();
        assert_eq!(bytes, (r#"{"a":"b"}"#.len() + "{}".len()) as i64);
        shrink_baselines(&database, bytes).await.unwrap();
        assert_eq!(store.latest(&object).await.unwrap(), Some(baseline));
        shrink_baselines(&database, bytes - 1).await.unwrap();
        assert_eq!(store.latest(&object).await.unwrap(), None);
    }
}
