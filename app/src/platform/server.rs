//! On the server: the request's cookies, the response's status, and a browser that is not there.

use axum::http::StatusCode;
use http::header::COOKIE;
use http::request::Parts;
use leptos::prelude::use_context;
use leptos::web_sys;
use leptos_axum::ResponseOptions;

use super::{SocketEvent, Theme};
use crate::PageAssets;

/// A connection; never made on the server.
pub(crate) struct Socket;

impl Socket {
    pub(crate) fn open(_path: &str, _protocol: Option<&str>, _handler: impl FnMut(SocketEvent) + 'static) -> Self {
        Self
    }

    pub(crate) fn send(&self, _text: &str) {}
}

/// Addresses of the build, which the server gives to each page.
pub(crate) fn assets() -> PageAssets {
    use_context().unwrap_or_default()
}

/// Of the request's cookie.
pub(crate) fn theme() -> Theme {
    let parts = use_context::<Parts>();
    let cookies = parts.as_ref().and_then(|parts| parts.headers.get(COOKIE)?.to_str().ok());
    cookies.map(Theme::of_cookies).unwrap_or_default()
}

pub(crate) fn keep_theme(_theme: Theme) {}

pub(crate) fn show_theme(_theme: Theme) {}

/// Milliseconds since 1970. Pages read it in effects only, so on the server nobody asks.
pub(crate) fn now() -> i64 {
    0
}

/// Status of the page's response.
pub(crate) fn set_status(status: u16) {
    let (Some(response), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) else { return };
    response.set_status(status);
}

pub(crate) fn matches_media(_query: &str) -> bool {
    false
}

/// 0 to 1.
pub(crate) fn jitter() -> f64 {
    0.0
}

pub(crate) fn copy(_text: &str) {}

pub(crate) fn download(_name: &str, _text: &str) {}

pub(crate) fn css_length(_name: &str) -> Option<f64> {
    None
}

pub(crate) fn read_file(_event: &web_sys::Event, _then: impl FnOnce(String) + 'static) {}

/// There is no worker here; the caller then does the work itself.
pub(crate) async fn in_worker(_call: &str, _input: String) -> Option<String> {
    None
}

/// Nothing to fetch: the server has the code of every page.
macro_rules! preload {
    ($fetch:ident) => {};
}
pub(crate) use preload;
