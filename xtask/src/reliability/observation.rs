//! What a run of a scenario measured: when a fault was said, when it was over, memory, and whether others had to wait.
//!
//! Nothing is believed after a pause: every condition is asked for again, with growing pauses, until it holds or its
//! patience ends.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::memory::Memory;
use super::neighbour::Neighbour;
use super::server::Server;

/// Pauses between two looks at a condition grow from the first to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LAST_PAUSE: Duration = Duration::from_millis(100);

/// What a scenario promises. Said and recovered are counted from the beginning and from the end of the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Promise {
    pub(crate) said_within: Duration,
    pub(crate) recovered_within: Duration,
    /// How far resident memory may rise above what it was before.
    pub(crate) growth_mib: u64,
}

/// The 99th percentile of a list of a healthy cluster, on a server and a machine that do nothing else but the scenario.
pub(crate) const NEIGHBOUR_P99: Duration = Duration::from_millis(500);

/// What was seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Observation {
    /// The product's own words.
    pub(crate) shown: String,
    /// What was counted before and after.
    pub(crate) kept: String,
    pub(crate) said_after: Duration,
    pub(crate) recovered_after: Duration,
    pub(crate) memory: Memory,
    /// 99th percentile of a list of a healthy cluster during the fault; none where there was no server to ask.
    pub(crate) neighbour_p99: Option<Duration>,
}

impl Observation {
    /// What was promised and did not come true.
    pub(crate) fn broken(&self, promise: &Promise) -> Vec<String> {
        let mut broken = Vec::new();
        if self.said_after > promise.said_within {
            broken.push(format!("said after {:?}, promised within {:?}", self.said_after, promise.said_within));
        }
        if self.recovered_after > promise.recovered_within {
            let promised = promise.recovered_within;
            broken.push(format!("recovered after {:?}, promised within {promised:?}", self.recovered_after));
        }
        if self.memory.growth_mib() > promise.growth_mib {
            let promised = promise.growth_mib;
            broken.push(format!("grew by {} MiB, promised at most {promised} MiB", self.memory.growth_mib()));
        }
        if let Some(p99) = self.neighbour_p99.filter(|p99| *p99 > NEIGHBOUR_P99) {
            broken.push(format!("a list of a healthy cluster took {p99:?} (p99), promised {NEIGHBOUR_P99:?}"));
        }
        broken
    }
}

/// A fault under observation.
pub(crate) struct Measurement {
    promise: Promise,
    before_mib: u64,
    neighbour: Option<Neighbour>,
    began: Instant,
    said: Option<(String, Duration)>,
    ended: Option<Instant>,
    recovered_after: Option<Duration>,
}

impl Measurement {
    /// The fault begins with the call. `neighbour` is the id of a cluster that has nothing to do with it.
    pub(crate) fn begin(promise: &Promise, server: &Server, neighbour: Option<&str>) -> Result<Self> {
        let before_mib = Memory::before(server.id())?;
        let neighbour = neighbour.map(|cluster| Neighbour::start(server.http(), cluster));
        Ok(Self {
            promise: *promise,
            before_mib,
            neighbour,
            began: Instant::now(),
            said: None,
            ended: None,
            recovered_after: None,
        })
    }

    /// Waits until the product says what is wrong; `look` answers with its words. Patient beyond the promise, so that a
    /// broken one is measured too.
    pub(crate) fn said(&mut self, look: impl FnMut() -> Result<Option<String>>) -> Result<String> {
        let words = eventually("the fault is said", patience(self.promise.said_within), look)?;
        self.said = Some((words.clone(), self.began.elapsed()));
        Ok(words)
    }

    /// The fault ends with the call.
    pub(crate) fn over(&mut self) {
        self.ended = Some(Instant::now());
    }

    /// Waits until all is well again.
    pub(crate) fn recovered(&mut self, mut look: impl FnMut() -> Result<bool>) -> Result<()> {
        let ended = self.ended.context("a fault is over before anything recovers from it")?;
        let found = || Ok(look()?.then_some(()));
        eventually("all is well again", patience(self.promise.recovered_within), found)?;
        self.recovered_after = Some(ended.elapsed());
        Ok(())
    }

    /// What was seen, with the memory of the server that runs now.
    pub(crate) fn finish(self, server: &Server, kept: String) -> Result<Observation> {
        let neighbour_p99 = self.neighbour.map(Neighbour::finish).transpose()?;
        let (shown, said_after) = self.said.context("the scenario waited for words")?;
        let recovered_after = self.recovered_after.context("the scenario waited for its recovery")?;
        let memory = Memory { before_mib: self.before_mib, peak_mib: Memory::peak(server.id())? };
        Ok(Observation { shown, kept, said_after, recovered_after, memory, neighbour_p99 })
    }
}

fn patience(promised: Duration) -> Duration {
    promised * 2 + Duration::from_secs(10)
}

/// Looks until there is something. Errors of a look count as nothing yet; the last one is told when patience ends.
pub(crate) fn eventually<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + patience;
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match look() {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if Instant::now() >= deadline {
            let waited = format!("waited {} s in vain until {what}", patience.as_secs());
            match error {
                Some(error) => return Err(error.context(waited)),
                None => bail!(waited),
            }
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observation() -> Observation {
        Observation {
            shown: String::new(),
            kept: String::new(),
            said_after: Duration::from_secs(1),
            recovered_after: Duration::from_secs(2),
            memory: Memory { before_mib: 80, peak_mib: 100 },
            neighbour_p99: Some(Duration::from_millis(20)),
        }
    }

    #[test]
    fn every_promise_can_be_broken_and_is_named() {
        let promise =
            Promise { said_within: Duration::from_secs(1), recovered_within: Duration::from_secs(2), growth_mib: 20 };
        assert_eq!(observation().broken(&promise), [""; 0]);
        let worse = Observation {
            said_after: Duration::from_secs(3),
            recovered_after: Duration::from_secs(3),
            memory: Memory { before_mib: 80, peak_mib: 101 },
            neighbour_p99: Some(Duration::from_secs(1)),
            ..observation()
        };
        let expected = [
            "said after 3s, promised within 1s",
            "recovered after 3s, promised within 2s",
            "grew by 21 MiB, promised at most 20 MiB",
            "a list of a healthy cluster took 1s (p99), promised 500ms",
        ];
        assert_eq!(worse.broken(&promise), expected);
    }

    #[test]
    fn patience_ends_with_the_last_error() {
        let error = eventually("it rains", Duration::ZERO, || -> Result<Option<()>> { bail!("dry") }).unwrap_err();
        assert_eq!(format!("{error:#}"), "waited 0 s in vain until it rains: dry");
    }
}
