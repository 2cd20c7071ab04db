//! How long to wait before a lost cluster is tried again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// Half a second, growing to ten, with jitter: a fleet that comes back together is not tried all at once.
pub(crate) struct ReconnectPause(ExponentialBackoff);

impl Default for ReconnectPause {
    fn default() -> Self {
        let growing = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(500))
            .with_max_delay(Duration::from_secs(10))
            .with_factor(1.6)
            .with_jitter()
            .without_max_times();
        Self(growing.build())
    }
}

impl ReconnectPause {
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Iterator for ReconnectPause {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next()
    }
}
