//! What the inputs of the targets begin with: the fixtures of the domain, and small examples of each format.

use std::path::Path;

use domain::helm::split_manifest;
use serde_json::{Value, json};

/// What must never come out of anything that masks.
pub const CANARY: &str = "canary-5f3c9a";

fn fixtures() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../app/domain/tests/fixtures/flux");
    let files = std::fs::read_dir(&folder).expect("the fixtures are in the repository");
    let mut paths: Vec<_> = files.map(|file| file.expect("a readable folder").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| std::fs::read_to_string(path).expect("a fixture is text")).collect()
}

/// Flux objects of every kind and version.
#[must_use]
pub fn flux_objects() -> Vec<Value> {
    fixtures().iter().flat_map(|text| split_manifest(text).0).collect()
}

/// Objects that Flux manages, as the API prints them, with what reads them specially.
#[must_use]
pub fn managed_objects() -> Vec<Value> {
    vec![
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {
                "name": "web", "namespace": "shop", "generation": 3, "uid": "5b7a", "resourceVersion": "1001",
                "labels": {"app": "web", "kustomize.toolkit.fluxcd.io/name": "apps"},
                "annotations": {
                    "deployment.kubernetes.io/revision": "2", "kustomize.toolkit.fluxcd.io/ssa": "Merge",
                    "kubectl.kubernetes.io/last-applied-configuration": "{\"kind\":\"Deployment\"}",
                },
                "managedFields": managed_fields(),
            },
            "spec": {
                "replicas": 2, "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{
                    "name": "web", "image": "web:1", "args": ["--token", "x", "--user=bob"],
                    "env": [{"name": "DB_PASSWORD", "value": "x"}, {"name": "MODE", "value": "a"}],
                    "ports": [{"containerPort": 80, "protocol": "TCP"}],
                    "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}, "requests": {"cpu": "0.5"}},
                }]}},
            },
            "status": {"observedGeneration": 3, "replicas": 2, "readyReplicas": 1, "updatedReplicas": 2,
                "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]},
        }),
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "shop"},
            "data": {"password": "aHVudGVyMg=="}, "stringData": {"url": "postgres://u:p@h/d"}, "type": "Opaque",
        }),
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "namespace": "shop"},
            "status": {"phase": "Running", "containerStatuses": [{"name": "web", "ready": false, "restartCount": 4,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}}]},
        }),
        json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"},
            "status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]},
        }),
        json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
            "spec": {"metrics": [{"type": "Resource", "resource": {"name": "cpu"}}, {"type": "Resource"}]},
        }),
        json!({
            "apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "BackOff", "message": "token=x failed",
            "involvedObject": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web"},
            "count": 7, "lastTimestamp": "2026-01-02T03:04:05Z", "metadata": {"name": "e", "annotations":
                {"kustomize.toolkit.fluxcd.io/revision": "main@sha1:abc"}},
        }),
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "tokens.example.org"},
            "status": {"conditions": [{"type": "Established", "status": "True"}]},
        }),
    ]
}

fn managed_fields() -> Value {
    json!([
        {
            "manager": "kustomize-controller", "operation": "Apply", "apiVersion": "apps/v1",
            "time": "2026-01-02T03:04:05Z", "fieldsType": "FieldsV1", "fieldsV1": {
                "f:metadata": {"f:labels": {"f:app": {}}},
                "f:spec": {"f:template": {"f:spec": {"f:containers": {
                    "k:{\"name\":\"web\"}": {".": {}, "f:image": {}, "f:name": {},
                        "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}},
                }}}},
            },
        },
        {
            "manager": "kubectl-edit", "operation": "Update", "apiVersion": "apps/v1",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {"f:replicas": {}, "f:finalizers": {"v:\"x\"": {}, "i:0": {}}}},
        },
    ])
}

/// Every object above as JSON text.
#[must_use]
pub fn objects() -> Vec<Vec<u8>> {
    flux_objects().into_iter().chain(managed_objects()).map(|object| object.to_string().into_bytes()).collect()
}

/// The manifests of the fixtures as they are written, and YAML that other readers stumble over.
#[must_use]
pub fn manifests() -> Vec<Vec<u8>> {
    let difficult = [
        "a: &a [x]\nb: *a\n",
        "a: &a {b: 1}\nc:\n  <<: *a\n  d: 2\n",
        "kind: X\napiVersion: v1\ndata:\n  a: |2-\n      x\n     y\n  b: >+\n    folded\n\n  c: \"\\u0041\\n\"\n",
        "on: yes\noff: 0o14\nold: 014\nhex: 0x1F\nsexagesimal: 190:20:30\nfloat: 1e3\nempty:\ntilde: ~\n",
        "? complex\n: value\n? [a, b]\n: c\n",
        "%YAML 1.1\n---\n!!str 1\n...\n",
        "a: !!binary aGVsbG8=\nb: !custom {x: 1}\n",
        "--- # comment\nkind: List\napiVersion: v1\nitems:\n- {kind: A, apiVersion: v1}\n---\n---\nkind: B\napiVersion: v1",
        "m0: &m0 {a: 1}\nm1: &m1 {<<: *m0, b: [*m0]}\nm2: &m2 {<<: *m1, c: [*m1]}\nm3: {<<: *m2, d: [*m2]}\n",
        "a: 9223372036854775808\nb: -9223372036854775809\nc: .inf\nd: .NaN\ne: 1.0\n",
        "{a: [1, {b: c}], \"d\": 'it''s'}\n",
    ];
    fixtures().into_iter().map(String::into_bytes).chain(texts(&difficult)).collect()
}

/// A kubeconfig that is accepted, and ones that are not.
#[must_use]
pub fn kubeconfigs() -> Vec<Vec<u8>> {
    let accepted = "apiVersion: v1\nkind: Config\ncurrent-context: prod\n\
        clusters:\n- name: c\n  cluster:\n    server: https://prod.example.org:6443\n\
        \u{20}   certificate-authority-data: eA==\n\
        users:\n- name: u\n  user:\n    token: canary-5f3c9a\n\
        contexts:\n- name: prod\n  context: {cluster: c, user: u, namespace: apps}\n";
    let exec =
        accepted.replace("token: canary-5f3c9a", "exec: {apiVersion: client.authentication.k8s.io/v1, command: aws}");
    let files = accepted.replace("certificate-authority-data: eA==", "certificate-authority: /etc/passwd");
    let alias = accepted.replace("user: u", "user: &u u").replace("cluster: c,", "cluster: c, extensions: [*u],");
    let json = r#"{"apiVersion":"v1","kind":"Config","clusters":[{"name":"c","cluster":{"server":"https://h"}}],
        "users":[],"contexts":[{"name":"x","context":{"cluster":"c","user":""}}]}"#;
    texts(&[accepted, &exec, &files, &alias, json]).collect()
}

/// Texts as inputs.
pub fn texts<'a>(texts: &'a [&'a str]) -> impl Iterator<Item = Vec<u8>> + 'a {
    texts.iter().map(|text| text.as_bytes().to_vec())
}
