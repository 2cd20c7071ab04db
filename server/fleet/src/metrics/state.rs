//! How the engine is at this moment, read when somebody asks: clusters, index, notices, log streams, store.
//!
//! Clusters are labels here, and only here: as many as the registry holds, gone with the cluster.

use domain::health::Status;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use super::PREFIX;
use crate::engine::Engine;

type Labels<const N: usize> = [(&'static str, String); N];
type GaugeBy<const N: usize> = Family<Labels<N>, Gauge>;

/// The words of [`domain::cluster::ClusterStatus`].
const STATUSES: [&str; 5] = ["connecting", "connected", "unreachable", "refused", "disabled"];

pub(super) async fn registry(engine: &Engine) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    let build = GaugeBy::<2>::default();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    build.get_or_create(&[("version", version), ("build", engine.build.clone())]).set(1);
    registry.register("build_info", "The build that runs, always 1", build);
    clusters(engine, &mut registry);
    notices(engine, &mut registry);
    logs(engine, &mut registry);
    store(engine, &mut registry).await;
    registry
}

fn clusters(engine: &Engine, registry: &mut Registry) {
    let status = GaugeBy::<2>::default();
    let objects = GaugeBy::<2>::default();
    let problems = GaugeBy::<1>::default();
    let last_seen = GaugeBy::<1>::default();
    let last_event = GaugeBy::<1>::default();
    for cluster in engine.clusters.all() {
        let id = || ("cluster", cluster.id().0.clone());
        let now = cluster.status();
        for known in STATUSES {
            status.get_or_create(&[id(), ("status", known.to_owned())]).set(i64::from(known == now.word()));
        }
        let counts = cluster.index.counts();
        for known in Status::ALL {
            let label = known.word().to_owned();
            objects.get_or_create(&[id(), ("status", label)]).set(integer(counts.get(known)));
        }
        problems.get_or_create(&[id()]).set(integer(cluster.problems().len()));
        if let Some(seen) = cluster.state().last_seen {
            last_seen.get_or_create(&[id()]).set(seen / 1000);
        }
        if let Some(event) = cluster.last_event() {
            last_event.get_or_create(&[id()]).set(event / 1000);
        }
    }
    registry.register("cluster_status", "Whether the cluster is in this status (1) or not (0)", status);
    registry.register("cluster_problems", "Problems of the cluster as a whole", problems);
    registry.register("cluster_last_seen_timestamp_seconds", "When a list of the cluster was last complete", last_seen);
    registry.register(
        "cluster_last_event_timestamp_seconds",
        "When a watch of the cluster last delivered an object",
        last_event,
    );
    registry.register("objects", "Flux objects in the index, by their status", objects);
}

fn notices(engine: &Engine, registry: &mut Registry) {
    let published = ConstCounter::new(engine.publisher.seq());
    registry.register("notices_published", "Notices that something visible has changed", published);
    let queued = ConstGauge::new(integer(engine.publisher.queued()));
    registry.register("notices_queued", "Notices that the slowest listener has not taken yet", queued);
}

fn logs(engine: &Engine, registry: &mut Registry) {
    let usage = engine.logs.usage();
    for (name, help, value) in [
        ("log_streams", "Containers that are followed, with those that linger", usage.hubs),
        ("log_viewers", "Viewers of these containers, each container counted", usage.viewers),
        ("log_ring_bytes", "Bytes of log lines in memory", usage.bytes),
    ] {
        registry.register(name, help, ConstGauge::new(integer(value)));
    }
}

async fn store(engine: &Engine, registry: &mut Registry) {
    let (rows, bytes) = engine.store.waiting();
    registry.register("store_queue_rows", "Object rows that wait to be written", ConstGauge::new(integer(rows)));
    registry.register(
        "store_queue_bytes",
        "Bytes of rows that wait or are being written",
        ConstGauge::new(integer(bytes)),
    );
    if let Some(size) = engine.store.size().await {
        registry.register("store_size_bytes", "Size of the database", ConstGauge::new(size));
    }
}

fn integer(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
