//! A tab as a link: the open one is in the URL.

use leptos::prelude::*;

#[component]
pub(crate) fn Tab(
    #[prop(into)] label: String,
    #[prop(into)] href: Signal<String>,
    #[prop(into)] current: Signal<bool>,
    #[prop(into)] count: Signal<Option<usize>>,
) -> impl IntoView {
    view! {
        <a class="tab" href=move || href.get() aria-current=move || current.get().then_some("page")>
            {label}
            {move || count.get().map(|count| view! { " " <span class="count">{count}</span> })}
        </a>
    }
}
