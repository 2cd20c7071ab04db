//! kustomize-controller: applies what Git holds, prunes what it no longer holds, waits for health, and reports.

use serde_json::{Value, json};

use crate::catalogue::{self, RESOURCES};
use crate::cluster::{self, Cluster};
use crate::world::artifact;
use crate::world::conditions;
use crate::world::demo::Fate;
use crate::world::director::{Director, Subject, Task};
use crate::world::sources::mark_handled;

const CONTROLLER: &str = "kustomize-controller";
/// The manager of statuses, apart from that of what is applied.
pub(crate) const STATUS_MANAGER: &str = "gotk-kustomize-controller";
/// Revisions kept in `status.history`.
const HISTORY: usize = 5;
/// Paces after which a Kustomization that waits or fails tries again.
const RETRY: u32 = 60;

/// What came out of a run.
struct Outcome {
    reason: &'static str,
    message: String,
    /// Inventory and digest, when objects were applied.
    applied: Option<(Value, String)>,
}

impl Director {
    /// Runs a Kustomization once.
    pub(crate) fn finish_kustomization(&mut self, cluster: &Cluster, subject: &Subject) {
        let Some(object) = subject.get(cluster) else { return };
        if !object["metadata"]["deletionTimestamp"].is_null() {
            self.finalize_kustomization(cluster, subject, &object);
            return;
        }
        let revision = self.source_revision(cluster, &object);
        let outcome = self.run(cluster, subject, &object, &revision);
        let ready = outcome.reason == "ReconciliationSucceeded";
        let time = cluster::seconds(self.now(cluster));
        let took = format!("{}ms", 180 + self.random.below(900));
        self.update_status(cluster, subject, STATUS_MANAGER, |object| {
            mark_handled(object);
            object["status"]["observedGeneration"] = object["metadata"]["generation"].clone();
            object["status"]["lastAttemptedRevision"] = json!(revision);
            if let Some((inventory, digest)) = &outcome.applied {
                object["status"]["inventory"] = inventory.clone();
                remember(&mut object["status"], digest, &revision, outcome.reason, &took, &time);
            }
            let reason = outcome.reason;
            if ready {
                object["status"]["lastAppliedRevision"] = json!(revision);
                conditions::remove(object, &["Reconciling"]);
                conditions::set(object, "Ready", "True", reason, &outcome.message, &time);
                let passed = format!("Health check passed in {took}");
                conditions::set(object, "Healthy", "True", "Succeeded", &passed, &time);
            } else {
                conditions::set(object, "Reconciling", "True", "ProgressingWithRetry", &outcome.message, &time);
                conditions::set(object, "Ready", "False", reason, &outcome.message, &time);
                if reason == "HealthCheckFailed" {
                    conditions::set(object, "Healthy", "False", reason, &outcome.message, &time);
                }
            }
        });
        if ready {
            let message = format!("Reconciliation finished in {took}, next run in 10m0s");
            self.log(cluster, subject, &message, "");
            self.event(cluster, subject, CONTROLLER, outcome.reason, &message, false);
        } else {
            self.log(cluster, subject, "Reconciler error", &outcome.message);
            self.event(cluster, subject, CONTROLLER, outcome.reason, &outcome.message, true);
            if self.clock.is_none() {
                self.schedule(Task::Begin(subject.clone()), RETRY);
            }
        }
    }

    fn run(&mut self, cluster: &Cluster, subject: &Subject, object: &Value, revision: &str) -> Outcome {
        let failed = |reason, message| Outcome { reason, message, applied: None };
        if revision.is_empty() {
            return failed("ArtifactFailed", "Source artifact not found, retrying in 30s".to_owned());
        }
        if self.fate(&subject.name) == Fate::PathNotFound {
            let path = object["spec"]["path"].as_str().unwrap_or_default().trim_start_matches("./");
            let message = format!(
                "kustomization path not found: stat /tmp/kustomization-2418736591/{path}: no such file or directory"
            );
            return failed("ArtifactFailed", message);
        }
        if let Some(dependency) = unready_dependency(cluster, object) {
            return failed("DependencyNotReady", format!("dependency '{dependency}' is not ready"));
        }
        let applied = self.apply_tree(cluster, subject, object);
        let unhealthy = self.unhealthy(&applied.0);
        if unhealthy.is_empty() {
            let message = format!("Applied revision: {revision}");
            return Outcome { reason: "ReconciliationSucceeded", message, applied: Some(applied) };
        }
        let message = format!("health check failed after 5m0.02s: timeout waiting for: [{}]", unhealthy.join(", "));
        Outcome { reason: "HealthCheckFailed", message, applied: Some(applied) }
    }

    /// Applies the objects that Git holds for a Kustomization, and prunes. Returns the inventory and the digest.
    pub(crate) fn apply_tree(&mut self, cluster: &Cluster, subject: &Subject, object: &Value) -> (Value, String) {
        let objects = self.tree.get(subject).cloned().unwrap_or_default();
        let digest = artifact::sha256(json!(objects).to_string().as_bytes());
        let (mut entries, mut changes) = (Vec::new(), Vec::new());
        for mut desired in objects {
            entries.push(inventory_entry(&desired));
            desired["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = json!(subject.name);
            desired["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/namespace"] = json!(subject.namespace);
            let action = self.apply(cluster, &desired, CONTROLLER);
            if action != "unchanged" {
                let one = Subject::of(&desired);
                changes.push(format!("{}/{}/{} {action}", one.kind, one.namespace, one.name));
            }
        }
        for stale in object["status"]["inventory"]["entries"].as_array().into_iter().flatten() {
            if !entries.contains(stale)
                && let Some(stale) = entry_subject(stale)
                && cluster.delete(&stale.kind, &stale.namespace, &stale.name)
            {
                changes.push(format!("{}/{}/{} deleted", stale.kind, stale.namespace, stale.name));
            }
        }
        if !changes.is_empty() && self.clock.is_none() {
            let message = changes.join("\n");
            self.log(cluster, subject, "server-side apply completed", "");
            self.event(cluster, subject, CONTROLLER, "Progressing", &message, false);
        }
        (json!({"entries": entries}), digest)
    }

    /// The workloads of an inventory whose pods crash, as a health check words them.
    fn unhealthy(&self, inventory: &Value) -> Vec<String> {
        inventory["entries"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(entry_subject)
            .filter_map(|one| {
                let crash = self.crash_of(&one)?;
                let (kind, namespace, name) = (&one.kind, &one.namespace, &one.name);
                (kind == "Deployment").then(|| {
                    format!("{kind}/{namespace}/{name} status: 'InProgress': Available: {}/{}", crash.healthy, 2)
                })
            })
            .collect()
    }

    fn source_revision(&self, cluster: &Cluster, object: &Value) -> String {
        let reference = &object["spec"]["sourceRef"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let home = reference["namespace"].as_str().or(object["metadata"]["namespace"].as_str()).unwrap_or_default();
        let source = Subject::new(&text(&reference["kind"]), home, &text(&reference["name"]));
        source.get(cluster).map(|source| text(&source["status"]["artifact"]["revision"])).unwrap_or_default()
    }

    /// Prunes what a deleted Kustomization applied, unless it is suspended, and lets it go.
    fn finalize_kustomization(&mut self, cluster: &Cluster, subject: &Subject, object: &Value) {
        let prune = object["spec"]["prune"] == true && object["spec"]["suspend"] != true;
        for entry in object["status"]["inventory"]["entries"].as_array().into_iter().flatten().filter(|_| prune) {
            if let Some(one) = entry_subject(entry) {
                cluster.delete(&one.kind, &one.namespace, &one.name);
            }
        }
        cluster.delete(&subject.kind, &subject.namespace, &subject.name);
    }
}

fn unready_dependency(cluster: &Cluster, object: &Value) -> Option<String> {
    let own = object["metadata"]["namespace"].as_str().unwrap_or_default();
    object["spec"]["dependsOn"].as_array()?.iter().find_map(|dependency| {
        let name = dependency["name"].as_str()?;
        let namespace = dependency["namespace"].as_str().unwrap_or(own);
        let ready = cluster.get("Kustomization", namespace, name).is_some_and(|other| {
            conditions::is_true(&other, "Ready")
                && other["metadata"]["generation"] == other["status"]["observedGeneration"]
        });
        (!ready).then(|| format!("{namespace}/{name}"))
    })
}

/// `<namespace>_<name>_<group>_<kind>` and the version.
pub(crate) fn inventory_entry(object: &Value) -> Value {
    let subject = Subject::of(object);
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let name = subject.name.replace(':', "__");
    json!({"id": format!("{}_{name}_{group}_{}", subject.namespace, subject.kind), "v": version})
}

/// The object that an entry names, when its kind is served.
pub(crate) fn entry_subject(entry: &Value) -> Option<Subject> {
    let (namespace, rest) = entry["id"].as_str()?.split_once('_')?;
    let (rest, kind) = rest.rsplit_once('_')?;
    let (name, group) = rest.rsplit_once('_')?;
    let row = &RESOURCES[catalogue::find_kind(kind)?];
    (row.group == group).then(|| Subject::new(kind, namespace, &name.replace("__", ":")))
}

/// Keeps the newest runs; runs of one digest with one result are one entry.
fn remember(status: &mut Value, digest: &str, revision: &str, reason: &str, took: &str, time: &str) {
    let digest = format!("sha256:{digest}");
    let mut history = status["history"].as_array().cloned().unwrap_or_default();
    let same = history
        .first()
        .is_some_and(|newest| newest["digest"] == json!(digest) && newest["lastReconciledStatus"] == reason);
    if same {
        let newest = &mut history[0];
        newest["lastReconciled"] = json!(time);
        newest["lastReconciledDuration"] = json!(took);
        newest["totalReconciliations"] = json!(newest["totalReconciliations"].as_u64().unwrap_or(0) + 1);
        newest["metadata"]["revision"] = json!(revision);
    } else {
        history.insert(
            0,
            json!({
                "digest": digest, "firstReconciled": time, "lastReconciled": time, "lastReconciledDuration": took,
                "lastReconciledStatus": reason, "totalReconciliations": 1, "metadata": {"revision": revision},
            }),
        );
        history.truncate(HISTORY);
    }
    status["history"] = json!(history);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{entry_subject, inventory_entry, remember};
    use crate::world::director::Subject;

    #[test]
    fn an_inventory_entry_names_its_object() {
        let object = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": "system:viewer"}});
        let entry = inventory_entry(&object);
        assert_eq!(entry, json!({"id": "_system__viewer_rbac.authorization.k8s.io_ClusterRole", "v": "v1"}));
        assert_eq!(entry_subject(&entry), Some(Subject::new("ClusterRole", "", "system:viewer")));
    }

    #[test]
    fn history_joins_equal_runs_and_keeps_five() {
        let mut status = json!({});
        remember(&mut status, "a", "r1", "ReconciliationSucceeded", "1s", "t1");
        remember(&mut status, "a", "r2", "ReconciliationSucceeded", "1s", "t2");
        assert_eq!(status["history"][0]["totalReconciliations"], 2);
        assert_eq!(status["history"][0]["firstReconciled"], "t1");
        for digest in ["b", "c", "d", "e", "f"] {
            remember(&mut status, digest, "r3", "ReconciliationSucceeded", "1s", "t3");
        }
        assert_eq!(status["history"].as_array().unwrap().len(), 5);
    }
}
