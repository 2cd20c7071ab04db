//! The connections: those that write, those that read.
//!
//! SQLite has one writer connection (WAL, every commit reaches the disk, `BEGIN IMMEDIATE`, so that a transaction never
//! fails halfway for want of the lock) and four read-only ones; a database in memory has one connection for both. A
//! database server has a pool for each, so that reads never take the connections of the writes that somebody waits for.
//! A connection is tried before it is handed out: after a restart of the server the next statement finds a new one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, DatabaseConnection, DatabaseTransaction, DbErr, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

use super::error::StoreError;

/// Read-only connections to an SQLite file.
const READERS: u32 = 4;
/// Connections to a database server that write. One is the batches', the others are for single rows.
const SERVER_WRITERS: u32 = 4;
/// Connections to a database server that read.
const SERVER_READERS: u32 = 6;
/// How long SQLite waits for another process (a backup) to let go of the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a statement waits for a connection to a server, which is also how long a connection may take.
const SERVER_TIMEOUT: Duration = Duration::from_secs(5);
/// Unused connections to a server end after this time, before firewalls forget them.
const SERVER_IDLE: Duration = Duration::from_secs(10 * 60);
/// Every connection to a server ends after this time, so that a failover by name is followed.
const SERVER_LIFETIME: Duration = Duration::from_secs(30 * 60);

#[derive(Clone, Debug)]
pub(super) struct Database {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    File(PathBuf),
    Memory,
    Server,
}

impl Database {
    pub(super) async fn connect(url: &str) -> Result<Self, StoreError> {
        let failed = |source| StoreError::connecting(without_credentials(url))(source);
        let place = place(url).map_err(failed)?;
        let (writer, reader) = match &place {
            Place::Server => {
                let writer = sea_orm::Database::connect(server_options(url, SERVER_WRITERS)).await.map_err(failed)?;
                let reader = sea_orm::Database::connect(server_options(url, SERVER_READERS)).await.map_err(failed)?;
                (writer, reader)
            }
            Place::Memory => {
                let only = sea_orm::Database::connect(options(url, 1)).await.map_err(failed)?;
                (only.clone(), only)
            }
            Place::File(path) => {
                create_private(path)?;
                let writer = sea_orm::Database::connect(writer_options(url)).await.map_err(failed)?;
                let reader = sea_orm::Database::connect(reader_options(url)).await.map_err(failed)?;
                (writer, reader)
            }
        };
        Ok(Self { writer, reader, place })
    }

    /// For single statements that write, and for reads that must see them.
    pub(super) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    pub(super) fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// A transaction that writes. On SQLite it holds the write lock from its beginning; on servers it reads what others
    /// committed, PostgreSQL's own default, so that MariaDB and MySQL take no locks on gaps between rows.
    pub(super) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            isolation_level: (self.place == Place::Server).then_some(IsolationLevel::ReadCommitted),
            ..TransactionOptions::default()
        };
        self.writer.begin_with_options(options).await
    }

    /// A connection of its own to a server, for locks that belong to a session; elsewhere the writer, which is one.
    pub(super) async fn session(&self, url: &str) -> Result<DatabaseConnection, StoreError> {
        match self.place {
            Place::Server => sea_orm::Database::connect(server_options(url, 1))
                .await
                .map_err(StoreError::connecting(without_credentials(url))),
            Place::File(_) | Place::Memory => Ok(self.writer.clone()),
        }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) async fn close(&self) -> Result<(), StoreError> {
        // Readers first: the last connection that closes is the one that may fold the log into the file.
        self.reader.close_by_ref().await.map_err(|source| StoreError::Close { source })?;
        self.writer.close_by_ref().await.map_err(|source| StoreError::Close { source })
    }
}

/// Statements are not logged: their values are somebody's data.
fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).min_connections(1).sqlx_logging(false);
    // A database in memory lives as long as its connection, and one on disk gains nothing from reconnecting.
    options.idle_timeout(None).max_lifetime(None);
    options
}

fn server_options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = options(url, connections);
    options.acquire_timeout(SERVER_TIMEOUT).test_before_acquire(true);
    options.idle_timeout(SERVER_IDLE).max_lifetime(SERVER_LIFETIME);
    options
}

fn writer_options(url: &str) -> ConnectOptions {
    let mut options = options(url, 1);
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .optimize_on_close(true, None)
    });
    options
}

fn reader_options(url: &str) -> ConnectOptions {
    let mut options = options(url, READERS);
    options.map_sqlx_sqlite_opts(|sqlite| sqlite.read_only(true).busy_timeout(BUSY_TIMEOUT));
    options
}

pub(super) fn place(url: &str) -> Result<Place, DbErr> {
    if !url.starts_with("sqlite:") {
        return Ok(Place::Server);
    }
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Ok(Place::Memory);
    }
    let options: SqliteConnectOptions = url
        .parse()
        .map_err(|error: sea_orm::sqlx::Error| DbErr::Conn(sea_orm::RuntimeErr::Internal(error.to_string())))?;
    Ok(Place::File(options.get_filename().to_owned()))
}

/// Password hashes and session digests are for the owner of the file only; SQLite gives its side files the same mode.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(StoreError::CreateFile { path: path.display().to_string(), source }),
    }
}

/// The URL as it may stand in a log.
pub(super) fn without_credentials(text: &str) -> String {
    match url::Url::parse(text) {
        Ok(url) if url.has_host() => {
            let database = url.path();
            format!("{}://{}{database}", url.scheme(), url.host_str().unwrap_or_default())
        }
        _ if text.starts_with("sqlite:") => text.to_owned(),
        _ => "(not a URL)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_in_an_error_has_no_password() {
        assert_eq!(without_credentials("postgres://me:hunter2@db:5432/flux"), "postgres://db/flux");
        assert_eq!(without_credentials("sqlite://data/flux.db"), "sqlite://data/flux.db");
        assert_eq!(without_credentials("hunter2"), "(not a URL)");
    }

    #[test]
    fn the_place_follows_from_the_url() {
        assert_eq!(place("sqlite::memory:").unwrap(), Place::Memory);
        assert_eq!(place("sqlite:///var/lib/flux.db").unwrap(), Place::File("/var/lib/flux.db".into()));
        assert_eq!(place("mysql://db/flux").unwrap(), Place::Server);
    }
}
