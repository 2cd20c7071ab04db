//! Follows one container and fills its ring, through cuts, lying ends, restarts and refusals.
//!
//! The end of a stream means nothing by itself: proxies, kubelets and rotations end streams of running containers. So
//! after every end the pod is looked at, and only what it says decides. A stream that is opened again starts one second
//! before the newest line and is compared with what was delivered; what cannot be recovered leaves a gap in the ring.
//! Waits for nobody, with one exception: while the first lines are read that stood in the file, for a few seconds in
//! all, so that a large tail does not overrun a viewer who has only just arrived.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use domain::log::level::level;
use domain::log::line::{self, Parsed};
use domain::log::resume::{Continued, Delivered, Mark, Outcome, Replay};
use domain::protocol::logs::{GapCause, SourceState};
use futures::io::AsyncBufReadExt;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, TryAcquireError, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::budget::{Budget, FOLLOWS};
use super::container::{ContainerKey, Run, RunPhase};
use super::hub::Hub;
use super::lines::{LINE_CAP, LineSplitter, RawLine};
use super::redact::redact;
use super::ring::{Condition, Gap, Item, Line};
use super::upstream::{LogRequest, Start, Upstream, UpstreamError};

/// Bytes that are cut into lines before the ring is locked once for all of them.
const CHUNK: usize = 32 * 1024;
/// No bytes for so long: the lines that stood in the file have been read.
const QUIET: Duration = Duration::from_millis(150);
/// A replay that does not match and has been quiet for so long is decided with what has come.
const UNDECIDED: Duration = Duration::from_secs(2);
/// How long the first lines may wait, in all, for viewers to read.
const PATIENCE: Duration = Duration::from_secs(5);
/// A stream that stood so long was healthy: the next end is resumed at once.
const HEALTHY: Duration = Duration::from_secs(10);
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
const BACKOFF_MOST: Duration = Duration::from_secs(30);

/// The task of one hub. It holds one of the cluster's follow permits while it has something to follow.
pub(crate) struct Reader {
    pub(crate) key: ContainerKey,
    pub(crate) hub: Arc<Hub>,
    pub(crate) upstream: Arc<dyn Upstream>,
    pub(crate) budget: Arc<Budget>,
    /// What the pod watches of the viewers say.
    pub(crate) runs: watch::Receiver<Run>,
    state: Progress,
}

/// How far the container has been read.
struct Progress {
    delivered: Delivered,
    /// The newest line of all runs.
    newest: Option<Timestamp>,
    /// Where to begin while nothing of this run was delivered.
    begin: Start,
    /// The run that is being read.
    restarts: i32,
    /// Runs were missed before this one; the gap stands before its first line.
    missed: bool,
    /// Opened so often in a row without a healthy stream.
    attempts: u32,
    /// Lines of the first reading that may still wait for viewers.
    history: u32,
    patience: Option<Instant>,
}

/// What is left of a container that stands still.
enum Rest {
    Unread,
    /// Everything was read; another start is to come.
    Waiting,
    Over,
}

/// How one request ended.
enum End {
    /// The bytes ended as if all were said.
    Clean,
    Broken(std::io::Error),
    Refused(UpstreamError),
}

impl Reader {
    pub(crate) fn new(
        key: ContainerKey,
        hub: Arc<Hub>,
        upstream: Arc<dyn Upstream>,
        budget: Arc<Budget>,
        tail: u32,
    ) -> Self {
        let runs = hub.runs();
        let restarts = runs.borrow().restarts;
        let state = Progress {
            delivered: Delivered::default(),
            newest: None,
            begin: Start::Tail(tail),
            restarts,
            missed: false,
            attempts: 0,
            history: tail,
            patience: None,
        };
        Self { key, hub, upstream, budget, runs, state }
    }

    /// Reads until the container has finished, is gone or may not be read.
    pub(crate) async fn run(mut self) {
        let Some(mut permit) = self.admitted().await else { return };
        loop {
            let opened = Instant::now();
            let before = self.state.newest;
            let end = self.read(LogRequest { start: self.start(), follow: true, previous: false }).await;
            self.hub.caught_up();
            if opened.elapsed() >= HEALTHY {
                self.state.attempts = 0;
            } else if self.state.newest != before {
                self.state.attempts = self.state.attempts.min(1);
            }
            if let End::Refused(error @ UpstreamError::Forbidden { .. }) = &end {
                return self.condition(SourceState::Forbidden, error.to_string());
            }
            let Some(run) = self.look(&end).await else { return };
            if run.restarts > self.state.restarts {
                self.change_run(&run).await;
            } else if run.phase == RunPhase::Running {
                if let Some(why) = what_broke(&end) {
                    self.condition(SourceState::Reconnecting, why);
                }
                self.back_off().await;
            } else {
                match self.read_out(&run).await {
                    Rest::Unread => {}
                    Rest::Over => return,
                    Rest::Waiting => {
                        // Somebody else may follow in the meantime.
                        drop(permit);
                        if !self.started().await {
                            return;
                        }
                        let Some(again) = self.admitted().await else { return };
                        permit = again;
                    }
                }
            }
        }
    }

    /// Waits for one of the cluster's follow permits, and says so.
    async fn admitted(&self) -> Option<OwnedSemaphorePermit> {
        let follows = Arc::clone(&self.budget.follows);
        match Arc::clone(&follows).try_acquire_owned() {
            Ok(permit) => return Some(permit),
            Err(TryAcquireError::Closed) => return None,
            Err(TryAcquireError::NoPermits) => {}
        }
        self.hub.caught_up();
        let message = format!("not streamed yet: {FOLLOWS} containers of this cluster are being followed");
        self.condition(SourceState::Waiting, message);
        follows.acquire_owned().await.ok()
    }

    fn start(&self) -> Start {
        self.state.delivered.since().map_or(self.state.begin, Start::Since)
    }

    /// One request, to its end. Everything whole that it brings is in the ring when this returns.
    async fn read(&mut self, request: LogRequest) -> End {
        if request.follow {
            self.budget.open_turn().await;
        }
        let mut bytes = match self.upstream.open(request).await {
            Ok(bytes) => bytes,
            Err(error) => return End::Refused(error),
        };
        if request.follow {
            self.condition(SourceState::Streaming, String::new());
        }
        let mut intake = Intake::new(self.state.delivered.replay());
        let opened = Instant::now();
        loop {
            let behind = !self.hub.is_caught_up();
            let patience = if intake.replay.is_undecided() { UNDECIDED } else { QUIET };
            let filled = if behind || intake.replay.is_undecided() {
                timeout(patience, bytes.fill_buf()).await
            } else {
                Ok(bytes.fill_buf().await)
            };
            let Ok(filled) = filled else {
                self.hub.caught_up();
                if self.state.newest.is_none() {
                    // The file is empty: all that comes from now on is wanted, however often the stream is cut.
                    self.state.begin = Start::Beginning;
                }
                intake.settle();
                self.deliver(&mut intake).await;
                continue;
            };
            match filled {
                Ok([]) => break,
                Ok(chunk) => {
                    let length = chunk.len().min(CHUNK);
                    intake.take(&chunk[..length]);
                    bytes.as_mut().consume(length);
                    self.deliver(&mut intake).await;
                    if behind && (self.state.history == 0 || opened.elapsed() > UNDECIDED) {
                        self.hub.caught_up();
                    }
                }
                Err(error) => return End::Broken(error),
            }
        }
        if !request.follow {
            // All is said: what has no line feed is a line, and a replay that did not match is a gap.
            intake.finish();
            self.deliver(&mut intake).await;
        }
        match intake.notice.take() {
            Some(notice) => End::Broken(std::io::Error::other(notice)),
            None => End::Clean,
        }
    }

    /// Puts what was taken in into the ring.
    async fn deliver(&mut self, intake: &mut Intake) {
        if let Some(notice) = &intake.notice {
            let state = self.hub.condition().state;
            self.condition(state, redact(notice).into_owned());
        }
        let mut items = Vec::new();
        for continued in intake.out.drain(..) {
            if let Some(Outcome::Gap { after, before }) = continued.outcome {
                let cause = if before > after { GapCause::Rotated } else { GapCause::Unknown };
                items.push(Item::Gap(Gap { after, before, cause }));
            }
            for (mark, line) in continued.lines {
                if std::mem::take(&mut self.state.missed)
                    && let Some(after) = self.state.newest
                {
                    items.push(Item::Gap(Gap { after, before: mark.time, cause: GapCause::Restarted }));
                }
                self.state.delivered.record(mark);
                self.state.newest = self.state.newest.max(Some(mark.time));
                self.state.history = self.state.history.saturating_sub(1);
                items.push(Item::Line(line));
            }
        }
        if items.is_empty() {
            return;
        }
        if self.state.history > 0 {
            self.be_patient(items.iter().map(Item::cost).sum()).await;
        }
        self.hub.push(items);
    }

    /// Lets the viewers read before history pushes out what they have not seen.
    async fn be_patient(&mut self, bytes: usize) {
        while self.hub.would_skip(bytes) {
            let until = *self.state.patience.get_or_insert_with(|| Instant::now() + PATIENCE);
            self.hub.caught_up();
            if timeout_at(until, self.hub.drained()).await.is_err() {
                self.state.history = 0;
                return;
            }
        }
    }

    /// What the container is doing after a stream ended; `None` if the pod is gone. Asks until there is an answer.
    async fn look(&mut self, end: &End) -> Option<Run> {
        loop {
            match self.upstream.look().await {
                Ok(run) => return Some(run),
                Err(UpstreamError::Gone) => {
                    self.condition(SourceState::Ended, "the pod is gone".to_owned());
                    return None;
                }
                // Who may read logs and not pods still has the watch of the viewers, or the benefit of the doubt.
                Err(UpstreamError::Forbidden { .. }) => return Some(self.runs.borrow().clone()),
                Err(error) => {
                    let why = what_broke(end).unwrap_or_else(|| describe(&error));
                    self.condition(SourceState::Reconnecting, why);
                    self.back_off().await;
                }
            }
        }
    }

    /// The container was started again: the last words of the run before it, then the new run from its beginning.
    async fn change_run(&mut self, run: &Run) {
        let one_later = run.restarts == self.state.restarts + 1;
        let mut last_words = None;
        // With nothing delivered a tail was asked for, and the new run gives it; unless the file was seen empty.
        let reading = self.state.newest.is_some() || self.state.begin == Start::Beginning;
        if one_later && reading {
            loop {
                let end = self.read(LogRequest { start: self.start(), follow: false, previous: true }).await;
                match end {
                    End::Broken(_) | End::Refused(UpstreamError::Unreachable { .. } | UpstreamError::Timeout) => {
                        self.back_off().await;
                    }
                    End::Clean | End::Refused(_) => {
                        last_words = Some(end);
                        break;
                    }
                }
            }
        }
        self.state.missed = reading && !matches!(last_words, Some(End::Clean));
        self.state.delivered = Delivered::default();
        if reading {
            self.state.begin = Start::Beginning;
        }
        self.state.restarts = run.restarts;
    }

    /// The container stands still: reads what is left.
    async fn read_out(&mut self, run: &Run) -> Rest {
        if run.readable {
            let end = self.read(LogRequest { start: self.start(), follow: false, previous: false }).await;
            if let Some(why) = what_broke(&end) {
                self.condition(SourceState::Reconnecting, why);
                self.back_off().await;
                return Rest::Unread;
            }
        }
        match &run.phase {
            RunPhase::Finished => {
                self.condition(SourceState::Ended, "the container finished".to_owned());
                Rest::Over
            }
            RunPhase::Waiting(reason) => {
                self.condition(SourceState::Waiting, reason.clone());
                Rest::Waiting
            }
            RunPhase::Running => Rest::Unread,
        }
    }

    /// Waits for the container's next start, or its end. False if nobody is there to tell.
    async fn started(&mut self) -> bool {
        self.state.attempts = 0;
        let restarts = self.state.restarts;
        // What the watch has said so far is older than the look that found the container standing.
        self.runs.mark_unchanged();
        while self.runs.changed().await.is_ok() {
            let now = self.runs.borrow_and_update();
            if now.restarts > restarts || matches!(now.phase, RunPhase::Running | RunPhase::Finished) {
                return true;
            }
        }
        false
    }

    async fn back_off(&mut self) {
        let wait = backoff(&self.key, self.state.attempts);
        self.state.attempts += 1;
        sleep(wait).await;
    }

    fn condition(&self, state: SourceState, message: String) {
        let caught_up = self.hub.is_caught_up() || state != SourceState::Streaming;
        self.hub.set_condition(Condition { state, message, caught_up });
    }
}

/// At once the first time, then from half a second to thirty. Spread by who waits instead of by chance, so that
/// containers of one cluster do not come back all together.
fn backoff(key: &ContainerKey, attempts: u32) -> Duration {
    if attempts == 0 {
        return Duration::ZERO;
    }
    let mut hasher = DefaultHasher::new();
    (key, attempts).hash(&mut hasher);
    let spread = 0.5 + (hasher.finish() % 1024) as f64 / 2048.0;
    (BACKOFF_FIRST * 2u32.saturating_pow(attempts - 1)).min(BACKOFF_MOST).mul_f64(spread)
}

/// What to say about an end that needs words.
fn what_broke(end: &End) -> Option<String> {
    match end {
        End::Clean => None,
        End::Broken(error) => Some(redact(&error.to_string()).into_owned()),
        End::Refused(error) => Some(describe(error)),
    }
}

fn describe(error: &UpstreamError) -> String {
    redact(&error.to_string()).into_owned()
}

/// What one request has brought and the ring has not got yet.
struct Intake {
    splitter: LineSplitter,
    replay: Replay<Line>,
    out: Vec<Continued<Line>>,
    /// What the kubelet said in band. It comes before a failed end.
    notice: Option<String>,
}

impl Intake {
    fn new(replay: Replay<Line>) -> Self {
        Self { splitter: LineSplitter::new(LINE_CAP), replay, out: Vec::new(), notice: None }
    }

    fn take(&mut self, bytes: &[u8]) {
        let Self { splitter, replay, out, notice } = self;
        splitter.feed(bytes, |raw| take_line(&raw, replay, out, notice));
    }

    fn finish(&mut self) {
        let Self { splitter, replay, out, notice } = self;
        splitter.finish(|raw| take_line(&raw, replay, out, notice));
        self.settle();
    }

    fn settle(&mut self) {
        let continued = self.replay.settle();
        self.out.push(continued);
    }
}

fn take_line(
    raw: &RawLine<'_>,
    replay: &mut Replay<Line>,
    out: &mut Vec<Continued<Line>>,
    notice: &mut Option<String>,
) {
    match line::parse(&raw.text) {
        Parsed::Line(line::Line { time, text }) => {
            let mut hasher = DefaultHasher::new();
            (time, text).hash(&mut hasher);
            let mark = Mark { time, hash: hasher.finish() };
            let line = Line { time, level: level(text), text: redact(text).into(), truncated: raw.truncated };
            out.push(replay.push(mark, line));
        }
        Parsed::Notice(text) if !text.is_empty() => *notice = Some(text.to_owned()),
        Parsed::Notice(_) => {}
    }
}
