//! Column types that mean the same on every database.
//!
//! Times are milliseconds since 1970 in a BIGINT. Names compare byte by byte: SQLite and PostgreSQL do so by
//! themselves, MariaDB and MySQL by the collation that [`crate::prepare`] gives the database. Anything in a key has a
//! length, and the keys stay below InnoDB's 3,072 bytes (768 characters of four bytes).

use sea_orm_migration::prelude::{
    ColumnDef, DbErr, IndexCreateStatement, IntoIden, SchemaManager, Table, TableCreateStatement,
};
use sea_orm_migration::sea_orm::DbBackend;

/// Longest slug of a cluster.
pub const CLUSTER: u32 = 63;
/// Longest API group, and name of an object: a DNS subdomain.
pub const NAME: u32 = 253;
/// Longest kind and namespace: a DNS label.
pub const LABEL: u32 = 63;
/// Version 7 UUID as text; sorts by time.
pub const UUID: u32 = 36;
/// SHA-256 as hexadecimal text.
pub const DIGEST: u32 = 64;

/// A table of that name, in InnoDB where there is a choice.
pub fn table(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create().table(name).if_not_exists().take();
    if manager.get_database_backend() == DbBackend::MySql {
        table.engine("InnoDB");
    }
    table
}

/// Creates an index unless it is there. MySQL has no `IF NOT EXISTS` here and cannot undo half a migration, so that one
/// that was cut short must be able to run again.
///
/// # Errors
/// When the database refuses.
pub async fn create_index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    name: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    if manager.has_index(table, name).await? {
        return Ok(());
    }
    let mut index = IndexCreateStatement::new().name(name).table(table).take();
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}

/// Text without a limit of its own. MySQL's TEXT ends at 64 KiB, so that it is LONGTEXT there.
pub fn long_text(manager: &SchemaManager<'_>, name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DbBackend::MySql => column.custom("LONGTEXT"),
        _ => column.text(),
    };
    column
}

/// Text that fits a key.
pub fn short_text(name: impl IntoIden, length: u32) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.string_len(length);
    column
}

/// Milliseconds since 1970, UTC; also sizes and other whole numbers.
pub fn number(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.big_integer();
    column
}

/// The five columns that name an object; `namespace` is empty where the kind has none, since keys hold no NULL.
pub const OBJECT_KEY: [(&str, u32); 5] =
    [("cluster", CLUSTER), ("api_group", NAME), ("kind", LABEL), ("namespace", LABEL), ("name", NAME)];

/// Names of [`OBJECT_KEY`] with one column more, for an index.
pub const OBJECT_KEY_AND_CAPTURE: [&str; 6] = ["cluster", "api_group", "kind", "namespace", "name", "captured_at"];

/// Adds [`OBJECT_KEY`] to a table.
pub fn add_object_key(table: &mut TableCreateStatement) {
    for (name, length) in OBJECT_KEY {
        table.col(short_text(name, length).not_null());
    }
}
