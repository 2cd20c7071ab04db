//! Clusters from registration to loss and back, and what is done to them, against the simulator in process.

#[path = "support/fleet.rs"]
mod support;

use domain::access::{Grant, Role};
use domain::action::{Action, ActionStage, ReconcileOptions};
use domain::cluster::{ClusterStatus, StepOutcome, UpdateCluster};
use domain::error::ErrorCode;
use domain::protocol::watch::{ServerMessage, Topic};
use fleet::access::Caller;
use futures::StreamExt;
use serde_json::json;
use simulator::{ClusterSpec, Rights};

use support::{Fleet, admin, git_repository, kustomization, reference};

fn failed_step(error: &domain::error::ApiError) -> String {
    let steps = error.details.as_ref().expect("a refusal has its steps")["steps"].as_array().expect("a list").clone();
    let failed = steps.iter().find(|step| step["outcome"] == json!("failed")).expect("one step failed");
    failed["name"].as_str().expect("a name").to_owned()
}

#[tokio::test]
async fn a_registered_cluster_is_listed_with_its_objects_and_follows_changes() {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod")]).await;
    let cluster = fleet.simulated("prod");
    cluster.apply(kustomization("shop", "True"));
    fleet.register("prod").await;
    fleet.until("the object is listed", |fleet| fleet.rows().len() == 1).await;
    let view = &fleet.clusters()[0];
    assert_eq!((view.id.as_str(), view.kubernetes_version.as_deref()), ("prod", Some("v1.36.3")));
    assert!(view.permissions.iter().all(|permission| permission.held), "{:?}", view.permissions);

    cluster.apply(kustomization("shop", "False"));
    fleet.until("the failure arrives", |fleet| fleet.rows()[0].status.word() == "failed").await;
    cluster.apply(kustomization("bank", "True"));
    fleet.until("the new object arrives", |fleet| fleet.rows().len() == 2).await;
    assert!(cluster.delete("Kustomization", "apps", "shop"));
    fleet.until("the deleted object vanishes", |fleet| fleet.names() == ["bank"]).await;
}

#[tokio::test]
async fn a_demo_cluster_has_components_versions_and_every_kind() {
    let fleet = Fleet::start(vec![ClusterSpec::demo("prod", 7)]).await;
    let id = fleet.register("prod").await;
    fleet.until("it is connected", |fleet| fleet.status("prod") == ClusterStatus::Connected).await;
    let detail = fleet.services.cluster(&admin(), &id).expect("registered");
    assert!(detail.cluster.flux_version.is_some());
    assert!(detail.components.iter().any(|component| component.name == "kustomize-controller"));
    let outcome = fleet.services.sync_cluster(&admin(), &id).await.expect("it answers");
    assert_eq!(outcome.total, fleet.rows().len());
    assert!(outcome.kinds.iter().any(|kind| kind.kind == "HelmRelease" && kind.count > 0));
}

#[tokio::test]
async fn a_cluster_that_forgot_where_we_were_is_listed_anew() {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod")]).await;
    let cluster = fleet.simulated("prod");
    fleet.register("prod").await;
    fleet.until("it is connected", |fleet| fleet.status("prod") == ClusterStatus::Connected).await;
    cluster.faults().gone_next_watch();
    cluster.faults().cut_streams();
    cluster.apply(kustomization("shop", "True"));
    cluster.compact();
    fleet.until("the object arrives", |fleet| fleet.names() == ["shop"]).await;
    assert!(!matches!(fleet.status("prod"), ClusterStatus::Unreachable { .. }));
}

#[tokio::test]
async fn a_forbidden_kind_is_a_problem_of_that_kind_only() {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod")]).await;
    let cluster = fleet.simulated("prod");
    cluster.faults().deny("gitrepositories");
    cluster.apply(kustomization("shop", "True"));
    cluster.apply(git_repository("fleet"));
    let id = fleet.register("prod").await;
    fleet.until("it is connected", |fleet| fleet.status("prod") == ClusterStatus::Connected).await;
    assert_eq!(fleet.names(), ["shop"]);
    let problems = fleet.clusters()[0].problems.clone();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.starts_with("GitRepository objects are not shown"), "{}", problems[0].message);
    cluster.faults().allow("gitrepositories");
    let outcome = fleet.services.sync_cluster(&admin(), &id).await.expect("it answers");
    assert_eq!((outcome.total, outcome.problems), (2, Vec::new()));
}

#[tokio::test]
async fn a_lost_cluster_keeps_its_last_truth_comes_back_by_itself_and_delays_nobody() {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod"), ClusterSpec::empty("dev")]).await;
    let cluster = fleet.simulated("prod");
    cluster.apply(kustomization("shop", "True"));
    fleet.register("prod").await;
    fleet.register("dev").await;
    fleet.until("the object is fresh", |fleet| fleet.rows().iter().any(|row| row.fresh)).await;
    cluster.faults().set_down(true);
    fleet.until("the loss is known", |fleet| matches!(fleet.status("prod"), ClusterStatus::Unreachable { .. })).await;
    let rows = fleet.rows();
    assert_eq!((rows.len(), rows[0].fresh), (1, false));
    fleet.simulated("dev").apply(kustomization("bank", "True"));
    fleet.until("the other cluster goes on", |fleet| fleet.rows().len() == 2).await;

    cluster.delete("Kustomization", "apps", "shop");
    cluster.apply(kustomization("late", "True"));
    cluster.faults().set_down(false);
    fleet.until("it is back", |fleet| fleet.status("prod") == ClusterStatus::Connected).await;
    fleet.until("the truth is new", |fleet| fleet.names() == ["bank", "late"]).await;
    assert!(fleet.rows().iter().all(|row| row.fresh));
}

#[tokio::test]
async fn after_a_restart_the_last_truth_is_shown_until_the_cluster_answers() {
    let mut fleet = Fleet::start(vec![ClusterSpec::empty("prod")]).await;
    let cluster = fleet.simulated("prod");
    cluster.apply(kustomization("shop", "False"));
    fleet.register("prod").await;
    fleet.until("the object is listed", |fleet| fleet.names() == ["shop"]).await;
    cluster.faults().set_down(true);
    fleet.restart().await;
    fleet.until("the last truth is shown", |fleet| fleet.names() == ["shop"]).await;
    let row = &fleet.rows()[0];
    assert_eq!((row.fresh, row.status.word(), row.message.as_str()), (false, "failed", "what happened"));
    fleet.simulated("prod").faults().set_down(false);
    fleet.until("it is confirmed", |fleet| fleet.rows()[0].fresh).await;
}

#[tokio::test]
async fn registration_refuses_with_the_step_that_failed() {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod")]).await;
    let cluster = fleet.simulated("prod");
    let mut request = fleet.request("prod");
    request.kubeconfig = "nonsense".to_owned();
    let error = fleet.services.register_cluster(&admin(), request).await.expect_err("not a kubeconfig");
    assert_eq!((error.code, failed_step(&error)), (ErrorCode::Refused, "parsed".to_owned()));

    let mut request = fleet.request("prod");
    request.kubeconfig = request.kubeconfig.replace("token:", "tokenFile: /etc/passwd\n    token:");
    let error = fleet.services.register_cluster(&admin(), request).await.expect_err("a file");
    assert_eq!(failed_step(&error), "accepted");
    assert!(error.message.contains("user.tokenFile"), "{}", error.message);

    cluster.faults().set_down(true);
    let request = fleet.request("prod");
    let error = fleet.services.register_cluster(&admin(), request.clone()).await.expect_err("down");
    assert_eq!(failed_step(&error), "reachable");
    let mut allowed = request;
    allowed.allow_unreachable = true;
    fleet.services.register_cluster(&admin(), allowed.clone()).await.expect("kept for later");
    let error = fleet.services.register_cluster(&admin(), allowed).await.expect_err("a second one");
    assert_eq!(error.code, ErrorCode::Conflict);
    cluster.faults().set_down(false);
    fleet.until("it is connected", |fleet| fleet.status("prod") == ClusterStatus::Connected).await;
}

#[tokio::test]
async fn the_probe_names_missing_rights() {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod")]).await;
    let mut request = fleet.request("prod");
    request.kubeconfig = fleet.simulated("prod").kubeconfig_for(Rights::Viewer);
    let steps = fleet.services.probe_cluster(&admin(), &request).await.expect("allowed");
    let outcomes: Vec<_> = steps.iter().map(|step| (step.name.as_str(), step.outcome)).collect();
    assert_eq!(
        outcomes,
        [
            ("parsed", StepOutcome::Passed),
            ("accepted", StepOutcome::Passed),
            ("reachable", StepOutcome::Passed),
            ("Flux", StepOutcome::Passed),
            ("permissions", StepOutcome::Warning),
        ]
    );
    assert!(steps[4].detail.contains("act on Flux objects"), "{}", steps[4].detail);
    assert_eq!(fleet.clusters().len(), 0);
}

#[tokio::test]
async fn a_cluster_can_be_renamed_and_removed_with_everything_of_it() {
    let mut fleet = Fleet::start(vec![ClusterSpec::empty("prod")]).await;
    fleet.simulated("prod").apply(kustomization("shop", "True"));
    let id = fleet.register("prod").await;
    fleet.until("the object is listed", |fleet| fleet.names() == ["shop"]).await;
    let update = UpdateCluster { name: Some("Production".to_owned()), ..UpdateCluster::default() };
    let view = fleet.services.update_cluster(&admin(), &id, update).await.expect("registered");
    assert_eq!((view.id.as_str(), view.name.as_str()), ("prod", "Production"));
    assert_eq!(fleet.rows()[0].cluster_name, "Production");
    fleet.services.delete_cluster(&admin(), &id).await.expect("registered");
    assert_eq!((fleet.clusters().len(), fleet.rows().len()), (0, 0));
    fleet.restart().await;
    assert_eq!((fleet.clusters().len(), fleet.rows().len()), (0, 0));
}

#[tokio::test]
async fn a_reconcile_is_followed_to_its_end() {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod")]).await;
    let cluster = fleet.simulated("prod").clone();
    cluster.apply(kustomization("shop", "True"));
    fleet.register("prod").await;
    fleet.until("it is connected", |fleet| fleet.status("prod") == ClusterStatus::Connected).await;
    let controller = async {
        loop {
            let object = cluster.get("Kustomization", "apps", "shop").expect("it is there");
            let requested = &object["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"];
            if !requested.is_null() {
                let mut handled = object.clone();
                handled["status"]["lastHandledReconcileAt"] = requested.clone();
                handled["metadata"]["resourceVersion"] = json!(null);
                cluster.apply(handled);
                return std::future::pending::<()>().await;
            }
            tokio::task::yield_now().await;
        }
    };
    let action = Action::Reconcile(ReconcileOptions::default());
    let shop = reference("shop");
    let outcome = tokio::select! {
        outcome = fleet.services.act(&CALLER, &shop, action) => outcome.expect("it is there"),
        () = controller => unreachable!("the controller never ends"),
    };
    assert_eq!(outcome.stage, ActionStage::Done, "{outcome:?}");
    let managers =
        cluster.get("Kustomization", "apps", "shop").expect("it is there")["metadata"]["managedFields"].clone();
    assert!(managers.to_string().contains("flux-orchestrator"), "{managers}");
}

#[tokio::test]
async fn suspend_and_resume_leave_no_trace_in_the_spec() {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod")]).await;
    let cluster = fleet.simulated("prod").clone();
    cluster.apply(json!({
        "apiVersion": "notification.toolkit.fluxcd.io/v1beta3", "kind": "Alert",
        "metadata": {"name": "noise", "namespace": "apps"}, "spec": {"providerRef": {"name": "chat"}},
    }));
    fleet.register("prod").await;
    fleet.until("it is connected", |fleet| fleet.status("prod") == ClusterStatus::Connected).await;
    let alert = fleet.rows()[0].object.clone();
    let act = |action| fleet.services.act(&CALLER, &alert, action);
    assert_eq!(act(Action::Suspend).await.expect("possible").stage, ActionStage::Done);
    assert_eq!(cluster.get("Alert", "apps", "noise").expect("there")["spec"]["suspend"], json!(true));
    assert_eq!(act(Action::Resume).await.expect("possible").stage, ActionStage::Done);
    assert!(cluster.get("Alert", "apps", "noise").expect("there")["spec"]["suspend"].is_null());
    let error = act(Action::Reconcile(ReconcileOptions::default())).await.expect_err("static");
    assert_eq!(error.code, ErrorCode::Refused);
    assert!(error.message.contains("no reconciler"), "{}", error.message);
}

static CALLER: std::sync::LazyLock<Caller> = std::sync::LazyLock::new(admin);

#[tokio::test]
async fn a_caller_sees_and_does_only_what_the_grants_reach() {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod"), ClusterSpec::empty("dev")]).await;
    fleet.simulated("prod").apply(kustomization("shop", "True"));
    let mut elsewhere = kustomization("bank", "False");
    elsewhere["metadata"]["namespace"] = json!("bank");
    fleet.simulated("prod").apply(elsewhere);
    fleet.register("prod").await;
    fleet.register("dev").await;
    fleet.until("the objects are listed", |fleet| fleet.rows().len() == 2).await;
    let (clusters, namespaces) = (Some(vec!["prod".into()]), Some(vec!["apps".to_owned()]));
    let viewer = Caller::named("ada", vec![Grant { clusters, namespaces, ..Grant::everywhere(Role::Viewer) }]);
    let services = &fleet.services;
    let page = services.fleet(&viewer).expect("never refused");
    assert_eq!((page.clusters.len(), page.counts.total(), page.clusters[0].counts.failed), (1, 1, 0));
    assert_eq!(services.object(&viewer, &reference("shop")).await.expect("granted").row.object.name, "shop");
    let mut hidden = reference("bank");
    hidden.namespace = Some("bank".to_owned());
    let error = services.object(&viewer, &hidden).await.expect_err("another namespace");
    assert_eq!(error.code, ErrorCode::Forbidden);
    let error = services.act(&viewer, &reference("shop"), Action::Suspend).await.expect_err("a viewer");
    assert_eq!(error.code, ErrorCode::Forbidden);
    let error = services.register_cluster(&viewer, fleet.request("prod")).await.expect_err("a viewer");
    assert_eq!(error.code, ErrorCode::Forbidden);
}

#[tokio::test]
async fn a_subscription_is_a_snapshot_and_then_numbered_deltas() {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod")]).await;
    let cluster = fleet.simulated("prod");
    cluster.apply(kustomization("shop", "True"));
    fleet.register("prod").await;
    fleet.until("it is connected", |fleet| fleet.status("prod") == ClusterStatus::Connected).await;
    let topic = Topic::List { query: domain::list::ListQuery::default() };
    let mut messages = fleet.services.subscribe(&admin(), 3, topic).await.expect("allowed");
    let Some(ServerMessage::Snapshot { id: 3, seq, .. }) = messages.next().await else { panic!("a snapshot first") };
    cluster.apply(kustomization("shop", "False"));
    let Some(ServerMessage::Delta { id: 3, seq: next, delta }) = messages.next().await else { panic!("then a delta") };
    assert_eq!(next, seq + 1);
    assert_eq!((delta.rows.len(), delta.counts.failed, delta.order), (1, 1, None));
}

/// What a Receiver's path ends with: whoever knows it may trigger it.
const HOOK: &str = "cafe0123456789abcafe0123456789abcafe0123456789abcafe0123456789ab";

#[tokio::test]
async fn secrets_of_flux_objects_leave_neither_in_pages_nor_in_the_store() {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod")]).await;
    let cluster = fleet.simulated("prod");
    let canaries = ["CANARY-WEBHOOK", HOOK, "CANARY-LASTAPPLIED", "CANARY-VALUES", "CANARY-MESSAGE"];
    cluster.apply(json!({
        "apiVersion": "notification.toolkit.fluxcd.io/v1beta3", "kind": "Provider",
        "metadata": {"name": "chat", "namespace": "apps", "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": "{\"spec\":{\"address\":\"CANARY-LASTAPPLIED\"}}",
        }},
        "spec": {"type": "slack", "address": "https://hooks.example.org/services/CANARY-WEBHOOK"},
    }));
    cluster.apply(json!({
        "apiVersion": "notification.toolkit.fluxcd.io/v1", "kind": "Receiver",
        "metadata": {"name": "hook", "namespace": "apps"}, "spec": {"type": "github"},
        "status": {"webhookPath": format!("/hook/{HOOK}"), "conditions": [{
            "type": "Ready", "status": "True", "reason": "Succeeded",
            "message": format!("Receiver initialized for path: /hook/{HOOK}"),
        }]},
    }));
    let mut release = kustomization("db", "False");
    release["apiVersion"] = json!("helm.toolkit.fluxcd.io/v2");
    release["kind"] = json!("HelmRelease");
    release["spec"] = json!({"values": {"auth": {"password": "CANARY-VALUES"}}});
    release["status"]["conditions"][0]["message"] = json!("cannot reach https://me:CANARY-MESSAGE@charts.example.org");
    cluster.apply(release);
    fleet.register("prod").await;
    fleet.until("the objects are listed", |fleet| fleet.rows().len() == 3).await;

    let mut seen = serde_json::to_string(&fleet.services.fleet(&admin()).expect("allowed")).expect("plain data");
    for row in fleet.rows() {
        let view = fleet.services.object(&admin(), &row.object).await.expect("it is there");
        seen += &serde_json::to_string(&view).expect("plain data");
        let manifest = fleet.services.manifest(&admin(), &row.object).await.expect("it is there");
        seen += &serde_json::to_string(&manifest).expect("plain data");
    }
    assert!(seen.contains("hooks.example.org") || seen.contains("slack"), "the pages show something");
    let stored = fleet.stop_and_read_database().await;
    for canary in canaries {
        assert!(!seen.contains(canary), "{canary} is on a page");
        assert!(!stored.windows(canary.len()).any(|bytes| bytes == canary.as_bytes()), "{canary} is in the store");
    }
}
