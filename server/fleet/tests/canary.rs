//! Canaries: each kind of secret that a cluster holds, looked for, in every spelling, in everything that leaves the
//! engine and in the bytes of the database.

#[path = "support/fleet.rs"]
#[expect(dead_code, reason = "other suites need the rest of it")]
mod support;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use domain::cluster::ClusterStatus;
use domain::drift::Fidelity;
use domain::list::ListQuery;
use domain::object::ObjectRef;
use domain::protocol::logs::{LogQuery, ServerFrame};
use domain::protocol::watch::Topic;
use fleet::metrics::{Format, Selection};
use futures::StreamExt;
use serde::Serialize;
use serde_json::{Value, json};
use simulator::{Cluster, ClusterSpec};
use tokio::time::timeout;

use support::{Fleet, admin, kustomization, reference};

/// Far more than anything here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// With characters that JSON escapes.
const SECRET: &str = r#"canary-"secret\5f3c9a"#;
const LAST_APPLIED: &str = "canary-last-applied-71b2d0";
const ADDRESS: &str = "canary-address-0c44e1";
/// The end of a Receiver's path is a digest.
const WEBHOOK: &str = "cafe0123456789abcafe0123456789abcafe0123456789abcafe0123456789ab";
const VALUES: &str = "canary-values-a90c3e";
const SUBSTITUTE: &str = "canary-substitute-b2f7";
const USER: &str = "canary-user-84d1f6";
const ENVIRONMENT: &str = "canary-environment-2e9b07";
const ARGUMENT: &str = "canary-argument-6d5a18";
const LOG: &str = "canary-log-f03b92";

const CANARIES: [&str; 10] =
    [SECRET, LAST_APPLIED, ADDRESS, WEBHOOK, VALUES, SUBSTITUTE, USER, ENVIRONMENT, ARGUMENT, LOG];

/// A canary as bytes may hold it: as it is, escaped once and twice, hexadecimal, and in base64 at any place of a longer
/// text.
fn spellings(canary: &str) -> Vec<Vec<u8>> {
    let escaped = |text: &str| json!(text).to_string().trim_matches('"').to_owned();
    let once = escaped(canary);
    let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut spellings = vec![canary.to_owned(), escaped(&once), once, hex.to_uppercase(), hex];
    for shift in 0..3 {
        let shifted = [&vec![0; shift], canary.as_bytes()].concat();
        // The characters whose six bits are all the canary's.
        let (from, to) = ((shift * 8).div_ceil(6), shifted.len() * 8 / 6);
        spellings.extend(
            [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)].map(|text| text[from..to].to_owned()),
        );
    }
    spellings.into_iter().map(String::into_bytes).collect()
}

fn holds(bytes: &[u8], canary: &str) -> bool {
    spellings(canary).iter().any(|spelling| bytes.windows(spelling.len()).any(|window| window == spelling))
}

fn assert_clean(place: &str, bytes: &[u8], canaries: &[&str]) {
    for canary in canaries {
        assert!(!holds(bytes, canary), "{canary} is in {place}");
    }
}

/// What one place showed.
struct Shown {
    place: String,
    text: String,
}

fn shown(place: impl Into<String>, what: &impl Serialize) -> Shown {
    Shown { place: place.into(), text: serde_json::to_string(what).expect("plain data") }
}

/// An object that kustomize-controller applied, with these fields.
fn applied(mut object: Value, fields: &Value) -> Value {
    object["metadata"]["namespace"] = json!("apps");
    object["metadata"]["managedFields"] = json!([{
        "manager": "kustomize-controller", "operation": "Apply", "apiVersion": object["apiVersion"],
        "time": "2026-01-02T03:04:05Z", "fieldsType": "FieldsV1", "fieldsV1": fields,
    }]);
    object
}

fn secret() -> Value {
    let last_applied = json!({"stringData": {"password": SECRET, "other": LAST_APPLIED}}).to_string();
    let object = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "db", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": last_applied}},
        "data": {"password": base64::engine::general_purpose::STANDARD.encode(SECRET)},
    });
    applied(object, &json!({"f:data": {"f:password": {}}}))
}

fn deployment() -> Value {
    let container = json!({
        "name": "main", "image": "shop", "args": [format!("--password={ARGUMENT}"), "--token", ARGUMENT],
        "env": [{"name": "DB_PASSWORD", "value": ENVIRONMENT}],
    });
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": LAST_APPLIED}},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}},
    });
    applied(
        object,
        &json!({"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {
        "k:{\"name\":\"main\"}": {".": {}, "f:name": {}, "f:image": {}, "f:args": {}, "f:env": {
            "k:{\"name\":\"DB_PASSWORD\"}": {".": {}, "f:name": {}, "f:value": {}}}}}}}}}),
    )
}

fn shop() -> Value {
    let mut object = kustomization("shop", "True");
    object["spec"]["postBuild"] = json!({"substitute": {"DB_PASSWORD": SUBSTITUTE}});
    object["status"]["observedGeneration"] = json!(1);
    object["status"]["lastAppliedRevision"] = json!("main@sha1:0123");
    object["status"]["lastAttemptedRevision"] = json!("main@sha1:0123");
    object["status"]["inventory"] = json!({"entries": [
        {"id": "apps_db__Secret", "v": "v1"}, {"id": "apps_web_apps_Deployment", "v": "v1"}]});
    object
}

fn with_condition(mut object: Value, ready: &str, message: &str) -> Value {
    object["metadata"]["namespace"] = json!("apps");
    object["status"]["conditions"] = json!([{"type": "Ready", "status": ready, "reason": "Any", "message": message,
        "lastTransitionTime": "2026-01-02T03:04:05Z"}]);
    object
}

/// Every object with a canary in it.
fn fixtures() -> Vec<Value> {
    let failed = format!("unable to clone 'https://bob:{USER}@git.example.org/fleet': access denied");
    vec![
        secret(),
        deployment(),
        shop(),
        json!({
            "apiVersion": "notification.toolkit.fluxcd.io/v1beta3", "kind": "Provider",
            "metadata": {"name": "chat", "namespace": "apps"},
            "spec": {"type": "slack", "address": format!("https://hooks.example.org/services/{ADDRESS}")},
        }),
        with_condition(
            json!({
                "apiVersion": "notification.toolkit.fluxcd.io/v1", "kind": "Receiver", "metadata": {"name": "hook"},
                "spec": {"type": "github"}, "status": {"webhookPath": format!("/hook/{WEBHOOK}")},
            }),
            "True",
            &format!("Receiver initialized for path: /hook/{WEBHOOK}"),
        ),
        with_condition(
            json!({
                "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "db"},
                "spec": {"values": {"auth": {"password": VALUES, "users": [{"token": VALUES}]}}},
            }),
            "False",
            &failed,
        ),
        with_condition(
            json!({
                "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": "fleet"},
                "spec": {"url": format!("https://bob:{USER}@git.example.org/fleet")},
            }),
            "False",
            &failed,
        ),
        json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "fleet.1", "namespace": "apps"},
            "involvedObject": {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
                "namespace": "apps", "name": "fleet"},
            "type": "Warning", "reason": "GitOperationFailed", "message": failed, "count": 1,
            "source": {"component": "source-controller"},
            "firstTimestamp": "2026-01-02T03:04:05Z", "lastTimestamp": "2026-01-02T03:04:05Z",
        }),
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "apps", "labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": "shop"}]},
            "status": {"phase": "Running", "containerStatuses": [{"name": "main", "image": "shop", "imageID": "",
                "ready": true, "restartCount": 0, "state": {"running": {"startedAt": "2026-01-15T10:00:00Z"}}}]},
        }),
    ]
}

fn references() -> Vec<ObjectRef> {
    fixtures()
        .iter()
        .filter(|object| object["kind"] != "Event")
        .map(|object| ObjectRef::of(&"prod".into(), object))
        .collect()
}

fn line() -> String {
    format!("connecting with user=bob password={LOG}")
}

/// A cluster with all of them, and their baselines taken.
async fn fleet() -> (Fleet, Cluster) {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod")]).await;
    let cluster = fleet.simulated("prod").clone();
    for object in fixtures() {
        cluster.apply(object);
    }
    cluster.append_log("apps", "web", "main", line());
    fleet.register("prod").await;
    fleet.until("it is connected", |fleet| fleet.status("prod") == ClusterStatus::Connected).await;
    let captured = async {
        for object in references().iter().filter(|object| matches!(object.kind.as_str(), "Secret" | "Deployment")) {
            while fleet.services.diff(&admin(), object).await.expect("allowed").diff.provenance.fidelity
                != Fidelity::Observed
            {}
        }
    };
    timeout(PATIENCE, captured).await.expect("baselines are taken");
    (fleet, cluster)
}

async fn pages(fleet: &Fleet) -> Vec<Shown> {
    let services = &fleet.services;
    let mut pages = vec![
        shown("the fleet", &services.fleet(&admin()).expect("allowed")),
        shown("the clusters", &services.list_clusters(&admin()).expect("allowed")),
        shown("the list", &fleet.rows()),
    ];
    let scrape = services.metrics(&admin(), Format::Text, Selection::ALL).await.expect("allowed");
    pages.push(Shown { place: "the metrics".to_owned(), text: scrape.collect() });
    for object in references() {
        let view = services.object(&admin(), &object).await.expect("it is there");
        pages.push(shown(format!("the page of {object}"), &view));
        let manifest = services.manifest(&admin(), &object).await.expect("it is there");
        pages.push(shown(format!("the JSON of {object}"), &manifest.json));
        pages.push(Shown { place: format!("the YAML of {object}"), text: manifest.yaml });
        let diff = services.diff(&admin(), &object).await.expect("it is there");
        pages.push(shown(format!("the diff of {object}"), &diff));
    }
    pages
}

/// First messages, and those after a change.
async fn sockets(fleet: &Fleet, cluster: &Cluster) -> Vec<Shown> {
    let repository = references().into_iter().find(|object| object.kind == "GitRepository").expect("a fixture");
    let topics = [
        Topic::Fleet,
        Topic::Clusters,
        Topic::List { query: ListQuery::default() },
        Topic::Object { object: repository },
    ];
    let mut subscriptions = Vec::new();
    for topic in topics {
        let place = format!("the socket's {}", topic.name());
        subscriptions.push((place, fleet.services.subscribe(&admin(), 1, topic).await.expect("allowed")));
    }
    let mut messages = Vec::new();
    for (place, subscription) in &mut subscriptions {
        messages.push(shown(place.clone(), &subscription.next().await.expect("a snapshot")));
    }
    let mut changed = cluster.get("GitRepository", "apps", "fleet").expect("a fixture");
    changed["status"]["conditions"][0]["reason"] = json!("AuthenticationFailed");
    changed["metadata"]["resourceVersion"] = Value::Null;
    cluster.apply(changed);
    for (place, subscription) in subscriptions.iter_mut().filter(|(place, _)| !place.ends_with("clusters")) {
        let next = timeout(PATIENCE, subscription.next()).await.expect("the change arrives");
        messages.push(shown(format!("{place}, changed"), &next.expect("the engine runs")));
    }
    messages
}

async fn logs(fleet: &Fleet) -> Vec<Shown> {
    let query = LogQuery { namespaces: vec!["apps".to_owned()], ..LogQuery::default() };
    let aggregated = fleet.services.aggregated_logs(&admin(), query.clone()).await.expect("allowed");
    assert_eq!(aggregated.logs.len(), 1, "{aggregated:?}");
    let mut session = fleet.services.stream_logs(&admin(), query).await.expect("allowed");
    let batch = async {
        loop {
            if let frame @ ServerFrame::Batch { .. } = session.next().await.expect("the session goes on") {
                return frame;
            }
        }
    };
    let batch = timeout(PATIENCE, batch).await.expect("the line arrives");
    vec![shown("aggregated logs", &aggregated), shown("streamed logs", &batch)]
}

#[tokio::test]
async fn no_secret_of_a_cluster_leaves_the_engine() {
    let fixtures = json!(fixtures()).to_string() + &line();
    for canary in CANARIES {
        assert!(holds(fixtures.as_bytes(), canary), "{canary} is not in the cluster");
    }
    let (fleet, cluster) = fleet().await;
    let mut everything = pages(&fleet).await;
    everything.extend(sockets(&fleet, &cluster).await);
    everything.extend(logs(&fleet).await);
    for Shown { place, text } in &everything {
        assert_clean(place, text.as_bytes(), &CANARIES);
    }
    let masked = |place: &str| {
        let mut texts = everything.iter().filter(|shown| shown.place.starts_with(place));
        texts.any(|shown| shown.text.contains("***"))
    };
    for place in
        ["the list", "the page", "the JSON", "the YAML", "the diff", "the socket's list", "aggregated", "streamed"]
    {
        assert!(masked(place), "{place} shows where something was masked");
    }
}

#[tokio::test]
async fn no_secret_of_a_cluster_is_in_the_database() {
    let (fleet, _) = fleet().await;
    let kubeconfig = fleet.request("prod").kubeconfig;
    let token = kubeconfig.lines().find_map(|line| line.trim().strip_prefix("token: ")).expect("a token");
    let database = fleet.stop_and_read_database().await;
    // What is looked through is what was kept.
    let shop = reference("shop");
    for kept in [shop.name.as_str(), "main@sha1:0123", "f:replicas", "***:"] {
        assert!(database.windows(kept.len()).any(|window| window == kept.as_bytes()), "{kept}");
    }
    assert_clean("the database", &database, &CANARIES);
    assert_clean("the database", &database, &[token]);
}
