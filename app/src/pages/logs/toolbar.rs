//! Search, levels and the download: filters over the lines that are here, without asking for others.

use std::collections::BTreeSet;

use domain::log::level::Level;
use leptos::prelude::*;

use super::book::{Book, Filter};
use crate::components::{Glyph, Icon};
use crate::platform;

/// Levels with a chip, worst first.
const CHIPS: [Level; 5] = [Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Unknown];

#[component]
pub(super) fn Toolbar(book: RwSignal<Book>) -> impl IntoView {
    let search = RwSignal::new(String::new());
    let hidden = RwSignal::new(BTreeSet::new());
    let apply = move || {
        let filter = search.with_untracked(|text| Filter::search(text, hidden.get_untracked()));
        book.update(|book| book.set_filter(filter));
    };
    let filtered = move || book.with(|book| *book.filter() != Filter::default());
    let held = move || {
        let (held, dropped) = book.with(|book| (book.held(), book.dropped()));
        if dropped == 0 { format!("{held} held") } else { format!("{held} held, {dropped} older let go") }
    };
    let toggle = move |level: Level| {
        hidden.update(|hidden| {
            if !hidden.remove(&level) {
                hidden.insert(level);
            }
        });
        apply();
    };
    let download = move |_| platform::download("logs.txt", &book.with_untracked(Book::text));
    let chip = |level: Level| {
        let pressed = move || (!hidden.read().contains(&level)).to_string();
        let count = move || book.with(|book| book.level_count(level));
        view! {
            <button class="button" type="button" aria-pressed=pressed on:click=move |_| toggle(level)>
                {level.word()} " " <span class="button-count">{count}</span>
            </button>
        }
    };
    view! {
        <div class="logs-toolbar">
            <label class="search">
                <Icon glyph=Glyph::Search/>
                <span class="visually-hidden">"Search lines"</span>
                <input
                    class="search-input"
                    type="search"
                    placeholder="Search lines"
                    prop:value=move || search.get()
                    on:input=move |event| { search.set(event_target_value(&event)); apply(); }
                />
                <span class="search-count" aria-live="polite">
                    {move || filtered().then(|| book.with(|book| format!("{} of {}", book.len(), book.held())))}
                </span>
            </label>
            <span class="button-group" role="group" aria-label="Levels">
                {CHIPS.map(chip).into_iter().collect_view()}
            </span>
            <span class="panel-actions">
                <span class="faint">{held}</span>
                <button class="button" type="button" on:click=download>
                    <Icon glyph=Glyph::Download/>"Download logs"
                </button>
            </span>
        </div>
    }
}
