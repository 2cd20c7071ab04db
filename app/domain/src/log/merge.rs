//! One order for the lines of many containers: by time, then by source, then as the source wrote them.
//!
//! History has ends, so [`merge`] is a plain k-way merge. Live lines have none: [`Window`] holds a line until every
//! source that is talking has passed its time, or until the line has waited long enough. What is released stays
//! released; a straggler is marked late, the view is never sorted again. Times are handed in; milliseconds and
//! nanoseconds as named.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use jiff::Timestamp;

/// Where a line belongs: time first. `index` counts the lines of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub time: Timestamp,
    pub source: u32,
    pub index: u64,
}

/// Merges histories of sources by time; lines of one time keep the order of sources and of lines.
#[must_use]
pub fn merge<T>(sources: Vec<Vec<(Timestamp, T)>>) -> Vec<(Position, T)> {
    let mut all: Vec<(Position, T)> = Vec::with_capacity(sources.iter().map(Vec::len).sum());
    for (source, lines) in sources.into_iter().enumerate() {
        let source = u32::try_from(source).expect("sources are bounded far below u32");
        all.extend((0u64..).zip(lines).map(|(index, (time, line))| (Position { time, source, index }, line)));
    }
    all.sort_unstable_by_key(|(position, _)| *position);
    all
}

/// A released line; `late` if a later line had been released before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released<T> {
    pub position: Position,
    pub late: bool,
    pub item: T,
}

/// Holds live lines of many sources for at most `hold_ms`, so that they leave in order.
#[derive(Debug)]
pub struct Window<T> {
    hold_ms: i64,
    limit: usize,
    held: BinaryHeap<Reverse<Held<T>>>,
    /// When each held line arrived, oldest first; lines that left early may still be named.
    arrivals: BinaryHeap<Reverse<(i64, Position)>>,
    /// Up to here some line has waited long enough, and with it all that stand before it.
    waited_until: Option<Position>,
    /// Per source that spoke within the window: its newest time, and when that arrived.
    talking: BTreeMap<u32, (Timestamp, i64)>,
    indexes: BTreeMap<u32, u64>,
    released_until: Timestamp,
}

#[derive(Debug)]
struct Held<T> {
    position: Position,
    item: T,
}

impl<T> PartialEq for Held<T> {
    fn eq(&self, other: &Self) -> bool {
        self.position == other.position
    }
}
impl<T> Eq for Held<T> {}
impl<T> PartialOrd for Held<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Held<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.position.cmp(&other.position)
    }
}

impl<T> Window<T> {
    /// `hold_ms` = 0 for a single source: nothing waits. Beyond `limit` held lines the oldest leave early.
    #[must_use]
    pub fn new(hold_ms: i64, limit: usize) -> Self {
        Self {
            hold_ms,
            limit,
            held: BinaryHeap::new(),
            arrivals: BinaryHeap::new(),
            waited_until: None,
            talking: BTreeMap::new(),
            indexes: BTreeMap::new(),
            released_until: Timestamp::MIN,
        }
    }

    /// Takes a line of a source at the time of its arrival.
    pub fn push(&mut self, source: u32, time: Timestamp, item: T, now_ms: i64) {
        let index = self.indexes.entry(source).or_default();
        let position = Position { time, source, index: *index };
        *index += 1;
        let newest = self.talking.get(&source).map_or(time, |(newest, _)| time.max(*newest));
        self.talking.insert(source, (newest, now_ms));
        self.arrivals.push(Reverse((now_ms, position)));
        self.held.push(Reverse(Held { position, item }));
    }

    /// Forgets a source that ended, so that nobody waits for it.
    pub fn end(&mut self, source: u32) {
        self.talking.remove(&source);
        self.indexes.remove(&source);
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// What may leave now, in order.
    pub fn release(&mut self, now_ms: i64) -> Vec<Released<T>> {
        let quiet_since = now_ms - self.hold_ms;
        self.talking.retain(|_, (_, spoke)| *spoke > quiet_since);
        while let Some(Reverse((arrived, position))) = self.arrivals.peek()
            && *arrived <= quiet_since
        {
            // A source whose clock is behind must not hold up the others: its newer lines go first, at once.
            self.waited_until = self.waited_until.max(Some(*position));
            self.arrivals.pop();
        }
        let watermark = self.talking.values().map(|(newest, _)| *newest).min();
        let mut released = Vec::new();
        while let Some(Reverse(first)) = self.held.peek() {
            let waited = Some(first.position) <= self.waited_until;
            let passed = self.talking.len() > 1 && watermark.is_some_and(|watermark| first.position.time < watermark);
            if !(waited || passed || self.held.len() > self.limit) {
                break;
            }
            let Some(Reverse(Held { position, item, .. })) = self.held.pop() else { break };
            let late = position.time < self.released_until;
            self.released_until = self.released_until.max(position.time);
            released.push(Released { position, late, item });
        }
        if self.held.is_empty() {
            self.arrivals.clear();
        }
        released
    }

    /// When [`Self::release`] should be called next, if no line comes before.
    #[must_use]
    pub fn next_release_ms(&self) -> Option<i64> {
        let Reverse((arrived, _)) = self.arrivals.peek().filter(|_| !self.held.is_empty())?;
        Some(arrived + self.hold_ms)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).expect("a small number")
    }

    #[test]
    fn equal_times_keep_the_order_of_sources_and_of_lines() {
        let merged = merge(vec![vec![(at(2), "b1"), (at(2), "b2")], vec![(at(1), "a"), (at(2), "c")]]);
        assert_eq!(merged.into_iter().map(|(_, line)| line).collect::<Vec<_>>(), ["a", "b1", "b2", "c"]);
    }

    #[test]
    fn a_single_source_never_waits() {
        let mut window = Window::new(0, 10);
        window.push(0, at(5), "x", 100);
        assert_eq!(window.release(100).len(), 1);
    }

    #[test]
    fn a_line_waits_for_the_slower_source_and_leaves_when_the_window_is_over() {
        let mut window = Window::new(100, 10);
        window.push(0, at(10), "newer", 1_000);
        assert!(window.release(1_050).is_empty());
        window.push(1, at(5), "older", 1_060);
        let texts: Vec<_> = window.release(1_100).into_iter().map(|line| line.item).collect();
        assert_eq!(texts, ["older", "newer"].get(..texts.len()).expect("in order"));
        assert!(window.release(1_200).len() + texts.len() == 2);
    }

    #[test]
    fn a_straggler_is_marked_and_not_lost() {
        let mut window = Window::new(100, 10);
        window.push(0, at(10), "first", 1_000);
        assert!(!window.release(1_100)[0].late);
        window.push(1, at(5), "straggler", 1_200);
        let released = window.release(1_300);
        assert_eq!((released[0].item, released[0].late), ("straggler", true));
    }

    #[test]
    fn a_source_whose_clock_is_behind_holds_nobody_up() {
        let mut window = Window::new(100, 1_000);
        window.push(0, at(3_600_000), "now", 1_000);
        let mut released = Vec::new();
        for step in 1..=11 {
            window.push(1, at(step), "an hour ago", 1_000 + step * 10);
            released.extend(window.release(1_000 + step * 10).into_iter().map(|line| line.item));
        }
        assert!(released.contains(&"now"));
    }

    #[test]
    fn the_limit_lets_the_oldest_go_early() {
        let mut window = Window::new(1_000, 2);
        for ms in 1..=3 {
            window.push(0, at(ms), ms, 0);
        }
        assert_eq!(window.release(1).into_iter().map(|line| line.item).collect::<Vec<_>>(), [1]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_doubled_or_out_of_order_within_a_source(
            lines in prop::collection::vec((0u32..4, 0i64..50, 0i64..30), 0..80)
        ) {
            let mut window = Window::new(20, 16);
            let mut pushed: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
            let mut newest: BTreeMap<u32, i64> = BTreeMap::new();
            let mut released = Vec::new();
            let mut now = 0;
            for (number, (source, step, wait)) in lines.iter().enumerate() {
                now += wait;
                let time = newest.entry(*source).and_modify(|time| *time += step).or_insert(*step);
                window.push(*source, at(*time), number, now);
                pushed.entry(*source).or_default().push(number);
                released.extend(window.release(now));
            }
            released.extend(window.release(now + 1_000));
            prop_assert!(window.is_empty());
            let mut seen: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
            let mut until = Timestamp::MIN;
            for line in released {
                prop_assert_eq!(line.late, line.position.time < until);
                until = until.max(line.position.time);
                seen.entry(line.position.source).or_default().push(line.item);
            }
            prop_assert_eq!(seen, pushed);
        }
    }
}
