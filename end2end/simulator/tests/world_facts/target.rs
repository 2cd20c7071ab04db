//! The worlds that facts are checked in, in one shape: clients, and the names of what is in each world.
//!
//! The simulated world is a cluster of the demo in which nothing happens but on request. The real one is cluster a of
//! the testbed, found by its kubeconfig; the kubeconfig of a user without rights lies beside it. Facts share both.

use std::fmt::Debug;
use std::path::Path;
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{ListParams, ObjectMeta, PostParams};
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use kube::core::{DynamicObject, GroupVersionKind, Status};
use kube::discovery::ApiResource;
use kube::{Api, Client, Config, ResourceExt as _};
use serde_json::{Value, json};
use simulator::{Cluster, ClusterSpec, Rights, Simulator, world};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

/// Names the testbed's kubeconfig.
pub(crate) const TESTBED: &str = "WORLD_FACTS_KUBECONFIG";
/// Where Flux's objects are.
pub(crate) const FLUX: &str = "flux-system";
/// The label of objects that a fact makes.
pub(crate) const SCRATCH_LABEL: &str = "world-facts";
/// What a controller may take to answer a request: a health check looks every five seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// Lines that the simulated container has written before a fact looks.
const LINES: usize = 20;

/// One world.
pub(crate) struct Target {
    /// For messages.
    pub(crate) world: &'static str,
    /// A user with all rights.
    pub(crate) client: Client,
    /// A user without any.
    pub(crate) nobody: Client,
    /// Nobody that the cluster knows.
    pub(crate) stranger: Client,
    /// A Kustomization in [`FLUX`] that becomes ready.
    pub(crate) kustomization: &'static str,
    /// A GitRepository in [`FLUX`].
    pub(crate) repository: &'static str,
    /// A Helm release and its namespace, the label `app` of its pods and the name of their only container.
    pub(crate) app: &'static str,
    /// The cluster behind it, when it is simulated.
    simulated: Option<&'static Cluster>,
}

/// Started once, on a thread that outlives the runtimes of the tests.
static SIMULATED: LazyLock<Cluster> = LazyLock::new(|| {
    let (started, cluster) = mpsc::channel();
    thread::spawn(move || {
        Runtime::new().unwrap().block_on(async {
            let simulator = Simulator::start(vec![ClusterSpec::demo("prod-eu", 1)]).await.unwrap();
            started.send(simulator.clusters()[0].clone()).unwrap();
            // No tick falls within the tests: what happens is what a fact asks for.
            world::run(&simulator, Duration::from_secs(86_400), 1).await.unwrap();
        });
    });
    cluster.recv().unwrap()
});

static SPOKEN: OnceCell<()> = OnceCell::const_new();

impl Target {
    /// The simulator, and the testbed if it is named.
    pub(crate) async fn all() -> Vec<Self> {
        let mut targets = vec![Self::simulator().await];
        if let Some(kubeconfig) = std::env::var_os(TESTBED) {
            targets.push(Self::testbed(Path::new(&kubeconfig)).await);
        }
        targets
    }

    async fn simulator() -> Self {
        let cluster = &*SIMULATED;
        let kubeconfig = |user| Kubeconfig::from_yaml(&cluster.kubeconfig_for(user)).unwrap();
        let target = Self {
            world: "simulator",
            client: client(config(kubeconfig(Rights::Admin)).await),
            nobody: client(config(kubeconfig(Rights::Nobody)).await),
            stranger: client(unknown(config(kubeconfig(Rights::Admin)).await)),
            kustomization: "platform",
            repository: "platform",
            app: "podinfo",
            simulated: Some(cluster),
        };
        // Once and by one test: the times of lines have to grow.
        SPOKEN
            .get_or_init(async || {
                let pod = target.pod().await;
                (0..LINES).for_each(|_| target.speak(&pod));
            })
            .await;
        target
    }

    async fn testbed(kubeconfig: &Path) -> Self {
        let admin = Kubeconfig::read_from(kubeconfig).unwrap();
        let viewer = Kubeconfig::read_from(kubeconfig.with_file_name("viewer.kubeconfig")).unwrap();
        Self {
            world: "testbed",
            client: client(config(admin.clone()).await),
            nobody: client(config(viewer).await),
            stranger: client(unknown(config(admin).await)),
            kustomization: "web",
            repository: "fleet",
            app: "demo",
            simulated: None,
        }
    }

    pub(crate) fn config_maps(&self) -> Api<ConfigMap> {
        Api::namespaced(self.client.clone(), "default")
    }

    pub(crate) fn kustomizations(&self) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("kustomize.toolkit.fluxcd.io", "v1", "Kustomization");
        Api::namespaced_with(self.client.clone(), FLUX, &ApiResource::from_gvk_with_plural(&kind, "kustomizations"))
    }

    /// The pods of [`Target::app`] and whatever else runs beside them.
    pub(crate) fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), self.app)
    }

    /// A running pod of [`Target::app`].
    pub(crate) async fn pod(&self) -> String {
        let running = ListParams::default().labels(&format!("app={}", self.app)).fields("status.phase=Running");
        self.pods().list(&running).await.unwrap().items[0].name_any()
    }

    /// Lets a pod write a line soon. The testbed's do so by themselves, each second.
    pub(crate) fn speak(&self, pod: &str) {
        if let Some(cluster) = self.simulated {
            cluster.append_log(self.app, pod, self.app, "canary");
        }
    }

    /// Makes a ConfigMap.
    pub(crate) async fn config_map(&self, name: &str, data: Value) -> ConfigMap {
        let config_map =
            ConfigMap { metadata: scratch(name), data: serde_json::from_value(data).unwrap(), ..ConfigMap::default() };
        self.config_maps().create(&PostParams::default(), &config_map).await.unwrap()
    }

    /// Makes a Kustomization that is suspended and would apply nothing of its own.
    pub(crate) async fn suspended(&self, name: &str) -> DynamicObject {
        let object = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": scratch(name),
            "spec": {"suspend": true, "interval": "10m", "path": "./", "prune": false,
                "sourceRef": {"kind": "GitRepository", "name": self.repository}},
        });
        let object = serde_json::from_value(object).unwrap();
        self.kustomizations().create(&PostParams::default(), &object).await.unwrap()
    }
}

/// A name that no other fact and no other run has.
pub(crate) fn own(name: &str) -> String {
    format!("{SCRATCH_LABEL}-{name}-{}", std::process::id())
}

fn scratch(name: &str) -> ObjectMeta {
    let labels = [(SCRATCH_LABEL.to_owned(), name.to_owned())];
    ObjectMeta { name: Some(name.to_owned()), labels: Some(labels.into()), ..ObjectMeta::default() }
}

/// Never through a proxy: both worlds are on this machine.
async fn config(kubeconfig: Kubeconfig) -> Config {
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    config.proxy_url = None;
    config
}

fn unknown(mut config: Config) -> Config {
    config.auth_info = AuthInfo { token: Some("nobody-knows".to_owned().into()), ..AuthInfo::default() };
    config
}

fn client(config: Config) -> Client {
    Client::try_from(config).unwrap()
}

/// The Status document of a refused request.
pub(crate) fn refusal<T: Debug>(answer: kube::Result<T>) -> Status {
    match answer {
        Err(kube::Error::Api(status)) => *status,
        other => panic!("not refused: {other:?}"),
    }
}

/// Code and reason of a refused request.
pub(crate) fn refused<T: Debug>(answer: kube::Result<T>) -> (u16, String) {
    let status = refusal(answer);
    (status.code, status.reason)
}

/// Lets a wait fail instead of hanging.
pub(crate) async fn soon<T>(what: &str, wait: impl Future<Output = T>) -> T {
    let Ok(found) = tokio::time::timeout(PATIENCE, wait).await else { panic!("waited in vain: {what}") };
    found
}
