//! What the settings pages have in common: the tabs between them.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::components::Tab;

const TABS: [(&str, &str); 2] = [("Users", "/settings/users"), ("Audit", "/settings/audit")];

#[component]
pub(super) fn SettingsTabs() -> impl IntoView {
    let path = use_location().pathname;
    let tabs = TABS.map(|(label, href)| {
        let current = Signal::derive(move || path.read().starts_with(href));
        let count = Signal::stored(None);
        view! { <Tab label=label href=href current count/> }
    });
    view! { <nav class="tabs" aria-label="Settings">{tabs.into_iter().collect_view()}</nav> }
}
