//! The document around the application: head, scripts, theme.
//!
//! The script is our own instead of the framework's, because names are hashed by our build and the content policy wants
//! a nonce on whatever runs. Without a build of the interface the page is plain HTML, and still useful.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;
use serde::{Deserialize, Serialize};

use crate::App;
use crate::platform;

/// Addresses of what a page loads, as the server's build names them. `None` where it was not built in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageAssets {
    pub app_js: Option<String>,
    pub app_wasm: Option<String>,
    pub worker_js: Option<String>,
    pub worker_wasm: Option<String>,
    pub style_css: Option<String>,
    pub icons_svg: Option<String>,
}

/// The whole document, for the server.
pub fn shell(assets: PageAssets) -> impl IntoView {
    let theme = platform::theme();
    let icons = assets.icons_svg.clone();
    let worker = assets.worker_js.clone();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.attribute() data-icons=icons data-worker=worker>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <MetaTags/>
                <Links assets=assets.clone()/>
                <HydrationScript assets/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

#[component]
fn Links(assets: PageAssets) -> impl IntoView {
    let icon = assets.icons_svg.map(|address| format!("{address}#flux"));
    view! {
        {assets.style_css.map(|address| view! { <link rel="stylesheet" href=address/> })}
        {icon.map(|address| view! { <link rel="icon" type="image/svg+xml" href=address/> })}
    }
}

/// Fetches script and module side by side, then attaches the application.
#[component]
fn HydrationScript(assets: PageAssets) -> impl IntoView {
    let (Some(script), Some(module)) = (assets.app_js, assets.app_wasm) else { return None };
    let start = format!(
        "import init, {{ hydrate }} from {script:?}; init({{ module_or_path: {module:?} }}).then(() => hydrate());"
    );
    Some(view! {
        <link rel="modulepreload" href=script nonce=use_nonce()/>
        <link rel="preload" href=module r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
        <script type="module" nonce=use_nonce()>{start}</script>
    })
}
