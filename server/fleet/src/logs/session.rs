//! One viewer's stream: pods that come and go, their lines in one order, as fast as the viewer takes them.
//!
//! A session has no task of its own: it moves when [`LogSession::next`] is polled, and stops when it is not. It holds a
//! bounded amount; what it does not take stays in the rings, and what leaves a ring unread is counted there. The first
//! lines wait until all containers have been read to their present end, so that they come in order, but not for long: a
//! dead cluster holds nobody up. Whether the viewer may still read is asked again and again.

mod batch;
mod order;
pub(crate) mod sources;
#[cfg(test)]
mod synthetic;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::error::{ApiError, ErrorCode};
use domain::log::line::format_time;
use domain::protocol::logs::ServerFrame;
use futures::StreamExt;
use futures::stream::{BoxStream, SelectAll};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};
use tokio_stream::wrappers::WatchStream;
use uuid::Uuid;

use self::batch::Batches;
use self::order::Order;
use self::sources::Sources;
use super::hub::Hubs;
use super::ring::{Gap, Item, Skipped, Wake};
use super::scope::ScopeView;
use super::select::Selection;

/// Read from a ring at a time.
const READ_BYTES: usize = 16 * 1024;
/// How long the first lines wait for containers that have not been read yet.
const GATHER: Duration = Duration::from_secs(2);
/// How often it is asked whether the viewer may still read.
const RECHECK: Duration = Duration::from_secs(15);
/// Coverage is told at most so often.
const COVERAGE: Duration = Duration::from_millis(100);

/// What a socket sends: call [`Self::next`] in a loop, and [`Self::ack`] for what the viewer has on screen.
pub struct LogSession {
    sources: Sources,
    views: SelectAll<BoxStream<'static, (usize, ScopeView)>>,
    wake: Arc<Wake>,
    order: Order,
    batches: Batches,
    outbox: VecDeque<ServerFrame>,
    /// Containers with something in their rings.
    readable: BTreeSet<u32>,
    /// Those of them of which nothing is in hand.
    hungry: BTreeSet<u32>,
    /// Containers that the viewer may not read any more.
    forbidden: BTreeSet<u32>,
    /// Until then the first lines wait.
    gather_until: Option<Instant>,
    recheck: Interval,
    covered: Instant,
    over: bool,
}

impl LogSession {
    pub(crate) fn new(hubs: &Hubs, selection: Selection) -> Self {
        let (now, wake) = (Instant::now(), Arc::new(Wake::default()));
        let mut views = SelectAll::new();
        for (index, place) in selection.places.iter().enumerate() {
            let view = place.access.watch(&selection.selector);
            views.push(WatchStream::new(view).map(move |view| (index, view)).boxed());
        }
        let mut outbox = VecDeque::from([ServerFrame::Hello { session: Uuid::new_v4().to_string() }]);
        outbox.extend(selection.problems.into_iter().map(|problem| ServerFrame::Status {
            source: None,
            state: sources::state_of(problem.problem.kind),
            message: problem.problem.message,
        }));
        let mut recheck = interval_at(now + RECHECK, RECHECK);
        recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            sources: Sources::new(hubs.clone(), selection.tail, Arc::clone(&wake), selection.places),
            views,
            wake,
            order: Order::new(now),
            batches: Batches::new(),
            outbox,
            readable: BTreeSet::new(),
            hungry: BTreeSet::new(),
            forbidden: BTreeSet::new(),
            gather_until: Some(now + GATHER),
            recheck,
            covered: now,
            over: false,
        }
    }

    /// The next frame, as soon as there is one; `None` after the last. May be dropped while it waits, without loss.
    pub async fn next(&mut self) -> Option<ServerFrame> {
        loop {
            if let Some(frame) = self.outbox.pop_front() {
                return Some(frame);
            }
            if self.over {
                return None;
            }
            let deadline = self.step(Instant::now());
            if !self.outbox.is_empty() {
                continue;
            }
            tokio::select! {
                () = self.wake.notify.notified() => {}
                Some((place, view)) = self.views.next() => self.sources.observe(place, &view, &mut self.outbox),
                _ = self.recheck.tick() => self.check_again(),
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {}
            }
        }
    }

    /// Everything up to this batch is on the viewer's screen.
    pub fn ack(&mut self, batch: u64) {
        self.batches.acknowledge(batch);
    }

    /// Does all that can be done without waiting, and says when there is more to do if nothing happens before.
    fn step(&mut self, now: Instant) -> Option<Instant> {
        self.look_at_signals();
        let gathering = self.is_gathering(now);
        if gathering.is_none() {
            self.show(now);
        }
        let coverage = self.tell_coverage(now);
        let lines = if gathering.is_some() { gathering } else { self.next_due(now) };
        [coverage, lines].into_iter().flatten().min()
    }

    fn look_at_signals(&mut self) {
        for number in self.wake.take() {
            let mut skipped = VecDeque::new();
            if self.sources.read(number, 0, &mut skipped, &mut self.outbox) {
                self.readable.insert(number);
                if self.order.is_exhausted(number) {
                    self.hungry.insert(number);
                }
            }
            self.order.feed(number, skipped);
        }
    }

    /// Until when the first lines wait; `None` once they do not.
    fn is_gathering(&mut self, now: Instant) -> Option<Instant> {
        let until = self.gather_until?;
        if now >= until || self.sources.are_caught_up() {
            self.gather_until = None;
        }
        self.gather_until
    }

    /// Takes from the rings and fills batches, as far as the viewer has credit.
    fn show(&mut self, now: Instant) {
        let alone = self.sources.is_single();
        while self.batches.has_credit() {
            self.take_in(alone);
            let Some(released) = self.order.pop(now) else { break };
            let source = released.position.source;
            if self.forbidden.contains(&source) {
                continue;
            }
            match released.item {
                Item::Line(line) => {
                    self.batches.add(source, &line, released.late);
                    if self.batches.is_full() {
                        self.outbox.extend(self.batches.flush(now));
                    }
                }
                Item::Gap(gap) => {
                    self.outbox.extend(self.batches.flush(now));
                    self.outbox.push_back(gap_frame(source, gap));
                }
                Item::Skipped(skipped) => {
                    self.outbox.extend(self.batches.flush(now));
                    self.outbox.push_back(skipped_frame(source, &skipped));
                    self.outbox.extend(skipped.gap.map(|gap| gap_frame(source, gap)));
                }
            }
        }
        if self.batches.has_credit() && self.batches.due(now).is_some_and(|due| due <= now) {
            self.outbox.extend(self.batches.flush(now));
        }
    }

    /// Takes the oldest lines of all rings, until enough is in hand.
    fn take_in(&mut self, alone: bool) {
        while self.order.has_room() {
            while let Some(number) = self.hungry.pop_first() {
                let mut read = VecDeque::new();
                let more = self.sources.read(number, READ_BYTES, &mut read, &mut self.outbox);
                if !more {
                    self.readable.remove(&number);
                }
                self.order.feed(number, read);
            }
            let Some(taken) = self.order.take(alone) else { break };
            if taken.exhausted && self.readable.contains(&taken.source) {
                self.hungry.insert(taken.source);
            }
        }
    }

    fn next_due(&self, now: Instant) -> Option<Instant> {
        if !self.batches.has_credit() {
            return None;
        }
        [self.order.next_release(), self.batches.due(now)].into_iter().flatten().min()
    }

    /// When to come back for it.
    fn tell_coverage(&mut self, now: Instant) -> Option<Instant> {
        if !self.sources.is_coverage_new() {
            return None;
        }
        let again = self.covered + COVERAGE;
        if again > now {
            return Some(again);
        }
        self.outbox.push_back(self.sources.tell_coverage());
        self.covered = now;
        None
    }

    fn check_again(&mut self) {
        for number in self.sources.close_forbidden(&mut self.outbox) {
            self.forbidden.insert(number);
            self.readable.remove(&number);
            self.hungry.remove(&number);
            self.order.end(number);
        }
        if self.sources.are_all_closed() {
            let message = "You may not read any of these logs any more.";
            self.outbox.push_back(ServerFrame::Failed { error: ApiError::new(ErrorCode::Forbidden, message) });
            self.over = true;
        }
    }
}

fn gap_frame(source: u32, gap: Gap) -> ServerFrame {
    let Gap { after, before, cause } = gap;
    ServerFrame::Gap { source, after: format_time(after), before: format_time(before), cause }
}

fn skipped_frame(source: u32, skipped: &Skipped) -> ServerFrame {
    ServerFrame::Skipped {
        source,
        lines: skipped.lines,
        bytes: skipped.bytes,
        from: format_time(skipped.from),
        to: format_time(skipped.to),
    }
}
