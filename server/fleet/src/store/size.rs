//! How much the store holds: what waits to be written, and the database itself.

use std::path::Path;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::Store;
use super::database::Place;

/// A database that takes longer to say how large it is has better things to do.
const PATIENCE: Duration = Duration::from_secs(1);

impl Store {
    /// Object rows that wait, and the bytes of those and of what is being written.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        self.0.queue.depth()
    }

    /// Bytes of the database; `None` where it is in memory or does not say.
    pub(crate) async fn size(&self) -> Option<i64> {
        let database = &self.0.database;
        match database.place() {
            Place::File(path) => size_of_files(path),
            Place::Memory => None,
            Place::Server => tokio::time::timeout(PATIENCE, size_on_server(database.reader())).await.ok().flatten(),
        }
    }
}

/// The file and its log.
fn size_of_files(path: &Path) -> Option<i64> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let bytes = |path: &Path| path.metadata().map(|file| file.len()).ok();
    let total = bytes(path)? + bytes(Path::new(&log)).unwrap_or_default();
    i64::try_from(total).ok()
}

async fn size_on_server(database: &DatabaseConnection) -> Option<i64> {
    let backend = database.get_database_backend();
    let question = match backend {
        DbBackend::Postgres => "SELECT pg_database_size(current_database()) AS size",
        _ => {
            "SELECT CAST(SUM(data_length + index_length) AS SIGNED) AS size \
             FROM information_schema.tables WHERE table_schema = DATABASE()"
        }
    };
    let answer = database.query_one_raw(Statement::from_string(backend, question)).await.ok()??;
    answer.try_get("", "size").ok()
}
