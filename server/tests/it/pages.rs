//! Every page whole, as a browser without JavaScript gets it.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use crate::site::Site;

/// A page of each route, and something that it says.
const PAGES: [(&str, &str); 12] = [
    ("/", "staging"),
    ("/clusters", "staging"),
    ("/clusters/new", "kubeconfig"),
    ("/clusters/staging", "kustomize-controller"),
    ("/resources", "podinfo"),
    ("/resources?kind=HelmRelease&status=ready", "podinfo"),
    ("/clusters/staging/HelmRelease/podinfo/podinfo", "driftDetection"),
    ("/clusters/staging/Deployment/podinfo/podinfo?group=apps", "stefanprodan/podinfo"),
    ("/clusters/staging/HelmRelease/podinfo/podinfo/diff", "Deployment"),
    ("/clusters/staging/Deployment/podinfo/podinfo/diff?group=apps", "stefanprodan/podinfo"),
    ("/logs", "flux-system"),
    ("/login", "Password"),
];

#[tokio::test]
async fn every_page_renders_whole_with_one_heading() {
    let site = Site::demo().await;
    for (path, says) in PAGES {
        let page = site.get(path).await;
        assert_eq!((page.status, page.header(CONTENT_TYPE)), (200, "text/html; charset=utf-8"), "{path}");
        assert_eq!(page.text.matches("<h1").count(), 1, "{path}: {}", page.text);
        assert!(page.text.contains(says), "{path} does not say {says}: {}", page.text);
        assert!(page.text.contains("<title>") && page.text.contains("</html>"), "{path}: {}", page.text);
    }
}

#[tokio::test]
async fn a_page_that_is_not_there_is_404_and_says_so() {
    let site = Site::demo().await;
    let nowhere = site.get("/nowhere").await;
    assert_eq!((nowhere.status, nowhere.text.matches("<h1").count()), (404, 1), "{}", nowhere.text);
    for (path, says) in [
        ("/clusters/nowhere", "There is no cluster nowhere."),
        ("/clusters/staging/HelmRelease/podinfo/gone", "There is no HelmRelease podinfo/gone on staging."),
        ("/clusters/staging/Gadget/podinfo/gone", "Cluster staging serves no kind Gadget."),
    ] {
        let page = site.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.text.contains(says) && page.text.contains("role=\"alert\""), "{path}: {}", page.text);
    }
}

#[tokio::test]
async fn a_page_runs_no_script_but_its_own_and_is_kept_by_nobody() {
    let site = Site::open(Vec::new()).await;
    let page = site.get("/").await;
    let policy = page.header(CONTENT_SECURITY_POLICY);
    let nonce = policy.split_once("'nonce-").and_then(|(_, rest)| rest.split_once('\'')).expect("a nonce").0;
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("'unsafe-eval'") && !policy.contains("script-src 'unsafe-inline'"), "{policy}");
    for script in page.text.split("<script").skip(1) {
        let (attributes, _) = script.split_once('>').expect("an end");
        assert!(attributes.contains(&format!("nonce=\"{nonce}\"")), "<script{attributes}>");
    }
    assert_ne!(site.get("/").await.header(CONTENT_SECURITY_POLICY), policy, "a nonce is used once");
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ] {
        assert_eq!(page.header(&name), value, "{name}");
    }
    let api = site.get("/api/v1/clusters").await;
    assert_eq!((api.header(X_CONTENT_TYPE_OPTIONS), api.header(CACHE_CONTROL)), ("nosniff", "private, no-cache"));
    assert!(api.header(CONTENT_SECURITY_POLICY).starts_with("default-src 'none'"));
}
