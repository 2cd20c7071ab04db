//! Rows that tests write.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::object::ObjectRef;
use fleet::clock::Clock;
use fleet::store::{AuditEntry, AuditOutcome, Baseline, ClusterState, StoredCluster, StoredObject};
use secrecy::SecretString;
use serde_json::{Value, json};

/// In everything that must be sealed.
pub(crate) const CANARY: &str = "canary-5f1c0e";

pub(crate) fn cluster(id: &str) -> StoredCluster {
    StoredCluster {
        id: id.into(),
        name: format!("Cluster {id}"),
        description: "west".to_owned(),
        server: "https://192.0.2.1:6443".to_owned(),
        kubeconfig: SecretString::from(format!("token: {CANARY}")),
        allow_unreachable: false,
        created_at: 1,
    }
}

pub(crate) fn cluster_state(id: &str, last_seen: i64) -> ClusterState {
    ClusterState {
        cluster: id.into(),
        kubernetes_version: Some("v1.33.1".to_owned()),
        flux_version: None,
        last_seen: Some(last_seen),
        permissions: Vec::new(),
    }
}

pub(crate) fn object(cluster: &str, name: &str) -> ObjectRef {
    ObjectRef {
        cluster: cluster.into(),
        group: "kustomize.toolkit.fluxcd.io".to_owned(),
        kind: "Kustomization".to_owned(),
        namespace: Some("shop".to_owned()),
        name: name.to_owned(),
    }
}

pub(crate) fn state(cluster: &str, name: &str, value: Value) -> StoredObject {
    StoredObject { object: object(cluster, name), version: "v1".to_owned(), json: value, seen_at: 5 }
}

pub(crate) fn baseline(cluster: &str, revision: &str, value: Value) -> Baseline {
    Baseline {
        object: object(cluster, "web"),
        owner: object(cluster, "apps"),
        revision: revision.to_owned(),
        build: format!("digest of {revision}"),
        captured_at: 1,
        json: value,
        owned_paths: json!({"f:spec": {}}),
    }
}

pub(crate) fn audit(started_at: i64) -> AuditEntry {
    AuditEntry {
        started_at,
        finished_at: None,
        caller: "ada".to_owned(),
        token: None,
        remote: None,
        request_id: None,
        verb: "sync".to_owned(),
        target: "cluster prod".to_owned(),
        cluster: Some("prod".to_owned()),
        namespace: None,
        action: "sync".to_owned(),
        detail: String::new(),
        outcome: AuditOutcome::Succeeded,
        message: String::new(),
    }
}

/// A clock that stands where it was set.
pub(crate) fn clock_at(millis: i64) -> (Clock, Arc<AtomicI64>) {
    let now = Arc::new(AtomicI64::new(millis));
    let shown = now.clone();
    (Clock::new(move || shown.load(Ordering::Relaxed)), now)
}
