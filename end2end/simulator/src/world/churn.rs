//! Change in generated clusters, by seed and at a rate: revisions arrive, appliers fail and recover, events happen.
//!
//! What happens is decided by the seed; when it happens, by whoever takes the steps. Keeps no list of objects.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Value, json};

use crate::Simulator;
use crate::catalogue::{self, RESOURCES};
use crate::cluster::{self, Cluster};
use crate::random::Random;
use crate::world::conditions;
use crate::world::director::Subject;
use crate::world::generated;

/// Events kept over all clusters; the oldest go first, as they expire after an hour in a real one.
const EVENTS: usize = 2_000;

/// What kind of change it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// An applier applied a new revision.
    Revision,
    /// An applier failed.
    Failure,
    /// An event about an applier, which itself stays as it is.
    Event,
}

/// A change as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Counts from 1.
    pub sequence: u64,
    pub happening: Happening,
    /// Name of the cluster.
    pub cluster: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
    /// Message of the condition or the event; no other change has it.
    pub message: String,
    /// When the write was done, by this machine's clock: nanoseconds since 1970.
    pub committed_at: u64,
}

/// See the module.
pub struct Churn {
    random: Random,
    clusters: Vec<(Cluster, usize)>,
    events: VecDeque<(usize, String, String)>,
    sequence: u64,
}

impl Churn {
    /// For the generated clusters of a simulator; others stay still.
    #[must_use]
    pub fn new(simulator: &Simulator, seed: u64) -> Self {
        let counted = |cluster: &Cluster| (cluster.clone(), generated::count(cluster));
        let clusters = simulator.clusters().iter().map(counted).filter(|(_, count)| *count > 0).collect();
        Self { random: Random::new(seed, "churn"), clusters, events: VecDeque::new(), sequence: 0 }
    }

    /// The time until the next change at a mean rate, drawn so that changes come as independent ones do.
    pub fn pause(&mut self, per_second: f64) -> Duration {
        let even = (self.random.below(1 << 20) as f64 + 0.5) / f64::from(1 << 20);
        Duration::from_secs_f64((-even.ln() / per_second.max(1e-3)).min(60.0))
    }

    /// The next change: mostly new revisions, some failures, some events. None when nothing here can change.
    pub fn step(&mut self) -> Option<Changed> {
        let happening = match self.random.below(20) {
            0..=2 => Happening::Event,
            3..=6 => Happening::Failure,
            _ => Happening::Revision,
        };
        self.happen(happening)
    }

    /// The next change that shows in a list.
    pub fn visible_step(&mut self) -> Option<Changed> {
        let happening = if self.random.once_in(4) { Happening::Failure } else { Happening::Revision };
        self.happen(happening)
    }

    fn happen(&mut self, happening: Happening) -> Option<Changed> {
        /// Three in five places are appliers.
        const TRIES: usize = 1_000;
        let (at, cluster, subject) = (0..TRIES).find_map(|_| {
            let at = self.random.below(self.clusters.len());
            let (cluster, count) = self.clusters.get(at)?;
            let subject = generated::applier(self.random.below(*count))?;
            Some((at, cluster.clone(), subject))
        })?;
        let object = subject.get(&cluster)?;
        let message = match happening {
            Happening::Revision => self.revision(&cluster, &subject, object),
            Happening::Failure => self.failure(&cluster, &subject, object),
            Happening::Event => self.event(at, &cluster, &subject, &object),
        };
        let committed_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        self.sequence += 1;
        Some(Changed {
            sequence: self.sequence,
            happening,
            cluster: cluster.name().to_owned(),
            kind: subject.kind,
            namespace: subject.namespace,
            name: subject.name,
            message,
            committed_at: u64::try_from(committed_at).unwrap_or(u64::MAX),
        })
    }

    fn revision(&mut self, cluster: &Cluster, subject: &Subject, mut object: Value) -> String {
        let Subject { kind, namespace, name } = subject;
        let (reason, message) = if kind == "Kustomization" {
            let revision = format!("main@sha1:{}", self.random.hex(40));
            for field in ["lastAppliedRevision", "lastAttemptedRevision"] {
                object["status"][field] = json!(revision);
            }
            ("ReconciliationSucceeded", format!("Applied revision: {revision}"))
        } else {
            let newest = &mut object["status"]["history"][0];
            let version = newest["version"].as_u64().unwrap_or(0) + 1;
            newest["version"] = json!(version);
            newest["lastDeployed"] = json!(cluster::seconds(cluster.now()));
            let chart = format!("1.{version}.0+{}", self.random.hex(12));
            newest["chartVersion"] = json!(chart);
            object["status"]["lastAttemptedRevision"] = json!(chart);
            let release = format!("{namespace}/{name}.v{version}");
            ("UpgradeSucceeded", format!("Helm upgrade succeeded for release {release} with chart {name}@{chart}"))
        };
        write(cluster, object, ["True", reason, &message]);
        message
    }

    fn failure(&mut self, cluster: &Cluster, subject: &Subject, object: Value) -> String {
        let part = self.random.hex(12);
        let (reason, message) = if subject.kind == "Kustomization" {
            ("HealthCheckFailed", format!("health check failed after 5m0s: timeout waiting for [Deployment/{part}]"))
        } else {
            ("UpgradeFailed", format!("Helm upgrade failed: Deployment/{part} not ready: context deadline exceeded"))
        };
        write(cluster, object, ["False", reason, &message]);
        message
    }

    fn event(&mut self, at: usize, cluster: &Cluster, subject: &Subject, object: &Value) -> String {
        let (hex, time) = (self.random.hex(16), cluster::seconds(cluster.now()));
        let message = format!("Reconciliation finished in {} ms, next run in 10m0s ({hex})", self.random.below(9_000));
        let api_version = catalogue::find_kind(&subject.kind).map(|row| RESOURCES[row].api_version());
        let name = format!("{}.{hex}", subject.name);
        cluster.apply(json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": name, "namespace": subject.namespace, "managedFields": []},
            "involvedObject": {"kind": subject.kind, "apiVersion": api_version, "name": subject.name,
                "namespace": subject.namespace, "uid": object["metadata"]["uid"]},
            "reason": "ReconciliationSucceeded", "message": message, "type": "Normal", "count": 1, "eventTime": null,
            "source": {"component": "kustomize-controller"}, "firstTimestamp": time, "lastTimestamp": time,
        }));
        self.events.push_back((at, subject.namespace.clone(), name));
        if self.events.len() > EVENTS
            && let Some((at, namespace, name)) = self.events.pop_front()
        {
            self.clusters[at].0.delete("Event", &namespace, &name);
        }
        message
    }
}

/// Stores an applier with one new condition. A controller passes through Unknown on its way, which moves the time of
/// the transition also when the status ends as it was.
fn write(cluster: &Cluster, mut object: Value, [status, reason, message]: [&str; 3]) {
    let time = cluster::seconds(cluster.now());
    conditions::remove(&mut object, &["Ready", "Reconciling", "Stalled"]);
    conditions::set(&mut object, "Ready", status, reason, message, &time);
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.insert("managedFields".to_owned(), json!([]));
    }
    cluster.apply(object);
}
