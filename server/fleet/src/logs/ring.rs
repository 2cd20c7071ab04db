//! The newest lines of one container, and where each viewer stands in them.
//!
//! Bounded in bytes: a line that comes in pushes the oldest out. Whoever had not read those lines is owed an account,
//! and gets it: their number, bytes and times, exactly. Synchronous; nobody waits here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::log::level::Level;
use domain::protocol::logs::{GapCause, SourceState};
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::metrics::counters::COUNTERS;

/// What a line costs beside its text.
const LINE_COST: usize = 96;

/// One line, redacted, with its level read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) time: Timestamp,
    pub(crate) text: Arc<str>,
    pub(crate) level: Level,
    /// Bytes cut off its end.
    pub(crate) truncated: u64,
}

/// Lines that never came, because the stream broke and they were gone when it stood again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) after: Timestamp,
    pub(crate) before: Timestamp,
    pub(crate) cause: GapCause,
}

/// Lines that came, and left the ring before this viewer had read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    /// A gap that stood among them; several are joined.
    pub(crate) gap: Option<Gap>,
}

/// What a viewer reads, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Line(Line),
    Gap(Gap),
    Skipped(Skipped),
}

impl Item {
    /// Where it stands among the lines of other containers.
    pub(crate) fn time(&self) -> Timestamp {
        match self {
            Self::Line(line) => line.time,
            Self::Gap(gap) => gap.before,
            Self::Skipped(skipped) => skipped.from,
        }
    }

    pub(crate) fn cost(&self) -> usize {
        match self {
            Self::Line(line) => line.text.len() + LINE_COST,
            Self::Gap(_) | Self::Skipped(_) => LINE_COST,
        }
    }
}

/// An item and when it came here.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) item: Item,
    pub(crate) at: Instant,
}

/// What the stream is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) state: SourceState,
    pub(crate) message: String,
    /// The lines that stood in the file at the start have been read.
    pub(crate) caught_up: bool,
}

/// Tells one session which of its sources have something for it.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    sources: Mutex<Vec<u32>>,
    pub(crate) notify: Notify,
}

impl Wake {
    fn signal(&self, source: u32) {
        self.lock().push(source);
        self.notify.notify_one();
    }

    /// Sources that have signalled since the last call, each at most once.
    pub(crate) fn take(&self) -> Vec<u32> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u32>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where one viewer stands.
#[derive(Debug)]
struct Cursor {
    /// Number of the item that is read next.
    next: u64,
    skipped: Option<Skipped>,
    /// The viewer has been told that there is something, and has not looked since.
    signalled: bool,
    source: u32,
    wake: Arc<Wake>,
}

impl Cursor {
    fn signal(&mut self) {
        if !self.signalled {
            self.signalled = true;
            self.wake.signal(self.source);
        }
    }

    /// The item with this number leaves the ring.
    fn lose(&mut self, number: u64, item: &Item) {
        if self.next > number {
            return;
        }
        self.next = number + 1;
        let (time, lines, bytes, gap) = match item {
            Item::Line(line) => (line.time, 1, line.text.len() as u64, None),
            Item::Gap(gap) => (gap.before, 0, 0, Some(*gap)),
            Item::Skipped(_) => unreachable!("only cursors make these"),
        };
        let skipped = self.skipped.get_or_insert(Skipped { lines: 0, bytes: 0, from: time, to: time, gap: None });
        skipped.lines += lines;
        skipped.bytes += bytes;
        skipped.to = time;
        skipped.gap = match (skipped.gap, gap) {
            (Some(first), Some(last)) => Some(Gap { before: last.before, ..first }),
            (first, last) => first.or(last),
        };
    }
}

/// Names a viewer of one ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CursorId(usize);

/// What a viewer finds at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) cursor: CursorId,
    /// Fewer lines than asked for are there, because older ones have left the ring.
    pub(crate) shortened: bool,
}

/// The ring, its viewers, and the state of the stream that fills it.
#[derive(Debug)]
pub(crate) struct Ring {
    items: VecDeque<Arrived>,
    /// Number of the oldest item.
    first: u64,
    bytes: usize,
    allowance: usize,
    cursors: Vec<Option<Cursor>>,
    condition: Condition,
}

impl Ring {
    pub(crate) fn new(allowance: usize) -> Self {
        let message = String::new();
        Self {
            items: VecDeque::new(),
            first: 0,
            bytes: 0,
            allowance,
            cursors: Vec::new(),
            condition: Condition { state: SourceState::Waiting, message, caught_up: false },
        }
    }

    pub(crate) fn condition(&self) -> &Condition {
        &self.condition
    }

    pub(crate) fn set_condition(&mut self, condition: Condition) {
        if self.condition != condition {
            self.condition = condition;
            self.signal();
        }
    }

    pub(crate) fn push(&mut self, items: impl IntoIterator<Item = Item>, at: Instant) {
        for item in items {
            self.bytes += item.cost();
            self.items.push_back(Arrived { item, at });
            self.trim();
        }
        self.signal();
    }

    /// Sets how many bytes may be held, at once.
    pub(crate) fn allow(&mut self, bytes: usize) {
        self.allowance = bytes;
        self.trim();
    }

    /// Bytes that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Lines that are held.
    pub(crate) fn lines(&self) -> usize {
        self.items.iter().filter(|arrived| matches!(arrived.item, Item::Line(_))).count()
    }

    /// Whether so many more bytes would push out something that a viewer has not read.
    pub(crate) fn would_skip(&self, bytes: usize) -> bool {
        let Some(next) = self.cursors.iter().flatten().map(|cursor| cursor.next).min() else { return false };
        let mut over = (self.bytes + bytes).saturating_sub(self.allowance);
        for (number, arrived) in (self.first..).zip(&self.items) {
            if over == 0 {
                return false;
            }
            if number >= next {
                return true;
            }
            over = over.saturating_sub(arrived.item.cost());
        }
        false
    }

    /// A viewer joins, so many lines before the end. It is told at once that there is something, if only the condition.
    pub(crate) fn join(&mut self, tail: usize, source: u32, wake: Arc<Wake>) -> Joined {
        let mut next = self.first + self.items.len() as u64;
        let mut lines = 0;
        for arrived in self.items.iter().rev() {
            if lines == tail {
                break;
            }
            lines += usize::from(matches!(arrived.item, Item::Line(_)));
            next -= 1;
        }
        let mut cursor = Cursor { next, skipped: None, signalled: false, source, wake };
        cursor.signal();
        let free = self.cursors.iter().position(Option::is_none).unwrap_or_else(|| {
            self.cursors.push(None);
            self.cursors.len() - 1
        });
        self.cursors[free] = Some(cursor);
        Joined { cursor: CursorId(free), shortened: lines < tail && self.first > 0 }
    }

    pub(crate) fn leave(&mut self, id: CursorId) {
        if let Some(cursor) = self.cursors.get_mut(id.0) {
            *cursor = None;
        }
    }

    pub(crate) fn viewers(&self) -> usize {
        self.cursors.iter().flatten().count()
    }

    /// Reads on, for about so many bytes; none for 0. True if more is there. The viewer is signalled again when
    /// something comes after this.
    pub(crate) fn read(&mut self, id: CursorId, bytes: usize, into: &mut VecDeque<Arrived>) -> bool {
        let Some(cursor) = self.cursors.get_mut(id.0).and_then(Option::as_mut) else { return false };
        cursor.signalled = false;
        if let Some(skipped) = cursor.skipped.take() {
            COUNTERS.log_lines_skipped.inc_by(skipped.lines);
            into.push_back(Arrived { item: Item::Skipped(skipped), at: Instant::now() });
        }
        let mut taken = 0;
        let start = usize::try_from(cursor.next - self.first).expect("a ring of bytes has fewer items than usize");
        for arrived in self.items.range(start.min(self.items.len())..) {
            if taken >= bytes {
                return true;
            }
            taken += arrived.item.cost();
            into.push_back(arrived.clone());
            cursor.next += 1;
        }
        false
    }

    fn trim(&mut self) {
        while self.bytes > self.allowance
            && let Some(oldest) = self.items.pop_front()
        {
            self.bytes -= oldest.item.cost();
            for cursor in self.cursors.iter_mut().flatten() {
                cursor.lose(self.first, &oldest.item);
            }
            self.first += 1;
        }
    }

    fn signal(&mut self) {
        for cursor in self.cursors.iter_mut().flatten() {
            cursor.signal();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(second: i64, text: &str) -> Item {
        let time = Timestamp::from_second(second).unwrap();
        Item::Line(Line { time, text: text.into(), level: Level::Info, truncated: 0 })
    }

    fn texts(items: &VecDeque<Arrived>) -> Vec<String> {
        items
            .iter()
            .map(|arrived| match &arrived.item {
                Item::Line(line) => line.text.to_string(),
                Item::Gap(_) => "gap".to_owned(),
                Item::Skipped(skipped) => format!("{} skipped", skipped.lines),
            })
            .collect()
    }

    fn read_all(ring: &mut Ring, id: CursorId) -> VecDeque<Arrived> {
        let mut items = VecDeque::new();
        while ring.read(id, 1, &mut items) {}
        items
    }

    #[test]
    fn who_joins_gets_the_tail_and_then_what_comes() {
        let mut ring = Ring::new(10_000);
        ring.push((0..5).map(|second| line(second, &second.to_string())), Instant::now());
        let joined = ring.join(2, 0, Arc::default());
        ring.push([line(5, "5")], Instant::now());
        assert_eq!(texts(&read_all(&mut ring, joined.cursor)), ["3", "4", "5"]);
        assert!(!joined.shortened);
        assert!(read_all(&mut ring, joined.cursor).is_empty());
    }

    #[test]
    fn who_is_overrun_learns_how_many_lines_and_bytes_and_from_when_to_when() {
        let mut ring = Ring::new(3 * (LINE_COST + 1));
        let joined = ring.join(9, 0, Arc::default());
        ring.push((0..8).map(|second| line(second, "x")), Instant::now());
        let items = read_all(&mut ring, joined.cursor);
        let (from, to) = (Timestamp::from_second(0).unwrap(), Timestamp::from_second(4).unwrap());
        assert_eq!(items[0].item, Item::Skipped(Skipped { lines: 5, bytes: 5, from, to, gap: None }));
        assert_eq!(items.len(), 4);
    }

    #[test]
    fn a_gap_among_skipped_lines_is_not_forgotten() {
        let mut ring = Ring::new(2 * (LINE_COST + 1));
        let joined = ring.join(9, 0, Arc::default());
        let time = |second| Timestamp::from_second(second).unwrap();
        let gap = Gap { after: time(0), before: time(5), cause: GapCause::Rotated };
        let items = [line(0, "x"), Item::Gap(gap), line(5, "x"), line(6, "x"), line(7, "x")];
        ring.push(items, Instant::now());
        let read = read_all(&mut ring, joined.cursor);
        assert!(matches!(read[0].item, Item::Skipped(Skipped { lines: 2, gap: Some(told), .. }) if told == gap));
    }

    #[test]
    fn a_viewer_is_signalled_once_until_it_looks() {
        let (mut ring, wake) = (Ring::new(10_000), Arc::new(Wake::default()));
        let joined = ring.join(9, 7, Arc::clone(&wake));
        ring.push([line(0, "a")], Instant::now());
        ring.push([line(1, "b")], Instant::now());
        assert_eq!(wake.take(), [7]);
        read_all(&mut ring, joined.cursor);
        ring.push([line(2, "c")], Instant::now());
        assert_eq!(wake.take(), [7]);
    }

    #[test]
    fn room_is_short_only_where_an_unread_line_would_go() {
        let mut ring = Ring::new(2 * (LINE_COST + 1));
        let joined = ring.join(9, 0, Arc::default());
        ring.push([line(0, "a"), line(1, "b")], Instant::now());
        assert!(ring.would_skip(LINE_COST));
        read_all(&mut ring, joined.cursor);
        assert!(!ring.would_skip(LINE_COST));
    }

    proptest! {
        #[test]
        fn every_line_is_read_or_counted(
            steps in proptest::collection::vec((0usize..6, any::<bool>()), 1..40),
            allowance in 1usize..6,
        ) {
            let mut ring = Ring::new(allowance * (LINE_COST + 1));
            let joined = ring.join(0, 0, Arc::default());
            let (mut pushed, mut items) = (0, VecDeque::new());
            for (count, reads) in steps {
                ring.push((0..count).map(|_| line(0, "x")), Instant::now());
                pushed += count as u64;
                prop_assert!(ring.bytes() <= allowance * (LINE_COST + 1));
                if reads { ring.read(joined.cursor, 200, &mut items); }
            }
            while ring.read(joined.cursor, 1, &mut items) {}
            let accounted: u64 = items.iter().map(|arrived| match &arrived.item {
                Item::Line(_) => 1,
                Item::Skipped(skipped) => skipped.lines,
                Item::Gap(_) => 0,
            }).sum();
            prop_assert_eq!(accounted, pushed);
        }
    }
}
