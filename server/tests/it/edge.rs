//! The edge of the network: what is refused and in which words, behind which proxy, under which host, by which probe.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{ALLOW, CONTENT_TYPE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use axum::http::{Method, Request};
use serde_json::{Value, json};
use server::http::router::{Probes, admin_router, router};
use tower::ServiceExt as _;

use crate::site::{Answer, PASSWORD, Site, with_json};

const PROXY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), 40_000);

fn get(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    request.body(Body::empty()).expect("a request")
}

fn from(peer: SocketAddr, mut request: Request<Body>) -> Request<Body> {
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

#[tokio::test]
async fn every_refusal_has_the_envelope_whoever_refuses() {
    let site = Site::open(Vec::new()).await;
    let plain = |method: Method, path: &str, body: &'static str| {
        Request::builder().method(method).uri(path).body(Body::from(body)).expect("a request")
    };
    let large = format!(r#"{{"name": "{}"}}"#, "a".repeat(5 * 1024 * 1024));
    for (request, status, code) in [
        (with_json(Method::POST, "/api/v1/clusters", large.clone()), 413, "too_large"),
        (with_json(Method::POST, "/_fn/fleet", large), 413, "too_large"),
        (with_json(Method::POST, "/_fn/fleet", "{".to_owned()), 400, "invalid"),
        (plain(Method::POST, "/api/v1/clusters", "{}"), 415, "unsupported"),
        (with_json(Method::POST, "/api/v1/clusters", "{".to_owned()), 400, "invalid"),
        (plain(Method::GET, "/api/v1/clusters/%FF", ""), 400, "invalid"),
        (plain(Method::GET, "/api/v1/watch", ""), 400, "invalid"),
        (plain(Method::GET, "/api/v1/nowhere", ""), 404, "not_found"),
        (plain(Method::GET, "/assets/nowhere.js", ""), 404, "not_found"),
        (plain(Method::DELETE, "/api/v1/fleet", ""), 405, "method_not_allowed"),
        (plain(Method::PUT, "/login", ""), 405, "method_not_allowed"),
        (plain(Method::POST, "/resources", ""), 405, "method_not_allowed"),
        (plain(Method::POST, "/login", "name=a"), 415, "unsupported"),
    ] {
        let line = format!("{} {}", request.method(), request.uri());
        let answer = site.send(request).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (status, code), "{line}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let site = Site::open(Vec::new()).await;
    let body = with_json(Method::POST, "/api/v1/clusters", json!({"name": 5, "kubeconfig": ""}).to_string());
    let refused = site.send(body).await;
    assert_eq!((refused.status, &refused.json()["details"]["field"]), (400, &json!("name")), "{refused:?}");
    let refused = site.get("/api/v1/resources?limit=many").await;
    assert_eq!(refused.status, 400);
    assert!(refused.error().1.contains("limit"), "{refused:?}");
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_told_which_it_does() {
    let site = Site::open(Vec::new()).await;
    for (method, path, allowed) in
        [(Method::DELETE, "/api/v1/fleet", "GET,HEAD"), (Method::POST, "/resources", "GET,HEAD")]
    {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        assert_eq!(site.send(request).await.header(ALLOW), allowed, "{path}");
    }
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let site = Site::open(Vec::new()).await;
    for (path, status) in [("/api/v1/fleet", 200), ("/", 200), ("/api/v1/nowhere", 404), ("/livez", 200)] {
        let request = Request::head(path).body(Body::empty()).expect("a request");
        let answer = site.send(request).await;
        assert_eq!((answer.status, answer.text.as_str()), (status, ""), "{path}");
        let full = site.get(path).await;
        assert_eq!(answer.header(CONTENT_TYPE), full.header(CONTENT_TYPE), "{path}");
    }
}

#[tokio::test]
async fn a_host_that_is_not_ours_is_refused_and_the_flag_is_named() {
    let site = Site::behind(&["--public-url", "https://flux.example"]).await;
    let refused = site.send(get("/api/v1/fleet", &[(HOST.as_str(), "evil.example")])).await;
    let (code, message) = refused.error();
    assert_eq!((refused.status, code.as_str()), (403, "forbidden"));
    assert!(message.contains("--public-url"), "{message}");
    for host in ["flux.example", "localhost:8080", "127.0.0.1:8080"] {
        assert_eq!(site.send(get("/api/v1/fleet", &[(HOST.as_str(), host)])).await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn only_listed_origins_may_change_something() {
    let network = ["--public-url", "https://flux.example", "--allowed-origin", "https://other.example:8443"];
    let site = Site::behind(&network).await;
    let post = |origin: &str, site: &str| {
        let mut request = with_json(Method::POST, "/api/v1/clusters", "{}".to_owned());
        let headers = request.headers_mut();
        headers.insert(HOST, "127.0.0.1:8080".parse().expect("a header"));
        headers.insert(ORIGIN, origin.parse().expect("a header"));
        headers.insert("sec-fetch-site", site.parse().expect("a header"));
        request
    };
    for (origin, fetch_site, status) in [
        ("https://flux.example", "same-origin", 400),
        ("https://other.example:8443", "cross-site", 400),
        ("https://other.example", "cross-site", 403),
        ("https://evil.example", "cross-site", 403),
        ("null", "cross-site", 403),
    ] {
        assert_eq!(site.send(post(origin, fetch_site)).await.status, status, "{origin}");
    }
}

#[tokio::test]
async fn a_request_id_is_taken_from_a_trusted_proxy_only() {
    let site = Site::behind(&["--trusted-proxy", "10.0.0.0/8"]).await;
    let asked = || get("/api/v1/nowhere", &[("x-request-id", "trace-1")]);
    let answer = site.send(from(PROXY, asked())).await;
    assert_eq!(answer.json()["request_id"], "trace-1");
    let stranger = SocketAddr::from(([203, 0, 113, 9], 40_000));
    for request in [from(stranger, asked()), asked()] {
        let answer = site.send(request).await;
        assert_ne!(answer.json()["request_id"], "trace-1");
        answer.error();
    }
}

fn sign_in_form(headers: &[(&str, &str)]) -> Request<Body> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    let body = form.append_pair("name", "admin").append_pair("password", PASSWORD).finish();
    let request = Request::post("/login").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(body.into()).expect("a request")
}

#[tokio::test]
async fn over_plain_http_from_another_machine_the_form_says_why_it_will_not_work() {
    let site = Site::with_users().await;
    let elsewhere = [(HOST.as_str(), "192.0.2.1:8080")];
    let page = site.send(get("/", &elsewhere)).await;
    assert_eq!((page.status, page.header(LOCATION)), (303, "/login?failed=plain-http&next=%2F"));
    let form = site.send(get(page.location(), &elsewhere)).await;
    for flag in ["--tls-cert", "--tls-key", "--public-url", "--trusted-proxy"] {
        assert!(form.text.contains(flag), "{}", form.text);
    }
    let answer = site.send(sign_in_form(&elsewhere)).await;
    assert_eq!((answer.location(), answer.header(SET_COOKIE)), ("/login?failed=plain-http&next=%2F", ""));
}

#[tokio::test]
async fn behind_a_proxy_that_speaks_https_the_cookie_is_of_this_host_only() {
    let site =
        Site::with_users_behind(&["--trusted-proxy", "10.0.0.0/8", "--public-url", "https://flux.example"]).await;
    let forwarded = [
        (HOST.as_str(), "inner:8080"),
        ("x-forwarded-for", "198.51.100.7"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "flux.example"),
    ];
    let answer = site.send(from(PROXY, sign_in_form(&forwarded))).await;
    assert_eq!((answer.status, answer.location()), (303, "/"), "{answer:?}");
    assert!(answer.cookie().starts_with("__Host-flux-orchestrator="), "{}", answer.cookie());
    assert!(answer.cookie().contains("; Secure"), "{}", answer.cookie());
    // From anybody else the same headers mean nothing, and the inner host is not ours.
    let stranger = SocketAddr::from(([203, 0, 113, 9], 40_000));
    assert_eq!(site.send(from(stranger, sign_in_form(&forwarded))).await.status, 403);
}

async fn asked(router: axum::Router, path: &str) -> Answer {
    let Ok(response) = router.oneshot(get(path, &[])).await;
    Answer::of(response).await
}

#[tokio::test]
async fn readiness_says_what_is_missing_and_fails_first_when_the_server_stops() {
    let site = Site::demo().await;
    let ready = site.get("/readyz").await;
    assert_eq!((ready.status, ready.json()), (200, json!({"ready": true, "not_ready": []})));
    site.state.draining.cancel();
    let stopping = site.get("/readyz").await;
    let expected = json!([{"part": "process", "detail": "the server is stopping"}]);
    assert_eq!((stopping.status, &stopping.json()["not_ready"]), (503, &expected));
    assert_eq!(site.get("/livez").await.status, 200);
    assert_eq!(site.get("/api/v1/fleet").await.status, 200, "requests are still taken");
}

#[tokio::test]
async fn with_an_admin_listener_the_probes_are_there_and_nowhere_else() {
    let site = Site::open(Vec::new()).await;
    let main = router(site.state.clone(), Probes::Elsewhere);
    let admin = admin_router(site.state.clone());
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(asked(main.clone(), path).await.status, 404, "{path}");
        assert_eq!(asked(admin.clone(), path).await.status, 200, "{path}");
    }
    let nothing_else = asked(admin, "/api/v1/fleet").await;
    assert_eq!((nothing_else.status, &nothing_else.json()["code"]), (404, &Value::from("not_found")));
}
