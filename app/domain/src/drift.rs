//! The answer to "what would Flux change here": desired and actual as masked text, and what is known about each
//! difference.
//!
//! Desired is what Flux would make of the object if it applied now; it stands on the left, in green. Actual is the live
//! object, on the right, in red. Change lists and patches lead from actual to desired.

use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::diff::change::Change;
use crate::diff::verdict::Verdict;
use crate::object::ObjectRef;
use crate::problem::Problem;

/// Where the desired side comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fidelity {
    /// Helm's own release Secret.
    Exact,
    /// A baseline captured when a revision had been applied successfully.
    Observed,
    /// The inventory alone: there or not there.
    Presence,
    /// There is no desired side.
    None,
}

/// Where desired came from, when, and how it was completed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provenance {
    pub fidelity: Fidelity,
    /// Revision of desired: Git or OCI revision, or chart version and release number.
    pub revision: Option<String>,
    /// Observed only: when the baseline was captured; milliseconds.
    pub since: Option<i64>,
    /// A server-side-apply dry-run completed desired; `false` = an estimate, and `notes` says why.
    pub dry_run: bool,
    /// How this was computed, one sentence each: tier, manager, takeover, rules that hit, normalisation.
    pub notes: Vec<String>,
}

/// The diff of one object. Both texts are canonical YAML, masked with the same tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectDiff {
    pub object: ObjectRef,
    pub verdict: Verdict,
    /// Empty where there is no such side; a problem then says why.
    pub desired: String,
    pub actual: String,
    /// Path of each line of `desired` (same length as its lines), for folds and anchors.
    pub desired_paths: Vec<String>,
    pub actual_paths: Vec<String>,
    pub changes: Vec<Change>,
    pub provenance: Provenance,
    pub problems: Vec<Problem>,
}

/// A managed object beside the open one: enough for the list on the left of the diff page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DiffEntry {
    pub object: ObjectRef,
    pub verdict: Verdict,
    /// Lines only on the desired side.
    pub added: usize,
    /// Lines only on the actual side.
    pub removed: usize,
}

/// `GET …/diff` and the diff page: the requested object, and for an applier what it manages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DiffReport {
    #[serde(flatten)]
    pub diff: ObjectDiff,
    pub conditions: Vec<Condition>,
    /// What the object manages, each compared, drifted ones first; empty for anything but an applier.
    pub objects: Vec<DiffEntry>,
    /// The applier that decides about the requested object, if any.
    pub owner: Option<ObjectRef>,
}
