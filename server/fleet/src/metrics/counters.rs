//! Counters and histograms of this process, raised where things happen.
//!
//! One set for the process, as a scrape is of a process; engines that share one (in tests) share the counts. Every
//! label value is `'static`, so that what a cluster or a client sends cannot become one.

use std::sync::LazyLock;

use domain::catalogue;
use domain::object::GroupKind;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use super::PREFIX;
use crate::clusters::failure::Failure;

/// A label's name and value.
pub type LabelPair = (&'static str, &'static str);
type CounterBy<const N: usize> = Family<[LabelPair; N], Counter>;

/// The counters of this process.
pub(crate) static COUNTERS: LazyLock<Counters> = LazyLock::new(Counters::new);

/// Seconds; from a small SQLite transaction to a server far away.
const STORE_BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
/// Seconds; from one dry-run to a Kustomization of hundreds of objects.
const DIFF_BUCKETS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// What a watch said about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WatchEvent {
    /// It is in a list.
    Listed,
    /// It is new or has changed.
    Applied,
    Deleted,
}

/// Why a kind is listed from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListReason {
    /// The first list of a session.
    Start,
    /// Somebody asked, or the time between two resyncs is over.
    Resync,
    /// The cluster has forgotten the version that the watch was at (410).
    Expired,
    /// The stream ended by itself.
    Ended,
    /// The list before it failed, or its watch did.
    Retry,
}

#[derive(Debug)]
pub(crate) struct Counters {
    registry: Registry,
    watch_events: CounterBy<2>,
    watch_lists: CounterBy<2>,
    watch_errors: CounterBy<2>,
    pub(crate) subscription_rereads: Counter,
    pub(crate) subscriptions: Gauge,
    pub(crate) store_batch: Histogram,
    pub(crate) store_rows: Counter,
    pub(crate) store_batch_errors: Counter,
    pub(crate) store_rows_set_aside: Counter,
    sign_ins: CounterBy<1>,
    audit_failures: CounterBy<1>,
    pub(crate) diffs: Histogram,
    dry_runs: CounterBy<1>,
    pub(crate) log_lines: Counter,
    pub(crate) log_lines_skipped: Counter,
    pub(crate) log_gaps: Counter,
}

impl Counters {
    fn new() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let own = &mut registry;
        Self {
            watch_events: add(own, "watch_events", "Objects that watches delivered", Family::default()),
            watch_lists: add(own, "watch_lists", "Lists that watches began, by cause", Family::default()),
            watch_errors: add(own, "watch_errors", "Failures of lists and watches, by cause", Family::default()),
            subscription_rereads: add(
                own,
                "subscription_rereads",
                "Times that a subscription fell behind the notices of changes and read everything again",
                Counter::default(),
            ),
            subscriptions: add(own, "subscriptions", "Live subscriptions of the watch socket", Gauge::default()),
            store_batch: add(
                own,
                "store_batch_duration_seconds",
                "Transactions that write object rows",
                Histogram::new(STORE_BUCKETS),
            ),
            store_rows: add(own, "store_rows_written", "Object rows written", Counter::default()),
            store_batch_errors: add(
                own,
                "store_batch_errors",
                "Transactions of object rows that failed",
                Counter::default(),
            ),
            store_rows_set_aside: add(
                own,
                "store_rows_set_aside",
                "Object rows that the database refused; the next resync offers them again",
                Counter::default(),
            ),
            sign_ins: add(own, "sign_ins", "Attempts to sign in, by outcome", Family::default()),
            audit_failures: add(
                own,
                "audit_failures",
                "Rows of the audit trail that were not written",
                Family::default(),
            ),
            diffs: add(
                own,
                "diff_duration_seconds",
                "Examinations of an object and what it manages",
                Histogram::new(DIFF_BUCKETS),
            ),
            dry_runs: add(own, "dry_run_requests", "Dry-run requests to clusters, by outcome", Family::default()),
            log_lines: add(own, "log_lines", "Log lines read from clusters for followers", Counter::default()),
            log_lines_skipped: add(
                own,
                "log_lines_skipped",
                "Log lines that left the ring before a viewer had read them, summed over viewers",
                Counter::default(),
            ),
            log_gaps: add(own, "log_gaps", "Gaps in log streams, each shown to its viewers", Counter::default()),
            registry,
        }
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) fn watch_event(&self, kind: &GroupKind, event: WatchEvent) {
        let event = match event {
            WatchEvent::Listed => "listed",
            WatchEvent::Applied => "applied",
            WatchEvent::Deleted => "deleted",
        };
        self.watch_events.get_or_create(&[("kind", kind_word(kind)), ("event", event)]).inc();
    }

    pub(crate) fn watch_list(&self, kind: &GroupKind, reason: ListReason) {
        let reason = match reason {
            ListReason::Start => "start",
            ListReason::Resync => "resync",
            ListReason::Expired => "expired",
            ListReason::Ended => "ended",
            ListReason::Retry => "retry",
        };
        self.watch_lists.get_or_create(&[("kind", kind_word(kind)), ("reason", reason)]).inc();
    }

    pub(crate) fn watch_error(&self, kind: &GroupKind, failure: &Failure) {
        self.watch_errors.get_or_create(&[("kind", kind_word(kind)), ("cause", cause(failure))]).inc();
    }

    /// `outcome` is one of a few words: `succeeded`, `wrong`, `limited`, `error`.
    pub(crate) fn sign_in(&self, outcome: &'static str) {
        self.sign_ins.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// `step`: `begin` (nothing was done then), `complete` or `note`.
    pub(crate) fn audit_failure(&self, step: &'static str) {
        self.audit_failures.get_or_create(&[("step", step)]).inc();
    }

    pub(crate) fn dry_run<T>(&self, answer: &Result<T, Failure>) {
        let outcome = match answer {
            Ok(_) => "predicted",
            Err(failure) => cause(failure),
        };
        self.dry_runs.get_or_create(&[("outcome", outcome)]).inc();
    }
}

/// Registers under the name, to which counters add `_total`; the help gets its full stop.
fn add<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

/// The kind, if it is one that is watched.
fn kind_word(kind: &GroupKind) -> &'static str {
    match catalogue::by_group_kind(&kind.group, &kind.kind) {
        Some(known) => known.kind,
        None => ["Deployment", "Pod", "Event"].into_iter().find(|own| *own == kind.kind).unwrap_or("other"),
    }
}

fn cause(failure: &Failure) -> &'static str {
    match failure {
        Failure::Unreachable(_) => "unreachable",
        Failure::Unauthorized(_) => "unauthorized",
        Failure::Forbidden(_) => "forbidden",
        Failure::NotFound(_) => "not_found",
        Failure::Conflict(_) => "conflict",
        Failure::Refused { .. } => "refused",
    }
}

/// Something that is open, counted in a gauge until dropped.
#[derive(Debug)]
pub struct Open(Gauge);

impl Open {
    #[must_use]
    pub fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_nobody_watches_makes_no_label_of_its_own() {
        assert_eq!(kind_word(&GroupKind::new(catalogue::KUSTOMIZE, "Kustomization")), "Kustomization");
        assert_eq!(kind_word(&GroupKind::new("", "Pod")), "Pod");
        assert_eq!(kind_word(&GroupKind::new("evil.example", "Kustomization")), "other");
    }

    #[test]
    fn what_is_open_is_counted_until_it_is_dropped() {
        let gauge = Gauge::default();
        let (one, two) = (Open::new(&gauge), Open::new(&gauge));
        assert_eq!(gauge.get(), 2);
        drop(one);
        assert_eq!(gauge.get(), 1);
        drop(two);
        assert_eq!(gauge.get(), 0);
    }
}
