//! Breadcrumb, search, connection, theme and user.

use domain::access::Viewer;
use leptos::prelude::*;
use leptos_router::components::Form;
use leptos_router::hooks::use_location;

use crate::address::{Crumb, crumbs};
use crate::components::{Erase, Glyph, Icon, clock_time, use_now};
use crate::live::{Connection, use_live};
use crate::platform::{self, Theme};
use crate::viewer::use_viewer;

#[component]
pub(crate) fn Header() -> impl IntoView {
    view! {
        <header class="header">
            <label class="header-menu button button-ghost button-icon" for="sidebar-open" title="Navigation">
                <Icon glyph=Glyph::Menu/>
            </label>
            <Breadcrumb/>
            <Search/>
            <ConnectionState/>
            <ThemeSwitch/>
            <User/>
        </header>
    }
}

#[component]
fn Breadcrumb() -> impl IntoView {
    let pathname = use_location().pathname;
    let entry = |Crumb { label, href }: Crumb| match href {
        Some(href) => view! { <li><a href=href>{label}</a></li> }.erase(),
        None => view! { <li aria-current="page">{label}</li> }.erase(),
    };
    view! {
        <nav class="crumbs" aria-label="Breadcrumb">
            <ol>{move || crumbs(&pathname.get()).into_iter().map(entry).collect::<Vec<_>>()}</ol>
        </nav>
    }
}

/// Finds resources by free text; a plain form, so it works before and without scripts.
#[component]
fn Search() -> impl IntoView {
    view! {
        <Form action="/resources" attr:class="header-search" attr:role="search" attr:aria-label="Whole fleet">
            <Icon glyph=Glyph::Search/>
            <input
                class="search-input" type="search" name="q" placeholder="Search resources" aria-label="Search resources"
            />
        </Form>
    }
}

#[component]
fn ConnectionState() -> impl IntoView {
    let live = use_live();
    let now = use_now();
    let shown = move || {
        let now = now.get().unwrap_or_default();
        match live.connection().get() {
            Connection::Starting => None,
            Connection::Live => Some(("connection connection-live", "live".to_owned())),
            Connection::Reconnecting { at } => {
                let wait = ((at - now).max(0) + 999) / 1000;
                Some(("connection connection-reconnecting", format!("reconnecting ({wait} s)")))
            }
            Connection::Offline { since } => {
                Some(("connection connection-offline", format!("offline, data from {}", clock_time(since, now))))
            }
        }
    };
    view! {
        <span role="status">
            {move || shown().map(|(class, words)| view! { <span class=class>{words}</span> })}
        </span>
        {move || live.outdated().get().then(|| view! {
            <a class="chip chip-accent" href="" rel="external">"New version, reload"</a>
        })}
    }
}

/// Kept in a cookie, so that the server renders the right one. Without scripts the system decides.
#[component]
fn ThemeSwitch() -> impl IntoView {
    let theme = RwSignal::new(platform::theme());
    let change = move |_| {
        let next = theme.get_untracked().next();
        platform::keep_theme(next);
        platform::show_theme(next);
        theme.set(next);
    };
    let glyph = move || match theme.get() {
        Theme::System => Glyph::Monitor,
        Theme::Light => Glyph::Sun,
        Theme::Dark => Glyph::Moon,
    };
    let label = move || format!("Theme: {}", theme.get().word());
    view! {
        <button
            class="button button-ghost button-icon header-theme" type="button"
            aria-label=label title=label on:click=change
        >
            {move || view! { <Icon glyph=glyph()/> }}
        </button>
    }
}

#[component]
fn User() -> impl IntoView {
    let viewer = use_viewer();
    view! {
        <Transition fallback=|| ()>
            {move || Suspend::new(async move { viewer.known().await.map(|viewer| view! { <UserMenu viewer/> }) })}
        </Transition>
    }
}

#[component]
fn UserMenu(viewer: Viewer) -> impl IntoView {
    let Viewer { name, signed_in, .. } = viewer;
    if !signed_in {
        let words = "This server runs without sign-in: everybody is an administrator.";
        return view! { <span class="chip" title=words>"no sign-in"</span> }.erase();
    }
    view! {
        <details class="menu menu-end">
            <summary class="chip" aria-label=format!("Signed in as {name}")>{name.clone()}</summary>
            <div class="menu-list">
                <a class="menu-item" href="/account"><Icon glyph=Glyph::Shield/>"Account"</a>
                <form method="post" action="/logout">
                    <button class="menu-item" type="submit"><Icon glyph=Glyph::LogOut/>"Sign out"</button>
                </form>
            </div>
        </details>
    }
    .erase()
}
