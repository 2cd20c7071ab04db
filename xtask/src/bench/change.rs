//! From a change in a cluster to the frame that shows it to a browser, one change at a time.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::setting::{Setting, Site};
use super::subscription::Subscription;
use super::{Figure, percentile};

const CLUSTERS: usize = 3;
const OBJECTS: usize = 500;
const CHANGES: usize = 250;
/// Far more than any change takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest delay that nobody calls a delay.
pub(super) const BUDGET: f64 = 250.0;

pub(super) fn run(setting: &Setting<'_>) -> Result<Vec<Figure>> {
    let site = Site::start(&setting.executables()?, CLUSTERS, OBJECTS)?;
    let mut subscription = Subscription::open(&site.server)?;
    let mut millis = Vec::with_capacity(CHANGES);
    for number in 0..CHANGES {
        // At no fixed distance from the server's own pauses.
        std::thread::sleep(Duration::from_millis((number * 37 % 113) as u64));
        let change = site.simulator.change()?;
        let message = change["message"].as_str().context("a change has a message")?;
        let committed = change["committed_at"].as_u64().context("a change has a time")?;
        let Some(arrived) = subscription.wait_for(message, Instant::now() + PATIENCE)? else {
            bail!(
                "{} {}/{} of {} never changed",
                change["kind"],
                change["namespace"],
                change["name"],
                change["cluster"]
            );
        };
        millis.push(arrived.saturating_sub(committed) as f64 / 1e6);
    }
    let figure = |name: &str, hundredth| Figure::new(name, percentile(&millis, hundredth), "ms", BUDGET);
    Ok(vec![
        figure("change-to-browser/p50", 50),
        figure("change-to-browser/p95", 95),
        figure("change-to-browser/p99", 99),
    ])
}
