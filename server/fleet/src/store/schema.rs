//! Bringing the schema up to date, one process at a time.
//!
//! On a server the work is done under a lock of the session, so that replicas which start together do not meet. A
//! database that is newer than this version is left alone.

use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use sea_orm_migration::seaql_migrations;
use sea_orm_migration::{MigrationStatus, SchemaManager};

use super::database::Database;
use super::error::StoreError;

/// How long to wait for another process.
const LOCK_SECONDS: u64 = 60;
/// Any number that no other program takes for the same purpose: `flux-orc` in ASCII.
const POSTGRES_LOCK: i64 = 0x666c_7578_2d6f_7263;

/// One step of the schema, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaStep {
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

/// All steps that this version knows. Changes nothing.
pub(super) async fn steps(database: &Database) -> Result<Vec<SchemaStep>, StoreError> {
    let connection = database.writer();
    refuse_newer(connection).await?;
    let migrations = Migrator::get_migration_with_status_read_only(connection)
        .await
        .map_err(StoreError::reading("the state of the schema"))?;
    let step = |migration: &sea_orm_migration::Migration| SchemaStep {
        name: migration.name().to_owned(),
        applied: matches!(migration.status(), MigrationStatus::Applied),
    };
    Ok(migrations.iter().map(step).collect())
}

/// Applies what is pending; the names of what was applied.
pub(super) async fn migrate(database: &Database, url: &str) -> Result<Vec<String>, StoreError> {
    if pending(database).await?.is_empty() {
        return Ok(Vec::new());
    }
    let session = database.session(url).await?;
    lock(&session).await?;
    // What another process did in the meantime is not pending any more.
    let names = pending(database).await?;
    if !names.is_empty() {
        let failed = |source| StoreError::Migrate { source };
        migrations::prepare(&session).await.map_err(failed)?;
        Migrator::up(&session, None).await.map_err(failed)?;
    }
    if session.get_database_backend() != DbBackend::Sqlite {
        // The lock goes with its session.
        session.close().await.map_err(|source| StoreError::Close { source })?;
    }
    Ok(names)
}

async fn pending(database: &Database) -> Result<Vec<String>, StoreError> {
    let steps = steps(database).await?;
    Ok(steps.into_iter().filter(|step| !step.applied).map(|step| step.name).collect())
}

async fn refuse_newer(connection: &DatabaseConnection) -> Result<(), StoreError> {
    let unknown = unknown_steps(connection).await.map_err(StoreError::reading("the state of the schema"))?;
    if unknown.is_empty() { Ok(()) } else { Err(StoreError::Newer { steps: unknown.join(", ") }) }
}

/// Steps that the database has and this version does not know.
async fn unknown_steps(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let table = Migrator::migration_table_name().to_string();
    if !SchemaManager::new(connection).has_table(&table).await? {
        return Ok(Vec::new());
    }
    let known: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    let applied: Vec<seaql_migrations::Model> = Migrator::get_migration_models(connection).await?;
    Ok(applied.into_iter().map(|row| row.version).filter(|name| !known.contains(name)).collect())
}

/// Takes the lock that ends with the session.
async fn lock(session: &DatabaseConnection) -> Result<(), StoreError> {
    let failed = |source| StoreError::Migrate { source };
    match session.get_database_backend() {
        DbBackend::Postgres => {
            let statements = format!("SET lock_timeout = '{LOCK_SECONDS}s'; SELECT pg_advisory_lock({POSTGRES_LOCK})");
            session.execute_unprepared(&statements).await.map_err(failed)?;
        }
        backend @ DbBackend::MySql => {
            // Names of locks belong to the whole server.
            let name = "LEFT(CONCAT('flux-orchestrator ', DATABASE()), 64)";
            let statement = format!("SELECT CAST(GET_LOCK({name}, {LOCK_SECONDS}) AS SIGNED) AS held");
            let row = session.query_one_raw(Statement::from_string(backend, statement)).await.map_err(failed)?;
            let held: Option<i64> = match row {
                Some(row) => row.try_get("", "held").map_err(failed)?,
                None => None,
            };
            if held != Some(1) {
                return Err(StoreError::SchemaLocked { seconds: LOCK_SECONDS });
            }
        }
        _ => {}
    }
    Ok(())
}
