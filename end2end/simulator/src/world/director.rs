//! The state of one cluster's world: what Git and the charts say, what is about to happen, and the pens of its
//! controllers.
//!
//! Holds no handle on the cluster and no thread of its own; it is told when to act. Time is the cluster's clock, or a
//! past moment while the world is being set up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::catalogue::{self, RESOURCES};
use crate::cluster::{self, Cluster};
use crate::ownership::Writer;
use crate::random::Random;
use crate::status::Status;
use crate::store::{Change as Logged, Step};
use crate::world::demo::{self, Crash, Plan};
use crate::world::lines::{ControllerLine, Style};
use crate::writes::{self, Change, Target};

/// Events kept in a cluster; the oldest go first, as they expire after an hour in a real one.
const EVENTS: usize = 400;

/// An object of the world.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Subject {
    pub(crate) fn new(kind: &str, namespace: &str, name: &str) -> Self {
        Self { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// The subject that an object is.
    pub(crate) fn of(object: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &object["metadata"];
        Self { kind: text(&object["kind"]), namespace: text(&metadata["namespace"]), name: text(&metadata["name"]) }
    }

    pub(crate) fn get(&self, cluster: &Cluster) -> Option<Value> {
        cluster.get(&self.kind, &self.namespace, &self.name)
    }
}

/// Something that happens later.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// A controller takes an object up.
    Begin(Subject),
    /// It is done with it.
    Finish(Subject),
    /// A workload moves towards its specification.
    Converge(Subject),
    /// A crashed container starts again, or a started one crashes.
    Crash(Subject),
}

/// A change that a source brings with its next revision.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    pub(crate) applier: Subject,
    /// Index of the object in the applier's tree.
    pub(crate) object: usize,
    /// JSON pointer.
    pub(crate) field: &'static str,
    pub(crate) value: Value,
}

/// See the module.
pub(crate) struct Director {
    pub(crate) random: Random,
    pub(crate) plan: Plan,
    /// What Git, or a chart, holds for an applier.
    pub(crate) tree: BTreeMap<Subject, Vec<Value>>,
    pub(crate) crashes: Vec<Crash>,
    /// What was pushed to a source and not fetched yet.
    pub(crate) pushed: BTreeMap<Subject, Vec<Edit>>,
    /// The newest revision of every source, which its controller stores when it looks next.
    pub(crate) heads: BTreeMap<Subject, String>,
    /// The release that waits for a reset.
    pub(crate) stalled: Option<Subject>,
    /// A past moment while the world is set up.
    pub(crate) clock: Option<Timestamp>,
    /// What controllers take between two steps.
    pub(crate) pace: Duration,
    /// The newest change that was reacted to.
    pub(crate) cursor: u64,
    pub(crate) ticks: u64,
    tasks: BTreeSet<(Instant, u64, Task)>,
    scheduled: u64,
    events: VecDeque<(String, String)>,
}

impl Director {
    /// A world in which nothing has happened yet.
    pub(crate) fn new(seed: u64, name: &str, plan: Plan) -> Self {
        let mut tree = BTreeMap::new();
        for planned in &plan.kustomizations {
            tree.insert(Subject::new("Kustomization", "flux-system", planned.name), planned.objects.clone());
        }
        for planned in &plan.releases {
            tree.insert(Subject::new("HelmRelease", planned.namespace, planned.name), planned.objects.clone());
        }
        let stalled = plan.stalled.and_then(|name| {
            let release = plan.releases.iter().find(|release| release.name == name)?;
            Some(Subject::new("HelmRelease", release.namespace, release.name))
        });
        Self {
            random: Random::new(seed, name),
            crashes: plan.crashes.clone(),
            tree,
            plan,
            stalled,
            pushed: BTreeMap::new(),
            heads: BTreeMap::new(),
            clock: None,
            pace: Duration::from_millis(500),
            cursor: 0,
            ticks: 0,
            tasks: BTreeSet::new(),
            scheduled: 0,
            events: VecDeque::new(),
        }
    }

    /// Now, in the cluster.
    pub(crate) fn now(&self, cluster: &Cluster) -> Timestamp {
        self.clock.unwrap_or_else(|| cluster.now())
    }

    /// The pen of a controller.
    pub(crate) fn writer(&self, cluster: &Cluster, manager: &str) -> Writer {
        Writer::new(manager, cluster::seconds(self.now(cluster)))
    }

    /// A new revision of a source, with the changes that it brings, to be fetched soon.
    pub(crate) fn push(&mut self, source: Subject, head: String, edits: Vec<Edit>) {
        self.pushed.entry(source.clone()).or_default().extend(edits);
        self.heads.insert(source.clone(), head);
        self.schedule(Task::Begin(source), 1);
    }

    /// Takes over what was pushed to a source.
    pub(crate) fn fetch(&mut self, source: &Subject) {
        for edit in self.pushed.remove(source).unwrap_or_default() {
            let object = self.tree.get_mut(&edit.applier).and_then(|objects| objects.get_mut(edit.object));
            if let Some(field) = object.and_then(|object| object.pointer_mut(edit.field)) {
                *field = edit.value;
            }
        }
    }

    /// Lets a task happen after a number of paces, once: one that waits already happens at the earlier of the two times.
    pub(crate) fn schedule(&mut self, task: Task, paces: u32) {
        let due = Instant::now() + self.pace * paces;
        if let Some(waiting) = self.tasks.iter().find(|(_, _, waiting)| *waiting == task).cloned() {
            if waiting.0 <= due {
                return;
            }
            self.tasks.remove(&waiting);
        }
        self.scheduled += 1;
        self.tasks.insert((due, self.scheduled, task));
    }

    fn waits(&self, task: &Task) -> bool {
        self.tasks.iter().any(|(_, _, waiting)| waiting == task)
    }

    /// When the next task is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.tasks.first().map(|(due, _, _)| *due)
    }

    /// The next task whose time has come.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Task> {
        if self.next_due()? > now {
            return None;
        }
        self.tasks.pop_first().map(|(_, _, task)| task)
    }

    /// Changes the status of an object as a controller does. Nothing happens when the object is gone.
    pub(crate) fn update_status(
        &self,
        cluster: &Cluster,
        subject: &Subject,
        manager: &str,
        change: impl FnOnce(&mut Value),
    ) {
        let Some(resource) = catalogue::find_kind(&subject.kind) else { return };
        if !RESOURCES[resource].has_status() {
            return;
        }
        let key = (subject.namespace.clone(), subject.name.clone());
        let writer = self.writer(cluster, manager).on("status");
        let target = Target { resource, key: key.clone(), writer, uid: String::new() };
        let written = cluster.write(resource, key, |live| {
            let Some(live) = live else { return Err(None) };
            let mut object = live.clone();
            change(&mut object);
            writes::perform(Some(live), &target, Change::Replace(object), false).map_err(Some)
        });
        if let Err(Some(status)) = written {
            tracing::warn!(?subject, ?status, "the world cannot write a status");
        }
    }

    /// Writes an object as a controller does, and says what became of it.
    pub(crate) fn put(&self, cluster: &Cluster, object: Value, manager: &str) -> Result<Value, Status> {
        let subject = Subject::of(&object);
        let writer = self.writer(cluster, manager);
        cluster.change(&subject.kind, &subject.namespace, &subject.name, writer, Change::Replace(object))
    }

    /// Applies an object as kustomize-controller does: takes over what kubectl wrote, then applies by force. Returns
    /// the word for its change set.
    pub(crate) fn apply(&self, cluster: &Cluster, object: &Value, manager: &str) -> &'static str {
        let subject = Subject::of(object);
        let Some(resource) = catalogue::find_kind(&subject.kind) else { return "unknown" };
        let writer = self.writer(cluster, manager);
        let target =
            Target { resource, key: (subject.namespace, subject.name), writer: writer.clone(), uid: cluster.uuid() };
        let mut action = "unchanged";
        let applied = cluster.write(resource, target.key.clone(), |live| {
            let mut ours = live.clone();
            if manager == "kustomize-controller"
                && let Some(ours) = &mut ours
            {
                crate::apply::take_over(ours, &["kubectl", "before-first-apply"], &writer);
            }
            let taken = ours != live;
            let (step, object) =
                writes::perform(ours, &target, Change::Apply { object: object.clone(), force: true }, false)?;
            let step = if taken { Step::Put(object.clone()) } else { step };
            action = match (&step, live) {
                (Step::Put(_), Some(_)) => "configured",
                (Step::Put(_), None) => "created",
                _ => "unchanged",
            };
            Ok::<_, Status>((step, object))
        });
        if let Err(status) = applied {
            tracing::warn!(?target, ?status, "the world cannot apply an object");
        }
        action
    }

    /// Records an event about an object, and forgets the oldest.
    pub(crate) fn event(
        &mut self,
        cluster: &Cluster,
        subject: &Subject,
        component: &str,
        reason: &str,
        message: &str,
        warning: bool,
    ) {
        let Some(resource) = catalogue::find_kind(&subject.kind) else { return };
        let row = &RESOURCES[resource];
        let live = subject.get(cluster).unwrap_or_default();
        let time = cluster::seconds(self.now(cluster));
        let namespace = if subject.namespace.is_empty() { "default" } else { subject.namespace.as_str() };
        let name = format!("{}.{}", subject.name, self.random.hex(16));
        let revision = crate::world::revision_of(&live);
        let mut event = json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {"kind": row.kind, "apiVersion": row.api_version(), "name": subject.name,
                "namespace": subject.namespace, "uid": live["metadata"]["uid"],
                "resourceVersion": live["metadata"]["resourceVersion"]},
            "reason": reason, "message": message, "type": if warning { "Warning" } else { "Normal" },
            "source": {"component": component}, "reportingComponent": component, "reportingInstance": component,
            "firstTimestamp": time, "lastTimestamp": time, "eventTime": null, "count": 1,
        });
        if row.flux && !revision.is_empty() {
            event["metadata"]["annotations"] = json!({format!("{}/revision", row.group): revision});
        }
        if let Err(status) = self.put(cluster, event, component) {
            tracing::warn!(?status, "the world cannot record an event");
        }
        self.events.push_back((namespace.to_owned(), name));
        while self.events.len() > EVENTS {
            if let Some((namespace, name)) = self.events.pop_front() {
                cluster.delete("Event", &namespace, &name);
            }
        }
    }

    /// Writes a line of the controller that reconciles an object; `error` makes it an error.
    pub(crate) fn log(&mut self, cluster: &Cluster, subject: &Subject, message: &str, error: &str) {
        let Some(resource) = catalogue::find_kind(&subject.kind) else { return };
        let row = &RESOURCES[resource];
        let reconcile_id = self.random.uuid();
        let revision = subject.get(cluster).map(|live| crate::world::revision_of(&live)).unwrap_or_default();
        let line = ControllerLine {
            level: if error.is_empty() { "info" } else { "error" },
            group: row.group,
            kind: row.kind,
            namespace: &subject.namespace,
            name: &subject.name,
            reconcile_id: &reconcile_id,
            message,
            revision: &revision,
            error,
        };
        let now = self.now(cluster);
        let controller = controller_of(&subject.kind);
        for pod in cluster.list_named("Pod", Some("flux-system"), controller) {
            if pod["metadata"]["labels"]["app"] == controller
                && let Some(name) = pod["metadata"]["name"].as_str()
            {
                cluster.append_log_at("flux-system", name, "manager", now, line.text(now));
            }
        }
    }

    /// The style of a workload's log.
    pub(crate) fn style(&self, namespace: &str, workload: &str) -> Style {
        let known = self.plan.workloads.iter().find(|one| one.namespace == namespace && one.name == workload);
        known.map_or(Style::Logfmt, |workload| workload.style)
    }

    /// The pods of a workload that crash, if any do.
    pub(crate) fn crash_of(&self, subject: &Subject) -> Option<&Crash> {
        self.crashes.iter().find(|crash| crash.namespace == subject.namespace && crash.workload == subject.name)
    }

    /// Why a Kustomization fails before it applies anything.
    pub(crate) fn fate(&self, name: &str) -> demo::Fate {
        let planned = self.plan.kustomizations.iter().find(|planned| planned.name == name);
        planned.map_or(demo::Fate::Healthy, |planned| planned.fate)
    }

    /// Sees what others did to the cluster, and lets controllers act on it.
    pub(crate) fn react(&mut self, cluster: &Cluster, changes: &[Logged]) {
        for change in changes {
            self.cursor = change.revision;
            let row = &RESOURCES[change.resource];
            let subject = Subject::new(row.kind, &change.key.0, &change.key.1);
            let deleted = change.kind == crate::store::ChangeKind::Deleted;
            match row.kind {
                "Deployment" | "StatefulSet" | "DaemonSet" => self.schedule(Task::Converge(subject), 1),
                "Pod" if deleted => {
                    if let Some(owner) = crate::world::workloads::controller_of_pod(&change.now.value()) {
                        self.schedule(Task::Converge(owner), 1);
                    }
                }
                _ if row.flux && row.has_status() && !deleted => {
                    // A run under way ends with what is asked by then.
                    let running = self.waits(&Task::Finish(subject.clone()));
                    if let Some(object) = subject.get(cluster)
                        && wants_attention(&object)
                        && !running
                    {
                        self.schedule(Task::Begin(subject), 1);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether an object asks its controller to act: a new request, a new specification, or its deletion.
fn wants_attention(object: &Value) -> bool {
    let (metadata, status) = (&object["metadata"], &object["status"]);
    let requested = &metadata["annotations"]["reconcile.fluxcd.io/requestedAt"];
    let asked = !requested.is_null() && *requested != status["lastHandledReconcileAt"];
    let suspended = object["spec"]["suspend"] == true;
    let respecified = !suspended && metadata["generation"] != status["observedGeneration"];
    asked || respecified || !metadata["deletionTimestamp"].is_null()
}

/// The controller of a Flux kind.
pub(crate) fn controller_of(kind: &str) -> &'static str {
    match kind {
        "Kustomization" => "kustomize-controller",
        "HelmRelease" => "helm-controller",
        "Receiver" | "Alert" | "Provider" => "notification-controller",
        "ImageRepository" | "ImagePolicy" => "image-reflector-controller",
        "ImageUpdateAutomation" => "image-automation-controller",
        _ => "source-controller",
    }
}
