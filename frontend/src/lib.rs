//! The hydration entry: the only thing that the page's script calls.

// The type of a whole page nests as deep as its elements do.
#![recursion_limit = "512"]

/// Attaches the application to the server-rendered document.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_lazy(app::App);
}
