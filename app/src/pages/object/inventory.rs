//! What an applier manages, each with its health and a way to it.

use domain::health::Status;
use domain::resource::{ManagedObject, ObjectView};
use leptos::prelude::*;

use crate::components::{Empty, Glyph, StatusGlyph};

#[component]
pub(super) fn Inventory(live: ReadSignal<ObjectView>) -> impl IntoView {
    let inventory = Memo::new(move |_| live.read().inventory.clone());
    view! {
        <Show when=move || !inventory.read().is_empty() fallback=NoInventory>
            <ul class="tree panel" aria-label="Managed objects">
                {move || inventory.get().into_iter().map(|managed| view! { <Managed managed/> }).collect::<Vec<_>>()}
            </ul>
        </Show>
    }
}

#[component]
fn NoInventory() -> impl IntoView {
    view! {
        <Empty
            glyph=Glyph::Layers
            title="No inventory"
            text="This object manages nothing, or its controller has not applied anything yet."
        />
    }
}

#[component]
fn Managed(managed: ManagedObject) -> impl IntoView {
    let ManagedObject { object, health, message, .. } = managed;
    let namespace = object.namespace.clone();
    view! {
        <li class="tree-row">
            <StatusGlyph status=Status::from(health)/>
            <span class="tree-kind">{object.kind.clone()}</span>
            <a class="tree-name" href=object.page()>{object.name.clone()}</a>
            {namespace.map(|namespace| view! { <span class="faint">{namespace}</span> })}
            <span class="tree-end" title=message.clone()>{message.clone()}</span>
            <a class="button button-small" href=object.diff_page()>"View diff"</a>
        </li>
    }
}
