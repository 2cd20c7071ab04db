//! Flux objects of the demo world, as its Git repository states them. Pure.

use serde_json::{Value, json};

use crate::world::demo::ReleasePlan;
use crate::world::manifests::object;

const SOURCE: &str = "source.toolkit.fluxcd.io/v1";
const NOTIFICATION: &str = "notification.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io/v1";
const HOME: &str = "flux-system";

/// Where a chart comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChartSource {
    /// A HelmRepository in the release's namespace.
    Repository(&'static str),
    /// A path in the GitRepository `platform`.
    Git(&'static str),
    /// An OCIRepository in the release's namespace, without a HelmChart.
    Oci(&'static str),
}

/// A Kustomization in Flux's namespace.
pub(crate) fn kustomization(name: &str, source: &str, path: &str, depends_on: &[&str]) -> Value {
    let depends_on: Vec<Value> = depends_on.iter().map(|name| json!({"name": name})).collect();
    let mut spec = json!({
        "interval": "10m", "retryInterval": "1m", "timeout": "5m", "path": path, "prune": true, "wait": true,
        "sourceRef": {"kind": "GitRepository", "name": source},
    });
    if !depends_on.is_empty() {
        spec["dependsOn"] = json!(depends_on);
    }
    object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", HOME, name, json!({"spec": spec}))
}

/// The same object, suspended by Git.
pub(crate) fn suspended(mut object: Value) -> Value {
    object["spec"]["suspend"] = json!(true);
    object
}

pub(crate) fn git_repository(name: &str, url: &str) -> Value {
    object(
        SOURCE,
        "GitRepository",
        HOME,
        name,
        json!({"spec": {"interval": "1m", "url": url,
        "ref": {"branch": "main"}, "secretRef": {"name": "flux-system"}}}),
    )
}

pub(crate) fn oci_repository(namespace: &str, name: &str) -> Value {
    object(
        SOURCE,
        "OCIRepository",
        namespace,
        name,
        json!({"spec": {"interval": "5m",
        "url": format!("oci://ghcr.io/stefanprodan/charts/{name}"), "ref": {"semver": "6.x"},
        "layerSelector": {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "operation": "copy"}}}),
    )
}

pub(crate) fn bucket(name: &str) -> Value {
    object(
        SOURCE,
        "Bucket",
        HOME,
        name,
        json!({"spec": {"interval": "10m", "bucketName": name, "provider": "generic",
        "endpoint": "minio.storage.acme.dev", "secretRef": {"name": "minio"}}}),
    )
}

pub(crate) fn helm_repository(namespace: &str, name: &str, url: &str) -> Value {
    object(SOURCE, "HelmRepository", namespace, name, json!({"spec": {"interval": "1h", "url": url}}))
}

pub(crate) fn helm_release(release: &ReleasePlan) -> Value {
    let mut spec = json!({
        "interval": "10m", "timeout": "5m", "values": release.values,
        "install": {"remediation": {"retries": 3}}, "upgrade": {"remediation": {"retries": 3}},
    });
    let chart = |kind: &str, name: &str, chart: &str| {
        let mut source = json!({"kind": kind, "name": name});
        if kind == "GitRepository" {
            source["namespace"] = json!(HOME);
        }
        json!({"spec": {"chart": chart, "version": release.version, "sourceRef": source, "interval": "10m"}})
    };
    match release.source {
        ChartSource::Repository(name) => spec["chart"] = chart("HelmRepository", name, release.chart),
        ChartSource::Git(path) => spec["chart"] = chart("GitRepository", "platform", path),
        ChartSource::Oci(name) => spec["chartRef"] = json!({"kind": "OCIRepository", "name": name}),
    }
    if matches!(release.name, "cert-manager" | "podinfo") {
        spec["driftDetection"] = json!({"mode": "enabled"});
    }
    object("helm.toolkit.fluxcd.io/v2", "HelmRelease", release.namespace, release.name, json!({"spec": spec}))
}

/// The HelmChart that helm-controller creates for a release.
pub(crate) fn helm_chart(release: &Value) -> Option<Value> {
    let template = &release["spec"]["chart"]["spec"];
    let source = template["sourceRef"].as_object()?;
    let (namespace, name) = (release["metadata"]["namespace"].as_str()?, release["metadata"]["name"].as_str()?);
    let home = source.get("namespace").and_then(Value::as_str).unwrap_or(namespace);
    Some(object(
        SOURCE,
        "HelmChart",
        home,
        &format!("{namespace}-{name}"),
        json!({
            "metadata": {"labels": {"helm.toolkit.fluxcd.io/name": name,
                "helm.toolkit.fluxcd.io/namespace": namespace}},
            "spec": {"chart": template["chart"], "version": template["version"], "interval": "10m",
                "sourceRef": {"kind": source.get("kind"), "name": source.get("name")}},
        }),
    ))
}

/// A Provider, an Alert and a Receiver.
pub(crate) fn notifications() -> Vec<Value> {
    let (beta, stable) = (format!("{NOTIFICATION}/v1beta3"), format!("{NOTIFICATION}/v1"));
    vec![
        object(
            &beta,
            "Provider",
            HOME,
            "slack",
            json!({"spec": {"type": "slack", "channel": "deployments",
            "secretRef": {"name": "slack-token"}}}),
        ),
        object(
            &beta,
            "Alert",
            HOME,
            "on-call",
            json!({"spec": {"providerRef": {"name": "slack"}, "eventSeverity": "error",
            "eventSources": [{"kind": "Kustomization", "name": "*"},
                {"kind": "HelmRelease", "name": "*", "namespace": "checkout"}]}}),
        ),
        object(
            &stable,
            "Receiver",
            HOME,
            "github",
            json!({"spec": {"type": "github", "events": ["ping", "push"],
            "secretRef": {"name": "webhook-token"}, "resources": [{"kind": "GitRepository", "name": "platform"}]}}),
        ),
    ]
}

/// The image automation of the cluster that follows new images.
pub(crate) fn image_automation() -> Vec<Value> {
    vec![
        object(
            IMAGE,
            "ImageRepository",
            HOME,
            "payments",
            json!({"spec": {"image": "registry.acme.dev/payments",
            "interval": "5m"}}),
        ),
        object(
            IMAGE,
            "ImagePolicy",
            HOME,
            "payments",
            json!({"spec": {"imageRepositoryRef": {"name": "payments"},
            "policy": {"semver": {"range": "4.x"}}}}),
        ),
        object(
            IMAGE,
            "ImageUpdateAutomation",
            HOME,
            "apps",
            json!({"spec": {"interval": "30m",
            "sourceRef": {"kind": "GitRepository", "name": "platform"},
            "git": {"commit": {"author": {"email": "flux@acme.dev", "name": "flux"}}, "push": {"branch": "main"}},
            "update": {"path": "./apps", "strategy": "Setters"}}}),
        ),
    ]
}
