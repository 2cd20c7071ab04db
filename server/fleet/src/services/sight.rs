//! What one caller sees of the fleet: the rows and counts that their grants reach.

use std::sync::Arc;

use domain::access::{Grant, Scope, Verb, decide};
use domain::cluster::ClusterView;
use domain::health::StatusCounts;
use domain::resource::ResourceRow;

use crate::access::Caller;
use crate::clusters::{Cluster, Clusters};

/// The grants of a caller, asked about viewing.
pub(super) struct Sight<'a> {
    grants: &'a [Grant],
    everything: bool,
}

impl<'a> Sight<'a> {
    pub(super) fn of(caller: &'a Caller) -> Self {
        Self { grants: &caller.grants, everything: decide(&caller.grants, Verb::View, Scope::Everything) }
    }

    /// By id; those into which some grant reaches.
    pub(super) fn clusters(&self, clusters: &Clusters) -> Vec<Arc<Cluster>> {
        let mut clusters = clusters.all();
        clusters.retain(|cluster| self.sees_cluster(cluster));
        clusters
    }

    pub(super) fn sees_cluster(&self, cluster: &Cluster) -> bool {
        self.everything || decide(self.grants, Verb::View, Scope::Cluster(cluster.id()))
    }

    fn sees_row(&self, row: &ResourceRow) -> bool {
        if self.everything {
            return true;
        }
        let scope = match &row.object.namespace {
            Some(namespace) => Scope::Namespace(&row.object.cluster, namespace),
            None => Scope::Cluster(&row.object.cluster),
        };
        decide(self.grants, Verb::View, scope)
    }

    pub(super) fn rows(&self, cluster: &Cluster) -> Vec<Arc<ResourceRow>> {
        let mut rows = cluster.index.rows();
        if !self.everything {
            rows.retain(|row| self.sees_row(row));
        }
        rows
    }

    /// The cluster, with counts of what the caller sees of it.
    pub(super) fn view(&self, cluster: &Cluster) -> ClusterView {
        let mut view = cluster.view();
        if !self.everything {
            let mut counts = StatusCounts::default();
            let rows = self.rows(cluster);
            for row in &rows {
                counts.add(row.status);
            }
            view.counts = counts;
            view.last_change = rows.iter().filter_map(|row| row.last_activity).max();
        }
        view
    }
}
