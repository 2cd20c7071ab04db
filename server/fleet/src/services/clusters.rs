//! The clusters: list, look, try out, register, change, remove, sync.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::access::Verb;
use domain::cluster::{ClusterDetail, ClusterView, KindCount, ProbeStep, RegisterCluster, SyncOutcome, UpdateCluster};
use domain::error::{ApiError, ErrorCode};
use domain::object::ClusterId;
use domain::problem::Listing;
use tokio::time::timeout;

use super::Services;
use super::error::{of_audit, of_clusters};
use super::sight::Sight;
use crate::access::{Caller, authorize_cluster, authorize_everything};
use crate::clusters::flux::components;
use crate::clusters::onboarding::OnboardingStep;

/// A full list of a large cluster over a slow line.
const SYNC_TIMEOUT: Duration = Duration::from_secs(60);

impl Services {
    /// All clusters that the caller sees anything of, by id.
    ///
    /// # Errors
    /// None at present; a list is never refused as a whole.
    pub fn list_clusters(&self, caller: &Caller) -> Result<Listing<ClusterView>, ApiError> {
        let sight = Sight::of(caller);
        let items = sight.clusters(&self.engine.clusters).iter().map(|cluster| sight.view(cluster)).collect();
        Ok(Listing { items, problems: Vec::new() })
    }

    /// # Errors
    /// Forbidden, or not found.
    pub fn cluster(&self, caller: &Caller, id: &ClusterId) -> Result<ClusterDetail, ApiError> {
        authorize_cluster(caller, Verb::View, id)?;
        let cluster = self.known_cluster(id)?;
        Ok(ClusterDetail { cluster: Sight::of(caller).view(&cluster), components: components(&cluster.index) })
    }

    /// Try a kubeconfig out, without saving anything.
    ///
    /// # Errors
    /// Forbidden. A kubeconfig that does not work is an answer: its failed steps.
    pub async fn probe_cluster(&self, caller: &Caller, request: &RegisterCluster) -> Result<Vec<ProbeStep>, ApiError> {
        self.permitted(caller, authorize_everything(caller, Verb::ManageClusters)).await?;
        Ok(self.engine.clusters.probe(request).await.steps)
    }

    /// # Errors
    /// Forbidden; refused, with `details.steps`; the name is taken.
    pub async fn register_cluster(&self, caller: &Caller, request: RegisterCluster) -> Result<ClusterView, ApiError> {
        let authorized = self.permitted(caller, authorize_everything(caller, Verb::ManageClusters)).await?;
        let name = request.name.clone();
        let work = self.engine.clusters.register(request);
        let cluster = self
            .engine
            .audit
            .run(&authorized, "register cluster", &name, work)
            .await
            .map_err(|error| of_audit(error, of_clusters))?;
        Ok(cluster.view())
    }

    /// # Errors
    /// As [`Services::register_cluster`]; not found; it comes from the command line.
    pub async fn update_cluster(
        &self,
        caller: &Caller,
        id: &ClusterId,
        request: UpdateCluster,
    ) -> Result<ClusterView, ApiError> {
        let authorized = self.permitted(caller, authorize_cluster(caller, Verb::ManageClusters, id)).await?;
        let detail = if request.kubeconfig.is_some() { "new kubeconfig" } else { "" };
        let work = self.engine.clusters.update(id, request);
        let cluster = self
            .engine
            .audit
            .run(&authorized, "update cluster", detail, work)
            .await
            .map_err(|error| of_audit(error, of_clusters))?;
        Ok(cluster.view())
    }

    /// # Errors
    /// Forbidden; not found; it comes from the command line.
    pub async fn delete_cluster(&self, caller: &Caller, id: &ClusterId) -> Result<(), ApiError> {
        let authorized = self.permitted(caller, authorize_cluster(caller, Verb::ManageClusters, id)).await?;
        let work = self.engine.clusters.remove(id);
        self.engine
            .audit
            .run(&authorized, "remove cluster", "", work)
            .await
            .map_err(|error| of_audit(error, of_clusters))
    }

    /// Discover and list everything anew, and say what there is.
    ///
    /// # Errors
    /// Forbidden; not found; the cluster does not answer in time.
    pub async fn sync_cluster(&self, caller: &Caller, id: &ClusterId) -> Result<SyncOutcome, ApiError> {
        let authorized = self.permitted(caller, authorize_cluster(caller, Verb::Sync, id)).await?;
        let cluster = self.known_cluster(id)?;
        let work = async { Ok::<_, std::convert::Infallible>(timeout(SYNC_TIMEOUT, cluster.resync()).await) };
        let synced = self
            .engine
            .audit
            .run(&authorized, "sync cluster", "", work)
            .await
            .map_err(|error| of_audit(error, |never| match *never {}))?;
        match synced {
            Ok(true) => {}
            Ok(false) => {
                return Err(ApiError::new(ErrorCode::Unreachable, format!("Cluster {id} does not answer.")));
            }
            Err(_) => {
                return Err(ApiError::new(
                    ErrorCode::Unreachable,
                    format!("Cluster {id} has not listed everything in time; it goes on in the background."),
                ));
            }
        }
        let sight = Sight::of(caller);
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for row in sight.rows(&cluster) {
            *kinds.entry(row.object.kind.clone()).or_default() += 1;
        }
        Ok(SyncOutcome {
            cluster_id: id.clone(),
            total: kinds.values().sum(),
            kinds: kinds.into_iter().map(|(kind, count)| KindCount { kind, count }).collect(),
            problems: cluster.problems(),
        })
    }

    /// YAML that gives this product a service account on a cluster; the same for everybody.
    #[must_use]
    pub fn onboarding_manifest(step: OnboardingStep) -> &'static str {
        step.manifest()
    }
}
