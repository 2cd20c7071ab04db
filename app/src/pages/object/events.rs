//! Kubernetes events about the object, newest first.

use domain::event::EventView;
use domain::resource::ObjectView;
use leptos::prelude::*;

use crate::components::{Empty, Glyph, Timestamp};

#[component]
pub(super) fn Events(live: ReadSignal<ObjectView>) -> impl IntoView {
    let events = Memo::new(move |_| live.read().events.clone());
    view! {
        <Show when=move || !events.read().is_empty() fallback=NoEvents>
            <ol class="events panel" aria-label="Events">
                {move || events.get().into_iter().map(|event| view! { <Event event/> }).collect::<Vec<_>>()}
            </ol>
        </Show>
    }
}

#[component]
fn NoEvents() -> impl IntoView {
    view! {
        <Empty
            glyph=Glyph::Clock
            title="No events"
            text="The cluster keeps events for about an hour; nothing happened in that time."
        />
    }
}

#[component]
fn Event(event: EventView) -> impl IntoView {
    let reason = if event.is_warning() { "event-reason failed-text" } else { "event-reason" };
    let EventView { time, reason: word, message, count, source, .. } = event;
    view! {
        <li class="event">
            <Timestamp time=time/>
            <span class=reason title=source>{word}</span>
            <p class="event-message">{message}</p>
            {(count > 1).then(|| view! { <span class="chip">"×" {count}</span> })}
        </li>
    }
}
