//! One upstream stream per container, shared by everybody who looks at it.
//!
//! The reader never waits for viewers: it fills a ring, they read from it at their own pace. A hub lives while somebody
//! looks, and thirty seconds longer, so that a reloaded page costs the cluster nothing. The credentials upstream are
//! the cluster's, the same for everybody: whether a viewer may see the lines is decided before it joins, and again
//! while it stays, by the session. All rings together are bounded: the more hubs, the less each may hold.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::object::ClusterId;
use domain::protocol::logs::SourceState;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::budget::Budget;
use super::container::{Container, ContainerKey, Run};
use super::reader::Reader;
use super::ring::{Arrived, Condition, CursorId, Item, Ring, Wake};
use super::scope::Scopes;
use super::upstream::Upstream;
use crate::metrics::counters::COUNTERS;

/// What one ring may hold.
const RING_BYTES: usize = 2 * 1024 * 1024;
/// What all rings may hold.
const ALL_RINGS_BYTES: usize = 256 * 1024 * 1024;
/// With so many, each ring still holds the longest line there is.
const MAX_HUBS: usize = 1024;
/// Aggregated answers that are put together at a time.
const ANSWERS: usize = 4;
/// How long a stream goes on without a viewer.
pub(crate) const LINGER: Duration = Duration::from_secs(30);

/// All that is being streamed from any cluster.
#[derive(Clone)]
pub struct Hubs(Arc<Shared>);

struct Shared {
    registry: Mutex<Registry>,
    pub(super) scopes: Scopes,
    budgets: Mutex<HashMap<ClusterId, Arc<Budget>>>,
    answers: Semaphore,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Default)]
struct Registry {
    hubs: HashMap<ContainerKey, Arc<Hub>>,
    /// Replaced by one that reads further back or may be read again, and still looked at.
    replaced: Vec<Arc<Hub>>,
    share: usize,
}

/// No further container can be streamed.
#[derive(Debug, thiserror::Error)]
#[error("this server streams {MAX_HUBS} containers already")]
pub(crate) struct HubsFull;

impl Default for Hubs {
    fn default() -> Self {
        Self::new()
    }
}

impl Hubs {
    /// Nothing is streamed yet.
    #[must_use]
    pub fn new() -> Self {
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        Self(Arc::new(Shared {
            registry: Mutex::default(),
            scopes: Scopes::new(stopping.clone(), tasks.clone()),
            budgets: Mutex::default(),
            answers: Semaphore::new(ANSWERS),
            stopping,
            tasks,
        }))
    }

    /// Ends all streams; nothing can be streamed afterwards.
    pub async fn shutdown(&self) {
        self.0.stopping.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    pub(crate) fn scopes(&self) -> &Scopes {
        &self.0.scopes
    }

    /// Turns to put an aggregated answer together.
    pub(crate) fn answers(&self) -> &Semaphore {
        &self.0.answers
    }

    /// The limits of a cluster, the same for all who read its logs.
    pub(crate) fn budget(&self, cluster: &ClusterId) -> Arc<Budget> {
        let mut budgets = self.0.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(budgets.entry(cluster.clone()).or_default())
    }

    /// Joins the stream of a container, which is opened if nobody looks at it yet. `source` is the viewer's own number
    /// for it. The caller has been authorized for the namespace.
    ///
    /// # Errors
    /// If this server streams as many containers as it can.
    pub(crate) fn join(
        &self,
        container: &Container,
        run: &Run,
        tail: u32,
        viewer: (u32, Arc<Wake>),
        upstream: impl FnOnce() -> Arc<dyn Upstream>,
    ) -> Result<HubReader, HubsFull> {
        let mut registry = self.registry();
        let hub = match registry.hubs.get(&container.key) {
            Some(hub) if hub.serves(tail) => Arc::clone(hub),
            _ => self.start(&mut registry, container, run, tail, upstream())?,
        };
        Ok(HubReader::join(hub, tail, viewer))
    }

    fn start(
        &self,
        registry: &mut Registry,
        container: &Container,
        run: &Run,
        tail: u32,
        upstream: Arc<dyn Upstream>,
    ) -> Result<Arc<Hub>, HubsFull> {
        if registry.len() >= MAX_HUBS {
            return Err(HubsFull);
        }
        let hub = Arc::new(Hub::new(tail, run.clone()));
        registry.replaced.extend(registry.hubs.insert(container.key.clone(), Arc::clone(&hub)));
        registry.share_out();
        hub.lock().allow(registry.share);
        let budget = self.budget(&container.key.cluster);
        let reader = Reader::new(container.key.clone(), Arc::clone(&hub), upstream, budget, tail);
        self.0.tasks.spawn(keep(self.clone(), container.key.clone(), Arc::clone(&hub), reader));
        Ok(hub)
    }

    /// Forgets a hub without viewers. False if somebody joined in the meantime.
    fn forget(&self, key: &ContainerKey, hub: &Arc<Hub>) -> bool {
        let mut registry = self.registry();
        if hub.lock().viewers() > 0 {
            return false;
        }
        if registry.hubs.get(key).is_some_and(|own| Arc::ptr_eq(own, hub)) {
            registry.hubs.remove(key);
        }
        registry.replaced.retain(|own| !Arc::ptr_eq(own, hub));
        registry.share_out();
        true
    }

    /// Containers that are streamed, with those that linger.
    #[must_use]
    pub fn len(&self) -> usize {
        self.registry().len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What all streams together take.
    #[must_use]
    pub(crate) fn usage(&self) -> Usage {
        let registry = self.registry();
        let mut usage = Usage { hubs: registry.len(), viewers: 0, bytes: 0 };
        for hub in registry.hubs.values().chain(&registry.replaced) {
            let ring = hub.lock();
            usage.viewers += ring.viewers();
            usage.bytes += ring.bytes();
        }
        usage
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.0.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is in memory for log streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) hubs: usize,
    pub(crate) viewers: usize,
    pub(crate) bytes: usize,
}

impl Registry {
    fn len(&self) -> usize {
        self.hubs.len() + self.replaced.len()
    }

    /// Gives every ring the same part of the whole, so that the whole is never exceeded.
    fn share_out(&mut self) {
        let share = (ALL_RINGS_BYTES / self.len().max(1)).min(RING_BYTES);
        if share != self.share {
            self.share = share;
            for hub in self.hubs.values().chain(&self.replaced) {
                hub.lock().allow(share);
            }
        }
    }
}

/// Runs the reader until nobody has looked for a while.
async fn keep(hubs: Hubs, key: ContainerKey, hub: Arc<Hub>, reader: Reader) {
    let reading = reader.run();
    tokio::pin!(reading);
    let mut viewers = hub.viewers.subscribe();
    let mut over = false;
    loop {
        tokio::select! {
            () = hubs.0.stopping.cancelled() => return,
            () = &mut reading, if !over => over = true,
            () = left_alone(&mut viewers) => if hubs.forget(&key, &hub) { return },
        }
    }
}

/// Ends when nobody has looked for [`LINGER`].
async fn left_alone(viewers: &mut watch::Receiver<usize>) {
    loop {
        // The hub itself holds the sender, so waiting ends only with what is waited for.
        let _ = viewers.wait_for(|viewers| *viewers == 0).await;
        if timeout(LINGER, viewers.wait_for(|viewers| *viewers > 0)).await.is_err() {
            return;
        }
    }
}

/// The stream of one container: its ring, and what reader and viewers tell each other.
pub(crate) struct Hub {
    ring: Mutex<Ring>,
    /// How far back the first request went.
    tail: u32,
    runs: watch::Sender<Run>,
    viewers: watch::Sender<usize>,
    drained: Notify,
}

impl Hub {
    pub(crate) fn new(tail: u32, run: Run) -> Self {
        Self {
            ring: Mutex::new(Ring::new(RING_BYTES)),
            tail,
            runs: watch::Sender::new(run),
            // Until the first viewer has joined, which happens under the registry's lock.
            viewers: watch::Sender::new(1),
            drained: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a viewer who wants so many lines finds them here, as far as they exist, and the stream is worth joining.
    fn serves(&self, tail: u32) -> bool {
        let ring = self.lock();
        !matches!(ring.condition().state, SourceState::Forbidden | SourceState::Failed)
            && (self.tail >= tail || ring.lines() >= tail as usize)
    }

    pub(crate) fn runs(&self) -> watch::Receiver<Run> {
        self.runs.subscribe()
    }

    pub(crate) fn push(&self, items: Vec<Item>) {
        let lines = items.iter().filter(|item| matches!(item, Item::Line(_))).count();
        COUNTERS.log_lines.inc_by(lines as u64);
        COUNTERS.log_gaps.inc_by((items.len() - lines) as u64);
        self.lock().push(items, Instant::now());
    }

    pub(crate) fn condition(&self) -> Condition {
        self.lock().condition().clone()
    }

    pub(crate) fn set_condition(&self, condition: Condition) {
        self.lock().set_condition(condition);
    }

    pub(crate) fn is_caught_up(&self) -> bool {
        self.lock().condition().caught_up
    }

    /// The lines that stood in the file are in the ring, or will not come soon.
    pub(crate) fn caught_up(&self) {
        let mut ring = self.lock();
        let condition = Condition { caught_up: true, ..ring.condition().clone() };
        ring.set_condition(condition);
    }

    pub(crate) fn would_skip(&self, bytes: usize) -> bool {
        self.lock().would_skip(bytes)
    }

    /// Waits until a viewer has read something.
    pub(crate) async fn drained(&self) {
        self.drained.notified().await;
    }
}

/// One viewer's place in a hub; leaves it when dropped.
pub(crate) struct HubReader {
    hub: Arc<Hub>,
    cursor: CursorId,
    /// Fewer lines than asked for could be given, because older ones have left the ring.
    pub(crate) shortened: bool,
}

impl HubReader {
    pub(crate) fn join(hub: Arc<Hub>, tail: u32, (source, wake): (u32, Arc<Wake>)) -> Self {
        let joined = {
            let mut ring = hub.lock();
            let joined = ring.join(tail as usize, source, wake);
            // Told under the ring's lock: the last to be told is then the last to have counted.
            hub.viewers.send_replace(ring.viewers());
            joined
        };
        Self { cursor: joined.cursor, shortened: joined.shortened, hub }
    }

    /// Reads on for about so many bytes. True if more is there; after a `false` the viewer is woken when something
    /// comes.
    pub(crate) fn read(&self, bytes: usize, into: &mut VecDeque<Arrived>) -> (bool, Condition) {
        let answer = {
            let mut ring = self.hub.lock();
            let more = ring.read(self.cursor, bytes, into);
            (more, ring.condition().clone())
        };
        self.hub.drained.notify_one();
        answer
    }

    /// Passes on what a pod watch says about the container.
    pub(crate) fn observe(&self, run: &Run) {
        self.hub.runs.send_if_modified(|known| {
            let newer = known != run;
            if newer {
                *known = run.clone();
            }
            newer
        });
    }
}

impl Drop for HubReader {
    fn drop(&mut self) {
        let mut ring = self.hub.lock();
        ring.leave(self.cursor);
        self.hub.viewers.send_replace(ring.viewers());
    }
}
