//! Reconcile, suspend, resume: a form that posts without scripts, and shows the outcome where the click was.

use domain::access::{Verb, Viewer};
use domain::action::{Action, ActionOutcome, ActionStage, ReconcileOptions};
use domain::catalogue::{self, Suspension};
use domain::health::Status;
use domain::object::ObjectRef;
use leptos::form::ActionForm;
use leptos::prelude::*;

use super::{Erase, Glyph, Icon, StatusBadge, StatusGlyph, error_text};
use crate::Failure;
use crate::api::Act;
use crate::viewer::may;

/// Where the buttons stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActionLook {
    /// Icons, in a row of a list.
    Row,
    /// Reconcile alone, beside other things to do.
    Single,
    /// In the header of the object's page, with every way to reconcile.
    Page,
}

/// What this viewer may ask of an object of this kind.
#[derive(Clone, Copy)]
struct Offered {
    reconcile: bool,
    suspend: bool,
    helm: bool,
    applier: bool,
}

fn offered(object: &ObjectRef, viewer: &Viewer) -> Option<Offered> {
    let kind = catalogue::by_group_kind(&object.group, &object.kind)?;
    let offered = Offered {
        reconcile: kind.reconcilable && may(viewer, Verb::Reconcile, object),
        suspend: kind.suspension != Suspension::None && may(viewer, Verb::Suspend, object),
        helm: kind.group == catalogue::HELM,
        applier: kind.role == catalogue::Role::Applier,
    };
    (offered.reconcile || offered.suspend).then_some(offered)
}

/// The buttons; nothing where nothing may be asked.
#[component]
pub(crate) fn ObjectActions(
    object: ObjectRef,
    viewer: Option<Viewer>,
    #[prop(into)] suspended: Signal<bool>,
    look: ActionLook,
) -> impl IntoView {
    let offered = offered(&object, viewer.as_ref()?)?;
    let act = ServerAction::<Act>::new();
    let (class, words) = match look {
        ActionLook::Row => ("button button-small button-icon", false),
        ActionLook::Single | ActionLook::Page => ("button", true),
    };
    let json = serde_json::to_string(&object).unwrap_or_default();
    let reconcile = offered.reconcile.then(|| {
        let action = Action::Reconcile(ReconcileOptions::default());
        view! { <ActButton act class words action glyph=Glyph::Refresh label="Reconcile"/> }
    });
    let suspend = (offered.suspend && look != ActionLook::Single).then_some(move || {
        let (action, glyph, label) = if suspended.get() {
            (Action::Resume, Glyph::Play, "Resume")
        } else {
            (Action::Suspend, Glyph::Pause, "Suspend")
        };
        view! { <ActButton act class words action glyph label/> }
    });
    let more = (look == ActionLook::Page && offered.reconcile && offered.applier)
        .then(|| view! { <MoreActions act helm=offered.helm/> });
    let form_class = if look == ActionLook::Row { "table-actions-hover" } else { "page-actions" };
    Some(view! {
        <Outcome pending=act.pending() outcome=act.value() words/>
        <ActionForm action=act attr:class=form_class>
            <input type="hidden" name="object" value=json/>
            {reconcile}
            {more}
            {suspend}
        </ActionForm>
    })
}

#[component]
fn ActButton(
    act: ServerAction<Act>,
    class: &'static str,
    /// Whether the label is written out, or said by the tooltip alone.
    words: bool,
    action: Action,
    glyph: Glyph,
    label: &'static str,
) -> impl IntoView {
    let value = serde_json::to_string(&action).unwrap_or_default();
    let own = value.clone();
    let busy = move || act.input().with(|input| input.as_ref().is_some_and(|input| input.action == own));
    view! {
        <button
            class=class
            type="submit"
            name="action"
            value=value
            aria-busy=move || busy().then_some("true")
            disabled=move || act.pending().get()
            title=(!words).then_some(label)
            aria-label=(!words).then_some(label)
        >
            <Icon glyph/>
            {words.then_some(label)}
        </button>
    }
}

/// The other ways to reconcile.
#[component]
fn MoreActions(act: ServerAction<Act>, helm: bool) -> impl IntoView {
    let option = |options: ReconcileOptions, label: &'static str| {
        view! { <ActButton act class="menu-item" words=true action=Action::Reconcile(options) glyph=Glyph::Refresh label/> }
    };
    let plain = ReconcileOptions::default();
    view! {
        <details class="menu">
            <summary class="button button-icon" aria-label="More ways to reconcile">
                <Icon glyph=Glyph::ChevronDown/>
            </summary>
            <div class="menu-list">
                {option(ReconcileOptions { with_source: true, ..plain }, "Reconcile with source")}
                {helm.then(|| option(ReconcileOptions { reset: true, ..plain }, "Reset and reconcile"))}
                {helm.then(|| option(ReconcileOptions { force: true, ..plain }, "Reconcile with force"))}
            </div>
        </details>
    }
}

/// How far the request came: requested, handled, done, or why not.
#[component]
fn Outcome(
    #[prop(into)] pending: Signal<bool>,
    #[prop(into)] outcome: Signal<Option<Result<ActionOutcome, Failure>>>,
    words: bool,
) -> impl IntoView {
    let shown = move || {
        if pending.get() {
            return Some((Status::Progressing, "Requested".to_owned(), String::new()));
        }
        outcome.get().map(|outcome| match outcome {
            Ok(outcome) => said(outcome),
            Err(failure) => (Status::Failed, "Not done".to_owned(), error_text(&failure)),
        })
    };
    view! {
        <span aria-live="polite">
            {move || shown().map(|(status, label, message)| {
                let whole = if message.is_empty() { label.clone() } else { format!("{label}: {message}") };
                let badge = if words {
                    view! { <StatusBadge status label/> }.erase()
                } else {
                    view! { <StatusGlyph status/> }.erase()
                };
                view! { <span title=whole.clone()>{badge} <span class="visually-hidden">{whole.clone()}</span></span> }
            })}
        </span>
    }
}

fn said(outcome: ActionOutcome) -> (Status, String, String) {
    let label = match outcome.stage {
        ActionStage::Requested => "Requested, not handled yet",
        ActionStage::Handled => "Handled, still working",
        ActionStage::Done => "Done",
        ActionStage::Failed => "Failed",
    };
    let status = match outcome.stage {
        ActionStage::Requested => Status::Waiting,
        ActionStage::Handled => Status::Progressing,
        ActionStage::Done => outcome.health.into(),
        ActionStage::Failed => Status::Failed,
    };
    let message = std::iter::once(outcome.message).chain(outcome.warnings).collect::<Vec<_>>().join(" · ");
    (status, label.to_owned(), message)
}
