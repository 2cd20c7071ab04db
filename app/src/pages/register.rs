//! `/clusters/new`: paste or drop a kubeconfig, see what was found out, register. A plain form without scripts.

mod checks;
mod onboarding;

use domain::object::ClusterId;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

use self::checks::{Checks, steps_of};
use self::onboarding::Onboarding;
use crate::api::{ProbeCluster, RegisterCluster};
use crate::components::{Glyph, Icon, error_text};
use crate::platform;

#[component]
pub(crate) fn RegisterPage() -> impl IntoView {
    let register = ServerAction::<RegisterCluster>::new();
    let probe = ServerAction::<ProbeCluster>::new();
    let name = RwSignal::new(String::new());
    let kubeconfig = RwSignal::new(String::new());
    // A refused registration brings its checks along; otherwise those of the last probe.
    let steps = move || match register.value().get() {
        Some(Err(failure)) => Some(steps_of(&failure)),
        _ => probe.value().get().map(|answer| answer.unwrap_or_else(|failure| steps_of(&failure))),
    };
    let failed = move || register.value().get().and_then(Result::err).map(|failure| error_text(&failure));
    let check = move |_| {
        register.clear();
        probe.dispatch(ProbeCluster { name: name.get_untracked(), kubeconfig: kubeconfig.get_untracked() });
    };
    let (probing, registering) = (probe.pending(), register.pending());
    let busy = |pending: Memo<bool>| pending.get().then_some("true");
    let pending = Signal::derive(move || probing.get() || registering.get());
    let label =
        move || if name.read().is_empty() { "Register".to_owned() } else { format!("Register {}", name.read()) };
    view! {
        <Title text="Register a cluster"/>
        <main class="page" id="main">
            <div class="page-header"><h1>"Register a cluster"</h1></div>
            <div class="stack">
                <section class="panel panel-body" aria-label="Registration">
                    <ActionForm action=register attr:class="register">
                        <div class="register-form">
                            <Kubeconfig kubeconfig/>
                            <Names name/>
                            {move || failed().map(|text| view! { <p class="field-error" role="alert">{text}</p> })}
                            <div class="form-actions">
                                <a class="button" href="/clusters">"Cancel"</a>
                                <button class="button" type="button" on:click=check aria-busy=move || busy(probing)>
                                    <Icon glyph=Glyph::Shield/>"Check"
                                </button>
                                <button class="button button-primary" type="submit" aria-busy=move || busy(registering)>
                                    {label}
                                </button>
                            </div>
                        </div>
                        <Checks steps=Signal::derive(steps) pending/>
                    </ActionForm>
                </section>
                <Onboarding/>
            </div>
        </main>
    }
}

#[component]
fn Names(name: RwSignal<String>) -> impl IntoView {
    let id = move || match ClusterId::slug(&name.read()).0 {
        slug if slug.is_empty() => "Letters and digits; the address is made of it and never changes.".to_owned(),
        slug => format!("Its address will be /clusters/{slug}, for good; the name may change."),
    };
    view! {
        <div class="field">
            <label class="field-label" for="name">"Name"</label>
            <input
                class="input" id="name" name="name" required aria-describedby="name-hint" placeholder="prod-eu"
                prop:value=move || name.get() on:input=move |event| name.set(event_target_value(&event))
            />
            <p class="field-hint" id="name-hint">{id}</p>
        </div>
        <div class="field">
            <label class="field-label" for="description">"Description"</label>
            <input class="input" id="description" name="description"/>
        </div>
        <label class="choice">
            <input class="checkbox" type="checkbox" name="allow_unreachable" value="1"/>
            " Save it even if it does not answer now"
        </label>
    }
}

/// Text that is pasted, typed, or read from a dropped or chosen file.
#[component]
fn Kubeconfig(kubeconfig: RwSignal<String>) -> impl IntoView {
    let dragging = RwSignal::new(false);
    let read = move |event: &leptos::ev::Event| platform::read_file(event, move |text| _ = kubeconfig.try_set(text));
    let dropped = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        dragging.set(false);
        read(&event);
    };
    let over = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        dragging.set(true);
    };
    view! {
        <div class="field">
            <label class="field-label" for="kubeconfig">"Kubeconfig"</label>
            <div
                class="drop" data-hint="Drop the kubeconfig here" data-dragging=move || dragging.get().then_some("")
                on:dragover=over on:dragleave=move |_| dragging.set(false) on:drop=dropped
            >
                // Never a child text: it would not be escaped.
                <textarea
                    class="input input-code" id="kubeconfig" name="kubeconfig" rows="12" required spellcheck="false"
                    autocomplete="off" aria-describedby="kubeconfig-hint"
                    prop:value=move || kubeconfig.get() on:input=move |event| kubeconfig.set(event_target_value(&event))
                ></textarea>
            </div>
            <p class="field-hint" id="kubeconfig-hint">
                "Paste, or drop a file. Kept encrypted. "
                "Only inline certificates and tokens: plugins and file paths are refused."
            </p>
            <label class="choice">"Or choose a file " <input type="file" on:change=move |event| read(&event)/></label>
        </div>
    }
}
