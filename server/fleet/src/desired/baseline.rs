//! Baselines: objects of a Kustomization as they were when a revision had been applied successfully.
//!
//! Whenever a Kustomization reports another build as applied, each object of its inventory is read once and kept: the masked
//! object, and the fields that kustomize-controller had set. The extract of those fields is what Flux would apply again.
//! Drift that was there before the first capture cannot be seen, so every answer says since when the baseline stands.
//!
//! Never captures while the Kustomization is suspended or failing: what is in the cluster then may not be what it applied.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::catalogue;
use domain::condition::{conditions, find};
use domain::diff::extract::extract;
use domain::diff::fields::FieldSet;
use domain::diff::mask::{MaskScope, holds_digests};
use domain::diff::normalise;
use domain::diff::verdict::Applier;
use domain::drift::{Fidelity, Provenance};
use domain::inventory::{self, InventoryEntry};
use domain::object::{ClusterId, ObjectRef};
use futures::StreamExt;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Configuration, Desired, provenance};
use crate::clock::Clock;
use crate::clusters::cluster::Cluster;
use crate::drift::dry_run::DryRunClient;
use crate::store::Store;
use crate::store::baselines::{Baseline, Recorded};
use crate::watch::kinds::Kinds;

/// Kustomizations that may wait for their turn; beyond it the next resync brings them again.
const QUEUE: usize = 256;
/// Objects of one Kustomization that are read at the same time.
const READS: usize = 4;

/// Takes baselines in the background, one Kustomization at a time.
#[derive(Clone)]
pub(crate) struct Capture {
    queue: mpsc::Sender<Request>,
    /// The build of each Kustomization that was queued last.
    queued: Arc<Mutex<HashMap<ObjectRef, String>>>,
}

struct Request {
    applied: Applied,
    client: DryRunClient,
    kinds: Arc<Kinds>,
}

/// What a Kustomization says that it has applied.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Applied {
    owner: ObjectRef,
    revision: String,
    /// Changes whenever the built manifests do, also without a new revision.
    build: String,
    entries: Vec<InventoryEntry>,
}

impl Applied {
    /// `None` unless the present build is applied, here, and in good health.
    fn of(cluster: &ClusterId, object: &Value) -> Option<Self> {
        let owner = ObjectRef::of(cluster, object);
        let (spec, status) = (&object["spec"], &object["status"]);
        let conditions = conditions(object);
        let generation = object["metadata"]["generation"].as_i64();
        let ready = find(&conditions, "Ready").is_some_and(|ready| ready.is_true() && ready.is_about(generation));
        let settled = status["observedGeneration"].as_i64() == generation
            && status["lastAppliedRevision"] == status["lastAttemptedRevision"];
        let elsewhere = spec["kubeConfig"].is_object();
        let applier = owner.group == catalogue::KUSTOMIZE && owner.kind == "Kustomization";
        if !applier || !ready || !settled || elsewhere || spec["suspend"] == true {
            return None;
        }
        let revision = status["lastAppliedRevision"].as_str()?.to_owned();
        // The digest of what was built, since Flux 2.7; before, a changed spec is the best sign of a changed build.
        let build = status["history"][0]["digest"]
            .as_str()
            .map_or_else(|| format!("{revision} generation {}", generation.unwrap_or_default()), str::to_owned);
        let (entries, _) = inventory::entries(object);
        Some(Self { owner, revision, build, entries })
    }
}

impl Capture {
    pub(crate) fn start(store: Store, clock: Clock, tasks: &TaskTracker, stop: &CancellationToken) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE);
        let capture = Self { queue, queued: Arc::default() };
        let worker = Worker { store, clock, queued: capture.queued.clone() };
        tasks.spawn(stop.clone().run_until_cancelled_owned(worker.run(requests)));
        capture
    }

    /// Looks at a changed object; queues it if it is a Kustomization that applied another build. Never waits.
    pub(crate) fn observe(&self, cluster: &Cluster, object: &Value) {
        let Some(applied) = Applied::of(cluster.id(), object) else { return };
        let mut queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        if queued.get(&applied.owner) == Some(&applied.build) {
            return;
        }
        let Ok(client) = cluster.engine_client() else { return };
        let (owner, build) = (applied.owner.clone(), applied.build.clone());
        let request = Request { applied, client: DryRunClient::new(client), kinds: cluster.kinds() };
        if self.queue.try_send(request).is_ok() {
            queued.insert(owner, build);
        } else {
            tracing::warn!(%owner, "too many baselines wait; this one is taken at the next resync");
        }
    }
}

struct Worker {
    store: Store,
    clock: Clock,
    queued: Arc<Mutex<HashMap<ObjectRef, String>>>,
}

impl Worker {
    async fn run(self, mut requests: mpsc::Receiver<Request>) {
        let key = self.store.mask_key();
        while let Some(request) = requests.recv().await {
            let failed = futures::stream::iter(request.applied.entries.clone())
                .map(|entry| self.take(&request, entry.object(&request.applied.owner.cluster), &*key))
                .buffer_unordered(READS)
                .filter(|taken| std::future::ready(taken.is_err()))
                .count()
                .await;
            if failed > 0 {
                let owner = &request.applied.owner;
                tracing::warn!(%owner, failed, "some baselines could not be taken; the next resync tries again");
                self.queued.lock().unwrap_or_else(PoisonError::into_inner).remove(owner);
            }
        }
    }

    /// One object. What kustomize-controller does not own (excluded objects) has no baseline.
    async fn take(&self, request: &Request, object: ObjectRef, key: &[u8]) -> Result<(), NotTaken> {
        let Applied { owner, revision, build, .. } = &request.applied;
        if self
            .store
            .baselines()
            .latest(&object)
            .await
            .is_ok_and(|latest| latest.is_some_and(|latest| latest.build == *build))
        {
            return Ok(());
        }
        let kind = request.kinds.find(&object.group_kind()).ok_or(NotTaken)?;
        let Some(live) = request.client.live(kind, &object).await.map_err(|_| NotTaken)? else { return Ok(()) };
        let Some(owned_paths) = applied_fields(&live) else { return Ok(()) };
        let baseline = Baseline {
            owner: owner.clone(),
            revision: revision.clone(),
            build: build.clone(),
            captured_at: self.clock.now(),
            json: digested(&live, key),
            owned_paths,
            object,
        };
        match self.store.baselines().put(&baseline).await {
            Ok(Recorded::TooLarge) => tracing::warn!(object = %baseline.object, "too large for a baseline"),
            Ok(Recorded::New | Recorded::Unchanged) => {}
            Err(error) => {
                tracing::error!(object = %baseline.object, %error, "a baseline could not be kept");
                return Err(NotTaken);
            }
        }
        Ok(())
    }
}

/// Worth another try.
struct NotTaken;

/// Desired of an object of a Kustomization, from its latest baseline.
pub(crate) async fn desired(store: &Store, owner: &ObjectRef, object: &ObjectRef) -> Desired {
    let latest = match store.baselines().latest(object).await {
        Ok(latest) => latest.filter(|baseline| baseline.owner == *owner),
        Err(error) => {
            tracing::error!(%object, %error, "a baseline could not be read");
            return Desired::presence("The store could not be read; its log says why.");
        }
    };
    let Some(baseline) = latest else {
        return Desired::presence(
            "No baseline yet: one is taken when the Kustomization has applied a revision successfully.",
        );
    };
    let configuration = extract(&baseline.json, &FieldSet::parse(&baseline.owned_paths));
    let note = "Desired is what kustomize-controller had set when this revision was applied; older drift is not in it.";
    Desired {
        // A digest instead of a value must not reach the cluster, not even in a dry-run.
        configuration: if holds_digests(&configuration) {
            Configuration::Digested(configuration)
        } else {
            Configuration::Whole(configuration)
        },
        provenance: Provenance {
            revision: Some(baseline.revision),
            since: Some(baseline.captured_at),
            ..provenance(Fidelity::Observed, note)
        },
    }
}

/// As it is stored and compared: without what changes between two reads, secret values as keyed digests.
pub(crate) fn digested(live: &Value, key: &[u8]) -> Value {
    let mut object = live.clone();
    normalise::strip(&mut object);
    serde_json::to_value(MaskScope::storage(key).object(object)).unwrap_or_default()
}

/// The `fieldsV1` that kustomize-controller applied.
fn applied_fields(live: &Value) -> Option<Value> {
    let applied = |entry: &&Value| {
        entry["manager"] == Applier::Kustomization.manager()
            && entry["operation"] == "Apply"
            && entry["subresource"].as_str().unwrap_or_default().is_empty()
    };
    live["metadata"]["managedFields"].as_array()?.iter().find(applied).map(|entry| entry["fieldsV1"].clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kustomization() -> Value {
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": "apps", "namespace": "flux-system", "generation": 2},
            "spec": {"prune": true},
            "status": {
                "observedGeneration": 2, "lastAppliedRevision": "main@sha1:a", "lastAttemptedRevision": "main@sha1:a",
                "conditions": [{"type": "Ready", "status": "True", "observedGeneration": 2}],
                "history": [{"digest": "sha256:1"}],
                "inventory": {"entries": [{"id": "shop_web_apps_Deployment", "v": "v1"}]},
            },
        })
    }

    fn applied(change: impl FnOnce(&mut Value)) -> Option<Applied> {
        let mut object = kustomization();
        change(&mut object);
        Applied::of(&"prod".into(), &object)
    }

    #[test]
    fn a_successful_apply_is_captured_once_per_build() {
        let first = applied(|_| {}).expect("applied and ready");
        assert_eq!(
            (first.revision.as_str(), first.build.as_str(), first.entries.len()),
            ("main@sha1:a", "sha256:1", 1)
        );
        let rebuilt = applied(|object| object["status"]["history"][0]["digest"] = json!("sha256:2"));
        assert_ne!(rebuilt.expect("still ready").build, first.build);
    }

    #[test]
    fn what_may_not_be_what_flux_applied_is_not_captured() {
        assert_eq!(applied(|object| object["spec"]["suspend"] = json!(true)), None);
        assert_eq!(applied(|object| object["spec"]["kubeConfig"] = json!({"secretRef": {"name": "b"}})), None);
        assert_eq!(applied(|object| object["status"]["conditions"][0]["status"] = json!("False")), None);
        assert_eq!(applied(|object| object["status"]["observedGeneration"] = json!(1)), None);
        assert_eq!(applied(|object| object["status"]["lastAttemptedRevision"] = json!("main@sha1:b")), None);
        assert_eq!(applied(|object| object["kind"] = json!("HelmRelease")), None);
    }
}
