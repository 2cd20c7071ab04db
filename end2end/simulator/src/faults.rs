//! Faults of a cluster: switches that a test sets, and rules that reach some requests for a while.
//!
//! Only holds them; the listener and the handlers act on them. Everything acts at once, also on open connections.
//! `plan` states faults as data, `run` carries a plan out.

pub(crate) mod plan;
pub(crate) mod rules;
pub(crate) mod run;

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::faults::plan::{Fault, Reach};
use crate::faults::rules::Rules;
use crate::random::Random;

/// The faults of one cluster; none at first.
#[derive(Debug)]
pub struct Faults {
    down: watch::Sender<bool>,
    stalled: watch::Sender<bool>,
    cuts: watch::Sender<u64>,
    ends: watch::Sender<u64>,
    gone: AtomicBool,
    latency_micros: AtomicU64,
    skew_millis: AtomicI64,
    denied: Mutex<BTreeSet<String>>,
    rules: Arc<Rules>,
}

/// A fault that has begun; dropping it ends the fault.
#[derive(Debug)]
#[must_use = "the fault is over as soon as this is dropped"]
pub struct ActiveFault {
    id: u64,
    rules: Arc<Rules>,
    down: Option<watch::Sender<bool>>,
}

impl Drop for ActiveFault {
    fn drop(&mut self) {
        self.rules.end(self.id);
        if let Some(down) = &self.down
            && !self.rules.any(|fault| *fault == Fault::Down)
        {
            down.send_replace(false);
        }
    }
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self {
            down: watch::Sender::new(false),
            stalled: watch::Sender::new(false),
            cuts: watch::Sender::new(0),
            ends: watch::Sender::new(0),
            gone: AtomicBool::new(false),
            latency_micros: AtomicU64::new(0),
            skew_millis: AtomicI64::new(0),
            denied: Mutex::new(BTreeSet::new()),
            rules: Arc::new(Rules::new()),
        }
    }

    /// Begins a fault, which lasts until the returned value is dropped.
    pub fn begin(&self, fault: Fault, reach: Reach) -> ActiveFault {
        self.begin_drawn(fault, reach, Random::new(0, ""))
    }

    /// The same with a sequence of its own for reaches that are drawn.
    pub(crate) fn begin_drawn(&self, fault: Fault, reach: Reach, random: Random) -> ActiveFault {
        let down = (fault == Fault::Down).then(|| self.down.clone());
        let id = self.rules.begin(fault, reach, random);
        if let Some(down) = &down {
            down.send_replace(true);
        }
        ActiveFault { id, rules: Arc::clone(&self.rules), down }
    }

    pub(crate) fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// Takes the cluster down: open connections are reset and new ones refused, until it is set up again on the same
    /// address.
    pub fn set_down(&self, down: bool) {
        self.down.send_replace(down);
    }

    /// Answers 403 to every request for a resource, by its plural name (`secrets`) or with its subresource
    /// (`pods/log`).
    pub fn deny(&self, resource: &str) {
        self.denied().insert(resource.to_owned());
    }

    /// Takes a [`Faults::deny`] back.
    pub fn allow(&self, resource: &str) {
        self.denied().remove(resource);
    }

    /// The next watch that is opened is told that its resource version is too old (410).
    pub fn gone_next_watch(&self) {
        self.gone.store(true, Ordering::SeqCst);
    }

    /// Breaks all open watches and logs in the middle of their bodies.
    pub fn cut_streams(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Ends all open logs cleanly although their containers go on: an end of file that lies.
    pub fn eof_logs(&self) {
        self.ends.send_modify(|ends| *ends += 1);
    }

    /// Keeps open watches and logs open and silent, as a half-open connection does, until switched off.
    pub fn stall_streams(&self, stalled: bool) {
        self.stalled.send_replace(stalled);
    }

    /// Delays every answer.
    pub fn latency(&self, latency: Duration) {
        self.latency_micros.store(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Shifts the cluster's clock against this machine's: log lines, events and conditions carry it.
    pub fn clock_skew(&self, skew: SignedDuration) {
        self.skew_millis.store(i64::try_from(skew.as_millis()).unwrap_or(0), Ordering::SeqCst);
    }

    fn denied(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.denied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn denies(&self, resource: &str) -> bool {
        self.denied().contains(resource)
    }

    pub(crate) fn take_gone(&self) -> bool {
        self.gone.swap(false, Ordering::SeqCst)
    }

    pub(crate) fn delay(&self) -> Duration {
        Duration::from_micros(self.latency_micros.load(Ordering::SeqCst))
    }

    /// How far the cluster's clock is off.
    pub(crate) fn skew(&self) -> SignedDuration {
        SignedDuration::from_millis(self.skew_millis.load(Ordering::SeqCst) + self.rules.skew_millis())
    }

    /// The cluster's clock.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now().saturating_add(self.skew()).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn watch_down(&self) -> watch::Receiver<bool> {
        self.down.subscribe()
    }

    /// What a stream waits on besides its data.
    pub(crate) fn interruptions(&self) -> Interruptions {
        Interruptions { cuts: self.cuts.subscribe(), ends: self.ends.subscribe(), stalled: self.stalled.subscribe() }
    }
}

/// How a stream was interrupted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// Broken in the middle.
    Cut,
    /// Ended as if complete.
    End,
}

/// The faults of one stream since it was opened.
#[derive(Debug)]
pub(crate) struct Interruptions {
    cuts: watch::Receiver<u64>,
    ends: watch::Receiver<u64>,
    stalled: watch::Receiver<bool>,
}

impl Interruption {
    /// What a body does: break with an error, or end.
    pub(crate) fn outcome<T>(self) -> Option<io::Result<T>> {
        match self {
            Self::Cut => Some(Err(io::Error::from(io::ErrorKind::ConnectionReset))),
            Self::End => None,
        }
    }
}

impl Interruptions {
    /// Resolves when the stream is interrupted. Cancel safe.
    pub(crate) async fn next(&mut self) -> Interruption {
        tokio::select! {
            _ = self.cuts.changed() => Interruption::Cut,
            _ = self.ends.changed() => Interruption::End,
        }
    }

    /// Resolves when the stream may speak; an interruption that comes first wins. Cancel safe.
    pub(crate) async fn until_flowing(&mut self) -> Result<(), Interruption> {
        let Self { cuts, ends, stalled } = self;
        tokio::select! {
            biased;
            // An error means that the cluster is gone; the stream ends with its connection.
            _ = stalled.wait_for(|stalled| !stalled) => Ok(()),
            _ = cuts.changed() => Err(Interruption::Cut),
            _ = ends.changed() => Err(Interruption::End),
        }
    }
}
