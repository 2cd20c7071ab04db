//! Which kinds a cluster serves.
//!
//! Two requests where the cluster has aggregated discovery, one per group and version otherwise. A group that does not
//! answer costs only its own kinds. A missing group is normal: most clusters have no image automation.

use domain::problem::{Problem, ProblemKind};
use kube::core::ApiResource;
use kube::discovery::{ApiCapabilities, ApiGroup, Discovery, Scope};
use std::collections::BTreeMap;

use super::kinds::{Kinds, ServedKind};

/// All served kinds, and which groups could not be read.
///
/// # Errors
/// If the cluster does not list its groups at all.
pub async fn discover(client: &kube::Client) -> Result<(Kinds, Vec<Problem>), kube::Error> {
    match Discovery::new(client.clone()).run_aggregated().await {
        // Before Kubernetes 1.27 the answer may be the plain list of groups, which reads as an empty aggregated one.
        Ok(discovery) if discovery.groups().next().is_none() => group_by_group(client).await,
        Ok(discovery) => Ok((Kinds::new(discovery.groups().flat_map(kinds_of)), Vec::new())),
        Err(error) if is_transport(&error) => Err(error),
        Err(_) => group_by_group(client).await,
    }
}

/// Without an answer of the cluster; asking it otherwise would not help.
fn is_transport(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Service(_) | kube::Error::HyperError(_))
        || matches!(error, kube::Error::Api(status) if matches!(status.code, 401 | 403))
}

async fn group_by_group(client: &kube::Client) -> Result<(Kinds, Vec<Problem>), kube::Error> {
    let mut names: Vec<String> = client.list_api_groups().await?.groups.into_iter().map(|group| group.name).collect();
    names.push(ApiGroup::CORE_GROUP.to_owned());
    let mut served = Vec::new();
    let mut problems = Vec::new();
    for name in names {
        match kube::discovery::group(client, &name).await {
            Ok(group) => served.extend(kinds_of(&group)),
            Err(error) if is_transport(&error) => return Err(error),
            Err(_) => problems.push(Problem::new(
                ProblemKind::Failed,
                format!("the API group {name} does not answer; its kinds are missing"),
            )),
        }
    }
    Ok((Kinds::new(served), problems))
}

/// Each kind of the group once: in the group's preferred version where that has the kind, else in its most stable one.
/// Flux's notification group prefers a version that lacks half of its kinds.
fn kinds_of(group: &ApiGroup) -> Vec<ServedKind> {
    let mut by_kind: BTreeMap<String, (ApiResource, ApiCapabilities)> = BTreeMap::new();
    for (resource, capabilities) in group.resources_by_stability().into_iter().chain(group.recommended_resources()) {
        by_kind.insert(resource.kind.clone(), (resource, capabilities));
    }
    by_kind
        .into_values()
        .map(|(resource, capabilities)| ServedKind {
            resource,
            namespaced: capabilities.scope == Scope::Namespaced,
            verbs: capabilities.operations,
        })
        .collect()
}
