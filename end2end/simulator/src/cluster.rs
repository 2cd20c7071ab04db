//! One simulated cluster: its objects, logs, faults and recorded requests, and what tests and the world do to it.
//!
//! All writes, from HTTP, tests and the world alike, pass [`Cluster::write`]. Fixture calls ([`Cluster::apply`] and its
//! like) store what they are given, status and managed fields included; the API's own rules live in `writes`.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::catalogue::{self, RESOURCES};
use crate::faults::Faults;
use crate::logs::Logs;
use crate::ownership::{self, Writer};
use crate::random::Random;
use crate::rights::Rights;
use crate::spec::ClusterSpec;
use crate::status::Status;
use crate::store::{Key, Step, Store, Stored};
use crate::world::director::Director;
use crate::writes::{self, Change, Target};

/// Requests kept for [`Cluster::requests`].
pub const RECORDED_REQUESTS: usize = 10_000;

/// The manager of what a test writes with [`Cluster::apply`] without managed fields of its own.
const FIXTURE_MANAGER: &str = "simulator";

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRequest {
    /// `GET`.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// The query as sent, empty when there is none.
    pub query: String,
    /// The `Content-Type` header, empty when there is none.
    pub content_type: String,
}

/// A handle on one cluster; clones are the same cluster.
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
}

struct Inner {
    spec: ClusterSpec,
    address: SocketAddr,
    store: Store,
    logs: Logs,
    faults: Faults,
    requests: Mutex<VecDeque<RecordedRequest>>,
    random: Mutex<Random>,
    director: Mutex<Option<Director>>,
    /// Path and content of what source-controller serves, oldest first.
    artifacts: Mutex<VecDeque<(String, Arc<[u8]>)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seconds, as metadata and conditions carry times.
pub(crate) fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Cluster {
    /// A cluster that answers on `address`, without objects.
    pub(crate) fn new(spec: ClusterSpec, address: SocketAddr) -> Self {
        let random = Random::new(spec.seed, &format!("{}/identities", spec.name));
        Self {
            inner: Arc::new(Inner {
                spec,
                address,
                store: Store::new(),
                logs: Logs::default(),
                faults: Faults::new(),
                requests: Mutex::default(),
                random: Mutex::new(random),
                director: Mutex::default(),
                artifacts: Mutex::default(),
            }),
        }
    }

    /// The name it was specified with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.spec.name
    }

    /// The address of the API: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.inner.address)
    }

    /// A kubeconfig (YAML) of a user with all rights.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        self.kubeconfig_for(Rights::Admin)
    }

    /// A kubeconfig (YAML) of a user with these rights; what it lacks is answered with 403.
    #[must_use]
    pub fn kubeconfig_for(&self, user: Rights) -> String {
        let (name, server, user_name, token) = (self.name(), self.url(), user.user(), self.token(user));
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: {name}\nclusters:\n- name: {name}\n  cluster:\n    \
             server: {server}\ncontexts:\n- name: {name}\n  context:\n    cluster: {name}\n    user: {user_name}\n\
             users:\n- name: {user_name}\n  user:\n    token: {token}\n"
        )
    }

    /// The bearer token of a user.
    pub(crate) fn token(&self, user: Rights) -> String {
        let hex = Random::new(self.inner.spec.seed, &format!("{}/{}", self.name(), user.user())).hex(24);
        format!("simulator.{}.{hex}", user.user())
    }

    /// The user of a bearer token.
    pub(crate) fn authenticate(&self, token: &str) -> Option<Rights> {
        Rights::ALL.into_iter().find(|user| self.token(*user) == token)
    }

    /// Creates or replaces an object as given, status and managed fields included. The server's own metadata is filled
    /// in where it is missing; the generation counts up when the specification changes. Returns the stored object.
    ///
    /// # Panics
    /// On an object without a name, or of a kind that no cluster serves: a mistake in the fixture.
    pub fn apply(&self, object: Value) -> Value {
        let resource = catalogue::find_object(&object).expect("the fixture has an apiVersion and kind that is served");
        let row = &RESOURCES[resource];
        let name = object["metadata"]["name"].as_str().expect("the fixture has a name").to_owned();
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        let (uid, writer) = (self.uuid(), self.writer(FIXTURE_MANAGER));
        let written = self.write(resource, (namespace, name), |live| {
            let mut object = object;
            let before = live.as_ref().map(|live| &live["metadata"]);
            let generation = before.and_then(|before| before["generation"].as_u64());
            let mut fill = |field: &str, value: Value| {
                if object["metadata"][field].is_null() {
                    object["metadata"][field] = value;
                }
            };
            let kept = |field: &str, new: &str| match before {
                Some(before) if !before[field].is_null() => before[field].clone(),
                _ => json!(new),
            };
            fill("uid", kept("uid", &uid));
            fill("creationTimestamp", kept("creationTimestamp", &writer.time));
            if row.counts_generations() {
                let changed = live.as_ref().is_some_and(|live| live["spec"] != object["spec"]);
                let generation = generation.map_or(1, |generation| generation + u64::from(changed));
                if object["metadata"]["generation"].is_null() {
                    object["metadata"]["generation"] = json!(generation);
                }
            }
            match object["metadata"]["managedFields"].as_array().map(Vec::len) {
                None => ownership::record_update(live.as_ref(), &mut object, &writer, row.custom),
                Some(0) => ownership::set_entries(&mut object, &[]),
                Some(_) => {}
            }
            Ok::<_, std::convert::Infallible>((Step::Put(object), Value::Null))
        });
        match written {
            Ok(object) => object,
            Err(never) => match never {},
        }
    }

    /// Removes an object at once, whatever its finalizers; false when it was not there. An empty namespace stands for a
    /// cluster-wide object.
    pub fn delete(&self, kind: &str, namespace: &str, name: &str) -> bool {
        let Some(resource) = catalogue::find_kind(kind) else { return false };
        self.write(resource, (namespace.to_owned(), name.to_owned()), |live| {
            live.map(|live| (Step::Delete, live)).ok_or(())
        })
        .is_ok()
    }

    /// An object as the API would answer it.
    #[must_use]
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let resource = catalogue::find_kind(kind)?;
        Some(self.inner.store.get(resource, namespace, name)?.value())
    }

    /// Changes an object by hand, as `kubectl edit` would: a merge patch by `manager`, which becomes the owner of the
    /// leaves that it changes. None when there is no such object.
    pub fn edit(&self, kind: &str, namespace: &str, name: &str, manager: &str, patch: &Value) -> Option<Value> {
        let change = Change::MergePatch(patch.clone());
        self.change(kind, namespace, name, self.writer(manager), change).ok()
    }

    /// Waits until an object exists and is as wished, and returns it. Looks again after each change, not by the clock;
    /// put a timeout around it.
    pub async fn wait_for(&self, kind: &str, namespace: &str, name: &str, wish: impl Fn(&Value) -> bool) -> Value {
        let mut changed = self.inner.store.subscribe();
        loop {
            changed.mark_unchanged();
            if let Some(object) = self.get(kind, namespace, name).filter(|object| wish(object)) {
                return object;
            }
            if changed.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Writes a log line of a container, now.
    pub fn append_log(&self, namespace: &str, pod: &str, container: &str, line: impl AsRef<[u8]>) {
        self.append_log_at(namespace, pod, container, self.now(), line);
    }

    /// Writes a log line of a container with a time of its own.
    pub fn append_log_at(&self, namespace: &str, pod: &str, container: &str, time: Timestamp, line: impl AsRef<[u8]>) {
        let key = (namespace.to_owned(), pod.to_owned(), container.to_owned());
        self.inner.logs.append(key, time, line.as_ref());
    }

    /// The switches for faults.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// The newest requests, oldest first, at most [`RECORDED_REQUESTS`].
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.inner.requests).iter().cloned().collect()
    }

    /// Forgets the recorded requests.
    pub fn clear_requests(&self) {
        lock(&self.inner.requests).clear();
    }

    /// Forgets the history of changes: watches from before now get 410 Gone.
    pub fn compact(&self) {
        self.inner.store.compact();
    }

    pub(crate) fn record(&self, request: RecordedRequest) {
        let mut requests = lock(&self.inner.requests);
        if requests.len() == RECORDED_REQUESTS {
            requests.pop_front();
        }
        requests.push_back(request);
    }

    pub(crate) fn spec(&self) -> &ClusterSpec {
        &self.inner.spec
    }

    /// Whether this cluster has the definition of a resource.
    pub(crate) fn serves(&self, resource: usize) -> bool {
        !RESOURCES[resource].flux || self.inner.spec.flux_version.is_some()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn logs(&self) -> &Logs {
        &self.inner.logs
    }

    /// The cluster's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.inner.faults.now()
    }

    pub(crate) fn writer(&self, manager: &str) -> Writer {
        Writer::new(manager, seconds(self.now()))
    }

    pub(crate) fn uuid(&self) -> String {
        lock(&self.inner.random).uuid()
    }

    /// The end of a generated name.
    pub(crate) fn suffix(&self) -> String {
        lock(&self.inner.random).suffix(5)
    }

    pub(crate) fn set_director(&self, director: Director) {
        *lock(&self.inner.director) = Some(director);
    }

    /// The director that populated the cluster; given out once.
    pub(crate) fn take_director(&self) -> Option<Director> {
        lock(&self.inner.director).take()
    }

    /// Stores an artifact; each source keeps its two newest, as source-controller does.
    pub(crate) fn put_artifact(&self, path: String, content: Arc<[u8]>) {
        fn folder(path: &str) -> &str {
            path.rsplit_once('/').map_or("", |(folder, _)| folder)
        }
        let mut artifacts = lock(&self.inner.artifacts);
        let mut older = 0;
        let full: Vec<bool> = artifacts
            .iter()
            .rev()
            .map(|(other, _)| {
                older += usize::from(folder(other) == folder(&path));
                folder(other) == folder(&path) && older > 1
            })
            .collect();
        let mut full = full.into_iter().rev();
        artifacts.retain(|_| !full.next().unwrap_or(false));
        artifacts.push_back((path, content));
    }

    /// An artifact that is still kept.
    pub(crate) fn artifact(&self, path: &str) -> Option<Arc<[u8]>> {
        let artifacts = lock(&self.inner.artifacts);
        artifacts.iter().find(|(stored, _)| stored == path).map(|(_, content)| Arc::clone(content))
    }

    /// The one way to the store: writes, and lets logs follow pods.
    pub(crate) fn write<E>(
        &self,
        resource: usize,
        key: Key,
        change: impl FnOnce(Option<Value>) -> Result<(Step, Value), E>,
    ) -> Result<Value, E> {
        let pod = (RESOURCES[resource].plural == "pods").then(|| key.clone());
        let written = self.inner.store.write(resource, key, change)?;
        if let Some((namespace, name)) = pod {
            if self.inner.store.get(resource, &namespace, &name).is_some() {
                self.inner.logs.observe_pod(&written);
            } else {
                self.inner.logs.remove_pod(&namespace, &name);
            }
        }
        Ok(written)
    }

    /// Writes by the API's rules.
    ///
    /// # Errors
    /// As the API refuses.
    pub(crate) fn perform(&self, target: &Target, change: Change, dry_run: bool) -> Result<Value, Status> {
        self.write(target.resource, target.key.clone(), |live| writes::perform(live, target, change, dry_run))
    }

    /// Writes by the API's rules, as a controller of the world.
    ///
    /// # Errors
    /// As the API refuses, and for kinds that are not served.
    pub(crate) fn change(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        writer: Writer,
        change: Change,
    ) -> Result<Value, Status> {
        let resource = catalogue::find_kind(kind).ok_or_else(Status::no_such_resource)?;
        let key = (namespace.to_owned(), name.to_owned());
        self.perform(&Target { resource, key, writer, uid: self.uuid() }, change, false)
    }

    /// All objects of a kind, of one namespace or of all.
    pub(crate) fn list(&self, kind: &str, namespace: Option<&str>) -> Vec<Value> {
        self.list_named(kind, namespace, "")
    }

    /// The objects whose names begin so.
    pub(crate) fn list_named(&self, kind: &str, namespace: Option<&str>, prefix: &str) -> Vec<Value> {
        let Some(resource) = catalogue::find_kind(kind) else { return Vec::new() };
        let named = |key: &Key, _: &Stored| key.1.starts_with(prefix);
        let page = self.inner.store.list(resource, namespace, None, usize::MAX, &named);
        page.items.iter().map(|stored| stored.value()).collect()
    }
}
