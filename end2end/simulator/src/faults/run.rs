//! Carries a plan of faults out on a simulator: by the clock, or step by step for tests that want no sleeps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::ActiveFault;
use super::plan::{FaultPlan, FaultStep};
use crate::Simulator;
use crate::cluster::Cluster;
use crate::random::Random;

/// A plan names a cluster that is not simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCluster(
    /// The name.
    pub String,
);

impl std::fmt::Display for UnknownCluster {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "no cluster {} is simulated", self.0)
    }
}

impl std::error::Error for UnknownCluster {}

/// Ends come before beginnings of the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    End,
    Begin,
}

/// A plan under way. Dropping it ends its faults.
pub struct FaultRun {
    seed: u64,
    steps: Vec<(FaultStep, Vec<Cluster>)>,
    /// What is still to happen, by milliseconds and number of the step.
    edges: BTreeSet<(u64, Edge, usize)>,
    active: BTreeMap<usize, Vec<ActiveFault>>,
}

impl FaultRun {
    /// A run at its start: nothing has happened yet.
    ///
    /// # Errors
    /// When the plan names a cluster that is not there.
    pub fn new(simulator: &Simulator, plan: FaultPlan) -> Result<Self, UnknownCluster> {
        let mut run = Self { seed: plan.seed, steps: Vec::new(), edges: BTreeSet::new(), active: BTreeMap::new() };
        for (number, step) in plan.steps.into_iter().enumerate() {
            let named = |cluster: &&Cluster| step.cluster == "*" || step.cluster == cluster.name();
            let clusters: Vec<Cluster> = simulator.clusters().iter().filter(named).cloned().collect();
            if clusters.is_empty() {
                return Err(UnknownCluster(step.cluster));
            }
            run.edges.insert((step.at_ms, Edge::Begin, number));
            run.edges.insert((step.at_ms.saturating_add(step.for_ms), Edge::End, number));
            run.steps.push((step, clusters));
        }
        Ok(run)
    }

    /// When something begins or ends next, counted from the start; none when all is over.
    #[must_use]
    pub fn next(&self) -> Option<Duration> {
        self.edges.first().map(|(at, _, _)| Duration::from_millis(*at))
    }

    /// Lets everything happen that the plan has up to and including this time.
    pub fn advance(&mut self, to: Duration) {
        while let Some((at, edge, number)) = self.edges.first().copied()
            && Duration::from_millis(at) <= to
        {
            self.edges.pop_first();
            match edge {
                Edge::End => drop(self.active.remove(&number)),
                Edge::Begin => self.begin(number),
            }
        }
    }

    fn begin(&mut self, number: usize) {
        let (step, clusters) = &self.steps[number];
        let begin = |cluster: &Cluster| {
            let random = Random::new(self.seed, &format!("{}/fault {number}", cluster.name()));
            cluster.faults().begin_drawn(step.fault.clone(), step.reach.clone(), random)
        };
        self.active.insert(number, clusters.iter().map(begin).collect());
    }

    /// Goes by the clock until all is over. Cancelling it ends its faults.
    pub async fn by_clock(mut self) {
        let start = Instant::now();
        while let Some(next) = self.next() {
            sleep_until(start + next).await;
            self.advance(next);
        }
    }
}
