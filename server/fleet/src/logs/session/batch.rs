//! Lines on their way to one viewer: gathered into batches, as many as the viewer has credit for.
//!
//! Batches are numbered from one without holes. A viewer acknowledges what is on its screen; eight batches may be on
//! their way, then nothing more is sent until an acknowledgement comes.

use domain::log::line::format_time;
use domain::protocol::logs::{ServerFrame, StreamLine};
use tokio::time::{Duration, Instant};

use crate::logs::ring::Line;

/// A batch is sent when it is as large as this, or [`PERIOD`] after the last one.
const BATCH_BYTES: usize = 32 * 1024;
/// Two frames of a screen.
const PERIOD: Duration = Duration::from_millis(33);
/// Batches that may be on their way.
const CREDIT: u64 = 8;
/// What a line costs beside its text, as JSON.
const LINE_BYTES: usize = 96;

pub(super) struct Batches {
    lines: Vec<StreamLine>,
    bytes: usize,
    sent: u64,
    acknowledged: u64,
    last: Option<Instant>,
}

impl Batches {
    pub(super) fn new() -> Self {
        Self { lines: Vec::new(), bytes: 0, sent: 0, acknowledged: 0, last: None }
    }

    pub(super) fn acknowledge(&mut self, batch: u64) {
        self.acknowledged = self.acknowledged.max(batch.min(self.sent));
    }

    pub(super) fn has_credit(&self) -> bool {
        self.sent - self.acknowledged < CREDIT
    }

    pub(super) fn add(&mut self, source: u32, line: &Line, late: bool) {
        self.bytes += line.text.len() + LINE_BYTES;
        self.lines.push(StreamLine {
            source,
            timestamp: format_time(line.time),
            message: line.text.to_string(),
            level: line.level,
            late,
            truncated: line.truncated,
        });
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES
    }

    /// When what was gathered is to be sent, if there is something.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        (!self.lines.is_empty()).then(|| self.last.map_or(now, |last| last + PERIOD))
    }

    /// What was gathered, as the next batch.
    pub(super) fn flush(&mut self, now: Instant) -> Option<ServerFrame> {
        if self.lines.is_empty() {
            return None;
        }
        self.last = Some(now);
        self.bytes = 0;
        self.sent += 1;
        Some(ServerFrame::Batch { batch: self.sent, lines: std::mem::take(&mut self.lines) })
    }
}

#[cfg(test)]
mod tests {
    use domain::log::level::Level;

    use super::*;

    fn line(text: &str) -> Line {
        Line { time: jiff::Timestamp::UNIX_EPOCH, text: text.into(), level: Level::Info, truncated: 0 }
    }

    #[test]
    fn eight_batches_may_be_on_their_way() {
        let (mut batches, now) = (Batches::new(), Instant::now());
        for _ in 0..8 {
            assert!(batches.has_credit());
            batches.add(0, &line("x"), false);
            batches.flush(now);
        }
        assert!(!batches.has_credit());
        batches.acknowledge(99);
        assert!(batches.has_credit(), "an acknowledgement of what was never sent counts for what was");
    }

    #[test]
    fn the_first_line_leaves_at_once_and_the_next_with_its_period() {
        let (mut batches, now) = (Batches::new(), Instant::now());
        assert_eq!(batches.due(now), None);
        batches.add(0, &line("x"), false);
        assert_eq!(batches.due(now), Some(now));
        assert!(matches!(batches.flush(now), Some(ServerFrame::Batch { batch: 1, .. })));
        batches.add(0, &line("y"), false);
        assert_eq!(batches.due(now), Some(now + PERIOD));
        assert!(matches!(batches.flush(now), Some(ServerFrame::Batch { batch: 2, .. })));
    }

    #[test]
    fn a_batch_is_full_by_its_bytes() {
        let mut batches = Batches::new();
        batches.add(0, &line(&"x".repeat(BATCH_BYTES)), false);
        assert!(batches.is_full());
    }
}
