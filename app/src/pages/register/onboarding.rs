//! Manifests that make a cluster ready: a service account with just the rights that are wanted.

use leptos::prelude::*;

use crate::api::{self, OnboardingStep};
use crate::components::{CodeView, CopyButton, Glyph, Icon, loaded_part};

#[component]
pub(super) fn Onboarding() -> impl IntoView {
    let steps = Resource::new(|| (), |()| api::onboarding());
    view! {
        <section class="panel" aria-labelledby="onboarding">
            <header class="panel-header">
                <h2 id="onboarding">"No kubeconfig at hand"</h2>
                <span class="muted">"apply these on the cluster with kubectl, as far as the rights should go"</span>
            </header>
            {loaded_part(steps, |steps| steps.into_iter().map(|step| view! { <Step step/> }).collect::<Vec<_>>())}
        </section>
    }
}

#[component]
fn Step(step: OnboardingStep) -> impl IntoView {
    let OnboardingStep { title, manifest } = step;
    view! {
        <details class="panel-body">
            <summary><Icon glyph=Glyph::ChevronDown class="icon icon-small"/> " " {title.clone()}</summary>
            <CopyButton text=manifest.clone() label="Copy"/>
            <CodeView text=manifest label=title/>
        </details>
    }
}
