//! What is compared, what Flux would decide, and how that was found out.

use domain::access::Viewer;
use domain::diff::verdict::Verdict as Decision;
use domain::drift::{DiffReport, Fidelity, Provenance};
use domain::health::Status;
use domain::object::ObjectRef;
use leptos::prelude::*;

use crate::components::{
    ActionLook, CopyButton, Erase, Glyph, Icon, ObjectActions, StatusBadge, Timestamp, short_revision,
};

/// The look of a decision: what differs is drift, what is refused a failure, what cannot be judged unknown.
pub(super) fn verdict_status(verdict: &Decision) -> Status {
    match verdict {
        Decision::InSync { .. } | Decision::Encrypted => Status::Ready,
        Decision::Blocked { .. } => Status::Failed,
        Decision::Pending { .. } => Status::Waiting,
        Decision::Skipped { .. } => Status::Suspended,
        Decision::EstimateOnly { differs: false, .. } => Status::Ready,
        verdict if verdict.is_drift() => Status::Drifted,
        _ => Status::Unknown,
    }
}

/// `exact, from 1.15.0 + dry-run`.
fn fidelity(provenance: &Provenance) -> String {
    let revision = provenance.revision.as_deref().map(short_revision);
    let from = revision.map(|revision| format!(", from {revision}")).unwrap_or_default();
    let completed = if provenance.dry_run { " + dry-run" } else { ", estimate" };
    match provenance.fidelity {
        Fidelity::Exact => format!("exact{from}{completed}"),
        Fidelity::Observed => format!("observed{from}{completed}"),
        Fidelity::Presence => "presence only".to_owned(),
        Fidelity::None => "no desired side".to_owned(),
    }
}

#[component]
pub(super) fn Header(report: DiffReport, viewer: Option<Viewer>) -> impl IntoView {
    let DiffReport { diff, owner, .. } = report;
    let object = diff.object.clone();
    // Whoever decides about the object is what can be asked to correct it.
    let decides = owner.clone().unwrap_or_else(|| object.clone());
    view! {
        <div class="page-header">
            <h1>{object.kind.clone()} " " {object.name.clone()}</h1>
            <StatusBadge status=verdict_status(&diff.verdict) label=diff.verdict.label()/>
            <span class="chip chip-accent">{fidelity(&diff.provenance)}</span>
            {diff.provenance.since.map(|since| view! { <span class="chip">"captured " <Timestamp time=since/></span> })}
            {owner.map(|owner| view! { <Owner owner/> })}
            <div class="page-actions">
                <ObjectActions object=decides viewer suspended=false look=ActionLook::Single/>
                <a class="button" href=object.page()>"Open object"</a>
                <CopyButton text=object.diff_page() label="Copy path"/>
            </div>
        </div>
    }
}

#[component]
fn Owner(owner: ObjectRef) -> impl IntoView {
    view! {
        <span class="muted">
            "decided by " <a class="link" href=owner.page()>{format!("{} {}", owner.kind, owner.name)}</a>
        </span>
    }
}

/// What Flux would do about it, and why not where it would not.
fn sentence(verdict: &Decision) -> String {
    let plain = match verdict {
        Decision::InSync { ignored: 0, ownership_only: false } => "Flux would change nothing here.",
        Decision::InSync { ownership_only: true, .. } => "The values are the same; Flux would only take fields over.",
        Decision::InSync { .. } => "Flux would change nothing here: what differs is covered by ignore rules.",
        Decision::Drifted { will_correct: true, .. } => "Flux corrects this when it applies again.",
        Decision::Drifted { will_correct: false, .. } => "Flux does not correct this.",
        Decision::Missing { will_create: true, .. } => "Flux creates this when it applies again.",
        Decision::Missing { will_create: false, .. } => "Flux does not create this.",
        Decision::WillBePruned => "It is no longer desired; Flux deletes it when it applies again.",
        Decision::Recreate { .. } => "Flux deletes it and creates it again.",
        Decision::Blocked { .. } => "The API refuses what Flux would send.",
        _ => "",
    };
    let reason = verdict.reason();
    match (plain.is_empty(), reason.is_empty()) {
        (true, true) => verdict.label(),
        (true, false) => reason.to_owned(),
        (false, true) => plain.to_owned(),
        (false, false) => format!("{plain} Reason: {reason}."),
    }
}

/// The reason of the decision, and behind a click how it was computed.
#[component]
pub(super) fn Verdict(report: DiffReport) -> impl IntoView {
    let status = verdict_status(&report.diff.verdict);
    let class = format!("panel panel-note note-{}", crate::components::status_class(status));
    let reason = sentence(&report.diff.verdict);
    let notes: Vec<_> = report.diff.provenance.notes.into_iter().map(|note| view! { <li>{note}</li> }).collect();
    let computed = (!notes.is_empty()).then(|| {
        view! {
            <details class="panel-actions">
                <summary>"How this was computed"</summary>
                <ul>{notes}</ul>
            </details>
        }
    });
    view! {
        <div class=class>
            <Icon glyph=crate::components::glyph(status)/>
            <p>{reason}</p>
            {computed.map_or_else(|| view! { <Icon glyph=Glyph::Info/> }.erase(), Erase::erase)}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_badge_says_where_desired_is_from_and_how_sure_it_is() {
        let provenance = Provenance {
            fidelity: Fidelity::Observed,
            revision: Some("main@sha1:a41f09c2b1".to_owned()),
            since: None,
            dry_run: false,
            notes: Vec::new(),
        };
        assert_eq!(fidelity(&provenance), "observed, from main@a41f09c, estimate");
        let exact = Provenance { fidelity: Fidelity::Exact, revision: None, dry_run: true, ..provenance };
        assert_eq!(fidelity(&exact), "exact + dry-run");
    }

    #[test]
    fn what_cannot_be_judged_does_not_look_fine() {
        assert_eq!(verdict_status(&Decision::unknown("no right")), Status::Unknown);
        assert_eq!(verdict_status(&Decision::Blocked { reason: String::new() }), Status::Failed);
        assert_eq!(verdict_status(&Decision::in_sync()), Status::Ready);
    }
}
