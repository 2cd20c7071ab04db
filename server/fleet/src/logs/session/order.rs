//! Brings what a viewer reads from many containers into one order, with a bounded amount in hand.
//!
//! Two stages. What stands in the rings is taken smallest time first, so that catching up after a pause is in order
//! however far apart the containers are. What is taken then waits in a window of a tenth of a second, because
//! containers that write at the same time do not arrive at the same time.

use std::collections::{BTreeSet, HashMap, VecDeque};

use domain::log::merge::{Released, Window};
use jiff::Timestamp;
use tokio::time::{Duration, Instant};

use crate::logs::ring::{Arrived, Item};

/// How long a live line waits for lines of other containers.
const HOLD: Duration = Duration::from_millis(100);
/// In hand at most, taken and waiting.
const MAX_LINES: usize = 20_000;
const MAX_BYTES: usize = 4 * 1024 * 1024;

pub(super) struct Order {
    started: Instant,
    /// Per source, what was read and not taken. No empty queues.
    heads: HashMap<u32, VecDeque<Arrived>>,
    /// The first item of each queue.
    next: BTreeSet<(Timestamp, u32)>,
    window: Window<Item>,
    /// What the window and the queue behind it cost.
    bytes: usize,
    released: VecDeque<Released<Item>>,
}

impl Order {
    pub(super) fn new(started: Instant) -> Self {
        Self {
            started,
            heads: HashMap::new(),
            next: BTreeSet::new(),
            window: Window::new(millis(HOLD), MAX_LINES),
            bytes: 0,
            released: VecDeque::new(),
        }
    }

    /// Whether more may be taken.
    pub(super) fn has_room(&self) -> bool {
        self.bytes < MAX_BYTES && self.window.len() + self.released.len() < MAX_LINES
    }

    /// Adds what was read from a source.
    pub(super) fn feed(&mut self, source: u32, read: VecDeque<Arrived>) {
        let Some(first) = read.front().map(|arrived| arrived.item.time()) else { return };
        let queue = self.heads.entry(source).or_default();
        if queue.is_empty() {
            self.next.insert((first, source));
        }
        queue.extend(read);
    }

    /// Takes the item with the smallest time; names its source if nothing else of that source was read. `None` if
    /// nothing is there to take. `alone` says that no other container could have written something earlier.
    pub(super) fn take(&mut self, alone: bool) -> Option<Taken> {
        let (_, source) = self.next.pop_first()?;
        let queue = self.heads.get_mut(&source)?;
        let Arrived { item, at } = queue.pop_front()?;
        let exhausted = match queue.front() {
            Some(following) => {
                self.next.insert((following.item.time(), source));
                false
            }
            None => {
                self.heads.remove(&source);
                true
            }
        };
        self.bytes += item.cost();
        let arrived = self.at(at) - if alone { millis(HOLD) } else { 0 };
        self.window.push(source, item.time(), item, arrived);
        Some(Taken { source, exhausted })
    }

    /// The next item that may be shown.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Released<Item>> {
        if self.released.is_empty() {
            self.released.extend(self.window.release(self.at(now)));
        }
        let released = self.released.pop_front()?;
        self.bytes -= released.item.cost();
        Some(released)
    }

    /// When [`Self::pop`] may have something, if nothing is fed before.
    pub(super) fn next_release(&self) -> Option<Instant> {
        let millis = self.window.next_release_ms()?;
        let after = Duration::from_millis(u64::try_from(millis).unwrap_or_default());
        Some(self.started + after)
    }

    /// Nothing of this source waits to be taken.
    pub(super) fn is_exhausted(&self, source: u32) -> bool {
        !self.heads.contains_key(&source)
    }

    /// Forgets a source that will write no more. What was taken from it is still shown.
    pub(super) fn end(&mut self, source: u32) {
        if let Some(queue) = self.heads.remove(&source)
            && let Some(first) = queue.front()
        {
            self.next.remove(&(first.item.time(), source));
        }
        self.window.end(source);
    }

    fn at(&self, instant: Instant) -> i64 {
        // Lines that were in the ring before the session have been waiting since then.
        match instant.checked_duration_since(self.started) {
            Some(after) => millis(after),
            None => -millis(self.started - instant),
        }
    }
}

/// What [`Order::take`] took.
pub(super) struct Taken {
    pub(super) source: u32,
    pub(super) exhausted: bool,
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use domain::log::level::Level;

    use super::*;
    use crate::logs::ring::Line;

    fn arrived(millisecond: i64, at: Instant) -> Arrived {
        let time = Timestamp::from_millisecond(millisecond).unwrap();
        Arrived { item: Item::Line(Line { time, text: "".into(), level: Level::Info, truncated: 0 }), at }
    }

    fn drain(order: &mut Order, now: Instant) -> Vec<(i64, bool)> {
        std::iter::from_fn(|| order.pop(now))
            .map(|released| (released.position.time.as_millisecond(), released.late))
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_stood_in_the_rings_is_shown_at_once_and_in_order() {
        let before = Instant::now();
        tokio::time::advance(Duration::from_secs(1)).await;
        let mut order = Order::new(Instant::now());
        order.feed(1, [5, 6, 9].map(|time| arrived(time, before)).into());
        order.feed(2, [1, 7, 8].map(|time| arrived(time, before)).into());
        while order.take(false).is_some() {}
        let shown = drain(&mut order, Instant::now());
        assert_eq!(shown, [1, 5, 6, 7, 8, 9].map(|time| (time, false)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_live_line_waits_for_its_elders_and_no_longer_than_the_window() {
        let start = Instant::now();
        let mut order = Order::new(start);
        order.feed(1, [arrived(20, start)].into());
        order.take(false);
        assert_eq!(drain(&mut order, start), []);
        assert_eq!(order.next_release(), Some(start + HOLD));
        tokio::time::advance(HOLD / 2).await;
        order.feed(2, [arrived(10, Instant::now())].into());
        order.take(false);
        tokio::time::advance(HOLD / 2).await;
        assert_eq!(drain(&mut order, Instant::now()), [(10, false), (20, false)]);
        order.feed(2, [arrived(15, Instant::now())].into());
        order.take(false);
        tokio::time::advance(HOLD).await;
        assert_eq!(drain(&mut order, Instant::now()), [(15, true)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_single_container_waits_for_nobody() {
        let start = Instant::now();
        let mut order = Order::new(start);
        order.feed(1, [arrived(20, start)].into());
        order.take(true);
        assert_eq!(drain(&mut order, start), [(20, false)]);
    }
}
