//! What a cluster says it serves.

use std::collections::BTreeMap;

use kube::discovery::{Discovery, Scope, verbs};

use crate::target::Target;

/// Flux's kinds that both worlds have, with the version that is preferred.
const FLUX_KINDS: [(&str, &str, &str); 9] = [
    ("source.toolkit.fluxcd.io", "v1", "GitRepository"),
    ("source.toolkit.fluxcd.io", "v1", "OCIRepository"),
    ("source.toolkit.fluxcd.io", "v1", "Bucket"),
    ("source.toolkit.fluxcd.io", "v1", "HelmRepository"),
    ("source.toolkit.fluxcd.io", "v1", "HelmChart"),
    ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"),
    ("helm.toolkit.fluxcd.io", "v2", "HelmRelease"),
    ("notification.toolkit.fluxcd.io", "v1beta3", "Alert"),
    ("notification.toolkit.fluxcd.io", "v1beta3", "Provider"),
];

pub(crate) async fn flux_kinds_are_served_in_their_preferred_version(target: Target) {
    let discovery = Discovery::new(target.client.clone()).run_aggregated().await.unwrap();
    for (name, version, kind) in FLUX_KINDS {
        let group = discovery.groups().find(|group| group.name() == name).unwrap();
        let newest = if name.starts_with("notification") { "v1" } else { version };
        assert_eq!(group.preferred_version(), Some(newest), "{name}");
        let (resource, capabilities) = group
            .versioned_resources(version)
            .into_iter()
            .find(|(resource, _)| resource.kind == kind)
            .unwrap_or_else(|| panic!("{name} has no {kind}"));
        assert_eq!((resource.group.as_str(), resource.version.as_str()), (name, version));
        assert_eq!(capabilities.scope, Scope::Namespaced);
        for verb in [verbs::GET, verbs::LIST, verbs::WATCH, verbs::PATCH] {
            assert!(capabilities.supports_operation(verb), "{kind} cannot {verb}");
        }
    }
}

pub(crate) async fn plain_and_aggregated_discovery_agree_on_flux(target: Target) {
    let kinds = |discovery: Discovery| -> BTreeMap<String, String> {
        let flux = discovery.groups().filter(|group| group.name().ends_with(".fluxcd.io"));
        flux.flat_map(|group| group.resources_by_stability())
            .map(|(resource, _)| (format!("{}/{}", resource.group, resource.kind), resource.version))
            .collect()
    };
    let plain = kinds(Discovery::new(target.client.clone()).run().await.unwrap());
    let aggregated = kinds(Discovery::new(target.client.clone()).run_aggregated().await.unwrap());
    assert_eq!(plain, aggregated);
    assert_eq!(plain["kustomize.toolkit.fluxcd.io/Kustomization"], "v1");
}
