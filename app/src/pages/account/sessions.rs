//! Where somebody is signed in, with the means to end it.

use domain::access::session::SessionView;
use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::api::access::EndOtherSessions;
use crate::components::{Erase, Timestamp};

/// Of one user. The session that asks is named and cannot be ended here: that is signing out.
#[component]
pub(crate) fn Sessions<F>(
    sessions: Vec<SessionView>,
    /// The form that ends one, from a session's id and its button.
    end: F,
) -> impl IntoView
where
    F: Fn(String, AnyView) -> AnyView,
{
    let rows: Vec<_> = sessions
        .into_iter()
        .map(|session| {
            let form = (!session.current).then(|| {
                let label = format!("End the session of {}", browser(&session));
                let button =
                    view! { <button class="button button-small" type="submit" aria-label=label>"End"</button> };
                end(session.id.clone(), button.erase())
            });
            view! { <SessionRow session form/> }
        })
        .collect();
    let none = rows.is_empty();
    view! {
        <table class="table table-wrap table-plain">
            <caption class="visually-hidden">"Sessions"</caption>
            <colgroup><col/><col style="width: 12em"/><col style="width: 9em"/><col style="width: 9em"/><col style="width: 8em"/></colgroup>
            <thead>
                <tr>
                    <th scope="col">"Browser"</th>
                    <th scope="col">"Address"</th>
                    <th scope="col">"Signed in"</th>
                    <th scope="col">"Last seen"</th>
                    <th scope="col"><span class="visually-hidden">"End"</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        {none.then(|| view! { <p class="panel-body muted">"Signed in nowhere."</p> })}
    }
}

fn browser(session: &SessionView) -> String {
    if session.user_agent.is_empty() { "an unknown browser".to_owned() } else { session.user_agent.clone() }
}

#[component]
fn SessionRow(session: SessionView, form: Option<AnyView>) -> impl IntoView {
    let browser = browser(&session);
    let SessionView { remote, created_at, last_seen_at, current, .. } = session;
    view! {
        <tr>
            <th scope="row" title=browser.clone()>
                {browser.clone()} {current.then(|| view! { " " <span class="chip chip-accent">"this one"</span> })}
            </th>
            <td class="table-mono">{remote.unwrap_or_else(|| "unknown".to_owned())}</td>
            <td><Timestamp time=Some(created_at)/></td>
            <td><Timestamp time=Some(last_seen_at)/></td>
            <td class="table-number">{form}</td>
        </tr>
    }
}

/// Everywhere but here.
#[component]
pub(super) fn EndOthers(end: ServerAction<EndOtherSessions>) -> impl IntoView {
    view! {
        <ActionForm action=end>
            <button class="button button-small" type="submit">"End all others"</button>
        </ActionForm>
    }
}
