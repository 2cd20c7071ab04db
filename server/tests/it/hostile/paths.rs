//! Paths and queries: names that are none, names that look like paths, and very many of them.

use axum::body::Body;
use axum::http::{Method, Request};

use super::{refused, site, still_answers};

/// As they stand in a path.
fn names() -> Vec<String> {
    let short = [
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "%2F",
        "%00",
        "%0d%0aX-Admin:1",
        "%ff%fe",
        "%C3%28",
        "%F0%9F%92%A9",
        "%E2%80%AE",
        "a%20b",
        "*",
        "~",
        "'%22%3E%3Cscript%3E",
        "%3C%2Ftitle%3E%3Cimg%20src=x%3E",
        "%25252e",
        "%7B%7D",
        "a;b=c",
        "-",
        ".",
        "NULL",
        "1%27%20OR%20%271%27=%271",
        "$%7Bjndi:ldap:x%7D",
        "%5C..%5C",
        "a,b",
        "@",
        "+",
    ];
    let long = ["x".repeat(8_000), "%41".repeat(2_000), "%F0%9F%92%A9".repeat(500)];
    short.map(str::to_owned).into_iter().chain(long).collect()
}

fn request(method: &Method, path: &str) -> Option<Request<Body>> {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    request.body("{}".into()).ok()
}

#[tokio::test]
async fn no_name_in_a_path_finds_what_is_not_there() {
    let site = site().await;
    for name in names() {
        let paths = [
            (Method::GET, format!("/api/v1/clusters/{name}")),
            (Method::PUT, format!("/api/v1/clusters/{name}")),
            (Method::DELETE, format!("/api/v1/clusters/{name}")),
            (Method::POST, format!("/api/v1/clusters/{name}/sync")),
            (Method::GET, format!("/api/v1/clusters/{name}/resources/Kustomization/a/b")),
            (Method::GET, format!("/api/v1/clusters/prod/resources/{name}/a/b")),
            (Method::GET, format!("/api/v1/clusters/prod/resources/Kustomization/{name}/b")),
            (Method::GET, format!("/api/v1/clusters/prod/resources/Kustomization/a/{name}")),
            (Method::GET, format!("/api/v1/clusters/prod/resources/Kustomization/a/{name}/manifest")),
            (Method::GET, format!("/api/v1/clusters/prod/resources/Kustomization/a/{name}/diff")),
            (Method::GET, format!("/api/v1/clusters/prod/resources/{name}/{name}/{name}/diff?group={name}")),
            (Method::GET, format!("/api/v1/{name}")),
        ];
        for (method, path) in paths {
            let Some(request) = request(&method, &path) else { continue };
            let case: String = format!("{method} {path}").chars().take(200).collect();
            refused(&site, &case, request, &[400, 404, 409, 414, 422]).await;
        }
    }
    still_answers(&site).await;
}

#[tokio::test]
async fn no_query_is_more_than_it_may_be() {
    let site = site().await;
    let long = "x".repeat(60_000);
    let many = "kind=hr&".repeat(6_000);
    for query in [
        "limit=-1",
        "limit=99999999999999999999",
        "limit=1e3",
        "limit=%00",
        "limit=1&limit=2",
        "offset=-9",
        "sort=worst",
        "descending=perhaps",
        "cursor=AAAA",
        "cursor=%ff",
        "limit=0x10",
        &format!("cursor={long}"),
        &format!("limit={long}"),
        &format!("kind={long}"),
        &many,
    ] {
        let case: String = query.chars().take(60).collect();
        let request = request(&Method::GET, &format!("/api/v1/resources?{query}")).expect("a query of ascii");
        refused(&site, &case, request, &[400, 413, 414, 422]).await;
    }
    still_answers(&site).await;
}

#[tokio::test]
async fn filters_and_groups_that_match_nothing_are_answered_in_kind() {
    let site = site().await;
    let stars = "*".repeat(250);
    let longest = format!("{}b", "*a".repeat(120));
    for query in [
        "q=%ff%fe%00",
        "q=%F0%9F%92%A9",
        "namespace=..%2f..",
        "cluster=!*",
        &format!("cluster={stars}"),
        &format!("namespace={longest}"),
        "revision=%25&source=%25",
        "q=%28%5B%7B%5C",
    ] {
        let answer = site.get(&format!("/api/v1/resources?{query}")).await;
        assert!(answer.status < 500, "{query}: {}", super::shown(&answer));
        match answer.status {
            200 => assert_eq!(answer.json()["total"], 0, "{query}"),
            _ => drop(answer.error()),
        }
    }
    still_answers(&site).await;
}

#[tokio::test]
async fn methods_that_a_path_does_not_have_are_refused() {
    let site = site().await;
    for (method, path) in [
        ("PATCH", "/api/v1/clusters"),
        ("DELETE", "/api/v1/clusters"),
        ("PUT", "/api/v1/resources"),
        ("TRACE", "/api/v1/clusters/prod"),
        ("CONNECT", "/api/v1/clusters/prod"),
        ("BREW", "/api/v1/fleet"),
        ("GET", "/api/v1/resources/suspend"),
        ("GET", "/api/v1/watch"),
        ("GET", "/api/v1/logs/stream"),
    ] {
        let method = Method::from_bytes(method.as_bytes()).expect("a token");
        let request = request(&method, path).expect("a constant path");
        refused(&site, &format!("{method} {path}"), request, &[400, 404, 405, 426]).await;
    }
    still_answers(&site).await;
}

#[tokio::test]
async fn pages_and_assets_survive_every_name() {
    let site = site().await;
    for name in names() {
        for path in [
            format!("/clusters/{name}"),
            format!("/clusters/prod/Kustomization/a/{name}"),
            format!("/clusters/prod/{name}/-/{name}/diff?view={name}"),
            format!("/resources?q={name}&sort={name}&limit={name}"),
            format!("/logs?namespace={name}&selector={name}"),
            format!("/assets/{name}"),
            format!("/_fn/{name}"),
            format!("/{name}"),
        ] {
            let Some(request) = request(&Method::GET, &path) else { continue };
            let answer = site.send(request).await;
            let path: String = path.chars().take(200).collect();
            assert!(answer.status < 500, "{path}: {}", super::shown(&answer));
            assert!(!answer.text.contains("<img src=x>"), "{path}: a name became markup");
        }
    }
    still_answers(&site).await;
}
