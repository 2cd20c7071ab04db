//! The pods of one namespace that a selector names, watched once for all who look at them.
//!
//! A view is a state, not a stream of events: whoever is slow sees the latest and misses nothing that still holds. Pods
//! are trimmed on arrival and limited in number; what is left out is counted. A watch lives as long as somebody looks,
//! and a little longer.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::object::ClusterId;
use domain::problem::ProblemKind;
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1;
use kube::Api;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch_pods};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::container::Pod;
use super::hub::LINGER;
use super::upstream::{Connect, UpstreamError, classify};

/// Most pods of one scope.
pub(crate) const MAX_PODS: usize = 2_000;
/// Until a watch that could not even begin is tried again.
const RETRY: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ScopeKey {
    pub(crate) cluster: ClusterId,
    pub(crate) namespace: String,
    pub(crate) selector: String,
}

/// What is known of a scope now.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScopeView {
    /// By uid.
    pub(crate) pods: Arc<BTreeMap<String, Pod>>,
    /// The cluster has answered, with pods or with a refusal.
    pub(crate) known: bool,
    /// Why pods may be missing.
    pub(crate) problem: Option<(ProblemKind, String)>,
    /// Pods beyond [`MAX_PODS`] that were seen.
    pub(crate) omitted: usize,
}

/// All scopes that are watched.
#[derive(Clone)]
pub(crate) struct Scopes {
    watched: Arc<Mutex<HashMap<ScopeKey, Arc<watch::Sender<ScopeView>>>>>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Scopes {
    pub(crate) fn new(stopping: CancellationToken, tasks: TaskTracker) -> Self {
        Self { watched: Arc::default(), stopping, tasks }
    }

    /// Views of the scope from now on, the present one included. The caller has been authorized for the namespace.
    pub(crate) fn watch(&self, key: &ScopeKey, connect: Connect) -> watch::Receiver<ScopeView> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(views) = watched.get(key) {
            return views.subscribe();
        }
        let (views, receiver) = watch::channel(ScopeView::default());
        let views = Arc::new(views);
        watched.insert(key.clone(), Arc::clone(&views));
        self.tasks.spawn(self.clone().keep(key.clone(), views, connect));
        receiver
    }

    async fn keep(self, key: ScopeKey, views: Arc<watch::Sender<ScopeView>>, connect: Connect) {
        let watching = follow(&key, &views, &connect);
        tokio::pin!(watching);
        loop {
            tokio::select! {
                () = self.stopping.cancelled() => return,
                () = &mut watching => return,
                () = left_alone(&views) => {
                    let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
                    if views.receiver_count() == 0 {
                        watched.remove(&key);
                        return;
                    }
                }
            }
        }
    }
}

async fn left_alone(views: &watch::Sender<ScopeView>) {
    views.closed().await;
    sleep(LINGER).await;
}

/// Lists and watches for ever.
async fn follow(key: &ScopeKey, views: &watch::Sender<ScopeView>, connect: &Connect) {
    loop {
        match connect() {
            Ok(client) => watch_with(client, key, views).await,
            Err(error) => fail(views, &UpstreamError::NotConnected(error)),
        }
        sleep(RETRY).await;
    }
}

/// Until the client's credentials turn out to be of no use.
async fn watch_with(client: kube::Client, key: &ScopeKey, views: &watch::Sender<ScopeView>) {
    let pods: Api<v1::Pod> = Api::namespaced(client, &key.namespace);
    let config = watcher::Config { label_selector: label_selector(&key.selector), ..watcher::Config::default() };
    let mut events = watch_pods(pods, config).default_backoff().map_ok(trim).boxed();
    let mut listing = Shown::default();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => listing = Shown::default(),
            Ok(Event::InitApply(pod)) => listing.put(pod),
            Ok(Event::InitDone) => {
                let Shown { pods, omitted } = std::mem::take(&mut listing);
                views.send_replace(ScopeView { pods: Arc::new(pods), known: true, problem: None, omitted });
            }
            Ok(Event::Apply(pod)) => {
                views.send_if_modified(|view| view.put(pod));
            }
            Ok(Event::Delete(pod)) => {
                views.send_if_modified(|view| Arc::make_mut(&mut view.pods).remove(&pod.uid).is_some());
            }
            Err(error) => {
                let error = cause(error);
                let begun = views.borrow().known && !matches!(error, UpstreamError::Refused { code: 401, .. });
                fail(views, &error);
                if !begun {
                    return;
                }
            }
        }
    }
}

/// As the client takes it: none for every pod.
pub(crate) fn label_selector(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn trim(event: Event<v1::Pod>) -> Event<Pod> {
    match event {
        Event::Init => Event::Init,
        Event::InitApply(pod) => Event::InitApply(Pod::of(&pod)),
        Event::InitDone => Event::InitDone,
        Event::Apply(pod) => Event::Apply(Pod::of(&pod)),
        Event::Delete(pod) => Event::Delete(Pod::of(&pod)),
    }
}

/// A list while it is being read.
#[derive(Default)]
struct Shown {
    pods: BTreeMap<String, Pod>,
    omitted: usize,
}

impl Shown {
    fn put(&mut self, pod: Pod) {
        if self.pods.len() < MAX_PODS {
            self.pods.insert(pod.uid.clone(), pod);
        } else {
            self.omitted += 1;
        }
    }
}

impl ScopeView {
    /// True if that changes anything for log reading; most updates of a pod do not.
    fn put(&mut self, pod: Pod) -> bool {
        let healed = self.problem.take().is_some();
        let known = self.pods.get(&pod.uid);
        if known == Some(&pod) {
            return healed;
        }
        if known.is_none() && self.pods.len() >= MAX_PODS {
            self.omitted += 1;
        } else {
            Arc::make_mut(&mut self.pods).insert(pod.uid.clone(), pod);
        }
        true
    }
}

fn fail(views: &watch::Sender<ScopeView>, error: &UpstreamError) {
    let problem = Some(problem(error));
    views.send_if_modified(|view| {
        let changed = view.problem != problem || !view.known;
        (view.problem, view.known) = (problem, true);
        changed
    });
}

/// What kind of problem a refused request is, and the words for it.
pub(crate) fn problem(error: &UpstreamError) -> (ProblemKind, String) {
    let kind = match error {
        UpstreamError::Forbidden { .. } => ProblemKind::Forbidden,
        UpstreamError::Gone => ProblemKind::NotFound,
        UpstreamError::NotConnected(_) | UpstreamError::Unreachable { .. } | UpstreamError::Timeout => {
            ProblemKind::Unreachable
        }
        UpstreamError::Refused { code: 400, .. } => ProblemKind::Invalid,
        UpstreamError::NotStarted { .. } | UpstreamError::Refused { .. } => ProblemKind::Failed,
    };
    (kind, error.to_string())
}

fn cause(error: watcher::Error) -> UpstreamError {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => classify(&error),
        watcher::Error::WatchError(status) => classify(&kube::Error::Api(status)),
        watcher::Error::NoResourceVersion => {
            UpstreamError::Refused { code: 200, message: "the list of pods has no resource version".to_owned() }
        }
    }
}
