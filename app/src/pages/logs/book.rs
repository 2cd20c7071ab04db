//! The lines that the page holds: bounded, filtered, counted. Pure; the newest is last.
//!
//! What had to be dropped is counted, and lines that never came have a row of their own: a silence always has a reason.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use domain::log::ansi;
use domain::log::level::Level;
use domain::protocol::logs::{
    AggregatedLogs, GapCause, LogRecord, LogSource, NumberedSource, ServerFrame, SourceState, StreamLine,
};

/// Rows kept; the oldest go first.
pub(super) const HELD: usize = 20_000;
/// Colours for sources.
const LANES: usize = 12;

/// Where a line is from, with its colour (1 to 12), the same for all containers of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) source: LogSource,
    pub(super) lane: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Line {
        origin: Arc<Origin>,
        time: String,
        level: Level,
        message: String,
        truncated: u64,
    },
    /// Something about the stream itself.
    Marker {
        kind: MarkerKind,
        text: String,
        origin: Option<Arc<Origin>>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MarkerKind {
    Skipped,
    Gap,
    Restart,
    Stream,
}

/// A row; its number never changes and grows with each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) content: Content,
}

/// What is shown of the rows that are held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// Lower case; all words must occur in the line or in the name of its source.
    pub(super) words: Vec<String>,
    pub(super) hidden: BTreeSet<Level>,
}

impl Filter {
    pub(super) fn search(text: &str, hidden: BTreeSet<Level>) -> Self {
        Self { words: text.split_whitespace().map(str::to_lowercase).collect(), hidden }
    }

    fn matches(&self, content: &Content) -> bool {
        match content {
            // What says that lines are missing is missing itself only if nothing is looked for.
            Content::Marker { .. } => true,
            Content::Line { origin, level, message, .. } => {
                !self.hidden.contains(level)
                    && (self.words.is_empty() || {
                        let LogSource { cluster_name, pod_name, .. } = &origin.source;
                        let text = format!("{cluster_name} {pod_name} {message}").to_lowercase();
                        self.words.iter().all(|word| text.contains(word))
                    })
            }
        }
    }
}

/// How much of the selection is being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Covered {
    pub(super) streaming: usize,
    pub(super) waiting: usize,
    pub(super) forbidden: usize,
    pub(super) failed: usize,
    pub(super) ended: usize,
}

/// The rows, those that are shown, and what is known of their sources.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    entries: VecDeque<Arc<Entry>>,
    shown: VecDeque<Arc<Entry>>,
    filter: Filter,
    next: u64,
    lanes: BTreeMap<(String, String), usize>,
    sources: BTreeMap<u32, Arc<Origin>>,
    levels: BTreeMap<Level, usize>,
    dropped: u64,
    covered: Option<Covered>,
    fetched_sources: usize,
}

impl Book {
    /// The answer of a single fetch.
    pub(super) fn fetched(logs: AggregatedLogs) -> Self {
        let mut book = Self { fetched_sources: logs.sources, ..Self::default() };
        let mut origins: BTreeMap<LogSource, Arc<Origin>> = BTreeMap::new();
        for LogRecord { source, timestamp, message, level, truncated } in logs.logs {
            let origin = match origins.get(&source) {
                Some(origin) => origin.clone(),
                None => {
                    let origin = book.origin(source.clone());
                    origins.insert(source, origin.clone());
                    origin
                }
            };
            book.push(line(origin, timestamp, level, &message, truncated));
        }
        book
    }

    /// Applies a frame of the stream; a batch's number comes back, to be acknowledged when it is on screen.
    pub(super) fn receive(&mut self, frame: ServerFrame) -> Option<u64> {
        match frame {
            ServerFrame::Hello { .. } => self.sources.clear(),
            ServerFrame::Sources { sources } => {
                for NumberedSource { number, source } in sources {
                    let origin = self.origin(source);
                    self.sources.insert(number, origin);
                }
            }
            ServerFrame::Batch { batch, lines } => {
                for StreamLine { source, timestamp, message, level, truncated, .. } in lines {
                    if let Some(origin) = self.sources.get(&source).cloned() {
                        self.push(line(origin, timestamp, level, &message, truncated));
                    }
                }
                return Some(batch);
            }
            ServerFrame::Gap { source, after, before, cause } => {
                let text = gap(&after, &before, cause);
                let kind = if cause == GapCause::Restarted { MarkerKind::Restart } else { MarkerKind::Gap };
                self.mark(kind, text, Some(source));
            }
            ServerFrame::Skipped { source, lines, from, to, .. } => {
                let text = format!(
                    "{lines} lines skipped between {} and {}: this page could not keep up",
                    clock(&from),
                    clock(&to)
                );
                self.mark(MarkerKind::Skipped, text, Some(source));
            }
            ServerFrame::Status { source, state, message } => {
                if let Some(words) = state_words(state) {
                    let text = if message.is_empty() { words.to_owned() } else { format!("{words}: {message}") };
                    self.mark(MarkerKind::Stream, text, source);
                }
            }
            ServerFrame::Coverage { streaming, waiting, forbidden, failed, ended } => {
                self.covered = Some(Covered { streaming, waiting, forbidden, failed, ended });
            }
            ServerFrame::Failed { error } => {
                self.mark(MarkerKind::Gap, format!("The stream ended: {}", error.message), None)
            }
        }
        None
    }

    /// A row about the stream.
    pub(super) fn mark(&mut self, kind: MarkerKind, text: String, source: Option<u32>) {
        let origin = source.and_then(|source| self.sources.get(&source).cloned());
        self.push(Content::Marker { kind, text, origin });
    }

    /// Begins anew, with the same filter.
    pub(super) fn clear(&mut self) {
        *self = Self { filter: std::mem::take(&mut self.filter), next: self.next, ..Self::default() };
    }

    pub(super) fn set_filter(&mut self, filter: Filter) {
        self.shown = self.entries.iter().filter(|entry| filter.matches(&entry.content)).cloned().collect();
        self.filter = filter;
    }

    pub(super) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Rows that the filter shows.
    pub(super) fn len(&self) -> usize {
        self.shown.len()
    }

    /// All rows.
    pub(super) fn held(&self) -> usize {
        self.entries.len()
    }

    /// Rows that had to go.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn level_count(&self, level: Level) -> usize {
        self.levels.get(&level).copied().unwrap_or_default()
    }

    pub(super) fn covered(&self) -> Option<Covered> {
        self.covered
    }

    pub(super) fn fetched_sources(&self) -> usize {
        self.fetched_sources
    }

    /// Number of the newest row.
    pub(super) fn newest(&self) -> u64 {
        self.shown.back().map(|entry| entry.number).unwrap_or_default()
    }

    /// Shown rows newer than that number.
    pub(super) fn newer_than(&self, number: u64) -> usize {
        self.shown.len() - self.shown.partition_point(|entry| entry.number <= number)
    }

    /// Shown rows at these positions, each with its position.
    pub(super) fn slice(&self, range: Range<usize>) -> Vec<(usize, Arc<Entry>)> {
        let end = range.end.min(self.shown.len());
        let start = range.start.min(end);
        self.shown.range(start..end).cloned().enumerate().map(|(at, entry)| (start + at, entry)).collect()
    }

    /// The shown rows as a text file.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for entry in &self.shown {
            match &entry.content {
                Content::Line { origin, time, message, .. } => {
                    let LogSource { cluster_name, namespace, pod_name, container, .. } = &origin.source;
                    text.extend([time, " ", cluster_name, " ", namespace, "/", pod_name, "/", container, " ", message]);
                }
                Content::Marker { text: words, .. } => text.extend(["# ", words]),
            }
            text.push('\n');
        }
        text
    }

    fn origin(&mut self, source: LogSource) -> Arc<Origin> {
        let pod = (source.cluster_id.0.clone(), source.pod_name.clone());
        let next = self.lanes.len() % LANES + 1;
        let lane = *self.lanes.entry(pod).or_insert(next);
        Arc::new(Origin { source, lane })
    }

    fn push(&mut self, content: Content) {
        if let Content::Line { level, .. } = &content {
            *self.levels.entry(*level).or_default() += 1;
        }
        let entry = Arc::new(Entry { number: self.next, content });
        self.next += 1;
        if self.filter.matches(&entry.content) {
            self.shown.push_back(entry.clone());
        }
        self.entries.push_back(entry);
        if self.entries.len() > HELD {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some(oldest) = self.entries.pop_front() else { return };
        if self.shown.front().is_some_and(|first| first.number == oldest.number) {
            self.shown.pop_front();
        }
        if let Content::Line { level, .. } = &oldest.content {
            self.dropped += 1;
            if let Some(count) = self.levels.get_mut(level) {
                *count -= 1;
            }
        }
    }
}

fn line(origin: Arc<Origin>, time: String, level: Level, message: &str, truncated: u64) -> Content {
    Content::Line { origin, time, level, message: ansi::strip(message).into_owned(), truncated }
}

fn gap(after: &str, before: &str, cause: GapCause) -> String {
    let why = match cause {
        GapCause::Rotated => "the node rotated the log meanwhile",
        GapCause::Restarted => "the container restarted meanwhile",
        GapCause::Unknown => "the last line was not found again",
    };
    format!("Lines between {} and {} are missing: {why}", clock(after), clock(before))
}

/// States that deserve a row; that a stream runs is no news.
fn state_words(state: SourceState) -> Option<&'static str> {
    match state {
        SourceState::Waiting | SourceState::Streaming => None,
        SourceState::Reconnecting => Some("Stream lost, opening it again"),
        SourceState::Ended => Some("The container has ended"),
        SourceState::Forbidden => Some("Not allowed to read these logs"),
        SourceState::Failed => Some("These logs cannot be read"),
    }
}

/// `12:31:07.388` of an RFC 3339 time.
pub(super) fn clock(time: &str) -> &str {
    const MILLIS: usize = 12;
    let clock = time.split_once('T').map_or(time, |(_, clock)| clock).trim_end_matches('Z');
    clock.get(..MILLIS).unwrap_or(clock)
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
