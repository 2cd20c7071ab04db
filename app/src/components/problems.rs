//! What is missing from the page, and why: one line each, above what is there.

use domain::problem::{Problem, ProblemKind};
use leptos::prelude::*;

use super::{Glyph, Icon};

/// Lines shown at once; the rest opens on demand.
const SHOWN: usize = 3;

fn look(kind: ProblemKind) -> (&'static str, Glyph) {
    match kind {
        ProblemKind::Unreachable => ("problem problem-line problem-stalled", Glyph::Unlink),
        ProblemKind::Forbidden => ("problem problem-line problem-stalled", Glyph::Shield),
        ProblemKind::Failed | ProblemKind::Invalid => ("problem problem-line problem-failed", Glyph::OctagonX),
        ProblemKind::NotFound | ProblemKind::Truncated => ("problem problem-line problem-unknown", Glyph::Info),
        ProblemKind::Stale => ("problem problem-line problem-waiting", Glyph::Clock),
    }
}

#[component]
fn ProblemLine(problem: Problem) -> impl IntoView {
    let (class, glyph) = look(problem.kind);
    let about =
        problem.object.as_ref().map(ToString::to_string).or_else(|| problem.cluster.as_ref().map(ToString::to_string));
    view! {
        <li class=class>
            <Icon glyph/>
            <div class="problem-text">
                <p>
                    {about.map(|about| view! { <b>{about} ": "</b> })}
                    {problem.message}
                    {problem.next_step.map(|step| view! { <span class="muted">" " {step}</span> })}
                </p>
            </div>
        </li>
    }
}

/// Nothing where there is no problem.
#[component]
pub(crate) fn Problems(problems: Vec<Problem>) -> impl IntoView {
    if problems.is_empty() {
        return None;
    }
    let mut lines = problems.into_iter().map(|problem| view! { <ProblemLine problem/> });
    let first: Vec<_> = lines.by_ref().take(SHOWN).collect();
    let rest: Vec<_> = lines.collect();
    let more = (!rest.is_empty()).then(|| {
        view! {
            <details>
                <summary>{format!("{} more", rest.len())}</summary>
                <ul class="stack">{rest}</ul>
            </details>
        }
    });
    Some(view! {
        <section class="stack" aria-label="Problems">
            <ul class="stack">{first}</ul>
            {more}
        </section>
    })
}
