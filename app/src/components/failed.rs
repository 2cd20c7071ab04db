//! The refusal of a form, in one line above it.

use leptos::prelude::*;

use super::error_text;
use crate::Failure;

/// Nothing while nothing failed.
#[component]
pub(crate) fn Failed<T: Clone + Send + Sync + 'static>(
    #[prop(into)] outcome: Signal<Option<Result<T, Failure>>>,
) -> impl IntoView {
    let text = move || outcome.with(|outcome| outcome.as_ref()?.as_ref().err().map(error_text));
    view! {
        {move || text().map(|text| view! { <p class="field-error panel-body" role="alert">{text}</p> })}
    }
}
