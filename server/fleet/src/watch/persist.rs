//! The last truth on disk: read once at the start of a cluster, written behind the index.
//!
//! What is written is masked and trimmed. An object that changes many times is written once; what did not change since
//! the last start costs no write.

use std::time::Duration;

use domain::diff::mask::MaskScope;
use tokio::time::sleep;

use crate::clock::Clock;
use crate::clusters::Cluster;
use crate::store::{Store, StoredObject};

/// Changes within this time are written together.
const GATHER: Duration = Duration::from_millis(200);

/// Fill the index with what was last known. A store that cannot be read costs the dimmed rows, not the cluster.
pub(crate) async fn restore(cluster: &Cluster, store: &Store) {
    match store.objects().load(cluster.id()).await {
        Ok(stored) => cluster.index.restore(stored.into_iter().map(|stored| (stored.object, stored.json))),
        Err(error) => tracing::warn!(cluster = %cluster.id(), %error, "the last truth cannot be read"),
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
pub(crate) async fn save(cluster: &Cluster, store: &Store, clock: &Clock) {
    loop {
        cluster.index.wait_for_unsaved().await;
        sleep(GATHER).await;
        save_rest(cluster, store, clock).await;
    }
}

/// Write what is not written yet.
pub(crate) async fn save_rest(cluster: &Cluster, store: &Store, clock: &Clock) {
    let now = clock.now();
    let mut gone = Vec::new();
    let mut changed = Vec::new();
    let mut masking = MaskScope::storage(store.mask_key().as_slice());
    for (object, json) in cluster.index.take_unsaved() {
        match json {
            None => gone.push(object),
            Some(json) => {
                let version = json["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
                let masked = masking.object((*json).clone());
                let json = serde_json::to_value(masked).expect("JSON is written as JSON");
                changed.push(StoredObject { object, version, json, seen_at: now });
            }
        }
    }
    store.objects().upsert_batch(changed).await;
    store.objects().delete_batch(gone).await;
}
