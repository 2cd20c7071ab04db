//! In the browser: clock, cookies, sockets, clipboard, downloads and the worker, each by the web's own interface.

mod socket;
mod worker;

use js_sys::{Array, Date, Math};
use leptos::prelude::{document, window};
use leptos::web_sys;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};

pub(crate) use self::socket::Socket;
pub(crate) use self::worker::in_worker;
use super::{THEME_COOKIE, Theme};
use crate::PageAssets;

/// A year, in seconds.
const THEME_AGE: u32 = 365 * 24 * 3600;

fn root() -> Option<web_sys::HtmlElement> {
    document().document_element()?.dyn_into().ok()
}

/// Addresses that the server wrote into the document: only those that scripts need later.
pub(crate) fn assets() -> PageAssets {
    let Some(root) = root() else { return PageAssets::default() };
    let data = root.dataset();
    PageAssets { icons_svg: data.get("icons"), worker_js: data.get("worker"), ..PageAssets::default() }
}

/// As the document shows it, which is as the cookie said when it was rendered.
pub(crate) fn theme() -> Theme {
    let shown = root().and_then(|root| root.dataset().get("theme"));
    Theme::of_cookies(&format!("{THEME_COOKIE}={}", shown.unwrap_or_default()))
}

/// Remembers it for the next page.
pub(crate) fn keep_theme(theme: Theme) {
    let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() else { return };
    // A browser without cookies shows the system's theme again next time; nothing is lost by that.
    _ = document.set_cookie(&format!("{THEME_COOKIE}={}; path=/; max-age={THEME_AGE}; samesite=lax", theme.word()));
}

/// Shows it now.
pub(crate) fn show_theme(theme: Theme) {
    let Some(root) = root() else { return };
    match theme.attribute() {
        Some(value) => _ = root.dataset().set("theme", value),
        None => root.dataset().delete("theme"),
    }
}

/// Milliseconds since 1970.
#[expect(clippy::cast_possible_truncation, reason = "whole milliseconds of a date are far below 2^53")]
pub(crate) fn now() -> i64 {
    Date::now() as i64
}

pub(crate) fn set_status(_status: u16) {}

/// Whether a CSS media query holds now.
pub(crate) fn matches_media(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// 0 to 1.
pub(crate) fn jitter() -> f64 {
    Math::random()
}

/// Puts text on the clipboard; a browser that refuses leaves it as it was.
pub(crate) fn copy(text: &str) {
    let written = window().navigator().clipboard().write_text(text);
    spawn_local(async move {
        _ = JsFuture::from(written).await;
    });
}

/// Saves text as a file of that name.
pub(crate) fn download(name: &str, text: &str) {
    if let Err(error) = try_download(name, text) {
        leptos::logging::error!("the download of {name} failed: {error:?}");
    }
}

fn try_download(name: &str, text: &str) -> Result<(), JsValue> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type("text/plain;charset=utf-8");
    let parts = Array::of1(&JsValue::from_str(text));
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options)?;
    let address = web_sys::Url::create_object_url_with_blob(&blob)?;
    let link: web_sys::HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&address);
    link.set_download(name);
    link.click();
    web_sys::Url::revoke_object_url(&address)
}

/// Value of a length token on the document, in pixels.
pub(crate) fn css_length(name: &str) -> Option<f64> {
    let style = window().get_computed_style(root()?.as_ref()).ok()??;
    style.get_property_value(name).ok()?.trim().strip_suffix("px")?.parse().ok()
}

/// Reads the file that an event brings, dropped or chosen, as text.
pub(crate) fn read_file(event: &web_sys::Event, then: impl FnOnce(String) + 'static) {
    let Some(text) = file_of(event).map(|file| file.text()) else { return };
    spawn_local(async move {
        if let Ok(text) = JsFuture::from(text).await {
            then(text.as_string().unwrap_or_default());
        }
    });
}

fn file_of(event: &web_sys::Event) -> Option<web_sys::File> {
    let files = match event.dyn_ref::<web_sys::DragEvent>() {
        Some(drag) => drag.data_transfer()?.files(),
        None => event.target()?.dyn_into::<web_sys::HtmlInputElement>().ok()?.files(),
    };
    files?.get(0)
}

/// Fetches the code of a group of pages before it is called for the first time.
macro_rules! preload {
    ($fetch:ident) => {
        $fetch().await
    };
}
pub(crate) use preload;
