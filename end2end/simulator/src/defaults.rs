//! What an API server fills in when a client leaves it out, for the kinds that the world applies.
//!
//! A small, well-known part of the real defaults: enough that a live object differs from its manifest as it does on a
//! real cluster. Nobody owns what an apply left to a default.

use serde_json::{Value, json};

/// Fills in the defaults of an object in place.
pub(crate) fn fill(object: &mut Value) {
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    match kind.as_str() {
        "Deployment" => {
            let spec = &mut object["spec"];
            set(spec, "replicas", json!(1));
            set(spec, "progressDeadlineSeconds", json!(600));
            set(spec, "revisionHistoryLimit", json!(10));
            let surge = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
            set(spec, "strategy", surge);
            pod(&mut spec["template"]["spec"], "Always");
        }
        "StatefulSet" => {
            let spec = &mut object["spec"];
            set(spec, "replicas", json!(1));
            set(spec, "podManagementPolicy", json!("OrderedReady"));
            set(spec, "revisionHistoryLimit", json!(10));
            set(spec, "updateStrategy", json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}));
            pod(&mut spec["template"]["spec"], "Always");
        }
        "DaemonSet" => {
            let spec = &mut object["spec"];
            set(spec, "revisionHistoryLimit", json!(10));
            pod(&mut spec["template"]["spec"], "Always");
        }
        "Job" => pod(&mut object["spec"]["template"]["spec"], "Never"),
        "CronJob" => {
            let spec = &mut object["spec"];
            set(spec, "concurrencyPolicy", json!("Allow"));
            set(spec, "suspend", json!(false));
            set(spec, "successfulJobsHistoryLimit", json!(3));
            set(spec, "failedJobsHistoryLimit", json!(1));
            pod(&mut spec["jobTemplate"]["spec"]["template"]["spec"], "Never");
        }
        "Pod" => {
            pod(&mut object["spec"], "Always");
            set(&mut object["status"], "phase", json!("Pending"));
        }
        "Service" => service(&mut object["spec"]),
        "Secret" => set(object, "type", json!("Opaque")),
        "Namespace" => {
            set(&mut object["spec"], "finalizers", json!(["kubernetes"]));
            set(&mut object["status"], "phase", json!("Active"));
        }
        "GitRepository" => set(&mut object["spec"], "timeout", json!("60s")),
        "OCIRepository" => {
            set(&mut object["spec"], "timeout", json!("60s"));
            set(&mut object["spec"], "provider", json!("generic"));
        }
        "HelmRepository" => set(&mut object["spec"], "provider", json!("generic")),
        "HelmChart" => {
            set(&mut object["spec"], "version", json!("*"));
            set(&mut object["spec"], "reconcileStrategy", json!("ChartVersion"));
        }
        "Kustomization" => set(&mut object["spec"], "force", json!(false)),
        "HelmRelease" if object["spec"]["chart"]["spec"].is_object() => {
            set(&mut object["spec"]["chart"]["spec"], "version", json!("*"));
            set(&mut object["spec"]["chart"]["spec"], "reconcileStrategy", json!("ChartVersion"));
        }
        _ => {}
    }
}

fn set(map: &mut Value, name: &str, value: Value) {
    if map.is_null() {
        *map = json!({});
    }
    if let Some(map) = map.as_object_mut() {
        map.entry(name).or_insert(value);
    }
}

fn pod(spec: &mut Value, restart_policy: &str) {
    set(spec, "restartPolicy", json!(restart_policy));
    set(spec, "dnsPolicy", json!("ClusterFirst"));
    set(spec, "schedulerName", json!("default-scheduler"));
    set(spec, "securityContext", json!({}));
    set(spec, "terminationGracePeriodSeconds", json!(30));
    for list in ["initContainers", "containers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let latest = container["image"].as_str().is_some_and(|image| image.ends_with(":latest"));
            set(container, "imagePullPolicy", json!(if latest { "Always" } else { "IfNotPresent" }));
            set(container, "resources", json!({}));
            set(container, "terminationMessagePath", json!("/dev/termination-log"));
            set(container, "terminationMessagePolicy", json!("File"));
            for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
                set(port, "protocol", json!("TCP"));
            }
        }
    }
}

fn service(spec: &mut Value) {
    set(spec, "type", json!("ClusterIP"));
    set(spec, "sessionAffinity", json!("None"));
    set(spec, "internalTrafficPolicy", json!("Cluster"));
    set(spec, "ipFamilies", json!(["IPv4"]));
    set(spec, "ipFamilyPolicy", json!("SingleStack"));
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        set(port, "protocol", json!("TCP"));
        let target = port["port"].clone();
        set(port, "targetPort", target);
    }
}
