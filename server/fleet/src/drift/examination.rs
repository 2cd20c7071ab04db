//! One applier and what it manages, examined object by object.
//!
//! An object that cannot be examined costs its own row and nothing else. Every object is asked about under the cluster's
//! permits, so that many viewers do not become many questions at once.

use std::sync::Arc;

use domain::condition::{Condition, conditions};
use domain::diff::ignore::IgnoreRules;
use domain::diff::mask::mask_text;
use domain::diff::text;
use domain::diff::verdict::{self, Applier, Correction, Verdict};
use domain::drift::{DiffEntry, Fidelity, ObjectDiff};
use domain::object::ObjectRef;
use domain::problem::{Problem, ProblemKind};
use futures::StreamExt;
use serde_json::Value;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::dry_run::DryRunClient;
use super::prediction::{Answer, Question};
use super::rendering::{Knowledge, render};
use crate::clusters::failure::Failure;
use crate::desired::{Configuration, Desired, baseline, provenance};
use crate::watch::kinds::{Kinds, ServedKind};

/// Objects of one applier that are in the hands of an examination at the same time.
const EXAMINED_AT_ONCE: usize = 6;

/// Where an examination looks.
pub(crate) struct Site {
    pub(crate) client: DryRunClient,
    pub(crate) kinds: Arc<Kinds>,
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) mask_key: Zeroizing<[u8; 32]>,
}

/// An applier with its rules, read once.
pub(crate) struct Examination<'a> {
    site: &'a Site,
    applier: Applier,
    owner: &'a Value,
    rules: IgnoreRules,
    correction: Correction,
}

impl<'a> Examination<'a> {
    pub(crate) fn new(site: &'a Site, applier: Applier, owner: &'a Value) -> Self {
        let rules = IgnoreRules::of(applier, owner);
        Self { site, applier, owner, rules, correction: Correction::of(applier, owner) }
    }

    /// All objects, those that differ first. Only counts are kept of each.
    pub(crate) async fn entries(&self, objects: Vec<(ObjectRef, Desired)>) -> Vec<DiffEntry> {
        let entries = futures::stream::iter(objects).map(async |(object, desired)| {
            let Examined { diff, .. } = self.diff(&object, desired).await;
            let lines = text::diff(&diff.desired, &diff.actual, None);
            DiffEntry { object, verdict: diff.verdict, added: lines.added, removed: lines.removed }
        });
        let mut entries: Vec<DiffEntry> = entries.buffer_unordered(EXAMINED_AT_ONCE).collect().await;
        entries.sort_by(|a, b| (a.verdict.severity(), &a.object).cmp(&(b.verdict.severity(), &b.object)));
        entries
    }

    /// One object.
    pub(crate) async fn diff(&self, object: &ObjectRef, desired: Desired) -> Examined {
        let Some(kind) = self.site.kinds.find(&object.group_kind()) else {
            let problem =
                Problem::new(ProblemKind::NotFound, format!("The cluster no longer serves {}.", object.group_kind()));
            return unexamined(object, desired, problem.on_object(object)).into();
        };
        let _permit = self.site.permits.acquire().await;
        match self.site.client.live(kind, object).await {
            Err(failure) => unexamined(object, desired, cannot_read(object, &failure)).into(),
            Ok(live) => Examined {
                diff: self.compare(kind, object, desired, live.as_ref()).await,
                conditions: masked_conditions(live.as_ref()),
            },
        }
    }

    async fn compare(
        &self,
        kind: &ServedKind,
        object: &ObjectRef,
        desired: Desired,
        live: Option<&Value>,
    ) -> ObjectDiff {
        let question = Question {
            client: &self.site.client,
            kind,
            object,
            applier: self.applier,
            owner: self.owner,
            rules: &self.rules,
            correction: &self.correction,
            live,
        };
        let Desired { configuration, mut provenance } = desired;
        let digested;
        let (answer, shown) = match configuration {
            Configuration::Whole(sent) => (question.ask(sent).await, live),
            Configuration::Digested(desired) => {
                digested = live.map(|live| baseline::digested(live, &*self.site.mask_key));
                (question.compare_digests(digested.as_ref(), &desired), digested.as_ref())
            }
            Configuration::Presence => (self.presence(live), live),
            Configuration::Absent => (self.undesired(live), live),
        };
        let rendered = render(
            answer.predicted.as_ref(),
            shown,
            &*self.site.mask_key,
            Knowledge { applier: Some(self.applier), ignored: &answer.ignored, taken_over: &answer.taken_over },
        );
        provenance.dry_run = answer.dry_run;
        provenance.notes.extend(answer.notes);
        provenance.notes.extend(self.rules.warnings.iter().cloned());
        ObjectDiff {
            object: object.clone(),
            problems: missing_sides(object, answer.predicted.is_some(), live.is_some(), &provenance.notes),
            verdict: answer.verdict,
            desired: rendered.desired.text,
            actual: rendered.actual.text,
            desired_paths: rendered.desired.paths,
            actual_paths: rendered.actual.paths,
            changes: rendered.changes,
            provenance,
        }
    }

    /// Only the inventory knows the object.
    fn presence(&self, live: Option<&Value>) -> Answer {
        let verdict = match live {
            None => verdict::decide(self.applier, &verdict::Prediction::Created, &self.correction, false),
            Some(_) => Verdict::unknown("It is there; what Flux would make of it is not known yet."),
        };
        Answer::of(verdict)
    }

    fn undesired(&self, live: Option<&Value>) -> Answer {
        Answer::of(match live {
            None => Verdict::in_sync(),
            Some(live) => verdict::decide_undesired(self.applier, self.owner, live, &self.correction),
        })
    }
}

/// The object alone, where no applier decides about it: its live side and why there is no other.
pub(crate) fn undirected(
    site: &Site,
    object: &ObjectRef,
    live: Result<Option<Value>, Failure>,
    note: &str,
) -> Examined {
    let desired = Desired { configuration: Configuration::Absent, provenance: provenance(Fidelity::None, note) };
    match live {
        Err(failure) => unexamined(object, desired, cannot_read(object, &failure)).into(),
        Ok(live) => {
            let rendered = render(None, live.as_ref(), &*site.mask_key, Knowledge::default());
            let diff = ObjectDiff {
                actual: rendered.actual.text,
                actual_paths: rendered.actual.paths,
                ..unexamined(object, desired, Problem::new(ProblemKind::NotFound, note).on_object(object))
            };
            Examined { diff, conditions: masked_conditions(live.as_ref()) }
        }
    }
}

/// An object's diff beside what the live object says of itself.
pub(crate) struct Examined {
    pub(crate) diff: ObjectDiff,
    pub(crate) conditions: Vec<Condition>,
}

impl From<ObjectDiff> for Examined {
    fn from(diff: ObjectDiff) -> Self {
        Self { diff, conditions: Vec::new() }
    }
}

fn masked_conditions(live: Option<&Value>) -> Vec<Condition> {
    let masked = |condition: Condition| Condition { message: mask_text(&condition.message), ..condition };
    live.map(conditions).unwrap_or_default().into_iter().map(masked).collect()
}

fn unexamined(object: &ObjectRef, desired: Desired, problem: Problem) -> ObjectDiff {
    ObjectDiff {
        object: object.clone(),
        verdict: Verdict::unknown(problem.message.clone()),
        desired: String::new(),
        actual: String::new(),
        desired_paths: Vec::new(),
        actual_paths: Vec::new(),
        changes: Vec::new(),
        provenance: desired.provenance,
        problems: vec![problem],
    }
}

fn cannot_read(object: &ObjectRef, failure: &Failure) -> Problem {
    failure.problem("The live object").on_object(object)
}

/// A side that is empty says why.
fn missing_sides(object: &ObjectRef, desired: bool, actual: bool, notes: &[String]) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !desired {
        let why = notes.first().map_or("There is no desired side.", String::as_str);
        problems.push(Problem::new(ProblemKind::NotFound, why).on_object(object));
    }
    if !actual {
        problems.push(Problem::new(ProblemKind::NotFound, "The cluster has no such object.").on_object(object));
    }
    problems
}
