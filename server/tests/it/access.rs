//! The permission matrix with real requests: every route and server function, asked by everybody who could.
//!
//! What is expected comes from the tables and from `decide`, so that a route which authorizes otherwise than its row
//! says fails here, and a new one fails until it is given a request.

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use axum::http::{HeaderName, HeaderValue, Request};
use domain::access::{Grant, Role, Scope, Verb, decide, narrow};
use domain::object::ClusterId;
use serde_json::{Value, json};
use server::http::routes::{API, Needs, PROBES, ROOT, Route};
use simulator::ClusterSpec;

use crate::site::{Answer, PASSWORD, Site};

/// Somebody who asks, with a session or an API token.
struct Actor {
    name: &'static str,
    /// Name of the token.
    token: Option<&'static str>,
    grants: Vec<Grant>,
    credential: (HeaderName, HeaderValue),
}

impl Actor {
    async fn with_session(site: &Site, name: &'static str, grants: Vec<Grant>) -> Self {
        let answer = site.form("/login", &[("name", name), ("password", PASSWORD)]).await;
        let (cookie, _) = answer.cookie().split_once(';').expect("a cookie with attributes");
        Self { name, token: None, grants, credential: (COOKIE, cookie.parse().expect("a header")) }
    }

    /// A token of this actor, with these scopes.
    async fn token(&self, site: &Site, name: &'static str, scopes: Vec<Grant>) -> Self {
        let body = json!({"name": name, "scopes": scopes});
        let answer = self.ask(site, "POST", "/api/v1/account/tokens", Some(json_body(&body))).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let bearer = format!("Bearer {}", answer.json()["secret"].as_str().expect("a text"));
        Self {
            name: self.name,
            token: Some(name),
            grants: narrow(&self.grants, &scopes),
            credential: (AUTHORIZATION, bearer.parse().expect("a header")),
        }
    }

    async fn ask(&self, site: &Site, method: &str, path: &str, body: Option<Typed>) -> Answer {
        site.send(request(method, path, body, Some(&self.credential))).await
    }

    fn may(&self, verb: Verb, place: Place) -> bool {
        let prod = ClusterId::from("prod");
        let scope = match place {
            Place::Anywhere => Scope::Anywhere,
            Place::Everything => Scope::Everything,
            Place::Cluster => Scope::Cluster(&prod),
            Place::Namespace => Scope::Namespace(&prod, "apps"),
        };
        decide(&self.grants, verb, scope)
    }
}

/// A body and its content type.
type Typed = (&'static str, String);

fn json_body(body: &Value) -> Typed {
    ("application/json", body.to_string())
}

fn request(
    method: &str,
    path: &str,
    body: Option<Typed>,
    credential: Option<&(HeaderName, HeaderValue)>,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some((name, value)) = credential {
        request = request.header(name, value);
    }
    match body {
        Some((kind, text)) => request.header(CONTENT_TYPE, kind).body(text.into()),
        None => request.body(Body::empty()),
    }
    .expect("a request")
}

/// Where the requests of this file act: on cluster `prod`, in namespace `apps`, on things that are not there.
#[derive(Clone, Copy)]
enum Place {
    Anywhere,
    Everything,
    Cluster,
    Namespace,
}

fn place(route: &Route) -> Place {
    match (route.method, route.path) {
        ("POST", "/clusters" | "/clusters/probe") => Place::Everything,
        (_, path) if path.starts_with("/clusters/{id}/resources/{kind}") => Place::Namespace,
        (_, path) if path.starts_with("/clusters/{id}") => Place::Cluster,
        ("POST", path) if path.starts_with("/resources/") || path == "/logs/aggregated" => Place::Namespace,
        (_, path) if path.starts_with("/users") || path == "/tokens" || path == "/metrics" => Place::Everything,
        _ => Place::Anywhere,
    }
}

fn address(route: &Route) -> String {
    let absent = if route.path.starts_with("/users") { "nobody" } else { "absent" };
    let id = if route.path.starts_with("/clusters") { "prod" } else { "0" };
    let path = route.path.replace("{id}", id).replace("{kind}", "Kustomization").replace("{ns}", "apps");
    path.replace("{name}", absent)
}

fn body(route: &Route) -> Option<Typed> {
    let body = match (route.method, route.path) {
        ("GET" | "DELETE", _) => return None,
        ("POST", "/clusters" | "/clusters/probe") => json!({"name": "x", "kubeconfig": "nothing"}),
        ("POST", "/logs/aggregated") => json!({"cluster_ids": ["prod"], "namespaces": ["apps"]}),
        ("POST", path) if path.starts_with("/resources/") => {
            json!({"cluster_id": "prod", "kind": "Kustomization", "namespace": "apps", "name": "absent"})
        }
        ("POST", "/account/password") => json!({"current": "not the password", "new": "battery staple"}),
        ("POST", "/account/tokens") => json!({"name": "another"}),
        ("POST", "/users") => json!({"name": "newcomer", "grants": []}),
        _ => json!({}),
    };
    Some(json_body(&body))
}

fn operator_of_apps() -> Grant {
    Grant {
        clusters: Some(vec!["prod".into()]),
        namespaces: Some(vec!["apps".to_owned()]),
        ..Grant::everywhere(Role::Operator)
    }
}

async fn add_user(site: &Site, name: &str, grants: &[Grant]) {
    let user = json!({"name": name, "grants": grants, "password": PASSWORD});
    let answer = site.post("/api/v1/users", &user).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

/// A server with `prod` registered, and everybody who could ask, the strongest last.
async fn everybody() -> (Site, Vec<Actor>) {
    let mut site = Site::with_users().await;
    site.sign_in("admin").await;
    site.register("prod").await;
    let (viewer, operator, admin) =
        (Grant::everywhere(Role::Viewer), Grant::everywhere(Role::Operator), Grant::everywhere(Role::Admin));
    add_user(&site, "operator", std::slice::from_ref(&operator)).await;
    add_user(&site, "limited", &[operator_of_apps()]).await;
    site.forget_session();

    let reader = Grant { verbs: Some(vec![Verb::View, Verb::ViewAudit]), ..admin.clone() };
    let mut actors = Vec::new();
    for (name, grant) in
        [("viewer", viewer.clone()), ("limited", operator_of_apps()), ("operator", operator), ("admin", admin.clone())]
    {
        let person = Actor::with_session(&site, name, vec![grant.clone()]).await;
        let token = person.token(&site, "whole", vec![grant]).await;
        if name == "admin" {
            actors.push(person.token(&site, "reader", vec![reader.clone()]).await);
            actors.push(person.token(&site, "viewer", vec![viewer.clone()]).await);
        }
        actors.extend([token, person]);
    }
    (site, actors)
}

fn routes() -> impl Iterator<Item = (String, &'static Route, Verb)> {
    let root = ROOT.iter().chain(PROBES).map(|route| (String::new(), route));
    let api = API.iter().map(|route| ("/api/v1".to_owned(), route));
    root.chain(api).filter_map(|(prefix, route)| match route.needs {
        Needs::Verb(verb) => Some((format!("{prefix}{}", address(route)), route, verb)),
        Needs::Nothing => None,
    })
}

#[tokio::test]
async fn every_route_answers_as_its_row_of_the_matrix_says() {
    let (site, actors) = everybody().await;
    let unknown = (AUTHORIZATION, HeaderValue::from_static("Bearer fo_0123456789"));
    for (path, route, _) in routes() {
        for credential in [None, Some(&unknown)] {
            let answer = site.send(request(route.method, &path, body(route), credential)).await;
            assert_eq!((answer.status, answer.error().0.as_str()), (401, "unauthenticated"), "{} {path}", route.method);
        }
    }
    for actor in &actors {
        let mut refused = 0;
        for (path, route, verb) in routes() {
            let answer = actor.ask(&site, route.method, &path, body(route)).await;
            let asked = format!("{} {path} by {} {:?}: {}", route.method, actor.name, actor.token, answer.text);
            if matches!(route.path, "/watch" | "/logs/stream") {
                // No upgrade: a socket asks for rights when it is told what to follow.
                assert_eq!(answer.status, 400, "{asked}");
            } else if actor.may(verb, place(route)) {
                assert!(!matches!(answer.status, 401 | 403 | 500 | 405), "{} {asked}", answer.status);
            } else {
                assert_eq!((answer.status, answer.error().0.as_str()), (403, "forbidden"), "{asked}");
                assert_eq!(answer.json()["details"]["verb"], verb.word(), "{asked}");
                refused += usize::from(verb.changes());
            }
        }
        assert_eq!(refusals(&site, &actors, actor).await, refused, "{} {:?}", actor.name, actor.token);
    }
}

/// Refused changes of that actor on record, as an administrator reads them.
async fn refusals(site: &Site, actors: &[Actor], actor: &Actor) -> usize {
    let admin = actors.last().expect("the administrator");
    let path = format!("/api/v1/audit?outcome=refused&limit=500&caller={}", actor.name);
    let page = admin.ask(site, "GET", &path, None).await.json();
    let entries = page["entries"].as_array().expect("a list");
    let token = actor.token.map_or(Value::Null, Value::from);
    entries.iter().filter(|entry| entry["token"] == token).count()
}

/// What a server function takes, and where it acts.
fn call(name: &str) -> (Typed, Place) {
    let object = json!({"cluster": "prod", "kind": "Kustomization", "namespace": "apps", "name": "absent"});
    let form = |fields: &[(&str, &str)], place| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        (("application/x-www-form-urlencoded", form.finish()), place)
    };
    let json = |body: Value, place| (json_body(&body), place);
    match name {
        "viewer" | "fleet" | "clusters" | "onboarding" | "own_sessions" | "own_tokens" => {
            json(json!({}), Place::Anywhere)
        }
        "users" => json(json!({}), Place::Everything),
        "cluster" => json(json!({"id": "prod"}), Place::Cluster),
        "resources" => json(json!({"query": {}}), Place::Anywhere),
        "audit" => json(json!({"query": {}}), Place::Anywhere),
        "object" | "diff" => json(json!({"address": object}), Place::Namespace),
        "logs" => json(json!({"query": {"cluster_ids": ["prod"], "namespaces": ["apps"]}}), Place::Namespace),
        "probe_cluster" => json(json!({"name": "x", "kubeconfig": "nothing"}), Place::Everything),
        "user" | "sessions_of_user" | "tokens_of_user" => json(json!({"name": "nobody"}), Place::Everything),
        "act" => {
            let object = json!({
                "cluster": "prod", "group": "kustomize.toolkit.fluxcd.io", "kind": "Kustomization",
                "namespace": "apps", "name": "absent",
            });
            let action = json!({"action": "reconcile"});
            form(&[("object", &object.to_string()), ("action", &action.to_string())], Place::Namespace)
        }
        "sync_cluster" | "delete_cluster" => form(&[("id", "prod")], Place::Cluster),
        "register_cluster" => form(&[("name", "x"), ("kubeconfig", "nothing")], Place::Everything),
        "change_password" => form(&[("current", "not the password"), ("new", "battery staple")], Place::Anywhere),
        "end_own_session" | "revoke_own_token" => form(&[("id", "0")], Place::Anywhere),
        "end_other_sessions" => form(&[], Place::Anywhere),
        "create_token" => form(&[("name", "another"), ("expires_in_days", "1")], Place::Anywhere),
        "create_user" => form(&[("name", "someone"), ("grants[0][role]", "viewer")], Place::Everything),
        "change_user" | "reset_password" | "delete_user" | "end_sessions" => {
            form(&[("name", "nobody")], Place::Everything)
        }
        "end_session" | "revoke_token" => form(&[("name", "nobody"), ("id", "0")], Place::Everything),
        name => panic!("give the server function {name} a request"),
    }
}

#[tokio::test]
async fn every_server_function_answers_people_as_its_row_says_and_programs_never() {
    let (site, actors) = everybody().await;
    let functions = || app::api::SERVER_FUNCTIONS.iter().chain(app::api::access::SERVER_FUNCTIONS);
    for (name, _) in functions() {
        let path = format!("/_fn/{name}");
        let tokens = actors.iter().filter(|actor| actor.token.is_some()).map(|actor| Some(&actor.credential));
        for credential in std::iter::once(None).chain(tokens) {
            let answer = site.send(request("POST", &path, Some(call(name).0), credential)).await;
            assert_eq!((answer.status, answer.error().0.as_str()), (401, "unauthenticated"), "{name}: {answer:?}");
        }
    }
    for actor in actors.iter().filter(|actor| actor.token.is_none()) {
        for (name, verb) in functions() {
            let (body, place) = call(name);
            let answer = actor.ask(&site, "POST", &format!("/_fn/{name}"), Some(body)).await;
            let asked = format!("{name} by {}: {} {}", actor.name, answer.status, answer.text);
            if actor.may(*verb, place) {
                assert!(!matches!(answer.status, 401 | 403 | 500), "{asked}");
            } else {
                assert_eq!((answer.status, answer.error().0.as_str()), (403, "forbidden"), "{asked}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_opens_no_page_and_makes_no_use_of_a_cookie_beside_it() {
    let (mut site, actors) = everybody().await;
    let token = actors.iter().find(|actor| actor.token == Some("whole")).expect("a token");
    for page in ["/", "/clusters", "/resources"] {
        assert_eq!(token.ask(&site, "GET", page, None).await.status, 303, "{page}");
    }
    assert_eq!(token.ask(&site, "GET", "/api/v1/account", None).await.json()["name"], "viewer");
    site.sign_in("admin").await;
    assert_eq!(token.ask(&site, "GET", "/api/v1/users", None).await.status, 403, "the cookie is the administrator's");
    let unknown = (AUTHORIZATION, HeaderValue::from_static("Bearer nothing"));
    let answer = site.send(request("GET", "/api/v1/account", None, Some(&unknown))).await;
    assert_eq!(answer.status, 401);
    assert!(answer.error().1.contains("API token"), "{answer:?}");
}

#[tokio::test]
async fn a_limited_administrator_meets_nothing_of_other_places() {
    let mut site = Site::with_users_and(vec![ClusterSpec::empty("prod"), ClusterSpec::empty("canary-cluster")]).await;
    let object = |namespace: &str, name: &str| {
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": name, "namespace": namespace}, "spec": {"path": "./apps", "prune": true},
            "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Any", "message": name,
                "lastTransitionTime": "2026-01-02T03:04:05Z"}]},
        })
    };
    site.simulated("prod").apply(object("apps", "shop"));
    site.simulated("prod").apply(object("canary-space", "canary-object"));
    site.simulated("canary-cluster").apply(object("apps", "canary-object"));
    site.sign_in("admin").await;
    site.register("prod").await;
    site.register("canary-cluster").await;
    add_user(&site, "limited", &[Grant { role: Role::Admin, ..operator_of_apps() }]).await;
    site.forget_session();
    let limited = Actor::with_session(&site, "limited", vec![Grant { role: Role::Admin, ..operator_of_apps() }]).await;

    let rows = limited.ask(&site, "GET", "/api/v1/resources", None).await.text;
    assert!(rows.contains("shop"), "{rows}");
    for (path, route, _) in routes().filter(|(_, route, _)| route.method == "GET") {
        let answer = limited.ask(&site, route.method, &path, None).await;
        assert!(!answer.text.contains("canary"), "{path}: {}", answer.text);
    }
    for query in [json!({}), json!({"namespaces": ["apps"]}), json!({"namespaces": ["elsewhere"]})] {
        let answer = limited.ask(&site, "POST", "/api/v1/logs/aggregated", Some(json_body(&query))).await;
        assert!(!answer.text.contains("canary"), "{query}: {}", answer.text);
    }
    for page in ["/", "/clusters", "/resources", "/clusters/prod"] {
        let answer = limited.ask(&site, "GET", page, None).await;
        assert_eq!(answer.status, 200, "{page}");
        assert!(!answer.text.contains("canary"), "{page}: {}", answer.text);
    }
    // What is there and what is not look the same.
    for tail in ["", "/resources", "/resources/Kustomization/apps/canary-object", "/resources/Nonsense/apps/x"] {
        let there = limited.ask(&site, "GET", &format!("/api/v1/clusters/canary-cluster{tail}"), None).await;
        let nowhere = limited.ask(&site, "GET", &format!("/api/v1/clusters/nowhere{tail}"), None).await;
        assert_eq!((there.status, nowhere.status), (403, 403), "{tail}");
    }
    let hidden = limited.ask(&site, "GET", "/api/v1/clusters/prod/resources/Kustomization/canary-space/x", None).await;
    assert_eq!(hidden.status, 403);
}

#[tokio::test]
async fn the_audit_is_read_page_by_page_and_exported_whole() {
    let (site, actors) = everybody().await;
    let admin = actors.last().expect("the administrator");
    let first = admin.ask(&site, "GET", "/api/v1/audit?limit=2", None).await.json();
    let next = first["next"].as_str().expect("there is more");
    let second = admin.ask(&site, "GET", &format!("/api/v1/audit?limit=2&cursor={next}"), None).await.json();
    assert_ne!(first["entries"][1]["id"], second["entries"][0]["id"]);
    let wrong = admin.ask(&site, "GET", "/api/v1/audit?outcome=lost", None).await;
    assert_eq!((wrong.status, wrong.error().0.as_str()), (400, "invalid"));

    let lines = admin.ask(&site, "GET", "/api/v1/audit/export?format=ndjson", None).await;
    assert_eq!(lines.header(CONTENT_TYPE), "application/x-ndjson");
    let entries: Vec<Value> = lines.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let made = entries.iter().find(|entry| entry["action"] == "create user").expect("users were made");
    assert_eq!((&made["caller"], &made["outcome"]), (&json!("admin"), &json!("succeeded")));
    assert!(entries.iter().any(|entry| entry["verb"] == "sign_in"));
    assert!(!lines.text.contains(PASSWORD) && !lines.text.contains("fo_"), "{}", lines.text);

    let table = admin.ask(&site, "GET", "/api/v1/audit/export?verb=sign_in&caller=viewer", None).await;
    assert_eq!(table.header(CONTENT_TYPE), "text/csv; charset=utf-8");
    let rows: Vec<&str> = table.text.lines().collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[0].starts_with("id,started_at,") && rows[1].contains(",viewer,"), "{rows:?}");
}
