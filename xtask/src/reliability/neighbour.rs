//! A viewer of a healthy cluster, who asks for a list again and again while something else is broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::http::Http;

/// Between an answer and the next request.
const PAUSE: Duration = Duration::from_millis(20);
/// Fewer answers say nothing about a percentile.
const FEWEST: usize = 20;

/// The viewer at work.
pub(crate) struct Neighbour {
    stop: Arc<AtomicBool>,
    viewer: JoinHandle<Result<Vec<Duration>>>,
}

impl Neighbour {
    pub(crate) fn start(http: &Http, cluster: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let path = format!("/api/v1/resources?cluster={cluster}&limit=50");
        let (http, stopped) = (http.with_connections_of_its_own(), Arc::clone(&stop));
        let viewer = std::thread::spawn(move || {
            let mut times = Vec::new();
            while !stopped.load(Ordering::Relaxed) || times.len() < FEWEST {
                let start = Instant::now();
                let list = http.json(&path)?;
                times.push(start.elapsed());
                if list["total"].as_u64().unwrap_or_default() == 0 {
                    bail!("the list of a healthy cluster came empty: {list}");
                }
                std::thread::sleep(PAUSE);
            }
            Ok(times)
        });
        Self { stop, viewer }
    }

    /// The 99th percentile. An error when a request failed or a list was empty.
    pub(crate) fn finish(self) -> Result<Duration> {
        self.stop.store(true, Ordering::Relaxed);
        let times = match self.viewer.join() {
            Ok(times) => times.context("a viewer of a healthy cluster was let down")?,
            Err(_) => bail!("the viewer of a healthy cluster panicked"),
        };
        Ok(p99(times))
    }
}

/// The smallest value that 99 of 100 do not exceed.
fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let rank = (times.len() * 99).div_ceil(100);
    times.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_is_a_measured_value() {
        assert_eq!(p99((1..=200).map(Duration::from_millis).collect()), Duration::from_millis(198));
        assert_eq!(p99(vec![Duration::from_secs(7)]), Duration::from_secs(7));
    }
}
