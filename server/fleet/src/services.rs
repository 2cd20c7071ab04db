//! What pages, REST and sockets call: take the caller, authorize, act, answer in the words of `domain`.
//!
//! Every method decides about permission first and lets nothing unmasked out. Errors leave as `ApiError`, logged once
//! with their causes. No transport is known here.

mod actions;
mod audit;
mod clusters;
mod diffs;
mod error;
pub(crate) mod inventory;
pub mod lists;
mod live;
mod logs;
mod metrics;
mod permission;
mod readiness;
mod resources;
mod sessions;
mod sight;
mod sign_in;
mod tokens;
mod users;

use std::sync::Arc;

use domain::error::ApiError;
use domain::object::ClusterId;

use crate::clusters::Cluster;
use crate::engine::Engine;

/// Everything that can be asked of the engine; clones share it.
#[derive(Clone, Debug)]
pub struct Services {
    engine: Arc<Engine>,
}

impl Services {
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// Identifies the build to browsers.
    #[must_use]
    pub fn build(&self) -> &str {
        &self.engine.build
    }

    /// Differs between two starts of the server.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.engine.epoch
    }

    /// Whether the store answers. Clusters that do not are no reason to take this process out of service.
    pub async fn ready(&self) -> bool {
        self.engine.store.answers().await
    }

    fn known_cluster(&self, id: &ClusterId) -> Result<Arc<Cluster>, ApiError> {
        self.engine.clusters.get(id).ok_or_else(|| error::no_cluster(id))
    }
}
