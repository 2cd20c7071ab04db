//! A secret that the server tells once: what it is, the text to copy, and that it will not be shown again.

use leptos::prelude::*;

use super::{CopyButton, Glyph, Icon};

#[component]
pub(crate) fn Secret(
    /// `The token ci`.
    #[prop(into)]
    what: String,
    secret: String,
) -> impl IntoView {
    view! {
        <div class="panel panel-note note-accent secret" role="status">
            <Icon glyph=Glyph::Shield/>
            <p>{what} " is " <code class="mono secret-text">{secret.clone()}</code> ". It is shown only this once."</p>
            <CopyButton text=secret label="Copy"/>
        </div>
    }
}
