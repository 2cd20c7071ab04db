//! A segmented bar of statuses with its legend. Segments are links where a list can be filtered by them.

use domain::health::{Status, StatusCounts};
use leptos::either::Either;
use leptos::prelude::*;

use super::{Icon, glyph, status_class};

fn words(counts: &StatusCounts) -> String {
    let words: Vec<String> = present(counts).map(|(status, count)| format!("{count} {}", status.word())).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn present(counts: &StatusCounts) -> impl Iterator<Item = (Status, usize)> + '_ {
    counts.iter().filter(|(_, count)| *count > 0)
}

/// The bar; `link` makes an address of a status word.
#[component]
pub(crate) fn SegmentedBar<F>(counts: StatusCounts, #[prop(optional)] large: bool, link: Option<F>) -> impl IntoView
where
    F: Fn(Status) -> String,
{
    let segments: Vec<_> = present(&counts)
        .map(|(status, count)| {
            let class = format!("bar-segment bar-{}", status_class(status));
            let style = format!("flex-grow: {count}");
            let title = format!("{count} {}", status.word());
            match &link {
                Some(link) => Either::Left(
                    view! { <a class=class style=style href=link(status) title=title.clone() aria-label=title></a> },
                ),
                None => Either::Right(view! { <span class=class style=style title=title></span> }),
            }
        })
        .collect();
    // With links inside, the bar is a group; without, one picture.
    let role = if link.is_some() { "group" } else { "img" };
    view! {
        <div class=if large { "bar bar-large" } else { "bar" } role=role aria-label=words(&counts)>
            {segments}
        </div>
    }
}

/// Glyph and number of each status that occurs.
#[component]
pub(crate) fn StatusLegend<F>(counts: StatusCounts, link: F) -> impl IntoView
where
    F: Fn(Status) -> String,
{
    let entries: Vec<_> = present(&counts)
        .map(|(status, count)| {
            view! {
                <a class=format!("status status-{}", status_class(status)) href=link(status) title=status.to_string()>
                    <Icon glyph=glyph(status)/>
                    {count}
                    <span class="visually-hidden">{format!(" {}", status.word())}</span>
                </a>
            }
        })
        .collect();
    view! { <div class="bar-legend">{entries}</div> }
}
