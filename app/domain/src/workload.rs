//! Health of objects that Flux manages and does not define: Deployments, Pods, Jobs, claims, definitions.
//!
//! Follows kstatus, which Flux itself waits with, and says what is missing in numbers. Kinds that are not listed are
//! judged by their conditions; an object without any is ready, because it exists and says nothing else.

use serde_json::Value;

use crate::condition::{Condition, conditions, find, timestamp_millis};
use crate::health::{Health, HealthReport};
use crate::object::GroupKind;

/// Health of any object that is not a Flux kind.
#[must_use]
pub fn workload_health(kind: &GroupKind, object: &Value) -> HealthReport {
    if let Some(deleted) = object["metadata"]["deletionTimestamp"].as_str() {
        let since = timestamp_millis(deleted);
        return HealthReport { since, ..HealthReport::new(Health::Terminating, "Deleting", "Deletion was requested") };
    }
    let generation = object["metadata"]["generation"].as_i64();
    let observed = object["status"]["observedGeneration"].as_i64();
    if let (Some(observed), Some(generation)) = (observed, generation)
        && observed < generation
    {
        let message = format!("Waiting for the controller to see generation {generation}");
        return HealthReport::new(Health::Progressing, "Progressing", message);
    }
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("apps", "Deployment") => deployment(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps", "DaemonSet") => daemon_set(object),
        ("apps", "ReplicaSet") => replicas(object, "readyReplicas"),
        ("", "Pod") => pod(object),
        ("batch", "Job") => job(object),
        ("", "PersistentVolumeClaim") => claim(object),
        ("", "Service") => service(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        _ => by_conditions(object),
    }
}

fn count(object: &Value, field: &str) -> i64 {
    object["status"][field].as_i64().unwrap_or(0)
}

fn wanted_replicas(object: &Value) -> i64 {
    object["spec"]["replicas"].as_i64().unwrap_or(1)
}

/// `have` of `want` are `what`: ready when all are.
fn of(have: i64, want: i64, what: &str) -> HealthReport {
    let message = format!("{have} of {want} {what}");
    if have >= want {
        HealthReport::new(Health::Ready, "", message)
    } else {
        HealthReport::new(Health::Progressing, "Progressing", message)
    }
}

/// The first report that is not ready, else the last one.
fn first_unready(reports: impl IntoIterator<Item = HealthReport>) -> HealthReport {
    let mut last = HealthReport::new(Health::Ready, "", "");
    for report in reports {
        if report.health != Health::Ready {
            return report;
        }
        last = report;
    }
    last
}

fn replicas(object: &Value, field: &str) -> HealthReport {
    of(count(object, field), wanted_replicas(object), "replicas ready")
}

fn deployment(object: &Value) -> HealthReport {
    let conditions = conditions(object);
    let progressing = find(&conditions, "Progressing");
    if let Some(condition) = progressing.filter(|condition| condition.reason == "ProgressDeadlineExceeded") {
        let summary = replicas(object, "readyReplicas").message;
        let report = HealthReport::from_condition(Health::Failed, condition);
        return HealthReport { message: format!("{summary}; {}", condition.message), ..report };
    }
    let want = wanted_replicas(object);
    let updated = count(object, "updatedReplicas");
    let surplus = count(object, "replicas") - updated;
    let old = match surplus {
        ..=0 => HealthReport::new(Health::Ready, "", ""),
        _ => HealthReport::new(Health::Progressing, "Progressing", format!("{surplus} old replicas are leaving")),
    };
    first_unready([
        of(updated, want, "replicas updated"),
        old,
        of(count(object, "availableReplicas"), want, "replicas available"),
        of(count(object, "readyReplicas"), want, "replicas ready"),
    ])
}

fn stateful_set(object: &Value) -> HealthReport {
    let want = wanted_replicas(object);
    let strategy = &object["spec"]["updateStrategy"];
    if strategy["type"] == "OnDelete" {
        return replicas(object, "readyReplicas");
    }
    let partition = strategy["rollingUpdate"]["partition"].as_i64().unwrap_or(0).clamp(0, want);
    first_unready([
        of(count(object, "updatedReplicas"), want - partition, "replicas updated"),
        of(count(object, "readyReplicas"), want, "replicas ready"),
    ])
}

fn daemon_set(object: &Value) -> HealthReport {
    let want = count(object, "desiredNumberScheduled");
    let updated = of(count(object, "updatedNumberScheduled"), want, "pods updated");
    let ready = of(count(object, "numberReady"), want, "pods ready");
    if object["spec"]["updateStrategy"]["type"] == "OnDelete" { ready } else { first_unready([updated, ready]) }
}

/// Reasons of a waiting container that a wait alone does not end.
const STUCK: [&str; 7] = [
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];

fn pod(object: &Value) -> HealthReport {
    let status = &object["status"];
    let reason = status["reason"].as_str().unwrap_or_default();
    let message = status["message"].as_str().unwrap_or_default();
    match status["phase"].as_str().unwrap_or_default() {
        "Succeeded" => return HealthReport::new(Health::Ready, "Completed", "All containers finished"),
        "Failed" => return HealthReport::new(Health::Failed, reason, message),
        _ => {}
    }
    let containers = |field: &str| status[field].as_array().into_iter().flatten().collect::<Vec<_>>();
    let own = containers("containerStatuses");
    for container in containers("initContainerStatuses").into_iter().chain(own.iter().copied()) {
        let waiting = &container["state"]["waiting"];
        if let Some(reason) = waiting["reason"].as_str().filter(|reason| STUCK.contains(reason)) {
            let name = container["name"].as_str().unwrap_or_default();
            let detail = waiting["message"].as_str().unwrap_or("The container does not start");
            return HealthReport::new(Health::Failed, reason, format!("{name}: {detail}"));
        }
    }
    let conditions = conditions(object);
    let unschedulable = find(&conditions, "PodScheduled").filter(|condition| condition.is_false());
    if let Some(condition) = unschedulable {
        return HealthReport::from_condition(Health::Progressing, condition);
    }
    let want = object["spec"]["containers"].as_array().map_or(own.len(), Vec::len);
    let ready = own.iter().filter(|container| container["ready"] == true).count();
    let message = format!("{ready} of {want} containers ready");
    match find(&conditions, "Ready") {
        Some(condition) if condition.is_true() => {
            HealthReport { message, ..HealthReport::from_condition(Health::Ready, condition) }
        }
        Some(condition) => HealthReport { message, ..HealthReport::from_condition(Health::Progressing, condition) },
        None => HealthReport::new(Health::Progressing, "Pending", message),
    }
}

fn job(object: &Value) -> HealthReport {
    let conditions = conditions(object);
    let holds = |type_: &str| find(&conditions, type_).filter(|condition| condition.is_true());
    if let Some(condition) = holds("Failed") {
        return HealthReport::from_condition(Health::Failed, condition);
    }
    if let Some(condition) = holds("Complete") {
        return HealthReport {
            message: "Completed".to_owned(),
            ..HealthReport::from_condition(Health::Ready, condition)
        };
    }
    if object["spec"]["suspend"] == true {
        return HealthReport::new(Health::Suspended, "Suspended", "The job is suspended");
    }
    let (active, failed) = (count(object, "active"), count(object, "failed"));
    let message = format!("{active} pods active, {failed} failed");
    // A job that runs is what was applied: Flux counts it as current as soon as it has started.
    let health = if object["status"]["startTime"].is_string() { Health::Ready } else { Health::Progressing };
    HealthReport::new(health, "Running", message)
}

fn claim(object: &Value) -> HealthReport {
    match object["status"]["phase"].as_str().unwrap_or("Pending") {
        "Bound" => HealthReport::new(Health::Ready, "Bound", "Bound to a volume"),
        "Lost" => HealthReport::new(Health::Failed, "Lost", "The volume is gone"),
        phase => HealthReport::new(Health::Progressing, phase, "Not bound to a volume yet"),
    }
}

fn service(object: &Value) -> HealthReport {
    let is_balancer = object["spec"]["type"] == "LoadBalancer";
    let has_address = object["status"]["loadBalancer"]["ingress"].as_array().is_some_and(|list| !list.is_empty());
    if is_balancer && !has_address {
        return HealthReport::new(Health::Progressing, "Pending", "Waiting for a load balancer address");
    }
    HealthReport::new(Health::Ready, "", "")
}

fn definition(object: &Value) -> HealthReport {
    let conditions = conditions(object);
    if let Some(condition) = find(&conditions, "NamesAccepted").filter(|condition| condition.is_false()) {
        return HealthReport::from_condition(Health::Failed, condition);
    }
    match find(&conditions, "Established") {
        Some(condition) if condition.is_true() => HealthReport::from_condition(Health::Ready, condition),
        Some(condition) => HealthReport::from_condition(Health::Progressing, condition),
        None => HealthReport::new(Health::Progressing, "Installing", "Not established yet"),
    }
}

fn by_conditions(object: &Value) -> HealthReport {
    let conditions = conditions(object);
    let holds = |type_: &str| find(&conditions, type_).filter(|condition| condition.is_true());
    if let Some(condition) = holds("Reconciling") {
        return HealthReport::from_condition(Health::Progressing, condition);
    }
    if let Some(condition) = holds("Stalled") {
        return HealthReport::from_condition(Health::Stalled, condition);
    }
    let ready = find(&conditions, "Ready").or_else(|| find(&conditions, "Available"));
    ready.map_or_else(|| HealthReport::new(Health::Ready, "", ""), by_ready)
}

fn by_ready(ready: &Condition) -> HealthReport {
    let health = if ready.is_true() {
        Health::Ready
    } else if ready.is_false() {
        Health::Failed
    } else {
        Health::Progressing
    };
    HealthReport::from_condition(health, ready)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(group: &str, kind: &str, object: &Value) -> (Health, String) {
        let report = workload_health(&GroupKind::new(group, kind), object);
        (report.health, report.message)
    }

    fn deployment(ready: i64, conditions: &Value) -> Value {
        json!({
            "metadata": {"generation": 1}, "spec": {"replicas": 3},
            "status": {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3,
                "readyReplicas": ready, "conditions": conditions},
        })
    }

    #[test]
    fn a_deployment_is_ready_when_all_replicas_are() {
        let expected = (Health::Progressing, "2 of 3 replicas ready".to_owned());
        assert_eq!(report("apps", "Deployment", &deployment(2, &json!([]))), expected);
        assert_eq!(report("apps", "Deployment", &deployment(3, &json!([]))).0, Health::Ready);
        let late = json!([
            {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"},
        ]);
        let expected = (Health::Failed, "1 of 3 replicas ready; timed out".to_owned());
        assert_eq!(report("apps", "Deployment", &deployment(1, &late)), expected);
    }

    #[test]
    fn an_unseen_generation_and_a_deletion_come_first() {
        let mut object = deployment(3, &json!([]));
        object["metadata"]["generation"] = json!(2);
        assert_eq!(report("apps", "Deployment", &object).0, Health::Progressing);
        object["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
        assert_eq!(report("apps", "Deployment", &object).0, Health::Terminating);
    }

    #[test]
    fn a_stateful_set_respects_its_partition() {
        let object = json!({
            "spec": {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
            "status": {"updatedReplicas": 1, "readyReplicas": 3},
        });
        assert_eq!(report("apps", "StatefulSet", &object), (Health::Ready, "3 of 3 replicas ready".to_owned()));
    }

    #[test]
    fn a_daemon_set_counts_scheduled_pods() {
        let object = json!({"status": {"desiredNumberScheduled": 4, "updatedNumberScheduled": 4, "numberReady": 3}});
        assert_eq!(report("apps", "DaemonSet", &object), (Health::Progressing, "3 of 4 pods ready".to_owned()));
    }

    #[test]
    fn a_pod_that_cannot_start_has_failed() {
        let object = json!({
            "spec": {"containers": [{"name": "app"}]},
            "status": {"phase": "Pending", "containerStatuses": [
                {"name": "app", "ready": false,
                    "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such tag"}}},
            ]},
        });
        assert_eq!(report("", "Pod", &object), (Health::Failed, "app: no such tag".to_owned()));
        let running = json!({
            "spec": {"containers": [{"name": "a"}, {"name": "b"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}],
                "containerStatuses": [{"name": "a", "ready": true}, {"name": "b", "ready": false}]},
        });
        assert_eq!(report("", "Pod", &running), (Health::Progressing, "1 of 2 containers ready".to_owned()));
        assert_eq!(report("", "Pod", &json!({"status": {"phase": "Succeeded"}})).0, Health::Ready);
    }

    #[test]
    fn jobs_claims_services_and_definitions_have_rules_of_their_own() {
        let failed = json!({"status": {"conditions": [{"type": "Failed", "status": "True", "message": "backoff"}]}});
        assert_eq!(report("batch", "Job", &failed), (Health::Failed, "backoff".to_owned()));
        assert_eq!(report("", "PersistentVolumeClaim", &json!({"status": {"phase": "Bound"}})).0, Health::Ready);
        assert_eq!(report("", "PersistentVolumeClaim", &json!({})).0, Health::Progressing);
        assert_eq!(report("", "Service", &json!({"spec": {"type": "LoadBalancer"}})).0, Health::Progressing);
        assert_eq!(report("", "Service", &json!({"spec": {"type": "ClusterIP"}})).0, Health::Ready);
        let group = "apiextensions.k8s.io";
        let established = json!({"status": {"conditions": [{"type": "Established", "status": "True"}]}});
        assert_eq!(report(group, "CustomResourceDefinition", &established).0, Health::Ready);
        assert_eq!(report(group, "CustomResourceDefinition", &json!({})).0, Health::Progressing);
    }

    #[test]
    fn other_kinds_are_judged_by_their_conditions() {
        assert_eq!(report("", "ConfigMap", &json!({})).0, Health::Ready);
        let unready = json!({"status": {"conditions": [{"type": "Ready", "status": "False", "message": "no"}]}});
        assert_eq!(report("cert-manager.io", "Certificate", &unready), (Health::Failed, "no".to_owned()));
    }
}
