//! The hydration entry: the only thing that the page's script calls.

// The type of a page is the tree of its elements; the compiler computes the layout of all of them at once.
#![recursion_limit = "256"]

/// Attaches the application to the server-rendered document.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
