//! A list window as signals: one per row, so that a changed row changes its own cells and nothing else.

use std::sync::Arc;

use domain::health::StatusCounts;
use domain::list::{ListQuery, ListWindow};
use domain::object::ObjectRef;
use domain::problem::Problem;
use domain::protocol::watch::{ListDelta, Snapshot, Topic};
use domain::resource::ResourceRow;
use leptos::prelude::*;

use super::{LiveUpdate, use_live};

/// A row that stays the same element while its content changes.
#[derive(Clone)]
pub(crate) struct LiveRow {
    pub(crate) object: ObjectRef,
    pub(crate) row: ArcRwSignal<ResourceRow>,
}

impl LiveRow {
    fn new(row: ResourceRow) -> Self {
        Self { object: row.object.clone(), row: ArcRwSignal::new(row) }
    }
}

/// What stands around the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) total: usize,
    pub(crate) offset: usize,
    pub(crate) counts: StatusCounts,
    pub(crate) problems: Vec<Problem>,
}

/// The window on screen.
#[derive(Clone, Copy)]
pub(crate) struct LiveWindow {
    rows: RwSignal<Vec<LiveRow>>,
    totals: RwSignal<Totals>,
}

impl LiveWindow {
    /// Starts with what the server rendered and follows the query's list from then on.
    pub(crate) fn follow(first: ListWindow, query: ListQuery) -> Self {
        let window = Self { rows: RwSignal::new(Vec::new()), totals: RwSignal::new(Totals::default()) };
        window.replace(first);
        let sink = move |update| match update {
            LiveUpdate::Snapshot(Snapshot::List(new)) => window.replace(new),
            LiveUpdate::Delta(delta) => window.change(delta),
            LiveUpdate::Snapshot(_) => {}
        };
        use_live().follow(move || Some(Topic::List { query: query.clone() }), Arc::new(sink));
        window
    }

    pub(crate) fn rows(self) -> Signal<Vec<LiveRow>> {
        self.rows.into()
    }

    pub(crate) fn totals(self) -> Signal<Totals> {
        self.totals.into()
    }

    fn replace(self, window: ListWindow) {
        let ListWindow { rows, total, counts, offset, problems, .. } = window;
        let order = rows.iter().map(|row| row.object.clone()).collect();
        self.put(rows, Some(order));
        set_if_changed(self.totals, Totals { total, offset, counts, problems });
    }

    fn change(self, delta: ListDelta) {
        let ListDelta { rows, order, total, counts } = delta;
        self.put(rows, order);
        let known = self.totals.try_get_untracked().unwrap_or_default();
        set_if_changed(self.totals, Totals { total, counts, ..known });
    }

    /// Known rows change their own signal; the list itself changes only if rows come, go or move.
    fn put(self, rows: Vec<ResourceRow>, order: Option<Vec<ObjectRef>>) {
        let Some(mut known) = self.rows.try_get_untracked() else { return };
        for row in rows {
            match known.iter().find(|own| own.object == row.object) {
                Some(own) => set_if_changed(own.row.clone(), row),
                None => known.push(LiveRow::new(row)),
            }
        }
        let Some(order) = order else { return };
        let ordered: Vec<LiveRow> =
            order.iter().filter_map(|object| known.iter().find(|own| own.object == *object).cloned()).collect();
        let same = self.rows.with_untracked(|old| {
            old.len() == ordered.len() && old.iter().zip(&ordered).all(|(a, b)| a.object == b.object)
        });
        if !same {
            self.rows.set(ordered);
        }
    }
}

/// Nobody is told of what is the same; nothing happens once the page has gone.
fn set_if_changed<T: PartialEq + 'static>(signal: impl Update<Value = T>, value: T) {
    signal.try_maybe_update(|own| {
        let changed = *own != value;
        if changed {
            *own = value;
        }
        (changed, ())
    });
}

#[cfg(test)]
mod tests {
    use domain::health::{Health, Status};

    use super::*;

    fn row(name: &str, message: &str) -> ResourceRow {
        ResourceRow {
            object: ObjectRef {
                cluster: "c".into(),
                group: String::new(),
                kind: "K".to_owned(),
                namespace: None,
                name: name.to_owned(),
            },
            cluster_name: "c".to_owned(),
            status: Status::Ready,
            health: Health::Ready,
            suspended: false,
            reason: String::new(),
            message: message.to_owned(),
            revision: None,
            attempted: None,
            source: None,
            last_activity: None,
            fresh: true,
        }
    }

    fn names(window: LiveWindow) -> Vec<String> {
        window.rows.get_untracked().iter().map(|row| row.object.name.clone()).collect()
    }

    #[test]
    fn a_changed_row_keeps_its_signal_and_a_new_order_moves_it() {
        let owner = Owner::new();
        owner.with(|| {
            let window = LiveWindow { rows: RwSignal::new(Vec::new()), totals: RwSignal::new(Totals::default()) };
            let first = ListWindow { rows: vec![row("a", "1"), row("b", "1")], total: 2, ..ListWindow::default() };
            window.replace(first);
            let a = window.rows.get_untracked()[0].row.clone();
            let order = ["c", "a"].map(|name| row(name, "").object).to_vec();
            let delta = ListDelta {
                rows: vec![row("a", "2"), row("c", "1")],
                order: Some(order),
                total: 2,
                counts: StatusCounts::default(),
            };
            window.change(delta);
            assert_eq!(names(window), ["c", "a"]);
            assert_eq!(a.get_untracked().message, "2");
        });
    }
}
