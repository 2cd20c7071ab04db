//! Where Flux is on a cluster, in which version, and how its controllers are.

use domain::cluster::FluxComponent;
use domain::object::{GroupKind, ObjectRef};
use kube::Api;
use kube::api::ListParams;
use serde_json::Value;

use super::cluster::FLUX_NAMESPACE;
use crate::watch::object::KubeObject;
use crate::watch::targets::PART_OF_FLUX;
use crate::watch::{Index, Kinds};

const VERSION_LABEL: &str = "app.kubernetes.io/version";
const FLUX_DEFINITION: &str = "gitrepositories.source.toolkit.fluxcd.io";

/// What was found of Flux itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundFlux {
    pub(crate) namespace: String,
    pub(crate) version: Option<String>,
}

/// Look for Flux's Deployments anywhere and for the version on its definitions. What may not be read is left out.
pub(crate) async fn find(client: &kube::Client, kinds: &Kinds) -> FoundFlux {
    let (deployment, definition) = tokio::join!(any_deployment(client, kinds), definition(client, kinds));
    let namespace = deployment
        .as_ref()
        .and_then(|deployment| deployment["metadata"]["namespace"].as_str())
        .unwrap_or(FLUX_NAMESPACE)
        .to_owned();
    let version = [definition, deployment]
        .into_iter()
        .flatten()
        .find_map(|object| object["metadata"]["labels"][VERSION_LABEL].as_str().map(str::to_owned));
    FoundFlux { namespace, version }
}

async fn any_deployment(client: &kube::Client, kinds: &Kinds) -> Option<Value> {
    let served = kinds.find(&GroupKind::new("apps", "Deployment"))?;
    let api: Api<KubeObject> = Api::all_with(client.clone(), &served.resource);
    let found = api.list(&ListParams::default().labels(PART_OF_FLUX).limit(1)).await.ok()?;
    found.items.into_iter().next().map(|deployment| deployment.json)
}

async fn definition(client: &kube::Client, kinds: &Kinds) -> Option<Value> {
    let served = kinds.find(&GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition"))?;
    let api: Api<KubeObject> = Api::all_with(client.clone(), &served.resource);
    Some(api.get(FLUX_DEFINITION).await.ok()?.json)
}

/// The controllers, by name, from the watched Deployments and Pods.
#[must_use]
pub(crate) fn components(index: &Index) -> Vec<FluxComponent> {
    let pods = index.of_kind(&GroupKind::new("", "Pod"));
    index
        .of_kind(&GroupKind::new("apps", "Deployment"))
        .into_iter()
        .map(|(deployment, json)| FluxComponent {
            image: image(&json),
            ready_replicas: json["status"]["readyReplicas"].as_i64().unwrap_or(0),
            replicas: json["spec"]["replicas"].as_i64().unwrap_or(1),
            restarts: pods
                .iter()
                .filter(|(_, pod)| is_pod_of(&deployment, &json, pod))
                .map(|(_, pod)| restarts(pod))
                .sum(),
            name: deployment.name,
        })
        .collect()
}

/// The container that Flux names `manager`, else the first.
fn image(deployment: &Value) -> String {
    let containers =
        deployment["spec"]["template"]["spec"]["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let container = containers.iter().find(|container| container["name"] == "manager").or(containers.first());
    container.and_then(|container| container["image"].as_str()).unwrap_or_default().to_owned()
}

/// By the Deployment's own selector.
fn is_pod_of(deployment: &ObjectRef, json: &Value, pod: &Value) -> bool {
    let Some(labels) = json["spec"]["selector"]["matchLabels"].as_object().filter(|labels| !labels.is_empty()) else {
        return false;
    };
    pod["metadata"]["namespace"].as_str() == deployment.namespace.as_deref()
        && labels.iter().all(|(key, value)| pod["metadata"]["labels"][key] == *value)
}

fn restarts(pod: &Value) -> i64 {
    let containers = pod["status"]["containerStatuses"].as_array();
    containers.into_iter().flatten().filter_map(|container| container["restartCount"].as_i64()).sum()
}
