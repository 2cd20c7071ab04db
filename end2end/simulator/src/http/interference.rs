//! What active faults do to one request: refuse it, hold it, break its connection, or spoil its body.
//!
//! Streams listen for changes of the faults, so that a fault also meets what was open when it began. A request that no
//! fault meets costs one look.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt as _, stream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cluster::Cluster;
use crate::faults::plan::{Fault, RequestKind};
use crate::faults::rules::Rules;
use crate::http::query::Parameters;
use crate::http::resource_path::ResourcePath;
use crate::http::watch::gone_line;
use crate::status::Status;

/// A throttled body is sent in so many pieces a second.
const PIECES_PER_SECOND: u64 = 10;

/// See the module.
pub(crate) struct Interference {
    rules: Arc<Rules>,
    path: String,
    kind: RequestKind,
    /// Asks for a page after the first.
    continues: bool,
    cut: CancellationToken,
    changes: watch::Receiver<u64>,
    met: Vec<Fault>,
}

impl Interference {
    pub(crate) fn new(cluster: &Cluster, parts: &Parts, cut: CancellationToken) -> Self {
        let rules = Arc::clone(cluster.faults().rules());
        let parameters = Parameters::parse(&parts.uri).unwrap_or_default();
        let path = parts.uri.path().to_owned();
        Self {
            kind: kind(parts, &path, &parameters),
            continues: parameters.text("continue").is_some(),
            changes: rules.subscribe(),
            met: Vec::new(),
            rules,
            path,
            cut,
        }
    }

    fn look(&mut self) {
        self.changes.mark_unchanged();
        self.met = self.rules.meet(&self.path, self.kind);
    }

    /// Waits until the set of faults has changed, and looks. Cancel safe.
    async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.look();
    }

    /// Breaks the connection; never resolves, since it goes with the connection.
    async fn reset(&self) {
        self.cut.cancel();
        std::future::pending::<()>().await;
    }

    /// Waits until the request may be answered.
    ///
    /// # Errors
    /// The answer that it gets instead.
    pub(crate) async fn before(&mut self) -> Result<(), Response> {
        self.look();
        loop {
            if self.met.contains(&Fault::Reset) {
                self.reset().await;
            }
            if !self.met.contains(&Fault::Blackhole) {
                break;
            }
            self.changed().await;
        }
        for fault in &self.met {
            match fault {
                Fault::Slow { millis } => tokio::time::sleep(Duration::from_millis(*millis)).await,
                Fault::TooManyRequests { retry_after_seconds } => {
                    let after = [(header::RETRY_AFTER, retry_after_seconds.to_string())];
                    return Err((after, Status::too_many_requests()).into_response());
                }
                Fault::ServerError => return Err(Status::internal_error().into_response()),
                Fault::ExpiredContinue if self.continues => return Err(Status::expired().into_response()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether authorization fails, whoever asks.
    pub(crate) fn forbids(&self) -> bool {
        self.met.contains(&Fault::Forbidden)
    }

    /// The answer with a body that faults reach: always of a stream, of anything else only while it is throttled.
    pub(crate) fn over(self, response: Response) -> Response {
        let throttled = self.met.iter().any(|fault| matches!(fault, Fault::Throttle { .. }));
        let is_stream = matches!(self.kind, RequestKind::Watch | RequestKind::Log) && response.status().is_success();
        if !throttled && !is_stream {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        let spoiled =
            Spoiled { body: body.into_data_stream(), waiting: VecDeque::new(), ended: false, interference: self };
        let body = stream::unfold(spoiled, |mut spoiled| async { Some((spoiled.next().await?, spoiled)) });
        Response::from_parts(parts, Body::from_stream(body))
    }
}

fn kind(parts: &Parts, path: &str, parameters: &Parameters) -> RequestKind {
    if parts.method != Method::GET {
        return RequestKind::Write;
    }
    match ResourcePath::parse(path) {
        Some(path) if path.subresource.as_deref() == Some("log") => RequestKind::Log,
        Some(_) if parameters.flag("watch") => RequestKind::Watch,
        Some(path) if path.name.is_none() => RequestKind::List,
        _ => RequestKind::Read,
    }
}

/// A body that faults reach.
struct Spoiled {
    body: BodyDataStream,
    /// What was read and not sent yet.
    waiting: VecDeque<Bytes>,
    ended: bool,
    interference: Interference,
}

impl Spoiled {
    /// The next chunk; none at the end.
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            if self.interference.changes.has_changed().unwrap_or(false) {
                self.interference.look();
            }
            if self.interference.met.contains(&Fault::Reset) {
                self.interference.reset().await;
            }
            if self.interference.met.contains(&Fault::Blackhole) {
                self.interference.changed().await;
                continue;
            }
            if let Some(chunk) = self.waiting.pop_front() {
                return Some(Ok(self.throttle(chunk).await));
            }
            if self.ended {
                return None;
            }
            let is_watch = self.interference.kind == RequestKind::Watch;
            if is_watch && self.interference.met.contains(&Fault::Gone) {
                self.ended = true;
                return Some(Ok(gone_line("0").into()));
            }
            tokio::select! {
                // A fault that has begun holds for whatever comes after it.
                biased;
                () = self.interference.changed() => {}
                chunk = self.body.next() => match chunk {
                    None => self.ended = true,
                    Some(Err(error)) => return Some(Err(io::Error::other(error))),
                    Some(Ok(chunk)) if is_watch => self.spoil(chunk),
                    Some(Ok(chunk)) => self.waiting.push_back(chunk),
                }
            }
        }
    }

    /// What becomes of events on their way.
    fn spoil(&mut self, chunk: Bytes) {
        let met = &self.interference.met;
        if met.contains(&Fault::TornJson) {
            self.waiting.push_back(chunk.slice(..chunk.len() / 2));
            self.ended = true;
            return;
        }
        if met.contains(&Fault::Repeated) {
            self.waiting.push_back(chunk.clone());
        }
        self.waiting.push_back(chunk);
    }

    /// Cuts a chunk to what may be sent now, and takes the time that it needs.
    async fn throttle(&mut self, mut chunk: Bytes) -> Bytes {
        let speed = self.interference.met.iter().find_map(|fault| match fault {
            Fault::Throttle { bytes_per_second } => Some((*bytes_per_second).max(1)),
            _ => None,
        });
        let Some(speed) = speed else { return chunk };
        let piece = usize::try_from(speed.div_ceil(PIECES_PER_SECOND)).unwrap_or(usize::MAX);
        if chunk.len() > piece {
            self.waiting.push_front(chunk.split_off(piece));
        }
        tokio::time::sleep(Duration::from_secs_f64(chunk.len() as f64 / speed as f64)).await;
        chunk
    }
}
