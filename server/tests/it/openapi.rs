//! The API's document: whole, valid, the one in `docs`, and true of what the server answers.

use std::collections::BTreeSet;
use std::path::Path;

use domain::action::ActionOutcome;
use domain::health::{Health, StatusCounts};
use domain::list::{ListQuery, ListWindow};
use domain::protocol::logs::{ClientFrame, LogQuery, ServerFrame, SourceState};
use domain::protocol::watch::{ClientMessage, ListDelta, ServerMessage, Snapshot, Topic};
use jsonschema::Validator;
use serde_json::{Value, json};
use server::http::rest::openapi::{document, undescribed};
use server::http::routes::API;

use crate::site::Site;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");

/// Of a schema that stands in the document.
fn validator(document: &Value, mut schema: Value) -> Validator {
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["components"] = document["components"].clone();
    jsonschema::validator_for(&schema).expect("a valid schema")
}

fn check(validator: &Validator, what: &str, instance: &Value) {
    let errors: Vec<String> =
        validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}\n{instance:#}");
}

fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_route_is_described_and_nothing_else() {
    assert_eq!(undescribed(), Vec::<String>::new(), "describe it in rest/openapi/operations and name it in its row");
    let document = document();
    let paths = document["paths"].as_object().expect("paths");
    let described: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, methods)| methods.as_object().into_iter().flatten().map(move |(method, _)| (path, method)))
        .map(|(path, method)| format!("{} {path}", method.to_uppercase()))
        .collect();
    let served: BTreeSet<String> = API.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(described, served);
}

#[test]
fn the_document_is_the_one_in_docs() {
    let printed = format!("{:#}\n", document());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(Path::new(PATH), &printed).expect("the folder of the documents");
    }
    let kept = std::fs::read_to_string(PATH).expect("docs/openapi.json");
    assert!(kept == printed, "docs/openapi.json is not what the server serves: run this test with UPDATE_DOCS=1");
}

#[test]
fn all_that_is_referred_to_is_there_and_every_operation_has_its_own_name() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a place in this document");
        assert!(document.pointer(pointer).is_some(), "{reference} is not there");
    }
    let mut names = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let name = operation["operationId"].as_str().expect("a name");
            assert!(names.insert(name), "{name} is the name of two operations");
            let responses = operation["responses"].as_object().expect("responses");
            assert!(responses.keys().any(|status| status.starts_with(['1', '2'])), "{method} {path} never succeeds");
            let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
            let of_path = parameters.iter().filter(|parameter| parameter["$ref"].is_string()).count();
            assert_eq!(of_path, path.matches('{').count(), "{method} {path}");
            let mut distinct = BTreeSet::new();
            for name in parameters.iter().filter_map(|parameter| parameter["name"].as_str()) {
                assert!(distinct.insert(name), "{method} {path} has {name} twice");
            }
        }
    }
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    for (name, schema) in schemas {
        assert!(jsonschema::meta::is_valid(schema), "{name} is no JSON schema: {schema:#}");
    }
}

#[tokio::test]
async fn answers_are_what_the_document_says() {
    let site = Site::demo().await;
    let document = document();
    let release = "/clusters/staging/resources/HelmRelease/podinfo/podinfo";
    let template = "/clusters/{id}/resources/{kind}/{ns}/{name}";
    for (path, described) in [
        ("/fleet".to_owned(), "/fleet".to_owned()),
        ("/clusters".to_owned(), "/clusters".to_owned()),
        ("/clusters/staging".to_owned(), "/clusters/{id}".to_owned()),
        ("/onboarding".to_owned(), "/onboarding".to_owned()),
        ("/resources?limit=500".to_owned(), "/resources".to_owned()),
        ("/clusters/staging/resources?limit=1".to_owned(), "/clusters/{id}/resources".to_owned()),
        ("/resources/counts".to_owned(), "/resources/counts".to_owned()),
        ("/resources/export".to_owned(), "/resources/export".to_owned()),
        (release.to_owned(), template.to_owned()),
        (format!("{release}/inventory"), format!("{template}/inventory")),
        (format!("{release}/events"), format!("{template}/events")),
        (format!("{release}/manifest"), format!("{template}/manifest")),
        (format!("{release}/diff"), format!("{template}/diff")),
        ("/account".to_owned(), "/account".to_owned()),
        ("/openapi.json".to_owned(), "/openapi.json".to_owned()),
    ] {
        let answer = site.get(&format!("/api/v1{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let schema = &document["paths"][&described]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{described} has a schema");
        check(&validator(&document, schema.clone()), &path, &answer.json());
    }
    let logs = site.post("/api/v1/logs/aggregated", &json!({"tail_lines": 5})).await.json();
    let of = |name: &str| validator(&document, json!({"$ref": format!("#/components/schemas/{name}")}));
    check(&of("AggregatedLogs"), "logs", &logs);
    for refused in ["/api/v1/clusters/nowhere", "/api/v1/resources?limit=0", "/api/v1/nothing"] {
        check(&of("ApiError"), refused, &site.get(refused).await.json());
    }
}

#[test]
fn messages_of_the_sockets_are_what_the_document_says() {
    let document = document();
    let of = |name: &str| validator(&document, json!({"$ref": format!("#/components/schemas/{name}")}));
    let check = |name: &str, message: Value| check(&of(name), name, &message);
    check(
        "ClientMessage",
        json!(ClientMessage::Subscribe { id: 1, topic: Topic::List { query: ListQuery::default() } }),
    );
    check("ClientMessage", json!({"type": "subscribe", "id": 1, "topic": "list", "query": {"status": "failed"}}));
    check("ClientMessage", json!(ClientMessage::Unsubscribe { id: 1 }));
    check("ServerMessage", json!(ServerMessage::Hello { build: "1".to_owned(), epoch: 7 }));
    let snapshot = Snapshot::List(ListWindow::default());
    check("ServerMessage", json!(ServerMessage::Snapshot { id: 1, seq: 0, snapshot }));
    let delta = ListDelta { order: Some(Vec::new()), counts: StatusCounts::default(), ..ListDelta::default() };
    check("ServerMessage", json!(ServerMessage::Delta { id: 1, seq: 1, delta }));
    check("ClientFrame", json!(ClientFrame::Start { query: LogQuery::default() }));
    check("ClientFrame", json!({"type": "start", "query": {}}));
    check("ServerFrame", json!(ServerFrame::Hello { session: "1".to_owned() }));
    let (state, message) = (SourceState::Waiting, String::new());
    check("ServerFrame", json!(ServerFrame::Status { source: None, state, message }));
    let stage = domain::action::ActionStage::Done;
    let outcome = ActionOutcome { stage, health: Health::Ready, message: String::new(), warnings: Vec::new() };
    check("ActionOutcome", json!(outcome));
    assert!(!of("ClientMessage").is_valid(&json!({"type": "dance"})));
    assert!(!of("ServerFrame").is_valid(&json!({"type": "status", "state": "asleep"})));
}
