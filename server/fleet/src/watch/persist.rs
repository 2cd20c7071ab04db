//! The last truth on disk: read once at the start of a cluster, written behind the index.
//!
//! What is written is masked and trimmed. An object that changes many times is written once; what did not change since
//! the last start costs no write. A revision that took the place of another one since the object was last saved goes to
//! the timeline.

use std::collections::HashMap;
use std::time::Duration;

use domain::diff::mask::MaskScope;
use domain::object::ObjectRef;
use domain::resource::ResourceRow;
use tokio::time::sleep;

use crate::clock::Clock;
use crate::clusters::Cluster;
use crate::store::{RevisionChange, Store, StoredObject};
use crate::watch::index::Unsaved;

/// Changes within this time are written together.
const GATHER: Duration = Duration::from_millis(200);

/// Saves one cluster.
pub(crate) struct Persistence<'a> {
    cluster: &'a Cluster,
    store: &'a Store,
    clock: &'a Clock,
    revisions: Revisions,
}

impl<'a> Persistence<'a> {
    pub(crate) fn new(cluster: &'a Cluster, store: &'a Store, clock: &'a Clock) -> Self {
        Self { cluster, store, clock, revisions: Revisions::default() }
    }

    /// Fill the index with what was last known. A store that cannot be read costs the dimmed rows, not the cluster.
    pub(crate) async fn restore(&mut self) {
        let Self { cluster, store, .. } = *self;
        match store.objects().load(cluster.id()).await {
            Ok(stored) => cluster.index.restore(stored.into_iter().map(|stored| (stored.object, stored.json))),
            Err(error) => tracing::warn!(cluster = %cluster.id(), %error, "the last truth cannot be read"),
        }
        for row in cluster.index.rows() {
            // What was known before the start, not a change.
            let _ = self.revisions.replace(&row);
        }
        match store.cluster_states().get(cluster.id()).await {
            Ok(Some(stored)) => cluster.update_state(|state| {
                state.kubernetes_version = stored.kubernetes_version;
                state.flux_version = stored.flux_version;
                state.permissions = stored.permissions;
                state.last_seen = stored.last_seen;
            }),
            Ok(None) => {}
            Err(error) => tracing::warn!(cluster = %cluster.id(), %error, "the last state cannot be read"),
        }
    }

    /// Write what changes, until cancelled.
    pub(crate) async fn save(&mut self) {
        loop {
            self.cluster.index.wait_for_unsaved().await;
            sleep(GATHER).await;
            self.save_rest().await;
        }
    }

    /// Write what is not written yet.
    pub(crate) async fn save_rest(&mut self) {
        loop {
            let unsaved = self.cluster.index.take_unsaved();
            if unsaved.is_empty() {
                return;
            }
            self.save_some(unsaved).await;
        }
    }

    async fn save_some(&mut self, unsaved: Vec<Unsaved>) {
        let now = self.clock.now();
        let mut gone = Vec::new();
        let mut changed = Vec::new();
        let mut masking = MaskScope::storage(self.store.mask_key().as_slice());
        for (object, json) in unsaved {
            match json {
                None => {
                    self.revisions.forget(&object);
                    gone.push(object);
                }
                Some(json) => {
                    self.note_revision(&object, now);
                    let version = json["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
                    let masked = masking.object((*json).clone());
                    let json = serde_json::to_value(masked).expect("JSON is written as JSON");
                    changed.push(StoredObject { object, version, json, seen_at: now });
                }
            }
        }
        self.store.objects().upsert_batch(changed).await;
        self.store.objects().delete_batch(gone).await;
    }

    fn note_revision(&mut self, object: &ObjectRef, at: i64) {
        let Some(row) = self.cluster.index.row(object) else { return };
        let Some(revision) = self.revisions.replace(&row) else { return };
        let change = RevisionChange { object: object.clone(), revision, at, reason: row.reason.clone() };
        if let Err(error) = self.store.timeline().record(change) {
            tracing::warn!(%object, %error, "a revision is missing in the timeline");
        }
    }
}

/// The revision that each object was last saved with; `None` for an object that had none.
#[derive(Debug, Default)]
struct Revisions(HashMap<ObjectRef, Option<String>>);

impl Revisions {
    /// The revision of the row if it took the place of what was known. An object that is seen for the first time tells
    /// nothing: its revision may be years old.
    fn replace(&mut self, row: &ResourceRow) -> Option<String> {
        let Some(known) = self.0.get_mut(&row.object) else {
            self.0.insert(row.object.clone(), row.revision.clone());
            return None;
        };
        // A controller that starts over empties the status for a moment; the revision before that still counts.
        let revision = row.revision.clone()?;
        let before = known.replace(revision.clone());
        (before.as_ref() != Some(&revision)).then_some(revision)
    }

    fn forget(&mut self, object: &ObjectRef) {
        self.0.remove(object);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::watch::row::row;

    fn kustomization(revision: Option<&str>) -> ResourceRow {
        let json = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": "web", "namespace": "shop"},
            "status": {"lastAppliedRevision": revision},
        });
        row(&ObjectRef::of(&"prod".into(), &json), "Prod", &json, true)
    }

    #[test]
    fn a_revision_is_told_when_it_takes_the_place_of_another_or_of_none() {
        let mut revisions = Revisions::default();
        assert_eq!(revisions.replace(&kustomization(None)), None);
        assert_eq!(revisions.replace(&kustomization(Some("main@sha1:1"))).as_deref(), Some("main@sha1:1"));
        assert_eq!(revisions.replace(&kustomization(Some("main@sha1:1"))), None);
        assert_eq!(revisions.replace(&kustomization(Some("main@sha1:2"))).as_deref(), Some("main@sha1:2"));
    }

    #[test]
    fn what_is_seen_first_or_vanishes_for_a_moment_is_no_change() {
        let mut revisions = Revisions::default();
        assert_eq!(revisions.replace(&kustomization(Some("main@sha1:1"))), None);
        assert_eq!(revisions.replace(&kustomization(None)), None);
        assert_eq!(revisions.replace(&kustomization(Some("main@sha1:1"))), None);
        revisions.forget(&kustomization(None).object);
        assert_eq!(revisions.replace(&kustomization(Some("main@sha1:2"))), None);
    }
}
