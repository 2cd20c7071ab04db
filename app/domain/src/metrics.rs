//! The metrics of Flux objects: which families there are and what series one object has in each.
//!
//! Two pure steps. [`Series::of`] reads an object once, when it is seen, and keeps the labels as escaped text, small
//! enough to stay in memory with it; [`Family::write`] makes the lines of a scrape from that. Names and labels are those of
//! the Flux Operator (`flux_*_info`) and of the controllers before Flux 2.1 (`gotk_*`), each with a `cluster` in front,
//! so that dashboards and alert rules go on working; the labels of each kind are in [`labels`]. All of them are gauges,
//! whose text is the same in the Prometheus text format and in OpenMetrics. Nothing secret gets into a label: URLs lose
//! their user and query, the path of a Receiver is left out, texts are masked, and every value has a bounded length.

mod labels;

use std::fmt;

use serde_json::Value;

use crate::catalogue::{self, FluxKind, Role, Suspension};
use crate::object::ObjectRef;

/// What the series of one object say besides its reference.
#[derive(Clone, PartialEq, Eq)]
pub struct Series {
    kind: &'static FluxKind,
    /// `,name="value"` as often as needed, escaped.
    labels: Box<str>,
    /// One of the words that the status of a condition may be.
    ready: &'static str,
    suspended: bool,
    has_reconciler: bool,
}

impl fmt::Debug for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.labels)
    }
}

impl Series {
    /// Of an object as the watch delivers it, masked or not; `None` if its kind is none of Flux.
    #[must_use]
    pub fn of(object: &ObjectRef, json: &Value) -> Option<Self> {
        let kind = catalogue::by_group_kind(&object.group, &object.kind)?;
        let mut text = String::new();
        for (name, value) in labels::of(object, kind, json) {
            write_label(&mut text, ',', name, &value);
        }
        Some(Self {
            kind,
            labels: text.into(),
            ready: labels::ready(kind, json),
            suspended: kind.is_suspended(json),
            has_reconciler: !kind.is_static(json),
        })
    }
}

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

    /// Appends the lines of the object in this family, none where it has none.
    pub fn write(self, text: &mut String, object: &ObjectRef, series: &Series) {
        if !self.has(series) {
            return;
        }
        match self {
            Self::ReconcileCondition => {
                for status in CONDITION_STATUSES {
                    self.begin(text, object, "namespace");
                    text.push_str(",type=\"Ready\"");
                    write_label(text, ',', "status", status);
                    end(text, status == series.ready);
                }
            }
            Self::SuspendStatus => {
                self.begin(text, object, "namespace");
                end(text, series.suspended);
            }
            _ => {
                self.begin(text, object, "exported_namespace");
                text.push_str(&series.labels);
                end(text, true);
            }
        }
    }

    fn begin(self, text: &mut String, object: &ObjectRef, namespace: &str) {
        text.push_str(self.name());
        write_label(text, '{', "cluster", object.cluster.as_str());
        write_label(text, ',', "kind", &object.kind);
        write_label(text, ',', "name", &object.name);
        write_label(text, ',', namespace, object.namespace.as_deref().unwrap_or_default());
    }

    fn has(self, series: &Series) -> bool {
        let is_of_operator = series.kind.role == Role::Operator;
        match self {
            Self::InstanceInfo => series.kind.kind == "FluxInstance",
            Self::ResourceSetInfo => series.kind.kind == "ResourceSet",
            Self::InputProviderInfo => series.kind.kind == "ResourceSetInputProvider",
            Self::ResourceInfo => !is_of_operator,
            Self::ReconcileCondition => !is_of_operator && series.has_reconciler,
            Self::SuspendStatus => !is_of_operator && series.kind.suspension != Suspension::None,
        }
    }
}

fn end(text: &mut String, is_one: bool) {
    text.push_str(if is_one { "} 1\n" } else { "} 0\n" });
}

fn write_label(text: &mut String, before: char, name: &str, value: &str) {
    text.push(before);
    text.push_str(name);
    text.push_str("=\"");
    if value.contains(['\\', '"', '\n']) {
        for character in value.chars() {
            match character {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                other => text.push(other),
            }
        }
    } else {
        text.push_str(value);
    }
    text.push('"');
}

#[cfg(test)]
mod tests;
