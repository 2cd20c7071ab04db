//! What somebody can ask of a Flux object, and how that request ends.

use serde::{Deserialize, Serialize};

use crate::health::Health;

/// Options of a reconcile; all false is the plain one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReconcileOptions {
    /// Reconcile the source first, and wait for it.
    #[serde(default)]
    pub with_source: bool,
    /// HelmRelease only: one install or upgrade even without a change.
    #[serde(default)]
    pub force: bool,
    /// HelmRelease only: reset the failure counters.
    #[serde(default)]
    pub reset: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Action {
    Reconcile(ReconcileOptions),
    Suspend,
    Resume,
}

impl Action {
    /// The word for audit rows and buttons.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Reconcile(ReconcileOptions { force: true, .. }) => "reconcile with force",
            Self::Reconcile(ReconcileOptions { reset: true, .. }) => "reset and reconcile",
            Self::Reconcile(ReconcileOptions { with_source: true, .. }) => "reconcile with source",
            Self::Reconcile(_) => "reconcile",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
        }
    }
}

/// How far a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActionStage {
    /// The cluster has accepted our patch; the controller has not answered within the time we wait.
    Requested,
    /// The controller has seen it and works on it still.
    Handled,
    /// The controller has finished and the object is ready (or suspended, if that was asked).
    Done,
    /// The controller has finished and the object is not ready; the message says why.
    Failed,
}

/// The end of an action as the page shows it where the click was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionOutcome {
    pub stage: ActionStage,
    pub health: Health,
    /// The Ready message, masked, or what we wait for.
    pub message: String,
    /// What the person should know besides: a parent that will revert it, a suspended source.
    #[serde(default)]
    pub warnings: Vec<String>,
}
