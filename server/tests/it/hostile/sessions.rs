//! Cookies, tokens and other headers of somebody who is not signed in.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request};
use simulator::ClusterSpec;

use super::{refused, site, still_answers};
use crate::site::Site;

fn with_header(path: &str, name: &str, value: &[u8]) -> Request<Body> {
    let mut request = Request::get(path).body(Body::empty()).expect("a constant head");
    let name = HeaderName::from_bytes(name.as_bytes()).expect("a constant name");
    request.headers_mut().insert(name, HeaderValue::from_bytes(value).expect("no control characters"));
    request
}

/// Values that stand where a session token would.
fn rubbish() -> Vec<Vec<u8>> {
    vec![
        b"".to_vec(),
        b"=".to_vec(),
        b"\xff\xfe\x80".to_vec(),
        "ä\u{202e}💩".as_bytes().to_vec(),
        b"%00%ff%zz".to_vec(),
        b"\"quoted; and; cut".to_vec(),
        b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_vec(),
        b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.".to_vec(),
        b"x".repeat(8 * 1024),
        b"x".repeat(64 * 1024),
        b"' OR '1'='1".to_vec(),
        b"../../etc/passwd".to_vec(),
    ]
}

#[tokio::test]
async fn no_cookie_and_no_token_signs_anybody_in_by_itself() {
    let site = Site::with_users().await;
    let many: Vec<u8> = (0..2_000).map(|number| format!("c{number}=x; ")).collect::<String>().into_bytes();
    let names = ["flux-orchestrator-8080", "__Host-flux-orchestrator", "session", ""];
    for value in rubbish() {
        let shown = String::from_utf8_lossy(&value[..value.len().min(40)]).into_owned();
        for name in names {
            let one = [name.as_bytes(), b"=", &value].concat();
            let twice = [one.as_slice(), b"; ", &one].concat();
            let last = [many.as_slice(), &one].concat();
            for cookie in [one, twice, last] {
                let request = with_header("/api/v1/clusters", "cookie", &cookie);
                refused(&site, &format!("cookie {name}={shown}"), request, &[400, 401, 431]).await;
            }
        }
        for scheme in ["Bearer ", "bearer ", "Basic ", "Negotiate ", "", "Bearer  ", "Bearer\t"] {
            let authorization = [scheme.as_bytes(), &value].concat();
            let request = with_header("/api/v1/clusters", "authorization", &authorization);
            refused(&site, &format!("{scheme}{shown}"), request, &[400, 401, 403, 431]).await;
        }
    }
    assert_eq!(site.get("/livez").await.status, 200);
}

#[tokio::test]
async fn pages_send_strangers_to_sign_in_whatever_their_cookies_hold() {
    let site = Site::with_users().await;
    for value in rubbish() {
        let cookie = [b"flux-orchestrator-8080=".as_slice(), &value].concat();
        for path in ["/", "/clusters/prod", "/login"] {
            let answer = site.send(with_header(path, "cookie", &cookie)).await;
            assert!(answer.status < 400, "{path}: {}", super::shown(&answer));
            assert!(path == "/login" || (300..400).contains(&answer.status), "{path}: {}", super::shown(&answer));
        }
    }
}

#[tokio::test]
async fn headers_that_mean_nothing_change_nothing() {
    let site = site().await;
    for name in [
        "accept",
        "accept-encoding",
        "accept-language",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "if-modified-since",
        "if-none-match",
        "range",
        "referer",
        "te",
        "traceparent",
        "user-agent",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-request-id",
        "authorization",
    ] {
        for value in rubbish() {
            let answer = site.send(with_header("/api/v1/clusters", name, &value)).await;
            assert!(answer.status < 500, "{name}: {}", super::shown(&answer));
            let page = site.send(with_header("/", name, &value)).await;
            assert!(page.status < 500, "{name}: {}", super::shown(&page));
        }
    }
    still_answers(&site).await;
}

#[tokio::test]
async fn another_site_changes_nothing() {
    let site = Site::open(vec![ClusterSpec::empty("prod")]).await;
    for origin in ["https://evil.example", "null", "file://", "http://localhost:8080.evil.example", "\u{ff0f}"] {
        let mut request = with_header("/api/v1/clusters/prod", "origin", origin.as_bytes());
        *request.method_mut() = axum::http::Method::DELETE;
        request.headers_mut().insert("host", HeaderValue::from_static("localhost:8080"));
        request.headers_mut().insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
        refused(&site, origin, request, &[400, 403]).await;
    }
}
