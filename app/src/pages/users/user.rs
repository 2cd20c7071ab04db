//! `/settings/users/{name}`: one user. Everything here can be undone, except deleting.

use domain::access::Grant;
use domain::access::session::SessionView;
use domain::access::token::TokenView;
use domain::access::user::{NewPassword, PASSWORD_LENGTH, UserView};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::grants::GrantFields;
use crate::Failure;
use crate::api::access::{self, ChangeUser, DeleteUser, EndSession, ResetPassword, RevokeToken};
use crate::components::{Erase, Failed, Glyph, Icon, Secret, Timestamp, loaded};
use crate::pages::account::{Sessions, TokenTable};

#[derive(Clone, Copy)]
struct Actions {
    change: ServerAction<ChangeUser>,
    reset: ServerAction<ResetPassword>,
    delete: ServerAction<DeleteUser>,
    end: ServerAction<EndSession>,
    revoke: ServerAction<RevokeToken>,
}

#[component]
pub(crate) fn UserPage() -> impl IntoView {
    let params = use_params_map();
    let name = Memo::new(move |_| params.read().get("name").unwrap_or_default());
    let actions = Actions {
        change: ServerAction::new(),
        reset: ServerAction::new(),
        delete: ServerAction::new(),
        end: ServerAction::new(),
        revoke: ServerAction::new(),
    };
    let changes = move || {
        let Actions { change, reset, end, revoke, .. } = actions;
        (name.get(), [change.version().get(), reset.version().get(), end.version().get(), revoke.version().get()])
    };
    let user = Resource::new(changes, |(name, _)| async move {
        let user = access::user(name.clone()).await?;
        Ok((user, access::sessions_of_user(name.clone()).await?, access::tokens_of_user(name).await?))
    });
    view! {
        <Title text=move || name.get()/>
        <main class="page" id="main">
            {loaded(user, move |(user, sessions, tokens)| view! { <User user sessions tokens actions/> })}
        </main>
    }
}

#[component]
fn User(user: UserView, sessions: Vec<SessionView>, tokens: Vec<TokenView>, actions: Actions) -> impl IntoView {
    let Actions { change, reset, delete, end, revoke } = actions;
    let UserView { name, grants, disabled, created_at, last_sign_in } = user;
    let owner = name.clone();
    let revoke_form = move |id: String, button: AnyView| {
        let owner = owner.clone();
        view! {
            <ActionForm action=revoke>
                <input type="hidden" name="name" value=owner/>
                <input type="hidden" name="id" value=id/>
                {button}
            </ActionForm>
        }
        .erase()
    };
    let owner = name.clone();
    let end_form = move |id: String, button: AnyView| {
        let owner = owner.clone();
        view! {
            <ActionForm action=end>
                <input type="hidden" name="name" value=owner/>
                <input type="hidden" name="id" value=id/>
                {button}
            </ActionForm>
        }
        .erase()
    };
    view! {
        <div class="page-header">
            <h1>{name.clone()}</h1>
            {disabled.then(|| view! { <span class="chip chip-stalled">"disabled"</span> })}
            <span class="muted">"since " <Timestamp time=Some(created_at)/></span>
            <span class="muted">
                {match last_sign_in {
                    Some(at) => view! { "last signed in " <Timestamp time=Some(at)/> }.erase(),
                    None => "has never signed in".erase(),
                }}
            </span>
            <div class="page-actions">
                <Disable name=name.clone() disabled change/>
                <Delete name=name.clone() delete/>
            </div>
        </div>
        <Failed outcome=change.value()/>
        <Failed outcome=delete.value()/>
        <div class="stack">
            <Grants name=name.clone() grants change/>
            <Password name reset/>
            <section class="panel" aria-labelledby="tokens">
                <header class="panel-header"><h2 id="tokens">"API tokens"</h2></header>
                <Failed outcome=revoke.value()/>
                <TokenTable tokens revoke=revoke_form/>
            </section>
            <section class="panel" aria-labelledby="sessions">
                <header class="panel-header"><h2 id="sessions">"Sessions"</h2></header>
                <Failed outcome=end.value()/>
                <Sessions sessions end=end_form/>
            </section>
        </div>
    }
}

#[component]
fn Grants(name: String, grants: Vec<Grant>, change: ServerAction<ChangeUser>) -> impl IntoView {
    view! {
        <section class="panel" aria-label="Grants">
            <ActionForm action=change attr:class="panel-body form">
                <input type="hidden" name="name" value=name/>
                <GrantFields grants/>
                <div class="form-actions">
                    <button class="button button-primary" type="submit">"Save grants"</button>
                </div>
            </ActionForm>
        </section>
    }
}

#[component]
fn Disable(name: String, disabled: bool, change: ServerAction<ChangeUser>) -> impl IntoView {
    let label = if disabled { "Enable" } else { "Disable" };
    view! {
        <ActionForm action=change>
            <input type="hidden" name="name" value=name/>
            <input type="hidden" name="disabled" value=(!disabled).to_string()/>
            <button class="button" type="submit">{label}</button>
        </ActionForm>
    }
}

/// Asks once, naming the effect.
#[component]
fn Delete(name: String, delete: ServerAction<DeleteUser>) -> impl IntoView {
    let effect = format!("{name} can no longer sign in, and all sessions and tokens end. The audit trail stays.");
    view! {
        <details class="menu menu-end">
            <summary class="button button-icon" aria-label=format!("Delete {name}")><Icon glyph=Glyph::Trash/></summary>
            <div class="menu-list">
                <ActionForm action=delete>
                    <input type="hidden" name="name" value=name.clone()/>
                    <p class="panel-body">{effect}</p>
                    <button class="button button-danger" type="submit">{format!("Delete {name}")}</button>
                </ActionForm>
            </div>
        </details>
    }
}

#[component]
fn Password(name: String, reset: ServerAction<ResetPassword>) -> impl IntoView {
    let owner = name.clone();
    view! {
        <section class="panel" aria-labelledby="password-heading">
            <header class="panel-header"><h2 id="password-heading">"Password"</h2></header>
            <MadePassword owner answer=reset.value()/>
            <Failed outcome=reset.value()/>
            <ActionForm action=reset attr:class="panel-body form form-narrow">
                // Text, so that password managers know whose password it is.
                <input type="text" name="name" value=name autocomplete="username" readonly hidden/>
                <div class="field">
                    <label class="field-label" for="password">"New password"</label>
                    <input
                        class="input" id="password" name="password" type="password" minlength=PASSWORD_LENGTH
                        autocomplete="new-password" aria-describedby="password-hint"
                    />
                    <p class="field-hint" id="password-hint">
                        "Leave it empty to have one made and shown once; that needs scripts. All sessions end."
                    </p>
                </div>
                <div class="form-actions"><button class="button" type="submit">"Set password"</button></div>
            </ActionForm>
        </section>
    }
}

#[component]
fn MadePassword(owner: String, #[prop(into)] answer: Signal<Option<Result<NewPassword, Failure>>>) -> impl IntoView {
    move || {
        let secret = answer.get()?.ok()?.password?;
        Some(view! { <Secret what=format!("The password of {owner}") secret/> })
    }
}
