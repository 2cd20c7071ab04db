//! helm-controller: installs and upgrades releases, keeps Helm's storage, corrects drift where it is told to, and stalls.

use serde_json::{Value, json};

use crate::cluster::{self, Cluster};
use crate::helm::Release;
use crate::world::artifact;
use crate::world::conditions;
use crate::world::demo::ReleasePlan;
use crate::world::director::{Director, Subject};
use crate::world::flux_objects;
use crate::world::kustomizations::inventory_entry;
use crate::world::sources::mark_handled;

const CONTROLLER: &str = "helm-controller";
/// Revisions that Helm keeps.
const KEPT: u64 = 5;

impl Director {
    /// Runs a HelmRelease once.
    pub(crate) fn finish_release(&mut self, cluster: &Cluster, subject: &Subject) {
        let Some(object) = subject.get(cluster) else { return };
        if !object["metadata"]["deletionTimestamp"].is_null() {
            cluster.delete(&subject.kind, &subject.namespace, &subject.name);
            return;
        }
        let annotations = &object["metadata"]["annotations"];
        let requested = &annotations["reconcile.fluxcd.io/requestedAt"];
        let told = |annotation: &str, handled: &str| {
            !requested.is_null() && annotations[annotation] == *requested && object["status"][handled] != *requested
        };
        let forced = told("reconcile.fluxcd.io/forceAt", "lastHandledForceAt");
        let reset = told("reconcile.fluxcd.io/resetAt", "lastHandledResetAt");
        if self.stalled.as_ref() == Some(subject) {
            if !forced && !reset {
                self.update_status(cluster, subject, CONTROLLER, mark_handled);
                self.log(
                    cluster,
                    subject,
                    "Reconciler error",
                    "terminal error: exceeded maximum retries: cannot remediate failed release",
                );
                return;
            }
            self.stalled = None;
            self.crashes.retain(|crash| crash.namespace != subject.namespace);
        }
        let deployed = &object["status"]["history"][0];
        let respecified = object["status"]["observedGeneration"] != object["metadata"]["generation"];
        let version = self.wanted_version(subject, &object);
        if forced || reset || respecified || deployed.is_null() || deployed["chartVersion"] != json!(version) {
            self.roll_out(cluster, subject, &object, &version, "deployed");
        } else {
            let mode = object["spec"]["driftDetection"]["mode"].as_str().unwrap_or("disabled");
            let corrected = if mode == "enabled" { self.apply_release(cluster, subject) } else { Vec::new() };
            self.update_status(cluster, subject, CONTROLLER, |object| {
                mark_handled(object);
                conditions::remove(object, &["Reconciling"]);
            });
            if corrected.is_empty() {
                self.log(cluster, subject, "release in-sync with desired state", "");
            } else {
                let message = format!("Cluster state of release has been corrected:\n{}", corrected.join("\n"));
                self.event(cluster, subject, CONTROLLER, "DriftCorrected", &message, false);
            }
        }
    }

    /// The chart version that a release should run.
    fn wanted_version(&self, subject: &Subject, object: &Value) -> String {
        let source = Subject::new("OCIRepository", &subject.namespace, &subject.name);
        match object["spec"]["chart"]["spec"]["version"].as_str() {
            Some(version) => version.to_owned(),
            None => self.heads.get(&source).and_then(|head| head.split('@').next()).unwrap_or("0.0.0").to_owned(),
        }
    }

    /// Makes a new revision of a release with `status`, and writes everything that Helm and the controller write.
    pub(crate) fn roll_out(
        &mut self,
        cluster: &Cluster,
        subject: &Subject,
        object: &Value,
        chart_version: &str,
        status: &str,
    ) {
        let Some(planned) = self.planned(subject) else { return };
        let number = object["status"]["history"][0]["version"].as_u64().unwrap_or(0) + 1;
        if let Some(chart) = flux_objects::helm_chart(object) {
            let chart_subject = Subject::of(&chart);
            if chart_subject.get(cluster).is_none() && self.put(cluster, chart, CONTROLLER).is_ok() {
                self.finish_source(cluster, &chart_subject);
            }
        }
        let time = cluster::seconds(self.now(cluster));
        let action = if number == 1 { "install" } else { "upgrade" };
        let release = self.release(&planned, object, number, chart_version, status, &time);
        self.apply_release(cluster, subject);
        if status == "deployed" && number > 1 {
            supersede(cluster, &planned, number - 1);
        }
        if let Err(status) = self.put(cluster, release.secret(), CONTROLLER) {
            tracing::warn!(?status, "the world cannot store a release");
        }
        if number > KEPT {
            let old = format!("sh.helm.release.v1.{}.v{}", subject.name, number - KEPT);
            cluster.delete("Secret", &subject.namespace, &old);
        }
        let inventory: Vec<Value> = release.objects.iter().map(inventory_entry).collect();
        let config = artifact::sha256(object["spec"]["values"].to_string().as_bytes());
        let snapshot = json!({
            "apiVersion": "v2", "name": subject.name, "namespace": subject.namespace, "version": number,
            "status": status, "action": action, "chartName": planned.chart, "chartVersion": chart_version,
            "appVersion": release.app_version, "firstDeployed": release.first_deployed, "lastDeployed": time,
            "configDigest": format!("sha256:{config}"),
            "digest": format!("sha256:{}", artifact::sha256(release.manifest().as_bytes())),
        });
        let chart = object["spec"]["chart"].is_object().then(|| format!("{}-{}", subject.namespace, subject.name));
        let good = status == "deployed";
        let described =
            format!("{}/{}.v{number} with chart {}@{chart_version}", subject.namespace, subject.name, planned.chart);
        let (reason, message) = match (action, good) {
            ("install", true) => ("InstallSucceeded", format!("Helm install succeeded for release {described}")),
            (_, true) => ("UpgradeSucceeded", format!("Helm upgrade succeeded for release {described}")),
            _ => (
                "UpgradeFailed",
                format!(
                    "Helm upgrade failed for release {described}: resource Deployment/{}/checkout-api not ready. status: \
                 InProgress, message: Available: 2/4",
                    subject.namespace
                ),
            ),
        };
        self.update_status(cluster, subject, CONTROLLER, |object| {
            mark_handled(object);
            object["status"]["observedGeneration"] = object["metadata"]["generation"].clone();
            let mut history = object["status"]["history"].as_array().cloned().unwrap_or_default();
            if good && let Some(previous) = history.first_mut() {
                previous["status"] = json!("superseded");
            }
            history.insert(0, snapshot);
            history.truncate(KEPT as usize);
            let generation = object["metadata"]["generation"].clone();
            json_patch::merge(&mut object["status"], &json!({
                "history": history, "inventory": {"entries": inventory}, "storageNamespace": subject.namespace,
                "lastAttemptedRevision": chart_version, "lastAttemptedConfigDigest": format!("sha256:{config}"),
                "lastAttemptedReleaseAction": action, "lastAttemptedReleaseActionDuration": "4.2s",
                "lastAttemptedGeneration": generation,
                "helmChart": chart.map(|name| format!("{}/{name}", if planned.name == "checkout" { "flux-system" } else { planned.namespace })),
                "failures": if good { Value::Null } else { json!(3) },
                "upgradeFailures": if good { Value::Null } else { json!(3) },
            }));
            let truth = if good { "True" } else { "False" };
            conditions::remove(object, &["Reconciling", "Stalled"]);
            conditions::set(object, "Released", truth, reason, &message, &time);
            conditions::set(object, "Ready", truth, reason, &message, &time);
            if !good {
                conditions::set(object, "Stalled", "True", "RetriesExceeded", "Failed to upgrade after 3 attempt(s)", &time);
            }
        });
        self.log(
            cluster,
            subject,
            if good { "release in-sync with desired state" } else { "Reconciler error" },
            if good { "" } else { &message },
        );
        self.event(cluster, subject, CONTROLLER, reason, &message, !good);
    }

    /// Applies what the chart renders; returns what changed.
    fn apply_release(&mut self, cluster: &Cluster, subject: &Subject) -> Vec<String> {
        let mut changed = Vec::new();
        for mut object in self.rendered(subject) {
            object["metadata"]["labels"]["app.kubernetes.io/managed-by"] = json!("Helm");
            let annotations = json!({"metadata": {"annotations": {"meta.helm.sh/release-name": subject.name,
                "meta.helm.sh/release-namespace": subject.namespace}}});
            json_patch::merge(&mut object, &annotations);
            let action = self.apply(cluster, &object, CONTROLLER);
            if action != "unchanged" {
                let one = Subject::of(&object);
                changed.push(format!("{}/{}/{} {action}", one.kind, one.namespace, one.name));
            }
        }
        changed
    }

    /// The objects of a release with Flux's labels, as they stand in Helm's storage.
    fn rendered(&self, subject: &Subject) -> Vec<Value> {
        let mut objects = self.tree.get(subject).cloned().unwrap_or_default();
        for object in &mut objects {
            object["metadata"]["labels"]["helm.toolkit.fluxcd.io/name"] = json!(subject.name);
            object["metadata"]["labels"]["helm.toolkit.fluxcd.io/namespace"] = json!(subject.namespace);
        }
        objects
    }

    pub(crate) fn planned(&self, subject: &Subject) -> Option<ReleasePlan> {
        self.plan.releases.iter().find(|one| one.name == subject.name && one.namespace == subject.namespace).cloned()
    }

    fn release(
        &self,
        planned: &ReleasePlan,
        object: &Value,
        version: u64,
        chart_version: &str,
        status: &str,
        time: &str,
    ) -> Release {
        let subject = Subject::of(object);
        let first = object["status"]["history"][0]["firstDeployed"].as_str().unwrap_or(time).to_owned();
        let description = match (status, version) {
            ("deployed", 1) => "Install complete".to_owned(),
            ("deployed", _) => "Upgrade complete".to_owned(),
            _ => format!("Upgrade \"{}\" failed: context deadline exceeded", planned.name),
        };
        Release {
            name: subject.name.clone(),
            namespace: subject.namespace.clone(),
            version,
            status: status.to_owned(),
            description,
            chart: planned.chart.to_owned(),
            chart_version: chart_version.to_owned(),
            app_version: chart_version.to_owned(),
            first_deployed: first,
            last_deployed: time.to_owned(),
            defaults: json!({"replicaCount": 1, "resources": {}, "nodeSelector": {}}),
            values: object["spec"]["values"].clone(),
            objects: self.rendered(&subject),
        }
    }
}

/// Marks the stored revision before as superseded, by its label as Helm's lists read it.
fn supersede(cluster: &Cluster, planned: &ReleasePlan, version: u64) {
    let name = format!("sh.helm.release.v1.{}.v{version}", planned.name);
    let patch = json!({"metadata": {"labels": {"status": "superseded"}}});
    cluster.edit("Secret", planned.namespace, &name, CONTROLLER, &patch);
}
