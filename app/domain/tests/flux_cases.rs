//! What Flux would do, case by case: the manifest, the live object and the dry-run's answer in, verdict and changes
//! out.
//!
//! Each case is a triple as the real controllers and API server produce it; the steps between are those of the product.
#![cfg(feature = "native")]

use domain::diff::change::{Class, Context};
use domain::diff::ignore::{self, IgnoreRules};
use domain::diff::mask::MaskScope;
use domain::diff::normalise;
use domain::diff::owner::owners;
use domain::diff::takeover;
use domain::diff::verdict::{Applier, Correction, Prediction, decide};
use serde_json::{Value, json};

const KUSTOMIZATION: Applier = Applier::Kustomization;
const HELM: Applier = Applier::HelmRelease;

struct Case {
    applier: Applier,
    sent: Value,
    live: Value,
    dry_run: Value,
    /// Ignore rules as the applier's spec has them.
    rules: Value,
}

impl Case {
    fn new(applier: Applier, sent: Value, live: Value, dry_run: Value) -> Self {
        Self { applier, sent, live, dry_run, rules: Value::Null }
    }

    /// Label of the verdict, and the changes as `path class`.
    fn outcome(mut self) -> (String, Vec<String>) {
        normalise::prepare(&mut self.sent).expect("a manifest that the API takes");
        let takeover = takeover::predict(self.applier, &self.live, &self.sent, &self.dry_run, &[]);
        let mut predicted = takeover.predicted.clone();
        normalise::deduplicate_metrics(&mut predicted);
        let rules = IgnoreRules::compile(self.applier, &self.rules);
        let hits = rules.hits(if self.applier == HELM { &self.sent } else { &self.dry_run });
        let mut live = self.live.clone();
        let mut ignored = ignore::remove(&mut live, &hits);
        ignored.extend(ignore::remove(&mut predicted, &hits));
        ignored.dedup();
        let prediction = Prediction::Applied {
            live: &live,
            predicted: &predicted,
            ignored: ignored.len(),
            ownership_only: takeover.changes_ownership(),
        };
        let verdict = decide(self.applier, &prediction, &Correction::Yes, false);
        let mut scope = MaskScope::view(b"key");
        let mut side = |mut object: Value| {
            normalise::strip(&mut object);
            scope.object(object)
        };
        let (desired, mut actual) = (side(takeover.predicted), side(self.live.clone()));
        let moved = actual.align_to(&desired);
        let owners = owners(&self.live);
        let context = Context {
            owners: &owners,
            manager: self.applier.manager(),
            ignored: &ignored,
            moved: &moved,
            taken_over: &takeover.taken_over,
            ..Context::default()
        };
        let class = |class: Class| class.label().to_lowercase();
        let changes = desired.changes_from(&actual, &context);
        let lines = changes.iter().map(|change| format!("{}: {}", change.path, class(change.class)));
        (verdict.label(), lines.collect())
    }
}

fn expect(case: Case, verdict: &str, changes: &[&str]) {
    let (label, lines) = case.outcome();
    assert_eq!((label.as_str(), lines.iter().map(String::as_str).collect::<Vec<_>>()), (verdict, changes.to_vec()));
}

const IN_SYNC: &str = "In sync";
const CORRECTED: &str = "Drifted, will be corrected";

fn deployment(spec: Value) -> Value {
    let metadata = json!({"name": "web", "namespace": "shop"});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
}

fn owned(mut object: Value, entries: &[(&str, &str, Value)]) -> Value {
    let entry = |(manager, operation, fields): &(&str, &str, Value)| {
        let (manager, operation) = (*manager, *operation);
        json!({"manager": manager, "operation": operation, "fieldsV1": fields})
    };
    object["metadata"]["managedFields"] = entries.iter().map(entry).collect();
    object
}

#[test]
fn defaults_of_the_api_are_no_drift() {
    let live = deployment(json!({"replicas": 1, "strategy": {"type": "RollingUpdate"}, "paused": false}));
    expect(Case::new(KUSTOMIZATION, deployment(json!({})), live.clone(), live), IN_SYNC, &[]);
}

#[test]
fn a_value_that_somebody_edited_goes_back() {
    let fields = json!({"f:spec": {"f:replicas": {}}});
    let live = owned(deployment(json!({"replicas": 5})), &[("kubectl-edit", "Update", fields.clone())]);
    let dry_run = owned(deployment(json!({"replicas": 2})), &[("kustomize-controller", "Apply", fields)]);
    let case = Case::new(KUSTOMIZATION, deployment(json!({"replicas": 2})), live, dry_run);
    expect(case, CORRECTED, &["spec.replicas: value"]);
}

/// The sides of a ConfigMap that has a second key, written by this manager.
fn with_extra_key(applier: Applier, manager: &str) -> Case {
    let map = |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": data});
    let own = (applier.manager(), "Apply", json!({"f:data": {"f:a": {}}}));
    let live =
        owned(map(json!({"a": "1", "b": "2"})), &[own.clone(), (manager, "Update", json!({"f:data": {"f:b": {}}}))]);
    Case::new(applier, map(json!({"a": "1"})), live.clone(), live)
}

#[test]
fn what_kubectl_added_goes_although_the_dry_run_keeps_it() {
    expect(with_extra_key(KUSTOMIZATION, "kubectl-patch"), CORRECTED, &["data.b: value"]);
}

#[test]
fn what_other_tools_added_stays() {
    expect(with_extra_key(KUSTOMIZATION, "node-fetch"), IN_SYNC, &[]);
    expect(with_extra_key(HELM, "kubectl-patch"), IN_SYNC, &[]);
}

#[test]
fn a_label_of_a_user_is_drift_for_a_kustomization_and_none_for_a_release() {
    let map =
        |labels: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "labels": labels}});
    let (sent, live) = (map(json!({"a": "1"})), map(json!({"a": "1", "mine": "2"})));
    let case = |applier| Case::new(applier, sent.clone(), live.clone(), sent.clone());
    expect(case(KUSTOMIZATION), CORRECTED, &["metadata.labels.mine: value"]);
    expect(case(HELM), IN_SYNC, &["metadata.labels.mine: value"]);
    let removed = Case::new(HELM, live.clone(), sent.clone(), live);
    expect(removed, CORRECTED, &["metadata.labels.mine: value"]);
}

#[test]
fn an_order_that_flux_would_restore_is_drift_and_only_order() {
    let spec = |names: [&str; 3]| {
        let env: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        deployment(json!({"template": {"spec": {"containers": [{"name": "app", "env": env}]}}}))
    };
    let case = Case::new(KUSTOMIZATION, spec(["C", "A", "B"]), spec(["A", "B", "C"]), spec(["C", "A", "B"]));
    expect(case, CORRECTED, &["spec.template.spec.containers[name=app].env: order only"]);
}

#[test]
fn a_spelling_that_a_custom_resource_keeps_is_drift_and_equivalent() {
    let metadata = json!({"name": "q"});
    let queue =
        |quota: &str| json!({"apiVersion": "x.io/v1", "kind": "Queue", "metadata": metadata, "spec": {"quota": quota}});
    expect(
        Case::new(KUSTOMIZATION, queue("12000m"), queue("12"), queue("12000m")),
        CORRECTED,
        &["spec.quota: equivalent"],
    );
    expect(
        Case::new(KUSTOMIZATION, queue("60m"), queue("1h0m0s"), queue("60m")),
        CORRECTED,
        &["spec.quota: equivalent"],
    );
}

#[test]
fn a_changed_secret_is_reported_and_not_shown() {
    let secret =
        |value: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": value}});
    let case = Case::new(KUSTOMIZATION, secret("b2xk"), secret("bmV3"), secret("b2xk"));
    expect(case, CORRECTED, &["data.a: masked"]);
    expect(Case::new(KUSTOMIZATION, secret("eA=="), secret("eA=="), secret("eA==")), IN_SYNC, &[]);
}

#[test]
fn string_data_is_compared_as_data() {
    let meta = json!({"name": "s"});
    let sent = json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"a": "x"}});
    let live = json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"a": "eA=="}});
    expect(Case::new(KUSTOMIZATION, sent, live.clone(), live), IN_SYNC, &[]);
}

#[test]
fn white_space_is_drift_that_says_so() {
    let map =
        |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a": value}});
    for (desired, actual) in [("a\nb\n", "a\nb"), ("a\nb\n", "a\r\nb\r\n")] {
        let case = Case::new(KUSTOMIZATION, map(desired), map(actual), map(desired));
        expect(case, CORRECTED, &["data.a: white space"]);
    }
}

#[test]
fn last_applied_goes_and_nothing_of_it_is_shown() {
    let annotations = json!({"kubectl.kubernetes.io/last-applied-configuration": "{\"data\":{\"a\":\"x\"}}"});
    let live = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "annotations": annotations}});
    let sent = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}});
    let (label, changes) = Case::new(KUSTOMIZATION, sent, live.clone(), live).outcome();
    assert_eq!((label.as_str(), changes.len()), (CORRECTED, 1));
}

#[test]
fn ignored_drift_alone_changes_nothing() {
    let mut case = Case::new(
        HELM,
        deployment(json!({"replicas": 2})),
        deployment(json!({"replicas": 5})),
        deployment(json!({"replicas": 2})),
    );
    case.rules = json!([{"paths": ["/spec/replicas"], "target": {"kind": "Deployment"}}]);
    expect(case, "In sync, 1 ignored", &["spec.replicas: ignored"]);
}

#[test]
fn of_two_rules_without_a_target_the_first_is_dead() {
    let both = |replicas: i64, paused: bool| deployment(json!({"replicas": replicas, "paused": paused}));
    let mut case = Case::new(KUSTOMIZATION, both(2, false), both(5, true), both(2, false));
    case.rules = json!([{"paths": ["/spec/replicas"]}, {"paths": ["/spec/paused"]}]);
    expect(case, CORRECTED, &["spec.paused: ignored", "spec.replicas: value"]);
}

#[test]
fn taking_over_equal_values_is_told_apart_from_drift() {
    let fields = json!({"f:spec": {"f:replicas": {}}});
    let live = owned(deployment(json!({"replicas": 2})), &[("kubectl-create", "Update", fields.clone())]);
    let dry_run = owned(deployment(json!({"replicas": 2})), &[("kustomize-controller", "Apply", fields)]);
    let case = Case::new(KUSTOMIZATION, deployment(json!({"replicas": 2})), live, dry_run);
    expect(case, "In sync, ownership changes", &["spec.replicas: ownership only"]);
}

#[test]
fn a_repeated_metric_of_an_old_dry_run_is_no_drift() {
    let autoscaler = |metrics: Value| {
        let (version, kind) = ("autoscaling/v2", "HorizontalPodAutoscaler");
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": "h"}, "spec": {"metrics": metrics}})
    };
    let metric = json!({"type": "Resource", "resource": {"name": "cpu"}});
    let live = autoscaler(json!([metric]));
    let dry_run = autoscaler(json!([metric, metric, {"type": ""}]));
    let (label, _) = Case::new(KUSTOMIZATION, live.clone(), live, dry_run).outcome();
    assert_eq!(label, IN_SYNC);
}
