//! One row of a text view.

use std::collections::BTreeSet;

use domain::diff::owner::Blame;
use leptos::prelude::*;

use super::model::{Item, Line, Look};
use crate::components::{Erase, Glyph, Icon, Timestamp};

#[component]
pub(super) fn ItemRow(item: Item, opened: RwSignal<BTreeSet<usize>>, expand: String) -> impl IntoView {
    match item {
        Item::Fold { start, lines, path } => view! { <Fold start lines path opened expand/> }.erase(),
        Item::Pair { desired, actual, blame } => view! {
            <div class="diff-row">
                <Side line=desired sign="+"/>
                <Side line=actual sign="−"/>
                <Author blame/>
            </div>
        }
        .erase(),
        Item::Single { desired, actual, line, blame } => {
            let sign = match (desired, actual) {
                (Some(_), Some(_)) => "",
                (Some(_), None) => "+",
                _ => "−",
            };
            view! {
                <div class="diff-row">
                    <span class="diff-number">{desired}</span>
                    <span class="diff-number">{actual}</span>
                    <Text line sign/>
                    <Author blame/>
                </div>
            }
            .erase()
        }
    }
}

/// Number, sign and text; void where this side has no such line.
#[component]
fn Side(line: Option<Line>, sign: &'static str) -> impl IntoView {
    match line {
        Some(line) => {
            let sign = if line.look == Look::Same { "" } else { sign };
            view! { <span class="diff-number">{line.number}</span> <Text line sign/> }.erase()
        }
        None => view! {
            <span class="diff-number"></span>
            <span class="diff-sign diff-void"></span>
            <code class="diff-text diff-void"></code>
        }
        .erase(),
    }
}

#[component]
fn Text(line: Line, sign: &'static str) -> impl IntoView {
    let class = line.look.class();
    let tag = if line.look == Look::Actual { Word::Del } else { Word::Ins };
    let (sign_class, text_class) = (format!("diff-sign {class}"), format!("diff-text {class}"));
    view! {
        <span class=sign_class>{sign}</span>
        <code class=text_class>{parts(&line, tag)}</code>
    }
}

#[derive(Clone, Copy)]
enum Word {
    Ins,
    Del,
}

/// The text cut where words differ. No part is empty: an empty text would be written as a space.
fn parts(line: &Line, word: Word) -> Vec<AnyView> {
    let mut parts = Vec::with_capacity(line.words.len() * 2 + 1);
    let mut at = 0;
    for range in &line.words {
        if at < range.start {
            parts.push(line.text[at..range.start].to_owned().erase());
        }
        let text = line.text[range.clone()].to_owned();
        parts.push(match word {
            Word::Ins => view! { <ins class="diff-word">{text}</ins> }.erase(),
            Word::Del => view! { <del class="diff-word">{text}</del> }.erase(),
        });
        at = range.end;
    }
    if at < line.text.len() {
        parts.push(line.text[at..].to_owned().erase());
    }
    parts
}

/// Which tool wrote the actual value, and when.
#[component]
fn Author(blame: Option<Blame>) -> impl IntoView {
    let title = blame.as_ref().map(|blame| format!("{} by {}", blame.operation, blame.manager));
    view! {
        <span class="diff-blame" title=title>
            {blame.map(|Blame { manager, time, .. }| view! {
                {manager}
                {time.map(|time| view! { " · " <Timestamp time=time/> })}
            })}
        </span>
    }
}

/// Unchanged lines; opens in place with scripts, and everything at once without.
#[component]
fn Fold(start: usize, lines: usize, path: String, opened: RwSignal<BTreeSet<usize>>, expand: String) -> impl IntoView {
    let open = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        opened.update(|opened| _ = opened.insert(start));
    };
    view! {
        <a class="diff-fold" href=expand on:click=open>
            <Icon glyph=Glyph::ChevronDown class="icon icon-small"/>
            {format!("{lines} unchanged lines")}
            " "
            <span class="mono faint">{path}</span>
        </a>
    }
}
