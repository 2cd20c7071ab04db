//! `/settings/audit`: who did what, on which object, from where, and how it ended. Newest first; the filter is the URL.

mod filter;

use domain::access::audit::{AuditOutcome, AuditPage as Entries, AuditQuery, AuditView};
use domain::health::Status;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::filter::Filter;
use super::settings::SettingsTabs;
use crate::address::{audit, audit_export, read_audit};
use crate::api::access;
use crate::components::{Empty, Erase, Glyph, Icon, StatusBadge, Timestamp, loaded_part};

#[component]
pub(crate) fn AuditPage() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(read_audit));
    let entries = Resource::new(
        move || asked.get(),
        |asked| async move {
            let page = access::audit(asked.clone()).await?;
            Ok((asked, page))
        },
    );
    let export = move |format: &'static str| audit_export(&asked.read(), format);
    view! {
        <Title text="Audit"/>
        <main class="page" id="main">
            <div class="page-header">
                <h1>"Audit"</h1>
                <span class="page-actions">
                    <a class="button" href=move || export("csv") rel="external" download>
                        <Icon glyph=Glyph::Download/>"CSV"
                    </a>
                    <a class="button" href=move || export("ndjson") rel="external" download>
                        <Icon glyph=Glyph::Download/>"NDJSON"
                    </a>
                </span>
            </div>
            <SettingsTabs/>
            <Filter asked/>
            {loaded_part(entries, |(asked, page)| view! { <Trail asked page/> })}
        </main>
    }
}

#[component]
fn Trail(asked: AuditQuery, page: Entries) -> impl IntoView {
    let Entries { entries, next } = page;
    if entries.is_empty() {
        let text = "Nothing that was recorded fits this filter.";
        return view! { <Empty glyph=Glyph::Search title="No entry" text/> }.erase();
    }
    let older = next.map(|cursor| audit(&AuditQuery { cursor: Some(cursor), ..asked.clone() }));
    let newest = asked.cursor.is_some().then(|| audit(&AuditQuery { cursor: None, ..asked }));
    let rows: Vec<_> = entries.into_iter().map(|entry| view! { <Entry entry/> }).collect();
    view! {
        <div class="panel table-frame">
            <table class="table table-wrap">
                <caption class="visually-hidden">"Audit trail"</caption>
                <colgroup>
                    <col style="width: 9em"/><col style="width: 9em"/><col style="width: 13em"/><col style="width: 9em"/><col/><col/>
                </colgroup>
                <thead>
                    <tr>
                        <th scope="col">"Outcome"</th>
                        <th scope="col">"When"</th>
                        <th scope="col">"Who"</th>
                        <th scope="col">"Did"</th>
                        <th scope="col">"On"</th>
                        <th scope="col">"Detail"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <nav class="pager" aria-label="Pages">
            {newest.map(|href| view! { <a class="button" href=href>"Newest"</a> })}
            {older.map(|href| view! { <a class="button" href=href rel="next">"Older"</a> })}
        </nav>
    }
    .erase()
}

fn outcome_status(outcome: AuditOutcome) -> Status {
    match outcome {
        AuditOutcome::Started => Status::Progressing,
        AuditOutcome::Succeeded => Status::Ready,
        AuditOutcome::Failed => Status::Failed,
        AuditOutcome::Refused => Status::Stalled,
        AuditOutcome::Interrupted | AuditOutcome::Noted => Status::Unknown,
    }
}

#[component]
fn Entry(entry: AuditView) -> impl IntoView {
    let AuditView { started_at, finished_at, caller, token, remote, target, action, detail, outcome, message, .. } =
        entry;
    let took = finished_at.map(|at| format!("took {} ms", at.saturating_sub(started_at)));
    let by = token.map(|token| view! { <span class="faint">" by token " {token}</span> });
    let from = remote.map(|remote| view! { <div class="table-mono faint">{remote}</div> });
    view! {
        <tr>
            <td title=took><StatusBadge status=outcome_status(outcome) label=outcome.word()/></td>
            <td><Timestamp time=Some(started_at)/></td>
            <th scope="row">{caller} {by} {from}</th>
            <td>{action}</td>
            <td>{target}</td>
            <td class="table-muted">{detail} {(!message.is_empty()).then(|| view! { <div>{message}</div> })}</td>
        </tr>
    }
}
