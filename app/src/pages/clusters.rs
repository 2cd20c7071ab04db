//! `/clusters`: every registered cluster, whether it answers, and what runs on it.

use domain::cluster::{ClusterStatus, ClusterView};
use domain::health::Status;
use domain::problem::Listing;
use domain::protocol::watch::{Snapshot, Topic};
use leptos::prelude::*;
use leptos_meta::Title;

use super::fleet::status_on;
use crate::api;
use crate::components::{Empty, Glyph, Icon, Problems, SegmentedBar, StatusBadge, Timestamp, loaded_part};
use crate::live::live_value;

#[component]
pub(crate) fn ClustersPage() -> impl IntoView {
    let clusters = Resource::new(|| (), |()| api::clusters());
    view! {
        <Title text="Clusters"/>
        <main class="page" id="main">
            <div class="page-header">
                <h1>"Clusters"</h1>
                <span class="page-actions">
                    <a class="button button-primary" href="/clusters/new">
                        <Icon glyph=Glyph::Plus/>"Register a cluster"
                    </a>
                </span>
            </div>
            {loaded_part(clusters, |listing| view! { <Clusters listing/> })}
        </main>
    }
}

/// The status of a connection in the words and colours of all statuses.
pub(super) fn connection_status(status: &ClusterStatus) -> Status {
    match status {
        ClusterStatus::Connecting => Status::Progressing,
        ClusterStatus::Connected => Status::Ready,
        ClusterStatus::Unreachable { .. } | ClusterStatus::Refused { .. } => Status::Failed,
        ClusterStatus::Disabled => Status::Suspended,
    }
}

/// Of the columns; the third takes what is left.
const WIDTHS: [&str; 7] = ["width: 10em", "width: 18%", "", "width: 9em", "width: 9em", "width: 24%", "width: 7em"];

#[component]
fn Clusters(listing: Listing<ClusterView>) -> impl IntoView {
    let Listing { items, problems } = listing;
    let clusters = live_value(items, Topic::Clusters, |snapshot| match snapshot {
        Snapshot::Clusters(clusters) => Some(clusters),
        _ => None,
    });
    let rows = move || clusters.get().into_iter().map(|cluster| view! { <ClusterRow cluster/> }).collect_view();
    view! {
        <Problems problems/>
        <Show when=move || !clusters.read().is_empty() fallback=NoCluster>
            <div class="table-frame panel">
                <table class="table table-phone">
                    <caption class="visually-hidden">"Clusters"</caption>
                    <colgroup>
                        {WIDTHS.map(|width| view! { <col style=width/> }).into_iter().collect_view()}
                    </colgroup>
                    <thead>
                        <tr>
                            <th scope="col">"Status"</th>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Server"</th>
                            <th scope="col">"Flux"</th>
                            <th scope="col">"Kubernetes"</th>
                            <th scope="col">"Resources"</th>
                            <th scope="col">"Last change"</th>
                        </tr>
                    </thead>
                    <tbody>
                        {rows}
                    </tbody>
                </table>
            </div>
        </Show>
    }
}

/// Instead of clusters where none is registered.
#[component]
pub(super) fn NoCluster() -> impl IntoView {
    view! {
        <Empty
            glyph=Glyph::Package
            title="No cluster yet"
            text="Paste a kubeconfig to see its Flux resources here."
            next=("Register a cluster".to_owned(), "/clusters/new".to_owned())
        />
    }
}

#[component]
fn ClusterRow(cluster: ClusterView) -> impl IntoView {
    let id = cluster.id.clone();
    let link = move |status: Status| status_on(id.as_str(), status);
    let dash = || "–".to_owned();
    view! {
        <tr class="table-row">
            <td data-phone="status">
                <StatusBadge status=connection_status(&cluster.status) label=cluster.status.word()/>
            </td>
            <th scope="row" data-phone="name">
                <a class="table-name" href=format!("/clusters/{}", cluster.id)>{cluster.name}</a>
            </th>
            <td class="table-muted" data-phone="line" title=cluster.server.clone()>{cluster.server.clone()}</td>
            <td class="table-mono">{cluster.flux_version.unwrap_or_else(dash)}</td>
            <td class="table-mono">{cluster.kubernetes_version.unwrap_or_else(dash)}</td>
            <td><SegmentedBar counts=cluster.counts link=Some(link)/></td>
            <td class="table-number" data-phone="end"><Timestamp time=cluster.last_change/></td>
        </tr>
    }
}
