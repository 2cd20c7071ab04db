//! What must survive a restart: clusters, last known objects, baselines, users, sessions, audit.
//!
//! Owns the database, its key and the one writer of batched object rows. Credentials are sealed before they reach a row
//! ([`envelope`]); everything else that comes here is masked already. Knows nothing of clients, watches or permissions.
//!
//! One process writes an SQLite file through one connection; readers have their own and never wait for it. Single rows
//! (audit, sessions, clusters) are the priority lane: connections are handed out in order of asking, and the batches of
//! objects give theirs back after each transaction of at most 50 ms. The code is written for SQLite, PostgreSQL and
//! MariaDB or MySQL; only SQLite is tested so far.

mod audit;
pub mod baselines;
mod cluster_states;
mod clusters;
mod database;
mod digest;
mod entity;
mod envelope;
mod error;
mod identifier;
mod keys;
mod objects;
mod queue;
mod retention;
mod schema;
mod sessions;
mod users;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use migrations::{Migrator, MigratorTrait};
use sea_orm::EntityTrait;
use sea_orm_migration::SchemaManager;
use tokio_util::sync::{CancellationToken, DropGuard};
use zeroize::Zeroizing;

pub use self::audit::{AuditEntry, AuditOutcome, AuditQuery, AuditStore};
pub use self::baselines::{BASELINES_PER_OBJECT, Baseline, BaselineStore, LARGEST_BASELINE, Recorded};
pub use self::cluster_states::{ClusterState, ClusterStateStore};
pub use self::clusters::{ClusterStore, StoredCluster};
pub use self::envelope::EnvelopeError;
pub use self::error::StoreError;
pub use self::keys::{KEY_FILE, KeyError, KeySource};
pub use self::objects::{ObjectStore, StoredObject};
pub use self::schema::{KeyFit, SchemaStep};
pub use self::sessions::{SessionStore, StoredSession};
pub use self::users::{StoredUser, UserStore};

use self::database::Database;
use self::envelope::{Cell, Keyring};
use self::queue::Queue;
use crate::clock::Clock;

/// How long closing waits for the rows that are still queued.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Name of the settings row that tells whether a key belongs to the database.
const KEY_CHECK: &str = "key_check";
/// What that row holds, sealed.
const KEY_CHECK_TEXT: &[u8] = b"flux-orchestrator";

/// Where the store is, and how it is sealed.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `sqlite://PATH`, `sqlite::memory:`, `postgres://…` or `mysql://…`.
    pub url: String,
    pub key: KeySource,
    pub clock: Clock,
}

/// The open store; clones share it.
#[derive(Clone)]
pub struct Store(Arc<Shared>);

struct Shared {
    database: Database,
    keys: Arc<Keyring>,
    queue: Arc<Queue>,
    clock: Clock,
    /// Ends the writer task with the last clone.
    writing: DropGuard,
}

impl Store {
    /// Opens the database, checks the key against it, then brings the schema up to date. With a wrong or lost key
    /// nothing has been written. Must be called within a tokio runtime: the writer task starts here.
    ///
    /// # Errors
    /// [`StoreError::Connect`], [`StoreError::Key`], [`StoreError::Migrate`], or a failed statement.
    pub async fn open(config: StoreConfig) -> Result<Self, StoreError> {
        let database = Database::connect(&config.url).await?;
        let check = stored_key_check(&database).await?;
        let keys = Arc::new(Keyring::load(&config.key, database.place(), check.is_some())?);
        if let Some(sealed) = &check {
            verify_key(&keys, sealed)?;
        }
        Migrator::up(database.writer(), None).await.map_err(|source| StoreError::Migrate { source })?;
        if check.is_none() {
            store_key_check(&database, &keys).await?;
        }
        let queue = Arc::new(Queue::default());
        let stop = CancellationToken::new();
        tokio::spawn(writer::write_objects(queue.clone(), database.clone(), stop.clone()));
        Ok(Self(Arc::new(Shared { database, keys, queue, clock: config.clock, writing: stop.drop_guard() })))
    }

    #[must_use]
    pub fn clusters(&self) -> ClusterStore {
        ClusterStore::new(self.0.database.clone(), self.0.keys.clone(), self.0.queue.clone())
    }

    #[must_use]
    pub fn cluster_states(&self) -> ClusterStateStore {
        ClusterStateStore::new(self.0.database.clone())
    }

    #[must_use]
    pub fn objects(&self) -> ObjectStore {
        ObjectStore::new(self.0.database.clone(), self.0.queue.clone())
    }

    #[must_use]
    pub fn baselines(&self) -> BaselineStore {
        BaselineStore::new(self.0.database.clone())
    }

    #[must_use]
    pub fn users(&self) -> UserStore {
        UserStore::new(self.0.database.clone())
    }

    #[must_use]
    pub fn sessions(&self) -> SessionStore {
        SessionStore::new(self.0.database.clone())
    }

    #[must_use]
    pub fn audit(&self) -> AuditStore {
        AuditStore::new(self.0.database.clone())
    }

    /// Whether a statement gets through to the database and back.
    pub async fn answers(&self) -> bool {
        self.0.database.reader().ping().await.is_ok()
    }

    /// Key of the HMAC that stands for a secret value in stored rows, so that equality survives and the value does not.
    #[must_use]
    pub fn mask_key(&self) -> Zeroizing<[u8; 32]> {
        self.0.keys.mask_key()
    }

    /// Removes what is older or more than the store keeps. To be called at start and once a day.
    ///
    /// # Errors
    /// When a statement fails; what was removed before stays removed.
    pub async fn apply_retention(&self) -> Result<(), StoreError> {
        retention::apply(&self.0.database, self.0.clock.now()).await
    }

    /// Writes what is queued (for at most five seconds) and closes the connections. Other clones fail from then on.
    ///
    /// # Errors
    /// [`StoreError::Close`].
    pub async fn close(self) -> Result<(), StoreError> {
        if tokio::time::timeout(CLOSE_WITHIN, self.objects().flush()).await.is_err() {
            tracing::warn!("some objects were not written before the store closed; the next start reads them anew");
        }
        self.0.database.close().await
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("database", &self.0.database)
            .field("writing", &self.0.writing)
            .finish_non_exhaustive()
    }
}

fn key_check_cell() -> Cell<'static> {
    Cell { table: "settings", row: KEY_CHECK, column: "value" }
}

/// The sealed check value, or `None` if nothing was ever sealed here.
async fn stored_key_check(database: &Database) -> Result<Option<String>, StoreError> {
    let reading = |source| StoreError::Read { what: "the settings", source };
    if !SchemaManager::new(database.writer()).has_table("settings").await.map_err(reading)? {
        return Ok(None);
    }
    let row = entity::setting::Entity::find_by_id(KEY_CHECK).one(database.writer()).await.map_err(reading)?;
    Ok(row.map(|row| row.value))
}

fn verify_key(keys: &Keyring, sealed: &str) -> Result<(), KeyError> {
    match keys.open(key_check_cell(), sealed) {
        Ok(text) if text.as_slice() == KEY_CHECK_TEXT => Ok(()),
        _ => Err(KeyError::Wrong {
            needed: envelope::key_id(sealed).unwrap_or("unknown").to_owned(),
            given: keys.current_id().to_owned(),
        }),
    }
}

async fn store_key_check(database: &Database, keys: &Keyring) -> Result<(), StoreError> {
    let cell = key_check_cell();
    let value = keys.seal(cell, KEY_CHECK_TEXT).map_err(|source| cell.sealing(source))?;
    let row = entity::setting::ActiveModel { name: sea_orm::Set(KEY_CHECK.to_owned()), value: sea_orm::Set(value) };
    entity::setting::Entity::insert(row)
        .exec_without_returning(database.writer())
        .await
        .map_err(|source| StoreError::Write { what: "the settings", source })?;
    Ok(())
}
