//! The client library that the product uses, unchanged, against a simulated cluster.

#![expect(clippy::unwrap_used, reason = "a fixture that fails is a failed test")]

use futures::{AsyncBufReadExt as _, StreamExt as _, TryStreamExt as _};
use kube::api::{ApiResource, DynamicObject, LogParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::GroupVersionKind;
use kube::discovery::{Discovery, verbs};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Config};
use serde_json::json;
use simulator::{Cluster, ClusterSpec, Simulator};

async fn client(cluster: &Cluster) -> Client {
    let kubeconfig = Kubeconfig::from_yaml(&cluster.kubeconfig()).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

async fn demo() -> (Simulator, Cluster, Client) {
    let simulator = Simulator::start(vec![ClusterSpec::demo("prod-eu", 1)]).await.unwrap();
    let cluster = simulator.clusters()[0].clone();
    let client = client(&cluster).await;
    (simulator, cluster, client)
}

fn kustomizations(client: Client) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("kustomize.toolkit.fluxcd.io", "v1", "Kustomization");
    Api::namespaced_with(client, "flux-system", &ApiResource::from_gvk_with_plural(&kind, "kustomizations"))
}

#[tokio::test]
async fn both_ways_of_discovery_find_the_same_kinds() {
    let (_simulator, _cluster, client) = demo().await;
    let kinds = |discovery: Discovery| {
        let mut kinds: Vec<String> = discovery
            .groups()
            .flat_map(|group| group.resources_by_stability())
            .filter(|(_, capabilities)| capabilities.supports_operation(verbs::WATCH))
            .map(|(resource, _)| format!("{}/{}", resource.api_version, resource.kind))
            .collect();
        kinds.sort();
        kinds
    };
    let plain = kinds(Discovery::new(client.clone()).run().await.unwrap());
    let aggregated = kinds(Discovery::new(client.clone()).run_aggregated().await.unwrap());
    assert_eq!(plain, aggregated);
    assert!(plain.contains(&"notification.toolkit.fluxcd.io/v1beta3/Alert".to_owned()), "{plain:?}");
    assert!(plain.contains(&"v1/Pod".to_owned()));
    assert_eq!(client.apiserver_version().await.unwrap().minor, "36");
}

#[tokio::test]
async fn a_watcher_lists_then_follows_and_recovers_from_410() {
    let (_simulator, cluster, client) = demo().await;
    let api = kustomizations(client);
    let mut events = watcher(api.clone(), watcher::Config::default().page_size(5)).boxed();
    let mut listed = 0;
    loop {
        match events.next().await.unwrap().unwrap() {
            Event::Init => {}
            Event::InitApply(_) => listed += 1,
            Event::InitDone => break,
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(listed, 15);
    let patch = json!({"spec": {"suspend": true}});
    let written = api.patch("apps", &PatchParams::apply("tester"), &Patch::Merge(&patch)).await.unwrap();
    let Event::Apply(seen) = events.next().await.unwrap().unwrap() else { panic!("no event") };
    assert_eq!(seen.metadata.resource_version, written.metadata.resource_version);

    cluster.faults().gone_next_watch();
    cluster.faults().cut_streams();
    let mut relisted = false;
    while !relisted {
        relisted = matches!(events.next().await.unwrap(), Ok(Event::InitDone));
    }
}

#[tokio::test]
async fn an_apply_patch_and_a_metadata_list_work() {
    let (_simulator, cluster, client) = demo().await;
    let api = kustomizations(client);
    let live = api.get("checkout").await.unwrap();
    let mut desired = json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "checkout"}, "spec": live.data["spec"]});
    desired["spec"]["interval"] = json!("1h");
    let params = PatchParams { dry_run: true, force: true, ..PatchParams::apply("kustomize-controller") };
    let predicted = api.patch("checkout", &params, &Patch::Apply(&desired)).await.unwrap();
    assert_eq!(predicted.data["spec"]["interval"], "1h");
    assert_eq!(cluster.get("Kustomization", "flux-system", "checkout").unwrap()["spec"]["interval"], "10m");
    let writes = cluster.requests().into_iter().filter(|request| request.method != "GET");
    assert!(writes.into_iter().all(|request| request.query.contains("dryRun=All")));
    let metadata = api.list_metadata(&Default::default()).await.unwrap();
    assert_eq!(metadata.items.len(), 15);
}

#[tokio::test]
async fn a_log_stream_follows_a_pod() {
    let (_simulator, cluster, client) = demo().await;
    let pods: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(client, "payments");
    let pod = pods.list(&Default::default()).await.unwrap().items.remove(0);
    let name = pod.metadata.name.unwrap();
    let container = pod.spec.unwrap().containers[0].name.clone();
    let params = LogParams { follow: true, timestamps: true, tail_lines: Some(2), ..LogParams::default() };
    let mut lines = pods.log_stream(&name, &params).await.unwrap().lines();
    lines.try_next().await.unwrap().unwrap();
    lines.try_next().await.unwrap().unwrap();
    cluster.append_log("payments", &name, &container, "fresh");
    assert!(lines.try_next().await.unwrap().unwrap().ends_with("Z fresh"));
}
