//! Faults as plain data: what goes wrong, where, when and for how long.
//!
//! A plan can be written by hand, sent as JSON, or drawn from a seed. It knows no clock: times count from the start of
//! the run that carries it out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// One way for an API server, or for the line to it, to fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// The whole cluster: connections are refused and open ones reset. Ignores paths.
    Down,
    /// Requests are answered by a reset of their connection (RST), and open streams break in the same way.
    Reset,
    /// Requests are taken and not answered, and open streams fall silent, until the fault is over.
    Blackhole,
    /// Bodies arrive at this speed.
    Throttle { bytes_per_second: u64 },
    /// Answers come this much later.
    Slow { millis: u64 },
    /// 429 with `Retry-After`.
    TooManyRequests { retry_after_seconds: u64 },
    /// 500.
    ServerError,
    /// 403, as when a role binding is gone. Open watches go on, as they do in Kubernetes.
    Forbidden,
    /// Watches, open and new, are told that their resource version is too old (410).
    Gone,
    /// Pages of a list after the first are refused with 410.
    ExpiredContinue,
    /// The next event of every watch breaks off in the middle of its JSON, and the watch ends as if complete.
    TornJson,
    /// Watches repeat themselves: events come twice, so that resource versions also go backwards.
    Repeated,
    /// The clock of the cluster is off by this much: `Date`, timestamps, log lines. Ignores paths.
    ClockSkew { millis: i64 },
}

/// The kinds of requests that a fault may be limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// A collection, also in pages.
    List,
    Watch,
    /// A container's log.
    Log,
    /// One object, discovery, and whatever else is only read.
    Read,
    Write,
}

/// Which requests a fault meets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reach {
    /// Path without the query; `*` stands for any run of characters.
    pub paths: String,
    /// None: every kind of request.
    pub requests: Option<RequestKind>,
    /// How many of a hundred requests, drawn by the plan's seed. Streams draw anew whenever a fault begins or ends.
    pub percent: u8,
}

impl Default for Reach {
    fn default() -> Self {
        Self { paths: "*".to_owned(), requests: None, percent: 100 }
    }
}

impl Reach {
    /// Every request to a path.
    #[must_use]
    pub fn paths(pattern: &str) -> Self {
        Self { paths: pattern.to_owned(), ..Self::default() }
    }

    /// Every request of a kind.
    #[must_use]
    pub fn requests(kind: RequestKind) -> Self {
        Self { requests: Some(kind), ..Self::default() }
    }

    /// Whether a request is one of those, before anything is drawn.
    pub(crate) fn covers(&self, path: &str, kind: RequestKind) -> bool {
        self.requests.is_none_or(|wanted| wanted == kind) && wildcard(&self.paths, path)
    }
}

/// A fault of one cluster, from a time on for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultStep {
    /// Milliseconds after the start of the run.
    pub at_ms: u64,
    /// Name of the cluster; `*` for all.
    pub cluster: String,
    pub fault: Fault,
    /// Milliseconds until it is over.
    pub for_ms: u64,
    #[serde(flatten)]
    pub reach: Reach,
}

/// Everything that goes wrong in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultPlan {
    /// Replays what is drawn: see [`Reach::percent`].
    pub seed: u64,
    /// In any order; they may overlap.
    pub steps: Vec<FaultStep>,
}

impl FaultPlan {
    /// A plan in which every cluster has a fault about every tenth of `length`, each over well before the end.
    #[must_use]
    pub fn drawn(seed: u64, clusters: &[&str], length: Duration) -> Self {
        const SLOTS: u64 = 10;
        let slot = u64::try_from(length.as_millis()).unwrap_or(u64::MAX) / SLOTS;
        let mut steps = Vec::new();
        for cluster in clusters {
            let mut random = Random::new(seed, &format!("{cluster}/faults"));
            for start in (0..SLOTS - 1).map(|number| number * slot) {
                let part = |random: &mut Random| random.below(100) as u64 * slot / 200;
                let (at_ms, for_ms) = (start + part(&mut random), part(&mut random) + slot / 20);
                let (fault, reach) = draw(&mut random, slot);
                steps.push(FaultStep { at_ms, cluster: (*cluster).to_owned(), fault, for_ms, reach });
            }
        }
        Self { seed, steps }
    }
}

/// A fault with a reach that suits it.
fn draw(random: &mut Random, slot_millis: u64) -> (Fault, Reach) {
    const KINDS: [&str; 4] = ["kustomizations", "helmreleases", "gitrepositories", "events"];
    let kind = random.pick(&KINDS).copied().unwrap_or_default();
    let of_kind = Reach::paths(&format!("*/{kind}"));
    let some = Reach { percent: 30, ..Reach::default() };
    match random.below(12) {
        0 => (Fault::Down, Reach::default()),
        1 => (Fault::Reset, some),
        2 => (Fault::Blackhole, Reach::default()),
        3 => (Fault::Throttle { bytes_per_second: 1_000 << random.below(8) }, Reach::default()),
        4 => (Fault::Slow { millis: slot_millis / 20 }, Reach::requests(RequestKind::List)),
        5 => (Fault::TooManyRequests { retry_after_seconds: 1 }, some),
        6 => (Fault::ServerError, some),
        7 => (Fault::Forbidden, of_kind),
        8 => (Fault::Gone, Reach::default()),
        9 => (Fault::ExpiredContinue, of_kind),
        10 => (Fault::TornJson, of_kind),
        _ => (Fault::Repeated, of_kind),
    }
}

/// Whether the whole text matches, `*` standing for any run of characters.
fn wildcard(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    (0..=rest.len()).filter(|cut| rest.is_char_boundary(*cut)).any(|cut| wildcard(tail, &rest[cut..]))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{Fault, FaultPlan, FaultStep, Reach, RequestKind};

    #[test]
    fn a_step_is_flat_json_and_reaches_everything_unless_it_says() {
        let step: FaultStep = serde_json::from_value(json!({
            "at_ms": 10, "cluster": "prod-eu", "fault": {"kind": "throttle", "bytes_per_second": 9}, "for_ms": 5,
        }))
        .unwrap();
        assert_eq!(step.fault, Fault::Throttle { bytes_per_second: 9 });
        assert_eq!(step.reach, Reach::default());
    }

    #[test]
    fn a_reach_takes_patterns_of_paths_and_kinds_of_requests() {
        let path = "/apis/helm.toolkit.fluxcd.io/v2/helmreleases";
        for (pattern, covered) in [("*", true), ("*/helmreleases", true), ("/apis/*/v2/*", true), ("*/pods", false)] {
            assert_eq!(Reach::paths(pattern).covers(path, RequestKind::List), covered, "{pattern}");
        }
        assert!(!Reach::requests(RequestKind::Watch).covers(path, RequestKind::List));
    }

    #[test]
    fn a_seed_replays_a_plan_that_ends_in_time() {
        let length = Duration::from_secs(60);
        let plan = FaultPlan::drawn(7, &["a", "b"], length);
        assert_eq!(plan, FaultPlan::drawn(7, &["a", "b"], length));
        assert_ne!(plan.steps, FaultPlan::drawn(8, &["a", "b"], length).steps);
        assert_eq!(plan.steps.len(), 18);
        assert!(plan.steps.iter().all(|step| step.at_ms + step.for_ms <= 60_000));
        assert_eq!(serde_json::from_str::<FaultPlan>(&serde_json::to_string(&plan).unwrap()).unwrap(), plan);
    }
}
