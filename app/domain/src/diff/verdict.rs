//! What Flux would decide about an object, by the rules of the controller that applies it.
//!
//! The verdict compares live with the predicted result of the next apply, never with the manifest, and ignores how
//! big or how meaningful a difference is: that is the class of a change ([`crate::diff::change`]).
//! Rules of kustomize-controller: `fluxcd/pkg/ssa`, `manager_diff.go`; of helm-controller: `ssa/jsondiff`.

mod compare;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::condition::{conditions, find};

pub use self::compare::{differs, estimate_differs, is_encrypted, secret_keys_differ};

/// The answer for one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Verdict {
    /// Nothing would change; `ignored` differences are covered by ignore rules.
    InSync {
        #[serde(default)]
        ignored: usize,
        /// Flux would write all the same, to take fields over from another manager.
        #[serde(default)]
        ownership_only: bool,
    },
    /// Something differs. `reason` says why it will not be corrected, and is empty where it will.
    Drifted { will_correct: bool, reason: String },
    /// Desired and not there. `reason` as above.
    Missing { will_create: bool, reason: String },
    /// There and no longer desired: the next apply deletes it.
    WillBePruned,
    /// There, no longer desired, and kept; `reason` says why.
    Orphan { reason: String },
    /// The controller leaves it alone.
    Skipped { reason: String },
    /// The controller would delete it and create it again.
    Recreate { reason: String },
    /// The API refuses what the controller would send.
    Blocked { reason: String },
    /// Cannot be judged before something else exists.
    Pending { reason: String },
    /// Encrypted in the source: only the names of the keys could be compared, and they are the same.
    Encrypted,
    /// No dry-run was possible: compared with what desired names, which cannot be certain.
    EstimateOnly { differs: bool, reason: String },
    /// Could not be looked at.
    Unknown { reason: String },
}

impl Verdict {
    /// In sync, nothing ignored.
    #[must_use]
    pub fn in_sync() -> Self {
        Self::InSync { ignored: 0, ownership_only: false }
    }

    #[must_use]
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown { reason: reason.into() }
    }

    /// Whether lists and bars count it as drift.
    #[must_use]
    pub fn is_drift(&self) -> bool {
        match self {
            Self::Drifted { .. } | Self::Missing { .. } | Self::WillBePruned | Self::Recreate { .. } => true,
            Self::EstimateOnly { differs, .. } => *differs,
            Self::Blocked { .. } => true,
            Self::InSync { .. }
            | Self::Orphan { .. }
            | Self::Skipped { .. }
            | Self::Pending { .. }
            | Self::Encrypted
            | Self::Unknown { .. } => false,
        }
    }

    /// 0 first in lists: what differs before what is uncertain before what is fine.
    #[must_use]
    pub fn severity(&self) -> usize {
        match self {
            Self::Blocked { .. } => 0,
            Self::Missing { .. } => 1,
            Self::Recreate { .. } => 2,
            Self::Drifted { .. } => 3,
            Self::WillBePruned => 4,
            Self::EstimateOnly { differs: true, .. } => 5,
            Self::Orphan { .. } => 6,
            Self::Pending { .. } => 7,
            Self::Unknown { .. } => 8,
            Self::EstimateOnly { .. } => 9,
            Self::Encrypted => 10,
            Self::Skipped { .. } => 11,
            Self::InSync { .. } => 12,
        }
    }

    /// The word of the JSON field `state`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::InSync { .. } => "in_sync",
            Self::Drifted { .. } => "drifted",
            Self::Missing { .. } => "missing",
            Self::WillBePruned => "will_be_pruned",
            Self::Orphan { .. } => "orphan",
            Self::Skipped { .. } => "skipped",
            Self::Recreate { .. } => "recreate",
            Self::Blocked { .. } => "blocked",
            Self::Pending { .. } => "pending",
            Self::Encrypted => "encrypted",
            Self::EstimateOnly { .. } => "estimate_only",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// For chips: `Drifted, will be corrected`.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::InSync { ignored: 0, ownership_only: false } => "In sync".to_owned(),
            Self::InSync { ignored: 0, ownership_only: true } => "In sync, ownership changes".to_owned(),
            Self::InSync { ignored, .. } => format!("In sync, {ignored} ignored"),
            Self::Drifted { will_correct: true, .. } => "Drifted, will be corrected".to_owned(),
            Self::Drifted { will_correct: false, .. } => "Drifted, not corrected".to_owned(),
            Self::Missing { will_create: true, .. } => "Missing, will be created".to_owned(),
            Self::Missing { will_create: false, .. } => "Missing, not created".to_owned(),
            Self::WillBePruned => "Will be pruned".to_owned(),
            Self::Orphan { .. } => "Orphan".to_owned(),
            Self::Skipped { .. } => "Skipped".to_owned(),
            Self::Recreate { .. } => "Will be recreated".to_owned(),
            Self::Blocked { .. } => "Blocked".to_owned(),
            Self::Pending { .. } => "Pending".to_owned(),
            Self::Encrypted => "Encrypted".to_owned(),
            Self::EstimateOnly { differs: true, .. } => "Differs (estimate)".to_owned(),
            Self::EstimateOnly { differs: false, .. } => "In sync (estimate)".to_owned(),
            Self::Unknown { .. } => "Unknown".to_owned(),
        }
    }

    /// Why, in words; empty where the label says it all.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Drifted { reason, .. }
            | Self::Missing { reason, .. }
            | Self::Orphan { reason }
            | Self::Skipped { reason }
            | Self::Recreate { reason }
            | Self::Blocked { reason }
            | Self::Pending { reason }
            | Self::EstimateOnly { reason, .. }
            | Self::Unknown { reason } => reason,
            Self::Encrypted => "Only the names of the keys can be compared",
            Self::InSync { .. } | Self::WillBePruned => "",
        }
    }
}

/// Whose rules count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Applier {
    Kustomization,
    HelmRelease,
}

impl Applier {
    /// The applier that objects of this kind are, if any.
    #[must_use]
    pub fn of_kind(kind: &str) -> Option<Self> {
        match kind {
            "Kustomization" => Some(Self::Kustomization),
            "HelmRelease" => Some(Self::HelmRelease),
            _ => None,
        }
    }

    /// The field manager that the controller applies with.
    #[must_use]
    pub fn manager(self) -> &'static str {
        match self {
            Self::Kustomization => "kustomize-controller",
            Self::HelmRelease => "helm-controller",
        }
    }
}

/// Whether the applier acts on a difference, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Correction {
    Yes,
    No(String),
}

impl Correction {
    /// What the applier object itself says: suspended, waiting, drift detection off.
    #[must_use]
    pub fn of(applier: Applier, object: &Value) -> Self {
        let no = |reason: &str| Self::No(reason.to_owned());
        if object["spec"]["suspend"] == true {
            return no("the applier is suspended");
        }
        let conditions = conditions(object);
        let ready = find(&conditions, "Ready");
        if ready.is_some_and(|ready| ready.is_false() && ready.reason == "DependencyNotReady") {
            return no("a dependency of the applier is not ready");
        }
        match applier {
            Applier::Kustomization => Self::Yes,
            Applier::HelmRelease => match object["spec"]["driftDetection"]["mode"].as_str() {
                Some("enabled") => Self::Yes,
                Some("warn") => no("drift detection only warns"),
                _ => no("drift detection is off"),
            },
        }
    }

    fn parts(&self) -> (bool, String) {
        match self {
            Self::Yes => (true, String::new()),
            Self::No(reason) => (false, reason.clone()),
        }
    }
}

/// What is known about the object after the next apply.
#[derive(Clone, Debug)]
pub enum Prediction<'a> {
    /// Result of the dry-run after takeover and ignore rules; compared with live after the same rules.
    Applied { live: &'a Value, predicted: &'a Value, ignored: usize, ownership_only: bool },
    /// There is no live object.
    Created,
    /// The API refused. `conflict`: as invalid or in conflict, which Flux takes for an immutable field.
    Refused { conflict: bool, message: String },
    /// No dry-run: `differs` where desired names a value that live has not.
    Estimated { differs: bool, reason: String },
    /// Encrypted in the source; `keys_differ` of the names of the keys.
    Encrypted { keys_differ: bool },
}

/// The verdict on an object that is desired. `force`: the object or its applier asks for recreation.
#[must_use]
pub fn decide(applier: Applier, prediction: &Prediction<'_>, correction: &Correction, force: bool) -> Verdict {
    let (will_correct, reason) = correction.parts();
    match prediction {
        Prediction::Created => Verdict::Missing { will_create: will_correct, reason },
        Prediction::Applied { live, predicted, ignored, ownership_only } => {
            if differs(applier, live, predicted) {
                Verdict::Drifted { will_correct, reason }
            } else {
                Verdict::InSync { ignored: *ignored, ownership_only: *ownership_only }
            }
        }
        Prediction::Refused { conflict: true, message } if force => Verdict::Recreate { reason: message.clone() },
        Prediction::Refused { message, .. } => Verdict::Blocked { reason: message.clone() },
        Prediction::Estimated { differs, reason } => {
            Verdict::EstimateOnly { differs: *differs, reason: reason.clone() }
        }
        Prediction::Encrypted { keys_differ: true } => Verdict::Drifted { will_correct, reason },
        Prediction::Encrypted { keys_differ: false } => Verdict::Encrypted,
    }
}

/// The verdict on an object that is in the inventory, there, and no longer desired.
#[must_use]
pub fn decide_undesired(applier: Applier, owner: &Value, live: &Value, correction: &Correction) -> Verdict {
    let orphan = |reason: &str| Verdict::Orphan { reason: reason.to_owned() };
    if applier == Applier::HelmRelease {
        let kept =
            annotation(live, "helm.sh/resource-policy").is_some_and(|policy| policy.eq_ignore_ascii_case("keep"));
        return if kept { orphan("its resource policy is keep") } else { Verdict::WillBePruned };
    }
    if owner["spec"]["prune"] != true {
        return orphan("pruning is off");
    }
    if metadata_says(live, KUSTOMIZE_PRUNE, "disabled") {
        return orphan("pruning is disabled on the object");
    }
    if metadata_says(live, KUSTOMIZE_RECONCILE, "disabled") || metadata_says(live, KUSTOMIZE_SSA, "Ignore") {
        return orphan("the object is excluded from reconciliation");
    }
    let owned = ["name", "namespace"].iter().all(|field| {
        live["metadata"]["labels"][format!("kustomize.toolkit.fluxcd.io/{field}")] == owner["metadata"][*field]
    });
    if !owned {
        return orphan("its owner labels name another Kustomization, or none");
    }
    match correction {
        Correction::Yes => Verdict::WillBePruned,
        Correction::No(reason) => orphan(reason),
    }
}

const KUSTOMIZE_RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";
const KUSTOMIZE_PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
const KUSTOMIZE_SSA: &str = "kustomize.toolkit.fluxcd.io/ssa";
const KUSTOMIZE_FORCE: &str = "kustomize.toolkit.fluxcd.io/force";
const HELM_DRIFT: &str = "helm.toolkit.fluxcd.io/driftDetection";

fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["annotations"][key].as_str()
}

/// Whether a label or an annotation of this name has this value, in any case. Flux looks at both alike.
pub(crate) fn metadata_says(object: &Value, key: &str, value: &str) -> bool {
    let metadata = &object["metadata"];
    ["labels", "annotations"]
        .iter()
        .any(|field| metadata[*field][key].as_str().is_some_and(|own| own.eq_ignore_ascii_case(value)))
}

/// Why the controller leaves the object alone; `None` if it does not.
#[must_use]
pub fn skip_reason(applier: Applier, desired: Option<&Value>, live: Option<&Value>) -> Option<String> {
    let either = |key: &str, value: &str| {
        [("source", desired), ("cluster", live)]
            .into_iter()
            .find(|(_, object)| object.is_some_and(|object| metadata_says(object, key, value)))
            .map(|(place, _)| format!("{key}: {value} in the {place}"))
    };
    match applier {
        Applier::HelmRelease => either(HELM_DRIFT, "disabled"),
        Applier::Kustomization => {
            either(KUSTOMIZE_RECONCILE, "disabled").or_else(|| either(KUSTOMIZE_SSA, "Ignore")).or_else(|| {
                let only_once = desired.is_some_and(|desired| metadata_says(desired, KUSTOMIZE_SSA, "IfNotPresent"));
                (only_once && live.is_some()).then(|| format!("{KUSTOMIZE_SSA}: IfNotPresent, and it is present"))
            })
        }
    }
}

/// Whether the object asks to be recreated where a field cannot be changed.
#[must_use]
pub fn asks_for_force(applier: Applier, owner: &Value, desired: &Value) -> bool {
    applier == Applier::Kustomization
        && (owner["spec"]["force"] == true || metadata_says(desired, KUSTOMIZE_FORCE, "enabled"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KUSTOMIZATION: Applier = Applier::Kustomization;
    const HELM: Applier = Applier::HelmRelease;

    #[test]
    fn correction_follows_the_applier_object() {
        let yes = Correction::Yes;
        assert_eq!(Correction::of(KUSTOMIZATION, &json!({})), yes);
        assert_ne!(Correction::of(KUSTOMIZATION, &json!({"spec": {"suspend": true}})), yes);
        assert_ne!(Correction::of(HELM, &json!({})), yes);
        assert_ne!(Correction::of(HELM, &json!({"spec": {"driftDetection": {"mode": "warn"}}})), yes);
        assert_eq!(Correction::of(HELM, &json!({"spec": {"driftDetection": {"mode": "enabled"}}})), yes);
        let waiting =
            json!({"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "DependencyNotReady"}]}});
        assert_ne!(Correction::of(KUSTOMIZATION, &waiting), yes);
    }

    #[test]
    fn a_prediction_becomes_the_verdict_flux_would_reach() {
        let live = json!({"spec": {"replicas": 5}});
        let predicted = json!({"spec": {"replicas": 2}});
        let applied = |predicted| Prediction::Applied { live: &live, predicted, ignored: 1, ownership_only: false };
        let off = Correction::No("off".to_owned());
        assert_eq!(
            decide(KUSTOMIZATION, &applied(&predicted), &Correction::Yes, false),
            Verdict::Drifted { will_correct: true, reason: String::new() }
        );
        assert_eq!(
            decide(KUSTOMIZATION, &applied(&predicted), &off, false),
            Verdict::Drifted { will_correct: false, reason: "off".to_owned() }
        );
        let ignored = decide(KUSTOMIZATION, &applied(&live), &Correction::Yes, false);
        assert_eq!(ignored.label(), "In sync, 1 ignored");
        let refused = Prediction::Refused { conflict: true, message: "immutable".to_owned() };
        assert_eq!(decide(KUSTOMIZATION, &refused, &off, false), Verdict::Blocked { reason: "immutable".to_owned() });
        assert_eq!(decide(KUSTOMIZATION, &refused, &off, true), Verdict::Recreate { reason: "immutable".to_owned() });
        assert_eq!(decide(HELM, &Prediction::Created, &off, false).label(), "Missing, not created");
    }

    #[test]
    fn skip_rules_hold_on_either_side_as_label_or_annotation_in_any_case() {
        let off = json!({"metadata": {"labels": {"helm.toolkit.fluxcd.io/driftDetection": "Disabled"}}});
        assert!(skip_reason(HELM, None, Some(&off)).is_some_and(|reason| reason.ends_with("in the cluster")));
        let ignore = json!({"metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/ssa": "ignore"}}});
        assert!(skip_reason(KUSTOMIZATION, Some(&ignore), None).is_some());
        assert!(skip_reason(HELM, Some(&ignore), None).is_none());
        let once = json!({"metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"}}});
        assert!(skip_reason(KUSTOMIZATION, Some(&once), None).is_none());
        assert!(skip_reason(KUSTOMIZATION, Some(&once), Some(&json!({}))).is_some());
        assert!(skip_reason(KUSTOMIZATION, Some(&json!({})), Some(&once)).is_none());
    }

    #[test]
    fn pruning_needs_the_owner_labels_and_the_switch() {
        let owner = json!({"metadata": {"name": "apps", "namespace": "flux-system"}, "spec": {"prune": true}});
        let mut live = json!({"metadata": {"labels": {
            "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
        }}});
        let decide = |owner: &Value, live: &Value| decide_undesired(KUSTOMIZATION, owner, live, &Correction::Yes);
        assert_eq!(decide(&owner, &live), Verdict::WillBePruned);
        assert!(matches!(decide(&json!({"spec": {"prune": false}}), &live), Verdict::Orphan { .. }));
        live["metadata"]["annotations"] = json!({"kustomize.toolkit.fluxcd.io/prune": "Disabled"});
        assert!(matches!(decide(&owner, &live), Verdict::Orphan { .. }));
        assert!(matches!(decide(&owner, &json!({})), Verdict::Orphan { .. }));
    }

    #[test]
    fn the_state_is_the_word() {
        let verdict = Verdict::Drifted { will_correct: true, reason: String::new() };
        assert_eq!(serde_json::to_value(&verdict).unwrap()["state"], verdict.word());
        assert!(verdict.is_drift() && !Verdict::in_sync().is_drift());
        assert!(verdict.severity() < Verdict::in_sync().severity());
    }
}
