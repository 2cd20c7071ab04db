//! `GET /metrics`, for Prometheus and whoever reads its formats. `docs/metrics.md` describes it for outsiders.
//!
//! The text leaves piece by piece, as fast as the scraper takes it. On the main listener the caller must see everything;
//! on the admin listener, which only the platform reaches, nobody is asked. What this crate counts itself is in
//! [`counters`].

pub(super) mod counters;

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use domain::access::{Grant, Role};
use domain::error::{ApiError, ErrorCode};
use fleet::access::Caller;
use fleet::metrics::{Format, LabelPair, PREFIX, Selection};
use futures::stream;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use self::counters::COUNTERS;
use super::error::Failure;
use super::listener::admission::ConnectionCounts;
use super::state::{AppState, SignedIn};

/// For the main listener.
pub async fn scrape(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    answer(&state, &caller, query.as_deref(), &headers).await
}

/// For the admin listener: whoever reaches it may read.
pub async fn scrape_openly(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let caller = Caller::named("(admin listener)", vec![Grant::everywhere(Role::Viewer)]);
    answer(&state, &caller, query.as_deref(), &headers).await
}

async fn answer(
    state: &AppState,
    caller: &Caller,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let selection = selection(query.unwrap_or_default())?;
    let accept: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let format = Format::of_accept(&accept.join(","));
    let scrape = state.services.metrics(caller, format, selection).await?;
    let own = selection.server.then(|| {
        let connections = connections(state.edge.connections.counts());
        format.encode(&connections) + &format.encode(COUNTERS.registry())
    });
    let text = own.into_iter().chain(scrape).map(Ok::<_, Infallible>);
    let head = [(CONTENT_TYPE, format.content_type()), (VARY, "accept")];
    Ok((head, Body::from_stream(stream::iter(text))).into_response())
}

/// What the listener counts itself.
fn connections(counts: ConnectionCounts) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register("connections", "Open connections, sockets with them", ConstGauge::new(i64::from(counts.open)));
    let refused = Family::<[LabelPair; 1], Counter>::default();
    for (limit, count) in [("total", counts.refused_total), ("address", counts.refused_by_address)] {
        refused.get_or_create(&[("limit", limit)]).inc_by(count);
    }
    registry.register("connections_refused", "Connections refused, by the limit that was reached", refused);
    registry
}

/// `?collect[]=flux&collect[]=server`, as other exporters have it; other parameters are somebody else's.
fn selection(query: &str) -> Result<Selection, ApiError> {
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let words = pairs.iter().filter(|(name, _)| name == "collect[]").map(|(_, word)| word.as_ref());
    Selection::of_words(words).map_err(|_| {
        let message = "There is no such group of metrics. collect[] takes server, flux and gotk.";
        ApiError::new(ErrorCode::Invalid, message)
    })
}
