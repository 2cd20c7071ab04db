//! Conditions of an object, each with its status, reason, message and age.

use domain::condition::Condition;
use leptos::prelude::*;

use super::{Erase, StatusBadge, Timestamp, condition_status};

#[component]
pub(crate) fn ConditionList(conditions: Vec<Condition>) -> impl IntoView {
    if conditions.is_empty() {
        let words = "This object reports no conditions.";
        return view! { <p class="muted panel-body">{words}</p> }.erase();
    }
    let rows: Vec<_> = conditions
        .into_iter()
        .map(|condition| {
            let (status, since) = (condition_status(&condition), condition.since());
            let Condition { type_, reason, message, .. } = condition;
            view! {
                <tr>
                    <td><StatusBadge status label=type_/></td>
                    <td class="table-muted" title=reason.clone()>{reason.clone()}</td>
                    <td class="table-message" title=message.clone()>{message.clone()}</td>
                    <td class="table-number"><Timestamp time=since/></td>
                </tr>
            }
        })
        .collect();
    view! {
        <table class="table table-plain table-wrap conditions">
            <caption class="visually-hidden">"Conditions"</caption>
            <colgroup>
                <col style="width: 11em"/><col style="width: 15em"/><col/><col style="width: 6em"/>
            </colgroup>
            <tbody>{rows}</tbody>
        </table>
    }
    .erase()
}
