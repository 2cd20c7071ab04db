//! `/clusters/{id}`: one cluster, its Flux, and what we may do there.

mod manage;

use domain::access::Viewer;
use domain::cluster::{ClusterDetail, ClusterOrigin, ClusterStatus, ClusterView, FluxComponent, Permission};
use domain::health::Status;
use domain::object::ClusterId;
use domain::protocol::watch::{Snapshot, Topic};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use self::manage::Manage;
use super::clusters::connection_status;
use super::fleet::status_on;
use crate::address::LogsAddress;
use crate::api;
use crate::components::{
    Glyph, Icon, Problems, SegmentedBar, StatusBadge, StatusGlyph, StatusLegend, Timestamp, loaded,
};
use crate::live::live_value;
use crate::viewer::use_viewer;

#[component]
pub(crate) fn ClusterPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| ClusterId(params.read().get("id").unwrap_or_default()));
    let viewer = use_viewer();
    let cluster =
        Resource::new(move || id.get(), move |id| async move { Ok((api::cluster(id).await?, viewer.known().await)) });
    view! {
        <Title text=move || id.read().to_string()/>
        <main class="page" id="main">
            {loaded(cluster, |(detail, viewer)| view! { <Cluster detail viewer/> })}
        </main>
    }
}

#[component]
fn Cluster(detail: ClusterDetail, viewer: Option<Viewer>) -> impl IntoView {
    let id = detail.cluster.id.clone();
    let topic = Topic::Cluster { cluster: id.clone() };
    let live = live_value(detail.clone(), topic, |snapshot| match snapshot {
        Snapshot::Cluster(detail) => Some(*detail),
        _ => None,
    });
    let status = Memo::new(move |_| live.read().cluster.status.clone());
    let problems = Memo::new(move |_| live.read().cluster.problems.clone());
    let counts = Memo::new(move |_| live.read().cluster.counts.clone());
    let components = Memo::new(move |_| live.read().components.clone());
    let permissions = Memo::new(move |_| live.read().cluster.permissions.clone());
    let logs = LogsAddress::of_namespace(&id, "flux-system");
    let resources = format!("/resources?cluster={id}");
    let link = move |status: Status| status_on(id.as_str(), status);
    view! {
        <div class="page-header">
            <h1>{move || live.read().cluster.name.clone()}</h1>
            {move || view! { <StatusBadge status=connection_status(&status.read()) label=status.read().word()/> }}
            <span class="muted">{move || live.read().cluster.description.clone()}</span>
            <div class="page-actions">
                <a class="button" href=resources><Icon glyph=Glyph::List/>"Resources"</a>
                <a class="button" href=logs><Icon glyph=Glyph::Terminal/>"Logs"</a>
                <Manage cluster=detail.cluster viewer/>
            </div>
        </div>
        {move || view! { <Problems problems=problems.get()/> }}
        <div class="stack">
            <div class="bar-row">
                {move || view! {
                    <SegmentedBar counts=counts.get() large=true link=Some(link.clone())/>
                    <StatusLegend counts=counts.get() link=link.clone()/>
                }}
            </div>
            {move || view! { <Summary cluster=live.read().cluster.clone()/> }}
            {move || view! { <Components components=components.get()/> }}
            {move || view! { <Permissions permissions=permissions.get()/> }}
        </div>
    }
}

fn origin(origin: ClusterOrigin) -> &'static str {
    match origin {
        ClusterOrigin::Registered => "registered here, credentials kept encrypted",
        ClusterOrigin::Kubeconfig => "a context of the server's kubeconfig",
        ClusterOrigin::InCluster => "the cluster that this server runs in",
    }
}

#[component]
fn Summary(cluster: ClusterView) -> impl IntoView {
    let since = match &cluster.status {
        ClusterStatus::Unreachable { since, reason } | ClusterStatus::Refused { since, reason } => {
            Some((*since, reason.clone()))
        }
        _ => None,
    };
    view! {
        <section class="panel" aria-labelledby="about">
            <header class="panel-header"><h2 id="about">"About"</h2></header>
            <dl class="facts panel-body">
                <dt>"API server"</dt><dd class="mono">{cluster.server}</dd>
                <dt>"Credentials"</dt><dd>{origin(cluster.origin)}</dd>
                <dt>"Flux"</dt><dd class="mono">{cluster.flux_version.unwrap_or_else(|| "not found".to_owned())}</dd>
                <dt>"Kubernetes"</dt>
                <dd class="mono">{cluster.kubernetes_version.unwrap_or_else(|| "unknown".to_owned())}</dd>
                <dt>"Last change"</dt><dd><Timestamp time=cluster.last_change/></dd>
                <dt>"Last seen"</dt><dd><Timestamp time=cluster.last_seen/></dd>
                {since.map(|(since, reason)| view! {
                    <dt>"No answer since"</dt>
                    <dd><Timestamp time=since/> ": " {reason}</dd>
                })}
            </dl>
        </section>
    }
}

#[component]
fn Components(components: Vec<FluxComponent>) -> impl IntoView {
    let none = components.is_empty();
    let rows: Vec<_> = components
        .into_iter()
        .map(|component| {
            let FluxComponent { name, image, ready_replicas, replicas, restarts } = component;
            let status = if ready_replicas >= replicas && replicas > 0 { Status::Ready } else { Status::Failed };
            view! {
                <tr>
                    <td><StatusBadge status label=format!("{ready_replicas}/{replicas} ready")/></td>
                    <th scope="row">{name}</th>
                    <td class="table-mono" title=image.clone()>{image.clone()}</td>
                    <td class="table-number">{format!("{restarts} restarts")}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <section class="panel" aria-labelledby="components">
            <header class="panel-header"><h2 id="components">"Flux components"</h2></header>
            <table class="table table-plain components">
                <caption class="visually-hidden">"Flux components"</caption>
                <tbody>{rows}</tbody>
            </table>
            {none.then(|| view! { <p class="panel-body muted">"No Flux controller was found on this cluster."</p> })}
        </section>
    }
}

#[component]
fn Permissions(permissions: Vec<Permission>) -> impl IntoView {
    let entries: Vec<_> = permissions
        .into_iter()
        .map(|Permission { name, held, without }| {
            let (status, title) = if held {
                (Status::Ready, format!("May {name}"))
            } else {
                (Status::Stalled, format!("May not {name}"))
            };
            view! {
                <li class="permission">
                    <StatusGlyph status/>
                    <div><b>{title}</b> {(!held).then(|| view! { <p class="muted">{without}</p> })}</div>
                </li>
            }
        })
        .collect();
    let none = entries.is_empty();
    view! {
        <section class="panel" aria-labelledby="permissions">
            <header class="panel-header"><h2 id="permissions">"Permissions"</h2></header>
            <ul class="permissions">{entries}</ul>
            {none.then(|| view! { <p class="panel-body muted">"Not checked yet: the cluster has not answered."</p> })}
        </section>
    }
}
