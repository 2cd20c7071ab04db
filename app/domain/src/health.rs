//! Health of a Flux object, and the one word that a list shows for it.
//!
//! Health comes from the object alone, by the rules of the `flux` command line. Drift is a second axis: it joins only
//! in [`Status`], the word that bars and lists use. Workloads are judged in [`crate::workload`].

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalogue;
use crate::condition::{Condition, conditions, find};
use crate::object::GroupKind;

/// How an object is. The order is by severity, worst first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// The last attempt went wrong; the controller may be trying again.
    Failed,
    /// The controller has given up until somebody changes something.
    Stalled,
    /// Waits for a dependency that is not ready.
    Waiting,
    /// The controller works on it.
    Progressing,
    /// Being deleted.
    Terminating,
    /// Told to rest.
    Suspended,
    /// It does not say.
    #[default]
    Unknown,
    Ready,
}

impl Health {
    pub const ALL: [Self; 8] = [
        Self::Failed,
        Self::Stalled,
        Self::Waiting,
        Self::Progressing,
        Self::Terminating,
        Self::Suspended,
        Self::Unknown,
        Self::Ready,
    ];

    /// Lower-case word, as in URLs and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        Status::from(self).word()
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Status::from(*self).fmt(f)
    }
}

/// The one-word status of a row: the first that applies, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Failed,
    Stalled,
    /// Something differs from what Flux would apply.
    Drifted,
    Waiting,
    Progressing,
    Terminating,
    Suspended,
    #[default]
    Unknown,
    Ready,
}

impl Status {
    pub const ALL: [Self; 9] = [
        Self::Failed,
        Self::Stalled,
        Self::Drifted,
        Self::Waiting,
        Self::Progressing,
        Self::Terminating,
        Self::Suspended,
        Self::Unknown,
        Self::Ready,
    ];

    /// Drift counts before everything except a failure.
    #[must_use]
    pub fn of(health: Health, drifted: bool) -> Self {
        let status = Self::from(health);
        if drifted { status.min(Self::Drifted) } else { status }
    }

    /// 0 is the worst.
    #[must_use]
    pub fn severity(self) -> usize {
        self as usize
    }

    /// Lower-case word, as in URLs and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Stalled => "stalled",
            Self::Drifted => "drifted",
            Self::Waiting => "waiting",
            Self::Progressing => "progressing",
            Self::Terminating => "terminating",
            Self::Suspended => "suspended",
            Self::Unknown => "unknown",
            Self::Ready => "ready",
        }
    }

    /// The status of this word, in any case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word().eq_ignore_ascii_case(word))
    }
}

impl From<Health> for Status {
    fn from(health: Health) -> Self {
        match health {
            Health::Failed => Self::Failed,
            Health::Stalled => Self::Stalled,
            Health::Waiting => Self::Waiting,
            Health::Progressing => Self::Progressing,
            Health::Terminating => Self::Terminating,
            Health::Suspended => Self::Suspended,
            Health::Unknown => Self::Unknown,
            Health::Ready => Self::Ready,
        }
    }
}

impl fmt::Display for Status {
    /// As a label: `Ready`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// How many objects have each status; prints as `{"failed": 1, …}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct StatusCounts {
    pub failed: usize,
    pub stalled: usize,
    pub drifted: usize,
    pub waiting: usize,
    pub progressing: usize,
    pub terminating: usize,
    pub suspended: usize,
    pub unknown: usize,
    pub ready: usize,
}

impl StatusCounts {
    fn slot(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Failed => &mut self.failed,
            Status::Stalled => &mut self.stalled,
            Status::Drifted => &mut self.drifted,
            Status::Waiting => &mut self.waiting,
            Status::Progressing => &mut self.progressing,
            Status::Terminating => &mut self.terminating,
            Status::Suspended => &mut self.suspended,
            Status::Unknown => &mut self.unknown,
            Status::Ready => &mut self.ready,
        }
    }

    pub fn add(&mut self, status: Status) {
        *self.slot(status) += 1;
    }

    /// Removing what was never added leaves 0.
    pub fn remove(&mut self, status: Status) {
        let slot = self.slot(status);
        *slot = slot.saturating_sub(1);
    }

    /// Counts of another part of the same fleet join these.
    pub fn merge(&mut self, other: &Self) {
        for (status, count) in other.iter() {
            *self.slot(status) += count;
        }
    }

    #[must_use]
    pub fn get(&self, status: Status) -> usize {
        match status {
            Status::Failed => self.failed,
            Status::Stalled => self.stalled,
            Status::Drifted => self.drifted,
            Status::Waiting => self.waiting,
            Status::Progressing => self.progressing,
            Status::Terminating => self.terminating,
            Status::Suspended => self.suspended,
            Status::Unknown => self.unknown,
            Status::Ready => self.ready,
        }
    }

    /// All statuses with their counts, worst first, zeros included.
    pub fn iter(&self) -> impl Iterator<Item = (Status, usize)> + '_ {
        Status::ALL.into_iter().map(|status| (status, self.get(status)))
    }

    #[must_use]
    pub fn total(&self) -> usize {
        self.iter().map(|(_, count)| count).sum()
    }

    /// The worst status that occurs; `None` of nothing.
    #[must_use]
    pub fn worst(&self) -> Option<Status> {
        self.iter().find(|(_, count)| *count > 0).map(|(status, _)| status)
    }
}

/// Health and what it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthReport {
    pub health: Health,
    /// Reason of the condition that decided.
    pub reason: String,
    /// Its message, as the controller wrote it: mask it before it leaves the process.
    pub message: String,
    /// When that condition last changed; milliseconds since 1970, UTC.
    pub since: Option<i64>,
    /// Failed or waiting, and the controller tries again by itself.
    pub retrying: bool,
}

impl HealthReport {
    #[must_use]
    pub fn new(health: Health, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { health, reason: reason.into(), message: message.into(), since: None, retrying: false }
    }

    pub(crate) fn from_condition(health: Health, condition: &Condition) -> Self {
        Self { since: condition.since(), ..Self::new(health, condition.reason.clone(), condition.message.clone()) }
    }
}

/// Health of a Flux object: suspended, terminating, out of date, reconciling, stalled, then the Ready condition.
///
/// As the `flux` command line decides, with one refinement. A failing object keeps its old observed generation and a
/// Reconciling condition for as long as it is retried; it is reported as failed or waiting (`retrying`), not as
/// progressing.
#[must_use]
pub fn flux_health(kind: &GroupKind, object: &Value) -> HealthReport {
    let conditions = conditions(object);
    let ready = find(&conditions, "Ready");
    let flux_kind = catalogue::by_group_kind(&kind.group, &kind.kind);
    if flux_kind.is_some_and(|own| own.is_suspended(object)) {
        let message = ready.map_or("", |condition| condition.message.as_str());
        return HealthReport::new(Health::Suspended, "Suspended", message);
    }
    if let Some(deleted) = object["metadata"]["deletionTimestamp"].as_str() {
        let since = crate::condition::timestamp_millis(deleted);
        return HealthReport { since, ..HealthReport::new(Health::Terminating, "Deleting", "Deletion was requested") };
    }
    let generation = object["metadata"]["generation"].as_i64();
    let reconciling = find(&conditions, "Reconciling").filter(|condition| condition.is_true());
    let failing = ready.filter(|condition| condition.is_false() && condition.is_about(generation));
    // What waits for another object is never observed before that one is ready, and says so only in this condition.
    // helm-controller leaves the Reconciling condition with which every attempt begins.
    if let Some(waiting) = failing.filter(|condition| is_waiting(condition)) {
        return not_ready(waiting);
    }
    let retrying = reconciling.is_some_and(|condition| condition.reason == "ProgressingWithRetry");
    if let (Some(failing), true) = (failing, retrying) {
        return HealthReport { retrying: true, ..not_ready(failing) };
    }
    let observed = object["status"]["observedGeneration"].as_i64();
    if let (Some(observed), Some(generation)) = (observed, generation)
        && observed != generation
    {
        let message = format!("Waiting for the controller to see generation {generation}");
        return match reconciling {
            Some(condition) => HealthReport::from_condition(Health::Progressing, condition),
            None => HealthReport::new(Health::Progressing, "Progressing", message),
        };
    }
    if let Some(condition) = reconciling {
        return HealthReport::from_condition(Health::Progressing, condition);
    }
    if let Some(condition) = find(&conditions, "Stalled").filter(|condition| condition.is_true()) {
        return HealthReport::from_condition(Health::Stalled, condition);
    }
    match ready {
        Some(condition) if condition.is_true() => HealthReport::from_condition(Health::Ready, condition),
        Some(condition) if condition.is_false() => not_ready(condition),
        Some(condition) => HealthReport::from_condition(Health::Progressing, condition),
        None if flux_kind.is_some_and(|own| own.is_static(object)) => HealthReport::new(Health::Ready, "", ""),
        None => HealthReport::new(Health::Unknown, "", "No Ready condition yet"),
    }
}

/// Neither a dependency nor, for helm-controller, a chart that is not ready is a failure of the object itself.
fn is_waiting(ready: &Condition) -> bool {
    matches!(ready.reason.as_str(), "DependencyNotReady" | "SourceNotReady")
}

fn not_ready(ready: &Condition) -> HealthReport {
    let health = if is_waiting(ready) { Health::Waiting } else { Health::Failed };
    HealthReport::from_condition(health, ready)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn health(object: &Value) -> Health {
        flux_health(&GroupKind::new(catalogue::KUSTOMIZE, "Kustomization"), object).health
    }

    fn with(conditions: &Value) -> Value {
        json!({"metadata": {"generation": 2}, "status": {"observedGeneration": 2, "conditions": conditions}})
    }

    #[test]
    fn the_ready_condition_decides_when_nothing_else_does() {
        assert_eq!(health(&with(&json!([{"type": "Ready", "status": "True"}]))), Health::Ready);
        assert_eq!(health(&with(&json!([{"type": "Ready", "status": "Unknown"}]))), Health::Progressing);
        assert_eq!(
            health(&with(&json!([{"type": "Ready", "status": "False", "reason": "BuildFailed"}]))),
            Health::Failed
        );
        let waiting = json!([{"type": "Ready", "status": "False", "reason": "DependencyNotReady"}]);
        assert_eq!(health(&with(&waiting)), Health::Waiting);
        assert_eq!(health(&json!({})), Health::Unknown);
    }

    #[test]
    fn a_new_object_that_waits_for_a_dependency_waits_although_it_was_never_observed() {
        let ready =
            json!([{"type": "Ready", "status": "False", "reason": "DependencyNotReady", "observedGeneration": 1}]);
        let object = json!({"metadata": {"generation": 1}, "status": {"observedGeneration": -1, "conditions": ready}});
        assert_eq!(health(&object), Health::Waiting);
    }

    #[test]
    fn a_helm_release_waits_for_its_chart_although_its_attempt_goes_on() {
        for reason in ["SourceNotReady", "DependencyNotReady"] {
            let conditions = json!([
                {"type": "Reconciling", "status": "True", "reason": "Progressing", "message": "Fulfilling prerequisites"},
                {"type": "Ready", "status": "False", "reason": reason, "message": "not ready"},
            ]);
            let status = json!({"observedGeneration": -1, "conditions": conditions});
            let object = json!({"metadata": {"generation": 1}, "status": status});
            let report = flux_health(&GroupKind::new(catalogue::HELM, "HelmRelease"), &object);
            assert_eq!((report.health, report.message.as_str()), (Health::Waiting, "not ready"));
        }
    }

    #[test]
    fn suspension_and_deletion_come_before_conditions() {
        let mut object = with(&json!([{"type": "Ready", "status": "False"}]));
        object["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
        assert_eq!(health(&object), Health::Terminating);
        object["spec"] = json!({"suspend": true});
        assert_eq!(health(&object), Health::Suspended);
    }

    #[test]
    fn stalled_and_reconciling_come_before_ready() {
        let stalled = json!([{"type": "Ready", "status": "False"}, {"type": "Stalled", "status": "True"}]);
        assert_eq!(health(&with(&stalled)), Health::Stalled);
        let reconciling = json!([
            {"type": "Ready", "status": "False"}, {"type": "Reconciling", "status": "True", "reason": "Progressing"},
        ]);
        assert_eq!(health(&with(&reconciling)), Health::Progressing);
    }

    #[test]
    fn a_failure_that_is_retried_stays_a_failure_even_when_the_generation_lags() {
        let conditions = json!([
            {"type": "Ready", "status": "False", "reason": "BuildFailed", "message": "no x", "observedGeneration": 2},
            {"type": "Reconciling", "status": "True", "reason": "ProgressingWithRetry"},
        ]);
        for observed in [-1, 1, 2] {
            let mut object = with(&conditions);
            object["status"]["observedGeneration"] = json!(observed);
            let report = flux_health(&GroupKind::new(catalogue::KUSTOMIZE, "Kustomization"), &object);
            assert_eq!((report.health, report.retrying), (Health::Failed, true));
            assert_eq!(report.message, "no x");
        }
    }

    #[test]
    fn an_old_failure_says_nothing_about_a_new_generation() {
        let mut object = with(&json!([
            {"type": "Ready", "status": "False", "observedGeneration": 1},
            {"type": "Reconciling", "status": "True", "reason": "ProgressingWithRetry"},
        ]));
        object["status"]["observedGeneration"] = json!(1);
        assert_eq!(health(&object), Health::Progressing);
    }

    #[test]
    fn kinds_without_a_reconciler_are_ready() {
        for (kind, object) in
            [("Alert", json!({})), ("Provider", json!({})), ("HelmRepository", json!({"spec": {"type": "oci"}}))]
        {
            let own = catalogue::by_kind(kind).unwrap();
            assert_eq!(flux_health(&own.group_kind(), &object).health, Health::Ready, "{kind}");
        }
    }

    #[test]
    fn kinds_that_had_a_reconciler_once_are_as_it_said() {
        for (kind, mut object) in
            [("Alert", json!({})), ("Provider", json!({})), ("HelmRepository", json!({"spec": {"type": "oci"}}))]
        {
            let own = catalogue::by_kind(kind).unwrap();
            object["status"] =
                json!({"conditions": [{"type": "Ready", "status": "False", "reason": "ValidationFailed"}]});
            assert_eq!(flux_health(&own.group_kind(), &object).health, Health::Failed, "{kind}");
            object["status"] = json!({"conditions": [{"type": "Reconciling", "status": "False"}]});
            assert_eq!(flux_health(&own.group_kind(), &object).health, Health::Unknown, "{kind}");
        }
    }

    #[test]
    fn drift_counts_before_everything_except_a_failure() {
        assert_eq!(Status::of(Health::Ready, true), Status::Drifted);
        assert_eq!(Status::of(Health::Suspended, true), Status::Drifted);
        assert_eq!(Status::of(Health::Stalled, true), Status::Stalled);
        assert_eq!(Status::of(Health::Failed, true), Status::Failed);
        assert_eq!(Status::of(Health::Ready, false), Status::Ready);
    }

    #[test]
    fn counts_add_up_and_name_the_worst() {
        let mut counts = StatusCounts::default();
        assert_eq!(counts.worst(), None);
        counts.add(Status::Ready);
        counts.add(Status::Drifted);
        counts.remove(Status::Failed);
        assert_eq!((counts.total(), counts.worst()), (2, Some(Status::Drifted)));
        let mut both = counts.clone();
        both.merge(&counts);
        assert_eq!(both.total(), 4);
        assert_eq!(serde_json::to_value(&counts).unwrap()["drifted"], 1);
    }

    #[test]
    fn words_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.word()), Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
        }
        assert_eq!(Health::Ready.to_string(), "Ready");
    }
}
