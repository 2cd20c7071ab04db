//! Flux objects by the thousand, for scale: kinds in the shares that a platform has, most of them ready, cheap to make.
//!
//! An object is a function of its place in the cluster and of the seed; places repeat with every tenant. Names follow
//! from the place alone, so that whoever changes objects later needs no list of them.

pub(crate) mod kinds;

use serde_json::{Value, json};

use crate::cluster::{self, Cluster};
use crate::random::Random;
use crate::spec::ObjectsSpec;
use crate::world::director::Subject;

/// Objects of one tenant; each has a namespace of its own.
const TENANT: usize = 25;
/// About a mebibyte of inventory, close to what etcd takes.
const LARGE_INVENTORY: usize = 17_000;

/// What stands where in a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    GitRepository,
    HelmRepository,
    OciRepository,
    Kustomization(usize),
    ImageRepository,
    ImagePolicy,
    Provider,
    Alert,
    /// The chart of the release of this number.
    HelmChart(usize),
    HelmRelease(usize),
}

/// Two in five are Kustomizations, one in four HelmReleases, the rest what they need.
fn place(index: usize) -> Place {
    let notifies = (index / TENANT).is_multiple_of(8);
    match index % TENANT {
        0 => Place::GitRepository,
        1 => Place::HelmRepository,
        2 => Place::OciRepository,
        number @ 3..=11 => Place::Kustomization(number),
        12 if notifies => Place::Provider,
        13 if notifies => Place::Alert,
        12 => Place::ImageRepository,
        13 => Place::ImagePolicy,
        number @ 14..=18 => Place::HelmChart(number + 6),
        number => Place::HelmRelease(number),
    }
}

/// The release that takes its chart from the tenant's OCIRepository, and so has no HelmChart.
const OCI_RELEASE: usize = 19;

fn tenant(index: usize) -> String {
    format!("tenant-{:03}", index / TENANT)
}

/// The applier at a place; none when a source or something else stands there.
pub(crate) fn applier(index: usize) -> Option<Subject> {
    match place(index) {
        Place::Kustomization(number) => {
            Some(Subject::new("Kustomization", &tenant(index), &kinds::kustomization_name(number)))
        }
        Place::HelmRelease(number) => Some(Subject::new("HelmRelease", &tenant(index), &kinds::release_name(number))),
        _ => None,
    }
}

/// Fills a cluster with `count` Flux objects, the first `large` Kustomizations of them with the longest inventory that
/// an object has room for.
pub(crate) fn fill(cluster: &Cluster, count: usize, large: usize) {
    let mut random = Random::new(cluster.spec().seed, &format!("{}/generated", cluster.name()));
    let time = cluster::seconds(cluster.now());
    let mut large = large;
    for index in 0..count {
        let namespace = tenant(index);
        if index % TENANT == 0 {
            cluster.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
        }
        let mut maker = kinds::Maker { namespace: &namespace, time: &time, random: &mut random };
        let mut object = match place(index) {
            Place::GitRepository => maker.git_repository(),
            Place::HelmRepository => maker.helm_repository(),
            Place::OciRepository => maker.oci_repository(),
            Place::Kustomization(number) => {
                let inventory = if large > 0 { LARGE_INVENTORY } else { 3 + number };
                large = large.saturating_sub(1);
                maker.kustomization(number, inventory)
            }
            Place::ImageRepository => maker.image_repository(),
            Place::ImagePolicy => maker.image_policy(),
            Place::Provider => maker.provider(),
            Place::Alert => maker.alert(),
            Place::HelmChart(number) => maker.helm_chart(number),
            Place::HelmRelease(number) => maker.helm_release(number, number == OCI_RELEASE),
        };
        object["metadata"]["generation"] = json!(1);
        object["metadata"]["labels"] = json!({
            "kustomize.toolkit.fluxcd.io/name": "tenants", "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
            "acme.dev/team": format!("team-{}", index / TENANT % 12),
        });
        // An empty list: ownership of these objects is of no interest, and costs most of the time.
        object["metadata"]["managedFields"] = json!([]);
        cluster.apply(object);
    }
}

/// How many objects of this kind a cluster was filled with; none for one that was not.
pub(crate) fn count(cluster: &Cluster) -> usize {
    match cluster.spec().objects {
        ObjectsSpec::Generated { count, .. } => count,
        ObjectsSpec::Demo | ObjectsSpec::Empty => 0,
    }
}

/// Conditions of an applier: one in forty fails, a few are stalled, under way or suspended.
fn conditions(random: &mut Random, ready: [&str; 2], failure: [&str; 2], time: &str) -> (Value, bool) {
    let condition = |kind: &str, status: &str, [reason, message]: [&str; 2]| {
        json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": time,
            "observedGeneration": 1})
    };
    let progress = ["Progressing", "Reconciliation in progress"];
    match random.below(200) {
        0..=4 => (json!([condition("Ready", "False", failure)]), false),
        5 => (json!([condition("Stalled", "True", failure), condition("Ready", "False", failure)]), false),
        6..=8 => (json!([condition("Reconciling", "True", progress), condition("Ready", "Unknown", progress)]), false),
        9..=12 => (json!([condition("Ready", "True", ready)]), true),
        _ => (json!([condition("Ready", "True", ready)]), false),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Place, TENANT, applier, place};

    #[test]
    fn two_in_five_are_kustomizations_and_one_in_four_a_release() {
        let mut shares = BTreeMap::new();
        for index in 0..1_000 {
            let kind = match place(index) {
                Place::Kustomization(_) => "Kustomization",
                Place::HelmRelease(_) => "HelmRelease",
                Place::HelmChart(_) => "HelmChart",
                _ => "other",
            };
            *shares.entry(kind).or_insert(0) += 1;
        }
        assert_eq!(
            shares,
            BTreeMap::from([("HelmChart", 200), ("HelmRelease", 240), ("Kustomization", 360), ("other", 200)])
        );
    }

    #[test]
    fn every_applier_has_a_name_of_its_own() {
        let names: Vec<_> = (0..4 * TENANT).filter_map(applier).collect();
        let mut different = names.clone();
        different.sort();
        different.dedup();
        assert_eq!((names.len(), different.len()), (60, 60));
    }
}
