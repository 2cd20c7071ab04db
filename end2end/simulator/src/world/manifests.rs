//! Kubernetes objects of the demo world, as its Git repository and charts state them. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::lines::Style;

/// A workload and what comes with it.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    pub(crate) kind: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    pub(crate) image: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) replicas: u32,
    pub(crate) port: u16,
    pub(crate) memory: &'static str,
    pub(crate) env: &'static [(&'static str, &'static str)],
    /// Host of an Ingress, when the workload is public.
    pub(crate) host: Option<&'static str>,
    /// Settings of a ConfigMap, when it has one.
    pub(crate) settings: &'static [(&'static str, &'static str)],
    pub(crate) style: Style,
}

impl Workload {
    /// A Deployment without extras.
    pub(crate) const fn deployment(
        namespace: &'static str,
        name: &'static str,
        image: &'static str,
        tag: &'static str,
        replicas: u32,
        style: Style,
    ) -> Self {
        Self {
            kind: "Deployment",
            namespace,
            name,
            image,
            tag,
            replicas,
            port: 8080,
            memory: "256Mi",
            env: &[],
            host: None,
            settings: &[],
            style,
        }
    }

    /// The workload, its Service and ServiceAccount, and its extras.
    pub(crate) fn objects(&self) -> Vec<Value> {
        let mut objects = vec![self.service_account(), self.service(), self.controller()];
        if !self.settings.is_empty() {
            let data: serde_json::Map<String, Value> =
                self.settings.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            objects.push(object(
                "v1",
                "ConfigMap",
                self.namespace,
                &format!("{}-settings", self.name),
                json!({
                    "data": data,
                }),
            ));
        }
        if let Some(host) = self.host {
            objects.push(object(
                "networking.k8s.io/v1",
                "Ingress",
                self.namespace,
                self.name,
                json!({
                    "spec": {"ingressClassName": "nginx",
                        "tls": [{"hosts": [host], "secretName": format!("{}-tls", self.name)}],
                        "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {
                            "service": {"name": self.name, "port": {"number": 80}}}}]}}]},
                }),
            ));
        }
        objects
    }

    fn labels(&self) -> Value {
        json!({"app.kubernetes.io/name": self.name})
    }

    fn service_account(&self) -> Value {
        object("v1", "ServiceAccount", self.namespace, self.name, json!({}))
    }

    fn service(&self) -> Value {
        object(
            "v1",
            "Service",
            self.namespace,
            self.name,
            json!({
                "spec": {"selector": self.labels(),
                    "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]},
            }),
        )
    }

    fn controller(&self) -> Value {
        let mut env: Vec<Value> = vec![json!({"name": "LOG_LEVEL", "value": "info"})];
        env.extend(self.env.iter().map(|(name, value)| json!({"name": name, "value": value})));
        let container = json!({
            "name": self.container(), "image": format!("{}:{}", self.image, self.tag), "env": env,
            "ports": [{"name": "http", "containerPort": self.port, "protocol": "TCP"}],
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": self.memory}},
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 10},
        });
        let template = json!({
            "metadata": {"labels": {"app.kubernetes.io/name": self.name, "app": self.name}},
            "spec": {"serviceAccountName": self.name, "containers": [container]},
        });
        let mut spec = json!({"selector": {"matchLabels": self.labels()}, "template": template});
        if self.kind != "DaemonSet" {
            spec["replicas"] = json!(self.replicas);
        }
        if self.kind == "StatefulSet" {
            spec["serviceName"] = json!(self.name);
        }
        object("apps/v1", self.kind, self.namespace, self.name, json!({"spec": spec}))
    }

    /// Flux's controllers name their container `manager`; other workloads use the last word of their name.
    fn container(&self) -> &'static str {
        if self.style == Style::Flux { "manager" } else { self.name.rsplit('-').next().unwrap_or(self.name) }
    }
}

/// An object with its identity, the standard label and the fields of `rest`. An empty namespace is left out.
pub(crate) fn object(api_version: &str, kind: &str, namespace: &str, name: &str, rest: Value) -> Value {
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = json!(namespace);
    }
    if !api_version.contains("toolkit.fluxcd.io") {
        object["metadata"]["labels"] = json!({"app.kubernetes.io/name": name});
    }
    json_patch::merge(&mut object, &rest);
    object
}

/// A namespace.
pub(crate) fn namespace(name: &str) -> Value {
    object("v1", "Namespace", "", name, json!({"metadata": {"labels": {"toolkit.fluxcd.io/tenant": "platform"}}}))
}

/// A Secret of text values.
pub(crate) fn secret(namespace: &str, name: &str, values: &[(&str, &str)]) -> Value {
    let data: serde_json::Map<String, Value> =
        values.iter().map(|(name, value)| ((*name).to_owned(), json!(STANDARD.encode(value)))).collect();
    object("v1", "Secret", namespace, name, json!({"type": "Opaque", "data": data}))
}

/// A CronJob that runs one container.
pub(crate) fn cron_job(namespace: &str, name: &str, image: &str, schedule: &str) -> Value {
    let container = json!({"name": name, "image": image});
    object(
        "batch/v1",
        "CronJob",
        namespace,
        name,
        json!({"spec": {"schedule": schedule, "jobTemplate": {"spec": {
        "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}}}}),
    )
}

/// A HorizontalPodAutoscaler of a Deployment, by CPU.
pub(crate) fn autoscaler(namespace: &str, name: &str, most: u32) -> Value {
    let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization",
        "averageUtilization": 80}}});
    object(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        namespace,
        name,
        json!({"spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicas": 1, "maxReplicas": most, "metrics": [metric]}}),
    )
}

/// A custom resource definition of the catalogue, with the labels that Flux's own carry.
pub(crate) fn definition(row: &crate::catalogue::Resource, flux_version: &str) -> Value {
    object(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "",
        &row.qualified(),
        json!({
            "metadata": {"labels": {"app.kubernetes.io/name": null, "app.kubernetes.io/part-of": "flux",
                "app.kubernetes.io/instance": "flux-system", "app.kubernetes.io/version": format!("v{flux_version}")}},
            "spec": {"group": row.group, "scope": if row.namespaced { "Namespaced" } else { "Cluster" },
                "names": {"kind": row.kind, "listKind": format!("{}List", row.kind), "plural": row.plural,
                    "singular": row.kind.to_lowercase(), "shortNames": row.short_names},
                "versions": [{"name": row.version, "served": true, "storage": true, "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]},
            "status": {"conditions": [{"type": "Established", "status": "True", "reason": "InitialNamesAccepted",
                "message": "the initial names have been accepted", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
                "acceptedNames": {"kind": row.kind, "plural": row.plural}, "storedVersions": [row.version]},
        }),
    )
}
