//! Object rows on their way to the database: at most one an object, the latest.
//!
//! Owns the order, the bound in bytes and the memory of what the store holds or will hold, so that an unchanged object
//! costs nothing. A full queue still takes newer states of objects that are in it; for others the caller waits. While
//! the database refuses to write, nobody waits: the change is set aside and forgotten, so that the next resync offers
//! it again.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::object::{ClusterId, ObjectRef};
use tokio::sync::{Notify, watch};

use super::digest::{self, Short};

/// Room for the JSON of some ten thousand objects.
const LIMIT: usize = 64 << 20;
/// What a row takes besides its JSON, roughly.
const OVERHEAD: usize = 256;

/// What is to become of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Put { version: String, json: String, seen_at: i64 },
    Remove,
}

impl Change {
    pub(super) fn json_bytes(&self) -> usize {
        match self {
            Self::Put { json, .. } => json.len(),
            Self::Remove => 0,
        }
    }

    fn bytes(&self) -> usize {
        OVERHEAD + self.json_bytes()
    }

    fn content(&self) -> Option<Short> {
        match self {
            Self::Put { version, json, .. } => Some(digest::of_content(version, json)),
            Self::Remove => None,
        }
    }
}

/// A change and its place in the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Queued {
    pub(super) place: u64,
    pub(super) object: ObjectRef,
    pub(super) change: Change,
}

/// What became of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// It will be written, or is what the store holds already.
    Taken,
    /// The database refuses to write and the queue is full.
    SetAside,
    /// Nothing was taken; come again when there is room.
    Full(ObjectRef, Change),
}

pub(super) struct Queue {
    state: Mutex<State>,
    limit: usize,
    /// The writer has something to do.
    filled: Notify,
    /// Held while rows are in hand: whoever holds it knows that no transaction of object rows is under way.
    turn: tokio::sync::Mutex<()>,
    /// Bytes were freed, or waiting has become pointless.
    room: Notify,
    /// Every place below has been dealt with.
    done_below: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    next_place: u64,
    order: BTreeMap<u64, (ObjectRef, Change)>,
    places: HashMap<ObjectRef, u64>,
    /// Of what is in `order` and of what the writer has in hand.
    bytes: usize,
    /// Lowest place that the writer has in hand.
    in_hand: Option<u64>,
    failing: bool,
    /// What the store holds or will hold, of every cluster that was loaded or written.
    known: HashMap<ClusterId, HashMap<Short, Short>>,
}

impl Default for Queue {
    fn default() -> Self {
        Self::with_limit(LIMIT)
    }
}

impl Queue {
    pub(super) fn with_limit(limit: usize) -> Self {
        Self {
            state: Mutex::default(),
            limit,
            filled: Notify::new(),
            turn: tokio::sync::Mutex::default(),
            room: Notify::new(),
            done_below: watch::Sender::new(0),
        }
    }

    /// Takes a change, waiting for room where there is none.
    pub(super) async fn put(&self, mut object: ObjectRef, mut change: Change) {
        loop {
            let room = self.room.notified();
            tokio::pin!(room);
            // Registered before looking, so that room made in between is not missed.
            room.as_mut().enable();
            match self.offer(object, change) {
                Offer::Taken => return,
                Offer::SetAside => {
                    tracing::warn!(
                        "the database refuses to write and the queue is full: an object waits for the next resync"
                    );
                    return;
                }
                Offer::Full(same_object, same_change) => (object, change) = (same_object, same_change),
            }
            room.await;
        }
    }

    pub(super) fn offer(&self, object: ObjectRef, change: Change) -> Offer {
        let mut state = self.lock();
        let identity = digest::of_identity(&object);
        let content = change.content();
        let known = state.known.get(&object.cluster).and_then(|objects| objects.get(&identity)).copied();
        if content.is_some() && content == known {
            return Offer::Taken;
        }
        let before = state.places.get(&object).copied();
        let bytes = change.bytes();
        // An empty queue takes anything, else one huge object would wait for ever.
        if before.is_none() && state.bytes > 0 && state.bytes + bytes > self.limit {
            if !state.failing {
                return Offer::Full(object, change);
            }
            state.forget(&object, identity);
            return Offer::SetAside;
        }
        let objects = state.known.entry(object.cluster.clone()).or_default();
        match content {
            Some(content) => objects.insert(identity, content),
            None => objects.remove(&identity),
        };
        state.insert(before, object, change);
        drop(state);
        self.filled.notify_one();
        Offer::Taken
    }

    /// The oldest changes, at most `count`; they stay accounted for until [`Self::written`] or [`Self::give_back`].
    pub(super) fn take(&self, count: usize) -> Vec<Queued> {
        let mut state = self.lock();
        let mut taken = Vec::new();
        while taken.len() < count
            && let Some((place, (object, change))) = state.order.pop_first()
        {
            state.places.remove(&object);
            taken.push(Queued { place, object, change });
        }
        state.in_hand = taken.first().map(|first| first.place);
        taken
    }

    /// The whole of what was in hand is in the database.
    pub(super) fn written(&self, rows: &[Queued]) {
        let mut state = self.lock();
        state.failing = false;
        self.settle(state, rows);
    }

    /// These rows will not be written; they are as if never seen.
    pub(super) fn set_aside(&self, rows: &[Queued]) {
        let mut state = self.lock();
        for row in rows {
            if !state.places.contains_key(&row.object) {
                state.forget(&row.object, digest::of_identity(&row.object));
            }
        }
        self.settle(state, rows);
    }

    fn settle(&self, mut state: MutexGuard<'_, State>, rows: &[Queued]) {
        state.bytes -= rows.iter().map(|row| row.change.bytes()).sum::<usize>();
        state.in_hand = None;
        let done_below = state.lowest();
        drop(state);
        self.done_below.send_replace(done_below);
        self.room.notify_waiters();
    }

    /// Rows that could not be written now, back in their places, unless a newer state of the object has come.
    pub(super) fn give_back(&self, rows: Vec<Queued>, failing: bool) {
        let mut state = self.lock();
        state.failing = failing;
        for Queued { place, object, change } in rows {
            match state.places.insert(object.clone(), place) {
                None => {
                    state.order.insert(place, (object, change));
                }
                Some(newer) => {
                    // The newer state moves up: whoever waits for the older one waits for this one.
                    let latest = state.order.remove(&newer).expect("each object in `places` has its row in `order`");
                    state.bytes -= change.bytes();
                    state.order.insert(place, latest);
                }
            }
        }
        state.in_hand = None;
        drop(state);
        if failing {
            self.room.notify_waiters();
        }
    }

    /// Drops what is queued for a cluster, and the memory of it.
    pub(super) fn forget_cluster(&self, cluster: &ClusterId) {
        let mut state = self.lock();
        state.known.remove(cluster);
        let gone: Vec<u64> =
            state.order.iter().filter(|(_, (object, _))| object.cluster == *cluster).map(|(place, _)| *place).collect();
        for place in gone {
            if let Some((object, change)) = state.order.remove(&place) {
                state.places.remove(&object);
                state.bytes -= change.bytes();
            }
        }
        let done_below = state.lowest();
        drop(state);
        self.done_below.send_replace(done_below);
        self.room.notify_waiters();
    }

    /// Remembers what the store holds of a cluster, as read from it; ignored once something newer is known.
    pub(super) fn remember(&self, cluster: &ClusterId, rows: HashMap<Short, Short>) {
        self.lock().known.entry(cluster.clone()).or_insert(rows);
    }

    /// Rows that wait, and the bytes of those and of what is in hand.
    pub(super) fn depth(&self) -> (usize, usize) {
        let state = self.lock();
        (state.order.len(), state.bytes)
    }

    /// Waits until everything that was taken before the call has been dealt with.
    pub(super) async fn flush(&self) {
        let target = self.lock().next_place;
        let mut done_below = self.done_below.subscribe();
        // Fails only if the sender is gone, and `self` holds it.
        let _ = done_below.wait_for(|below| *below >= target).await;
    }

    /// Lets [`Self::filled`] return: there is something else to write.
    pub(super) fn wake(&self) {
        self.filled.notify_one();
    }

    /// Whether rows of the cluster were loaded or written since the start.
    pub(super) fn knows(&self, cluster: &str) -> bool {
        self.lock().known.keys().any(|known| known.as_str() == cluster)
    }

    /// Whether the last transaction of objects was refused.
    #[cfg(test)]
    pub(super) fn is_failing(&self) -> bool {
        self.lock().failing
    }

    /// Waits for [`Self::take`] to have something, perhaps in vain.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Waits for the transaction that is under way, and holds up the next one.
    pub(super) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn insert(&mut self, before: Option<u64>, object: ObjectRef, change: Change) {
        let place = before.unwrap_or_else(|| {
            self.next_place += 1;
            self.next_place - 1
        });
        self.bytes += change.bytes();
        self.places.insert(object.clone(), place);
        if let Some((_, replaced)) = self.order.insert(place, (object, change)) {
            self.bytes -= replaced.bytes();
        }
    }

    fn forget(&mut self, object: &ObjectRef, identity: Short) {
        if let Some(objects) = self.known.get_mut(&object.cluster) {
            objects.remove(&identity);
        }
    }

    /// The lowest place that is not dealt with.
    fn lowest(&self) -> u64 {
        let queued = self.order.first_key_value().map(|(place, _)| *place);
        [queued, self.in_hand].into_iter().flatten().min().unwrap_or(self.next_place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str) -> ObjectRef {
        ObjectRef {
            cluster: "prod".into(),
            group: "apps".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: Some("shop".to_owned()),
            name: name.to_owned(),
        }
    }

    fn put(json: &str) -> Change {
        Change::Put { version: "v1".to_owned(), json: json.to_owned(), seen_at: 1 }
    }

    fn names_and_changes(rows: &[Queued]) -> Vec<(&str, &Change)> {
        rows.iter().map(|row| (row.object.name.as_str(), &row.change)).collect()
    }

    #[test]
    fn only_the_latest_state_of_an_object_is_written_and_it_keeps_its_turn() {
        let queue = Queue::default();
        for (name, json) in [("a", "1"), ("b", "1"), ("a", "2")] {
            assert_eq!(queue.offer(object(name), put(json)), Offer::Taken);
        }
        assert_eq!(names_and_changes(&queue.take(10)), [("a", &put("2")), ("b", &put("1"))]);
    }

    #[test]
    fn an_unchanged_object_is_not_written_again_and_one_that_was_removed_is() {
        let queue = Queue::default();
        queue.offer(object("a"), put("1"));
        queue.written(&queue.take(10));
        queue.offer(object("a"), put("1"));
        assert_eq!(queue.take(10), []);
        queue.offer(object("a"), Change::Remove);
        queue.written(&queue.take(10));
        queue.offer(object("a"), put("1"));
        assert_eq!(names_and_changes(&queue.take(10)), [("a", &put("1"))]);
    }

    #[test]
    fn a_state_that_comes_back_while_another_is_in_hand_is_written_last() {
        let queue = Queue::default();
        queue.offer(object("a"), put("1"));
        queue.written(&queue.take(10));
        queue.offer(object("a"), put("2"));
        let in_hand = queue.take(10);
        queue.offer(object("a"), put("1"));
        queue.written(&in_hand);
        assert_eq!(names_and_changes(&queue.take(10)), [("a", &put("1"))]);
    }

    #[test]
    fn a_full_queue_takes_newer_states_and_refuses_other_objects() {
        let queue = Queue::with_limit(OVERHEAD + 10);
        assert_eq!(queue.offer(object("a"), put("a state longer than the queue")), Offer::Taken);
        assert_eq!(queue.offer(object("b"), put("1")), Offer::Full(object("b"), put("1")));
        assert_eq!(queue.offer(object("a"), put("2")), Offer::Taken);
        let rows = queue.take(10);
        assert_eq!(names_and_changes(&rows), [("a", &put("2"))]);
        queue.written(&rows);
        assert_eq!(queue.offer(object("b"), put("1")), Offer::Taken);
    }

    #[test]
    fn a_failing_database_lets_nobody_wait_and_what_was_set_aside_is_taken_later() {
        let queue = Queue::with_limit(OVERHEAD);
        queue.offer(object("a"), put("1"));
        let rows = queue.take(10);
        queue.give_back(rows, true);
        assert_eq!(queue.offer(object("b"), put("1")), Offer::SetAside);
        queue.written(&queue.take(10));
        assert_eq!(queue.offer(object("b"), put("1")), Offer::Taken);
        assert_eq!(names_and_changes(&queue.take(10)), [("b", &put("1"))]);
    }

    #[test]
    fn rows_given_back_return_in_order_and_never_over_a_newer_state() {
        let queue = Queue::default();
        for name in ["a", "b", "c"] {
            queue.offer(object(name), put("1"));
        }
        let rows = queue.take(2);
        queue.offer(object("b"), put("2"));
        queue.give_back(rows, false);
        assert_eq!(names_and_changes(&queue.take(10)), [("a", &put("1")), ("b", &put("2")), ("c", &put("1"))]);
    }

    #[test]
    fn the_account_of_bytes_returns_to_nothing() {
        let queue = Queue::default();
        for json in ["1", "a longer state", "2"] {
            queue.offer(object("a"), put(json));
            queue.offer(object("b"), put(json));
        }
        let rows = queue.take(1);
        queue.offer(object("a"), put("3"));
        queue.give_back(rows, false);
        queue.offer(object("c"), put("1"));
        queue.forget_cluster(&"prod".into());
        assert_eq!(queue.lock().bytes, 0);
        assert!(queue.lock().places.is_empty());
    }

    #[tokio::test]
    async fn flush_waits_for_what_is_in_hand_and_for_the_newer_state_that_took_its_place() {
        let queue = Queue::default();
        queue.offer(object("a"), put("1"));
        let rows = queue.take(10);
        queue.offer(object("a"), put("2"));
        let mut flush = std::pin::pin!(queue.flush());
        assert!(futures::poll!(flush.as_mut()).is_pending());
        queue.give_back(rows, true);
        assert!(futures::poll!(flush.as_mut()).is_pending());
        queue.written(&queue.take(10));
        assert!(futures::poll!(flush.as_mut()).is_ready());
    }
}
