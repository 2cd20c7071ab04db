//! Whether everything has been looked at once since the start.

use domain::cluster::ClusterStatus;

use super::Services;

impl Services {
    /// How many clusters have neither been listed nor been found not to answer, and how many there are.
    #[must_use]
    pub fn clusters_not_listed_yet(&self) -> (usize, usize) {
        let clusters = self.engine.clusters.all();
        let waiting = clusters.iter().filter(|cluster| matches!(cluster.view().status, ClusterStatus::Connecting));
        (waiting.count(), clusters.len())
    }
}
