//! What a simulated cluster is made of: its name, its versions, its first objects.

/// One cluster to simulate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterSpec {
    /// Name in the kubeconfig; also decides, with the seed, what the world makes of the cluster.
    pub name: String,
    /// Without the `v`: `1.36.3`.
    pub kubernetes_version: String,
    /// Without the `v`: `2.9.4`. None: a cluster without Flux, which serves none of its kinds.
    pub flux_version: Option<String>,
    /// What is in the cluster at the start.
    pub objects: ObjectsSpec,
    /// Replays names, revisions and everything else that is drawn.
    pub seed: u64,
}

/// The first objects of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectsSpec {
    /// A company's platform on Flux, with its workloads and its troubles.
    Demo,
    /// The default namespaces, and Flux's definitions.
    Empty,
    /// That many Flux objects without workloads, for scale; of the Kustomizations so many with an inventory of a
    /// mebibyte.
    Generated { count: usize, large: usize },
}

impl ClusterSpec {
    /// A cluster of the demo world; `prod-eu`, `prod-us` and `staging` have troubles of their own.
    #[must_use]
    pub fn demo(name: &str, seed: u64) -> Self {
        Self::new(name, ObjectsSpec::Demo, seed)
    }

    /// A cluster with Flux's definitions and no objects.
    #[must_use]
    pub fn empty(name: &str) -> Self {
        Self::new(name, ObjectsSpec::Empty, 1)
    }

    /// A cluster with `count` Flux objects.
    #[must_use]
    pub fn generated(name: &str, count: usize) -> Self {
        Self::new(name, ObjectsSpec::Generated { count, large: 0 }, 1)
    }

    fn new(name: &str, objects: ObjectsSpec, seed: u64) -> Self {
        Self {
            name: name.to_owned(),
            kubernetes_version: "1.36.3".to_owned(),
            flux_version: Some("2.9.4".to_owned()),
            objects,
            seed,
        }
    }
}
