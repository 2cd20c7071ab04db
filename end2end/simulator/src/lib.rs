//! A model Kubernetes API server with a scripted Flux world, in process, for the demo and the tests.
//!
//! Each cluster listens on an address of its own on the loopback interface, over plain HTTP, with bearer tokens from
//! the kubeconfig that it hands out. It answers discovery, lists, watches, patches, server-side apply and logs as a
//! real API server does, as far as this crate claims it; `world` makes it live. Everything is bounded, nothing is
//! written to disk.

mod apply;
mod catalogue;
mod cluster;
pub mod control;
mod defaults;
mod faults;
mod fields;
mod helm;
mod http;
mod listener;
mod logs;
mod ownership;
mod random;
mod rights;
mod spec;
mod status;
mod store;
pub mod world;
mod writes;

use std::io;
use std::net::Ipv4Addr;

use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use crate::cluster::{Cluster, RECORDED_REQUESTS, RecordedRequest};
pub use crate::faults::plan::{Fault, FaultPlan, FaultStep, Reach, RequestKind};
pub use crate::faults::run::{FaultRun, UnknownCluster};
pub use crate::faults::{ActiveFault, Faults};
pub use crate::rights::Rights;
pub use crate::spec::{ClusterSpec, ObjectsSpec};

/// Running clusters; dropping it stops their listeners and resets their connections.
pub struct Simulator {
    clusters: Vec<Cluster>,
    _stop: DropGuard,
}

impl Simulator {
    /// Fills the clusters and starts to listen, each on a port of its own on 127.0.0.1.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(spec: Vec<ClusterSpec>) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let mut clusters = Vec::with_capacity(spec.len());
        for spec in spec {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let address = listener.local_addr()?;
            let cluster = Cluster::new(spec, address);
            world::populate::fill(&cluster);
            tokio::spawn(listener::serve(cluster.clone(), listener, address, stop.child_token()));
            clusters.push(cluster);
        }
        Ok(Self { clusters, _stop: stop.drop_guard() })
    }

    /// The cluster of this name.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.name() == name)
    }

    /// All clusters, in the order of their specs.
    #[must_use]
    pub fn clusters(&self) -> &[Cluster] {
        &self.clusters
    }
}
