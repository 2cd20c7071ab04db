//! Watches: a line of JSON for each change after a resource version, bookmarks, and 410 Gone when the past is unknown.
//!
//! A watch holds a cursor into the store's log and nothing else, so that a slow reader costs no memory.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::catalogue::{RESOURCES, Resource};
use crate::cluster::Cluster;
use crate::faults::{Interruption, Interruptions};
use crate::http::projection::Projection;
use crate::http::query::Parameters;
use crate::http::resource_path::ResourcePath;
use crate::http::selector::Selector;
use crate::status::Status;
use crate::store::{Change, ChangeKind, Gone};

/// How often a silent watch that allows bookmarks gets one.
pub(crate) const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);
/// A watch without `timeoutSeconds` ends after this time, as the API server's `--min-request-timeout` has it.
const TIMEOUT: Duration = Duration::from_secs(1800);
/// Lines are joined into chunks of about this size when many wait.
const CHUNK: usize = 64 << 10;

/// Opens a watch.
///
/// # Errors
/// On parameters that cannot be parsed, and on `sendInitialEvents`, which this server does not know.
pub(crate) fn answer(
    cluster: &Cluster,
    path: &ResourcePath,
    parameters: &Parameters,
    projection: Projection,
) -> Result<Response, Status> {
    let row = &RESOURCES[path.resource];
    if parameters.text("sendInitialEvents").is_some() {
        let why = "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature \
                   gate is enabled";
        return Err(Status::invalid("ListOptions.meta.k8s.io", "", why));
    }
    let mut selector = Selector::parse(parameters.text("labelSelector"), parameters.text("fieldSelector"), row)?;
    if let Some(name) = &path.name {
        selector = Selector::parse(None, Some(&format!("metadata.name={name}")), row)?;
    }
    let mut state = Watch {
        cluster: cluster.clone(),
        resource: path.resource,
        namespace: path.namespace.clone(),
        selector,
        projection,
        bookmarks: parameters.flag("allowWatchBookmarks"),
        cursor: 0,
        pending: VecDeque::new(),
        changed: cluster.store().subscribe(),
        interruptions: cluster.faults().interruptions(),
        bookmark_at: Instant::now() + BOOKMARK_INTERVAL,
        ends_at: Instant::now() + parameters.number("timeoutSeconds")?.map_or(TIMEOUT, Duration::from_secs),
        finished: false,
    };
    match parameters.text("resourceVersion") {
        None | Some("0") => state.begin_with_all(),
        Some(text) => {
            state.cursor = text
                .parse()
                .map_err(|_| Status::bad_request(format!("invalid resource version {text:?}: it is not a number")))?;
            if cluster.faults().take_gone() || cluster.store().changes_after(state.cursor).is_err() {
                state.end_with_gone();
            }
        }
    }
    let body = Body::from_stream(stream::unfold(state, |mut state| async { Some((state.next().await?, state)) }));
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

struct Watch {
    cluster: Cluster,
    resource: usize,
    namespace: Option<String>,
    selector: Selector,
    projection: Projection,
    bookmarks: bool,
    cursor: u64,
    pending: VecDeque<String>,
    changed: watch::Receiver<u64>,
    interruptions: Interruptions,
    bookmark_at: Instant,
    ends_at: Instant,
    finished: bool,
}

impl Watch {
    /// The next chunk; none when the watch has ended.
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            match self.interruptions.until_flowing().await {
                // Only logs are ended by a lie.
                Ok(()) | Err(Interruption::End) => {}
                Err(cut) => return cut.outcome(),
            }
            if let Some(chunk) = self.take_chunk() {
                return Some(Ok(chunk));
            }
            if self.finished {
                return None;
            }
            self.changed.mark_unchanged();
            self.read_log();
            if !self.pending.is_empty() {
                continue;
            }
            tokio::select! {
                changed = self.changed.changed() => changed.ok()?,
                interruption = self.interruptions.next() => match interruption {
                    Interruption::End => {}
                    cut => return cut.outcome(),
                },
                () = sleep_until(self.bookmark_at), if self.bookmarks => self.push_bookmark(),
                () = sleep_until(self.ends_at) => {
                    if self.bookmarks {
                        self.push_bookmark();
                    }
                    self.finished = true;
                }
            }
        }
    }

    fn take_chunk(&mut self) -> Option<Bytes> {
        let mut chunk = self.pending.pop_front()?;
        while chunk.len() < CHUNK {
            let Some(line) = self.pending.pop_front() else { break };
            chunk.push_str(&line);
        }
        Some(chunk.into())
    }

    /// A watch from "any version" begins with the objects that exist.
    fn begin_with_all(&mut self) {
        let selector = &self.selector;
        let page =
            self.cluster.store().list(self.resource, self.namespace.as_deref(), None, usize::MAX, &|key, stored| {
                selector.matches(key, stored)
            });
        self.cursor = page.revision;
        self.pending.extend(page.items.iter().map(|stored| line("ADDED", &self.projection.text(stored))));
    }

    fn end_with_gone(&mut self) {
        self.pending.push_back(gone_line(&self.cursor.to_string()));
        self.finished = true;
    }

    fn read_log(&mut self) {
        match self.cluster.store().changes_after(self.cursor) {
            Ok(changes) => {
                for change in changes {
                    self.cursor = change.revision;
                    if let Some(kind) = self.event(&change) {
                        self.pending.push_back(line(kind, &self.projection.text(&change.now)));
                    }
                }
                if self.cursor < self.cluster.store().revision() {
                    self.changed.mark_changed();
                }
            }
            Err(Gone) => self.end_with_gone(),
        }
    }

    /// What a change is to this watch: an object that leaves the selection is deleted from it.
    fn event(&self, change: &Change) -> Option<&'static str> {
        let elsewhere = self.namespace.as_ref().is_some_and(|namespace| *namespace != change.key.0);
        if change.resource != self.resource || elsewhere {
            return None;
        }
        let now = change.kind != ChangeKind::Deleted && self.selector.matches(&change.key, &change.now);
        let before = change.before.as_ref().is_some_and(|before| self.selector.matches(&change.key, before));
        match (before, now) {
            (false, true) => Some("ADDED"),
            (true, true) => Some("MODIFIED"),
            (true, false) => Some("DELETED"),
            (false, false) => None,
        }
    }

    fn push_bookmark(&mut self) {
        self.bookmark_at = Instant::now() + BOOKMARK_INTERVAL;
        self.pending.push_back(line("BOOKMARK", &bookmark(&RESOURCES[self.resource], self.cursor).to_string()));
    }
}

fn bookmark(row: &Resource, revision: u64) -> Value {
    json!({"kind": row.kind, "apiVersion": row.api_version(),
        "metadata": {"resourceVersion": revision.to_string(), "creationTimestamp": null}})
}

/// What tells a watch that its resource version is too old.
pub(crate) fn gone_line(revision: &str) -> String {
    line("ERROR", &Status::gone(revision).document().to_string())
}

fn line(kind: &str, object: &str) -> String {
    format!("{{\"type\":\"{kind}\",\"object\":{object}}}\n")
}
