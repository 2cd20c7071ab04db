//! An engine with clusters of the simulator, for integration tests.

use std::sync::Arc;
use std::time::Duration;

use domain::cluster::{ClusterStatus, ClusterView, RegisterCluster};
use domain::list::{ListQuery, SortKey};
use domain::object::{ClusterId, ObjectRef};
use domain::protocol::watch::Topic;
use domain::resource::ResourceRow;
use fleet::access::Caller;
use fleet::clock::Clock;
use fleet::engine::{Engine, EngineConfig, RESYNC};
use fleet::services::Services;
use fleet::store::{KeySource, Retention, StoreConfig};
use futures::StreamExt;
use futures::stream::select;
use serde_json::{Value, json};
use simulator::{Cluster, ClusterSpec, Simulator};
use tempfile::TempDir;
use tokio::time::timeout;

/// Far more than anything here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Fleet {
    engine: Arc<Engine>,
    pub(crate) services: Services,
    simulator: Simulator,
    directory: TempDir,
}

pub(crate) fn admin() -> Caller {
    Caller::unauthenticated_admin()
}

pub(crate) fn kustomization(name: &str, ready: &str) -> Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "apps"},
        "spec": {
            "path": "./apps", "prune": true, "interval": "10m",
            "sourceRef": {"kind": "GitRepository", "name": "fleet"},
        },
        "status": {"conditions": [{
            "type": "Ready", "status": ready, "reason": "Any", "message": "what happened",
            "lastTransitionTime": "2026-01-02T03:04:05Z",
        }]},
    })
}

pub(crate) fn git_repository(name: &str) -> Value {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
        "metadata": {"name": name, "namespace": "apps"}, "spec": {"url": "https://git.example.org/fleet"},
    })
}

/// The Kustomization of this name on `prod`.
pub(crate) fn reference(name: &str) -> ObjectRef {
    ObjectRef::of(&"prod".into(), &kustomization(name, "True"))
}

async fn engine(directory: &TempDir) -> Arc<Engine> {
    let url = format!("sqlite://{}", directory.path().join("fleet.db").display());
    let config = EngineConfig {
        store: StoreConfig {
            url,
            key: KeySource::BesideDatabase,
            clock: Clock::system(),
            retention: Retention::default(),
        },
        kubeconfig: None,
        in_cluster: false,
        allow_loopback_clusters: true,
        own_listeners: Vec::new(),
        resync: RESYNC,
        clock: Clock::system(),
        build: "test".to_owned(),
        epoch: 1,
    };
    Engine::start(config).await.expect("a new database")
}

impl Fleet {
    pub(crate) async fn start(clusters: Vec<ClusterSpec>) -> Self {
        let directory = TempDir::new().expect("a folder");
        let simulator = Simulator::start(clusters).await.expect("free ports");
        let engine = engine(&directory).await;
        Self { services: Services::new(Arc::clone(&engine)), engine, simulator, directory }
    }

    /// Stop the engine, and start another one on the same database.
    pub(crate) async fn restart(&mut self) {
        self.engine.shutdown().await;
        self.engine = engine(&self.directory).await;
        self.services = Services::new(Arc::clone(&self.engine));
    }

    pub(crate) fn simulated(&self, name: &str) -> &Cluster {
        self.simulator.cluster(name).expect("a cluster of the test")
    }

    pub(crate) fn request(&self, name: &str) -> RegisterCluster {
        RegisterCluster {
            name: name.to_owned(),
            description: String::new(),
            kubeconfig: self.simulated(name).kubeconfig(),
            context: None,
            allow_unreachable: false,
        }
    }

    pub(crate) async fn register(&self, name: &str) -> ClusterId {
        self.services.register_cluster(&admin(), self.request(name)).await.expect("it answers").id
    }

    pub(crate) fn clusters(&self) -> Vec<ClusterView> {
        self.services.list_clusters(&admin()).expect("never refused").items
    }

    pub(crate) fn status(&self, id: &str) -> ClusterStatus {
        let found = self.clusters().into_iter().find(|cluster| cluster.id.as_str() == id);
        found.expect("registered").status
    }

    /// All rows, by name.
    pub(crate) fn rows(&self) -> Vec<ResourceRow> {
        let query = ListQuery { sort: SortKey::Name, limit: 500, ..ListQuery::default() };
        self.services.list_resources(&admin(), &query).expect("never refused").rows
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.rows().into_iter().map(|row| row.object.name).collect()
    }

    /// Wait for the truth, looking again whenever the engine says that something has changed.
    pub(crate) async fn until(&self, what: &str, is_true: impl Fn(&Self) -> bool) {
        let fleet = self.services.subscribe(&admin(), 1, Topic::Fleet).await.expect("never refused");
        let list = Topic::List { query: ListQuery::default() };
        let list = self.services.subscribe(&admin(), 2, list).await.expect("never refused");
        let mut messages = select(fleet, list);
        let becomes_true = async {
            while !is_true(self) {
                messages.next().await.expect("the engine runs");
            }
        };
        if timeout(PATIENCE, becomes_true).await.is_err() {
            panic!("never: {what}; clusters {:?}, rows {:?}", self.clusters(), self.names());
        }
    }

    /// Stop the engine; the bytes of everything that it has written.
    pub(crate) async fn stop_and_read_database(&self) -> Vec<u8> {
        self.engine.shutdown().await;
        let files = std::fs::read_dir(self.directory.path()).expect("the folder");
        files.flat_map(|file| std::fs::read(file.expect("a file").path()).expect("readable")).collect()
    }
}
