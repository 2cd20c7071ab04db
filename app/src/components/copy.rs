//! Copies a text and says so for a moment.

use std::time::Duration;

use leptos::prelude::*;

use super::{Glyph, Icon};
use crate::platform;

/// How long the button says that it worked.
const SAID: Duration = Duration::from_millis(1500);

#[component]
pub(crate) fn CopyButton(#[prop(into)] text: String, #[prop(into)] label: String) -> impl IntoView {
    let (copied, set_copied) = signal(false);
    let copy = move |_| {
        platform::copy(&text);
        set_copied.set(true);
        set_timeout(move || _ = set_copied.try_set(false), SAID);
    };
    view! {
        <button class="button button-small" type="button" on:click=copy>
            {move || view! { <Icon glyph=if copied.get() { Glyph::Check } else { Glyph::Copy }/> }}
            <span aria-live="polite">{move || if copied.get() { "Copied".to_owned() } else { label.clone() }}</span>
        </button>
    }
}
