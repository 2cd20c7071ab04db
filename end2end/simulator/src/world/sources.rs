//! source-controller and the image controllers: new revisions become artifacts, and those who use them act.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::cluster::{self, Cluster};
use crate::world::artifact;
use crate::world::conditions;
use crate::world::director::{Director, Subject, Task, controller_of};

/// Where controllers inside the cluster fetch artifacts.
const FILE_SERVER: &str = "http://source-controller.flux-system.svc.cluster.local.";

impl Director {
    /// Looks at a source once: stores what is new, and reports.
    pub(crate) fn finish_source(&mut self, cluster: &Cluster, subject: &Subject) {
        let Some(object) = subject.get(cluster) else { return };
        if let Some(error) =
            self.plan.unreachable.iter().find(|(name, _)| *name == subject.name).map(|(_, error)| *error)
            && object["status"]["artifact"].is_object()
        {
            self.fail_source(cluster, subject, error);
            return;
        }
        let head = self.head(subject, &object);
        let stored = object["status"]["artifact"]["revision"] == json!(head);
        let image = object["apiVersion"].as_str().is_some_and(|version| version.starts_with("image"));
        let artifact =
            (!stored && !image && subject.kind != "Receiver").then(|| self.artifact(cluster, subject, &head));
        let time = cluster::seconds(self.now(cluster));
        let extra = self.extra_status(subject, &time);
        self.update_status(cluster, subject, controller_of(&subject.kind), |object| {
            mark_handled(object);
            json_patch::merge(&mut object["status"], &extra);
            object["status"]["observedGeneration"] = object["metadata"]["generation"].clone();
            conditions::remove(object, &["Reconciling", "FetchFailed"]);
            if let Some(artifact) = &artifact {
                object["status"]["artifact"] = artifact.clone();
            }
            let (message, kept) = if image || subject.kind == "Receiver" {
                ("successful reconciliation".to_owned(), false)
            } else {
                (format!("stored artifact for revision '{head}'"), true)
            };
            conditions::set(object, "Ready", "True", "Succeeded", &message, &time);
            if kept {
                conditions::set(object, "ArtifactInStorage", "True", "Succeeded", &message, &time);
            }
        });
        if artifact.is_none() {
            let message = format!("no changes since last reconcilation: observed revision '{head}'");
            self.log(cluster, subject, &message, "");
            return;
        }
        let message = format!("stored artifact for revision '{head}'");
        self.log(cluster, subject, &message, "");
        self.event(cluster, subject, controller_of(&subject.kind), "NewArtifact", &message, false);
        self.wake_users(cluster, subject);
    }

    /// The source cannot be reached; its last artifact stays.
    fn fail_source(&mut self, cluster: &Cluster, subject: &Subject, error: &str) {
        const REASON: &str = "GitOperationFailed";
        let time = cluster::seconds(self.now(cluster));
        self.update_status(cluster, subject, controller_of(&subject.kind), |object| {
            mark_handled(object);
            object["status"]["observedGeneration"] = object["metadata"]["generation"].clone();
            conditions::set(object, "FetchFailed", "True", REASON, error, &time);
            conditions::set(object, "Ready", "False", REASON, error, &time);
        });
        self.log(cluster, subject, "Reconciler error", error);
        self.event(cluster, subject, controller_of(&subject.kind), REASON, error, true);
    }

    /// The revision that a source would find now.
    pub(crate) fn head(&mut self, subject: &Subject, object: &Value) -> String {
        if let Some(head) = self.heads.get(subject) {
            return head.clone();
        }
        let head = match subject.kind.as_str() {
            "GitRepository" => format!("main@sha1:{}", self.random.hex(40)),
            "OCIRepository" => format!("6.9.2@sha256:{}", self.random.hex(64)),
            "HelmChart" => object["spec"]["version"].as_str().unwrap_or("*").to_owned(),
            _ => format!("sha256:{}", self.random.hex(64)),
        };
        self.heads.insert(subject.clone(), head.clone());
        head
    }

    fn artifact(&mut self, cluster: &Cluster, subject: &Subject, revision: &str) -> Value {
        self.fetch(subject);
        let (kind, namespace, name) = (subject.kind.to_lowercase(), &subject.namespace, &subject.name);
        let hex = revision.rsplit(':').next().unwrap_or(revision);
        let file = match subject.kind.as_str() {
            "HelmChart" => format!("{name}-{revision}.tgz"),
            "HelmRepository" => format!("index-{hex}.yaml"),
            "OCIRepository" => format!("sha256:{hex}.tgz"),
            _ => format!("{hex}.tar.gz"),
        };
        let path = format!("{kind}/{namespace}/{name}/{file}");
        let (digest, size) = if subject.kind == "GitRepository" {
            let content = artifact::archive(&self.repository_files(cluster, name));
            let facts = (artifact::sha256(&content), content.len());
            cluster.put_artifact(path.clone(), Arc::from(content));
            facts
        } else {
            (self.random.hex(64), 2_000 + self.random.below(90_000))
        };
        json!({
            "url": format!("{FILE_SERVER}/{path}"), "path": path,
            "revision": revision, "digest": format!("sha256:{digest}"), "size": size,
            "lastUpdateTime": cluster::seconds(self.now(cluster)),
        })
    }

    /// The files of a Git repository: one folder for each Kustomization that uses it.
    fn repository_files(&self, cluster: &Cluster, repository: &str) -> Vec<artifact::File> {
        let mut files = Vec::new();
        for (subject, objects) in &self.tree {
            if subject.kind != "Kustomization" || self.fate(&subject.name) == crate::world::demo::Fate::PathNotFound {
                continue;
            }
            let Some(object) = subject.get(cluster) else { continue };
            if object["spec"]["sourceRef"]["name"] == repository
                && let Some(path) = object["spec"]["path"].as_str()
            {
                files.extend(artifact::files(path, objects));
            }
        }
        files
    }

    fn extra_status(&mut self, subject: &Subject, time: &str) -> Value {
        match subject.kind.as_str() {
            "HelmRepository" => {
                let path = format!("helmrepository/{}/{}/index.yaml", subject.namespace, subject.name);
                json!({"url": format!("{FILE_SERVER}/{path}")})
            }
            "HelmChart" => json!({"observedChartName": subject.name}),
            "Receiver" => json!({"webhookPath": format!("/hook/{}", artifact::sha256(subject.name.as_bytes()))}),
            "ImageRepository" => json!({"canonicalImageName": "registry.acme.dev/payments",
                "lastScanResult": {"tagCount": 42, "scanTime": time, "latestTags": ["4.2.0", "4.1.9", "4.1.8"]}}),
            "ImagePolicy" => json!({"latestRef": {"name": "registry.acme.dev/payments", "tag": "4.2.0"}}),
            "ImageUpdateAutomation" => json!({"lastAutomationRunTime": time, "lastPushCommit": self.random.hex(40),
                "lastPushTime": time}),
            _ => json!({}),
        }
    }

    /// Lets the Kustomizations that use a source act on its new revision.
    fn wake_users(&mut self, cluster: &Cluster, source: &Subject) {
        if self.clock.is_some() {
            return;
        }
        let mut paces = 1;
        for object in cluster.list("Kustomization", None) {
            let reference = &object["spec"]["sourceRef"];
            let home = reference["namespace"].as_str().or(object["metadata"]["namespace"].as_str());
            if reference["kind"] == source.kind && reference["name"] == source.name && home == Some(&source.namespace) {
                self.schedule(Task::Begin(Subject::of(&object)), paces);
                paces += 2;
            }
        }
    }
}

/// Notes which request was seen; controllers do so at the end of a run, also of one that did nothing.
pub(crate) fn mark_handled(object: &mut Value) {
    let annotations = &object["metadata"]["annotations"];
    let fields = [
        ("lastHandledReconcileAt", "reconcile.fluxcd.io/requestedAt"),
        ("lastHandledForceAt", "reconcile.fluxcd.io/forceAt"),
        ("lastHandledResetAt", "reconcile.fluxcd.io/resetAt"),
    ];
    let handled: Vec<(&str, Value)> = fields
        .into_iter()
        .filter(|(_, annotation)| annotations[*annotation].is_string())
        .map(|(field, annotation)| (field, annotations[annotation].clone()))
        .collect();
    for (field, token) in handled {
        object["status"][field] = token;
    }
}
