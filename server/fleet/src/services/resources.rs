//! Flux objects and everything else on a cluster: the fleet page, lists, object pages, manifests, names.

use std::sync::Arc;

use domain::access::Verb;
use domain::catalogue;
use domain::condition::conditions;
use domain::diff::mask::{MaskScope, mask_text};
use domain::error::{ApiError, ErrorCode};
use domain::event::EventView;
use domain::health::{Status, StatusCounts};
use domain::list::{ATTENTION, SortKey, compare};
use domain::object::{ClusterId, GroupKind, NO_NAMESPACE, ObjectRef};
use domain::problem::{Listing, Problem, ProblemKind};
use domain::resource::{FleetView, ManagedObject, Manifest, ObjectView, ResourceRow};
use domain::workload::workload_health;
use serde_json::Value;

use super::Services;
use super::error::{no_object, of_connection, of_failure, of_store};
use super::sight::Sight;
use crate::access::{Authorized, Caller, authorize};
use crate::clusters::Cluster;
use crate::watch::facts::facts;
use crate::watch::fetch::fetch;
use crate::watch::kinds::KindMatch;
use crate::watch::owner::owner;

/// Rows of the fleet page that need somebody.
const ATTENTION_LIMIT: usize = 50;
/// Rows of the fleet page with the latest activity.
const RECENT_LIMIT: usize = 20;

impl Services {
    /// # Errors
    /// None at present; what the caller may not see is left out.
    pub fn fleet(&self, caller: &Caller) -> Result<FleetView, ApiError> {
        let sight = Sight::of(caller);
        let clusters = sight.clusters(&self.engine.clusters);
        let rows: Vec<Arc<ResourceRow>> = clusters.iter().flat_map(|cluster| sight.rows(cluster)).collect();
        let mut counts = StatusCounts::default();
        for row in &rows {
            counts.add(row.status);
        }
        let mut attention: Vec<&ResourceRow> =
            rows.iter().map(AsRef::as_ref).filter(|row| ATTENTION.contains(&row.status)).collect();
        attention.sort_by(|a, b| {
            (a.status.severity(), a.last_activity, &a.object).cmp(&(b.status.severity(), b.last_activity, &b.object))
        });
        attention.truncate(ATTENTION_LIMIT);
        let mut recent: Vec<&ResourceRow> =
            rows.iter().map(AsRef::as_ref).filter(|row| row.last_activity.is_some()).collect();
        if recent.len() > RECENT_LIMIT {
            recent.select_nth_unstable_by(RECENT_LIMIT, |a, b| compare(a, b, SortKey::Activity, false));
            recent.truncate(RECENT_LIMIT);
        }
        recent.sort_unstable_by(|a, b| compare(a, b, SortKey::Activity, false));
        let views: Vec<_> = clusters.iter().map(|cluster| sight.view(cluster)).collect();
        Ok(FleetView {
            counts,
            attention: attention.into_iter().cloned().collect(),
            recent: recent.into_iter().cloned().collect(),
            problems: views.iter().flat_map(|view| view.problems.clone()).collect(),
            clusters: views,
        })
    }

    /// The page of any object: a Flux object from the index, any other from the cluster.
    ///
    /// # Errors
    /// Forbidden; not found; the cluster does not answer.
    pub async fn object(&self, caller: &Caller, object: &ObjectRef) -> Result<ObjectView, ApiError> {
        let authorized = self.may_view(caller, object)?;
        let cluster = self.known_cluster(&object.cluster)?;
        let indexed = cluster.index.object(object);
        let mut problems = cluster.problems();
        let (row, json) = match (cluster.index.row(object), indexed) {
            (Some(row), Some(json)) => {
                if !row.fresh {
                    problems.push(stale(object));
                }
                ((*row).clone(), json)
            }
            _ => {
                let json = read_live(&cluster, &authorized, object).await?;
                (workload_row(object, &cluster.name(), &json), json)
            }
        };
        let (masked, yaml) = self.masked(&json);
        let (inventory, inventory_problems) = self.inventory_health(caller, &cluster, object, &json).await;
        problems.extend(inventory_problems);
        let conditions = conditions(&masked)
            .into_iter()
            .map(|condition| domain::condition::Condition { message: mask_text(&condition.message), ..condition })
            .collect();
        Ok(ObjectView {
            row,
            conditions,
            facts: facts(object, &masked),
            inventory,
            events: cluster.index.events(object),
            yaml,
            owner: owner(object, &json, |owner| cluster.index.object(owner)),
            problems,
        })
    }

    /// What the object manages, each with its health.
    ///
    /// # Errors
    /// As [`Services::object`].
    pub async fn inventory(&self, caller: &Caller, object: &ObjectRef) -> Result<Listing<ManagedObject>, ApiError> {
        let authorized = self.may_view(caller, object)?;
        let cluster = self.known_cluster(&object.cluster)?;
        let mut problems = cluster.problems();
        let json = read(&cluster, &authorized, object).await?;
        let (items, more) = self.inventory_health(caller, &cluster, object, &json).await;
        problems.extend(more);
        Ok(Listing { items, problems })
    }

    /// Events about a Flux object, newest first, also those that its cluster has forgotten. Empty for any other object.
    ///
    /// # Errors
    /// As [`Services::object`].
    pub async fn events(&self, caller: &Caller, object: &ObjectRef) -> Result<Listing<EventView>, ApiError> {
        let authorized = self.may_view(caller, object)?;
        let cluster = self.known_cluster(&object.cluster)?;
        read(&cluster, &authorized, object).await?;
        Ok(Listing { items: cluster.index.events(object), problems: cluster.problems() })
    }

    /// A live object of any kind, masked.
    ///
    /// # Errors
    /// As [`Services::object`].
    pub async fn manifest(&self, caller: &Caller, object: &ObjectRef) -> Result<Manifest, ApiError> {
        let authorized = self.may_view(caller, object)?;
        let cluster = self.known_cluster(&object.cluster)?;
        self.engine.audit.note(&authorized, "view manifest", "").await.map_err(|error| of_store(&error))?;
        let json = read(&cluster, &authorized, object).await?;
        let (json, yaml) = self.masked(&json);
        Ok(Manifest { object: object.clone(), json, yaml })
    }

    /// Every object that comes from outside passes here: nothing else becomes part of a request to a cluster.
    fn may_view(&self, caller: &Caller, object: &ObjectRef) -> Result<Authorized, ApiError> {
        object.check()?;
        Ok(authorize(caller, Verb::View, object)?)
    }

    /// The object as it may leave the process: JSON and canonical YAML.
    fn masked(&self, json: &Value) -> (Value, String) {
        let masked = MaskScope::view(self.engine.store.mask_key().as_slice()).object(json.clone());
        let yaml = masked.document().text;
        (serde_json::to_value(masked).expect("JSON is written as JSON"), yaml)
    }

    /// The object that a URL names: kind by its name or plural in any case, `-` for no namespace. Does not look whether
    /// the object exists.
    ///
    /// # Errors
    /// Not found: no such cluster, or it serves no such kind. Invalid: several groups have the kind, or nothing can have
    /// that name.
    pub fn resolve(
        &self,
        caller: &Caller,
        cluster: &ClusterId,
        kind: &str,
        namespace_segment: &str,
        name: &str,
        group: Option<&str>,
    ) -> Result<ObjectRef, ApiError> {
        let mut object = ObjectRef {
            cluster: cluster.clone(),
            group: group.unwrap_or_default().to_owned(),
            kind: kind.to_owned(),
            namespace: Some(namespace_segment.to_owned()).filter(|namespace| namespace != NO_NAMESPACE),
            name: name.to_owned(),
        };
        object.check()?;
        // Whoever may not look there is refused by what is asked next, and learns nothing here: not even whether there
        // is such a cluster.
        if authorize(caller, Verb::View, &object).is_ok() {
            let found = self.kind_of(cluster, kind, group)?;
            (object.group, object.kind) = (found.group, found.kind);
        }
        Ok(object)
    }

    fn kind_of(&self, cluster: &ClusterId, kind: &str, group: Option<&str>) -> Result<GroupKind, ApiError> {
        match self.known_cluster(cluster)?.kinds().by_word(kind, group) {
            KindMatch::One(found) => Ok(found),
            KindMatch::None => unserved(kind, group)
                .ok_or_else(|| ApiError::new(ErrorCode::NotFound, format!("Cluster {cluster} serves no kind {kind}."))),
            KindMatch::Several(several) => {
                let groups: Vec<String> = several.into_iter().map(|kind| kind.group).collect();
                Err(ApiError::new(
                    ErrorCode::Invalid,
                    format!("Several groups have the kind {kind}; add ?group= with one of {}.", groups.join(", ")),
                ))
            }
        }
    }
}

/// Flux kinds are known before a cluster has answered, and after it has lost them.
fn unserved(kind: &str, group: Option<&str>) -> Option<GroupKind> {
    let known = catalogue::by_word(kind)?.group_kind();
    group.is_none_or(|group| known.group == group).then_some(known)
}

fn stale(object: &ObjectRef) -> Problem {
    Problem::new(ProblemKind::Stale, "This is the last known state; the cluster has not confirmed it since")
        .on_object(object)
}

/// From the index, or from the cluster.
async fn read(cluster: &Cluster, authorized: &Authorized, object: &ObjectRef) -> Result<Arc<Value>, ApiError> {
    match cluster.index.object(object) {
        Some(json) => Ok(json),
        None => read_live(cluster, authorized, object).await,
    }
}

async fn read_live(cluster: &Cluster, authorized: &Authorized, object: &ObjectRef) -> Result<Arc<Value>, ApiError> {
    let client = cluster.client(authorized).map_err(|error| of_connection(&error))?;
    match fetch(&client, &cluster.kinds(), object).await {
        Ok(Some(json)) => Ok(Arc::new(json)),
        Ok(None) => Err(no_object(object)),
        Err(failure) => Err(of_failure(&format!("read {object}"), &failure)),
    }
}

/// The row of an object that is no Flux object, for the head of its page.
fn workload_row(object: &ObjectRef, cluster_name: &str, json: &Value) -> ResourceRow {
    let report = workload_health(&object.group_kind(), json);
    ResourceRow {
        object: object.clone(),
        cluster_name: cluster_name.to_owned(),
        status: Status::from(report.health),
        health: report.health,
        suspended: false,
        reason: report.reason,
        message: mask_text(&report.message),
        revision: None,
        attempted: None,
        source: None,
        last_activity: report.since,
        fresh: true,
    }
}
