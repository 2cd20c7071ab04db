//! The table of resources that a simulated cluster serves: what discovery lists and what a path may name.
//!
//! Owns names, versions, scope and subresources. Flux kinds are those of Flux 2.9 and are served only by a cluster that
//! has Flux. Never holds objects.

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) short_names: &'static [&'static str],
    pub(crate) namespaced: bool,
    /// `status`, `scale`, `log`, `proxy`.
    pub(crate) subresources: &'static [&'static str],
    /// Comes with Flux's custom resource definitions.
    pub(crate) flux: bool,
    /// Comes with any custom resource definition: lists without a schema of their own are atomic.
    pub(crate) custom: bool,
}

impl Resource {
    /// `v1`, `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Whether a write to the object itself leaves its status alone.
    pub(crate) fn has_status(&self) -> bool {
        self.subresources.contains(&"status")
    }

    /// Whether a change of the specification counts `metadata.generation` up.
    pub(crate) fn counts_generations(&self) -> bool {
        !matches!(self.group, "" | "rbac.authorization.k8s.io")
    }

    /// `pods`, `pods.metrics.k8s.io`: the name that messages use.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// The verbs of an object, or of one of its subresources.
pub(crate) fn verbs(subresource: Option<&str>) -> &'static [&'static str] {
    match subresource {
        None => &VERBS,
        Some("log") => &["get"],
        Some("proxy") => &["create", "delete", "get", "patch", "update"],
        Some(_) => &["get", "patch", "update"],
    }
}

const fn built_in(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    short_names: &'static [&'static str],
    subresources: &'static [&'static str],
) -> Resource {
    Resource { group, version, kind, plural, short_names, namespaced: true, subresources, flux: false, custom: false }
}

const fn cluster_wide(resource: Resource) -> Resource {
    Resource { namespaced: false, ..resource }
}

const fn custom(resource: Resource) -> Resource {
    Resource { custom: true, ..resource }
}

const fn flux(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    short_names: &'static [&'static str],
) -> Resource {
    let row = built_in(group, version, kind, plural, short_names, STATUS);
    Resource { flux: true, custom: true, ..row }
}

const STATUS: &[&str] = &["status"];
const SCALED: &[&str] = &["status", "scale"];
const SOURCE: &str = "source.toolkit.fluxcd.io";
const NOTIFICATION: &str = "notification.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";
const RBAC: &str = "rbac.authorization.k8s.io";

/// All rows; an index into this table identifies a resource inside the crate.
pub(crate) static RESOURCES: &[Resource] = &[
    cluster_wide(built_in("", "v1", "Namespace", "namespaces", &["ns"], STATUS)),
    cluster_wide(built_in("", "v1", "Node", "nodes", &["no"], STATUS)),
    built_in("", "v1", "Pod", "pods", &["po"], &["status", "log"]),
    built_in("", "v1", "Service", "services", &["svc"], &["status", "proxy"]),
    built_in("", "v1", "ConfigMap", "configmaps", &["cm"], &[]),
    built_in("", "v1", "Secret", "secrets", &[], &[]),
    built_in("", "v1", "ServiceAccount", "serviceaccounts", &["sa"], &[]),
    built_in("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", &["pvc"], STATUS),
    built_in("", "v1", "Event", "events", &["ev"], &[]),
    built_in("apps", "v1", "Deployment", "deployments", &["deploy"], SCALED),
    built_in("apps", "v1", "ReplicaSet", "replicasets", &["rs"], SCALED),
    built_in("apps", "v1", "StatefulSet", "statefulsets", &["sts"], SCALED),
    built_in("apps", "v1", "DaemonSet", "daemonsets", &["ds"], STATUS),
    built_in("batch", "v1", "Job", "jobs", &[], STATUS),
    built_in("batch", "v1", "CronJob", "cronjobs", &["cj"], STATUS),
    built_in("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", &["hpa"], STATUS),
    built_in("networking.k8s.io", "v1", "Ingress", "ingresses", &["ing"], STATUS),
    built_in("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", &["netpol"], &[]),
    built_in("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", &["pdb"], STATUS),
    built_in(RBAC, "v1", "Role", "roles", &[], &[]),
    built_in(RBAC, "v1", "RoleBinding", "rolebindings", &[], &[]),
    cluster_wide(built_in(RBAC, "v1", "ClusterRole", "clusterroles", &[], &[])),
    cluster_wide(built_in(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", &[], &[])),
    cluster_wide(built_in(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        &["crd", "crds"],
        STATUS,
    )),
    custom(built_in("cert-manager.io", "v1", "Certificate", "certificates", &["cert"], STATUS)),
    custom(cluster_wide(built_in("cert-manager.io", "v1", "ClusterIssuer", "clusterissuers", &["ciss"], STATUS))),
    flux(SOURCE, "v1", "GitRepository", "gitrepositories", &["gitrepo"]),
    flux(SOURCE, "v1", "OCIRepository", "ocirepositories", &["ocirepo"]),
    flux(SOURCE, "v1", "Bucket", "buckets", &[]),
    flux(SOURCE, "v1", "HelmRepository", "helmrepositories", &["helmrepo"]),
    flux(SOURCE, "v1", "HelmChart", "helmcharts", &["hc"]),
    flux(SOURCE, "v1", "ExternalArtifact", "externalartifacts", &["ea"]),
    flux("source.extensions.fluxcd.io", "v1beta1", "ArtifactGenerator", "artifactgenerators", &["ag"]),
    flux("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations", &["ks"]),
    flux("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases", &["hr"]),
    flux(NOTIFICATION, "v1", "Receiver", "receivers", &[]),
    Resource { subresources: &[], ..flux(NOTIFICATION, "v1beta3", "Alert", "alerts", &[]) },
    Resource { subresources: &[], ..flux(NOTIFICATION, "v1beta3", "Provider", "providers", &[]) },
    flux(IMAGE, "v1", "ImageRepository", "imagerepositories", &["imgrepo"]),
    flux(IMAGE, "v1", "ImagePolicy", "imagepolicies", &["imgpol"]),
    flux(IMAGE, "v1", "ImageUpdateAutomation", "imageupdateautomations", &["iua", "imgauto"]),
];

/// The row that a path names.
pub(crate) fn find(group: &str, version: &str, plural: &str) -> Option<usize> {
    RESOURCES.iter().position(|row| row.group == group && row.version == version && row.plural == plural)
}

/// The row of a kind; kinds are unique in the table.
pub(crate) fn find_kind(kind: &str) -> Option<usize> {
    RESOURCES.iter().position(|row| row.kind == kind)
}

/// The row of an object by its `apiVersion` and `kind`.
pub(crate) fn find_object(object: &serde_json::Value) -> Option<usize> {
    let api_version = object["apiVersion"].as_str()?;
    let kind = object["kind"].as_str()?;
    RESOURCES.iter().position(|row| row.kind == kind && row.api_version() == api_version)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::RESOURCES;

    #[test]
    fn kinds_are_unique_and_fifteen_belong_to_flux() {
        let kinds: BTreeSet<_> = RESOURCES.iter().map(|row| row.kind).collect();
        assert_eq!(kinds.len(), RESOURCES.len());
        assert_eq!(RESOURCES.iter().filter(|row| row.flux).count(), 15);
    }
}
