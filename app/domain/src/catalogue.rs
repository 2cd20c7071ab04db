//! The one table of kinds that Flux and the Flux Operator define.
//!
//! Whoever needs to know a plural, the versions to fall back on, how a kind is suspended or whether it can be
//! reconciled asks here; nobody else spells a Flux group. Served versions come from each cluster's discovery: the
//! table's versions, newest first, are for clusters that do not say.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::object::GroupKind;

/// What a kind is for; groups lists, menus and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Brings manifests, charts or files into the cluster.
    Source,
    /// Applies what a source brought, and keeps an inventory.
    Applier,
    /// Tells the outside, or listens to it.
    Notification,
    /// Scans image registries and writes tags back to Git.
    Image,
    /// Installs Flux itself, or generates Flux objects.
    Operator,
}

/// How an object of a kind is told to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspension {
    /// `spec.suspend: true`.
    SpecField,
    /// This annotation with the value `disabled`.
    Annotation(&'static str),
    /// Not possible: somebody else writes these objects.
    None,
}

/// A kind of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FluxKind {
    pub group: &'static str,
    pub kind: &'static str,
    /// Lower-case plural, as in API paths.
    pub plural: &'static str,
    /// The word that the `flux` and `kubectl` command lines take.
    pub short: &'static str,
    /// Versions to try, newest first.
    pub versions: &'static [&'static str],
    pub role: Role,
    /// `false`: objects of this kind have no status since Flux 2.2; they are ready when they exist.
    pub has_status: bool,
    pub suspension: Suspension,
    /// The annotation `reconcile.fluxcd.io/requestedAt` triggers a run. See also [`FluxKind::is_reconcilable`].
    pub reconcilable: bool,
}

/// Annotation with which the Flux Operator's kinds are suspended.
pub const OPERATOR_RECONCILE: &str = "fluxcd.controlplane.io/reconcile";
/// Annotation with which an ArtifactGenerator is suspended.
pub const GENERATOR_RECONCILE: &str = "source.extensions.fluxcd.io/reconcile";
/// Its change asks a controller for a run.
pub const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";
/// Equal to [`REQUESTED_AT`]: one install or upgrade even without a change.
pub const FORCE_AT: &str = "reconcile.fluxcd.io/forceAt";
/// Equal to [`REQUESTED_AT`]: reset the failure counters of a HelmRelease.
pub const RESET_AT: &str = "reconcile.fluxcd.io/resetAt";

const SOURCE: &str = "source.toolkit.fluxcd.io";
const SOURCE_EXTENSIONS: &str = "source.extensions.fluxcd.io";
const NOTIFICATION: &str = "notification.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";
const OPERATOR: &str = "fluxcd.controlplane.io";

/// Kustomizations are here; also the group of the labels that name an owning Kustomization.
pub const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
/// HelmReleases are here; also the group of the labels that name an owning HelmRelease.
pub const HELM: &str = "helm.toolkit.fluxcd.io";

/// The usual kind: has a status, is suspended by `spec.suspend` and reconciled by annotation.
const fn usual(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static str,
    versions: &'static [&'static str],
    role: Role,
) -> FluxKind {
    FluxKind {
        group,
        kind,
        plural,
        short,
        versions,
        role,
        has_status: true,
        suspension: Suspension::SpecField,
        reconcilable: true,
    }
}

const fn fixed(kind: FluxKind) -> FluxKind {
    FluxKind { has_status: false, reconcilable: false, ..kind }
}

const fn suspended_by(kind: FluxKind, suspension: Suspension) -> FluxKind {
    FluxKind { suspension, ..kind }
}

const fn operator(kind: &'static str, plural: &'static str, short: &'static str) -> FluxKind {
    suspended_by(
        usual(OPERATOR, kind, plural, short, &["v1"], Role::Operator),
        Suspension::Annotation(OPERATOR_RECONCILE),
    )
}

const V1_FROM_BETA: &[&str] = &["v1", "v1beta2"];

/// Every kind, appliers first, in the order that menus show.
pub static KINDS: [FluxKind; 19] = [
    usual(KUSTOMIZE, "Kustomization", "kustomizations", "ks", &["v1"], Role::Applier),
    usual(HELM, "HelmRelease", "helmreleases", "hr", &["v2", "v2beta2", "v2beta1"], Role::Applier),
    usual(SOURCE, "GitRepository", "gitrepositories", "gitrepo", &["v1"], Role::Source),
    usual(SOURCE, "OCIRepository", "ocirepositories", "ocirepo", V1_FROM_BETA, Role::Source),
    usual(SOURCE, "Bucket", "buckets", "bucket", V1_FROM_BETA, Role::Source),
    usual(SOURCE, "HelmRepository", "helmrepositories", "helmrepo", V1_FROM_BETA, Role::Source),
    usual(SOURCE, "HelmChart", "helmcharts", "hc", V1_FROM_BETA, Role::Source),
    FluxKind {
        suspension: Suspension::None,
        reconcilable: false,
        ..usual(SOURCE, "ExternalArtifact", "externalartifacts", "ea", &["v1"], Role::Source)
    },
    suspended_by(
        usual(SOURCE_EXTENSIONS, "ArtifactGenerator", "artifactgenerators", "ag", &["v1beta1"], Role::Source),
        Suspension::Annotation(GENERATOR_RECONCILE),
    ),
    usual(NOTIFICATION, "Receiver", "receivers", "receiver", V1_FROM_BETA, Role::Notification),
    fixed(usual(NOTIFICATION, "Alert", "alerts", "alert", &["v1beta3", "v1beta2"], Role::Notification)),
    fixed(usual(NOTIFICATION, "Provider", "providers", "provider", &["v1beta3", "v1beta2"], Role::Notification)),
    usual(IMAGE, "ImageRepository", "imagerepositories", "imgrepo", V1_FROM_BETA, Role::Image),
    usual(IMAGE, "ImagePolicy", "imagepolicies", "imgpol", V1_FROM_BETA, Role::Image),
    usual(IMAGE, "ImageUpdateAutomation", "imageupdateautomations", "iua", &["v1", "v1beta2", "v1beta1"], Role::Image),
    operator("FluxInstance", "fluxinstances", "fluxinstance"),
    operator("FluxReport", "fluxreports", "fluxreport"),
    operator("ResourceSet", "resourcesets", "rset"),
    operator("ResourceSetInputProvider", "resourcesetinputproviders", "rsip"),
];

/// The kind of this exact group and name.
#[must_use]
pub fn by_group_kind(group: &str, kind: &str) -> Option<&'static FluxKind> {
    KINDS.iter().find(|own| own.group == group && own.kind == kind)
}

/// The kind with this name. No two Flux kinds share one.
#[must_use]
pub fn by_kind(kind: &str) -> Option<&'static FluxKind> {
    KINDS.iter().find(|own| own.kind == kind)
}

/// The kind that somebody means: its name, plural or short name, in any case.
#[must_use]
pub fn by_word(word: &str) -> Option<&'static FluxKind> {
    KINDS.iter().find(|own| [own.kind, own.plural, own.short].iter().any(|name| name.eq_ignore_ascii_case(word)))
}

/// The kind of this plural, as API paths have it.
#[must_use]
pub fn by_plural(plural: &str) -> Option<&'static FluxKind> {
    KINDS.iter().find(|own| own.plural == plural)
}

impl FluxKind {
    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(self.group, self.kind)
    }

    /// The version to use where discovery does not say.
    #[must_use]
    pub fn preferred_version(&self) -> &'static str {
        self.versions[0]
    }

    /// The object has no reconciler: it is ready as soon as it exists (Alert, Provider, HelmRepository of type `oci`).
    /// Before Flux 2.2 and 2.3 these had one, which shows in conditions.
    #[must_use]
    pub fn is_static(&self, object: &Value) -> bool {
        let without_reconciler = !self.has_status || (self.kind == "HelmRepository" && object["spec"]["type"] == "oci");
        without_reconciler && object["status"]["conditions"].as_array().is_none_or(Vec::is_empty)
    }

    /// Whether a controller answers to a requested run of this object.
    #[must_use]
    pub fn is_reconcilable(&self, object: &Value) -> bool {
        self.reconcilable && !self.is_static(object)
    }

    /// Whether the object has been told to rest.
    #[must_use]
    pub fn is_suspended(&self, object: &Value) -> bool {
        match self.suspension {
            Suspension::SpecField => object["spec"]["suspend"] == true,
            Suspension::Annotation(key) => object["metadata"]["annotations"][key]
                .as_str()
                .is_some_and(|value| value.eq_ignore_ascii_case("disabled")),
            Suspension::None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn names_plurals_and_short_names_are_unique() {
        for name in [|own: &FluxKind| own.kind, |own: &FluxKind| own.plural, |own: &FluxKind| own.short] {
            let names: BTreeSet<&str> = KINDS.iter().map(name).collect();
            assert_eq!(names.len(), KINDS.len());
        }
    }

    #[test]
    fn a_kind_is_found_by_whatever_people_call_it() {
        for word in ["Kustomization", "kustomizations", "ks", "KS"] {
            assert_eq!(by_word(word).map(|own| own.kind), Some("Kustomization"));
        }
        assert_eq!(by_plural("helmreleases").map(|own| own.preferred_version()), Some("v2"));
        assert_eq!(by_group_kind("apps", "Kustomization"), None);
        assert!(by_kind("Deployment").is_none());
    }

    #[test]
    fn oci_helm_repositories_have_no_reconciler() {
        let kind = by_kind("HelmRepository").unwrap();
        assert!(!kind.is_reconcilable(&json!({"spec": {"type": "oci"}})));
        assert!(kind.is_reconcilable(&json!({"spec": {"type": "default"}})));
        assert!(kind.is_reconcilable(&json!({})));
    }

    #[test]
    fn each_kind_is_suspended_in_its_own_way() {
        let annotated = json!({"metadata": {"annotations": {OPERATOR_RECONCILE: "disabled"}}});
        assert!(by_kind("ResourceSet").unwrap().is_suspended(&annotated));
        assert!(!by_kind("Kustomization").unwrap().is_suspended(&annotated));
        assert!(by_kind("Kustomization").unwrap().is_suspended(&json!({"spec": {"suspend": true}})));
        assert!(!by_kind("ExternalArtifact").unwrap().is_suspended(&json!({"spec": {"suspend": true}})));
    }
}
