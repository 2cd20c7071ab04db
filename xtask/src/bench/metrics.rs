//! Counters of the server, from its own `/metrics`.

use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::server_process::ServerProcess;

/// What the server counts of its store, and what it took to tell.
pub(super) struct Scrape {
    /// Object rows written so far.
    pub(super) rows: f64,
    /// Transactions so far.
    pub(super) transactions: f64,
    pub(super) millis: f64,
}

impl Scrape {
    pub(super) fn read(server: &ServerProcess) -> Result<Self> {
        let start = Instant::now();
        let mut answer = ureq::get(server.address("/metrics")).call().context("no metrics")?;
        let text = answer.body_mut().with_config().limit(u64::MAX).read_to_string().context("the metrics broke off")?;
        let millis = start.elapsed().as_secs_f64() * 1000.0;
        let counter = |name: &str| sample(&text, name).with_context(|| format!("the metrics have no {name}"));
        Ok(Self {
            rows: counter("flux_orchestrator_store_rows_written_total")?,
            transactions: counter("flux_orchestrator_store_batch_duration_seconds_count")?,
            millis,
        })
    }
}

/// The value of a sample without labels.
fn sample(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_found_by_its_whole_name() {
        let text = "# TYPE rows_total counter\nrows_total_more 3\nrows_total{kind=\"a\"} 4\nrows_total 17\n";
        assert_eq!(sample(text, "rows_total"), Some(17.0));
        assert_eq!(sample(text, "rows"), None);
    }
}
