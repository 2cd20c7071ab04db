//! A way for other processes to steer a simulator: HTTP with JSON on the loopback interface, without a password.
//!
//! | Request | Does |
//! |---|---|
//! | `GET /kubeconfig` | one kubeconfig with a context for every cluster |
//! | `GET /size` | objects that Flux owns, and the bytes of their JSON |
//! | `POST /change` | one change that shows in a list; answers when it is written |
//! | `PUT /rate` | changes a second from now on; the body is a number, 0 stops |
//! | `GET /changes?after=N` | what has changed since change N, oldest first |
//! | `GET /requests`, `DELETE /requests` | what the clusters were asked, newest [`RECORDED_REQUESTS`] of each; forget it |
//! | `POST /faults`, `DELETE /faults` | starts a [`FaultPlan`] by the clock in place of the last; ends it |
//!
//! [`RECORDED_REQUESTS`]: crate::RECORDED_REQUESTS

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::Simulator;
use crate::catalogue::RESOURCES;
use crate::faults::plan::FaultPlan;
use crate::faults::run::FaultRun;
use crate::world::churn::{Changed, Churn};

/// Changes that are remembered.
const CHANGES: usize = 100_000;

/// See the module.
pub struct Control {
    simulator: Simulator,
    churn: Mutex<Churn>,
    rate: watch::Sender<f64>,
    changes: Mutex<VecDeque<Changed>>,
    faults: Mutex<Option<JoinHandle<()>>>,
}

/// What Flux owns in all clusters together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Size {
    pub clusters: usize,
    pub objects: usize,
    /// Of the objects' JSON as it is listed.
    pub bytes: usize,
}

/// How often the clusters were asked something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestCount {
    /// Method and path, with `?watch` behind it for a watch.
    pub request: String,
    pub count: usize,
}

#[derive(Deserialize)]
struct After {
    after: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Control {
    /// Takes a simulator over; nothing changes yet. The seed decides what will.
    #[must_use]
    pub fn new(simulator: Simulator, seed: u64) -> Arc<Self> {
        let churn = Mutex::new(Churn::new(&simulator, seed));
        let rate = watch::Sender::new(0.0);
        Arc::new(Self { simulator, churn, rate, changes: Mutex::default(), faults: Mutex::default() })
    }

    /// The endpoint.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/kubeconfig", get(kubeconfig))
            .route("/size", get(async |State(control): State<Arc<Self>>| Json(control.size())))
            .route("/change", post(change))
            .route("/rate", put(set_rate))
            .route("/changes", get(changes))
            .route("/requests", get(requests).delete(forget_requests))
            .route("/faults", post(start_faults).delete(end_faults))
            .with_state(Arc::clone(self))
    }

    /// Changes a second from now on; 0 stops.
    pub fn set_rate(&self, per_second: f64) {
        self.rate.send_replace(per_second);
    }

    /// Lets the clusters change at the rate that was asked for last, until cancelled.
    pub async fn change_at_rate(&self) {
        let mut rate = self.rate.subscribe();
        loop {
            let per_second = *rate.borrow_and_update();
            let pause = lock(&self.churn).pause(per_second);
            let next = async { if per_second > 0.0 { sleep(pause).await } else { std::future::pending().await } };
            tokio::select! {
                // The sender lives as long as we do.
                _ = rate.changed() => {}
                () = next => {
                    let changed = lock(&self.churn).step();
                    self.remember(changed.as_ref());
                }
            }
        }
    }

    fn remember(&self, changed: Option<&Changed>) {
        let mut changes = lock(&self.changes);
        changes.extend(changed.cloned());
        if changes.len() > CHANGES {
            changes.pop_front();
        }
    }

    fn size(&self) -> Size {
        let mut size = Size { clusters: self.simulator.clusters().len(), objects: 0, bytes: 0 };
        for cluster in self.simulator.clusters() {
            for (resource, _) in RESOURCES.iter().enumerate().filter(|(_, row)| row.flux) {
                let page = cluster.store().list(resource, None, None, usize::MAX, &|_, _| true);
                size.objects += page.items.len();
                size.bytes += page.items.iter().map(|stored| stored.json.len()).sum::<usize>();
            }
        }
        size
    }
}

/// The kubeconfigs of all clusters as one, each in a context of the cluster's name.
async fn kubeconfig(State(control): State<Arc<Control>>) -> String {
    let (mut clusters, mut contexts, mut users) = (String::new(), String::new(), String::new());
    for cluster in control.simulator.clusters() {
        let (name, server) = (cluster.name(), cluster.url());
        let token = cluster.token(crate::Rights::Admin);
        clusters.push_str(&format!("- name: {name}\n  cluster:\n    server: {server}\n"));
        contexts.push_str(&format!("- name: {name}\n  context:\n    cluster: {name}\n    user: {name}\n"));
        users.push_str(&format!("- name: {name}\n  user:\n    token: {token}\n"));
    }
    format!("apiVersion: v1\nkind: Config\nclusters:\n{clusters}contexts:\n{contexts}users:\n{users}")
}

async fn change(State(control): State<Arc<Control>>) -> Result<Json<Changed>, (StatusCode, &'static str)> {
    let changed = lock(&control.churn).visible_step();
    control.remember(changed.as_ref());
    changed.map(Json).ok_or((StatusCode::CONFLICT, "no generated cluster is simulated"))
}

async fn set_rate(State(control): State<Arc<Control>>, Json(per_second): Json<f64>) -> StatusCode {
    control.set_rate(per_second);
    StatusCode::NO_CONTENT
}

async fn changes(State(control): State<Arc<Control>>, Query(After { after }): Query<After>) -> Json<Vec<Changed>> {
    Json(lock(&control.changes).iter().filter(|change| change.sequence > after).cloned().collect())
}

async fn requests(State(control): State<Arc<Control>>) -> Json<Vec<RequestCount>> {
    let mut counts = BTreeMap::new();
    for request in control.simulator.clusters().iter().flat_map(crate::Cluster::requests) {
        let watch = if request.query.contains("watch=") { "?watch" } else { "" };
        *counts.entry(format!("{} {}{watch}", request.method, request.path)).or_insert(0) += 1;
    }
    Json(counts.into_iter().map(|(request, count)| RequestCount { request, count }).collect())
}

async fn forget_requests(State(control): State<Arc<Control>>) -> StatusCode {
    control.simulator.clusters().iter().for_each(crate::Cluster::clear_requests);
    StatusCode::NO_CONTENT
}

async fn start_faults(
    State(control): State<Arc<Control>>,
    Json(plan): Json<FaultPlan>,
) -> Result<StatusCode, (StatusCode, String)> {
    let run = FaultRun::new(&control.simulator, plan)
        .map_err(|error| (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    let started = tokio::spawn(run.by_clock());
    if let Some(last) = lock(&control.faults).replace(started) {
        last.abort();
    }
    Ok(StatusCode::ACCEPTED)
}

async fn end_faults(State(control): State<Arc<Control>>) -> StatusCode {
    if let Some(last) = lock(&control.faults).take() {
        last.abort();
    }
    StatusCode::NO_CONTENT
}
