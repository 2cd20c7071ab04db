//! Work that must not block the page, run in a web worker: today the text diff of large manifests.
//!
//! Each exported function takes JSON and gives JSON; `entry.js` calls it by name for the page's messages. Nothing of the
//! interface is linked in, so the module stays small, and nothing here keeps state between calls.

use std::time::Duration;

use domain::diff::text;
use serde::Deserialize;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

/// What `diff_text` compares.
#[derive(Deserialize)]
struct DiffRequest {
    desired: String,
    actual: String,
    /// Milliseconds after which an approximate answer is good enough; none means no limit.
    limit_ms: Option<u64>,
}

/// Compares two texts line by line: `{"desired", "actual", "limit_ms"}` in, a `domain::diff::text::TextDiff` out.
///
/// # Errors
/// When the input is not such JSON.
#[wasm_bindgen]
pub fn diff_text(input: &str) -> Result<String, JsError> {
    let request: DiffRequest = serde_json::from_str(input)?;
    let limit = request.limit_ms.map(Duration::from_millis);
    let compared = text::diff(&request.desired, &request.actual, limit);
    Ok(serde_json::to_string(&compared)?)
}
