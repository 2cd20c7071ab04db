//! The one driver behind every watch: list in pages, follow changes, list again when the cluster has forgotten where we
//! were, and report how it goes.
//!
//! It retries for ever with jitter; whether the cluster as a whole is lost is for the supervisor to decide, who hears
//! of every failure. What a watch cannot have for lack of permission it asks for again only at the next resync.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;

use domain::object::{GroupKind, ObjectRef};
use futures::StreamExt;
use kube::Api;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, DefaultBackoff, Event};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::object::KubeObject;
use super::targets::{Purpose, Target};
use crate::clusters::Cluster;
use crate::clusters::failure::Failure;
use crate::metrics::counters::{COUNTERS, ListReason, WatchEvent};

/// Objects of one page of a list.
const PAGE: u32 = 500;

/// How a watch goes.
#[derive(Debug)]
pub(crate) enum Report {
    /// A list of the kind is complete.
    Listed(GroupKind),
    /// The kind cannot be listed or followed now.
    Failed(GroupKind, Failure),
}

/// Follow the target until cancelled. A new value in `relist` asks for a full list.
pub(crate) async fn drive(
    target: Target,
    cluster: Arc<Cluster>,
    client: kube::Client,
    reports: mpsc::Sender<Report>,
    mut relist: watch::Receiver<u64>,
) {
    let mut backoff = DefaultBackoff::default();
    let mut reason = ListReason::Start;
    loop {
        relist.mark_unchanged();
        let mut stream = pin!(watcher::watcher(api(&client, &target), config(&target)));
        let mut listed = HashSet::new();
        loop {
            let event = tokio::select! {
                // The sender lives as long as the session, which also ends this task.
                _ = relist.changed() => {
                    reason = ListReason::Resync;
                    break;
                }
                event = stream.next() => event,
            };
            match event {
                Some(Ok(event)) => {
                    cluster.mark_event();
                    if matches!(event, Event::Init) {
                        COUNTERS.watch_list(&target.kind, std::mem::replace(&mut reason, ListReason::Retry));
                    }
                    if handle(event, &target, &cluster, &mut listed) {
                        backoff.reset();
                        if reports.send(Report::Listed(target.kind.clone())).await.is_err() {
                            return;
                        }
                    }
                }
                Some(Err(error)) => {
                    if is_expired(&error) {
                        reason = ListReason::Expired;
                        break;
                    }
                    let failure = Failure::of_watch(&error);
                    COUNTERS.watch_error(&target.kind, &failure);
                    let permanent = failure.is_permanent();
                    if reports.send(Report::Failed(target.kind.clone(), failure)).await.is_err() {
                        return;
                    }
                    let again = async {
                        match backoff.next() {
                            Some(delay) if !permanent => sleep(delay).await,
                            _ => std::future::pending().await,
                        }
                    };
                    tokio::select! {
                        _ = relist.changed() => {
                            reason = ListReason::Resync;
                            break;
                        }
                        () = again => {}
                    }
                }
                None => {
                    reason = ListReason::Ended;
                    break;
                }
            }
        }
    }
}

fn api(client: &kube::Client, target: &Target) -> Api<KubeObject> {
    match &target.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &target.resource),
        None => Api::all_with(client.clone(), &target.resource),
    }
}

fn config(target: &Target) -> watcher::Config {
    let config = watcher::Config::default().page_size(PAGE);
    let config = match target.labels {
        Some(labels) => config.labels(labels),
        None => config,
    };
    match target.fields {
        Some(fields) => config.fields(fields),
        None => config,
    }
}

/// The cluster no longer knows the version we were at: normal after a compaction; only a new list helps.
fn is_expired(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::WatchError(status) => status.code == 410,
        watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status)) => status.code == 410,
        _ => false,
    }
}

fn count(event: &Event<KubeObject>, target: &Target) {
    let what = match event {
        Event::InitApply(_) => WatchEvent::Listed,
        Event::Apply(_) => WatchEvent::Applied,
        Event::Delete(_) => WatchEvent::Deleted,
        Event::Init | Event::InitDone => return,
    };
    COUNTERS.watch_event(&target.kind, what);
}

/// Take one event over into the cluster; the answer is whether a list has just become complete.
fn handle(event: Event<KubeObject>, target: &Target, cluster: &Cluster, listed: &mut HashSet<ObjectRef>) -> bool {
    count(&event, target);
    match (event, target.purpose) {
        (Event::Apply(object) | Event::InitApply(object), Purpose::Events) => {
            cluster.index.record_event(&object.json);
        }
        (Event::Apply(object), Purpose::Objects) => cluster.observe(object.into_json(&target.resource)),
        (Event::InitApply(object), Purpose::Objects) => {
            let json = object.into_json(&target.resource);
            listed.insert(ObjectRef::of(cluster.id(), &json));
            cluster.observe(json);
        }
        (Event::Delete(object), Purpose::Objects) => {
            let json = object.into_json(&target.resource);
            cluster.index.delete(&ObjectRef::of(cluster.id(), &json));
        }
        // Events vanish after an hour; we keep what we have seen.
        (Event::Delete(_), Purpose::Events) => {}
        (Event::Init, _) => listed.clear(),
        (Event::InitDone, Purpose::Objects) => {
            cluster.index.retain_listed(&target.kind, listed);
            listed.clear();
            listed.shrink_to_fit();
            return true;
        }
        (Event::InitDone, Purpose::Events) => return true,
    }
    false
}
