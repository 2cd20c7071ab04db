//! What is known of one cluster, in memory: Flux objects with their rows, Flux's own workloads, recent events.
//!
//! Synchronous behind one lock that is held for short updates only. Objects are trimmed and, while they come from the
//! watch, unmasked: they stay inside the engine. Objects of the stored last truth are masked already. A change is
//! published when a row, or the object's own page, would show something else, and never while the lock is held.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use domain::catalogue;
use domain::event::EventView;
use domain::health::StatusCounts;
use domain::metrics::Series;
use domain::object::{ClusterId, GroupKind, ObjectRef};
use domain::resource::ResourceRow;
use serde_json::Value;
use tokio::sync::Notify;

use super::events::EventLog;
use super::kept::{Kept, resource_version};
use super::object::trim;
use super::publisher::{Change, Publisher};
use super::row;

/// The index of one cluster.
#[derive(Debug)]
pub struct Index {
    cluster: ClusterId,
    inner: RwLock<Inner>,
    publisher: Publisher,
    /// Objects whose stored state is behind this one.
    unsaved: Mutex<BTreeSet<ObjectRef>>,
    unsaved_grew: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    cluster_name: String,
    flux: BTreeMap<ObjectRef, Entry>,
    /// Deployments and Pods of the Flux controllers.
    workloads: BTreeMap<ObjectRef, Arc<Value>>,
    events: EventLog,
    counts: StatusCounts,
}

#[derive(Clone, Debug)]
struct Entry {
    json: Arc<Kept>,
    row: Arc<ResourceRow>,
    series: Option<Arc<Series>>,
}

/// Objects that are handed over to be saved together. They are parsed for it, and all clusters start at the same time.
const SAVED_AT_ONCE: usize = 32;

/// What became of an object, for the store. `None`: it is gone.
pub type Unsaved = (ObjectRef, Option<Arc<Value>>);

/// Whether the page of the object shows the same: everything but the bookkeeping of the API server.
fn shows_the_same(old: &Value, new: &Value) -> bool {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return old == new };
    let metadata = |object: &serde_json::Map<String, Value>| {
        let mut metadata = object.get("metadata").cloned().unwrap_or_default();
        if let Some(fields) = metadata.as_object_mut() {
            fields.remove("resourceVersion");
        }
        metadata
    };
    old.len() == new.len()
        && old.iter().all(|(key, value)| key == "metadata" || new.get(key) == Some(value))
        && metadata(old) == metadata(new)
}

impl Index {
    #[must_use]
    pub fn new(cluster: ClusterId, cluster_name: &str, publisher: Publisher) -> Self {
        let inner = Inner { cluster_name: cluster_name.to_owned(), ..Inner::default() };
        Self { cluster, inner: inner.into(), publisher, unsaved: Mutex::default(), unsaved_grew: Notify::new() }
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        // A panic while the lock was held leaves whole entries: each update is one insertion.
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn unsaved(&self) -> MutexGuard<'_, BTreeSet<ObjectRef>> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stored last truth: shown until the cluster has listed the kind anew. Only before the first watch.
    pub fn restore(&self, objects: impl IntoIterator<Item = (ObjectRef, Value)>) {
        let mut inner = self.write();
        for (object, json) in objects {
            let row = row::row(&object, &inner.cluster_name, &json, false);
            inner.insert(object, &json, row);
        }
        drop(inner);
        self.publisher.publish(Change::Cluster(self.cluster.clone()));
    }

    /// An object as the cluster says it is now. Flux objects get a row; everything else is one of Flux's workloads.
    /// The answer is whether it differs from what was known.
    pub fn apply(&self, mut json: Value) -> bool {
        trim(&mut json);
        let object = ObjectRef::of(&self.cluster, &json);
        if catalogue::by_group_kind(&object.group, &object.kind).is_none() {
            return self.apply_workload(object, json);
        }
        let cluster_name = {
            let inner = self.read();
            let known = inner.flux.get(&object);
            if known.is_some_and(|entry| entry.row.fresh && entry.json.version() == resource_version(&json)) {
                return false;
            }
            inner.cluster_name.clone()
        };
        let row = row::row(&object, &cluster_name, &json, true);
        let mut inner = self.write();
        let known = inner.flux.get(&object);
        let same_version = known.is_some_and(|entry| entry.json.version() == resource_version(&json));
        let same_row = known.is_some_and(|entry| *entry.row == row);
        // Only asked where it decides, since the known object has to be parsed for it.
        let same_page =
            same_version || (same_row && known.is_some_and(|entry| shows_the_same(&entry.json.value(), &json)));
        inner.insert(object.clone(), &json, row);
        drop(inner);
        if !same_version {
            self.mark_unsaved(object.clone());
        }
        if !same_row {
            self.publisher.publish(Change::Row(object));
        } else if !same_page {
            self.publisher.publish(Change::Detail(object));
        }
        !same_version
    }

    fn apply_workload(&self, object: ObjectRef, json: Value) -> bool {
        let mut inner = self.write();
        if inner.workloads.get(&object).is_some_and(|known| **known == json) {
            return false;
        }
        inner.workloads.insert(object, Arc::new(json));
        drop(inner);
        self.publisher.publish(Change::Cluster(self.cluster.clone()));
        true
    }

    /// An object that the cluster says is gone.
    pub fn delete(&self, object: &ObjectRef) {
        let mut inner = self.write();
        if inner.remove(object) {
            drop(inner);
            self.mark_unsaved(object.clone());
            self.publisher.publish(Change::Row(object.clone()));
        } else if inner.workloads.remove(object).is_some() {
            drop(inner);
            self.publisher.publish(Change::Cluster(self.cluster.clone()));
        }
    }

    /// A list of the kind is complete: whatever it did not hold is gone.
    pub fn retain_listed(&self, kind: &GroupKind, listed: &HashSet<ObjectRef>) {
        let gone: Vec<ObjectRef> = {
            let inner = self.read();
            let of_kind = |object: &&ObjectRef| object.kind == kind.kind && object.group == kind.group;
            inner.flux.keys().chain(inner.workloads.keys()).filter(of_kind).cloned().collect()
        };
        for object in gone.iter().filter(|object| !listed.contains(object)) {
            self.delete(object);
        }
    }

    /// An event about any object; those about Flux objects are kept.
    pub fn record_event(&self, event: &Value) {
        let changed = self.write().events.record(&self.cluster, event);
        if let Some(object) = changed {
            self.publisher.publish(Change::Detail(object));
        }
    }

    /// The cluster no longer answers: everything shown is the last truth.
    pub fn mark_stale(&self) {
        let mut inner = self.write();
        for entry in inner.flux.values_mut().filter(|entry| entry.row.fresh) {
            Arc::make_mut(&mut entry.row).fresh = false;
        }
        drop(inner);
        self.publisher.publish(Change::Cluster(self.cluster.clone()));
    }

    /// The cluster has a new display name.
    pub fn rename(&self, cluster_name: &str) {
        let mut inner = self.write();
        cluster_name.clone_into(&mut inner.cluster_name);
        for entry in inner.flux.values_mut() {
            cluster_name.clone_into(&mut Arc::make_mut(&mut entry.row).cluster_name);
        }
        drop(inner);
        self.publisher.publish(Change::Cluster(self.cluster.clone()));
    }

    /// A Flux object, or a workload of Flux: trimmed, not masked.
    #[must_use]
    pub fn object(&self, object: &ObjectRef) -> Option<Arc<Value>> {
        let kept = {
            let inner = self.read();
            match inner.flux.get(object) {
                Some(entry) => Arc::clone(&entry.json),
                None => return inner.workloads.get(object).cloned(),
            }
        };
        Some(kept.value())
    }

    #[must_use]
    pub fn row(&self, object: &ObjectRef) -> Option<Arc<ResourceRow>> {
        self.read().flux.get(object).map(|entry| Arc::clone(&entry.row))
    }

    /// All rows, by object.
    #[must_use]
    pub fn rows(&self) -> Vec<Arc<ResourceRow>> {
        self.read().flux.values().map(|entry| Arc::clone(&entry.row)).collect()
    }

    /// Flux objects with their rows and what their metrics say. Copies references only.
    #[must_use]
    pub(crate) fn series(&self) -> Vec<(Arc<ResourceRow>, Arc<Series>)> {
        let inner = self.read();
        let entries = inner.flux.values();
        entries.filter_map(|entry| Some((Arc::clone(&entry.row), Arc::clone(entry.series.as_ref()?)))).collect()
    }

    /// Objects of one kind with their JSON: Flux objects, or Deployments and Pods of Flux.
    #[must_use]
    pub fn of_kind(&self, kind: &GroupKind) -> Vec<(ObjectRef, Arc<Value>)> {
        let of_kind = |object: &ObjectRef| object.kind == kind.kind && object.group == kind.group;
        let inner = self.read();
        let flux = inner.flux.iter().filter(|(object, _)| of_kind(object));
        let flux: Vec<_> = flux.map(|(object, entry)| (object.clone(), Arc::clone(&entry.json))).collect();
        let workloads = inner.workloads.iter().filter(|(object, _)| of_kind(object));
        let workloads: Vec<_> = workloads.map(|(object, json)| (object.clone(), Arc::clone(json))).collect();
        // Parsing takes longer than copying: nobody waits for the lock meanwhile.
        drop(inner);
        workloads.into_iter().chain(flux.into_iter().map(|(object, kept)| (object, kept.value()))).collect()
    }

    #[must_use]
    pub fn counts(&self) -> StatusCounts {
        self.read().counts.clone()
    }

    /// Latest activity of any Flux object; milliseconds.
    #[must_use]
    pub fn last_change(&self) -> Option<i64> {
        self.read().flux.values().filter_map(|entry| entry.row.last_activity).max()
    }

    /// Masked, newest first.
    #[must_use]
    pub fn events(&self, object: &ObjectRef) -> Vec<EventView> {
        self.read().events.of(object)
    }

    fn mark_unsaved(&self, object: ObjectRef) {
        self.unsaved().insert(object);
        self.unsaved_grew.notify_one();
    }

    pub(crate) async fn wait_for_unsaved(&self) {
        while self.unsaved().is_empty() {
            self.unsaved_grew.notified().await;
        }
    }

    /// Some of what differs from what is stored, each change once; nothing when all is handed over.
    pub(crate) fn take_unsaved(&self) -> Vec<Unsaved> {
        let unsaved: Vec<ObjectRef> = {
            let mut waiting = self.unsaved();
            std::iter::from_fn(|| waiting.pop_first()).take(SAVED_AT_ONCE).collect()
        };
        let with_state = |object: ObjectRef| {
            let kept = self.read().flux.get(&object).map(|entry| Arc::clone(&entry.json));
            (object, kept.map(|kept| kept.value()))
        };
        unsaved.into_iter().map(with_state).collect()
    }
}

impl Inner {
    fn insert(&mut self, object: ObjectRef, json: &Value, row: ResourceRow) {
        self.counts.add(row.status);
        let series = Series::of(&object, json).map(Arc::new);
        let entry = Entry { json: Arc::new(Kept::new(json)), row: Arc::new(row), series };
        if let Some(old) = self.flux.insert(object, entry) {
            self.counts.remove(old.row.status);
        }
    }

    fn remove(&mut self, object: &ObjectRef) -> bool {
        let removed = self.flux.remove(object);
        if let Some(entry) = &removed {
            self.counts.remove(entry.row.status);
        }
        removed.is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::broadcast::Receiver;
    use tokio::sync::broadcast::error::TryRecvError;

    use super::*;

    fn kustomization(name: &str, version: u32, ready: &str) -> Value {
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": name, "namespace": "apps", "resourceVersion": version.to_string()},
            "spec": {"path": "./shop"},
            "status": {"conditions": [{"type": "Ready", "status": ready, "reason": "Succeeded", "message": ""}]},
        })
    }

    fn reference(name: &str) -> ObjectRef {
        ObjectRef::of(&"prod".into(), &kustomization(name, 1, "True"))
    }

    fn kind() -> GroupKind {
        reference("any").group_kind()
    }

    fn index() -> (Index, Receiver<Change>) {
        let publisher = Publisher::default();
        let receiver = publisher.subscribe();
        (Index::new("prod".into(), "Production", publisher), receiver)
    }

    fn changes(receiver: &mut Receiver<Change>) -> Vec<Change> {
        let mut changes = Vec::new();
        loop {
            match receiver.try_recv() {
                Ok(change) => changes.push(change),
                Err(TryRecvError::Empty) => return changes,
                Err(error) => panic!("the test publishes few changes: {error}"),
            }
        }
    }

    #[test]
    fn what_a_viewer_cannot_see_is_not_published() {
        let (index, mut receiver) = index();
        index.apply(kustomization("shop", 1, "True"));
        assert_eq!(changes(&mut receiver), [Change::Row(reference("shop"))]);
        index.apply(kustomization("shop", 1, "True"));
        index.apply(kustomization("shop", 2, "True"));
        assert_eq!(changes(&mut receiver), []);
        let mut other_path = kustomization("shop", 3, "True");
        other_path["spec"]["path"] = json!("./bank");
        index.apply(other_path);
        assert_eq!(changes(&mut receiver), [Change::Detail(reference("shop"))]);
        index.apply(kustomization("shop", 4, "False"));
        assert_eq!(changes(&mut receiver), [Change::Row(reference("shop"))]);
        assert_eq!(index.counts().failed, 1);
        assert_eq!(index.counts().total(), 1);
    }

    #[test]
    fn a_deleted_object_is_gone_once() {
        let (index, mut receiver) = index();
        index.apply(kustomization("shop", 1, "True"));
        changes(&mut receiver);
        index.delete(&reference("shop"));
        index.delete(&reference("shop"));
        assert_eq!(changes(&mut receiver), [Change::Row(reference("shop"))]);
        assert_eq!(index.rows().len(), 0);
        assert_eq!(index.counts().total(), 0);
    }

    #[test]
    fn a_complete_list_removes_what_it_does_not_hold() {
        let (index, mut receiver) = index();
        index.apply(kustomization("a", 1, "True"));
        index.apply(kustomization("b", 2, "True"));
        changes(&mut receiver);
        index.retain_listed(&GroupKind::new("helm.toolkit.fluxcd.io", "HelmRelease"), &HashSet::new());
        assert_eq!(changes(&mut receiver), []);
        index.retain_listed(&kind(), &HashSet::from([reference("b")]));
        assert_eq!(changes(&mut receiver), [Change::Row(reference("a"))]);
    }

    #[test]
    fn the_last_truth_is_stale_until_the_cluster_confirms_it() {
        let (index, mut receiver) = index();
        index.restore([(reference("shop"), kustomization("shop", 7, "True"))]);
        assert!(!index.row(&reference("shop")).expect("restored").fresh);
        changes(&mut receiver);
        index.apply(kustomization("shop", 7, "True"));
        assert!(index.row(&reference("shop")).expect("confirmed").fresh);
        assert_eq!(changes(&mut receiver), [Change::Row(reference("shop"))]);
        index.mark_stale();
        assert!(!index.row(&reference("shop")).expect("still known").fresh);
    }

    #[test]
    fn only_what_differs_has_to_be_saved() {
        let (index, _receiver) = index();
        index.restore([(reference("a"), kustomization("a", 7, "True"))]);
        index.apply(kustomization("a", 7, "True"));
        index.apply(kustomization("b", 8, "True"));
        index.apply(kustomization("c", 9, "True"));
        index.delete(&reference("c"));
        let unsaved: Vec<_> =
            index.take_unsaved().into_iter().map(|(object, json)| (object.name, json.is_some())).collect();
        assert_eq!(unsaved, [("b".to_owned(), true), ("c".to_owned(), false)]);
    }

    #[test]
    fn workloads_have_no_row_and_secrets_of_managed_fields_are_not_kept() {
        let (index, _receiver) = index();
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "source-controller", "namespace": "flux-system", "managedFields": [{}]},
        });
        index.apply(deployment);
        assert_eq!(index.rows().len(), 0);
        let kept = index.of_kind(&GroupKind::new("apps", "Deployment"));
        assert_eq!(kept.len(), 1);
        assert!(kept[0].1["metadata"]["managedFields"].is_null());
    }
}
