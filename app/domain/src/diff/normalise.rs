//! Preparing objects: desired as Flux prepares it before it applies, and both sides for the comparison.
//!
//! The first half must do exactly what the controller does (`fluxcd/pkg/ssa/normalize`), or the dry-run's answer is the
//! answer to another question. The second half removes what differs between any two reads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::object::GroupKind;

/// A Secret whose `stringData` holds something that is no string: the API would refuse it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stringData.{key} is not a string")]
pub struct StringDataError {
    pub key: String,
}

/// Prepares desired as the controller does before the dry-run. Roles are left as they are, as Flux leaves them.
///
/// # Errors
/// If `stringData` holds something that is no string.
pub fn prepare(desired: &mut Value) -> Result<(), StringDataError> {
    let kind = GroupKind::of(desired);
    if kind.group == "rbac.authorization.k8s.io" && matches!(kind.kind.as_str(), "Role" | "ClusterRole") {
        return Ok(());
    }
    if let Some(metadata) = desired.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("creationTimestamp");
    }
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => prepare_pod(desired.get_mut("spec")),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "Job") => {
            prepare_template(desired.pointer_mut("/spec/template"));
        }
        ("batch", "CronJob") => prepare_template(desired.pointer_mut("/spec/jobTemplate/spec/template")),
        ("", "Service") => default_protocol(desired.pointer_mut("/spec/ports")),
        ("", "Secret") => encode_string_data(desired)?,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            remove_invalid_bundle(desired);
            return Ok(());
        }
        _ => {}
    }
    if let Some(fields) = desired.as_object_mut() {
        fields.remove("status");
    }
    Ok(())
}

fn prepare_template(template: Option<&mut Value>) {
    let Some(template) = template else { return };
    if let Some(metadata) = template.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("creationTimestamp");
    }
    prepare_pod(template.get_mut("spec"));
}

/// Containers only: Flux does not do it for init containers.
fn prepare_pod(spec: Option<&mut Value>) {
    let containers = spec.and_then(|spec| spec.get_mut("containers")).and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        default_protocol(container.get_mut("ports"));
    }
}

/// Without it server-side apply loses ports that share a number (kubernetes/kubernetes#98576).
fn default_protocol(ports: Option<&mut Value>) {
    for port in ports.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(port) = port.as_object_mut() {
            port.entry("protocol").or_insert_with(|| json!("TCP"));
        }
    }
}

fn encode_string_data(secret: &mut Value) -> Result<(), StringDataError> {
    let Some(fields) = secret.as_object_mut() else { return Ok(()) };
    let Some(Value::Object(plain)) = fields.remove("stringData") else { return Ok(()) };
    let data = fields.entry("data").or_insert_with(|| json!({}));
    if !data.is_object() {
        *data = json!({});
    }
    for (key, value) in plain {
        match value {
            Value::String(text) => data[&key] = Value::from(STANDARD.encode(text)),
            Value::Null => data[&key] = Value::from(""),
            _ => return Err(StringDataError { key }),
        }
    }
    Ok(())
}

/// The API refuses a bundle that is no certificate; chart authors leave placeholders for an injector.
fn remove_invalid_bundle(definition: &mut Value) {
    let Some(config) = definition.pointer_mut("/spec/conversion/webhook/clientConfig").and_then(Value::as_object_mut)
    else {
        return;
    };
    let Some(bundle) = config.get("caBundle") else { return };
    let decoded = bundle.as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    let certificate = b"-----BEGIN CERTIFICATE-----";
    if !decoded.windows(certificate.len()).any(|window| window == certificate) {
        config.remove("caBundle");
    }
}

/// What two reads of the same object may differ in, and what is never part of a manifest.
const VOLATILE: [&str; 6] = ["managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"];

/// Removes server-managed metadata and status, for comparing and showing. Finalizers and owner references stay.
pub fn strip(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in VOLATILE {
            metadata.remove(field);
        }
        for field in ["labels", "annotations"] {
            let empty = metadata.get(field).is_some_and(|map| map.is_null() || *map == json!({}));
            if empty {
                metadata.remove(field);
            }
        }
    }
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
}

/// Before Kubernetes 1.27 a dry-run of a HorizontalPodAutoscaler repeats a metric and adds an empty one
/// (kubernetes/kubernetes#118293); Flux drops them before it compares.
pub fn deduplicate_metrics(object: &mut Value) {
    if object["kind"] != "HorizontalPodAutoscaler" {
        return;
    }
    let Some(metrics) = object.pointer_mut("/spec/metrics").and_then(Value::as_array_mut) else { return };
    let mut seen: Vec<Value> = Vec::new();
    metrics.retain(|metric| {
        let keep = metric["type"].as_str().is_some_and(|type_| !type_.is_empty()) && !seen.contains(metric);
        if keep {
            seen.push(metric.clone());
        }
        keep
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(mut object: Value) -> Value {
        prepare(&mut object).unwrap();
        object
    }

    #[test]
    fn ports_get_their_protocol_in_containers_and_services_only() {
        let deployment = prepared(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"creationTimestamp": null},
            "spec": {"template": {"metadata": {"creationTimestamp": null}, "spec": {
                "containers": [
                    {"name": "a", "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}]},
                ],
                "initContainers": [{"name": "i", "ports": [{"containerPort": 80}]}],
            }}},
            "status": {"replicas": 1},
        }));
        let spec = &deployment["spec"]["template"]["spec"];
        assert_eq!(spec["containers"][0]["ports"][0]["protocol"], "TCP");
        assert_eq!(spec["containers"][0]["ports"][1]["protocol"], "UDP");
        assert_eq!(spec["initContainers"][0]["ports"][0].get("protocol"), None);
        assert_eq!(deployment["metadata"], json!({}));
        assert_eq!(deployment["spec"]["template"]["metadata"], json!({}));
        assert_eq!(deployment.get("status"), None);
        assert_eq!(prepared(json!({"apiVersion": "v1", "kind": "Pod"})), json!({"apiVersion": "v1", "kind": "Pod"}));
        let service = prepared(json!({"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}}));
        assert_eq!(service["spec"]["ports"][0]["protocol"], "TCP");
    }

    #[test]
    fn string_data_becomes_data_and_wins() {
        let secret =
            prepared(json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "eQ=="}, "stringData": {"a": "x"}}));
        assert_eq!(secret, json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "eA=="}}));
        let null = prepared(json!({"apiVersion": "v1", "kind": "Secret", "data": null, "stringData": {"a": null}}));
        assert_eq!(null["data"], json!({"a": ""}));
        let mut number = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": 1}});
        assert_eq!(prepare(&mut number), Err(StringDataError { key: "a".to_owned() }));
    }

    #[test]
    fn roles_are_left_alone_and_definitions_keep_their_status() {
        let metadata = json!({"creationTimestamp": null});
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": metadata});
        assert_eq!(prepared(role.clone()), role);
        let definition = |bundle: &str| {
            json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "status": {"a": 1},
                "spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": bundle}}}},
            })
        };
        let placeholder = prepared(definition("Cg=="));
        assert_eq!(placeholder["spec"]["conversion"]["webhook"]["clientConfig"], json!({}));
        assert_eq!(placeholder["status"], json!({"a": 1}));
        let valid = definition(&STANDARD.encode("-----BEGIN CERTIFICATE-----\nx"));
        assert_eq!(prepared(valid.clone()), valid);
    }

    #[test]
    fn stripping_leaves_what_a_manifest_could_say() {
        let mut object = json!({
            "metadata": {"name": "a", "uid": "1", "generation": 2, "managedFields": [], "labels": {},
                "finalizers": ["x"], "resourceVersion": "3", "creationTimestamp": "t", "annotations": {"a": "b"}},
            "status": {},
        });
        strip(&mut object);
        assert_eq!(object, json!({"metadata": {"name": "a", "finalizers": ["x"], "annotations": {"a": "b"}}}));
    }

    #[test]
    fn repeated_and_empty_metrics_go() {
        let mut autoscaler = json!({"kind": "HorizontalPodAutoscaler", "spec": {"metrics": [
            {"type": "Resource", "r": 1}, {"type": "Resource", "r": 1}, {"type": ""}, {"type": "Resource", "r": 2},
        ]}});
        deduplicate_metrics(&mut autoscaler);
        assert_eq!(autoscaler["spec"]["metrics"].as_array().unwrap().len(), 2);
    }
}
