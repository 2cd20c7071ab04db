//! What HTTP counts: requests by route, sockets, frames.
//!
//! A route is the template of the table, the name of a server function that exists, or `page`: what somebody asks for
//! never becomes a label.

use std::sync::LazyLock;
use std::time::Instant;

use app::api::{SERVER_FUNCTIONS, access};
use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use fleet::metrics::{LabelPair, Open, PREFIX};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The counters of this process.
pub(crate) static COUNTERS: LazyLock<Counters> = LazyLock::new(Counters::new);

/// Seconds; from an answer out of memory to one that waited for clusters.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

type RequestLabels = [(&'static str, String); 3];
type RouteLabels = [(&'static str, String); 1];

#[derive(Debug)]
pub(crate) struct Counters {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram>,
    sockets: Family<[LabelPair; 1], Gauge>,
    frames: Counter,
    bytes: Counter,
    cut_off: Counter,
}

impl Counters {
    fn new() -> Self {
        let counters = Self {
            registry: Registry::default(),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            sockets: Family::default(),
            frames: Counter::default(),
            bytes: Counter::default(),
            cut_off: Counter::default(),
        };
        let mut registry = Registry::with_prefix(PREFIX);
        registry.register("http_requests", "Requests answered", counters.requests.clone());
        let help = "Time until the head of the response";
        registry.register("http_request_duration_seconds", help, counters.durations.clone());
        registry.register("sockets", "Open websockets", counters.sockets.clone());
        registry.register("socket_frames_sent", "Frames sent on websockets", counters.frames.clone());
        registry.register("socket_sent_bytes", "Bytes of these frames, without their heads", counters.bytes.clone());
        let help = "Websockets given up because the peer was gone or did not take a frame in time";
        registry.register("sockets_cut_off", help, counters.cut_off.clone());
        Self { registry, ..counters }
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A socket has opened; it is counted until the answer is dropped. `name` is one of a few words.
    pub(crate) fn socket(&self, name: &'static str) -> Open {
        Open::new(&self.sockets.get_or_create(&[("socket", name)]))
    }

    /// A frame of so many bytes was taken by the peer.
    pub(crate) fn frame_sent(&self, bytes: usize) {
        self.frames.inc();
        self.bytes.inc_by(bytes as u64);
    }

    pub(crate) fn socket_cut_off(&self) {
        self.cut_off.inc();
    }
}

/// Counts the request when its response begins.
pub(crate) async fn count(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let template = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let route = route(template, request.uri().path()).to_owned();
    let method = method(request.method()).to_owned();
    let response = next.run(request).await;
    let seconds = began.elapsed().as_secs_f64();
    COUNTERS.durations.get_or_create(&[("route", route.clone())]).observe(seconds);
    let status = class(response.status()).to_owned();
    COUNTERS.requests.get_or_create(&[("route", route), ("method", method), ("status", status)]).inc();
    response
}

/// Beneath it each server function has its own name.
const FUNCTIONS: &str = "/_fn/";

fn route<'a>(template: Option<&'a str>, path: &'a str) -> &'a str {
    match template {
        Some(template) if template.starts_with(FUNCTIONS) => {
            let name = path.strip_prefix(FUNCTIONS).unwrap_or_default();
            let mut functions = SERVER_FUNCTIONS.iter().chain(access::SERVER_FUNCTIONS);
            let is_known = functions.any(|(known, _)| *known == name);
            if is_known { path } else { template }
        }
        Some(template) => template,
        None => "page",
    }
}

fn method(method: &Method) -> &str {
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    if known.contains(method) { method.as_str() } else { "other" }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_asks_for_is_no_label() {
        let template = "/api/v1/clusters/{id}";
        assert_eq!(route(Some(template), "/api/v1/clusters/prod"), template);
        assert_eq!(route(Some("/_fn/{*name}"), "/_fn/fleet"), "/_fn/fleet");
        assert_eq!(route(Some("/_fn/{*name}"), "/_fn/evil"), "/_fn/{*name}");
        assert_eq!(route(None, "/evil"), "page");
        assert_eq!(method(&Method::GET), "GET");
        assert_eq!(method(&Method::from_bytes(b"EVIL").unwrap()), "other");
        assert_eq!(class(StatusCode::SWITCHING_PROTOCOLS), "1xx");
        assert_eq!(class(StatusCode::from_u16(799).unwrap()), "5xx");
    }
}
