//! `…/diff`: desired against actual of one object, and for an applier of everything that it manages.
//!
//! The texts come masked from the server; comparing them, folding and the views are done here, so that view options
//! need no further request. The server renders the same rows, which is what a page without scripts shows.

mod changes;
mod compared;
mod header;
mod model;
mod objects;
mod row;
mod stale;
mod text;

use domain::access::Viewer;
use domain::drift::{DiffReport, Fidelity};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use self::changes::Changes;
use self::header::{Header, Verdict};
use self::objects::Objects;
use self::stale::Stale;
use self::text::TextView;
use crate::address::{DiffAddress, DiffView, ObjectAddress};
use crate::api;
use crate::components::{CodeView, ConditionList, Erase, Problems, loaded};
use crate::platform;
use crate::viewer::use_viewer;

/// Screens on which two sides of YAML cannot be read beside each other.
const ONE_SIDE: &str = "(max-width: 1099px)";

#[component]
pub(crate) fn DiffPage() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let address = Memo::new(move |_| params.with(|params| query.with(|query| DiffAddress::read(params, query))));
    let object = Memo::new(move |_| address.read().object.clone());
    let open = Memo::new(move |_| address.read().open.clone());
    let viewer = use_viewer();
    let root = Resource::new(move || object.get(), api::diff);
    // The open object's own diff: the same answer where it is the page's object.
    let opened = Resource::new(
        move || (object.get(), open.get()),
        move |(object, open)| async move {
            let root = root.await?;
            let target = target(&root, &object, open.as_deref());
            let opened = if target.names(&root.diff.object) { root.clone() } else { api::diff(target).await? };
            Ok((root, opened, viewer.known().await))
        },
    );
    view! {
        <Title text=move || format!("Diff of {} {}", object.read().kind, object.read().name)/>
        <main class="page" id="main">
            {loaded(opened, move |(root, opened, viewer)| view! { <Diff address root opened viewer/> })}
        </main>
    }
}

/// What is open: what the address names, else the first managed object that differs, else the page's object.
fn target(root: &DiffReport, object: &ObjectAddress, open: Option<&str>) -> ObjectAddress {
    if let Some(open) = open.and_then(|open| ObjectAddress::of_short(&object.cluster, open)) {
        return open;
    }
    let drifted = root.objects.iter().find(|entry| entry.verdict.is_drift());
    match drifted {
        Some(entry) if !root.diff.verdict.is_drift() => ObjectAddress::from(&entry.object),
        _ => ObjectAddress::from(&root.diff.object),
    }
}

#[component]
fn Diff(address: Memo<DiffAddress>, root: DiffReport, opened: DiffReport, viewer: Option<Viewer>) -> impl IntoView {
    let object = opened.diff.object.clone();
    let applier = !root.objects.is_empty();
    let body = StoredValue::new(opened.clone());
    let view = view_shown(address);
    view! {
        <Stale root=root.clone()/>
        <Header report=opened.clone() viewer/>
        <Verdict report=opened.clone()/>
        <Problems problems=opened.diff.problems.clone()/>
        <div class=if applier { "diff-page" } else { "stack" }>
            {applier.then(|| view! { <Objects address root open=object.clone()/> })}
            <section class="panel diff" data-view=move || view.get().word() aria-label="Differences">
                {move || {
                    let report = body.get_value();
                    match (report.diff.provenance.fidelity, view.get()) {
                        (Fidelity::None, _) => view! { <OneSide report/> }.erase(),
                        (_, DiffView::Changes) => view! { <Changes address view changes=report.diff.changes/> }.erase(),
                        _ => view! { <TextView address view diff=report.diff/> }.erase(),
                    }
                }}
                <section class="diff-conditions" aria-labelledby="conditions">
                    <h2 id="conditions">"Conditions"</h2>
                    <ConditionList conditions=opened.conditions/>
                </section>
            </section>
        </div>
    }
}

/// The view of the address; where it names none, split if the screen has room for two sides. A server does not know
/// the screen and says split, so a narrow one changes after hydration.
fn view_shown(address: Memo<DiffAddress>) -> Memo<DiffView> {
    let narrow = RwSignal::new(false);
    // The outside thing: the width of the window.
    Effect::new(move || narrow.set(platform::matches_media(ONE_SIDE)));
    Memo::new(move |_| {
        let fitting = if narrow.get() { DiffView::Unified } else { DiffView::Split };
        address.read().view.unwrap_or(fitting)
    })
}

/// Nobody desires this object, so there is nothing to compare it with.
#[component]
fn OneSide(report: DiffReport) -> impl IntoView {
    view! {
        <header class="panel-header"><h2>"Actual"</h2><span class="muted">"no desired side"</span></header>
        <CodeView text=report.diff.actual label="Actual"/>
    }
}
