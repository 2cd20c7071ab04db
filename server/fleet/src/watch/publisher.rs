//! Tells whoever listens that something visible has changed.
//!
//! A notice says what changed, not how: receivers read the index again. So a receiver that was too slow loses nothing;
//! it reads everything once and goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::object::{ClusterId, ObjectRef};
use tokio::sync::broadcast;

/// Notices that a slow receiver may fall behind before it has to read everything again.
const CAPACITY: usize = 4096;

/// Something visible changed on a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The row of a Flux object in lists: new, different or gone.
    Row(ObjectRef),
    /// Something that only the object's own page shows: facts, conditions, YAML, events.
    Detail(ObjectRef),
    /// The cluster itself: status, versions, permissions, problems, or all of its objects at once.
    Cluster(ClusterId),
}

impl Change {
    #[must_use]
    pub fn cluster(&self) -> &ClusterId {
        match self {
            Self::Row(object) | Self::Detail(object) => &object.cluster,
            Self::Cluster(cluster) => cluster,
        }
    }

    /// Whether it could concern that object.
    #[must_use]
    pub fn concerns(&self, object: &ObjectRef) -> bool {
        match self {
            Self::Row(own) | Self::Detail(own) => own == object,
            Self::Cluster(cluster) => *cluster == object.cluster,
        }
    }
}

/// One for the whole engine; clones share it.
#[derive(Clone, Debug)]
pub struct Publisher {
    sender: broadcast::Sender<Change>,
    published: Arc<AtomicU64>,
}

impl Default for Publisher {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(CAPACITY), published: Arc::default() }
    }
}

impl Publisher {
    pub fn publish(&self, change: Change) {
        self.published.fetch_add(1, Ordering::AcqRel);
        // Nobody listening is fine.
        let _ = self.sender.send(change);
    }

    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.sender.subscribe()
    }

    /// Notices that the slowest receiver has not taken yet.
    #[must_use]
    pub(crate) fn queued(&self) -> usize {
        self.sender.len()
    }

    /// Number of changes published so far.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }
}
