//! The engine: everything that runs behind the pages, started once and stopped once.
//!
//! Owns the store, the clusters and the parts that work on them. Nothing outside the crate sees these parts; pages,
//! REST and sockets go through [`crate::services::Services`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::SignIn;
use crate::audit::Audit;
use crate::clock::Clock;
use crate::clusters::address::AddressPolicy;
use crate::clusters::{Clusters, ClustersConfig, ClustersError, Observer};
use crate::desired::baseline::Capture;
use crate::drift::Drift;
use crate::logs::Hubs;
use crate::services::inventory::Looked;
use crate::store::{Store, StoreConfig, StoreError};
use crate::watch::Publisher;

/// Time between full resyncs, as the requirements have it.
pub const RESYNC: Duration = Duration::from_secs(300);

/// How the engine is to run.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    pub store: StoreConfig,
    /// Kubeconfigs of the operator's own machine; every context of each becomes a cluster.
    pub kubeconfig: Option<Vec<PathBuf>>,
    /// Watch the cluster whose pod this process is.
    pub in_cluster: bool,
    /// Clusters from the web may be on this machine. For demos and tests.
    pub allow_loopback_clusters: bool,
    /// Addresses that this process listens on; no cluster may be there.
    pub own_listeners: Vec<SocketAddr>,
    /// Time between full resyncs of a cluster.
    pub resync: Duration,
    pub clock: Clock,
    /// Identifies the build to browsers.
    pub build: String,
    /// Differs between two starts of the server.
    pub epoch: u64,
}

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("the store cannot be opened")]
    Store(#[from] StoreError),
    #[error("the clusters cannot be started")]
    Clusters(#[from] ClustersError),
}

/// The running engine.
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) audit: Audit,
    pub(crate) sign_in: SignIn,
    pub(crate) clusters: Clusters,
    pub(crate) drift: Drift,
    pub(crate) logs: Hubs,
    pub(crate) looked: Looked,
    pub(crate) publisher: Publisher,
    tasks: TaskTracker,
    stop: CancellationToken,
    pub(crate) clock: Clock,
    pub(crate) build: String,
    pub(crate) epoch: u64,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("build", &self.build).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Engine {
    /// Open the store and start watching. Returns before any cluster has answered.
    ///
    /// # Errors
    /// If the store cannot be opened, or a kubeconfig of the operator cannot be read.
    pub async fn start(config: EngineConfig) -> Result<Arc<Self>, EngineError> {
        let store = Store::open(config.store).await?;
        let publisher = Publisher::default();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let capture = Capture::start(store.clone(), config.clock.clone(), &tasks, &stop);
        tasks.spawn(stop.clone().run_until_cancelled_owned(keep_to_limits(store.clone())));
        let observer: Observer = Arc::new(move |cluster, object| capture.observe(cluster, object));
        let clusters = Clusters::new(ClustersConfig {
            store: store.clone(),
            clock: config.clock.clone(),
            publisher: publisher.clone(),
            resync: config.resync,
            policy: AddressPolicy::of_web(config.allow_loopback_clusters, config.own_listeners),
            observer,
        });
        clusters.start_registered().await?;
        clusters.start_local(&config.kubeconfig.unwrap_or_default()).await?;
        if config.in_cluster {
            clusters.start_in_cluster().await;
        }
        Ok(Arc::new(Self {
            audit: Audit::new(store.clone(), config.clock.clone()),
            sign_in: SignIn::new(&store, config.clock.clone()),
            store,
            clusters,
            drift: Drift::new(),
            logs: Hubs::new(),
            looked: Looked::default(),
            publisher,
            tasks,
            stop,
            clock: config.clock,
            build: config.build,
            epoch: config.epoch,
        }))
    }

    /// End the log streams, stop watching, write what is unwritten, close the store.
    pub async fn shutdown(&self) {
        self.logs.shutdown().await;
        self.clusters.shutdown().await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if let Err(error) = self.store.clone().close().await {
            tracing::warn!(%error, "the store did not close cleanly");
        }
    }
}

/// Time between two rounds of dropping what the store keeps no longer.
const RETENTION_ROUND: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs at start and once a day.
async fn keep_to_limits(store: Store) {
    let mut round = tokio::time::interval(RETENTION_ROUND);
    loop {
        round.tick().await;
        if let Err(error) = store.apply_retention().await {
            tracing::error!(%error, "the store could not drop what it keeps no longer; tried again tomorrow");
        }
    }
}
