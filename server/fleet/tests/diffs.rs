//! What Flux would change, against the demo world of the simulator, whose controllers stand still: releases, baselines,
//! hand edits, refusals. Whatever is asked, the cluster only ever gets questions.

#[path = "support/fleet.rs"]
#[expect(dead_code, reason = "other suites need the rest of it")]
mod support;

use std::time::Duration;

use domain::cluster::ClusterStatus;
use domain::diff::change::Class;
use domain::diff::verdict::Verdict;
use domain::drift::{DiffReport, Fidelity};
use domain::object::ObjectRef;
use serde_json::{Value, json};
use simulator::{Cluster, ClusterSpec, Rights};
use tokio::time::timeout;

use support::{Fleet, admin};

/// Far more than anything here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(60);
const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
const HELM: &str = "helm.toolkit.fluxcd.io";
const IN_SYNC: Verdict = Verdict::InSync { ignored: 0, ownership_only: false };
const WILL_CORRECT: Verdict = Verdict::Drifted { will_correct: true, reason: String::new() };

fn object(group: &str, kind: &str, namespace: &str, name: &str) -> ObjectRef {
    ObjectRef {
        cluster: "staging".into(),
        group: group.to_owned(),
        kind: kind.to_owned(),
        namespace: Some(namespace.to_owned()),
        name: name.to_owned(),
    }
}

fn release() -> ObjectRef {
    object(HELM, "HelmRelease", "podinfo", "podinfo")
}

fn podinfo() -> ObjectRef {
    object("apps", "Deployment", "podinfo", "podinfo")
}

fn payments() -> ObjectRef {
    object("apps", "Deployment", "payments", "payments-api")
}

fn password() -> ObjectRef {
    object("", "Secret", "payments", "payments-db")
}

/// A demo cluster that we reach with these rights; what it was asked so far is forgotten.
async fn staging(rights: Rights) -> (Fleet, Cluster) {
    let fleet = Fleet::start(vec![ClusterSpec::demo("staging", 7)]).await;
    let cluster = fleet.simulated("staging").clone();
    let mut request = fleet.request("staging");
    request.kubeconfig = cluster.kubeconfig_for(rights);
    fleet.services.register_cluster(&admin(), request).await.expect("it answers");
    fleet.until("it is connected", |fleet| fleet.status("staging") == ClusterStatus::Connected).await;
    cluster.clear_requests();
    (fleet, cluster)
}

async fn diff(fleet: &Fleet, object: &ObjectRef) -> DiffReport {
    fleet.services.diff(&admin(), object).await.expect("an administrator may")
}

/// The diff once the baseline is there. Baselines are taken in the background and announced to nobody: asks until then.
async fn observed(fleet: &Fleet, object: &ObjectRef) -> DiffReport {
    let observed = async {
        loop {
            let report = diff(fleet, object).await;
            if report.diff.provenance.fidelity == Fidelity::Observed {
                return report;
            }
        }
    };
    timeout(PATIENCE, observed).await.expect("the baseline is taken")
}

/// Requests other than reading and asking for rights.
fn writes(cluster: &Cluster) -> Vec<String> {
    let requests = cluster.requests().into_iter();
    let writing = requests.filter(|request| !matches!(request.method.as_str(), "GET" | "HEAD"));
    let writing = writing.filter(|request| !request.path.starts_with("/apis/authorization.k8s.io/"));
    writing.map(|request| format!("{} {}?{}", request.method, request.path, request.query)).collect()
}

/// The cluster was asked what would be, and nothing else.
fn assert_only_questions(cluster: &Cluster) {
    let writes = writes(cluster);
    assert!(!writes.is_empty(), "nothing was asked");
    for write in writes {
        let (_, query) = write.split_once('?').expect("a query");
        assert!(query.split('&').any(|parameter| parameter == "dryRun=All"), "{write}");
    }
}

#[tokio::test]
async fn what_a_release_installed_is_compared_exactly_and_nothing_is_written() {
    let (fleet, cluster) = staging(Rights::Admin).await;
    let before = cluster.get("Deployment", "podinfo", "podinfo");
    let report = diff(&fleet, &release()).await;
    let kinds: Vec<&str> = report.objects.iter().map(|entry| entry.object.kind.as_str()).collect();
    assert_eq!(kinds, ["Service", "ServiceAccount", "Deployment"]);
    for entry in &report.objects {
        assert_eq!((&entry.verdict, entry.added, entry.removed), (&IN_SYNC, 0, 0), "{}", entry.object);
    }
    assert!(report.conditions.iter().any(|condition| condition.type_ == "Ready"));

    let report = diff(&fleet, &podinfo()).await;
    assert_eq!(report.owner, Some(release()));
    let diff = report.diff;
    assert_eq!((diff.provenance.fidelity, diff.provenance.dry_run), (Fidelity::Exact, true));
    assert!(diff.desired.starts_with("apiVersion: apps/v1\nkind: Deployment\n"), "{}", diff.desired);
    assert_eq!((&diff.desired, diff.changes.len()), (&diff.actual, 0));
    assert_eq!(diff.desired_paths.len(), diff.desired.lines().count());
    assert_only_questions(&cluster);
    assert_eq!(cluster.get("Deployment", "podinfo", "podinfo"), before);
}

#[tokio::test]
async fn a_hand_edit_is_drift_with_the_tool_that_made_it() {
    let (fleet, cluster) = staging(Rights::Admin).await;
    let edit = json!({"spec": {"replicas": 5}});
    cluster.edit("Deployment", "podinfo", "podinfo", "kubectl-edit", &edit).expect("it is there");
    let report = diff(&fleet, &release()).await;
    let first = &report.objects[0];
    assert_eq!((&first.object, &first.verdict, first.added, first.removed), (&podinfo(), &WILL_CORRECT, 1, 1));

    let diff = diff(&fleet, &podinfo()).await.diff;
    assert_eq!(diff.verdict, WILL_CORRECT);
    assert!(diff.desired.contains("\n  replicas: 2\n"), "{}", diff.desired);
    assert!(diff.actual.contains("\n  replicas: 5\n"), "{}", diff.actual);
    let [change] = diff.changes.as_slice() else { panic!("one change: {:?}", diff.changes) };
    assert_eq!((change.path.to_string().as_str(), change.class), ("spec.replicas", Class::Value));
    assert_eq!((&change.desired, &change.actual), (&Some(json!(2)), &Some(json!(5))));
    let blame = change.blame.as_ref().expect("somebody wrote it");
    assert_eq!((blame.manager.as_str(), blame.operation.as_str()), ("kubectl-edit", "Update"));
    assert!(blame.time.is_some());
    assert_only_questions(&cluster);
}

#[tokio::test]
async fn drift_of_a_kustomization_is_seen_against_what_it_was_seen_to_apply() {
    let (fleet, cluster) = staging(Rights::Admin).await;
    let report = observed(&fleet, &payments()).await;
    assert_eq!(report.owner, Some(object(KUSTOMIZE, "Kustomization", "flux-system", "payments")));
    assert_eq!(report.diff.verdict, IN_SYNC);
    let provenance = &report.diff.provenance;
    assert!(provenance.dry_run && provenance.since.is_some(), "{provenance:?}");
    assert!(provenance.revision.as_ref().is_some_and(|revision| revision.contains("@sha1:")), "{provenance:?}");

    let edit = json!({"spec": {"replicas": 9}});
    cluster.edit("Deployment", "payments", "payments-api", "kubectl-scale", &edit).expect("it is there");
    let diff = diff(&fleet, &payments()).await.diff;
    assert_eq!(diff.verdict, WILL_CORRECT);
    let [change] = diff.changes.as_slice() else { panic!("one change: {:?}", diff.changes) };
    assert_eq!((&change.desired, &change.actual), (&Some(json!(3)), &Some(json!(9))));
    assert_eq!(change.blame.as_ref().map(|blame| blame.manager.as_str()), Some("kubectl-scale"));
    assert_only_questions(&cluster);
}

#[tokio::test]
async fn what_kubectl_added_goes_when_flux_takes_its_fields_over() {
    let (fleet, cluster) = staging(Rights::Admin).await;
    observed(&fleet, &payments()).await;
    let edit = json!({"spec": {"template": {"metadata": {"annotations": {"debug": "on"}}}}});
    cluster.edit("Deployment", "payments", "payments-api", "kubectl-edit", &edit).expect("it is there");
    let diff = diff(&fleet, &payments()).await.diff;
    assert_eq!(diff.verdict, WILL_CORRECT);
    assert!(diff.actual.contains("debug: on") || diff.actual.contains("debug: \"on\""), "{}", diff.actual);
    assert!(!diff.desired.contains("debug"), "{}", diff.desired);
    let notes = diff.provenance.notes.join("\n");
    assert!(notes.contains("takes over what kubectl-edit wrote"), "{notes}");
    assert_only_questions(&cluster);
}

#[tokio::test]
async fn a_secret_is_compared_by_digest_and_never_sent() {
    let (fleet, cluster) = staging(Rights::Admin).await;
    let same = observed(&fleet, &password()).await.diff;
    let Verdict::EstimateOnly { differs: false, reason } = &same.verdict else { panic!("{:?}", same.verdict) };
    assert!(reason.contains("by digest"), "{reason}");
    assert_eq!(same.desired, same.actual);

    let stored = cluster.get("Secret", "payments", "payments-db").expect("it is there")["data"].clone();
    cluster.edit("Secret", "payments", "payments-db", "kubectl-edit", &json!({"data": {"password": "bmV3LXZhbHVl"}}));
    let changed = diff(&fleet, &password()).await.diff;
    assert!(matches!(changed.verdict, Verdict::EstimateOnly { differs: true, .. }), "{:?}", changed.verdict);
    let [change] = changed.changes.as_slice() else { panic!("one change: {:?}", changed.changes) };
    assert_eq!((change.path.to_string().as_str(), change.class), ("data.password", Class::Masked));
    let shown = serde_json::to_string(&(same, changed)).expect("plain data");
    for value in stored.as_object().expect("a map").values().filter_map(Value::as_str) {
        assert!(!shown.contains(value), "{value}");
    }
    assert!(!shown.contains("bmV3LXZhbHVl") && !shown.contains("new-value"));
    assert_eq!(writes(&cluster), Vec::<String>::new());
}

#[tokio::test]
async fn a_cluster_that_allows_no_dry_run_gets_an_estimate_that_says_why() {
    let (fleet, cluster) = staging(Rights::Viewer).await;
    let same = observed(&fleet, &payments()).await.diff;
    let Verdict::EstimateOnly { differs: false, reason } = &same.verdict else { panic!("{:?}", same.verdict) };
    assert!(reason.contains("does not allow us a dry-run"), "{reason}");
    assert!(reason.contains("cannot patch resource \"deployments\""), "{reason}");
    assert!(!same.provenance.dry_run);
    cluster.edit("Deployment", "payments", "payments-api", "kubectl-edit", &json!({"spec": {"replicas": 9}}));
    let changed = diff(&fleet, &payments()).await.diff;
    assert!(matches!(changed.verdict, Verdict::EstimateOnly { differs: true, .. }), "{:?}", changed.verdict);
    assert!(changed.actual.contains("replicas: 9") && changed.desired.contains("replicas: 3"), "{}", changed.desired);
    assert_only_questions(&cluster);
}

#[tokio::test]
async fn an_object_that_cannot_be_read_costs_its_own_row_only() {
    let (fleet, cluster) = staging(Rights::Admin).await;
    assert!(cluster.delete("Service", "podinfo", "podinfo"));
    cluster.faults().deny("serviceaccounts");
    let objects = diff(&fleet, &release()).await.objects;
    let missing = Verdict::Missing { will_create: true, reason: String::new() };
    let verdicts: Vec<_> = objects.iter().map(|entry| (entry.object.kind.as_str(), &entry.verdict)).collect();
    let [("Service", first), ("ServiceAccount", Verdict::Unknown { reason }), ("Deployment", last)] =
        verdicts.as_slice()
    else {
        panic!("{verdicts:?}")
    };
    assert_eq!((*first, *last), (&missing, &IN_SYNC));
    assert!(reason.contains("serviceaccounts"), "{reason}");

    let service = diff(&fleet, &object("", "Service", "podinfo", "podinfo")).await.diff;
    assert_eq!((&service.verdict, service.actual.as_str()), (&missing, ""));
    assert!(service.desired.starts_with("apiVersion: v1\nkind: Service\n"), "{}", service.desired);
    assert!(service.problems.iter().any(|problem| problem.message == "The cluster has no such object."));
    assert_only_questions(&cluster);
}

#[tokio::test]
async fn a_release_that_cannot_be_read_says_so_and_its_inventory_is_still_listed() {
    let (fleet, cluster) = staging(Rights::Admin).await;
    cluster.faults().deny("secrets");
    let report = diff(&fleet, &release()).await;
    let problems: Vec<&str> = report.diff.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert!(problems.iter().any(|problem| problem.contains("release Secret podinfo/sh.helm.release.v1.podinfo")));
    assert_eq!(report.objects.len(), 3);
    assert!(
        report.objects.iter().all(|entry| matches!(entry.verdict, Verdict::Unknown { .. })),
        "{:?}",
        report.objects
    );
}
