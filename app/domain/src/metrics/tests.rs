//! What series objects of each kind have, written out.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::catalogue::KINDS;

/// The lines of an object in a family.
fn lines(family: Family, json: &Value) -> String {
    let object = ObjectRef::of(&"prod".into(), json);
    let mut text = String::new();
    family.write(&mut text, &object, &Series::of(&object, json).expect("a kind of Flux"));
    text
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

/// The line of an object that is ready and not suspended; `own` is written ` name=value …`.
fn ready_line(family: Family, kind: &str, own: &str) -> String {
    let own: String = own.split_whitespace().map(|label| format!(",{}\"", label.replacen('=', "=\"", 1))).collect();
    format!(
        "{}{{cluster=\"prod\",kind=\"{kind}\",name=\"shop\",exported_namespace=\"apps\",uid=\"u-1\",ready=\"True\",\
         reason=\"Succeeded\",suspended=\"False\"{own}}} 1\n",
        family.name()
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
        assert_eq!(lines(Family::ResourceInfo, &json), ready_line(Family::ResourceInfo, kind, own));
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
        assert_eq!(lines(family, json), ready_line(family, kind, own));
        for other in Family::ALL.into_iter().filter(|other| *other != family) {
            assert_eq!(lines(other, json), "", "{other:?}");
        }
    }
}

#[test]
fn ready_is_one_of_three_words_and_what_has_no_reconciler_is_ready() {
    let kustomization = |status: &str| {
        let conditions = json!([{"type": "Ready", "status": status, "reason": "BuildFailed"}]);
        object(KUSTOMIZE, "Kustomization", json!({"suspend": true}), json!({"conditions": conditions}))
    };
    for (status, ready) in [("False", "False"), ("Unknown", "Unknown"), ("maybe", "Unknown")] {
        let expected = format!(",ready=\"{ready}\",reason=\"BuildFailed\",suspended=\"True\"}} 1\n");
        let line = lines(Family::ResourceInfo, &kustomization(status));
        assert!(line.ends_with(&expected), "{line}");
    }
    let new = lines(Family::ResourceInfo, &object(KUSTOMIZE, "Kustomization", json!({}), json!({})));
    assert!(new.contains(",ready=\"Unknown\",reason=\"\","), "{new}");
    let alert = object("notification.toolkit.fluxcd.io/v1beta3", "Alert", json!({}), json!({}));
    assert!(lines(Family::ResourceInfo, &alert).contains(",ready=\"True\",reason=\"\","));
}

#[test]
fn the_old_families_have_the_shape_that_old_rules_expect() {
    let conditions = json!([{"type": "Ready", "status": "False"}]);
    let failed = object(KUSTOMIZE, "Kustomization", json!({}), json!({"conditions": conditions}));
    let of = "cluster=\"prod\",kind=\"Kustomization\",name=\"shop\",namespace=\"apps\"";
    let condition =
        |status, value| format!("gotk_reconcile_condition{{{of},type=\"Ready\",status=\"{status}\"}} {value}\n");
    let expected = [condition("True", 0), condition("False", 1), condition("Unknown", 0), condition("Deleted", 0)];
    assert_eq!(lines(Family::ReconcileCondition, &failed), expected.concat());
    assert_eq!(lines(Family::SuspendStatus, &failed), format!("gotk_suspend_status{{{of}}} 0\n"));
    let artifact = object(SOURCE, "ExternalArtifact", json!({"suspend": true}), json!({}));
    assert_eq!(lines(Family::SuspendStatus, &artifact), "");
    let alert = object("notification.toolkit.fluxcd.io/v1beta3", "Alert", json!({"suspend": true}), json!({}));
    assert_eq!(lines(Family::ReconcileCondition, &alert), "");
    assert!(lines(Family::SuspendStatus, &alert).ends_with("\"} 1\n"));
}

#[test]
fn a_value_cannot_leave_its_quotes() {
    let json = object(KUSTOMIZE, "Kustomization", json!({"path": "a\\\"} 1\ngröße"}), json!({}));
    let line = lines(Family::ResourceInfo, &json);
    assert!(line.ends_with(",path=\"a\\\\\\\"} 1\\ngröße\"} 1\n"), "{line}");
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
                let lines = lines(family, &json);
                assert!(!lines.contains(CANARY), "{secret} of {}: {lines}", kind.kind);
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
        assert!(lines(Family::ResourceInfo, &json).ends_with(&format!(",url=\"{expected}\"}} 1\n")), "{url}");
    }
}

/// Lines that one object can have, all families together, and bytes of the longest: what a fleet costs at most.
const LINES_OF_AN_OBJECT: usize = 6;
const LONGEST_LINE: usize = 6 * 1024;

proptest! {
    #[test]
    fn whatever_an_object_says_its_lines_are_few_short_and_whole(
        kind in 0..KINDS.len(), text in "\\PC{0,400}", fields in proptest::collection::vec("(?s).{0,300}", 8),
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
        let all: String = Family::ALL.into_iter().map(|family| lines(family, &json)).collect();
        let lines: Vec<&str> = all.split_terminator('\n').collect();
        prop_assert!(lines.len() <= LINES_OF_AN_OBJECT);
        for line in lines {
            prop_assert!(line.len() <= LONGEST_LINE, "{} bytes", line.len());
            prop_assert!(line.starts_with("flux_") || line.starts_with("gotk_"), "{line}");
            prop_assert!(line.ends_with("\"} 1") || line.ends_with("\"} 0"), "{line}");
        }
    }
}
