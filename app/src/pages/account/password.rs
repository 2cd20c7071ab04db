//! The own password. Changing it ends every other session.

use domain::access::user::{PASSWORD_LENGTH, PASSWORD_RULE};
use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::api::access::ChangePassword;
use crate::components::Failed;

#[component]
pub(super) fn PasswordForm(name: String) -> impl IntoView {
    let change = ServerAction::<ChangePassword>::new();
    let done = move || change.value().with(|value| matches!(value, Some(Ok(_))));
    view! {
        <section class="panel" aria-labelledby="password">
            <header class="panel-header"><h2 id="password">"Password"</h2></header>
            <Failed outcome=change.value()/>
            <Show when=done>
                <p class="panel-body" role="status">"The password is changed, and all other sessions are ended."</p>
            </Show>
            <ActionForm action=change attr:class="panel-body form form-narrow">
                // Not sent: it tells password managers whose password it is.
                <input type="text" value=name autocomplete="username" readonly hidden/>
                <div class="field">
                    <label class="field-label" for="current">"Present password"</label>
                    <input
                        class="input" id="current" name="current" type="password" autocomplete="current-password" required
                    />
                </div>
                <div class="field">
                    <label class="field-label" for="new">"New password"</label>
                    <input
                        class="input" id="new" name="new" type="password" autocomplete="new-password" required
                        minlength=PASSWORD_LENGTH aria-describedby="new-hint"
                    />
                    <p class="field-hint" id="new-hint">{PASSWORD_RULE} " Every other session ends with the old one."</p>
                </div>
                <div class="form-actions">
                    <button class="button" type="submit" aria-busy=move || change.pending().get().then_some("true")>
                        "Change password"
                    </button>
                </div>
            </ActionForm>
        </section>
    }
}
