//! Bodies: of another type, cut off, too deep, too large, saying the same twice.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::{refused, site, still_answers};

/// Every path that takes JSON.
const PATHS: [(&str, &str); 8] = [
    ("POST", "/api/v1/clusters"),
    ("POST", "/api/v1/clusters/probe"),
    ("PUT", "/api/v1/clusters/prod"),
    ("POST", "/api/v1/resources/reconcile"),
    ("POST", "/api/v1/resources/suspend"),
    ("POST", "/api/v1/resources/resume"),
    ("POST", "/api/v1/logs/aggregated"),
    ("POST", "/api/logs/aggregated"),
];

const JSON: &str = "application/json";

fn request(method: &str, path: &str, content_type: &str, body: Vec<u8>) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("content-type", content_type);
    request.body(body.into()).expect("a constant head")
}

/// What is wrong whatever the path takes: case, content type, body.
fn cases() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let nested = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000)).into_bytes();
    vec![
        ("nothing", JSON, Vec::new()),
        ("blanks", JSON, b"  \n\t".to_vec()),
        ("null", JSON, b"null".to_vec()),
        ("a number", JSON, b"1e999999".to_vec()),
        ("a list", JSON, b"[1]".to_vec()),
        ("cut off", JSON, b"{\"name\": \"pro".to_vec()),
        ("cut off in an escape", JSON, b"{\"name\": \"\\ud8".to_vec()),
        ("half a surrogate", JSON, b"\"\\ud800\"".to_vec()),
        ("no utf-8", JSON, b"\"\xff\xfe\"".to_vec()),
        ("a zero", JSON, b"\"a\0\"".to_vec()),
        ("two documents", JSON, b"{} {}".to_vec()),
        ("100,000 lists", JSON, nested("[", "]")),
        ("100,000 objects", JSON, nested("{\"a\":", "}")),
        ("100,000 open lists", JSON, b"[".repeat(100_000)),
        ("yaml", "application/yaml", b"name: prod".to_vec()),
        ("a form", "application/x-www-form-urlencoded", b"name=prod".to_vec()),
        ("plain text", "text/plain", b"{}".to_vec()),
        ("a type that is none", "////", b"{}".to_vec()),
        ("parts", "multipart/form-data; boundary=x", b"--x\r\n\r\n{}\r\n--x--".to_vec()),
        ("two megabytes", JSON, [b"{\"name\": \"", b"x".repeat(2 << 20).as_slice(), b"\"}"].concat()),
        ("two megabytes of blanks", JSON, b" ".repeat(2 << 20)),
        ("gzip", JSON, vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]),
    ]
}

#[tokio::test]
async fn no_body_is_taken_that_is_not_what_its_path_takes() {
    let site = site().await;
    for (method, path) in PATHS {
        for (case, content_type, body) in cases() {
            let request = request(method, path, content_type, body);
            refused(&site, &format!("{method} {path}: {case}"), request, &[400, 413, 415, 422]).await;
        }
    }
    still_answers(&site).await;
}

#[tokio::test]
async fn fields_that_are_given_twice_or_of_another_type_are_refused() {
    let site = site().await;
    for (method, path, body) in [
        ("POST", PATHS[0].1, r#"{"name": "a", "name": "b", "kubeconfig": "x"}"#),
        ("POST", PATHS[0].1, r#"{"name": "a", "kubeconfig": "x", "kubeconfig": "y"}"#),
        ("POST", PATHS[0].1, r#"{"name": ["a"], "kubeconfig": "x"}"#),
        ("POST", PATHS[0].1, r#"{"name": "a", "kubeconfig": "x", "allow_unreachable": "yes"}"#),
        ("POST", PATHS[3].1, r#"{"cluster_id": 1}"#),
        ("POST", PATHS[3].1, r#"{"cluster_id": "prod", "kind": "Kustomization", "kind": "HelmRelease"}"#),
        ("POST", PATHS[6].1, r#"{"tail_lines": -1}"#),
        ("POST", PATHS[6].1, r#"{"tail_lines": 4294967296}"#),
        ("POST", PATHS[6].1, r#"{"tail_lines": 1.5}"#),
        ("POST", PATHS[6].1, r#"{"namespaces": "flux-system"}"#),
        ("POST", PATHS[6].1, r#"{"cluster_ids": [null]}"#),
        ("POST", PATHS[6].1, r#"{"label_selector": {"a": "b"}}"#),
        ("POST", PATHS[6].1, r#"{"tail_lines": 1, "tail_lines": 2}"#),
    ] {
        let request = request(method, path, JSON, body.into());
        refused(&site, &format!("{method} {path}: {body}"), request, &[400, 422]).await;
    }
    for body in [b"{\"name\": \"\xff\", \"kubeconfig\": \"\"}".as_slice(), br#"{"name": "\ud800", "kubeconfig": ""}"#] {
        refused(&site, "a name that is no text", request("POST", PATHS[0].1, JSON, body.into()), &[400, 422]).await;
    }
    still_answers(&site).await;
}

#[tokio::test]
async fn selectors_that_are_none_are_refused() {
    let site = site().await;
    let long = format!("a in ({}", "b,".repeat(40_000));
    let many = "a=b,".repeat(40_000);
    for selector in [
        "((((",
        "a in (b",
        "a in b)",
        "=",
        "!",
        "!!a",
        "a=b=c",
        "a,,b",
        "a notin",
        "\u{202e}=x",
        "a=\0",
        "a b c",
        "a=-",
        "/=a",
        "a/b/c=d",
        "in in in",
        ")(",
        &long,
        &many,
        &"(".repeat(100_000),
    ] {
        let body = json!({"label_selector": selector}).to_string();
        let case: String = selector.chars().take(60).collect();
        let request = request("POST", "/api/v1/logs/aggregated", JSON, body.into_bytes());
        refused(&site, &case, request, &[400, 422]).await;
    }
    still_answers(&site).await;
}

#[tokio::test]
async fn objects_to_act_on_must_have_names() {
    let site = site().await;
    let long = "x".repeat(100_000);
    for name in ["", "..", "../../secrets/x", "a/b", "a%2Fb", "\0", "\u{202e}", "-", "a\r\nb", "A B", &long] {
        for (field, place) in [("name", 0), ("namespace", 1), ("kind", 2), ("cluster_id", 3), ("group", 4)] {
            let mut object = json!({"cluster_id": "prod", "group": "kustomize.toolkit.fluxcd.io",
                "kind": "Kustomization", "namespace": "apps", "name": "shop"});
            object[field] = json!(name);
            let path = PATHS[3 + place % 3].1;
            let case: String = format!("{path}: {field} {}", name.chars().take(40).collect::<String>());
            let request = request("POST", path, JSON, object.to_string().into_bytes());
            refused(&site, &case, request, &[400, 404, 422]).await;
        }
    }
    still_answers(&site).await;
}

#[tokio::test]
async fn server_functions_take_no_rubbish_either() {
    let site = site().await;
    for (case, content_type, body) in cases() {
        for path in ["/_fn/nothing", "/_fn/fleet", "/_fn/..%2f..", "/login", "/logout"] {
            let answer = site.send(request("POST", path, content_type, body.clone())).await;
            assert!(answer.status < 500, "{path}: {case}: {}", super::shown(&answer));
        }
    }
    still_answers(&site).await;
}
