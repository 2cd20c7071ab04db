//! Tries every configured cluster out once, for the command line: reachable, version, Flux, and what each permission is for.
//!
//! Nothing is watched, saved or changed; the same probe as at registration, all clusters at the same time.

use std::path::PathBuf;

use domain::cluster::{ClusterOrigin, Permission, ProbeStep, StepOutcome};
use futures::StreamExt as _;
use secrecy::ExposeSecret as _;

use super::ClustersError;
use super::address::AddressPolicy;
use super::connection::connect_in_cluster;
use super::failure::Failure;
use super::kubeconfig::{Supplier, contexts};
use super::probe::{Probe, ask_cluster, probe};
use crate::store::Store;

/// Clusters that are tried at the same time.
const AT_ONCE: usize = 16;

/// Which clusters to try.
#[derive(Clone, Debug, Default)]
pub struct ClusterSources {
    /// Every context of each is one.
    pub kubeconfigs: Vec<PathBuf>,
    pub in_cluster: bool,
    /// Registered clusters may be on this machine.
    pub allow_loopback_clusters: bool,
}

/// What one cluster said.
#[derive(Clone, Debug)]
pub struct ClusterInspection {
    pub name: String,
    pub origin: ClusterOrigin,
    /// As at registration, in order.
    pub steps: Vec<ProbeStep>,
    /// Empty if the cluster could not be asked.
    pub permissions: Vec<Permission>,
}

/// What is to be tried of one cluster.
struct Candidate {
    name: String,
    origin: ClusterOrigin,
    /// `None` for our own service account.
    kubeconfig: Option<(secrecy::SecretString, Option<String>)>,
}

/// Every registered cluster of the store, if there is one, every context, and our own cluster.
///
/// # Errors
/// If the store or a kubeconfig file cannot be read. A cluster that does not work is an answer.
pub async fn inspect_clusters(
    store: Option<&Store>,
    sources: &ClusterSources,
) -> Result<Vec<ClusterInspection>, ClustersError> {
    let mut candidates = Vec::new();
    if let Some(store) = store {
        candidates.extend(store.clusters().list().await?.into_iter().map(|stored| Candidate {
            name: stored.name,
            origin: ClusterOrigin::Registered,
            kubeconfig: Some((stored.kubeconfig, None)),
        }));
    }
    for path in &sources.kubeconfigs {
        candidates.extend(candidates_of(path).await?);
    }
    if sources.in_cluster {
        candidates.push(Candidate {
            name: "in-cluster".to_owned(),
            origin: ClusterOrigin::InCluster,
            kubeconfig: None,
        });
    }
    let inspections = candidates.into_iter().map(|candidate| inspect(candidate, sources.allow_loopback_clusters));
    Ok(futures::stream::iter(inspections).buffered(AT_ONCE).collect().await)
}

async fn candidates_of(path: &std::path::Path) -> Result<Vec<Candidate>, ClustersError> {
    let name = path.display().to_string();
    let text = tokio::fs::read_to_string(path)
        .await
        .map_err(|source| ClustersError::ReadKubeconfig { path: name.clone(), source })?;
    let contexts = contexts(&text).map_err(|source| ClustersError::LocalKubeconfig { path: name, source })?;
    let candidate = |context: String| Candidate {
        name: context.clone(),
        origin: ClusterOrigin::Kubeconfig,
        kubeconfig: Some((text.clone().into(), Some(context))),
    };
    Ok(contexts.into_iter().map(candidate).collect())
}

async fn inspect(candidate: Candidate, allow_loopback: bool) -> ClusterInspection {
    let Candidate { name, origin, kubeconfig } = candidate;
    let (steps, findings) = match kubeconfig {
        Some((text, context)) => {
            let (supplier, policy) = match origin {
                ClusterOrigin::Registered => (Supplier::Web, AddressPolicy::of_web(allow_loopback, Vec::new())),
                _ => (Supplier::Operator, AddressPolicy::of_operator()),
            };
            let Probe { steps, findings, .. } =
                probe(text.expose_secret(), context.as_deref(), supplier, &policy).await;
            (steps, findings)
        }
        None => match connect_in_cluster() {
            Ok(client) => {
                let Probe { steps, findings, .. } = ask_cluster(&client).await;
                (steps, findings)
            }
            Err(error) => {
                let detail = Failure::of_connection(&error).message().to_owned();
                (vec![ProbeStep { name: "accepted".to_owned(), outcome: StepOutcome::Failed, detail }], None)
            }
        },
    };
    let permissions = findings.map(|findings| findings.permissions).unwrap_or_default();
    ClusterInspection { name, origin, steps, permissions }
}
