//! The interface: pages, components and server functions.

use leptos::prelude::*;

/// The application's root component.
#[component]
pub fn App() -> impl IntoView {
    view! { <h1>"flux-orchestrator"</h1> }
}
