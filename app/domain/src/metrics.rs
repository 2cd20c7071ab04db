//! The metrics of Flux objects: which families there are and what series one object has in each.
//!
//! A pure function of one object, as the watch delivers it. Names and labels are those of the Flux Operator
//! (`flux_*_info`) and of the controllers before Flux 2.1 (`gotk_*`), each with a `cluster` in front, so that dashboards
//! and alert rules go on working; the labels of each kind are in [`labels`]. Nothing secret gets into a label: URLs lose
//! their user and query, the path of a Receiver is left out, texts are masked, and every value has a bounded length.

mod labels;

use std::borrow::Cow;

use serde_json::Value;

use crate::catalogue::{self, FluxKind, Role, Suspension};
use crate::object::ObjectRef;

/// A label's name and its value, neither escaped nor quoted.
pub type Label<'a> = (&'static str, Cow<'a, str>);

/// A family of series, all of them gauges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// `flux_instance_info`, of each FluxInstance.
    InstanceInfo,
    /// `flux_resourceset_info`, of each ResourceSet.
    ResourceSetInfo,
    /// `flux_resourcesetinputprovider_info`, of each ResourceSetInputProvider.
    InputProviderInfo,
    /// `flux_resource_info`, of each object of a Flux controller.
    ResourceInfo,
    /// `gotk_reconcile_condition`: four series an object, one for each status that `Ready` may have.
    ReconcileCondition,
    /// `gotk_suspend_status`.
    SuspendStatus,
}

/// What may stand in the `status` label of `gotk_reconcile_condition`. Rules in the field add the series of `Deleted` to
/// the others, so that it has to be there; an object that is gone has no series at all, so that it is never 1.
const CONDITION_STATUSES: [&str; 4] = ["True", "False", "Unknown", "Deleted"];

impl Family {
    pub const ALL: [Self; 6] = [
        Self::InstanceInfo,
        Self::ResourceSetInfo,
        Self::InputProviderInfo,
        Self::ResourceInfo,
        Self::ReconcileCondition,
        Self::SuspendStatus,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InstanceInfo => "flux_instance_info",
            Self::ResourceSetInfo => "flux_resourceset_info",
            Self::InputProviderInfo => "flux_resourcesetinputprovider_info",
            Self::ResourceInfo => "flux_resource_info",
            Self::ReconcileCondition => "gotk_reconcile_condition",
            Self::SuspendStatus => "gotk_suspend_status",
        }
    }

    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::InstanceInfo => "The current status of a Flux instance.",
            Self::ResourceSetInfo => "The current status of a ResourceSet.",
            Self::InputProviderInfo => "The current status of a ResourceSetInputProvider.",
            Self::ResourceInfo => "The current status of a Flux resource.",
            Self::ReconcileCondition => "The current condition status of a Flux resource, as before Flux 2.1.",
            Self::SuspendStatus => "Whether a Flux resource is suspended (1) or not (0), as before Flux 2.1.",
        }
    }

    /// Whether it has the shape of the controllers before Flux 2.1.
    #[must_use]
    pub fn is_legacy(self) -> bool {
        matches!(self, Self::ReconcileCondition | Self::SuspendStatus)
    }

    /// Calls `emit` with the labels and the value of each series that the object has in this family. `json` may be
    /// masked or not.
    pub fn series(self, object: &ObjectRef, json: &Value, mut emit: impl FnMut(&[Label<'_>], u8)) {
        let Some(kind) = catalogue::by_group_kind(&object.group, &object.kind) else { return };
        if !self.has(kind, json) {
            return;
        }
        match self {
            Self::ReconcileCondition => {
                let mut labels = labels::legacy(object, kind);
                labels.extend([("type", "Ready".into()), ("status", "".into())]);
                let ready = labels::ready(kind, json);
                for status in CONDITION_STATUSES {
                    if let Some(last) = labels.last_mut() {
                        last.1 = status.into();
                    }
                    emit(&labels, u8::from(status == ready));
                }
            }
            Self::SuspendStatus => emit(&labels::legacy(object, kind), u8::from(kind.is_suspended(json))),
            _ => emit(&labels::info(object, kind, json), 1),
        }
    }

    fn has(self, kind: &FluxKind, json: &Value) -> bool {
        match self {
            Self::InstanceInfo => kind.kind == "FluxInstance",
            Self::ResourceSetInfo => kind.kind == "ResourceSet",
            Self::InputProviderInfo => kind.kind == "ResourceSetInputProvider",
            Self::ResourceInfo => kind.role != Role::Operator,
            Self::ReconcileCondition => kind.role != Role::Operator && !kind.is_static(json),
            Self::SuspendStatus => kind.role != Role::Operator && kind.suspension != Suspension::None,
        }
    }
}

#[cfg(test)]
mod tests;
