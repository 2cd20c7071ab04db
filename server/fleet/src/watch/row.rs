//! From a Flux object to its row in lists: a pure function.
//!
//! The health comes from `domain::health`; this file knows where each kind writes its revision, its source and the time
//! of its last activity. Messages are masked here, so that no row ever holds a secret.

use domain::catalogue::{self, HELM, KUSTOMIZE};
use domain::condition::{conditions, find, timestamp_millis};
use domain::health::{Health, Status, flux_health};
use domain::object::ObjectRef;
use domain::resource::ResourceRow;
use serde_json::Value;

use domain::diff::mask::mask_text;

/// The row of a Flux object. `fresh`: the cluster has confirmed it since this process started watching.
#[must_use]
pub fn row(object: &ObjectRef, cluster_name: &str, json: &Value, fresh: bool) -> ResourceRow {
    let report = flux_health(&object.group_kind(), json);
    let suspended = catalogue::by_group_kind(&object.group, &object.kind).is_some_and(|kind| kind.is_suspended(json));
    let revision = revision(object, json);
    let attempted =
        text(json, "/status/lastAttemptedRevision").filter(|attempted| Some(attempted) != revision.as_ref());
    ResourceRow {
        status: Status::of(report.health, is_drifted(report.health, json)),
        health: report.health,
        suspended,
        reason: report.reason,
        message: mask_text(&report.message),
        revision,
        attempted,
        source: source(object, json).map(|source| source_text(&source)),
        last_activity: last_activity(json),
        fresh,
        object: object.clone(),
        cluster_name: cluster_name.to_owned(),
    }
}

/// helm-controller says so itself when drift detection is on.
fn is_drifted(health: Health, json: &Value) -> bool {
    health != Health::Suspended && find(&conditions(json), "Drifted").is_some_and(|condition| condition.is_true())
}

fn text(json: &Value, pointer: &str) -> Option<String> {
    json.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Applied revision of an applier, fetched revision of a source, latest result of the image kinds.
fn revision(object: &ObjectRef, json: &Value) -> Option<String> {
    match object.kind.as_str() {
        "HelmRelease" => deployed_chart_version(json).or_else(|| text(json, "/status/lastAppliedRevision")),
        "ImagePolicy" => latest_image(json),
        "ImageRepository" => text(json, "/status/lastScanResult/revision"),
        "ImageUpdateAutomation" => text(json, "/status/lastPushCommit"),
        "ArtifactGenerator" => text(json, "/status/observedSourcesDigest"),
        _ => text(json, "/status/lastAppliedRevision").or_else(|| text(json, "/status/artifact/revision")),
    }
}

/// Chart version of the newest release that Helm deployed. The history is not in a promised order.
fn deployed_chart_version(json: &Value) -> Option<String> {
    let history = json["status"]["history"].as_array()?;
    let newest = history
        .iter()
        .filter(|release| release["status"] == "deployed")
        .max_by_key(|release| release["version"].as_i64())?;
    newest["chartVersion"].as_str().map(str::to_owned)
}

fn latest_image(json: &Value) -> Option<String> {
    let latest = &json["status"]["latestRef"];
    match (latest["name"].as_str(), latest["tag"].as_str()) {
        (Some(name), Some(tag)) => Some(format!("{name}:{tag}")),
        (Some(name), None) => Some(name.to_owned()),
        // Before Flux 2.6.
        _ => text(json, "/status/latestImage"),
    }
}

/// The object that this one reads from, as its spec names it: source of an applier, repository of a chart or an image
/// policy, provider of an alert.
#[must_use]
pub fn source(object: &ObjectRef, json: &Value) -> Option<ObjectRef> {
    const SOURCE: &str = "source.toolkit.fluxcd.io";
    let spec = &json["spec"];
    let (reference, default_group, default_kind) = match (object.group.as_str(), object.kind.as_str()) {
        (HELM, _) if spec["chartRef"].is_object() => (&spec["chartRef"], SOURCE, ""),
        (HELM, _) => (&spec["chart"]["spec"]["sourceRef"], SOURCE, ""),
        (KUSTOMIZE, _) | (_, "HelmChart" | "ImageUpdateAutomation" | "ExternalArtifact") => {
            (&spec["sourceRef"], SOURCE, "")
        }
        (group, "ImagePolicy") => (&spec["imageRepositoryRef"], group, "ImageRepository"),
        (group, "Alert") => (&spec["providerRef"], group, "Provider"),
        _ => return None,
    };
    let name = reference["name"].as_str()?.to_owned();
    let group = match reference["apiVersion"].as_str() {
        Some(api_version) => api_version.rsplit_once('/').map_or("", |(group, _)| group),
        None => default_group,
    };
    let own_namespace = object.namespace.as_deref();
    Some(ObjectRef {
        cluster: object.cluster.clone(),
        group: group.to_owned(),
        kind: reference["kind"].as_str().unwrap_or(default_kind).to_owned(),
        namespace: reference["namespace"].as_str().or(own_namespace).map(str::to_owned),
        name,
    })
}

fn source_text(source: &ObjectRef) -> String {
    match &source.namespace {
        Some(namespace) => format!("{} {namespace}/{}", source.kind, source.name),
        None => format!("{} {}", source.kind, source.name),
    }
}

/// The latest of all times that a controller writes when it has done something.
fn last_activity(json: &Value) -> Option<i64> {
    let status = &json["status"];
    let history = status["history"].as_array().into_iter().flatten();
    let of_history = history.flat_map(|entry| [&entry["lastReconciled"], &entry["lastDeployed"]]);
    let ready = find(&conditions(json), "Ready").and_then(|condition| condition.since());
    of_history
        .chain([&status["artifact"]["lastUpdateTime"], &status["lastPushTime"], &json["metadata"]["creationTimestamp"]])
        .filter_map(|time| timestamp_millis(time.as_str()?))
        .chain(ready)
        .max()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row_of(json: &Value) -> ResourceRow {
        row(&ObjectRef::of(&"prod".into(), json), "Production", json, true)
    }

    fn object(api_version: &str, kind: &str, spec: &Value, status: &Value) -> Value {
        json!({
            "apiVersion": api_version, "kind": kind,
            "metadata": {"name": "shop", "namespace": "apps", "generation": 1},
            "spec": spec, "status": status,
        })
    }

    #[test]
    fn a_kustomization_shows_applied_and_attempted_revision_and_its_source() {
        let row = row_of(&object(
            "kustomize.toolkit.fluxcd.io/v1",
            "Kustomization",
            &json!({"sourceRef": {"kind": "GitRepository", "name": "fleet", "namespace": "flux-system"}}),
            &json!({
                "lastAppliedRevision": "main@sha1:aaa", "lastAttemptedRevision": "main@sha1:bbb",
                "history": [{"lastReconciled": "2026-01-02T03:04:05Z"}],
                "conditions": [{"type": "Ready", "status": "False", "reason": "BuildFailed", "message": "no such file",
                    "lastTransitionTime": "2026-01-02T03:04:04Z"}],
            }),
        ));
        assert_eq!(row.status, Status::Failed);
        assert_eq!((row.reason.as_str(), row.message.as_str()), ("BuildFailed", "no such file"));
        assert_eq!(row.revision.as_deref(), Some("main@sha1:aaa"));
        assert_eq!(row.attempted.as_deref(), Some("main@sha1:bbb"));
        assert_eq!(row.source.as_deref(), Some("GitRepository flux-system/fleet"));
        assert_eq!(row.last_activity, Some(1_767_323_045_000));
    }

    #[test]
    fn a_helm_release_shows_the_chart_version_that_is_deployed() {
        let row = row_of(&object(
            "helm.toolkit.fluxcd.io/v2",
            "HelmRelease",
            &json!({"chartRef": {"kind": "OCIRepository", "name": "podinfo"}}),
            &json!({
                "lastAttemptedRevision": "6.6.0",
                "history": [
                    {"version": 3, "status": "failed", "chartVersion": "6.6.0"},
                    {"version": 2, "status": "deployed", "chartVersion": "6.5.4"},
                    {"version": 1, "status": "superseded", "chartVersion": "6.5.3"},
                ],
                "conditions": [{"type": "Ready", "status": "True"}, {"type": "Drifted", "status": "True"}],
            }),
        ));
        assert_eq!(row.status, Status::Drifted);
        assert_eq!(row.health, Health::Ready);
        assert_eq!(row.revision.as_deref(), Some("6.5.4"));
        assert_eq!(row.attempted.as_deref(), Some("6.6.0"));
        assert_eq!(row.source.as_deref(), Some("OCIRepository apps/podinfo"));
    }

    #[test]
    fn sources_show_what_they_fetched_and_image_kinds_what_they_found() {
        let git = row_of(&object(
            "source.toolkit.fluxcd.io/v1",
            "GitRepository",
            &json!({}),
            &json!({"artifact": {"revision": "main@sha1:abc", "lastUpdateTime": "2026-01-02T03:04:05Z"}}),
        ));
        assert_eq!(git.revision.as_deref(), Some("main@sha1:abc"));
        assert_eq!((git.attempted, git.source), (None, None));
        assert_eq!(git.last_activity, Some(1_767_323_045_000));
        let policy = row_of(&object(
            "image.toolkit.fluxcd.io/v1",
            "ImagePolicy",
            &json!({"imageRepositoryRef": {"name": "podinfo"}}),
            &json!({"latestRef": {"name": "ghcr.io/stefanprodan/podinfo", "tag": "6.5.4"}}),
        ));
        assert_eq!(policy.revision.as_deref(), Some("ghcr.io/stefanprodan/podinfo:6.5.4"));
        assert_eq!(policy.source.as_deref(), Some("ImageRepository apps/podinfo"));
    }

    #[test]
    fn a_suspended_object_says_so_first_and_is_not_drifted() {
        let row = row_of(&object(
            "helm.toolkit.fluxcd.io/v2",
            "HelmRelease",
            &json!({"suspend": true}),
            &json!({"conditions": [{"type": "Drifted", "status": "True"}]}),
        ));
        assert!(row.suspended);
        assert_eq!(row.status, Status::Suspended);
    }
}
