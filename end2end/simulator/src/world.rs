//! A scripted world that makes simulated clusters live: Git moves, Flux's controllers reconcile, releases roll out,
//! some of it fails, somebody edits by hand, and containers log.
//!
//! Deterministic in what it does by seed and tick; the clock is the machine's. It also acts as Flux's controllers on
//! requests from outside: the `reconcile.fluxcd.io` annotations, suspension, changed specifications and deletions.
//! Writes through the same rules as API clients, so that managed fields and generations come out as in a real cluster.

mod artifact;
pub mod churn;
mod conditions;
mod demo;
pub(crate) mod director;
mod flux_objects;
mod generated;
mod kustomizations;
mod lines;
mod manifests;
pub(crate) mod populate;
mod releases;
mod script;
mod sources;
mod workloads;

use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use crate::Simulator;
use crate::cluster::{self, Cluster};
use crate::random::Random;
use crate::world::director::{Director, Subject, Task, controller_of};
use crate::world::sources::mark_handled;

/// Controllers take at most this long between two steps, whatever the tick.
const PACE: Duration = Duration::from_millis(500);

/// Drives all clusters of the demo world until the handle is aborted: a happening of the script every `tick`, and
/// controllers that act on requests within about a second. Other clusters stay still. A second call finds nothing to
/// drive.
pub fn run(simulator: &Simulator, tick: Duration, seed: u64) -> JoinHandle<()> {
    let worlds: Vec<(Cluster, Director)> = simulator
        .clusters()
        .iter()
        .filter_map(|cluster| {
            let mut director = cluster.take_director()?;
            director.random = Random::new(seed, cluster.name());
            director.pace = PACE.min(tick);
            Some((cluster.clone(), director))
        })
        .collect();
    tokio::spawn(async move {
        join_all(worlds.into_iter().map(|(cluster, director)| drive(cluster, director, tick))).await;
    })
}

async fn drive(cluster: Cluster, mut director: Director, tick: Duration) {
    let offset = tick * u32::try_from(director.random.below(3)).unwrap_or(0) / 3;
    let mut ticks = interval_at(Instant::now() + offset, tick.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut changed = cluster.store().subscribe();
    loop {
        changed.mark_unchanged();
        loop {
            match cluster.store().changes_after(director.cursor) {
                Ok(changes) if changes.is_empty() => break,
                Ok(changes) => director.react(&cluster, &changes),
                // More happened at once than the log holds: look at everything that is written from now on.
                Err(_) => director.cursor = cluster.store().revision(),
            }
        }
        while let Some(task) = director.take_due(Instant::now()) {
            director.perform(&cluster, task);
        }
        let due = director.next_due();
        tokio::select! {
            _ = ticks.tick() => director.tick(&cluster),
            () = async { if let Some(due) = due { sleep_until(due).await } }, if due.is_some() => {}
            changed = changed.changed() => if changed.is_err() { return },
        }
    }
}

impl Director {
    fn perform(&mut self, cluster: &Cluster, task: Task) {
        match task {
            Task::Begin(subject) => self.begin(cluster, &subject),
            Task::Finish(subject) => {
                let Some(object) = subject.get(cluster) else { return };
                let deleted = !object["metadata"]["deletionTimestamp"].is_null();
                match subject.kind.as_str() {
                    "Kustomization" => self.finish_kustomization(cluster, &subject),
                    // Nothing but the finalizer keeps these.
                    _ if deleted => drop(cluster.delete(&subject.kind, &subject.namespace, &subject.name)),
                    "HelmRelease" => self.finish_release(cluster, &subject),
                    _ => self.finish_source(cluster, &subject),
                }
            }
            Task::Converge(subject) => {
                if self.converge(cluster, &subject) {
                    self.schedule(Task::Converge(subject), 2);
                }
            }
            Task::Crash(pod) => self.crash(cluster, &pod),
        }
    }

    /// A controller takes an object up: a suspended one is only noted, another is marked and finished a step later.
    fn begin(&mut self, cluster: &Cluster, subject: &Subject) {
        let Some(object) = subject.get(cluster) else { return };
        let controller = match subject.kind.as_str() {
            "Kustomization" => kustomizations::STATUS_MANAGER,
            kind => controller_of(kind),
        };
        if object["spec"]["suspend"] == true && object["metadata"]["deletionTimestamp"].is_null() {
            self.update_status(cluster, subject, controller, mark_handled);
            return;
        }
        if matches!(subject.kind.as_str(), "Kustomization" | "HelmRelease") {
            let time = cluster::seconds(self.now(cluster));
            self.update_status(cluster, subject, controller, |object| {
                conditions::set(object, "Reconciling", "True", "Progressing", "Fulfilling prerequisites", &time);
                if !conditions::is_true(object, "Ready") && !conditions::is_true(object, "Stalled") {
                    conditions::set(object, "Ready", "Unknown", "Progressing", "Reconciliation in progress", &time);
                }
            });
        }
        self.schedule(Task::Finish(subject.clone()), 1);
    }
}

/// The revision that an object is about: applied, stored or deployed; empty when there is none.
pub(crate) fn revision_of(object: &Value) -> String {
    let status = &object["status"];
    [
        &status["lastAppliedRevision"],
        &status["artifact"]["revision"],
        &status["history"][0]["chartVersion"],
        &status["lastAttemptedRevision"],
    ]
    .into_iter()
    .find_map(Value::as_str)
    .unwrap_or_default()
    .to_owned()
}
