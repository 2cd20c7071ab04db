//! One function for each kind of a generated tenant: the object as its controller would have left it. Pure.

use serde_json::{Value, json};

use super::conditions;
use crate::random::Random;
use crate::world::manifests::object;

const SOURCE: &str = "source.toolkit.fluxcd.io/v1";
const IMAGE: &str = "image.toolkit.fluxcd.io/v1";
const NOTIFICATION: &str = "notification.toolkit.fluxcd.io/v1beta3";

pub(crate) fn kustomization_name(number: usize) -> String {
    format!("app-{number:02}")
}

pub(crate) fn release_name(number: usize) -> String {
    format!("svc-{number:02}")
}

/// What all objects of a tenant share.
pub(crate) struct Maker<'a> {
    pub(crate) namespace: &'a str,
    /// When everything happened.
    pub(crate) time: &'a str,
    pub(crate) random: &'a mut Random,
}

impl Maker<'_> {
    fn stored(&self, message: &str) -> Value {
        json!([{"type": "Ready", "status": "True", "reason": "Succeeded", "message": message,
            "lastTransitionTime": self.time, "observedGeneration": 1}])
    }

    /// The status of a source with an artifact.
    fn artifact(&mut self, path: &str, revision: &str) -> Value {
        let digest = self.random.hex(64);
        json!({
            "observedGeneration": 1, "conditions": self.stored(&format!("stored artifact for revision '{revision}'")),
            "artifact": {"revision": revision, "digest": format!("sha256:{digest}"), "path": path,
                "url": format!("http://source-controller.flux-system.svc.cluster.local./{path}"), "size": 4096,
                "lastUpdateTime": self.time},
        })
    }

    pub(crate) fn git_repository(&mut self) -> Value {
        let namespace = self.namespace;
        let sha = self.random.hex(40);
        let path = format!("gitrepository/{namespace}/repository/{sha}.tar.gz");
        let spec = json!({"interval": "1m", "url": format!("https://github.com/acme/{namespace}"),
            "ref": {"branch": "main"}});
        let status = self.artifact(&path, &format!("main@sha1:{sha}"));
        object(SOURCE, "GitRepository", namespace, "repository", json!({"spec": spec, "status": status}))
    }

    pub(crate) fn helm_repository(&mut self) -> Value {
        let namespace = self.namespace;
        let digest = self.random.hex(64);
        let path = format!("helmrepository/{namespace}/charts/index-{digest}.yaml");
        let status = self.artifact(&path, &format!("sha256:{digest}"));
        let spec = json!({"interval": "1h", "url": "https://charts.acme.dev"});
        object(SOURCE, "HelmRepository", namespace, "charts", json!({"spec": spec, "status": status}))
    }

    pub(crate) fn oci_repository(&mut self) -> Value {
        let namespace = self.namespace;
        let digest = self.random.hex(64);
        let path = format!("ocirepository/{namespace}/service/{digest}.tar.gz");
        let status = self.artifact(&path, &format!("1.4.2@sha256:{digest}"));
        let spec = json!({"interval": "5m", "url": format!("oci://ghcr.io/acme/charts/{namespace}"),
            "ref": {"semver": "1.x"}});
        object(SOURCE, "OCIRepository", namespace, "service", json!({"spec": spec, "status": status}))
    }

    pub(crate) fn kustomization(&mut self, number: usize, inventory: usize) -> Value {
        const MANAGED: [&str; 6] = [
            "_Service",
            "apps_Deployment",
            "_ConfigMap",
            "_ServiceAccount",
            "networking.k8s.io_Ingress",
            "autoscaling_HorizontalPodAutoscaler",
        ];
        let (namespace, name) = (self.namespace, kustomization_name(number));
        let revision = format!("main@sha1:{}", self.random.hex(40));
        let entries: Vec<Value> = (0..inventory)
            .map(|entry| {
                let (kind, part) = (MANAGED[entry % MANAGED.len()], entry / MANAGED.len());
                let id = if part == 0 {
                    format!("{namespace}_{name}_{kind}")
                } else {
                    format!("{namespace}_{name}-{part}_{kind}")
                };
                json!({"id": id, "v": if kind.starts_with("auto") { "v2" } else { "v1" }})
            })
            .collect();
        let applied = format!("Applied revision: {revision}");
        let ready = ["ReconciliationSucceeded", applied.as_str()];
        let failure = ["BuildFailed", "kustomize build failed: accumulating resources: missing file 'service.yaml'"];
        let (conditions, suspended) = conditions(self.random, ready, failure, self.time);
        let mut spec = json!({"interval": "10m", "path": format!("./{name}"), "prune": true, "wait": true,
            "timeout": "5m", "targetNamespace": namespace,
            "sourceRef": {"kind": "GitRepository", "name": "repository"}});
        if suspended {
            spec["suspend"] = json!(true);
        }
        if number > 6 {
            spec["dependsOn"] = json!([{"name": kustomization_name(number - 4)}]);
        }
        let status = json!({"observedGeneration": 1, "conditions": conditions, "lastAppliedRevision": revision,
            "lastAttemptedRevision": revision, "inventory": {"entries": entries}});
        let rest = json!({"spec": spec, "status": status});
        object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", namespace, &name, rest)
    }

    fn chart_version(&mut self) -> String {
        format!("{}.{}.{}", self.random.below(4) + 1, self.random.below(20), self.random.below(10))
    }

    pub(crate) fn helm_chart(&mut self, number: usize) -> Value {
        let (namespace, version, release) = (self.namespace, self.chart_version(), release_name(number));
        let name = format!("{namespace}-{release}");
        let path = format!("helmchart/{namespace}/{name}/{release}-{version}.tgz");
        let status = self.artifact(&path, &version);
        let spec = json!({"chart": release, "version": "*", "interval": "10m",
            "sourceRef": {"kind": "HelmRepository", "name": "charts"}});
        object(SOURCE, "HelmChart", namespace, &name, json!({"spec": spec, "status": status}))
    }

    pub(crate) fn helm_release(&mut self, number: usize, from_oci: bool) -> Value {
        let (namespace, name, version) = (self.namespace, release_name(number), self.chart_version());
        let succeeded = format!("Helm upgrade succeeded for release {namespace}/{name}.v3 with chart {name}@{version}");
        let ready = ["UpgradeSucceeded", succeeded.as_str()];
        let failure = ["UpgradeFailed", "Helm upgrade failed: context deadline exceeded"];
        let (conditions, suspended) = conditions(self.random, ready, failure, self.time);
        let mut spec = json!({"interval": "10m", "values": {"replicaCount": number % 4, "image": {"tag": version},
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}}});
        if from_oci {
            spec["chartRef"] = json!({"kind": "OCIRepository", "name": "service"});
        } else {
            spec["chart"] = json!({"spec": {"chart": name, "version": version,
                "sourceRef": {"kind": "HelmRepository", "name": "charts"}}});
        }
        if suspended {
            spec["suspend"] = json!(true);
        }
        let history = json!([{"name": name, "namespace": namespace, "version": 3, "status": "deployed",
            "chartName": name, "chartVersion": version, "appVersion": version, "firstDeployed": self.time,
            "lastDeployed": self.time, "digest": format!("sha256:{}", self.random.hex(64)),
            "configDigest": format!("sha256:{}", self.random.hex(64))}]);
        let status = json!({"observedGeneration": 1, "conditions": conditions, "storageNamespace": namespace,
            "lastAttemptedRevision": version, "lastAttemptedGeneration": 1, "history": history});
        object("helm.toolkit.fluxcd.io/v2", "HelmRelease", namespace, &name, json!({"spec": spec, "status": status}))
    }

    pub(crate) fn image_repository(&mut self) -> Value {
        let namespace = self.namespace;
        let image = format!("ghcr.io/acme/{namespace}");
        let status = json!({"observedGeneration": 1, "conditions": self.stored("successful scan: found 12 tags"),
            "canonicalImageName": image, "lastScanResult": {"tagCount": 12, "scanTime": self.time,
                "revision": self.random.hex(16)}});
        let spec = json!({"image": image, "interval": "5m"});
        object(IMAGE, "ImageRepository", namespace, "image", json!({"spec": spec, "status": status}))
    }

    pub(crate) fn image_policy(&mut self) -> Value {
        let (namespace, tag) = (self.namespace, self.chart_version());
        let image = format!("ghcr.io/acme/{namespace}");
        let status = json!({"observedGeneration": 1, "latestRef": {"name": image, "tag": tag},
            "conditions": self.stored(&format!("Latest image tag for {image} resolved to {tag}"))});
        let spec = json!({"imageRepositoryRef": {"name": "image"}, "policy": {"semver": {"range": "*"}}});
        object(IMAGE, "ImagePolicy", namespace, "image", json!({"spec": spec, "status": status}))
    }

    pub(crate) fn provider(&mut self) -> Value {
        let spec = json!({"type": "slack", "channel": self.namespace, "secretRef": {"name": "slack-token"}});
        object(NOTIFICATION, "Provider", self.namespace, "slack", json!({"spec": spec}))
    }

    pub(crate) fn alert(&mut self) -> Value {
        let spec = json!({"providerRef": {"name": "slack"}, "eventSeverity": "error",
            "eventSources": [{"kind": "Kustomization", "name": "*"}]});
        object(NOTIFICATION, "Alert", self.namespace, "on-call", json!({"spec": spec}))
    }
}
