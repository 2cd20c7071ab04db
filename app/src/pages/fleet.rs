//! `/`: all clusters at a glance, what needs somebody, what changed last.

mod attention;
mod card;

use domain::health::Status;
use domain::protocol::watch::{Snapshot, Topic};
use domain::resource::{FleetView, ResourceRow};
use leptos::prelude::*;
use leptos_meta::Title;

use self::attention::Attention;
use self::card::ClusterCard;
pub(super) use self::card::status_on;
use super::clusters::NoCluster;
use crate::api;
use crate::components::{Erase, Problems, StatusBadge, Timestamp, loaded, short_revision};
use crate::live::live_value;

#[component]
pub(crate) fn FleetPage() -> impl IntoView {
    let fleet = Resource::new(|| (), |()| api::fleet());
    view! {
        <Title text="Fleet"/>
        <main class="page" id="main">
            {loaded(fleet, |view| view! { <Fleet view/> })}
        </main>
    }
}

#[component]
fn Fleet(view: FleetView) -> impl IntoView {
    let fleet = live_value(view, Topic::Fleet, |snapshot| match snapshot {
        Snapshot::Fleet(view) => Some(*view),
        _ => None,
    });
    let clusters = Memo::new(move |_| fleet.read().clusters.clone());
    let attention = Memo::new(move |_| fleet.read().attention.clone());
    let recent = Memo::new(move |_| fleet.read().recent.clone());
    let problems = Memo::new(move |_| fleet.read().problems.clone());
    view! {
        <div class="page-header">
            <h1>"Fleet"</h1>
            {move || view! { <Totals view=fleet.get()/> }}
        </div>
        {move || view! { <Problems problems=problems.get()/> }}
        <Show when=move || !clusters.read().is_empty() fallback=NoCluster>
            <section aria-label="Clusters" class="fleet-clusters">
                {move || clusters.get().into_iter().map(|cluster| view! { <ClusterCard cluster/> }).collect::<Vec<_>>()}
            </section>
            <div class="columns fleet-columns">
                {move || view! { <Attention rows=attention.get()/> }}
                {move || view! { <Recent rows=recent.get()/> }}
            </div>
        </Show>
    }
}

#[component]
fn Totals(view: FleetView) -> impl IntoView {
    let up = view.clusters.iter().filter(|cluster| cluster.status.is_connected()).count();
    let drifted = view.counts.get(Status::Drifted);
    view! {
        <span class="muted">{format!("{up} of {} clusters up", view.clusters.len())}</span>
        <a class="muted" href="/resources">{format!("{} resources", view.counts.total())}</a>
        {(drifted > 0).then(|| view! {
            <a class="muted" href="/resources?status=drifted">{format!("{drifted} drifted")}</a>
        })}
    }
}

/// Rows with the latest activity.
#[component]
fn Recent(rows: Vec<ResourceRow>) -> impl IntoView {
    let entries: Vec<_> = rows.into_iter().map(|row| view! { <Change row/> }).collect();
    let empty = entries.is_empty();
    view! {
        <section class="panel" aria-labelledby="recent">
            <header class="panel-header"><h2 id="recent">"Recent changes"</h2></header>
            {empty.then(|| view! {
                <p class="panel-body muted">"Nothing has changed since the clusters were first read."</p>
            })}
            <ul class="changes">{entries}</ul>
        </section>
    }
}

#[component]
fn Change(row: ResourceRow) -> impl IntoView {
    let revision = row.revision.as_deref().map(short_revision);
    let attempted = row.attempted.as_deref().map(short_revision);
    let shown = match (revision, attempted) {
        (Some(from), Some(to)) => view! { {from} " → " <b>{to}</b> }.erase(),
        (Some(at), None) => view! { <b>{at}</b> }.erase(),
        (None, Some(to)) => view! { <b>{to}</b> }.erase(),
        (None, None) => ().erase(),
    };
    view! {
        <li class="change">
            <StatusBadge status=row.status/>
            <a class="change-name" href=row.object.page()>
                <b>{row.object.name.clone()}</b>
                " "
                <span class="muted">{row.object.kind.clone()} " on " {row.cluster_name}</span>
            </a>
            <span class="change-revision mono" title=row.revision.clone()>{shown}</span>
            <Timestamp time=row.last_activity/>
        </li>
    }
}
