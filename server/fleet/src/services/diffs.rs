//! Diffs: who decides about an object, what they would change, and what else they manage.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use domain::access::Verb;
use domain::catalogue;
use domain::diff::verdict::Applier;
use domain::drift::{DiffEntry, DiffReport};
use domain::error::ApiError;
use domain::inventory;
use domain::object::{GroupKind, ObjectRef};
use domain::problem::{Problem, ProblemKind};
use serde_json::Value;

use super::Services;
use super::error::{no_cluster, no_object, of_connection, of_store};
use crate::access::{Caller, authorize};
use crate::clusters::Cluster;
use crate::desired::{Desired, baseline, release::Release};
use crate::drift::dry_run::DryRunClient;
use crate::drift::examination::{Examination, Examined, Site, undirected};
use crate::metrics::counters::COUNTERS;

impl Services {
    /// What Flux would change on an object, and for an applier on everything it manages.
    ///
    /// # Errors
    /// If the caller may not, the cluster is unknown or was never reached, or the object is neither there nor desired.
    /// What the cluster refuses is a problem instead.
    pub async fn diff(&self, caller: &Caller, object: &ObjectRef) -> Result<DiffReport, ApiError> {
        let authorized = authorize(caller, Verb::Diff, object)?;
        let cluster = self.engine.clusters.get(&object.cluster).ok_or_else(|| no_cluster(&object.cluster))?;
        self.engine.audit.note(&authorized, "view diff", "").await.map_err(|error| of_store(&error))?;
        let client = cluster.client(&authorized).map_err(|error| of_connection(&error))?;
        let inquiry = Inquiry {
            services: self,
            caller,
            cluster: &cluster,
            site: Site {
                client: DryRunClient::new(client.clone()),
                kinds: cluster.kinds(),
                permits: self.engine.drift.permits(&object.cluster),
                mask_key: self.engine.store.mask_key(),
            },
            client,
        };
        let started = Instant::now();
        let report = inquiry.report(object).await;
        COUNTERS.diffs.observe(started.elapsed().as_secs_f64());
        report.ok_or_else(|| no_object(object))
    }
}

/// One question of one caller on one cluster.
struct Inquiry<'a> {
    services: &'a Services,
    caller: &'a Caller,
    cluster: &'a Arc<Cluster>,
    site: Site,
    client: kube::Client,
}

impl Inquiry<'_> {
    /// `None`: the object is neither there nor desired by anybody.
    async fn report(&self, object: &ObjectRef) -> Option<DiffReport> {
        let own = self.own_diff(object);
        let managed = self.managed(object);
        let (own, (objects, problems)) = futures::join!(own, managed);
        let (Examined { mut diff, conditions }, owner) = own?;
        diff.problems.extend(problems);
        Some(DiffReport { diff, conditions, objects, owner })
    }

    /// The object against what its own applier would make of it. `None`: there is no applier, and no object either.
    async fn own_diff(&self, object: &ObjectRef) -> Option<(Examined, Option<ObjectRef>)> {
        let Some((owner, json)) = self.owner_of(object) else {
            let live = match self.site.kinds.find(&object.group_kind()) {
                Some(kind) => self.site.client.live(kind, object).await,
                None => Ok(None),
            };
            if matches!(live, Ok(None)) {
                return None;
            }
            let note = "No Kustomization or HelmRelease on this cluster manages it, so Flux would change nothing.";
            return Some((undirected(&self.site, object, live, note), None));
        };
        let Some(applier) = Applier::of_kind(&owner.kind) else {
            let note = "Its owner is no applier.";
            return Some((undirected(&self.site, object, Ok(None), note), Some(owner)));
        };
        let examination = Examination::new(&self.site, applier, &json);
        let (source, problems) = self.source(applier, &owner, &json).await;
        let desired = source.desired(self, &owner, object).await;
        let mut examined = examination.diff(object, desired).await;
        examined.diff.problems.extend(problems);
        Some((examined, Some(owner)))
    }

    /// What the object itself manages, if it is an applier.
    async fn managed(&self, owner: &ObjectRef) -> (Vec<DiffEntry>, Vec<Problem>) {
        let applier = catalogue::by_group_kind(&owner.group, &owner.kind).and_then(|_| Applier::of_kind(&owner.kind));
        let (Some(applier), Some(json)) = (applier, self.cluster.index.object(owner)) else {
            return (Vec::new(), Vec::new());
        };
        if json["spec"]["kubeConfig"].is_object() {
            let message = "It applies to another cluster (spec.kubeConfig); its objects are not compared here.";
            return (Vec::new(), vec![Problem::new(ProblemKind::NotFound, message).on_object(owner)]);
        }
        let (source, mut problems) = self.source(applier, owner, &json).await;
        let (entries, unreadable) = inventory::entries(&json);
        problems
            .extend(unreadable.into_iter().map(|message| Problem::new(ProblemKind::Invalid, message).on_object(owner)));
        let mut objects: BTreeSet<ObjectRef> = entries.iter().map(|entry| entry.object(&owner.cluster)).collect();
        if let Source::Release(release) = &source {
            objects.extend(release.objects().cloned());
        }
        objects.remove(owner);
        let visible = objects.len();
        objects.retain(|object| authorize(self.caller, Verb::Diff, object).is_ok());
        if objects.len() < visible {
            let message = format!("{} objects are in namespaces that you may not see.", visible - objects.len());
            problems.push(Problem::new(ProblemKind::Forbidden, message).on_object(owner));
        }
        let mut questions = Vec::with_capacity(objects.len());
        for object in objects {
            let desired = source.desired(self, owner, &object).await;
            questions.push((object, desired));
        }
        (Examination::new(&self.site, applier, &json).entries(questions).await, problems)
    }

    async fn source(&self, applier: Applier, owner: &ObjectRef, json: &Value) -> (Source, Vec<Problem>) {
        match applier {
            Applier::Kustomization => (Source::Baselines, Vec::new()),
            Applier::HelmRelease => match Release::read(&self.client, &self.site.kinds, &owner.cluster, json).await {
                Ok(mut release) => {
                    let problems = std::mem::take(&mut release.problems);
                    (Source::Release(release), problems)
                }
                Err(error) => (Source::Nothing(error.to_string()), vec![error.problem(owner)]),
            },
        }
    }

    /// The applier whose inventory holds the object. Labels are not asked: they flap when two appliers claim one object.
    fn owner_of(&self, object: &ObjectRef) -> Option<(ObjectRef, Arc<Value>)> {
        let appliers = [(catalogue::KUSTOMIZE, "Kustomization"), (catalogue::HELM, "HelmRelease")];
        appliers
            .into_iter()
            .flat_map(|(group, kind)| self.cluster.index.of_kind(&GroupKind::new(group, kind)))
            .filter(|(owner, json)| owner != object && !json["spec"]["kubeConfig"].is_object())
            .find(|(_, json)| inventory::entries(json).0.iter().any(|entry| entry.object(&object.cluster) == *object))
    }
}

/// Where the desired side of one applier's objects comes from.
enum Source {
    Release(Release),
    Baselines,
    /// The release could not be read.
    Nothing(String),
}

impl Source {
    async fn desired(&self, inquiry: &Inquiry<'_>, owner: &ObjectRef, object: &ObjectRef) -> Desired {
        match self {
            Self::Release(release) => release.desired(object),
            Self::Baselines => baseline::desired(&inquiry.services.engine.store, owner, object).await,
            Self::Nothing(why) => Desired::presence(why),
        }
    }
}
