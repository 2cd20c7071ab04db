//! What Flux would change on an object: the live object, desired, and the cluster's own answer to "what if".
//!
//! Owns the only client that asks ([`dry_run`]), how many questions a cluster gets at once, and the report. Hands out
//! masked results only: [`domain::drift`]'s types hold text and masked values, and nothing else leaves this module.

pub(crate) mod dry_run;
pub(crate) mod examination;
mod prediction;
mod rendering;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::object::ClusterId;
use tokio::sync::Semaphore;

/// Objects of one cluster that are examined at the same time, over all viewers; Flux itself applies with four workers.
const AT_ONCE: usize = 6;

/// The limits that all examinations share.
#[derive(Debug, Default)]
pub(crate) struct Drift {
    permits: Mutex<HashMap<ClusterId, Arc<Semaphore>>>,
}

impl Drift {
    #[must_use]
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The cluster's share; hold a permit while asking.
    pub(crate) fn permits(&self, cluster: &ClusterId) -> Arc<Semaphore> {
        let mut permits = self.permits.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(permits.entry(cluster.clone()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
    }
}
