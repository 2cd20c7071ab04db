//! API tokens: what they may do, until when, when they were last used; making and revoking them.

use domain::access::Role;
use domain::access::token::{CreatedToken, TOKEN_DAYS, TOKEN_DAYS_LIMIT, TOKEN_NAME_LENGTH, TokenView};
use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::Failure;
use crate::api::access::CreateToken;
use crate::components::{Erase, Failed, Secret, Timestamp};
use crate::pages::users::GrantList;

/// The secret of the token that was just made.
#[component]
pub(super) fn NewSecret(#[prop(into)] created: Signal<Option<Result<CreatedToken, Failure>>>) -> impl IntoView {
    move || {
        let CreatedToken { token, secret } = created.get()?.ok()?;
        Some(view! { <Secret what=format!("The token {}", token.name) secret/> })
    }
}

#[component]
pub(crate) fn TokenTable<F>(
    tokens: Vec<TokenView>,
    /// The form that revokes, from a token's id and its button.
    revoke: F,
) -> impl IntoView
where
    F: Fn(String, AnyView) -> AnyView,
{
    let rows: Vec<_> = tokens
        .into_iter()
        .map(|token| {
            let label = format!("Revoke {}", token.name);
            let button = view! { <button class="button button-small" type="submit" aria-label=label>"Revoke"</button> };
            let form = revoke(token.id.clone(), button.erase());
            view! { <TokenRow token form/> }
        })
        .collect();
    if rows.is_empty() {
        return view! { <p class="panel-body muted">"No token."</p> }.erase();
    }
    view! {
        <table class="table table-wrap table-plain">
            <caption class="visually-hidden">"API tokens"</caption>
            <colgroup><col style="width: 22%"/><col/><col style="width: 9em"/><col style="width: 9em"/><col style="width: 12em"/><col style="width: 7em"/></colgroup>
            <thead>
                <tr>
                    <th scope="col">"Name"</th>
                    <th scope="col">"May"</th>
                    <th scope="col">"Made"</th>
                    <th scope="col">"Ends"</th>
                    <th scope="col">"Last used"</th>
                    <th scope="col"><span class="visually-hidden">"Revoke"</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .erase()
}

#[component]
fn TokenRow(token: TokenView, form: AnyView) -> impl IntoView {
    let TokenView { name, scopes, created_at, expires_at, last_used_at, last_used_from, .. } = token;
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td class="table-muted"><GrantList grants=scopes/></td>
            <td><Timestamp time=Some(created_at)/></td>
            <td><Timestamp time=Some(expires_at)/></td>
            <td>
                {match last_used_at {
                    Some(at) => view! { <Timestamp time=Some(at)/> }.erase(),
                    None => view! { <span class="faint">"never"</span> }.erase(),
                }}
                {last_used_from.map(|from| view! { " " <span class="table-mono faint">{from}</span> })}
            </td>
            <td class="table-number">{form}</td>
        </tr>
    }
}

/// Needs scripts: the secret is told once, in the answer, and an answer to a plain form is another page.
#[component]
pub(super) fn TokenForm(create: ServerAction<CreateToken>) -> impl IntoView {
    let roles = Role::ALL.map(|role| view! { <option value=role.word()>{format!("at most {}", role.word())}</option> });
    view! {
        <Failed outcome=create.value()/>
        <noscript>
            <p class="panel-body muted">
                "Making a token needs scripts, because it is shown once. Without them: "
                <code class="mono">"flux-orchestrator token create"</code> "."
            </p>
        </noscript>
        <ActionForm action=create attr:class="panel-body form" attr:aria-label="New token">
            <div class="field-row">
                <label class="field">
                    <span class="field-label">"Name"</span>
                    <input class="input" name="name" required maxlength=TOKEN_NAME_LENGTH placeholder="ci"/>
                </label>
                <label class="field">
                    <span class="field-label">"Rights"</span>
                    <select class="select" name="scope[role]">
                        <option value="">"all that I may"</option>
                        {roles.into_iter().collect_view()}
                    </select>
                </label>
                <label class="field">
                    <span class="field-label">"Clusters"</span>
                    <input class="input" name="scope[clusters]" placeholder="all of mine"/>
                </label>
                <label class="field">
                    <span class="field-label">"Namespaces"</span>
                    <input class="input" name="scope[namespaces]" placeholder="all of mine"/>
                </label>
                <label class="field">
                    <span class="field-label">"Days"</span>
                    <input class="input" name="expires_in_days" type="number" min="1" max=TOKEN_DAYS_LIMIT value=TOKEN_DAYS/>
                </label>
            </div>
            <div class="form-actions">
                <button class="button" type="submit" aria-busy=move || create.pending().get().then_some("true")>
                    "Make a token"
                </button>
            </div>
        </ActionForm>
    }
}
