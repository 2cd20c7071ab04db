//! What stands around every page: navigation, breadcrumb, connection, theme, user.

mod header;
mod sidebar;

use leptos::prelude::*;
use leptos_router::components::Outlet;

use self::header::Header;
use self::sidebar::Sidebar;

/// The page itself is the router's outlet and brings its own `<main id="main">`.
#[component]
pub(crate) fn Frame() -> impl IntoView {
    view! {
        <div class="frame">
            // Not the router's: the browser moves the keyboard along with the view.
            <a class="skip-link" href="#main" rel="external">"Skip to content"</a>
            <input class="frame-toggle" type="checkbox" id="sidebar-open" aria-label="Show navigation"/>
            <Sidebar/>
            <label class="frame-veil" for="sidebar-open" aria-hidden="true"></label>
            <Header/>
            <Outlet/>
        </div>
    }
}
