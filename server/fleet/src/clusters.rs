//! The clusters of the fleet: which there are, where they came from, and the task tree that watches each.
//!
//! Clusters come from the store (registered in the web), from contexts of a local kubeconfig, or from the service
//! account of our own pod. Registration tries a cluster out before it is saved, and saves its credentials sealed. A
//! cluster's id is a slug of its first name and never changes.

pub mod address;
pub mod cluster;
pub mod connection;
pub mod failure;
pub(crate) mod flux;
pub mod inspection;
pub mod kubeconfig;
pub mod onboarding;
mod pause;
pub(crate) mod permissions;
pub mod probe;
mod supervisor;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::cluster::{ClusterOrigin, RegisterCluster, UpdateCluster};
use domain::object::ClusterId;
use secrecy::ExposeSecret;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use cluster::Cluster;
pub(crate) use cluster::Observer;
pub use connection::ConnectionError;

use self::address::AddressPolicy;
use self::cluster::{Access, Parts, Profile};
use self::kubeconfig::{AcceptedKubeconfig, KubeconfigError, Supplier, accept, contexts};
use self::probe::{Probe, probe};
use self::supervisor::{Context, supervise};
use crate::clock::Clock;
use crate::store::{Store, StoreError, StoredCluster};
use crate::watch::{Change, Publisher};

/// Commands that may wait for one supervisor.
const COMMANDS: usize = 16;

/// Why the clusters cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum ClustersError {
    #[error("the registered clusters cannot be read or written")]
    Store(#[from] StoreError),
    #[error("the kubeconfig {path} cannot be read")]
    ReadKubeconfig { path: String, source: std::io::Error },
    #[error("the kubeconfig {path} cannot be used")]
    LocalKubeconfig { path: String, source: KubeconfigError },
    #[error("the kubeconfig cannot be kept")]
    Kubeconfig(#[source] KubeconfigError),
    #[error("the name is empty")]
    NoName,
    #[error("a cluster named {0:?} is registered already")]
    NameTaken(String),
    #[error("there is no cluster {0}")]
    Unknown(ClusterId),
    #[error("the cluster {0} comes from the command line; change it there")]
    NotRegistered(ClusterId),
    #[error("the cluster cannot be used as it is")]
    Unusable(Box<Probe>),
}

/// What the clusters share.
pub(crate) struct ClustersConfig {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) publisher: Publisher,
    pub(crate) resync: Duration,
    /// For clusters from the web.
    pub(crate) policy: AddressPolicy,
    pub(crate) observer: Observer,
}

/// The registry. Reading never waits for a cluster or the store.
pub struct Clusters {
    config: ClustersConfig,
    supervised: RwLock<BTreeMap<ClusterId, Supervised>>,
    /// One change of the registry at a time, so that ids and names stay unique.
    changing: tokio::sync::Mutex<()>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

struct Supervised {
    cluster: Arc<Cluster>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Clusters {
    pub(crate) fn new(config: ClustersConfig) -> Self {
        Self {
            config,
            supervised: RwLock::default(),
            changing: tokio::sync::Mutex::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    #[must_use]
    pub fn get(&self, id: &ClusterId) -> Option<Arc<Cluster>> {
        let supervised = self.supervised.read().unwrap_or_else(PoisonError::into_inner);
        supervised.get(id).map(|supervised| Arc::clone(&supervised.cluster))
    }

    /// By id.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Cluster>> {
        let supervised = self.supervised.read().unwrap_or_else(PoisonError::into_inner);
        supervised.values().map(|supervised| Arc::clone(&supervised.cluster)).collect()
    }

    /// Start watching what is registered. A cluster whose kubeconfig cannot be opened is left out, with a line in the
    /// log.
    pub(crate) async fn start_registered(&self) -> Result<(), ClustersError> {
        let _changing = self.changing.lock().await;
        for stored in self.config.store.clusters().list().await? {
            match accept(stored.kubeconfig.expose_secret(), None, Supplier::Web) {
                Ok(accepted) => self.start_stored(&stored, accepted),
                Err(error) => tracing::error!(cluster = %stored.id, %error, "registered cluster cannot be used"),
            }
        }
        Ok(())
    }

    /// Start watching every context of the operator's kubeconfigs.
    pub(crate) async fn start_local(&self, paths: &[PathBuf]) -> Result<(), ClustersError> {
        let _changing = self.changing.lock().await;
        for path in paths {
            let name = path.display().to_string();
            let text = tokio::fs::read_to_string(path)
                .await
                .map_err(|source| ClustersError::ReadKubeconfig { path: name.clone(), source })?;
            let unusable = |source| ClustersError::LocalKubeconfig { path: name.clone(), source };
            for context in contexts(&text).map_err(unusable)? {
                match accept(&text, Some(&context), Supplier::Operator) {
                    Ok(accepted) => self.start_context(&context, accepted),
                    Err(error) => tracing::error!(context, path = name, %error, "context cannot be used"),
                }
            }
        }
        Ok(())
    }

    /// Start watching the cluster that this process runs in.
    pub(crate) async fn start_in_cluster(&self) {
        let _changing = self.changing.lock().await;
        let profile = Profile { name: "in-cluster".to_owned(), description: String::new() };
        let id = self.free_id(&profile.name);
        let server = "https://kubernetes.default.svc".to_owned();
        self.start(id, ClusterOrigin::InCluster, server, Access::InCluster, profile);
    }

    fn start_context(&self, context: &str, accepted: AcceptedKubeconfig) {
        let profile = Profile { name: context.to_owned(), description: String::new() };
        let server = accepted.server.to_string();
        let access = Access::Kubeconfig { accepted: Box::new(accepted), policy: AddressPolicy::of_operator() };
        self.start(self.free_id(context), ClusterOrigin::Kubeconfig, server, access, profile);
    }

    fn start_stored(&self, stored: &StoredCluster, accepted: AcceptedKubeconfig) {
        let profile = Profile { name: stored.name.clone(), description: stored.description.clone() };
        let access = Access::Kubeconfig { accepted: Box::new(accepted), policy: self.config.policy.clone() };
        self.start(stored.id.clone(), ClusterOrigin::Registered, stored.server.clone(), access, profile);
    }

    fn start(&self, id: ClusterId, origin: ClusterOrigin, server: String, access: Access, profile: Profile) {
        let (commands, received) = mpsc::channel(COMMANDS);
        let parts = Parts {
            id: id.clone(),
            origin,
            server,
            access,
            profile,
            publisher: self.config.publisher.clone(),
            commands,
            observer: Arc::clone(&self.config.observer),
            clock: self.config.clock.clone(),
        };
        let cluster = Arc::new(Cluster::new(parts));
        let stop = self.stop.child_token();
        let context =
            Context { store: self.config.store.clone(), clock: self.config.clock.clone(), resync: self.config.resync };
        let task = self.tasks.spawn(supervise(Arc::clone(&cluster), context, received, stop.clone()));
        let replaced = {
            let mut supervised = self.supervised.write().unwrap_or_else(PoisonError::into_inner);
            supervised.insert(id.clone(), Supervised { cluster, stop, task })
        };
        if let Some(replaced) = replaced {
            replaced.stop.cancel();
        }
        self.config.publisher.publish(Change::Cluster(id));
    }

    /// The slug of the name, with the first suffix that nobody has.
    fn free_id(&self, name: &str) -> ClusterId {
        let slug = match ClusterId::slug(name) {
            slug if slug.as_str().is_empty() => ClusterId::from("cluster"),
            slug => slug,
        };
        let suffixed = |suffix: u32| match suffix {
            1 => slug.clone(),
            suffix => ClusterId(format!("{slug}-{suffix}")),
        };
        (1..).map(suffixed).find(|id| self.get(id).is_none()).unwrap_or(slug.clone())
    }

    /// Try a kubeconfig from the web out, without saving anything.
    pub async fn probe(&self, request: &RegisterCluster) -> Probe {
        probe(&request.kubeconfig, request.context.as_deref(), Supplier::Web, &self.config.policy).await
    }

    /// Try the cluster out, save it, and start watching it.
    ///
    /// # Errors
    /// [`ClustersError::Unusable`] with the probe, unless it was only unreachable and that is allowed; a taken name;
    /// the store.
    pub async fn register(&self, request: RegisterCluster) -> Result<Arc<Cluster>, ClustersError> {
        let name = request.name.trim().to_owned();
        if name.is_empty() {
            return Err(ClustersError::NoName);
        }
        let probe = self.probe(&request).await;
        let findings = probe.findings.clone();
        let accepted = usable(probe, request.allow_unreachable)?;
        let _changing = self.changing.lock().await;
        if self.all().iter().any(|cluster| cluster.name() == name) {
            return Err(ClustersError::NameTaken(name));
        }
        let stored = StoredCluster {
            id: self.free_id(&name),
            name,
            description: request.description,
            server: accepted.server.to_string(),
            kubeconfig: accepted.to_secret().map_err(ClustersError::Kubeconfig)?,
            allow_unreachable: request.allow_unreachable,
            created_at: self.config.clock.now(),
        };
        self.config.store.clusters().insert(&stored).await?;
        self.start_stored(&stored, accepted);
        let cluster = self.get(&stored.id).ok_or(ClustersError::Unknown(stored.id))?;
        // The answer says what the probe has found out; the supervisor is only on its way.
        if let Some(findings) = findings {
            cluster.update_state(|state| {
                state.kubernetes_version = Some(findings.kubernetes_version);
                state.flux_version = findings.flux_version;
                state.permissions = findings.permissions;
            });
        }
        Ok(cluster)
    }

    /// Change a registered cluster. New credentials are tried out first and replace its watches; the id stays.
    ///
    /// # Errors
    /// As [`Clusters::register`]; [`ClustersError::NotRegistered`] for a cluster from the command line.
    pub async fn update(&self, id: &ClusterId, request: UpdateCluster) -> Result<Arc<Cluster>, ClustersError> {
        let accepted = match &request.kubeconfig {
            None => None,
            Some(text) => {
                let probe = probe(text, None, Supplier::Web, &self.config.policy).await;
                Some(usable(probe, request.allow_unreachable)?)
            }
        };
        let _changing = self.changing.lock().await;
        let mut stored = self.registered(id).await?;
        if let Some(name) = request.name {
            let name = name.trim().to_owned();
            if name.is_empty() {
                return Err(ClustersError::NoName);
            }
            if self.all().iter().any(|cluster| cluster.id() != id && cluster.name() == name) {
                return Err(ClustersError::NameTaken(name));
            }
            stored.name = name;
        }
        if let Some(description) = request.description {
            stored.description = description;
        }
        if let Some(accepted) = &accepted {
            stored.server = accepted.server.to_string();
            stored.kubeconfig = accepted.to_secret().map_err(ClustersError::Kubeconfig)?;
            stored.allow_unreachable = request.allow_unreachable;
        }
        self.config.store.clusters().update(&stored).await?;
        if let Some(accepted) = accepted {
            self.start_stored(&stored, accepted);
        }
        let cluster = self.get(id).ok_or_else(|| ClustersError::Unknown(id.clone()))?;
        cluster.set_profile(Profile { name: stored.name, description: stored.description });
        Ok(cluster)
    }

    /// Stop watching a registered cluster and forget it with everything stored of it.
    ///
    /// # Errors
    /// [`ClustersError::Unknown`], [`ClustersError::NotRegistered`], or the store.
    pub async fn remove(&self, id: &ClusterId) -> Result<(), ClustersError> {
        let _changing = self.changing.lock().await;
        self.registered(id).await?;
        let removed = self.supervised.write().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let Some(removed) = removed {
            removed.stop.cancel();
            // Nothing is written of the cluster after this; a panic in there has been logged.
            let _ = removed.task.await;
        }
        self.config.store.clusters().delete(id).await?;
        self.config.publisher.publish(Change::Cluster(id.clone()));
        Ok(())
    }

    async fn registered(&self, id: &ClusterId) -> Result<StoredCluster, ClustersError> {
        match self.config.store.clusters().get(id).await? {
            Some(stored) => Ok(stored),
            None if self.get(id).is_some() => Err(ClustersError::NotRegistered(id.clone())),
            None => Err(ClustersError::Unknown(id.clone())),
        }
    }

    /// End every watch and wait for it.
    pub(crate) async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// The kubeconfig of a probe that went well enough.
fn usable(mut probe: Probe, allow_unreachable: bool) -> Result<AcceptedKubeconfig, ClustersError> {
    if !probe.is_usable() && !allow_unreachable {
        return Err(ClustersError::Unusable(Box::new(probe)));
    }
    match probe.accepted.take() {
        Some(accepted) => Ok(accepted),
        None => Err(ClustersError::Unusable(Box::new(probe))),
    }
}
