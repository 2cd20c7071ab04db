//! The next apply of one object: asked of the cluster where we may, estimated where we may not.
//!
//! Follows the controller step by step: what it skips, how it prepares the manifest, what it takes over from other
//! managers, what its ignore rules leave out, and what it would decide then. Works on unmasked objects and keeps them here.

use domain::diff::ignore::{self, IgnoreRules};
use domain::diff::path::Path;
use domain::diff::verdict::{self, Applier, Correction, Verdict};
use domain::diff::{normalise, overlay, takeover};
use domain::object::ObjectRef;
use serde_json::Value;

use super::dry_run::DryRunClient;
use crate::clusters::failure::Failure;
use crate::watch::kinds::ServedKind;

/// One object beside its applier.
pub(super) struct Question<'a> {
    pub(super) client: &'a DryRunClient,
    pub(super) kind: &'a ServedKind,
    pub(super) object: &'a ObjectRef,
    pub(super) applier: Applier,
    /// The applier itself, as JSON.
    pub(super) owner: &'a Value,
    pub(super) rules: &'a IgnoreRules,
    pub(super) correction: &'a Correction,
    pub(super) live: Option<&'a Value>,
}

/// What will be, beside what Flux decides about it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    /// The object after the next apply; `None` where it cannot be said.
    pub(super) predicted: Option<Value>,
    /// The cluster itself completed the object.
    pub(super) dry_run: bool,
    /// Paths that ignore rules name.
    pub(super) ignored: Vec<Path>,
    /// Paths that change hands without a change of value.
    pub(super) taken_over: Vec<Path>,
    /// How this came about, a sentence each.
    pub(super) notes: Vec<String>,
}

impl Answer {
    pub(super) fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            predicted: None,
            dry_run: false,
            ignored: Vec::new(),
            taken_over: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl Question<'_> {
    /// With a configuration that may be sent.
    pub(super) async fn ask(&self, mut sent: Value) -> Answer {
        if let Some(reason) = verdict::skip_reason(self.applier, Some(&sent), self.live) {
            return Answer { predicted: self.live.cloned(), ..Answer::of(Verdict::Skipped { reason }) };
        }
        if let Err(error) = normalise::prepare(&mut sent) {
            return Answer::of(Verdict::Blocked { reason: error.to_string() });
        }
        let outcome = self.client.apply(self.kind, self.object, &sent, self.applier).await;
        match (outcome, self.live) {
            (Ok(completed), None) => Answer {
                predicted: Some(completed),
                dry_run: true,
                ..Answer::of(self.decide(&verdict::Prediction::Created, &sent))
            },
            (Ok(completed), Some(live)) => self.compare(live, &sent, &completed),
            (Err(failure), live) => self.without_answer(&failure, live, &sent),
        }
    }

    /// With secret values as digests, on both sides: compared, never sent.
    pub(super) fn compare_digests(&self, live: Option<&Value>, desired: &Value) -> Answer {
        let Some(live) = live else {
            return Answer {
                predicted: Some(desired.clone()),
                ..Answer::of(self.decide(&verdict::Prediction::Created, desired))
            };
        };
        if let Some(reason) = verdict::skip_reason(self.applier, Some(desired), Some(live)) {
            return Answer { predicted: Some(live.clone()), ..Answer::of(Verdict::Skipped { reason }) };
        }
        let reason = "It holds secret values, which are compared by digest and never sent to the cluster.".to_owned();
        self.estimate(live, desired, reason)
    }

    fn decide(&self, prediction: &verdict::Prediction<'_>, sent: &Value) -> Verdict {
        let force = verdict::asks_for_force(self.applier, self.owner, sent);
        verdict::decide(self.applier, prediction, self.correction, force)
    }

    fn compare(&self, live: &Value, sent: &Value, completed: &Value) -> Answer {
        let takeover = takeover::predict(self.applier, live, sent, completed, &[]);
        let mut notes = vec![format!("A server-side-apply dry-run as {} completed desired.", self.applier.manager())];
        if !takeover.removed.is_empty() {
            notes.push(format!(
                "Flux takes over what {} wrote, so {} of its fields go; a plain dry-run would have kept them.",
                takeover.managers.join(", "),
                takeover.removed.len()
            ));
        }
        let ownership_only = takeover.changes_ownership();
        let asked = if self.applier == Applier::HelmRelease { sent } else { completed };
        let hits = self.rules.hits(asked);
        if self.applier == Applier::HelmRelease && ignore::excludes_object(&hits) {
            let reason = "an ignore rule excludes the whole object".to_owned();
            return Answer { predicted: Some(live.clone()), ..Answer::of(Verdict::Skipped { reason }) };
        }
        let (mut judged_live, mut judged) = (live.clone(), takeover.predicted.clone());
        normalise::deduplicate_metrics(&mut judged);
        let mut ignored = ignore::remove(&mut judged_live, &hits);
        ignored.extend(ignore::remove(&mut judged, &hits));
        ignored.sort();
        ignored.dedup();
        let differing = ignored.iter().filter(|path| path.get(live) != path.get(&takeover.predicted)).count();
        let prediction =
            verdict::Prediction::Applied { live: &judged_live, predicted: &judged, ignored: differing, ownership_only };
        Answer {
            predicted: Some(takeover.predicted),
            dry_run: true,
            ignored,
            taken_over: takeover.taken_over,
            notes,
            ..Answer::of(self.decide(&prediction, sent))
        }
    }

    fn without_answer(&self, failure: &Failure, live: Option<&Value>, sent: &Value) -> Answer {
        let message = failure.message().to_owned();
        match (failure, live) {
            (Failure::Conflict(_) | Failure::Refused { code: 422, .. }, _) => {
                let verdict = self.decide(&verdict::Prediction::Refused { conflict: true, message }, sent);
                Answer { predicted: Some(sent.clone()), ..Answer::of(verdict) }
            }
            (Failure::NotFound(_), None) => {
                Answer { predicted: Some(sent.clone()), ..Answer::of(Verdict::Pending { reason: message }) }
            }
            (Failure::Forbidden(_), None) => {
                Answer { predicted: Some(sent.clone()), ..Answer::of(self.decide(&verdict::Prediction::Created, sent)) }
            }
            (Failure::Forbidden(_), Some(live)) => {
                self.estimate(live, sent, format!("The cluster does not allow us a dry-run: {message}"))
            }
            (_, Some(live)) => self.estimate(live, sent, format!("The cluster gave no answer to a dry-run: {message}")),
            (_, None) => Answer { predicted: Some(sent.clone()), ..Answer::of(Verdict::unknown(message)) },
        }
    }

    fn estimate(&self, live: &Value, desired: &Value, reason: String) -> Answer {
        let hits = self.rules.hits(desired);
        let (mut judged_live, mut judged) = (live.clone(), desired.clone());
        let mut ignored = ignore::remove(&mut judged_live, &hits);
        ignored.extend(ignore::remove(&mut judged, &hits));
        let differs = verdict::estimate_differs(&judged, &judged_live);
        let prediction = verdict::Prediction::Estimated { differs, reason: reason.clone() };
        Answer {
            // What desired does not name stays as it is: that is all that an estimate can say.
            predicted: Some(if differs { overlay::overlay(live, desired) } else { live.clone() }),
            ignored,
            notes: vec![reason],
            ..Answer::of(self.decide(&prediction, desired))
        }
    }
}
