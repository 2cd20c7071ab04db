//! The objects of one cluster, their versions, and the bounded log of changes that watches read.
//!
//! One revision counter for everything, as etcd has. Objects are kept as JSON text, since nearly every reader wants
//! text. A write is a function run under the lock; a watch holds a cursor and reads the log after it, so a slow watch
//! costs nothing and a cursor older than the log is told so. Knows nothing of metadata rules or HTTP.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::catalogue::RESOURCES;

/// Changes kept for watches; older cursors get 410 Gone.
pub(crate) const LOG_LENGTH: usize = 5_000;

/// Namespace (empty for cluster-wide objects) and name.
pub(crate) type Key = (String, String);

/// One version of one object.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The object, with its `metadata.resourceVersion`.
    pub(crate) json: String,
    pub(crate) labels: BTreeMap<String, String>,
}

impl Stored {
    fn new(revision: u64, mut object: Value) -> (Self, Value) {
        object["metadata"]["resourceVersion"] = json!(revision.to_string());
        let labels = object["metadata"]["labels"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        (Self { json: object.to_string(), labels }, object)
    }

    /// The object as a value.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.json).expect("the store wrote this text")
    }
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

/// One entry of the log.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    /// Row of the catalogue.
    pub(crate) resource: usize,
    pub(crate) key: Key,
    pub(crate) kind: ChangeKind,
    /// The object after the change; when deleted, its last state with the revision of the deletion.
    pub(crate) now: Arc<Stored>,
    pub(crate) before: Option<Arc<Stored>>,
}

/// What a write wants.
#[derive(Debug)]
pub(crate) enum Step {
    Keep,
    Put(Value),
    Delete,
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<Arc<Stored>>,
    /// Where the next page starts, and how many objects follow this one.
    pub(crate) next: Option<(Key, usize)>,
    pub(crate) revision: u64,
}

/// Changes after a cursor are no longer known, or not yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gone;

struct Inner {
    revision: u64,
    /// Changes up to this revision have left the log.
    floor: u64,
    tables: Vec<BTreeMap<Key, Arc<Stored>>>,
    log: VecDeque<Change>,
}

/// See the module.
pub(crate) struct Store {
    inner: Mutex<Inner>,
    revision: watch::Sender<u64>,
}

impl Store {
    /// An empty store.
    pub(crate) fn new() -> Self {
        let inner = Inner {
            revision: 1,
            floor: 1,
            tables: RESOURCES.iter().map(|_| BTreeMap::new()).collect(),
            log: VecDeque::new(),
        };
        Self { inner: Mutex::new(inner), revision: watch::Sender::new(1) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in a write closure leaves the tables as they were.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells when the revision moves.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// The newest revision.
    pub(crate) fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// An object, when it exists.
    pub(crate) fn get(&self, resource: usize, namespace: &str, name: &str) -> Option<Arc<Stored>> {
        self.lock().tables[resource].get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    /// Objects in the order of their keys, of one namespace or of all, at most `limit`, after a key.
    pub(crate) fn list(
        &self,
        resource: usize,
        namespace: Option<&str>,
        after: Option<&Key>,
        limit: usize,
        matches: &dyn Fn(&Key, &Stored) -> bool,
    ) -> Page {
        let inner = self.lock();
        let start = match (after, namespace) {
            (Some(key), _) => Bound::Excluded(key.clone()),
            (None, Some(namespace)) => Bound::Included((namespace.to_owned(), String::new())),
            (None, None) => Bound::Unbounded,
        };
        let mut rows = inner.tables[resource]
            .range((start, Bound::Unbounded))
            .take_while(|(key, _)| namespace.is_none_or(|namespace| key.0 == namespace))
            .filter(|(key, stored)| matches(key, stored));
        let mut last = None;
        let mut items = Vec::new();
        for (key, stored) in rows.by_ref().take(limit) {
            last = Some(key);
            items.push(Arc::clone(stored));
        }
        let left = rows.count();
        let next = last.filter(|_| left > 0).map(|key| (key.clone(), left));
        Page { items, next, revision: inner.revision }
    }

    /// Reads an object and writes what `change` makes of it, as one step. Returns the object afterwards.
    ///
    /// # Errors
    /// Whatever `change` refuses with; nothing is written then.
    pub(crate) fn write<E>(
        &self,
        resource: usize,
        key: Key,
        change: impl FnOnce(Option<Value>) -> Result<(Step, Value), E>,
    ) -> Result<Value, E> {
        let mut inner = self.lock();
        let before = inner.tables[resource].get(&key).cloned();
        let (step, answer) = change(before.as_deref().map(Stored::value))?;
        let (kind, object) = match step {
            Step::Keep => return Ok(answer),
            Step::Put(object) if before.is_some() => (ChangeKind::Modified, object),
            Step::Put(object) => (ChangeKind::Added, object),
            Step::Delete => (ChangeKind::Deleted, answer),
        };
        inner.revision += 1;
        let revision = inner.revision;
        let (stored, object) = Stored::new(revision, object);
        let now = Arc::new(stored);
        if kind == ChangeKind::Deleted {
            inner.tables[resource].remove(&key);
        } else {
            inner.tables[resource].insert(key.clone(), Arc::clone(&now));
        }
        inner.log.push_back(Change { revision, resource, key, kind, now, before });
        while inner.log.len() > LOG_LENGTH {
            if let Some(change) = inner.log.pop_front() {
                inner.floor = change.revision;
            }
        }
        drop(inner);
        self.revision.send_replace(revision);
        Ok(object)
    }

    /// Forgets the log: watches from before now are told that they are too old.
    pub(crate) fn compact(&self) {
        let mut inner = self.lock();
        inner.log.clear();
        inner.floor = inner.revision;
    }

    /// The changes after a cursor, oldest first, at most a thousand at a time.
    ///
    /// # Errors
    /// [`Gone`] when the log does not reach back to the cursor, or the cursor lies ahead.
    pub(crate) fn changes_after(&self, cursor: u64) -> Result<Vec<Change>, Gone> {
        const BATCH: usize = 1_000;
        let inner = self.lock();
        if cursor < inner.floor || cursor > inner.revision {
            return Err(Gone);
        }
        let start = inner.log.partition_point(|change| change.revision <= cursor);
        Ok(inner.log.iter().skip(start).take(BATCH).cloned().collect())
    }

    /// Whether changes after this revision are still known.
    pub(crate) fn reaches_back_to(&self, revision: u64) -> bool {
        self.lock().floor <= revision
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::{Value, json};

    use super::{ChangeKind, Gone, LOG_LENGTH, Step, Store};

    fn put(store: &Store, namespace: &str, name: &str) {
        let object = json!({"metadata": {"namespace": namespace, "name": name}});
        store
            .write(2, (namespace.to_owned(), name.to_owned()), |_| {
                Ok::<_, Infallible>((Step::Put(object), Value::Null))
            })
            .unwrap();
    }

    #[test]
    fn pages_follow_each_other_within_a_namespace() {
        let store = Store::new();
        for name in ["a", "b", "c"] {
            put(&store, "one", name);
            put(&store, "two", name);
        }
        let first = store.list(2, Some("one"), None, 2, &|_, _| true);
        assert_eq!(first.items.len(), 2);
        let (key, left) = first.next.unwrap();
        assert_eq!((key.1.as_str(), left), ("b", 1));
        let second = store.list(2, Some("one"), Some(&key), 2, &|_, _| true);
        assert_eq!(second.items.len(), 1);
        assert!(second.next.is_none());
    }

    #[test]
    fn the_log_tells_what_happened_after_a_cursor() {
        let store = Store::new();
        let start = store.revision();
        put(&store, "one", "a");
        put(&store, "one", "a");
        store
            .write(2, ("one".to_owned(), "a".to_owned()), |live| {
                Ok::<_, Infallible>((Step::Delete, live.unwrap_or_default()))
            })
            .unwrap();
        let kinds: Vec<_> = store.changes_after(start).unwrap().iter().map(|change| change.kind).collect();
        assert_eq!(kinds, [ChangeKind::Added, ChangeKind::Modified, ChangeKind::Deleted]);
        assert_eq!(store.changes_after(start + 4).unwrap_err(), Gone);
    }

    #[test]
    fn the_log_is_bounded() {
        let store = Store::new();
        let start = store.revision();
        for _ in 0..=LOG_LENGTH {
            put(&store, "one", "a");
        }
        assert_eq!(store.changes_after(start).unwrap_err(), Gone);
        assert!(store.changes_after(start + 1).is_ok());
    }
}
