//! One cluster of the fleet: what it is called, how it is, what is known of it, and the only way to its client.
//!
//! A client leaves this module against an authorized handle that names this cluster, never otherwise; the engine's own
//! watches use [`Cluster::engine_client`], which stays inside the crate. The state changes through the supervisor only.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use domain::cluster::{ClusterOrigin, ClusterStatus, ClusterView, Permission};
use domain::object::{ClusterId, GroupKind};
use domain::problem::{Problem, ProblemKind};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::address::AddressPolicy;
use super::connection::{self, ConnectionError};
use super::kubeconfig::AcceptedKubeconfig;
use crate::access::Authorized;
use crate::clock::Clock;
use crate::watch::{Change, Index, Kinds, Publisher};

/// Where Flux is unless its Deployments say otherwise.
pub(crate) const FLUX_NAMESPACE: &str = "flux-system";

/// How to reach a cluster.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    Kubeconfig { accepted: Box<AcceptedKubeconfig>, policy: AddressPolicy },
    InCluster,
}

/// What people call a cluster; changes by an update.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) description: String,
}

/// What the supervisor has found out.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) status: ClusterStatus,
    pub(crate) kubernetes_version: Option<String>,
    pub(crate) flux_version: Option<String>,
    pub(crate) flux_namespace: String,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) last_seen: Option<i64>,
    /// Of groups that discovery could not read.
    pub(crate) discovery_problems: Vec<Problem>,
    /// Of kinds that cannot be watched.
    pub(crate) kind_problems: BTreeMap<GroupKind, Problem>,
}

/// What the supervisor can be asked.
#[derive(Debug)]
pub(crate) enum Command {
    /// Discover and list everything anew; answered when each kind is listed or has failed.
    Sync(oneshot::Sender<()>),
}

/// A cluster; shared by whoever shows it, acts on it or watches it.
pub struct Cluster {
    id: ClusterId,
    origin: ClusterOrigin,
    server: String,
    access: Access,
    profile: RwLock<Profile>,
    state: RwLock<State>,
    kinds: RwLock<Arc<Kinds>>,
    client: RwLock<Option<kube::Client>>,
    commands: mpsc::Sender<Command>,
    observer: Observer,
    publisher: Publisher,
    clock: Clock,
    /// When a watch last delivered an object; 0 before the first.
    last_event: AtomicI64,
    pub index: Index,
}

/// Told of each Flux object that differs from what was known, unmasked; must return at once.
pub(crate) type Observer = Arc<dyn Fn(&Cluster, &Value) + Send + Sync>;

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("id", &self.id).finish_non_exhaustive()
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// What a new [`Cluster`] is made of.
pub(crate) struct Parts {
    pub(crate) id: ClusterId,
    pub(crate) origin: ClusterOrigin,
    pub(crate) server: String,
    pub(crate) access: Access,
    pub(crate) profile: Profile,
    pub(crate) publisher: Publisher,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) observer: Observer,
    pub(crate) clock: Clock,
}

impl Cluster {
    pub(crate) fn new(parts: Parts) -> Self {
        let state = State {
            status: ClusterStatus::Connecting,
            kubernetes_version: None,
            flux_version: None,
            flux_namespace: FLUX_NAMESPACE.to_owned(),
            permissions: Vec::new(),
            last_seen: None,
            discovery_problems: Vec::new(),
            kind_problems: BTreeMap::new(),
        };
        Self {
            index: Index::new(parts.id.clone(), &parts.profile.name, parts.publisher.clone()),
            id: parts.id,
            origin: parts.origin,
            server: parts.server,
            access: parts.access,
            profile: parts.profile.into(),
            state: state.into(),
            kinds: RwLock::default(),
            client: RwLock::default(),
            commands: parts.commands,
            observer: parts.observer,
            publisher: parts.publisher,
            clock: parts.clock,
            last_event: AtomicI64::new(0),
        }
    }

    #[must_use]
    pub fn id(&self) -> &ClusterId {
        &self.id
    }

    #[must_use]
    pub fn name(&self) -> String {
        read(&self.profile).name.clone()
    }

    #[must_use]
    pub fn origin(&self) -> ClusterOrigin {
        self.origin
    }

    #[must_use]
    pub fn status(&self) -> ClusterStatus {
        read(&self.state).status.clone()
    }

    /// Namespace of the Flux controllers.
    #[must_use]
    pub fn flux_namespace(&self) -> String {
        read(&self.state).flux_namespace.clone()
    }

    /// Kinds that it serves; empty until it has answered once.
    #[must_use]
    pub fn kinds(&self) -> Arc<Kinds> {
        Arc::clone(&read(&self.kinds))
    }

    /// As lists, cards and REST show it.
    #[must_use]
    pub fn view(&self) -> ClusterView {
        let profile = read(&self.profile).clone();
        let state = read(&self.state).clone();
        ClusterView {
            id: self.id.clone(),
            name: profile.name,
            description: profile.description,
            origin: self.origin,
            status: state.status,
            server: self.server.clone(),
            kubernetes_version: state.kubernetes_version,
            flux_version: state.flux_version,
            permissions: state.permissions,
            counts: self.index.counts(),
            last_change: self.index.last_change(),
            last_seen: state.last_seen,
            problems: self.problems(),
        }
    }

    /// What is wrong with the cluster as a whole, for lists that include its objects.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let state = read(&self.state);
        let of_status = match &state.status {
            ClusterStatus::Unreachable { reason, .. } => {
                Some(Problem::new(ProblemKind::Unreachable, format!("the cluster does not answer: {reason}")))
            }
            ClusterStatus::Refused { reason, .. } => {
                let message = format!("the cluster refuses our credentials: {reason}");
                let problem = Problem::new(ProblemKind::Forbidden, message);
                Some(problem.with_next_step("Give the cluster a new kubeconfig"))
            }
            _ => None,
        };
        of_status
            .into_iter()
            .chain(state.discovery_problems.iter().cloned())
            .chain(state.kind_problems.values().cloned())
            .map(|problem| problem.on_cluster(&self.id))
            .collect()
    }

    /// The client, for whoever was allowed something on this cluster.
    ///
    /// # Errors
    /// If the permission is for another cluster, or the cluster was never reached.
    pub fn client(&self, authorized: &Authorized) -> Result<kube::Client, ConnectionError> {
        if authorized.cluster() != Some(&self.id) {
            let allowed = authorized.cluster().map_or_else(|| "no cluster".to_owned(), ToString::to_string);
            return Err(ConnectionError::WrongCluster { allowed, asked: self.id.to_string() });
        }
        self.engine_client()
    }

    /// The client for log streams: nothing on it is retried or cut off by a read timeout.
    ///
    /// # Errors
    /// As [`Cluster::client`].
    pub fn log_client(&self, authorized: &Authorized) -> Result<kube::Client, ConnectionError> {
        self.client(authorized)
    }

    /// The client for the engine's own watches and captures.
    pub(crate) fn engine_client(&self) -> Result<kube::Client, ConnectionError> {
        read(&self.client).clone().ok_or(ConnectionError::NotConnected)
    }

    /// Build a client anew; the credential command of an operator's kubeconfig runs again.
    pub(crate) async fn connect(&self) -> Result<kube::Client, ConnectionError> {
        let client = match &self.access {
            Access::Kubeconfig { accepted, policy } => connection::connect(accepted, policy).await?,
            Access::InCluster => connection::connect_in_cluster()?,
        };
        *write(&self.client) = Some(client.clone());
        Ok(client)
    }

    /// A watch has delivered something.
    pub(crate) fn mark_event(&self) {
        self.last_event.store(self.clock.now(), Ordering::Relaxed);
    }

    /// When a watch last delivered an object; milliseconds. `None` before the first.
    pub(crate) fn last_event(&self) -> Option<i64> {
        Some(self.last_event.load(Ordering::Relaxed)).filter(|event| *event > 0)
    }

    /// Take an object over from a watch, and tell the observer if it differs.
    pub(crate) fn observe(&self, json: Value) {
        // The index takes the object; the observer reads it there.
        let object = domain::object::ObjectRef::of(&self.id, &json);
        if self.index.apply(json)
            && let Some(json) = self.index.object(&object)
        {
            (self.observer)(self, &json);
        }
    }

    pub(crate) fn set_kinds(&self, kinds: Kinds) {
        *write(&self.kinds) = Arc::new(kinds);
    }

    pub(crate) fn set_profile(&self, profile: Profile) {
        self.index.rename(&profile.name);
        *write(&self.profile) = profile;
        self.publish();
    }

    pub(crate) fn state(&self) -> State {
        read(&self.state).clone()
    }

    /// Change the state; told to viewers unless only the time of the last contact differs.
    pub(crate) fn update_state(&self, change: impl FnOnce(&mut State)) {
        let mut state = write(&self.state);
        let before = state.clone();
        change(&mut state);
        let same = before.status == state.status
            && before.kubernetes_version == state.kubernetes_version
            && before.flux_version == state.flux_version
            && before.permissions == state.permissions
            && before.discovery_problems == state.discovery_problems
            && before.kind_problems == state.kind_problems;
        drop(state);
        if !same {
            self.publish();
        }
    }

    fn publish(&self) {
        self.publisher.publish(Change::Cluster(self.id.clone()));
    }

    /// Ask the supervisor for a full resync, and wait until it is done. `false` if nobody supervises the cluster any
    /// more.
    pub(crate) async fn resync(&self) -> bool {
        let (done, when_done) = oneshot::channel();
        self.commands.send(Command::Sync(done)).await.is_ok() && when_done.await.is_ok()
    }
}
