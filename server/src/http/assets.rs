//! The embedded files of `target/site`: hashed names, brotli and gzip beside each, and the manifest that says which is which.
//!
//! A hashed name never changes its content, so browsers may keep it for ever. Without a build of the interface the server
//! still runs and pages are still served, as plain HTML.

use std::collections::BTreeMap;

use app::PageAssets;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

/// Where assets are served.
pub const PREFIX: &str = "/assets";

#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

/// The manifest of the embedded build: logical name (`app.js`) to hashed file name.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    names: BTreeMap<String, String>,
}

impl Assets {
    /// What was embedded when the server was compiled.
    #[must_use]
    pub fn embedded() -> Self {
        let manifest = Site::get("manifest.json").and_then(|file| serde_json::from_slice(&file.data).ok());
        if manifest.is_none() {
            tracing::warn!(
                "the interface was not built into this binary; pages come without style and scripts (cargo xtask build)"
            );
        }
        Self { names: manifest.unwrap_or_default() }
    }

    /// Addresses for the document's head.
    #[must_use]
    pub fn page(&self) -> PageAssets {
        let address = |name: &str| self.names.get(name).map(|hashed| format!("{PREFIX}/{hashed}"));
        PageAssets {
            app_js: address("app.js"),
            app_wasm: address("app.wasm"),
            worker_js: address("worker.js"),
            worker_wasm: address("worker.wasm"),
            style_css: address("style.css"),
            icons_svg: address("icons.svg"),
        }
    }
}

/// `GET /assets/{*path}`: the smallest encoding that the browser takes.
pub async fn serve(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let encodings = [("br", ".br"), ("gzip", ".gz")];
    let encoded = encodings
        .into_iter()
        .filter(|(name, _)| accepted.split(',').any(|item| item.split(';').next().map(str::trim) == Some(*name)))
        .find_map(|(name, suffix)| Some((Some(name), Site::get(&format!("{path}{suffix}"))?)));
    let Some((encoding, file)) = encoded.or_else(|| Some((None, Site::get(&path)?))) else {
        return (StatusCode::NOT_FOUND, "no such file").into_response();
    };
    let mut response = file.data.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(&path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}
