//! The filter of the trail: a plain form, so that it works without scripts and stands in the URL.

use domain::access::Verb;
use domain::access::audit::{AuditOutcome, AuditQuery, SIGN_IN};
use leptos::prelude::*;
use leptos_router::components::Form;

#[component]
pub(super) fn Filter(asked: Memo<AuditQuery>) -> impl IntoView {
    let verbs: Vec<&'static str> = std::iter::once(SIGN_IN).chain(Verb::ALL.map(Verb::word)).collect();
    let outcomes: Vec<&'static str> = AuditOutcome::ALL.map(AuditOutcome::word).to_vec();
    view! {
        <Form action="/settings/audit" attr:class="filter" attr:aria-label="Filter">
            <Field asked name="caller" label="Who" read=|query| &query.caller/>
            <Choice asked name="verb" label="Any action" options=verbs read=|query| &query.verb/>
            <Choice asked name="outcome" label="Any outcome" options=outcomes read=|query| &query.outcome/>
            <Field asked name="cluster" label="Cluster" read=|query| &query.cluster/>
            <Field asked name="namespace" label="Namespace" read=|query| &query.namespace/>
            <Field asked name="object" label="Object" read=|query| &query.object/>
            <button class="button" type="submit">"Filter"</button>
            <a class="button button-ghost" href="/settings/audit">"Clear"</a>
        </Form>
    }
}

#[component]
fn Field(
    asked: Memo<AuditQuery>,
    name: &'static str,
    label: &'static str,
    read: fn(&AuditQuery) -> &String,
) -> impl IntoView {
    let value = move || read(&asked.read()).clone();
    view! {
        <input class="filter-input" name=name placeholder=label aria-label=label value=value prop:value=value/>
    }
}

#[component]
fn Choice(
    asked: Memo<AuditQuery>,
    name: &'static str,
    label: &'static str,
    options: Vec<&'static str>,
    read: fn(&AuditQuery) -> &String,
) -> impl IntoView {
    let options: Vec<_> = options
        .into_iter()
        .map(|word| {
            let chosen = move || read(&asked.read()) == word;
            view! { <option value=word selected=chosen>{word.replace('_', " ")}</option> }
        })
        .collect();
    view! {
        <select class="select select-small" name=name aria-label=label>
            <option value="">{label}</option>
            {options}
        </select>
    }
}
