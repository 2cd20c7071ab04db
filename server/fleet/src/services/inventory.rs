//! The health of what an applier manages, for its page: known objects from the index, the rest fetched, a few at a
//! time.
//!
//! What was fetched is remembered for some seconds, over all viewers: a page that is open while its applier works reads
//! the cluster no more often than that. Permission is asked for each viewer and object before the memory.

use std::sync::Arc;
use std::time::Duration;

use domain::access::Verb;
use domain::catalogue;
use domain::diff::mask::mask_text;
use domain::health::{Health, flux_health};
use domain::inventory;
use domain::object::ObjectRef;
use domain::problem::{Problem, ProblemKind};
use domain::resource::ManagedObject;
use domain::workload::workload_health;
use futures::{StreamExt, stream};
use moka::future::Cache;
use serde_json::Value;
use tokio::time::timeout_at;

use super::Services;
use crate::access::{Caller, authorize};
use crate::clusters::Cluster;
use crate::clusters::failure::Failure;
use crate::watch::fetch::fetch;

/// Objects fetched at a time for one page.
const CONCURRENCY: usize = 8;
/// Time for all of them; the page is not held up by a slow cluster.
const DEADLINE: Duration = Duration::from_secs(4);
/// Objects of one inventory that are looked at; the rest is listed without health.
const LIMIT: usize = 500;

/// How long a fetched health is good for.
const REMEMBERED: Duration = Duration::from_secs(10);
/// Objects remembered over all clusters.
const CAPACITY: u64 = 20_000;

/// Health and message of objects that are not watched, as they were some seconds ago.
#[derive(Clone, Debug)]
pub(crate) struct Looked(Cache<ObjectRef, (Health, String)>);

impl Default for Looked {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(CAPACITY).time_to_live(REMEMBERED).build())
    }
}

/// An object of the inventory, with the API version that stands beside it.
struct Entry {
    object: ObjectRef,
    version: String,
}

impl Services {
    /// Every entry of the object's inventory, in its order, and what could not be looked at.
    pub(super) async fn inventory_health(
        &self,
        caller: &Caller,
        cluster: &Arc<Cluster>,
        object: &ObjectRef,
        json: &Value,
    ) -> (Vec<ManagedObject>, Vec<Problem>) {
        let (entries, unreadable) = inventory::entries(json);
        let mut problems: Vec<Problem> = unreadable
            .into_iter()
            .map(|message| Problem::new(ProblemKind::Invalid, mask_text(&message)).on_object(object))
            .collect();
        let entries: Vec<Entry> = entries
            .into_iter()
            .map(|entry| Entry { object: entry.object(&object.cluster), version: entry.version })
            .collect();
        if entries.is_empty() {
            return (Vec::new(), problems);
        }
        if json["spec"]["kubeConfig"].is_object() {
            let problem = Problem::new(
                ProblemKind::NotFound,
                "It applies to another cluster by its own kubeconfig; the health of what it manages is not known here",
            );
            problems.push(problem.on_object(object));
            return (entries.iter().map(unlooked).collect(), problems);
        }
        if entries.len() > LIMIT {
            let text = format!("The health of {} of {} managed objects is shown", LIMIT, entries.len());
            problems.push(Problem::new(ProblemKind::Truncated, text).on_object(object));
        }
        let deadline = tokio::time::Instant::now() + DEADLINE;
        let looked: Vec<(ManagedObject, Option<Problem>)> = stream::iter(entries.into_iter().enumerate())
            .map(|(at, entry)| async move {
                if at >= LIMIT {
                    return (unlooked(&entry), None);
                }
                match timeout_at(deadline, self.look(caller, cluster, &entry)).await {
                    Ok(looked) => looked,
                    Err(_) => (unlooked(&entry), Some(problem(&entry, &Failure::timed_out()))),
                }
            })
            .buffered(CONCURRENCY)
            .collect()
            .await;
        let mut managed = Vec::with_capacity(looked.len());
        for (object, problem) in looked {
            managed.push(object);
            problems.extend(problem);
        }
        (managed, problems)
    }

    async fn look(&self, caller: &Caller, cluster: &Arc<Cluster>, entry: &Entry) -> (ManagedObject, Option<Problem>) {
        let object = &entry.object;
        let authorized = match authorize(caller, Verb::View, object) {
            Ok(authorized) => authorized,
            Err(denied) => return (unlooked(entry), Some(problem(entry, &Failure::Forbidden(denied.to_string())))),
        };
        if let Some(json) = cluster.index.object(object) {
            return (managed(entry, &json), None);
        }
        let looked = &self.engine.looked.0;
        if let Some((health, message)) = looked.get(object).await {
            return (ManagedObject { health, message, ..unlooked(entry) }, None);
        }
        let client = match cluster.client(&authorized) {
            Ok(client) => client,
            Err(error) => return (unlooked(entry), Some(problem(entry, &Failure::of_connection(&error)))),
        };
        let found = match fetch(&client, &cluster.kinds(), object).await {
            Ok(Some(json)) => managed(entry, &json),
            Ok(None) => {
                ManagedObject { health: Health::Failed, message: "Not on the cluster".to_owned(), ..unlooked(entry) }
            }
            Err(failure) => return (unlooked(entry), Some(problem(entry, &failure))),
        };
        looked.insert(object.clone(), (found.health, found.message.clone())).await;
        (found, None)
    }
}

fn problem(entry: &Entry, failure: &Failure) -> Problem {
    failure.problem(&format!("{} {}", entry.object.kind, entry.object.name)).on_object(&entry.object)
}

fn unlooked(entry: &Entry) -> ManagedObject {
    ManagedObject {
        object: entry.object.clone(),
        version: entry.version.clone(),
        health: Health::Unknown,
        message: String::new(),
    }
}

fn managed(entry: &Entry, json: &Value) -> ManagedObject {
    let kind = entry.object.group_kind();
    let report = match catalogue::by_group_kind(&kind.group, &kind.kind) {
        Some(_) => flux_health(&kind, json),
        None => workload_health(&kind, json),
    };
    ManagedObject { health: report.health, message: mask_text(&report.message), ..unlooked(entry) }
}
