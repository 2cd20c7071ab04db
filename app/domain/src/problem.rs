//! What went wrong beside what went right: the second half of every answer that is a collection.

use serde::{Deserialize, Serialize};

use crate::object::{ClusterId, ObjectRef};

/// Why a part of an answer is missing or uncertain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The cluster does not answer; what is shown is the last truth.
    Unreachable,
    /// The cluster or this product's own rules refuse it.
    Forbidden,
    /// The object, kind, container or side does not exist.
    NotFound,
    /// The answer is from memory or from the store, and may have changed since.
    Stale,
    /// Something could not be read: a manifest, a release, a selector.
    Invalid,
    /// A limit was reached; the rest is named, not hidden.
    Truncated,
    /// The call failed for another reason, which the message says.
    Failed,
}

/// One thing that an answer does not contain, and why. `message` is masked and fit for a screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    pub kind: ProblemKind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<ClusterId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<ObjectRef>,
    pub message: String,
    /// What to do about it, where we know.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_step: Option<String>,
}

impl Problem {
    #[must_use]
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, cluster: None, object: None, message: message.into(), next_step: None }
    }

    #[must_use]
    pub fn on_cluster(mut self, cluster: &ClusterId) -> Self {
        self.cluster = Some(cluster.clone());
        self
    }

    #[must_use]
    pub fn on_object(mut self, object: &ObjectRef) -> Self {
        self.cluster = Some(object.cluster.clone());
        self.object = Some(object.clone());
        self
    }

    #[must_use]
    pub fn with_next_step(mut self, next_step: impl Into<String>) -> Self {
        self.next_step = Some(next_step.into());
        self
    }
}

/// Items and what is missing from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing<T> {
    pub items: Vec<T>,
    #[serde(default)]
    pub problems: Vec<Problem>,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self { items: Vec::new(), problems: Vec::new() }
    }
}
