//! Flux objects by the thousand, for scale: believable, small, and cheap to make.

use serde_json::{Value, json};

use crate::cluster::{self, Cluster};
use crate::random::Random;
use crate::world::manifests::object;

/// Objects of one tenant; each has a namespace of its own.
const TENANT: usize = 25;

/// Fills a cluster with `count` Flux objects: for each tenant sources, Kustomizations and HelmReleases, one in forty of
/// them failing.
pub(crate) fn fill(cluster: &Cluster, count: usize) {
    let mut random = Random::new(cluster.spec().seed, &format!("{}/generated", cluster.name()));
    let time = cluster::seconds(cluster.now());
    for index in 0..count {
        let namespace = format!("tenant-{:03}", index / TENANT);
        if index % TENANT == 0 {
            cluster.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
        }
        let place = index % TENANT;
        let mut object = match place {
            0 => git_repository(&namespace, &mut random, &time),
            1 => helm_repository(&namespace, &mut random, &time),
            2..=13 => kustomization(&namespace, &format!("app-{place:02}"), &mut random, &time),
            _ => helm_release(&namespace, &format!("svc-{place:02}"), &mut random, &time),
        };
        object["metadata"]["generation"] = json!(1);
        // An empty list: ownership of these objects is of no interest, and costs most of the time.
        object["metadata"]["managedFields"] = json!([]);
        cluster.apply(object);
    }
}

fn ready(reason: &str, message: &str, time: &str) -> Value {
    json!([{"type": "Ready", "status": "True", "reason": reason, "message": message, "lastTransitionTime": time,
        "observedGeneration": 1}])
}

fn failing(reason: &str, message: &str, time: &str) -> Value {
    json!([{"type": "Ready", "status": "False", "reason": reason, "message": message, "lastTransitionTime": time,
        "observedGeneration": 1}])
}

fn git_repository(namespace: &str, random: &mut Random, time: &str) -> Value {
    let (sha, digest) = (random.hex(40), random.hex(64));
    let path = format!("gitrepository/{namespace}/repository/{sha}.tar.gz");
    object(
        "source.toolkit.fluxcd.io/v1",
        "GitRepository",
        namespace,
        "repository",
        json!({
            "spec": {"interval": "1m", "url": format!("https://github.com/acme/{namespace}"),
                "ref": {"branch": "main"}},
            "status": {"observedGeneration": 1, "conditions": ready("Succeeded", "stored artifact", time),
                "artifact": {"revision": format!("main@sha1:{sha}"), "digest": format!("sha256:{digest}"), "path": path,
                    "url": format!("http://source-controller.flux-system.svc.cluster.local./{path}"), "size": 4096,
                    "lastUpdateTime": time}},
        }),
    )
}

fn helm_repository(namespace: &str, random: &mut Random, time: &str) -> Value {
    let digest = random.hex(64);
    object(
        "source.toolkit.fluxcd.io/v1",
        "HelmRepository",
        namespace,
        "charts",
        json!({
            "spec": {"interval": "1h", "url": "https://charts.acme.dev"},
            "status": {"observedGeneration": 1, "conditions": ready("Succeeded", "stored artifact", time),
                "artifact": {"revision": format!("sha256:{digest}"), "digest": format!("sha256:{digest}"),
                    "path": format!("helmrepository/{namespace}/charts/index-{digest}.yaml"), "lastUpdateTime": time}},
        }),
    )
}

fn kustomization(namespace: &str, name: &str, random: &mut Random, time: &str) -> Value {
    let revision = format!("main@sha1:{}", random.hex(40));
    let entries: Vec<Value> = ["_Service", "apps_Deployment", "_ConfigMap"]
        .iter()
        .map(|kind| json!({"id": format!("{namespace}_{name}_{kind}"), "v": "v1"}))
        .collect();
    let conditions = if random.once_in(40) {
        failing("BuildFailed", "kustomize build failed: accumulating resources: missing file 'service.yaml'", time)
    } else {
        ready("ReconciliationSucceeded", &format!("Applied revision: {revision}"), time)
    };
    object(
        "kustomize.toolkit.fluxcd.io/v1",
        "Kustomization",
        namespace,
        name,
        json!({
            "spec": {"interval": "10m", "path": format!("./{name}"), "prune": true,
                "sourceRef": {"kind": "GitRepository", "name": "repository"}, "suspend": random.once_in(50)},
            "status": {"observedGeneration": 1, "conditions": conditions, "lastAppliedRevision": revision,
                "lastAttemptedRevision": revision, "inventory": {"entries": entries}},
        }),
    )
}

fn helm_release(namespace: &str, name: &str, random: &mut Random, time: &str) -> Value {
    let version = format!("{}.{}.{}", random.below(4) + 1, random.below(20), random.below(10));
    let conditions = if random.once_in(40) {
        failing("UpgradeFailed", "Helm upgrade failed: context deadline exceeded", time)
    } else {
        ready("UpgradeSucceeded", &format!("Helm upgrade succeeded for release {namespace}/{name}.v3"), time)
    };
    object(
        "helm.toolkit.fluxcd.io/v2",
        "HelmRelease",
        namespace,
        name,
        json!({
            "spec": {"interval": "10m", "chart": {"spec": {"chart": name, "version": version,
                "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}},
            "status": {"observedGeneration": 1, "conditions": conditions, "storageNamespace": namespace,
                "lastAttemptedRevision": version, "history": [{"name": name, "namespace": namespace, "version": 3,
                    "status": "deployed", "chartName": name, "chartVersion": version, "lastDeployed": time,
                    "firstDeployed": time, "digest": format!("sha256:{}", random.hex(64)),
                    "configDigest": format!("sha256:{}", random.hex(64))}]},
        }),
    )
}
