//! The steps of the probe, each with what was found or what to do.

use domain::cluster::{ProbeStep, StepOutcome};
use domain::health::Status;
use leptos::prelude::*;

use crate::Failure;
use crate::components::StatusGlyph;

/// The steps that a refusal carries; without any, the refusal itself is the step.
pub(super) fn steps_of(failure: &Failure) -> Vec<ProbeStep> {
    let steps = failure.0.details.as_ref().and_then(|details| serde_json::from_value(details["steps"].clone()).ok());
    steps.unwrap_or_else(|| {
        vec![ProbeStep {
            name: "Not checked".to_owned(),
            outcome: StepOutcome::Failed,
            detail: failure.0.message.clone(),
        }]
    })
}

fn status(outcome: StepOutcome) -> Status {
    match outcome {
        StepOutcome::Passed => Status::Ready,
        StepOutcome::Warning => Status::Stalled,
        StepOutcome::Failed => Status::Failed,
        StepOutcome::Skipped => Status::Suspended,
    }
}

#[component]
pub(super) fn Checks(steps: Signal<Option<Vec<ProbeStep>>>, pending: Signal<bool>) -> impl IntoView {
    let entry = |ProbeStep { name, outcome, detail }: ProbeStep| {
        view! {
            <li class="check" data-pending=(outcome == StepOutcome::Skipped).then_some("")>
                <StatusGlyph status=status(outcome)/>
                <b>{capitalised(&name)}</b>
                <p>{detail}</p>
            </li>
        }
    };
    let none = move || steps.read().is_none() && !pending.get();
    let hint = "Check shows what works before anything is saved: credentials, reachability, Flux, permissions.";
    view! {
        <div class="register-checks" aria-live="polite">
            <h2 class="field-label">"Checks"</h2>
            {move || pending.get().then(|| view! { <p class="muted">"Checking the cluster."</p> })}
            {move || none().then(|| view! { <p class="muted">{hint}</p> })}
            <ol class="checks">{move || steps.get().unwrap_or_default().into_iter().map(entry).collect::<Vec<_>>()}</ol>
        </div>
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use domain::error::{ApiError, ErrorCode};

    use super::*;

    #[test]
    fn a_refusal_shows_its_steps_or_itself() {
        let step =
            ProbeStep { name: "parsed".to_owned(), outcome: StepOutcome::Failed, detail: "no context".to_owned() };
        let error = ApiError::new(ErrorCode::Refused, "The kubeconfig was refused.");
        assert_eq!(steps_of(&Failure(error.clone()))[0].detail, "The kubeconfig was refused.");
        let with_steps = error.with_details(serde_json::json!({"steps": [step.clone()]}));
        assert_eq!(steps_of(&Failure(with_steps)), [step]);
    }
}
