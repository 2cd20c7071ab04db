//! The newest lines of many containers at once, in time order: the answer of the aggregated request.
//!
//! All clusters are asked at the same time, each for a bounded number of containers at a time, so that a dead cluster
//! costs its connect timeout and nobody else's lines. Each container gets an equal part of the answer's bytes; what
//! does not fit is dropped from its oldest end and counted. Lines and problems are returned together.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::log::level::level;
use domain::log::line::{self, Parsed, format_time};
use domain::log::merge::merge;
use domain::problem::{Problem, ProblemKind};
use domain::protocol::logs::{AggregatedLogs, LogRecord, LogSource, SourceProblem};
use futures::future::join_all;
use futures::io::AsyncBufReadExt;
use jiff::Timestamp;
use tokio::time::timeout;

use super::container::{Container, Pod, Run, RunPhase};
use super::hub::Hubs;
use super::lines::{LINE_CAP, LineSplitter, RawLine};
use super::redact::redact;
use super::ring::Line;
use super::scope::{MAX_PODS, problem};
use super::select::{Place, Selection};
use super::session::sources::source_of;
use super::upstream::{LogRequest, Start, Upstream, UpstreamError};

/// Containers of one answer.
const MAX_CONTAINERS: usize = 1024;
/// Bytes of one answer, all containers together.
const ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of one container, however few there are.
const CONTAINER_BYTES: usize = 16 * 1024 * 1024;
/// What a line costs beside its text.
const LINE_COST: usize = 96;
/// How long one container may take.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// A container to read.
struct Target {
    source: LogSource,
    container: Container,
    upstream: Arc<dyn Upstream>,
}

/// Reads all of the selection.
pub(crate) async fn aggregate(hubs: &Hubs, selection: Selection) -> AggregatedLogs {
    // Each answer is held in memory as a whole; a few at a time are enough.
    let Ok(_turn) = hubs.answers().acquire().await else { return AggregatedLogs::default() };
    let Selection { places, mut problems, selector, tail, .. } = selection;
    let listed = join_all(places.iter().map(|place| place.access.list(&selector))).await;
    let mut targets = Vec::new();
    let mut unreachable = BTreeSet::new();
    for (place, listed) in places.iter().zip(listed) {
        match listed {
            Ok((pods, beyond)) => {
                collect(place, &pods, &mut targets, &mut problems);
                problems.extend((beyond > 0).then(|| too_many_pods(place, beyond)));
            }
            // Said once for a cluster, not for each of its namespaces.
            Err(error) if is_of_cluster(&error) && !unreachable.insert(place.cluster.clone()) => {}
            Err(error) => problems.push(place_problem(place, &error)),
        }
    }
    if targets.len() > MAX_CONTAINERS {
        let message =
            format!("{} containers were not read: {MAX_CONTAINERS} are the limit", targets.len() - MAX_CONTAINERS);
        let problem =
            Problem::new(ProblemKind::Truncated, message).with_next_step("Choose fewer pods with a label selector");
        problems.push(SourceProblem { source: None, problem });
        targets.truncate(MAX_CONTAINERS);
    }
    let share = (ANSWER_BYTES / targets.len().max(1)).min(CONTAINER_BYTES);
    let read = join_all(targets.iter().map(|target| read(hubs, target, tail, share))).await;
    let mut lines = Vec::with_capacity(targets.len());
    for (target, read) in targets.iter().zip(read) {
        problems.extend(read.problems(target));
        lines.push(read.lines.into_iter().map(|line| (line.time, line)).collect::<Vec<(Timestamp, Line)>>());
    }
    let logs = merge(lines)
        .into_iter()
        .map(|(position, line)| record(targets[position.source as usize].source.clone(), &line))
        .collect();
    AggregatedLogs { logs, problems, sources: targets.len() }
}

fn record(source: LogSource, line: &Line) -> LogRecord {
    LogRecord {
        source,
        timestamp: format_time(line.time),
        message: line.text.to_string(),
        level: line.level,
        truncated: line.truncated,
    }
}

/// The containers that have a log, and a problem for each that has none yet.
fn collect(place: &Place, pods: &[Pod], targets: &mut Vec<Target>, problems: &mut Vec<SourceProblem>) {
    for pod in pods {
        for own in &pod.containers {
            let container = pod.container(&place.cluster, &own.name);
            let source = source_of(place, &container);
            match &own.run {
                Run { readable: true, .. } => {
                    let upstream = place.access.upstream(&container);
                    targets.push(Target { source, container, upstream });
                }
                Run { phase: RunPhase::Waiting(reason), .. } => {
                    let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                    let message = format!("the container has not started{because}");
                    let problem = Problem::new(ProblemKind::NotFound, message).on_cluster(&place.cluster);
                    problems.push(SourceProblem { source: Some(source), problem });
                }
                // Never ran and never will.
                Run { .. } => {}
            }
        }
    }
}

fn is_of_cluster(error: &UpstreamError) -> bool {
    matches!(error, UpstreamError::NotConnected(_) | UpstreamError::Unreachable { .. } | UpstreamError::Timeout)
}

fn place_problem(place: &Place, error: &UpstreamError) -> SourceProblem {
    let (kind, message) = problem(error);
    let place_name = if is_of_cluster(error) {
        place.cluster_name.clone()
    } else {
        format!("namespace {} of {}", place.namespace, place.cluster_name)
    };
    let problem = Problem::new(kind, format!("{place_name}: {message}")).on_cluster(&place.cluster);
    SourceProblem { source: None, problem }
}

fn too_many_pods(place: &Place, beyond: usize) -> SourceProblem {
    let message = format!(
        "{beyond} more pods in namespace {} of {} were not read: {MAX_PODS} are the limit",
        place.namespace, place.cluster_name
    );
    let problem = Problem::new(ProblemKind::Truncated, message).on_cluster(&place.cluster);
    SourceProblem { source: None, problem }
}

/// What one container gave.
#[derive(Default)]
struct Read {
    lines: VecDeque<Line>,
    bytes: usize,
    dropped_lines: u64,
    dropped_bytes: u64,
    notice: Option<String>,
    error: Option<(ProblemKind, String)>,
}

impl Read {
    fn take(&mut self, raw: &RawLine<'_>, share: usize) {
        let (time, text) = match line::parse(&raw.text) {
            Parsed::Line(line::Line { time, text }) => (time, text),
            Parsed::Notice("") => return,
            Parsed::Notice(notice) => {
                self.notice = Some(redact(notice).into_owned());
                return;
            }
        };
        let line = Line { time, level: level(text), text: redact(text).into(), truncated: raw.truncated };
        self.bytes += line.text.len() + LINE_COST;
        self.lines.push_back(line);
        while self.bytes > share
            && let Some(oldest) = self.lines.pop_front()
        {
            self.bytes -= oldest.text.len() + LINE_COST;
            self.dropped_lines += 1;
            self.dropped_bytes += oldest.text.len() as u64;
        }
    }

    fn problems(&self, target: &Target) -> Vec<SourceProblem> {
        let truncated = (self.dropped_lines > 0).then(|| {
            let message = format!(
                "the {} oldest lines ({} bytes) were left out: the answer has its limit",
                self.dropped_lines, self.dropped_bytes
            );
            (ProblemKind::Truncated, message)
        });
        let notice = self.notice.clone().map(|notice| (ProblemKind::Failed, notice));
        [truncated, notice, self.error.clone()]
            .into_iter()
            .flatten()
            .map(|(kind, message)| SourceProblem {
                source: Some(target.source.clone()),
                problem: Problem::new(kind, message).on_cluster(&target.container.key.cluster),
            })
            .collect()
    }
}

/// One bare request, and its lines up to the end or the time limit.
async fn read(hubs: &Hubs, target: &Target, tail: u32, share: usize) -> Read {
    let mut read = Read::default();
    let budget = hubs.budget(&target.container.key.cluster);
    let Ok(_permit) = budget.reads.acquire().await else { return read };
    match timeout(READ_TIMEOUT, read_into(&mut read, target, tail, share)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => read.error = Some(problem(&error)),
        Err(_) => read.error = Some(problem(&UpstreamError::Timeout)),
    }
    read
}

async fn read_into(read: &mut Read, target: &Target, tail: u32, share: usize) -> Result<(), UpstreamError> {
    let request = LogRequest { start: Start::Tail(tail), follow: false, previous: false };
    let mut bytes = target.upstream.open(request).await?;
    // A line that is longer than the container's share is cut to it, so that the newest line is always there.
    let mut splitter = LineSplitter::new(LINE_CAP.min(share - LINE_COST));
    loop {
        let chunk =
            bytes.fill_buf().await.map_err(|error| UpstreamError::Unreachable { message: error.to_string() })?;
        if chunk.is_empty() {
            splitter.finish(|raw| read.take(&raw, share));
            return Ok(());
        }
        let length = chunk.len();
        splitter.feed(chunk, |raw| read.take(&raw, share));
        bytes.as_mut().consume(length);
    }
}
