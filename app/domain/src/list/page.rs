//! Pages of a list by position: a page begins after the last row of the one before, wherever that row is now.
//!
//! Positions are keys, not counts: rows that come or go between two pages neither repeat nor hide a row that stays. A
//! row
//! whose sort key changes meanwhile is another matter; whoever must see every row walks in an order that does not
//! change
//! (`sort=name`).

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{Filter, SortKey};
use crate::health::{Status, StatusCounts};
use crate::object::ObjectRef;
use crate::problem::Problem;
use crate::resource::ResourceRow;

/// Everything that the order of rows depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub status: Status,
    pub activity: Option<i64>,
    pub object: ObjectRef,
}

impl Position {
    #[must_use]
    pub fn of(row: &ResourceRow) -> Self {
        Self { status: row.status, activity: row.last_activity, object: row.object.clone() }
    }

    fn key(&self) -> Key<'_> {
        Key { status: self.status, activity: self.activity, object: &self.object }
    }
}

#[derive(Clone, Copy)]
struct Key<'a> {
    status: Status,
    activity: Option<i64>,
    object: &'a ObjectRef,
}

impl<'a> Key<'a> {
    fn of(row: &'a ResourceRow) -> Self {
        Self { status: row.status, activity: row.last_activity, object: &row.object }
    }

    fn compare(self, other: Self, sort: SortKey, descending: bool) -> Ordering {
        let (a, b) = (self.object, other.object);
        let by_key = match sort {
            SortKey::Status => self.status.severity().cmp(&other.status.severity()),
            SortKey::Name => a.name.cmp(&b.name),
            SortKey::Namespace => a.namespace.cmp(&b.namespace),
            SortKey::Kind => a.kind.cmp(&b.kind),
            SortKey::Cluster => a.cluster.cmp(&b.cluster),
            SortKey::Activity => other.activity.cmp(&self.activity),
        };
        let by_key = if descending { by_key.reverse() } else { by_key };
        by_key.then_with(|| a.name.cmp(&b.name)).then_with(|| a.cmp(b))
    }
}

/// The order of two rows; total, so that windows and pages never repeat or lose a row.
#[must_use]
pub fn compare(a: &ResourceRow, b: &ResourceRow, sort: SortKey, descending: bool) -> Ordering {
    Key::of(a).compare(Key::of(b), sort, descending)
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// After so many rows.
    Offset(usize),
    /// After this position.
    After(Position),
}

/// Which rows of the matching ones, in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    pub sort: SortKey,
    pub descending: bool,
    pub start: Start,
    pub limit: usize,
}

/// The rows of a page, and what is true of all that match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub rows: Vec<ResourceRow>,
    /// Rows that match, over all pages.
    pub total: usize,
    pub counts: StatusCounts,
    /// Matching rows before this page.
    pub before: usize,
}

impl Page {
    /// Where the next page begins; `None` after the last one.
    #[must_use]
    pub fn next(&self) -> Option<Position> {
        let last = self.rows.last()?;
        (self.before + self.rows.len() < self.total).then(|| Position::of(last))
    }
}

/// Filter, count, order and cut: the whole list logic, over rows that the viewer may see.
#[must_use]
pub fn page<'a>(rows: impl Iterator<Item = &'a ResourceRow>, filter: &Filter, cut: &Cut) -> Page {
    let mut matching: Vec<&ResourceRow> = rows.filter(|row| filter.matches(row)).collect();
    let mut counts = StatusCounts::default();
    for row in &matching {
        counts.add(row.status);
    }
    let total = matching.len();
    let order = |a: &&ResourceRow, b: &&ResourceRow| compare(a, b, cut.sort, cut.descending);
    let (before, skip) = match &cut.start {
        Start::Offset(offset) => ((*offset).min(total), (*offset).min(total)),
        Start::After(position) => {
            let after = |row: &&ResourceRow| {
                Key::of(row).compare(position.key(), cut.sort, cut.descending) == Ordering::Greater
            };
            matching.retain(after);
            (total - matching.len(), 0)
        }
    };
    let end = skip.saturating_add(cut.limit).min(matching.len());
    // Only the page has to be sorted: select its two ends, then sort between them.
    if end < matching.len() {
        matching.select_nth_unstable_by(end, order);
        matching.truncate(end);
    }
    if (1..matching.len()).contains(&skip) {
        matching.select_nth_unstable_by(skip, order);
    }
    matching[skip..].sort_unstable_by(order);
    let rows = matching[skip..].iter().map(|row| (*row).clone()).collect();
    Page { rows, total, counts, before }
}

/// A page of the list as REST answers it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResourcePage {
    pub items: Vec<ResourceRow>,
    /// What is missing from the list, or may have changed since.
    pub problems: Vec<Problem>,
    /// Objects that match the filter, over all pages.
    pub total: usize,
    /// All that match, by status.
    pub counts: StatusCounts,
    /// For the parameter `cursor` of the next request; `null` on the last page.
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::list::tests::row;

    /// A row that is there the whole time, and rows that come and go between pages.
    fn rows_of(names: &[u8]) -> Vec<ResourceRow> {
        names
            .iter()
            .map(|&name| {
                let status = Status::ALL[usize::from(name) % Status::ALL.len()];
                let kind = if name % 2 == 0 { "Kustomization" } else { "HelmRelease" };
                let mut row = row(&format!("c{}", name % 3), kind, &format!("n{}", name / 4), status);
                row.last_activity = (name % 5 != 0).then(|| i64::from(name) * 7 % 11);
                row
            })
            .collect()
    }

    proptest! {
        #[test]
        fn every_row_that_stays_is_met_once_however_the_others_come_and_go(
            stable in prop::collection::btree_set(0u8..120, 0..40),
            moments in prop::collection::vec(prop::collection::btree_set(0u8..120, 0..30), 1..30),
            sort in prop::sample::select(SortKey::ALL.to_vec()),
            descending: bool,
            limit in 1usize..9,
        ) {
            let mut met: Vec<ObjectRef> = Vec::new();
            let mut start = Start::Offset(0);
            let mut moments = moments.iter().cycle();
            for step in 0.. {
                prop_assert!(step < 1000, "the walk has an end");
                let there: std::collections::BTreeSet<u8> =
                    moments.next().into_iter().flatten().chain(&stable).copied().collect();
                let rows = rows_of(&there.into_iter().collect::<Vec<_>>());
                let cut = Cut { sort, descending, start, limit };
                let found = page(rows.iter(), &Filter::default(), &cut);
                prop_assert_eq!(found.total, rows.len());
                met.extend(found.rows.iter().map(|row| row.object.clone()));
                let Some(next) = found.next() else { break };
                start = Start::After(next);
            }
            let stable: Vec<u8> = stable.into_iter().collect();
            for row in rows_of(&stable) {
                let times = met.iter().filter(|object| **object == row.object).count();
                prop_assert_eq!(times, 1, "{} was met {} times", row.object, times);
            }
            let distinct: std::collections::BTreeSet<&ObjectRef> = met.iter().collect();
            prop_assert_eq!(distinct.len(), met.len(), "no row is met twice");
        }

        #[test]
        fn pages_by_position_and_by_offset_are_the_same_list(
            names in prop::collection::btree_set(0u8..120, 0..60),
            sort in prop::sample::select(SortKey::ALL.to_vec()),
            descending: bool,
            limit in 1usize..9,
        ) {
            let rows = rows_of(&names.into_iter().collect::<Vec<_>>());
            let read = |start| page(rows.iter(), &Filter::default(), &Cut { sort, descending, start, limit });
            let mut by_position = read(Start::Offset(0));
            for offset in (0..rows.len()).step_by(limit) {
                let by_offset = read(Start::Offset(offset));
                prop_assert_eq!(&by_offset, &by_position);
                match by_offset.next() {
                    Some(next) => by_position = read(Start::After(next)),
                    None => prop_assert!(offset + limit >= rows.len()),
                }
            }
        }
    }
}
