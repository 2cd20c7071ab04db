//! Hostile requests: refused with the error envelope and a 4xx, whatever they hold, and the server goes on.
//!
//! Tables of cases; each file of the folder is one entrance.

mod bodies;
mod frames;
mod kubeconfigs;
mod paths;
mod sessions;

use axum::body::Body;
use axum::http::Request;
use simulator::ClusterSpec;

use crate::site::{Answer, Site};

/// A server with one cluster of a small world, where everybody is an administrator.
async fn site() -> Site {
    let site = Site::open(vec![ClusterSpec::empty("prod")]).await;
    site.register("prod").await;
    site
}

/// Sends one request and checks that it was refused as one of `statuses`, in the envelope.
async fn refused(site: &Site, case: &str, request: Request<Body>, statuses: &[u16]) -> Answer {
    let answer = site.send(request).await;
    assert!(statuses.contains(&answer.status), "{case}: {}", shown(&answer));
    assert!((400..500).contains(&answer.status), "{case}: {}", shown(&answer));
    let (code, message) = answer.error();
    assert!(!code.is_empty() && !message.is_empty(), "{case}: {}", shown(&answer));
    answer
}

/// The beginning of an answer; a case may be a megabyte long.
fn shown(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.text.chars().take(300).collect::<String>())
}

/// Nothing that came before has hurt the server.
async fn still_answers(site: &Site) {
    assert_eq!(site.get("/livez").await.status, 200);
    let clusters = site.get("/api/v1/clusters").await;
    assert_eq!(clusters.json()["items"].as_array().map(Vec::len), Some(1), "{}", shown(&clusters));
}
