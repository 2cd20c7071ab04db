//! `/metrics`: who may read it, in which format, and what of a request gets into it.

use std::path::Path;

use axum::http::header::CONTENT_TYPE;
use serde_json::json;

use crate::site::{Answer, Site};

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";

/// Value of the first sample that begins so.
fn value(scrape: &Answer, sample: &str) -> Option<f64> {
    let line = scrape.text.lines().find(|line| line.starts_with(sample))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[tokio::test]
async fn nobody_reads_metrics_without_signing_in() {
    let mut site = Site::with_users().await;
    let refused = site.get("/metrics").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.error().0, "unauthenticated");
    site.sign_in("viewer").await;
    let answer = site.get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        value(&answer, "flux_orchestrator_sign_ins_total{outcome=\"succeeded\"}").map(|count| count >= 1.0),
        Some(true)
    );
}

#[tokio::test]
async fn a_scraper_gets_the_format_that_it_asks_for() {
    let site = Site::demo().await;
    let text = site.get("/metrics").await;
    assert_eq!(text.header(CONTENT_TYPE), "text/plain; version=0.0.4; charset=utf-8");
    assert!(text.text.contains("\nflux_resource_info{cluster=\"staging\","), "{}", text.text);
    let open_metrics = site.get_as("/metrics", OPEN_METRICS).await;
    assert_eq!(open_metrics.header(CONTENT_TYPE), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(open_metrics.text.ends_with("\n# EOF\n"));

    let flux = site.get("/metrics?collect[]=flux").await;
    assert!(flux.text.starts_with("# HELP flux_") && !flux.text.contains("gotk_"), "{}", flux.text);
    let unknown = site.get("/metrics?collect%5B%5D=everything").await;
    assert_eq!((unknown.status, unknown.error().0.as_str()), (400, "invalid"));
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_what_was_asked_for() {
    let site = Site::demo().await;
    assert_eq!(site.get("/api/v1/clusters/staging").await.status, 200);
    assert_eq!(site.get("/api/v1/clusters/canary-5f3c9a").await.status, 404);
    site.get("/canary-5f3c9a?canary-5f3c9a").await;
    site.get("/_fn/canary-5f3c9a").await;
    site.post("/_fn/fleet", &json!({})).await;
    let scrape = site.get("/metrics").await;
    let template = "route=\"/api/v1/clusters/{id}\",method=\"GET\"";
    for status in ["2xx", "4xx"] {
        let sample = format!("flux_orchestrator_http_requests_total{{{template},status=\"{status}\"}}");
        assert!(value(&scrape, &sample).is_some_and(|count| count >= 1.0), "{sample} is not in {}", scrape.text);
    }
    for route in ["/_fn/fleet", "/_fn/{*name}", "page"] {
        let sample = format!("flux_orchestrator_http_request_duration_seconds_count{{route=\"{route}\"}}");
        assert!(value(&scrape, &sample).is_some_and(|count| count >= 1.0), "{sample} is not in {}", scrape.text);
    }
    assert!(!scrape.text.contains("canary-5f3c9a"), "{}", scrape.text);
}

/// Every kind of metric has a sample by then; `cargo xtask test` reads the files.
#[tokio::test]
async fn a_scrape_is_left_for_the_linter() {
    let site = Site::demo().await;
    for path in ["/", "/clusters/staging", "/api/v1/fleet", "/api/v1/unknown"] {
        site.get(path).await;
    }
    for kind in ["Kustomization", "HelmRelease"] {
        let page = site.get(&format!("/api/v1/resources?kind={kind}&limit=1")).await.json();
        let text = |field: &str| page["items"][0]["object"][field].as_str().expect("a text").to_owned();
        let (namespace, name) = (text("namespace"), text("name"));
        let diff = site.get(&format!("/api/v1/clusters/staging/resources/{kind}/{namespace}/{name}/diff")).await;
        assert_eq!(diff.status, 200, "{diff:?}");
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for (accept, file) in [("*/*", "metrics.txt"), (OPEN_METRICS, "metrics.openmetrics")] {
        let scrape = site.get_as("/metrics", accept).await;
        assert_eq!(scrape.status, 200, "{scrape:?}");
        std::fs::write(folder.join(file), scrape.text).expect("cargo's own folder");
    }
}
