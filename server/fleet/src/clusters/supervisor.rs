//! Keeps one cluster watched: connect, discover, watch every kind, notice a loss, come back.
//!
//! One task tree a cluster, ended by its cancellation token; no cluster waits for another. A session lasts as long as
//! the cluster answers. When a watch loses its connection, one light call decides whether the cluster is lost; then
//! the session ends, its rows turn into the last truth, and new sessions are tried for ever with growing pauses. While
//! all is well nothing is asked of the cluster but a full resync now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::cluster::ClusterStatus;
use domain::object::GroupKind;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::cluster::{Cluster, Command};
use super::failure::Failure;
use super::{flux, pause::ReconnectPause, permissions};
use crate::clock::Clock;
use crate::store::{ClusterState, Store};
use crate::watch::Kinds;
use crate::watch::discovery::discover;
use crate::watch::driver::{Report, drive};
use crate::watch::persist::Persistence;
use crate::watch::targets::{Target, targets};

/// The first call of a session.
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(20);
/// The light call after a watch has failed: with TCP's own three seconds, a loss is known within five.
const CHECK_TIMEOUT: Duration = Duration::from_millis(1500);
/// Reports that drivers may be ahead of the supervisor.
const REPORTS: usize = 64;

/// What supervisors share.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    /// Time between full resyncs.
    pub(crate) resync: Duration,
}

/// Watch the cluster until the token is cancelled.
pub(crate) async fn supervise(
    cluster: Arc<Cluster>,
    context: Context,
    commands: mpsc::Receiver<Command>,
    stop: CancellationToken,
) {
    let mut persistence = Persistence::new(&cluster, &context.store, &context.clock);
    tokio::select! {
        () = stop.cancelled() => {}
        () = run(&cluster, &context, commands, &mut persistence) => {}
    }
    persistence.save_rest().await;
}

async fn run(
    cluster: &Arc<Cluster>,
    context: &Context,
    mut commands: mpsc::Receiver<Command>,
    persistence: &mut Persistence<'_>,
) {
    persistence.restore().await;
    let saving = persistence.save();
    let watching = async {
        let mut pause = ReconnectPause::default();
        loop {
            let failure = session(cluster, context, &mut commands, &mut pause).await;
            lose(cluster, &failure, context.clock.now());
            tracing::info!(cluster = %cluster.id(), reason = failure.message(), "cluster lost");
            let again = sleep(pause.next().unwrap_or(GREETING_TIMEOUT));
            tokio::select! {
                () = again => {}
                // Somebody asks for it: try at once, and let them know that the cluster was lost when they asked.
                command = commands.recv() => match command {
                    Some(Command::Sync(done)) => drop(done),
                    None => return,
                },
            }
        }
    };
    tokio::join!(saving, watching);
}

/// The cluster is lost: what is shown from now on is the last truth.
fn lose(cluster: &Cluster, failure: &Failure, now: i64) {
    let reason = failure.message().to_owned();
    let newly = !matches!(cluster.status(), ClusterStatus::Unreachable { .. } | ClusterStatus::Refused { .. });
    cluster.update_state(|state| {
        let since = match &state.status {
            ClusterStatus::Unreachable { since, .. } | ClusterStatus::Refused { since, .. } => *since,
            _ => now,
        };
        state.status = match failure {
            Failure::Unauthorized(_) | Failure::Forbidden(_) => ClusterStatus::Refused { since, reason },
            _ => ClusterStatus::Unreachable { since, reason },
        };
    });
    if newly {
        cluster.index.mark_stale();
    }
}

/// From the first call to the loss of the cluster.
async fn session(
    cluster: &Arc<Cluster>,
    context: &Context,
    commands: &mut mpsc::Receiver<Command>,
    pause: &mut ReconnectPause,
) -> Failure {
    let client = match cluster.connect().await {
        Ok(client) => client,
        Err(error) => return Failure::of_connection(&error),
    };
    let (version, kinds) = match greet(cluster, &client).await {
        Ok(found) => found,
        Err(failure) => return failure,
    };
    let (flux, permissions) = tokio::join!(flux::find(&client, &kinds), permissions::permissions(&client));
    pause.reset();
    cluster.update_state(|state| {
        state.status = ClusterStatus::Connecting;
        state.kubernetes_version = Some(version);
        state.flux_version = flux.version;
        state.flux_namespace = flux.namespace;
        state.permissions = permissions;
        state.kind_problems = BTreeMap::new();
        state.last_seen = Some(context.clock.now());
    });
    let (reporter, reports) = mpsc::channel(REPORTS);
    let mut session = Session {
        cluster,
        context,
        client,
        drivers: JoinSet::new(),
        running: BTreeMap::new(),
        reporter,
        relist: watch::Sender::new(0),
        pending: BTreeSet::new(),
        waiting: Vec::new(),
    };
    session.start_drivers(&kinds);
    cluster.set_kinds(kinds);
    session.settle().await;
    session.follow(reports, commands).await
}

async fn greet(cluster: &Cluster, client: &kube::Client) -> Result<(String, Kinds), Failure> {
    let version = timeout(GREETING_TIMEOUT, client.apiserver_version())
        .await
        .map_err(|_| Failure::timed_out())?
        .map_err(|error| Failure::of(&error))?;
    let (kinds, problems) = timeout(DISCOVERY_TIMEOUT, discover(client))
        .await
        .map_err(|_| Failure::timed_out())?
        .map_err(|error| Failure::of(&error))?;
    // A group that does not answer is not gone: its objects stay, and so do their watches.
    let kinds = if problems.is_empty() { kinds } else { kinds.or_earlier(&cluster.kinds()) };
    cluster.update_state(|state| state.discovery_problems = problems);
    Ok((version.git_version, kinds))
}

/// The watches of a cluster that answers.
struct Session<'a> {
    cluster: &'a Arc<Cluster>,
    context: &'a Context,
    client: kube::Client,
    drivers: JoinSet<()>,
    running: BTreeMap<GroupKind, (Target, AbortHandle)>,
    reporter: mpsc::Sender<Report>,
    relist: watch::Sender<u64>,
    /// Kinds whose present list is not complete.
    pending: BTreeSet<GroupKind>,
    /// Who waits for nothing to be pending.
    waiting: Vec<oneshot::Sender<()>>,
}

impl Session<'_> {
    async fn follow(&mut self, mut reports: mpsc::Receiver<Report>, commands: &mut mpsc::Receiver<Command>) -> Failure {
        let mut resync_at = self.next_resync();
        loop {
            tokio::select! {
                Some(report) = reports.recv() => {
                    if let Err(failure) = self.take(report).await {
                        return failure;
                    }
                }
                Some(ended) = self.drivers.join_next_with_id() => self.restart(ended),
                command = commands.recv() => match command {
                    Some(Command::Sync(done)) => {
                        self.waiting.push(done);
                        if let Err(failure) = self.resync().await {
                            return failure;
                        }
                        resync_at = self.next_resync();
                    }
                    // Nobody holds the cluster any more; its token ends us.
                    None => std::future::pending().await,
                },
                () = sleep_until(resync_at) => {
                    if let Err(failure) = self.resync().await {
                        return failure;
                    }
                    resync_at = self.next_resync();
                }
            }
            self.settle().await;
        }
    }

    /// Spread by the name of the cluster, so that a fleet does not resync all at once.
    fn next_resync(&self) -> Instant {
        let spread = self.cluster.id().as_str().bytes().map(u32::from).sum::<u32>() % 100;
        Instant::now() + self.context.resync + self.context.resync * spread / 1000
    }

    /// Start what is served and not watched; stop what is no longer served.
    fn start_drivers(&mut self, kinds: &Kinds) {
        let flux_namespace = self.cluster.flux_namespace();
        let wanted = targets(kinds, &flux_namespace);
        let gone: Vec<GroupKind> = self
            .running
            .iter()
            .filter(|(_, (target, _))| !wanted.contains(target))
            .map(|(kind, _)| kind.clone())
            .collect();
        for kind in gone {
            if let Some((_, driver)) = self.running.remove(&kind) {
                driver.abort();
            }
            self.pending.remove(&kind);
            self.cluster.index.retain_listed(&kind, &std::collections::HashSet::new());
        }
        for target in wanted {
            if !self.running.contains_key(&target.kind) {
                self.start(target);
            }
        }
    }

    fn start(&mut self, target: Target) {
        self.pending.insert(target.kind.clone());
        let driver = drive(
            target.clone(),
            Arc::clone(self.cluster),
            self.client.clone(),
            self.reporter.clone(),
            self.relist.subscribe(),
        );
        let driver = self.drivers.spawn(driver);
        self.running.insert(target.kind.clone(), (target, driver));
    }

    /// A driver that was not stopped ends only if it panicked: our own fault, and no reason to lose the kind.
    fn restart(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        let target = self.running.values().find(|(_, driver)| driver.id() == id).map(|(target, _)| target.clone());
        if let Some(target) = target {
            tracing::error!(cluster = %self.cluster.id(), kind = %target.kind, "watch ended; starting it anew");
            self.start(target);
        }
    }

    /// Ask the cluster what it serves now, and list every kind anew.
    async fn resync(&mut self) -> Result<(), Failure> {
        let (_, kinds) = greet(self.cluster, &self.client).await?;
        let (flux, permissions) =
            tokio::join!(flux::find(&self.client, &kinds), permissions::permissions(&self.client));
        self.cluster.update_state(|state| {
            state.flux_version = flux.version;
            state.flux_namespace = flux.namespace;
            state.permissions = permissions;
        });
        self.start_drivers(&kinds);
        self.cluster.set_kinds(kinds);
        self.pending = self.running.keys().cloned().collect();
        self.relist.send_modify(|round| *round += 1);
        Ok(())
    }

    /// Take a report over. The cluster is lost if it does not answer the light call either.
    async fn take(&mut self, report: Report) -> Result<(), Failure> {
        match report {
            Report::Listed(kind) => {
                self.pending.remove(&kind);
                let now = self.context.clock.now();
                self.cluster.update_state(|state| {
                    state.kind_problems.remove(&kind);
                    state.last_seen = Some(now);
                });
                Ok(())
            }
            Report::Failed(kind, failure) => {
                let is_of_cluster = matches!(failure, Failure::Unreachable(_) | Failure::Unauthorized(_));
                if is_of_cluster {
                    self.check().await?;
                }
                // A watch that only lost its connection goes on by itself, and what it listed still stands.
                if !self.pending.remove(&kind) && is_of_cluster {
                    return Ok(());
                }
                let problem = failure.problem(&format!("{} objects are not shown", kind.kind));
                self.cluster.update_state(|state| {
                    state.kind_problems.insert(kind, problem);
                });
                Ok(())
            }
        }
    }

    async fn check(&self) -> Result<(), Failure> {
        match timeout(CHECK_TIMEOUT, self.client.apiserver_version()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Failure::of(&error)),
            Err(_) => Err(Failure::timed_out()),
        }
    }

    /// Nothing pending: the cluster is connected, and whoever waited is answered.
    async fn settle(&mut self) {
        if !self.pending.is_empty() {
            return;
        }
        if !self.cluster.status().is_connected() {
            self.cluster.update_state(|state| state.status = ClusterStatus::Connected);
            self.save_state().await;
        }
        for done in self.waiting.drain(..) {
            // Whoever asked may have gone.
            let _ = done.send(());
        }
    }

    async fn save_state(&self) {
        let state = self.cluster.state();
        let stored = ClusterState {
            cluster: self.cluster.id().clone(),
            kubernetes_version: state.kubernetes_version,
            flux_version: state.flux_version,
            last_seen: state.last_seen,
            permissions: state.permissions,
        };
        if let Err(error) = self.context.store.cluster_states().put(stored).await {
            tracing::warn!(cluster = %self.cluster.id(), %error, "the state of the cluster is not stored");
        }
    }
}
