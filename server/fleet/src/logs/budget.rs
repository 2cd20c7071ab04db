//! What one cluster's API server is spared: how many log requests stand, and how fast new ones are opened.
//!
//! Log requests are long-running, so neither max-in-flight nor priority and fairness of kube-apiserver protect it from
//! us; these limits do. Nothing is refused here: whoever is over the limit waits, in order of arrival, and says so.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

/// Containers of one cluster that are followed at a time.
pub(crate) const FOLLOWS: usize = 128;
/// Bare requests to one cluster at a time, of all aggregated answers together.
const READS: usize = 64;
/// Opened per second once the burst is used up.
const OPEN_RATE: u32 = 20;
/// Opened at once.
const OPEN_BURST: u32 = 40;

/// The limits of one cluster, shared by all who read its logs.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) follows: Arc<Semaphore>,
    pub(crate) reads: Arc<Semaphore>,
    opens: OpenRate,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            follows: Arc::new(Semaphore::new(FOLLOWS)),
            reads: Arc::new(Semaphore::new(READS)),
            opens: OpenRate::new(OPEN_RATE, OPEN_BURST),
        }
    }
}

impl Budget {
    /// Waits for the turn to open one follow request.
    pub(crate) async fn open_turn(&self) {
        sleep_until(self.opens.next_turn(Instant::now())).await;
    }
}

/// Hands out times to start at, so many a second, with a burst (the generic cell rate algorithm). Written out because
/// the waiting of the rate limiting crate has a timer of its own, which a test's clock does not move.
#[derive(Debug)]
struct OpenRate {
    interval: Duration,
    burst: Duration,
    next: Mutex<Option<Instant>>,
}

impl OpenRate {
    fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second;
        Self { interval, burst: interval * (burst - 1), next: Mutex::new(None) }
    }

    fn next_turn(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(self.burst).unwrap_or(now);
        let turn = next.map_or(earliest, |next| next.max(earliest));
        *next = Some(turn + self.interval);
        turn.max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        tokio::time::advance(Duration::from_secs(60)).await;
        let (rate, start) = (OpenRate::new(20, 40), Instant::now());
        let turns: Vec<Duration> = (0..60).map(|_| rate.next_turn(start) - start).collect();
        assert_eq!(turns[39], Duration::ZERO);
        assert_eq!(turns[40], Duration::from_millis(50));
        assert_eq!(turns[59], Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_gives_the_burst_back_and_no_more() {
        tokio::time::advance(Duration::from_secs(60)).await;
        let (rate, start) = (OpenRate::new(20, 40), Instant::now());
        for _ in 0..100 {
            rate.next_turn(start);
        }
        let later = start + Duration::from_secs(600);
        let waits = (0..41).map(|_| rate.next_turn(later) - later).filter(|wait| *wait > Duration::ZERO).count();
        assert_eq!(waits, 1);
    }
}
