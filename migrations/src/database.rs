//! What a database must be before the first table is made in it.

use sea_orm_migration::prelude::DbErr;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Makes new tables of MariaDB and MySQL compare text byte by byte, the trailing space included: to them `ada`, `Ada`
/// and `ada ` would else be one name. The two call that collation differently, so that no migration can name it.
///
/// # Errors
/// When a statement fails; the user needs the right to alter the database.
pub async fn prepare(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    if connection.get_database_backend() != DbBackend::MySql {
        return Ok(());
    }
    let version = Statement::from_string(DbBackend::MySql, "SELECT VERSION() AS version");
    let version: String = match connection.query_one_raw(version).await? {
        Some(row) => row.try_get("", "version")?,
        None => String::new(),
    };
    let collation = if version.contains("MariaDB") { "utf8mb4_nopad_bin" } else { "utf8mb4_0900_bin" };
    let statement = format!("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE {collation}");
    connection.execute_unprepared(&statement).await?;
    Ok(())
}
