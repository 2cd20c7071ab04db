//! `/settings/users` and `/settings/users/{name}`: who may sign in, and what each may do.

mod grants;
mod user;

use domain::access::Viewer;
use domain::access::user::{CreatedUser, NAME_LENGTH, NAME_RULE, PASSWORD_LENGTH, UserView};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

use self::grants::GrantFields;
pub(super) use self::grants::GrantList;
pub(crate) use self::user::UserPage;
use super::settings::SettingsTabs;
use crate::Failure;
use crate::address::user_page;
use crate::api::access::{self, CreateUser};
use crate::components::{Failed, Secret, Timestamp, loaded_part};
use crate::viewer::use_viewer;

#[component]
pub(crate) fn UsersPage() -> impl IntoView {
    let create = ServerAction::<CreateUser>::new();
    let viewer = use_viewer();
    let users = Resource::new(
        move || create.version().get(),
        move |_| async move { Ok((access::users().await?, viewer.known().await)) },
    );
    view! {
        <Title text="Users"/>
        <main class="page" id="main">
            <div class="page-header"><h1>"Users"</h1></div>
            <SettingsTabs/>
            <div class="stack">
                {loaded_part(users, move |(users, viewer)| view! { <Users users viewer/> })}
                <NewUser create/>
            </div>
        </main>
    }
}

#[component]
fn Users(users: Vec<UserView>, viewer: Option<Viewer>) -> impl IntoView {
    let own = viewer.map(|viewer| viewer.name).unwrap_or_default();
    let rows: Vec<_> = users
        .into_iter()
        .map(|user| {
            let UserView { name, grants, disabled, created_at, last_sign_in } = user;
            let chip = (name == own).then_some("you");
            let href = user_page(&name);
            view! {
                <tr>
                    <th scope="row">
                        <a class="table-name" href=href>{name}</a>
                        {chip.map(|chip| view! { " " <span class="chip chip-accent">{chip}</span> })}
                        {disabled.then(|| view! { " " <span class="chip chip-stalled">"disabled"</span> })}
                    </th>
                    <td class="table-muted"><GrantList grants/></td>
                    <td><Timestamp time=Some(created_at)/></td>
                    <td><Timestamp time=last_sign_in/></td>
                </tr>
            }
        })
        .collect();
    view! {
        <div class="panel table-frame">
            <table class="table table-wrap">
                <caption class="visually-hidden">"Users"</caption>
                <colgroup><col style="width: 26%"/><col/><col style="width: 10em"/><col style="width: 10em"/></colgroup>
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"May"</th>
                        <th scope="col">"Since"</th>
                        <th scope="col">"Last sign-in"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn NewUser(create: ServerAction<CreateUser>) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="new-user">
            <header class="panel-header"><h2 id="new-user">"New user"</h2></header>
            <MadePassword created=create.value()/>
            <Failed outcome=create.value()/>
            <ActionForm action=create attr:class="panel-body form">
                <div class="field-row">
                    <div class="field">
                        <label class="field-label" for="name">"Name"</label>
                        <input
                            class="input" id="name" name="name" required maxlength=NAME_LENGTH autocomplete="off"
                            aria-describedby="name-hint"
                        />
                        <p class="field-hint" id="name-hint">{NAME_RULE}</p>
                    </div>
                    <div class="field">
                        <label class="field-label" for="password">"Password"</label>
                        <input
                            class="input" id="password" name="password" type="password" minlength=PASSWORD_LENGTH
                            autocomplete="new-password" aria-describedby="password-hint"
                        />
                        <p class="field-hint" id="password-hint">
                            "Leave it empty to have one made and shown once; that needs scripts."
                        </p>
                    </div>
                </div>
                <GrantFields grants=Vec::new()/>
                <div class="form-actions">
                    <button
                        class="button button-primary" type="submit"
                        aria-busy=move || create.pending().get().then_some("true")
                    >
                        "Create user"
                    </button>
                </div>
            </ActionForm>
        </section>
    }
}

/// The password of the user that was just created, where the server made it.
#[component]
fn MadePassword(#[prop(into)] created: Signal<Option<Result<CreatedUser, Failure>>>) -> impl IntoView {
    move || {
        let CreatedUser { user, password } = created.get()?.ok()?;
        let secret = password?;
        Some(view! { <Secret what=format!("The password of {}", user.name) secret/> })
    }
}
