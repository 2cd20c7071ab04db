//! Says when Flux has done something since the diff was made, and offers to compare again.
//!
//! A comparison asks the cluster, so it is never repeated by itself: what somebody reads does not change under them.

use std::sync::Arc;

use domain::condition::Condition;
use domain::drift::DiffReport;
use domain::health::Status;
use domain::protocol::watch::{Snapshot, Topic};
use domain::resource::ObjectView;
use leptos::prelude::*;

use crate::components::{Glyph, Icon};
use crate::live::{LiveUpdate, use_live};

/// What of an applier tells that it did something. Its last activity is not part of it: an answer that finds nothing
/// to do writes that alone.
#[derive(Clone, PartialEq)]
struct Seen {
    status: Status,
    revision: Option<String>,
    attempted: Option<String>,
    conditions: Vec<Condition>,
}

impl From<ObjectView> for Seen {
    fn from(view: ObjectView) -> Self {
        let ObjectView { row, conditions, .. } = view;
        Self { status: row.status, revision: row.revision, attempted: row.attempted, conditions }
    }
}

#[component]
pub(super) fn Stale(root: DiffReport) -> impl IntoView {
    let decides = root.owner.unwrap_or(root.diff.object);
    let name = format!("{} {}", decides.kind, decides.name);
    let (stale, set_stale) = signal(false);
    let first: StoredValue<Option<Seen>> = StoredValue::new(None);
    let sink = move |update| {
        let LiveUpdate::Snapshot(Snapshot::Object(view)) = update else { return };
        let now = Seen::from(*view);
        let changed = first.try_update_value(|first| *first.get_or_insert_with(|| now.clone()) != now);
        if changed == Some(true) {
            _ = set_stale.try_set(true);
        }
    };
    use_live().follow(move || Some(Topic::Object { object: decides.clone() }), Arc::new(sink));
    view! {
        <Show when=move || stale.get()>
            <div class="panel panel-note note-accent" role="status">
                <Icon glyph=Glyph::Refresh/>
                <p>{format!("{name} has changed since this was compared.")}</p>
                // A new document: whatever the page holds is asked for again, and the address keeps how it is shown.
                <a class="button button-small" href="" rel="external">"Compare again"</a>
            </div>
        </Show>
    }
}
