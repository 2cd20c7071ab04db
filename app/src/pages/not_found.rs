//! An address that leads nowhere.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::{Empty, Glyph};
use crate::platform;

#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    platform::set_status(404);
    view! {
        <Title text="Not found"/>
        <main class="page" id="main">
            <div class="page-header"><h1>"Not found"</h1></div>
            <Empty
                glyph=Glyph::Unlink
                title="There is no such page"
                text="The address may be of a cluster or an object that is gone."
                next=("Go to the fleet".to_owned(), "/".to_owned())
            />
        </main>
    }
}
