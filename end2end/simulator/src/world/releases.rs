//! helm-controller: installs and upgrades releases, keeps Helm's storage, corrects drift where it is told to, and
//! stalls.

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
        let annotations = &object["metadata"]["annotations"];
        let requested = &annotations["reconcile.fluxcd.io/requestedAt"];
        let told = |annotation: &str, handled: &str| {
            !requested.is_null() && annotations[annotation] == *requested && object["status"][handled] != *requested
        };
        let forced = told("reconcile.fluxcd.io/forceAt", "lastHandledForceAt");
        let reset = told("reconcile.fluxcd.io/resetAt", "lastHandledResetAt");
        let respecified = object["status"]["observedGeneration"] != object["metadata"]["generation"];
        if self.stalled.as_ref() == Some(subject) {
            if !forced && !reset && !respecified {
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
        let version = self.wanted_version(subject, &object);
        if forced || reset || respecified || deployed.is_null() || deployed["chartVersion"] != json!(version) {
            self.roll_out(cluster, subject, &object, &version, true);
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

    /// Makes a new revision of a release, good or failed, and writes everything that Helm and the controller write.
    pub(crate) fn roll_out(
        &mut self,
        cluster: &Cluster,
        subject: &Subject,
        object: &Value,
        chart_version: &str,
        good: bool,
    ) {
        let Some(planned) = self.planned(subject) else { return };
        let chart = self.fetch_chart(cluster, object, chart_version);
        let release = self.release(cluster, &planned, object, chart_version, good);
        self.apply_release(cluster, subject);
        self.store_release(cluster, object, &release, good);

        let action = if release.version == 1 { "install" } else { "upgrade" };
        let (number, chart_name) = (release.version, planned.chart);
        let described =
            format!("{}/{}.v{number} with chart {chart_name}@{chart_version}", subject.namespace, subject.name);
        let (reason, message) = match (action, good) {
            ("install", true) => ("InstallSucceeded", format!("Helm install succeeded for release {described}")),
            (_, true) => ("UpgradeSucceeded", format!("Helm upgrade succeeded for release {described}")),
            _ => {
                let deployment = format!("Deployment/{}/checkout-api", subject.namespace);
                let why = format!("resource {deployment} not ready. status: InProgress, message: Available: 2/4");
                ("UpgradeFailed", format!("Helm upgrade failed for release {described}: {why}"))
            }
        };
        let snapshot = snapshot(&release, action);
        let inventory: Vec<Value> = release.objects.iter().map(inventory_entry).collect();
        let failures = if good { Value::Null } else { json!(3) };
        let facts = json!({
            "inventory": {"entries": inventory}, "storageNamespace": subject.namespace, "helmChart": chart,
            "lastAttemptedRevision": chart_version, "lastAttemptedConfigDigest": snapshot["configDigest"],
            "lastAttemptedReleaseAction": action, "lastAttemptedReleaseActionDuration": "4.2s",
            "lastAttemptedGeneration": object["metadata"]["generation"],
            "failures": failures, "upgradeFailures": failures,
        });
        let time = &release.last_deployed;
        self.update_status(cluster, subject, CONTROLLER, |object| {
            mark_handled(object);
            object["status"]["observedGeneration"] = object["metadata"]["generation"].clone();
            let mut history = object["status"]["history"].as_array().cloned().unwrap_or_default();
            for previous in history.iter_mut().filter(|previous| good && previous["status"] == "deployed") {
                previous["status"] = json!("superseded");
            }
            history.insert(0, snapshot);
            history.truncate(KEPT as usize);
            object["status"]["history"] = json!(history);
            json_patch::merge(&mut object["status"], &facts);
            let truth = if good { "True" } else { "False" };
            conditions::remove(object, &["Reconciling", "Stalled"]);
            conditions::set(object, "Released", truth, reason, &message, time);
            conditions::set(object, "Ready", truth, reason, &message, time);
            if !good {
                let stalled = "Failed to upgrade after 3 attempt(s)";
                conditions::set(object, "Stalled", "True", "RetriesExceeded", stalled, time);
            }
        });
        if good {
            self.log(cluster, subject, "release in-sync with desired state", "");
        } else {
            self.log(cluster, subject, "Reconciler error", &message);
        }
        self.event(cluster, subject, CONTROLLER, reason, &message, !good);
    }

    /// Creates or moves the HelmChart of a release, if it has one; returns `namespace/name`.
    fn fetch_chart(&mut self, cluster: &Cluster, object: &Value, chart_version: &str) -> Option<String> {
        let mut chart = flux_objects::helm_chart(object)?;
        chart["spec"]["version"] = json!(chart_version);
        let subject = Subject::of(&chart);
        self.heads.insert(subject.clone(), chart_version.to_owned());
        if let Err(status) = self.put(cluster, chart, CONTROLLER) {
            tracing::warn!(?status, "the world cannot write a chart");
        }
        self.finish_source(cluster, &subject);
        Some(format!("{}/{}", subject.namespace, subject.name))
    }

    /// Writes the Secret of a revision; a good one supersedes the deployed ones, and the oldest goes.
    fn store_release(&self, cluster: &Cluster, object: &Value, release: &Release, good: bool) {
        let secret = |version: u64| format!("sh.helm.release.v1.{}.v{version}", release.name);
        for previous in object["status"]["history"].as_array().into_iter().flatten() {
            if good
                && previous["status"] == "deployed"
                && let Some(version) = previous["version"].as_u64()
            {
                // Helm's lists read the label.
                let patch = json!({"metadata": {"labels": {"status": "superseded"}}});
                cluster.edit("Secret", &release.namespace, &secret(version), CONTROLLER, &patch);
            }
        }
        if let Err(status) = self.put(cluster, release.secret(), CONTROLLER) {
            tracing::warn!(?status, "the world cannot store a release");
        }
        if let Some(old) = release.version.checked_sub(KEPT) {
            cluster.delete("Secret", &release.namespace, &secret(old));
        }
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
        cluster: &Cluster,
        planned: &ReleasePlan,
        object: &Value,
        chart_version: &str,
        good: bool,
    ) -> Release {
        let subject = Subject::of(object);
        let newest = &object["status"]["history"][0];
        let version = newest["version"].as_u64().unwrap_or(0) + 1;
        let time = cluster::seconds(self.now(cluster));
        let description = match (good, version) {
            (true, 1) => "Install complete".to_owned(),
            (true, _) => "Upgrade complete".to_owned(),
            _ => format!("Upgrade \"{}\" failed: context deadline exceeded", planned.name),
        };
        Release {
            name: subject.name.clone(),
            namespace: subject.namespace.clone(),
            version,
            status: if good { "deployed" } else { "failed" }.to_owned(),
            description,
            chart: planned.chart.to_owned(),
            chart_version: chart_version.to_owned(),
            app_version: chart_version.to_owned(),
            first_deployed: newest["firstDeployed"].as_str().unwrap_or(&time).to_owned(),
            last_deployed: time,
            defaults: json!({"replicaCount": 1, "resources": {}, "nodeSelector": {}}),
            values: object["spec"]["values"].clone(),
            objects: self.rendered(&subject),
        }
    }
}

/// The entry of `status.history` for a revision.
fn snapshot(release: &Release, action: &str) -> Value {
    let digest = |text: String| format!("sha256:{}", artifact::sha256(text.as_bytes()));
    json!({
        "apiVersion": "v2", "name": release.name, "namespace": release.namespace, "version": release.version,
        "status": release.status, "action": action, "chartName": release.chart, "chartVersion": release.chart_version,
        "appVersion": release.app_version, "firstDeployed": release.first_deployed,
        "lastDeployed": release.last_deployed, "configDigest": digest(release.values.to_string()),
        "digest": digest(release.manifest()),
    })
}
