//! Who gets in, what a role may do, and what another site may not.

use axum::body::Body;
use axum::http::header::{CONNECTION, HOST, ORIGIN, UPGRADE};
use axum::http::{Method, Request};
use serde_json::json;

use crate::site::{PASSWORD, Site, with_json};

#[tokio::test]
async fn who_is_not_signed_in_gets_401_from_the_api_and_the_form_from_pages() {
    let site = Site::with_users().await;
    for path in ["/api/v1/clusters", "/api/fleet", "/api/v1/clusters/prod/resources/Secret/apps/db/manifest"] {
        let answer = site.get(path).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (401, "unauthenticated"), "{path}");
    }
    let page = site.get("/resources?status=failed").await;
    assert_eq!((page.status, page.location()), (303, "/login?next=%2Fresources%3Fstatus%3Dfailed"));
    let form = site.get(page.location()).await;
    assert_eq!(form.status, 200);
    assert!(form.text.contains("value=\"/resources?status=failed\""), "{}", form.text);
}

#[tokio::test]
async fn a_wrong_password_leads_back_to_the_form() {
    let site = Site::with_users().await;
    for name in ["admin", "nobody"] {
        let fields = [("name", name), ("password", "wrong"), ("next", "/logs")];
        let answer = site.form("/login", &fields).await;
        assert_eq!((answer.status, answer.location()), (303, "/login?failed=wrong&next=%2Flogs"), "{name}");
        assert_eq!(answer.cookie(), "");
    }
    let form = site.get("/login?failed=wrong&next=%2Flogs").await;
    assert!(form.text.contains("The name or the password is wrong."), "{}", form.text);
}

#[tokio::test]
async fn a_session_opens_pages_until_it_is_ended_on_the_server() {
    let mut site = Site::with_users().await;
    let fields = [("name", "admin"), ("password", PASSWORD), ("next", "//evil.example")];
    let answer = site.form("/login", &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/"), "nobody is led away");
    let attributes: Vec<&str> = answer.cookie().split("; ").skip(1).collect();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(attributes.contains(&attribute), "{attributes:?}");
    }

    site.sign_in("admin").await;
    assert_eq!(site.get("/").await.status, 200);
    assert_eq!(site.get("/api/v1/clusters").await.status, 200);
    let left = site.form("/logout", &[]).await;
    assert_eq!((left.status, left.location()), (303, "/login"));
    // The site still sends the old cookie.
    assert_eq!(site.get("/api/v1/clusters").await.status, 401);
    assert_eq!(site.get("/").await.status, 303);
}

#[tokio::test]
async fn a_viewer_is_told_what_is_missing() {
    let mut site = Site::with_users().await;
    site.sign_in("admin").await;
    site.simulated("prod").apply(json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "shop", "namespace": "apps"}, "spec": {"path": "./apps", "prune": true},
    }));
    site.register("prod").await;
    site.sign_in("viewer").await;
    assert_eq!(site.get("/api/v1/clusters/prod/resources/Kustomization/apps/shop").await.status, 200);
    site.simulated("prod").clear_requests();
    let body = json!({"cluster_id": "prod", "kind": "Kustomization", "namespace": "apps", "name": "shop"});
    for action in ["reconcile", "suspend", "resume"] {
        let answer = site.post(&format!("/api/v1/resources/{action}"), &body).await;
        let (code, message) = answer.error();
        assert_eq!((answer.status, code.as_str()), (403, "forbidden"), "{action}");
        assert!(message.contains("operator"), "{message}");
    }
    let registration = site.post("/api/v1/clusters", &site.registration("prod")).await;
    assert_eq!(registration.status, 403);
    assert!(registration.error().1.contains("admin"), "{registration:?}");
    assert!(site.simulated("prod").requests().iter().all(|request| request.method == "GET"));
}

#[tokio::test]
async fn another_site_can_neither_post_nor_open_a_socket() {
    let site = Site::open(Vec::new()).await;
    let post = |origin: &str| {
        let mut request = with_json(Method::POST, "/api/v1/clusters", "{}".to_owned());
        request.headers_mut().insert("sec-fetch-site", origin.parse().expect("a header"));
        request
    };
    let refused = site.send(post("cross-site")).await;
    assert_eq!((refused.status, refused.error().0.as_str()), (403, "forbidden"));
    assert_eq!(site.send(post("same-origin")).await.status, 400, "it is looked at");
    for path in ["/api/v1/watch", "/api/v1/logs/stream"] {
        let upgrade = Request::get(path).header(HOST, "flux.example").header(ORIGIN, "https://evil.example");
        let upgrade = upgrade.header(CONNECTION, "upgrade").header(UPGRADE, "websocket").body(Body::empty());
        let answer = site.send(upgrade.expect("a request")).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (403, "forbidden"), "{path}");
    }
}
