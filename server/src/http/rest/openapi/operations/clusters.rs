//! The fleet as a whole, and the registered clusters.

use domain::cluster::{ClusterDetail, ClusterView, ProbeStep, RegisterCluster, SyncOutcome, UpdateCluster};
use domain::error::ErrorCode;
use domain::resource::FleetView;

use super::super::operation::{Operation, array, listing, reference};
use super::{CLUSTERS, FLEET};
use crate::http::rest::clusters::OnboardingManifest;

pub fn fleet() -> Operation {
    Operation::new(FLEET, "getFleet", "The fleet at a glance")
        .description("Clusters, counts by status, what needs somebody and what changed last.")
        .answer(200, "The fleet as the caller sees it", reference::<FleetView>)
        .tagged()
}

pub fn list_clusters() -> Operation {
    Operation::new(CLUSTERS, "listClusters", "All clusters that the caller sees anything of")
        .answer(200, "The clusters, by id", listing::<ClusterView>)
        .tagged()
}

pub fn register_cluster() -> Operation {
    Operation::new(CLUSTERS, "registerCluster", "Register a cluster")
        .description(
            "Reads the kubeconfig, connects, looks at version, Flux and permissions, and keeps it encrypted. A cluster \
             that cannot be used is refused with the steps of the probe in `details.steps`.",
        )
        .body(reference::<RegisterCluster>)
        .answer(201, "The cluster", reference::<ClusterView>)
        .refuses(&[ErrorCode::Conflict, ErrorCode::Refused])
}

pub fn probe_cluster() -> Operation {
    Operation::new(CLUSTERS, "probeCluster", "Try a kubeconfig out, without saving anything")
        .body(reference::<RegisterCluster>)
        .answer(200, "The steps, in order", array::<ProbeStep>)
}

pub fn get_cluster() -> Operation {
    Operation::new(CLUSTERS, "getCluster", "One cluster with its Flux components")
        .answer(200, "The cluster", reference::<ClusterDetail>)
        .tagged()
}

pub fn update_cluster() -> Operation {
    Operation::new(CLUSTERS, "updateCluster", "Change name, description or kubeconfig")
        .description("An absent field stays as it is. The id never changes.")
        .body(reference::<UpdateCluster>)
        .answer(200, "The cluster", reference::<ClusterView>)
        .refuses(&[ErrorCode::Conflict, ErrorCode::Refused])
}

pub fn delete_cluster() -> Operation {
    Operation::new(CLUSTERS, "deleteCluster", "Forget a cluster and everything stored of it")
        .description("Nothing on the cluster itself is touched.")
        .answer_as(204, "It is forgotten", Vec::new())
        .refuses(&[ErrorCode::Conflict])
}

pub fn sync_cluster() -> Operation {
    Operation::new(CLUSTERS, "syncCluster", "Discover and list everything anew")
        .description("Answers when the full resync has ended.")
        .answer(200, "What was found", reference::<SyncOutcome>)
        .asks_cluster()
}

pub fn list_onboarding() -> Operation {
    Operation::new(CLUSTERS, "listOnboarding", "Manifests that make a cluster ready")
        .description("A service account with growing rights; each manifest needs the ones before it.")
        .answer(200, "YAML for kubectl apply", listing::<OnboardingManifest>)
        .tagged()
}
