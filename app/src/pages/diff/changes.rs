//! The changes view: one line a path, from actual to desired, with kind and author.

use domain::diff::change::Change;
use leptos::prelude::*;

use super::text::Toolbar;
use crate::address::{DiffAddress, DiffView};
use crate::components::Timestamp;

#[component]
pub(super) fn Changes(address: Memo<DiffAddress>, view: Memo<DiffView>, changes: Vec<Change>) -> impl IntoView {
    let count = changes.len();
    let rows: Vec<_> = changes.into_iter().map(|change| view! { <ChangeRow change/> }).collect();
    view! {
        <Toolbar address view changes=count/>
        <table class="table table-wrap diff-changes">
            <caption class="visually-hidden">"Changes from actual to desired"</caption>
            <colgroup>
                <col style="width: 40%"/><col/><col/><col style="width: 9em"/><col style="width: 13em"/>
            </colgroup>
            <thead>
                <tr>
                    <th scope="col">"Path"</th>
                    <th scope="col">"Actual"</th>
                    <th scope="col">"Desired"</th>
                    <th scope="col">"Kind"</th>
                    <th scope="col">"Written by"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        {(count == 0).then(|| view! { <p class="panel-body muted">"No differences."</p> })}
    }
}

#[component]
fn ChangeRow(change: Change) -> impl IntoView {
    let value = |value: Option<serde_json::Value>| value.map_or_else(|| "–".to_owned(), |value| value.to_string());
    let Change { path, desired, actual, class, blame } = change;
    let path = path.to_string();
    view! {
        <tr id=path.clone()>
            <th scope="row" class="table-mono"><a href=format!("#{path}")>{path.clone()}</a></th>
            <td class="diff-old">{value(actual)}</td>
            <td class="diff-new">{value(desired)}</td>
            <td class="table-muted">{class.label()}</td>
            <td class="table-muted">{blame.map(|blame| view! { {blame.manager} " " <Timestamp time=blame.time/> })}</td>
        </tr>
    }
}
