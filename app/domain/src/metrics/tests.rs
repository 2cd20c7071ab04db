//! What series objects of each kind have, written out.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::catalogue::KINDS;

/// The series of an object in a family, one a line, as `value label=value …`.
fn series(family: Family, json: &Value) -> String {
    let mut lines = String::new();
    family.series(&ObjectRef::of(&"prod".into(), json), json, |labels, value| {
        write!(lines, "{value}").unwrap();
        for (name, value) in labels {
            write!(lines, " {name}={value}").unwrap();
        }
        lines.push('\n');
    });
    lines
}

fn object(api_version: &str, kind: &str, spec: Value, status: Value) -> Value {
    json!({
        "apiVersion": api_version, "kind": kind,
        "metadata": {"name": "shop", "namespace": "apps", "uid": "u-1"}, "spec": spec, "status": status,
    })
}

fn ready(mut status: Value) -> Value {
    status["conditions"] = json!([
        {"type": "Reconciling", "status": "True", "reason": "Progressing"},
        {"type": "Ready", "status": "True", "reason": "Succeeded"},
    ]);
    status
}

const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io/v1";
const SOURCE: &str = "source.toolkit.fluxcd.io/v1";
const IMAGE: &str = "image.toolkit.fluxcd.io/v1";
const NOTIFICATION: &str = "notification.toolkit.fluxcd.io/v1";
const OPERATOR: &str = "fluxcd.controlplane.io/v1";

/// What each object of `flux_resource_info` begins with, when it is ready and not suspended.
fn common(kind: &str) -> String {
    format!(
        "1 cluster=prod uid=u-1 kind={kind} name=shop exported_namespace=apps ready=True reason=Succeeded suspended=False"
    )
}

#[test]
fn each_kind_has_the_labels_of_the_requirement() {
    let artifact = || ready(json!({"artifact": {"revision": "main@sha1:abc"}}));
    let source = json!({"kind": "GitRepository", "name": "fleet", "namespace": "flux-system"});
    let cases = [
        (
            object(
                KUSTOMIZE,
                "Kustomization",
                json!({"path": "./apps", "sourceRef": source}),
                ready(json!({
                "lastAttemptedRevision": "main@sha1:new", "lastAppliedRevision": "main@sha1:old"})),
            ),
            " revision=main@sha1:new applied_revision=main@sha1:old source_kind=GitRepository \
             source_namespace=flux-system source_name=fleet path=./apps",
        ),
        (
            object(
                SOURCE,
                "GitRepository",
                json!({"url": "https://git.example/x", "ref": {"branch": "main", "tag": "v1"}}),
                artifact(),
            ),
            " revision=main@sha1:abc url=https://git.example/x ref=v1",
        ),
        (
            object(
                SOURCE,
                "OCIRepository",
                json!({"url": "oci://reg.example/x", "ref": {"tag": "latest", "semver": "1.x"}}),
                artifact(),
            ),
            " revision=main@sha1:abc url=oci://reg.example/x ref=1.x",
        ),
        (
            object(SOURCE, "Bucket", json!({"endpoint": "s3.example", "bucketName": "files"}), artifact()),
            " revision=main@sha1:abc url=s3.example ref=files",
        ),
        (
            object(
                "helm.toolkit.fluxcd.io/v2",
                "HelmRelease",
                json!({"chart": {"spec": {"chart": "shop", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}}),
                ready(json!({"lastAttemptedRevision": "1.3.0", "history": [
                    {"version": 2, "status": "failed", "chartVersion": "1.3.0"},
                    {"version": 1, "status": "deployed", "chartVersion": "1.2.0"}]})),
            ),
            " revision=1.3.0 applied_revision=1.2.0 source_kind=HelmRepository source_namespace=apps source_name=charts",
        ),
        (
            object(
                "helm.toolkit.fluxcd.io/v2",
                "HelmRelease",
                json!({"chartRef": {"kind": "OCIRepository", "name": "shop"}}),
                ready(json!({})),
            ),
            " source_kind=OCIRepository source_namespace=apps source_name=shop",
        ),
        (
            object(
                SOURCE,
                "HelmChart",
                json!({"chart": "shop", "sourceRef": source}),
                ready(json!({"artifact": {"revision": "1.2.0"}})),
            ),
            " revision=1.2.0 source_kind=GitRepository source_namespace=flux-system source_name=fleet",
        ),
        (
            object(
                SOURCE,
                "HelmRepository",
                json!({"url": "https://charts.example"}),
                ready(json!({"artifact": {"revision": "sha256:abc"}})),
            ),
            " revision=sha256:abc url=https://charts.example",
        ),
        (object(NOTIFICATION, "Receiver", json!({"type": "github"}), ready(json!({"webhookPath": "/hook/abc"}))), ""),
        (
            object(IMAGE, "ImageRepository", json!({"image": "reg.example/shop"}), ready(json!({}))),
            " url=reg.example/shop",
        ),
        (
            object(IMAGE, "ImagePolicy", json!({"imageRepositoryRef": {"name": "shop"}}), ready(json!({}))),
            " source_kind=ImageRepository source_namespace=apps source_name=shop",
        ),
        (
            object(IMAGE, "ImageUpdateAutomation", json!({"sourceRef": source}), ready(json!({}))),
            " source_kind=GitRepository source_namespace=flux-system source_name=fleet",
        ),
    ];
    for (json, own) in cases {
        let kind = json["kind"].as_str().unwrap();
        assert_eq!(series(Family::ResourceInfo, &json), format!("{}{own}\n", common(kind)));
    }
}

#[test]
fn kinds_of_the_operator_have_families_of_their_own() {
    let instance = object(
        OPERATOR,
        "FluxInstance",
        json!({"distribution": {"registry": "ghcr.io/fluxcd", "version": "2.x"}}),
        ready(json!({"lastAppliedRevision": "v2.9.4@sha256:abc", "lastAttemptedRevision": "v2.9.5@sha256:def"})),
    );
    let set = object(
        OPERATOR,
        "ResourceSet",
        json!({}),
        ready(json!({
        "lastAppliedRevision": "sha256:abc", "inventory": {"entries": [{"id": "a"}, {"id": "b"}]}})),
    );
    let provider =
        object(OPERATOR, "ResourceSetInputProvider", json!({"url": "https://git.example/o"}), ready(json!({})));
    for (family, json, own) in [
        (Family::InstanceInfo, &instance, " revision=v2.9.4@sha256:abc registry=ghcr.io/fluxcd"),
        (Family::ResourceSetInfo, &set, " revision=sha256:abc resources=2"),
        (Family::InputProviderInfo, &provider, " url=https://git.example/o"),
    ] {
        let kind = json["kind"].as_str().unwrap();
        assert_eq!(series(family, json), format!("{}{own}\n", common(kind)));
        for other in Family::ALL.into_iter().filter(|other| *other != family) {
            assert_eq!(series(other, json), "", "{other:?}");
        }
    }
}

#[test]
fn ready_is_one_of_three_words_and_what_has_no_reconciler_is_ready() {
    let kustomization = |status: &str| {
        let conditions = json!([{"type": "Ready", "status": status, "reason": "BuildFailed"}]);
        object(KUSTOMIZE, "Kustomization", json!({"suspend": true}), json!({"conditions": conditions}))
    };
    let expected = |ready: &str, reason: &str| {
        format!(
            "1 cluster=prod uid=u-1 kind=Kustomization name=shop exported_namespace=apps ready={ready} reason={reason} \
             suspended=True\n"
        )
    };
    for (status, ready) in [("False", "False"), ("Unknown", "Unknown"), ("maybe", "Unknown")] {
        assert_eq!(series(Family::ResourceInfo, &kustomization(status)), expected(ready, "BuildFailed"));
    }
    let new = object(KUSTOMIZE, "Kustomization", json!({"suspend": true}), json!({}));
    assert_eq!(series(Family::ResourceInfo, &new), expected("Unknown", ""));
    let alert = object("notification.toolkit.fluxcd.io/v1beta3", "Alert", json!({}), json!({}));
    assert!(series(Family::ResourceInfo, &alert).contains(" ready=True reason= "));
}

#[test]
fn the_old_families_have_the_shape_that_old_rules_expect() {
    let failed =
        object(KUSTOMIZE, "Kustomization", json!({}), json!({"conditions": [{"type": "Ready", "status": "False"}]}));
    let of = "cluster=prod kind=Kustomization name=shop namespace=apps";
    assert_eq!(
        series(Family::ReconcileCondition, &failed),
        format!(
            "0 {of} type=Ready status=True\n1 {of} type=Ready status=False\n\
             0 {of} type=Ready status=Unknown\n0 {of} type=Ready status=Deleted\n"
        )
    );
    assert_eq!(series(Family::SuspendStatus, &failed), format!("0 {of}\n"));
    let artifact = object(SOURCE, "ExternalArtifact", json!({"suspend": true}), json!({}));
    assert_eq!(series(Family::SuspendStatus, &artifact), "");
    let alert = object("notification.toolkit.fluxcd.io/v1beta3", "Alert", json!({"suspend": true}), json!({}));
    assert_eq!(series(Family::ReconcileCondition, &alert), "");
    assert_eq!(series(Family::SuspendStatus, &alert), "1 cluster=prod kind=Alert name=shop namespace=apps\n");
}

#[test]
fn no_secret_gets_into_a_label() {
    const CANARY: &str = "canary5f3c9a";
    let secrets = [
        format!("https://bob:{CANARY}@git.example/x"),
        format!("https://{CANARY}@git.example/x"),
        format!("https://bob:{CANARY}/{CANARY}@git.example/x"),
        format!("https://git.example/x?sig={CANARY}"),
        format!("https://git.example/x#{CANARY}"),
        format!("./apps?access_token={CANARY}"),
        format!("Bearer {CANARY}"),
    ];
    for secret in &secrets {
        for kind in &KINDS {
            let ns = json!({"name": "shop", "password": CANARY});
            let json = json!({
                "apiVersion": format!("{}/{}", kind.group, kind.versions[0]), "kind": kind.kind,
                "metadata": {"name": "shop", "namespace": "apps", "annotations": {"token": CANARY}},
                "spec": {
                    "url": secret, "endpoint": secret, "image": secret, "path": secret, "address": CANARY,
                    "ref": {"branch": secret}, "distribution": {"registry": secret}, "sourceRef": ns, "values": ns,
                },
                "status": {
                    "webhookPath": format!("/hook/{CANARY}"), "artifact": {"revision": secret},
                    "lastAppliedRevision": secret,
                },
            });
            for family in Family::ALL {
                let series = series(family, &json);
                assert!(!series.contains(CANARY), "{secret} of {}: {series}", kind.kind);
            }
        }
    }
}

#[test]
fn a_url_keeps_what_is_no_credential() {
    for (url, expected) in [
        ("https://git.example:8443/x.git", "https://git.example:8443/x.git"),
        ("ssh://git@git.example/x", "ssh://git.example/x"),
        ("git@git.example:org/x", "git@git.example:org/x"),
        ("oci://reg.example/x@sha256:abc", "oci://reg.example/x@sha256:abc"),
        ("https://[::1]:80/x@y", "https://[::1]:80/x@y"),
        ("https://[::1]/x@y", "https://[::1]/x@y"),
    ] {
        let json = object(SOURCE, "GitRepository", json!({"url": url}), json!({}));
        assert!(series(Family::ResourceInfo, &json).ends_with(&format!(" url={expected}\n")), "{url}");
    }
}

/// Series that one object can have, all families together: what a fleet of so many objects costs at most.
const SERIES_OF_AN_OBJECT: usize = 6;

proptest! {
    #[test]
    fn whatever_an_object_says_its_series_are_few_and_its_values_short(
        kind in 0..KINDS.len(), text in "\\PC{0,400}", fields in proptest::collection::vec("\\PC{0,300}", 8),
    ) {
        let kind = &KINDS[kind];
        let json = json!({
            "apiVersion": format!("{}/v1", kind.group), "kind": kind.kind,
            "metadata": {"name": "shop", "namespace": "apps", "uid": "u-1"},
            "spec": {
                "url": text, "path": fields[0], "ref": {"branch": fields[1], "digest": fields[2]},
                "sourceRef": {"kind": fields[3], "name": fields[4], "namespace": fields[5]},
            },
            "status": {
                "lastAttemptedRevision": fields[6], "lastAppliedRevision": fields[7],
                "conditions": [{"type": "Ready", "status": fields[0], "reason": text}],
            },
        });
        let reference = ObjectRef::of(&"prod".into(), &json);
        let mut count = 0;
        for family in Family::ALL {
            family.series(&reference, &json, |labels, _| {
                count += 1;
                let mut names: Vec<&str> = labels.iter().map(|(name, _)| *name).collect();
                names.sort_unstable();
                names.dedup();
                assert_eq!(names.len(), labels.len(), "a label twice");
                assert!(labels.iter().all(|(_, value)| value.len() <= 260), "{labels:?}");
            });
        }
        prop_assert!(count <= SERIES_OF_AN_OBJECT);
    }
}
