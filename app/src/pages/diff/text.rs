//! The two text views with their toolbar.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::diff::text::TextDiff;
use domain::diff::view;
use domain::drift::ObjectDiff;
use leptos::prelude::*;

use super::compared::compared;
use super::model::{Form, Items, Options, items};
use super::row::ItemRow;
use crate::address::{DEFAULT_CONTEXT, DiffAddress, DiffView};
use crate::components::{Erase, Glyph, Icon};
use crate::platform;

/// Rows in the document at once.
const ROWS: usize = 400;
/// Rows where somebody asked for all of them without scripts.
const ALL_ROWS: usize = 50_000;
/// Context of "expand all".
const WHOLE: usize = 10_000;

/// Which view, how many changes, how much context.
#[component]
pub(super) fn Toolbar(
    address: Memo<DiffAddress>,
    view: Memo<DiffView>,
    changes: usize,
    /// What can be saved as a patch.
    #[prop(optional)]
    patch: Option<Arc<ObjectDiff>>,
) -> impl IntoView {
    let views = DiffView::ALL.map(|own| {
        let href = move || address.read().with_view(own).url();
        let current = move || (view.get() == own).then_some("true");
        view! { <a class="button" href=href aria-current=current>{own.label()}</a> }
    });
    let said = match changes {
        1 => "1 change".to_owned(),
        count => format!("{count} changes"),
    };
    let whole = move || address.read().context != DEFAULT_CONTEXT;
    let context = move || {
        let address = address.get();
        let context = if address.context == DEFAULT_CONTEXT { WHOLE } else { DEFAULT_CONTEXT };
        DiffAddress { context, ..address }.url()
    };
    view! {
        <header class="panel-header diff-toolbar">
            <nav class="button-group" aria-label="Views">{views.into_iter().collect_view()}</nav>
            <span class="muted">{said}</span>
            <span class="panel-actions">
                {patch.map(|patch| view! { <PatchButton patch/> })}
                <a class="button button-small" href=context>
                    {move || if whole() { "Fold unchanged lines" } else { "Expand all" }}
                </a>
            </span>
        </header>
    }
}

/// Saves what leads from actual to desired, as `patch` and `git apply` take it.
#[component]
fn PatchButton(patch: Arc<ObjectDiff>) -> impl IntoView {
    let save = move |_| {
        let name = format!("{}-{}.yaml", patch.object.kind.to_lowercase(), patch.object.name);
        let text = view::patch(&name, &patch.desired, &patch.actual, DEFAULT_CONTEXT);
        platform::download(&format!("{name}.patch"), &text);
    };
    view! {
        <button class="button button-small" type="button" on:click=save><Icon glyph=Glyph::Download/>"Download patch"</button>
    }
}

/// Split or unified.
#[component]
pub(super) fn TextView(address: Memo<DiffAddress>, view: Memo<DiffView>, diff: ObjectDiff) -> impl IntoView {
    let full = address.with_untracked(|address| address.full);
    let count = diff.changes.len();
    let diff = Arc::new(diff);
    let answer = compared(diff.clone(), full);
    let patch = diff.clone();
    let opened = RwSignal::new(BTreeSet::new());
    let limit = RwSignal::new(if full { ALL_ROWS } else { ROWS });
    let context = Memo::new(move |_| address.read().context);
    let form = Memo::new(move |_| if view.get() == DiffView::Unified { Form::Unified } else { Form::Split });
    let made = Memo::new(move |_| {
        let options = Options { form: form.get(), context: context.get(), opened: opened.get(), limit: limit.get() };
        answer.with(|answer| answer.as_ref().map(|answer| items(&diff, answer, &options)))
    });
    let row = move |item| view! { <ItemRow item opened expand=whole(address)/> };
    view! {
        <Toolbar address view changes=count patch/>
        <div class="diff-sides">
            <span class="diff-side diff-side-desired">
                <b>"Desired"</b> <span class="faint">"what Flux puts back"</span>
            </span>
            <span class="diff-side diff-side-actual">
                <b>"Actual"</b> <span class="faint">"in the cluster now"</span>
            </span>
        </div>
        {move || answer.with(|answer| answer.as_ref().map(|answer| remark(answer)))}
        <div class="diff-body" tabindex="0" role="region" aria-label="Text differences">
            {move || match made.get() {
                None => view! {
                    <p class="panel-body muted">
                        "Comparing long texts. "
                        <a class="link" href=full_url(address)>"Let the server compare them"</a>
                    </p>
                }.erase(),
                Some(Items { items, left_out }) => view! {
                    {items.into_iter().map(row).collect_view()}
                    {(left_out > 0).then(|| view! { <More address left_out limit/> })}
                }.erase(),
            }}
        </div>
    }
}

/// What is to be said of the comparison as a whole.
fn remark(answer: &TextDiff) -> Option<impl IntoView + use<>> {
    let words = if answer.added + answer.removed == 0 {
        "No differences: both sides are the same text."
    } else if answer.approximate {
        "The texts are long and differ a lot: this is a correct comparison, but not the smallest one."
    } else {
        return None;
    };
    Some(view! { <p class="panel-body muted">{words}</p> })
}

fn full_url(address: Memo<DiffAddress>) -> String {
    DiffAddress { full: true, ..address.get_untracked() }.url()
}

fn whole(address: Memo<DiffAddress>) -> String {
    DiffAddress { context: WHOLE, ..address.get_untracked() }.url()
}

/// The way to the rows that are not in the document: in place with scripts, a page of all rows without.
#[component]
fn More(address: Memo<DiffAddress>, left_out: usize, limit: RwSignal<usize>) -> impl IntoView {
    let show = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        limit.update(|limit| *limit += ROWS);
    };
    view! {
        <a class="diff-fold" href=full_url(address) on:click=show>{format!("{left_out} more rows")}</a>
    }
}
