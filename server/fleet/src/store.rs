//! What must survive a restart: clusters, last known objects, baselines, users, sessions, audit.
//!
//! Owns the database, its key and the one writer of batched object rows. Credentials are sealed before they reach a row
//! ([`envelope`]); everything else that comes here is masked already. Knows nothing of clients, watches or permissions.
//!
//! One process writes an SQLite file through one connection; readers have their own and never wait for it. Single rows
//! (audit, sessions, clusters) are the priority lane: connections are handed out in order of asking, and the batches of
//! objects give theirs back after each transaction of at most 50 ms. On PostgreSQL, MariaDB and MySQL the writers are a
//! pool of which the batches use one connection.

mod audit;
pub mod baselines;
mod cluster_states;
mod clusters;
mod database;
mod digest;
mod entity;
mod envelope;
mod error;
#[cfg(test)]
mod full_disk;
mod grants;
mod identifier;
mod key_fit;
mod keys;
mod objects;
mod queue;
mod retention;
mod rotation;
mod schema;
mod sessions;
mod settings;
mod size;
mod text;
mod timeline;
mod tokens;
mod trouble;
mod users;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::{CancellationToken, DropGuard};
use zeroize::Zeroizing;

pub use self::audit::{AuditEntry, AuditOutcome, AuditQuery, AuditStore, Places};
pub use self::baselines::{Baseline, BaselineStore, LARGEST_BASELINE, Recorded};
pub use self::cluster_states::{ClusterState, ClusterStateStore};
pub use self::clusters::{ClusterStore, StoredCluster};
pub use self::envelope::EnvelopeError;
pub use self::error::StoreError;
pub use self::key_fit::KeyFit;
pub use self::keys::{KEY_FILE, KeyError, KeySource};
pub use self::objects::{ObjectStore, StoredObject};
pub use self::retention::Retention;
pub use self::rotation::Rotation;
pub use self::schema::SchemaStep;
pub use self::sessions::{SessionStore, StoredSession};
pub use self::timeline::{RevisionChange, TimelineQuery, TimelineStore};
pub use self::tokens::{StoredToken, TokenStore};
pub use self::users::{PasswordChange, StoredUser, UserChange, UserChangeError, UserStore};

use self::database::Database;
use self::envelope::Keyring;
use self::queue::Queue;
use self::timeline::Pending;
use crate::clock::Clock;

/// How long closing waits for the rows that are still queued.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Where the store is, and how it is sealed.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `sqlite://PATH`, `sqlite::memory:`, `postgres://…` or `mysql://…`.
    pub url: String,
    pub key: KeySource,
    pub clock: Clock,
    /// What [`Store::apply_retention`] leaves.
    pub retention: Retention,
}

/// The open store; clones share it.
#[derive(Clone)]
pub struct Store(Arc<Shared>);

struct Shared {
    database: Database,
    keys: Arc<Keyring>,
    mask_key: Zeroizing<[u8; 32]>,
    queue: Arc<Queue>,
    timeline: Arc<Pending>,
    clock: Clock,
    retention: Retention,
    opened_at: i64,
    /// Ends the writer task with the last clone.
    writing: DropGuard,
}

impl Store {
    /// Opens the database, checks the key against it, then brings the schema up to date. With a wrong or lost key
    /// nothing has been written. Must be called within a tokio runtime: the writer task starts here.
    ///
    /// # Errors
    /// [`StoreError::Connect`], [`StoreError::Key`], [`StoreError::Newer`], [`StoreError::Migrate`], or a failed
    /// statement.
    pub async fn open(config: StoreConfig) -> Result<Self, StoreError> {
        let database = Database::connect(&config.url).await?;
        let check = settings::key_check(&database).await?;
        let keys = Arc::new(Keyring::load(&config.key, database.place(), check.is_some())?);
        if let Some(sealed) = &check {
            settings::verify(&keys, sealed)?;
        }
        schema::migrate(&database, &config.url).await?;
        let mask_key = settings::establish(&database, &keys).await?;
        let (queue, timeline) = (Arc::new(Queue::default()), Arc::new(Pending::default()));
        let stop = CancellationToken::new();
        tokio::spawn(writer::write(queue.clone(), timeline.clone(), database.clone(), stop.clone()));
        Ok(Self(Arc::new(Shared {
            database,
            keys,
            mask_key,
            queue,
            timeline,
            opened_at: config.clock.now(),
            clock: config.clock,
            retention: config.retention,
            writing: stop.drop_guard(),
        })))
    }

    /// Brings the schema up to date and does nothing else; needs no key. The names of the steps that were applied.
    ///
    /// # Errors
    /// [`StoreError::Connect`], [`StoreError::Newer`], [`StoreError::SchemaLocked`], [`StoreError::Migrate`].
    pub async fn migrate(url: &str) -> Result<Vec<String>, StoreError> {
        let database = Database::connect(url).await?;
        let applied = schema::migrate(&database, url).await;
        database.close().await?;
        applied
    }

    /// The steps of the schema that this version knows, and which of them the database has. Changes nothing, except
    /// that an SQLite file which is not there is made.
    ///
    /// # Errors
    /// [`StoreError::Connect`], [`StoreError::Newer`], [`StoreError::Read`].
    pub async fn schema(url: &str) -> Result<Vec<SchemaStep>, StoreError> {
        let database = Database::connect(url).await?;
        let steps = schema::steps(&database).await;
        database.close().await?;
        steps
    }

    /// Seals every sealed value anew, in one transaction: until it is committed the old key opens everything, then the
    /// new one. With [`KeySource::BesideDatabase`] as the new source a new key takes the place of the one in the file.
    /// No server may run on the database meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Key`] if a key is missing or wrong, [`StoreError::Envelope`] if a value does not open; nothing has
    /// changed then.
    pub async fn rotate_key(url: &str, old: &KeySource, new: &KeySource) -> Result<Rotation, StoreError> {
        rotation::rotate(url, old, new).await
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
        BaselineStore::new(self.0.database.clone(), self.0.retention.baselines_per_object)
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
    pub fn tokens(&self) -> TokenStore {
        TokenStore::new(self.0.database.clone())
    }

    #[must_use]
    pub fn audit(&self) -> AuditStore {
        AuditStore::new(self.0.database.clone())
    }

    #[must_use]
    pub fn timeline(&self) -> TimelineStore {
        TimelineStore::new(self.0.database.clone(), self.0.timeline.clone(), self.0.queue.clone())
    }

    /// Whether a statement gets through to the database and back.
    pub async fn answers(&self) -> bool {
        self.0.database.reader().ping().await.is_ok()
    }

    /// Key of the HMAC that stands for a secret value in stored rows, so that equality survives and the value does not.
    #[must_use]
    pub fn mask_key(&self) -> Zeroizing<[u8; 32]> {
        self.0.mask_key.clone()
    }

    /// Removes what is older or more than [`Retention`] says. To be called at start and once a day. Clusters that are
    /// gone are removed by a store that has been open for an hour, which knows those that are not registered.
    ///
    /// # Errors
    /// When a statement fails; what was removed before stays removed.
    pub async fn apply_retention(&self) -> Result<(), StoreError> {
        let Shared { database, queue, retention, opened_at, clock, .. } = &*self.0;
        retention::apply(database, queue, retention, *opened_at, clock.now()).await
    }

    /// Writes what is queued (for at most five seconds) and closes the connections. Other clones fail from then on.
    ///
    /// # Errors
    /// [`StoreError::Close`].
    pub async fn close(self) -> Result<(), StoreError> {
        let (objects, timeline) = (self.objects(), self.timeline());
        let flushed = async { tokio::join!(objects.flush(), timeline.flush()) };
        if tokio::time::timeout(CLOSE_WITHIN, flushed).await.is_err() {
            tracing::warn!("some rows were not written before the store closed; the next start reads objects anew");
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
