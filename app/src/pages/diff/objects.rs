//! What an applier manages, drifted ones first; one of them is open.

use domain::diff::verdict::Verdict;
use domain::drift::{DiffEntry, DiffReport};
use domain::object::ObjectRef;
use leptos::prelude::*;

use super::header::verdict_status;
use crate::address::{DiffAddress, ObjectAddress};
use crate::components::StatusGlyph;

#[component]
pub(super) fn Objects(address: Memo<DiffAddress>, root: DiffReport, open: ObjectRef) -> impl IntoView {
    let drifted = root.objects.iter().filter(|entry| entry.verdict.is_drift()).count();
    let own = DiffEntry { object: root.diff.object, verdict: root.diff.verdict, added: 0, removed: 0 };
    let count = root.objects.len();
    let entries: Vec<_> = std::iter::once(own)
        .chain(root.objects)
        .map(|entry| {
            let current = entry.object == open;
            view! { <Entry address entry current/> }
        })
        .collect();
    view! {
        <nav class="panel diff-objects" aria-label="Objects">
            <header class="panel-header">
                <h2>{format!("{count} objects")}</h2>
                {(drifted > 0).then(|| view! { <span class="count count-drifted" title="drifted">{drifted}</span> })}
            </header>
            {entries}
        </nav>
    }
}

/// What stands at the end of an entry: how much differs, or what else is special.
fn remark(entry: &DiffEntry) -> String {
    match &entry.verdict {
        _ if entry.added + entry.removed > 0 => format!("+{} −{}", entry.added, entry.removed),
        Verdict::InSync { ignored: 0, .. } => String::new(),
        Verdict::InSync { ignored, .. } => format!("{ignored} ignored"),
        verdict => verdict.word().replace('_', " "),
    }
}

#[component]
fn Entry(address: Memo<DiffAddress>, entry: DiffEntry, current: bool) -> impl IntoView {
    let short = ObjectAddress::short(&entry.object);
    let href = move || address.read().with_open(short.clone()).url();
    view! {
        <a class="diff-object" href=href aria-current=current.then_some("true") title=entry.verdict.label()>
            <StatusGlyph status=verdict_status(&entry.verdict)/>
            <span class="muted">{entry.object.kind.clone()}</span>
            <b class="truncate">{entry.object.name.clone()}</b>
            <span class="diff-object-end mono">{remark(&entry)}</span>
        </a>
    }
}
