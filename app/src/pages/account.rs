//! `/account`: the own password, API tokens and sessions.

mod password;
mod sessions;
mod tokens;

use domain::access::Viewer;
use domain::access::session::SessionView;
use domain::access::token::TokenView;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

use self::password::PasswordForm;
use self::sessions::EndOthers;
pub(super) use self::sessions::Sessions;
pub(super) use self::tokens::TokenTable;
use self::tokens::{NewSecret, TokenForm};
use super::users::GrantList;
use crate::api::access::{self, CreateToken, EndOtherSessions, EndOwnSession, RevokeOwnToken};
use crate::components::{Empty, Erase, Failed, Glyph, loaded};
use crate::viewer::use_viewer;

/// What can be asked for here; each answer makes the page read itself again.
#[derive(Clone, Copy)]
struct Actions {
    create: ServerAction<CreateToken>,
    revoke: ServerAction<RevokeOwnToken>,
    end: ServerAction<EndOwnSession>,
    end_others: ServerAction<EndOtherSessions>,
}

#[component]
pub(crate) fn AccountPage() -> impl IntoView {
    let actions = Actions {
        create: ServerAction::new(),
        revoke: ServerAction::new(),
        end: ServerAction::new(),
        end_others: ServerAction::new(),
    };
    let viewer = use_viewer();
    let changes = move || {
        let Actions { create, revoke, end, end_others } = actions;
        [create.version().get(), revoke.version().get(), end.version().get(), end_others.version().get()]
    };
    let account = Resource::new(changes, move |_| async move {
        let Some(viewer) = viewer.known().await.filter(|viewer| viewer.signed_in) else { return Ok(None) };
        Ok(Some((viewer, access::own_tokens().await?, access::own_sessions().await?)))
    });
    view! {
        <Title text="Account"/>
        <main class="page" id="main">
            {loaded(account, move |account| match account {
                Some((viewer, tokens, sessions)) => view! { <Account viewer tokens sessions actions/> }.erase(),
                None => view! { <NoAccount/> }.erase(),
            })}
        </main>
    }
}

#[component]
fn NoAccount() -> impl IntoView {
    view! {
        <div class="page-header"><h1>"Account"</h1></div>
        <Empty
            glyph=Glyph::Shield
            title="This server runs without sign-in"
            text="Everybody is an administrator, so there are no accounts. Start it with --auth local to have them."
        />
    }
}

#[component]
fn Account(viewer: Viewer, tokens: Vec<TokenView>, sessions: Vec<SessionView>, actions: Actions) -> impl IntoView {
    let others = sessions.iter().filter(|session| !session.current).count();
    let Actions { create, revoke, end, end_others } = actions;
    let revoke_form = move |id: String, button: AnyView| {
        view! { <ActionForm action=revoke><input type="hidden" name="id" value=id/> {button}</ActionForm> }.erase()
    };
    let end_form = move |id: String, button: AnyView| {
        view! { <ActionForm action=end><input type="hidden" name="id" value=id/> {button}</ActionForm> }.erase()
    };
    view! {
        <div class="page-header"><h1>{viewer.name.clone()}</h1></div>
        <div class="stack">
            <section class="panel" aria-labelledby="rights">
                <header class="panel-header"><h2 id="rights">"What you may do"</h2></header>
                <div class="panel-body"><GrantList grants=viewer.grants.clone()/></div>
            </section>
            <section class="panel" aria-labelledby="tokens">
                <header class="panel-header">
                    <h2 id="tokens">"API tokens"</h2>
                    <span class="muted">"for scripts: REST and sockets, never these pages"</span>
                </header>
                <NewSecret created=create.value()/>
                <Failed outcome=revoke.value()/>
                <TokenTable tokens revoke=revoke_form/>
                <TokenForm create/>
            </section>
            <section class="panel" aria-labelledby="sessions">
                <header class="panel-header">
                    <h2 id="sessions">"Sessions"</h2>
                    <span class="panel-actions">{(others > 0).then(|| view! { <EndOthers end=end_others/> })}</span>
                </header>
                <Failed outcome=end_others.value()/>
                <Failed outcome=end.value()/>
                <Sessions sessions end=end_form/>
            </section>
            <PasswordForm name=viewer.name/>
        </div>
    }
}
