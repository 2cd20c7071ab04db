//! Container logs with the kubelet's semantics: one current file a container, the file of the previous run, rotation.
//!
//! A reader asks for a range and then follows by absolute line number. `tailLines` is applied before `sinceTime`,
//! which is whole seconds and inclusive, and only the current file answers a new request; a reader that already
//! follows also gets what was rotated away under it. Bounded: [`FILE_LINES`] or [`FILE_BYTES`] a file, one rotated
//! file kept for readers.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

/// A file with more lines is rotated.
pub(crate) const FILE_LINES: usize = 10_000;
/// A file with more bytes is rotated.
pub(crate) const FILE_BYTES: usize = 4 << 20;

/// Namespace, pod, container.
pub(crate) type ContainerKey = (String, String, String);

/// One line, without its newline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) time: Timestamp,
    pub(crate) text: Arc<[u8]>,
}

/// What a request wants to read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Range {
    pub(crate) previous: bool,
    pub(crate) tail: Option<usize>,
    pub(crate) since: Option<Timestamp>,
}

struct Container {
    /// The current file, preceded by what was rotated last.
    lines: VecDeque<Line>,
    /// Absolute number of the first line held.
    first: u64,
    /// Absolute number of the first line of the current file.
    file: u64,
    bytes: usize,
    previous: Option<Vec<Line>>,
    /// Runs of this container; a reader of an older run is finished.
    run: u64,
    running: bool,
    changed: watch::Sender<()>,
}

impl Container {
    fn new() -> Self {
        Self {
            lines: VecDeque::new(),
            first: 0,
            file: 0,
            bytes: 0,
            previous: None,
            run: 0,
            running: true,
            changed: watch::Sender::new(()),
        }
    }

    fn end(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    fn current(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().skip((self.file - self.first) as usize)
    }

    fn rotate(&mut self) {
        let rotated = (self.file - self.first) as usize;
        self.lines.drain(..rotated);
        self.first = self.file;
        self.file = self.end();
        self.bytes = 0;
    }

    fn restart(&mut self) {
        self.previous = Some(self.current().cloned().collect());
        self.first = self.end();
        self.file = self.first;
        self.lines.clear();
        self.bytes = 0;
        self.run += 1;
    }
}

/// A place in a container's log from where to follow.
#[derive(Debug)]
pub(crate) struct Cursor {
    key: ContainerKey,
    run: u64,
    next: u64,
    pub(crate) changed: watch::Receiver<()>,
}

/// What a follower gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Followed {
    Lines(Vec<Line>),
    /// The container ended, restarted or was removed, and everything was read.
    Finished,
}

/// The logs of one cluster.
#[derive(Default)]
pub(crate) struct Logs {
    containers: Mutex<HashMap<ContainerKey, Container>>,
}

impl Logs {
    fn lock(&self) -> MutexGuard<'_, HashMap<ContainerKey, Container>> {
        self.containers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line; the container's log comes to be with its first line.
    pub(crate) fn append(&self, key: ContainerKey, time: Timestamp, text: &[u8]) {
        let mut containers = self.lock();
        let container = containers.entry(key).or_insert_with(Container::new);
        if container.bytes >= FILE_BYTES || container.end() - container.file >= FILE_LINES as u64 {
            container.rotate();
        }
        container.bytes += text.len();
        container.lines.push_back(Line { time, text: text.into() });
        container.changed.send_replace(());
    }

    /// Follows a pod's status: a restart begins a new file, an end finishes its readers.
    pub(crate) fn observe_pod(&self, pod: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut containers = self.lock();
        for status in pod["status"]["containerStatuses"].as_array().into_iter().flatten() {
            let key = (text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]), text(&status["name"]));
            let container = containers.entry(key).or_insert_with(Container::new);
            let restarts = status["restartCount"].as_u64().unwrap_or(0);
            if restarts > container.run {
                container.restart();
                container.run = restarts;
            }
            container.running = status["state"]["running"].is_object();
            container.changed.send_replace(());
        }
    }

    /// Drops everything of a pod; its readers finish.
    pub(crate) fn remove_pod(&self, namespace: &str, pod: &str) {
        self.lock().retain(|key, _| key.0 != namespace || key.1 != pod);
    }

    /// The lines of a range, and the place after them. Nothing when `previous` is asked for and there is none.
    pub(crate) fn read(&self, key: &ContainerKey, range: &Range) -> Option<(Vec<Line>, Cursor)> {
        let mut containers = self.lock();
        let container = containers.entry(key.clone()).or_insert_with(Container::new);
        let all: Vec<&Line> =
            if range.previous { container.previous.as_ref()?.iter().collect() } else { container.current().collect() };
        let skipped = range.tail.map_or(0, |tail| all.len().saturating_sub(tail));
        let lines = all[skipped..]
            .iter()
            .filter(|line| range.since.is_none_or(|since| line.time >= since))
            .map(|line| (*line).clone())
            .collect();
        let changed = container.changed.subscribe();
        Some((lines, Cursor { key: key.clone(), run: container.run, next: container.end(), changed }))
    }

    /// What has come since the cursor, which moves on.
    pub(crate) fn follow(&self, cursor: &mut Cursor) -> Followed {
        let containers = self.lock();
        let Some(container) = containers.get(&cursor.key) else { return Followed::Finished };
        if container.run != cursor.run {
            // The run that was read is over; its last lines are in the previous file.
            let previous = container.previous.as_deref().unwrap_or_default();
            let start = container.first.saturating_sub(previous.len() as u64);
            let unread = cursor.next.saturating_sub(start) as usize;
            let rest = previous.get(unread..).unwrap_or_default().to_vec();
            if rest.is_empty() {
                return Followed::Finished;
            }
            cursor.next = container.first;
            return Followed::Lines(rest);
        }
        let read = cursor.next.saturating_sub(container.first) as usize;
        let lines: Vec<Line> = container.lines.iter().skip(read).cloned().collect();
        cursor.next = container.end();
        if lines.is_empty() && !container.running { Followed::Finished } else { Followed::Lines(lines) }
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, ToSpan};
    use serde_json::json;

    use super::{FILE_LINES, Followed, Line, Logs, Range};

    fn key() -> super::ContainerKey {
        ("shop".to_owned(), "api-0".to_owned(), "api".to_owned())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn texts(lines: &[Line]) -> Vec<String> {
        lines.iter().map(|line| String::from_utf8_lossy(&line.text).into_owned()).collect()
    }

    fn filled() -> Logs {
        let logs = Logs::default();
        for second in 0..5 {
            logs.append(key(), at(second) + 500.milliseconds(), format!("line {second}").as_bytes());
        }
        logs
    }

    fn read(logs: &Logs, range: Range) -> Vec<String> {
        texts(&logs.read(&key(), &range).unwrap().0)
    }

    fn pod(restarts: u64, state: &str) -> serde_json::Value {
        json!({"metadata": {"namespace": "shop", "name": "api-0"}, "status": {"containerStatuses": [
            {"name": "api", "restartCount": restarts, "state": {state: {}}}]}})
    }

    #[test]
    fn the_tail_is_taken_before_the_time_filter() {
        let logs = filled();
        let range = Range { tail: Some(2), since: Some(at(1)), ..Range::default() };
        assert_eq!(read(&logs, range), ["line 3", "line 4"]);
        let range = Range { tail: Some(4), since: Some(at(4)), ..Range::default() };
        assert_eq!(read(&logs, range), ["line 4"]);
    }

    #[test]
    fn a_restart_moves_the_file_to_previous_and_finishes_readers() {
        let logs = filled();
        logs.observe_pod(&pod(0, "running"));
        let (_, mut cursor) = logs.read(&key(), &Range::default()).unwrap();
        logs.append(key(), at(9), b"last words");
        logs.observe_pod(&pod(1, "running"));
        logs.append(key(), at(10), b"hello again");
        assert_eq!(read(&logs, Range::default()), ["hello again"]);
        assert_eq!(read(&logs, Range { previous: true, ..Range::default() }).len(), 6);
        let Followed::Lines(rest) = logs.follow(&mut cursor) else { panic!("the last words are missing") };
        assert_eq!(texts(&rest), ["last words"]);
        assert_eq!(logs.follow(&mut cursor), Followed::Finished);
    }

    #[test]
    fn a_rotation_hides_the_old_file_from_new_readers_only() {
        let logs = Logs::default();
        logs.append(key(), at(0), b"first");
        let (_, mut cursor) = logs.read(&key(), &Range::default()).unwrap();
        for _ in 0..FILE_LINES {
            logs.append(key(), at(1), b"more");
        }
        assert_eq!(read(&logs, Range::default()), ["more"]);
        let Followed::Lines(lines) = logs.follow(&mut cursor) else { panic!("the reader lost its lines") };
        assert_eq!(lines.len(), FILE_LINES);
    }

    #[test]
    fn an_ended_container_finishes_its_readers_after_the_last_line() {
        let logs = filled();
        let (_, mut cursor) = logs.read(&key(), &Range::default()).unwrap();
        assert_eq!(logs.follow(&mut cursor), Followed::Lines(Vec::new()));
        logs.observe_pod(&pod(0, "terminated"));
        assert_eq!(logs.follow(&mut cursor), Followed::Finished);
    }
}
