//! A view with nothing in it: why, and the next step.

use leptos::prelude::*;

use super::{Glyph, Icon};

#[component]
pub(crate) fn Empty(
    glyph: Glyph,
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    /// Label and address of the next step.
    #[prop(optional, into)]
    next: Option<(String, String)>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Icon glyph class="icon icon-large"/>
            <h2>{title}</h2>
            <p>{text}</p>
            {next.map(|(label, href)| view! { <a class="button button-primary" href=href>{label}</a> })}
        </div>
    }
}
