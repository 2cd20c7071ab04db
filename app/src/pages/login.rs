//! The sign-in form: plain HTML, posted to the server.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::components::{Glyph, Icon};

/// What the server says in `?failed=`.
fn reason(failed: &str) -> &'static str {
    match failed {
        "too-many" => "Too many attempts. Wait a minute and try again.",
        // The flags are for whoever runs the server: without them nobody can sign in from another machine.
        "plain-http" => {
            "Signing in does not work here: over plain HTTP browsers keep no session of another machine. Start the server \
             with --tls-cert and --tls-key; or put a proxy with HTTPS in front of it and give its address with \
             --public-url, or its network with --trusted-proxy."
        }
        _ => "The name or the password is wrong.",
    }
}

#[component]
pub(crate) fn LoginPage() -> impl IntoView {
    let query = use_query_map();
    let next = move || query.read().get("next").unwrap_or_else(|| "/".to_owned());
    let failed = move || query.read().get("failed").map(|failed| reason(&failed));
    view! {
        <Title text="Sign in"/>
        <main class="login" id="main">
            <form class="panel login-form" method="post" action="/login">
                <span class="sidebar-mark"><Icon glyph=Glyph::Flux/></span>
                <h1>"Sign in"</h1>
                {move || failed().map(|reason| view! { <p class="field-error" role="alert">{reason}</p> })}
                <div class="field">
                    <label class="field-label" for="name">"Name"</label>
                    <input class="input" id="name" name="name" autocomplete="username" required autofocus/>
                </div>
                <div class="field">
                    <label class="field-label" for="password">"Password"</label>
                    <input
                        class="input" id="password" name="password" type="password"
                        autocomplete="current-password" required
                    />
                </div>
                <input type="hidden" name="next" value=next/>
                <button class="button button-primary" type="submit">"Sign in"</button>
            </form>
        </main>
    }
}
