//! Names that do not fit.

use leptos::prelude::*;

use super::Erase;

/// Characters at the end of a name that always stay: the part that tells pods apart.
const TAIL: usize = 8;

/// Names up to here are never cut in the middle: they nearly always fit.
const SHORT: usize = 24;

/// A name that is cut in its middle where there is no room.
#[component]
pub(crate) fn Middle(#[prop(into)] text: String) -> impl IntoView {
    if text.len() <= SHORT {
        return view! { <span class="truncate" title=text.clone()>{text.clone()}</span> }.erase();
    }
    let split = text.char_indices().rev().nth(TAIL - 1).map_or(0, |(at, _)| at);
    let (head, tail) = text.split_at(split);
    let (head, tail) = (head.to_owned(), tail.to_owned());
    view! {
        <span class="middle" title=text>
            <span class="middle-head">{head}</span>
            <span class="middle-tail">{tail}</span>
        </span>
    }
    .erase()
}
