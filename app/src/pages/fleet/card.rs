//! A cluster on the fleet page.

use domain::cluster::{ClusterStatus, ClusterView};
use domain::health::{Status, StatusCounts};
use domain::list::{ListFilter, ListQuery};
use leptos::prelude::*;

use crate::address::resources;
use crate::components::{SegmentedBar, StatusBadge, Timestamp};

/// The worst that there is to say in a few words.
fn worst(status: &ClusterStatus, counts: &StatusCounts) -> (Status, String) {
    match status {
        ClusterStatus::Connecting => return (Status::Progressing, "connecting".to_owned()),
        ClusterStatus::Unreachable { .. } => return (Status::Failed, "unreachable".to_owned()),
        ClusterStatus::Refused { .. } => return (Status::Failed, "credentials refused".to_owned()),
        ClusterStatus::Disabled => return (Status::Suspended, "not watched".to_owned()),
        ClusterStatus::Connected => {}
    }
    match counts.worst() {
        None => (Status::Unknown, "no Flux objects".to_owned()),
        Some(Status::Ready) => (Status::Ready, "all ready".to_owned()),
        Some(status) => (status, format!("{} {}", counts.get(status), status.word())),
    }
}

/// Since when the cluster does not answer.
fn since(status: &ClusterStatus) -> Option<i64> {
    match status {
        ClusterStatus::Unreachable { since, .. } | ClusterStatus::Refused { since, .. } => Some(*since),
        _ => None,
    }
}

#[component]
pub(super) fn ClusterCard(cluster: ClusterView) -> impl IntoView {
    let (status, words) = worst(&cluster.status, &cluster.counts);
    let since = since(&cluster.status);
    let class = if since.is_some() { "panel cluster-card stale" } else { "panel cluster-card" };
    let version = |name: &str, version: Option<String>| format!("{name} {}", version.unwrap_or_else(|| "–".to_owned()));
    let versions = format!("{} {}", version("flux", cluster.flux_version), version("k8s", cluster.kubernetes_version));
    let none: Option<fn(Status) -> String> = None;
    view! {
        <a class=class href=format!("/clusters/{}", cluster.id)>
            <span class="cluster-card-line">
                <b class="truncate" title=cluster.name.clone()>{cluster.name.clone()}</b>
                <span class="cluster-card-end faint">{format!("{} resources", cluster.counts.total())}</span>
            </span>
            <SegmentedBar counts=cluster.counts link=none/>
            <span class="cluster-card-line">
                <span class="mono muted truncate">{versions}</span>
                <span class="cluster-card-end">
                    <StatusBadge status label=words/>
                    {since.map(|since| view! { " " <Timestamp time=since/> })}
                </span>
            </span>
        </a>
    }
}

/// The list of one status on one cluster.
pub(in crate::pages) fn status_on(cluster: &str, status: Status) -> String {
    let filter = ListFilter { cluster: cluster.to_owned(), status: status.word().to_owned(), ..ListFilter::default() };
    resources(&ListQuery { filter, ..ListQuery::default() })
}
