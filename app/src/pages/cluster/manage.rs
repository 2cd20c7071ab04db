//! What can be done with a cluster as such: sync it, remove it. Forms, so both work without scripts.

use domain::access::{Scope, Verb, Viewer, decide};
use domain::cluster::{ClusterOrigin, ClusterView};
use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::api::{DeleteCluster, SyncCluster};
use crate::components::{Glyph, Icon, error_text};

#[component]
pub(super) fn Manage(cluster: ClusterView, viewer: Option<Viewer>) -> impl IntoView {
    let viewer = viewer?;
    let may = |verb| decide(&viewer.grants, verb, Scope::Cluster(&cluster.id));
    let sync = may(Verb::Sync).then(|| view! { <Sync id=cluster.id.0.clone()/> });
    // A cluster of the server's own kubeconfig comes back with the next start.
    let removable = may(Verb::ManageClusters) && cluster.origin == ClusterOrigin::Registered;
    let remove = removable.then(|| view! { <Remove id=cluster.id.0.clone() name=cluster.name.clone()/> });
    Some(view! { {sync} {remove} })
}

#[component]
fn Sync(id: String) -> impl IntoView {
    let sync = ServerAction::<SyncCluster>::new();
    let said = move || match sync.value().get() {
        _ if sync.pending().get() => Some("Reading every kind".to_owned()),
        Some(Ok(outcome)) => Some(format!("{} objects read", outcome.total)),
        Some(Err(failure)) => Some(error_text(&failure)),
        None => None,
    };
    view! {
        <span class="muted" aria-live="polite">{said}</span>
        <ActionForm action=sync>
            <input type="hidden" name="id" value=id/>
            <button class="button" type="submit" aria-busy=move || sync.pending().get().then_some("true")>
                <Icon glyph=Glyph::Refresh/>"Sync"
            </button>
        </ActionForm>
    }
}

/// Asks once, naming the effect.
#[component]
fn Remove(id: String, name: String) -> impl IntoView {
    let remove = ServerAction::<DeleteCluster>::new();
    let effect = format!("{name} and what is stored of it are forgotten. Nothing changes on the cluster.");
    let failed = move || remove.value().get().and_then(Result::err).map(|failure| error_text(&failure));
    view! {
        <details class="menu menu-end">
            <summary class="button button-icon" aria-label=format!("Remove {name}")><Icon glyph=Glyph::Trash/></summary>
            <div class="menu-list">
                <ActionForm action=remove>
                    <input type="hidden" name="id" value=id/>
                    <p class="panel-body">{effect}</p>
                    <button class="button button-danger" type="submit">{format!("Remove {name}")}</button>
                    {move || failed().map(|text| view! { <p class="field-error" role="alert">{text}</p> })}
                </ActionForm>
            </div>
        </details>
    }
}
