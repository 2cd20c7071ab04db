//! Lists live on the server: a query names filter, order and window; the answer is that window with its totals.
//!
//! The same query is a page's URL, a REST query string and a socket subscription, so a pasted link shows the same
//! thing.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::health::{Status, StatusCounts};
use crate::problem::Problem;
use crate::resource::ResourceRow;

/// Most rows that one window may hold.
pub const WINDOW_LIMIT: usize = 500;
/// Rows of a window that does not say.
pub const WINDOW_DEFAULT: usize = 100;

/// Filters are comma-separated; an item may hold `*`, and `!` before it excludes. Empty means no filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListFilter {
    pub cluster: String,
    pub kind: String,
    pub namespace: String,
    pub status: String,
    /// Free text over name, message, revision and source; all words must occur, case does not matter.
    pub q: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortKey {
    /// Worst first, then by name.
    #[default]
    Status,
    Name,
    Namespace,
    Kind,
    Cluster,
    /// Newest first.
    Activity,
}

impl SortKey {
    pub const ALL: [Self; 6] = [Self::Status, Self::Name, Self::Namespace, Self::Kind, Self::Cluster, Self::Activity];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Name => "name",
            Self::Namespace => "namespace",
            Self::Kind => "kind",
            Self::Cluster => "cluster",
            Self::Activity => "activity",
        }
    }

    /// Of a URL; an unknown word is the default.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        Self::ALL.into_iter().find(|key| key.word() == word).unwrap_or_default()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    #[serde(flatten)]
    pub filter: ListFilter,
    pub sort: SortKey,
    pub descending: bool,
    pub offset: usize,
    pub limit: usize,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            filter: ListFilter::default(),
            sort: SortKey::default(),
            descending: false,
            offset: 0,
            limit: WINDOW_DEFAULT,
        }
    }
}

/// A window of a list. `(epoch, seq)` says of which state: a socket resumes from there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListWindow {
    pub rows: Vec<ResourceRow>,
    /// Rows that match the filter, over all windows.
    pub total: usize,
    /// All that the viewer may see and that match, by status.
    pub counts: StatusCounts,
    pub offset: usize,
    pub problems: Vec<Problem>,
    /// Changes with each start of the server.
    pub epoch: u64,
    /// Number of changes published before this window was read.
    pub seq: u64,
}

/// A filter with its patterns split, for many rows.
pub struct Matcher {
    cluster: Patterns,
    kind: Patterns,
    namespace: Patterns,
    status: Patterns,
    words: Vec<String>,
}

impl Matcher {
    #[must_use]
    pub fn new(filter: &ListFilter) -> Self {
        Self {
            cluster: Patterns::parse(&filter.cluster),
            kind: Patterns::parse(&filter.kind),
            namespace: Patterns::parse(&filter.namespace),
            status: Patterns::parse(&filter.status),
            words: filter.q.split_whitespace().map(str::to_lowercase).collect(),
        }
    }

    #[must_use]
    pub fn matches(&self, row: &ResourceRow) -> bool {
        (self.cluster.matches(row.object.cluster.as_str()) || self.cluster.matches_any_included(&row.cluster_name))
            && self.kind.matches(&row.object.kind)
            && self.namespace.matches(row.object.namespace.as_deref().unwrap_or_default())
            && self.status.matches(row.status.word())
            && self.words.iter().all(|word| {
                contains(&row.object.name, word)
                    || contains(&row.message, word)
                    || row.revision.as_deref().is_some_and(|revision| contains(revision, word))
                    || row.source.as_deref().is_some_and(|source| contains(source, word))
            })
    }
}

fn contains(text: &str, lower_word: &str) -> bool {
    text.to_lowercase().contains(lower_word)
}

/// Comma-separated patterns of one field.
struct Patterns {
    include: Vec<String>,
    exclude: Vec<String>,
}

impl Patterns {
    fn parse(text: &str) -> Self {
        let mut patterns = Self { include: Vec::new(), exclude: Vec::new() };
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            match item.strip_prefix('!') {
                Some(excluded) => patterns.exclude.push(excluded.to_lowercase()),
                None => patterns.include.push(item.to_lowercase()),
            }
        }
        patterns
    }

    fn matches(&self, value: &str) -> bool {
        let value = value.to_lowercase();
        (self.include.is_empty() || self.include.iter().any(|pattern| wildcard(pattern, &value)))
            && !self.exclude.iter().any(|pattern| wildcard(pattern, &value))
    }

    fn matches_any_included(&self, value: &str) -> bool {
        !self.include.is_empty() && self.matches(value)
    }
}

/// Whether the whole value matches, `*` standing for any run of characters.
fn wildcard(pattern: &str, value: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = value.strip_prefix(first) else { return false };
    if !pattern.contains('*') {
        return rest.is_empty();
    }
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// The order of two rows; total, so that windows never repeat or lose a row.
#[must_use]
pub fn compare(a: &ResourceRow, b: &ResourceRow, sort: SortKey, descending: bool) -> Ordering {
    let by_key = match sort {
        SortKey::Status => a.status.severity().cmp(&b.status.severity()),
        SortKey::Name => a.object.name.cmp(&b.object.name),
        SortKey::Namespace => a.object.namespace.cmp(&b.object.namespace),
        SortKey::Kind => a.object.kind.cmp(&b.object.kind),
        SortKey::Cluster => a.object.cluster.cmp(&b.object.cluster),
        SortKey::Activity => b.last_activity.cmp(&a.last_activity),
    };
    let by_key = if descending { by_key.reverse() } else { by_key };
    by_key.then_with(|| a.object.name.cmp(&b.object.name)).then_with(|| a.object.cmp(&b.object))
}

/// Filter, count, order and cut: the whole list logic, over rows that the viewer may see.
#[must_use]
pub fn window<'a>(rows: impl Iterator<Item = &'a ResourceRow>, query: &ListQuery) -> ListWindow {
    let matcher = Matcher::new(&query.filter);
    let mut counts = StatusCounts::default();
    let mut matching: Vec<&ResourceRow> = rows.filter(|row| matcher.matches(row)).collect();
    for row in &matching {
        counts.add(row.status);
    }
    let total = matching.len();
    let offset = query.offset.min(total);
    let limit = query.limit.clamp(1, WINDOW_LIMIT);
    let end = (offset + limit).min(total);
    let order = |a: &&ResourceRow, b: &&ResourceRow| compare(a, b, query.sort, query.descending);
    // Only the window has to be sorted: select its two ends, then sort between them.
    if end < total {
        matching.select_nth_unstable_by(end, order);
        matching.truncate(end);
    }
    matching.sort_unstable_by(order);
    ListWindow {
        rows: matching[offset..].iter().map(|row| (*row).clone()).collect(),
        total,
        counts,
        offset,
        ..ListWindow::default()
    }
}

/// Statuses that need a person, in this order.
pub const ATTENTION: [Status; 4] = [Status::Failed, Status::Stalled, Status::Drifted, Status::Waiting];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::health::Health;
    use crate::object::ObjectRef;

    fn row(cluster: &str, kind: &str, name: &str, status: Status) -> ResourceRow {
        ResourceRow {
            object: ObjectRef {
                cluster: cluster.into(),
                group: String::new(),
                kind: kind.to_owned(),
                namespace: Some("flux-system".to_owned()),
                name: name.to_owned(),
            },
            cluster_name: cluster.to_uppercase(),
            status,
            health: Health::Ready,
            suspended: false,
            reason: String::new(),
            message: "Applied revision: main@sha1:abc".to_owned(),
            revision: None,
            attempted: None,
            source: None,
            last_activity: None,
            fresh: true,
        }
    }

    fn names(filter: ListFilter, rows: &[ResourceRow]) -> Vec<String> {
        let query = ListQuery { filter, sort: SortKey::Name, ..ListQuery::default() };
        window(rows.iter(), &query).rows.into_iter().map(|row| row.object.name).collect()
    }

    #[test]
    fn filters_take_lists_wildcards_and_exclusions() {
        let rows = [
            row("prod-eu", "Kustomization", "a", Status::Ready),
            row("prod-us", "HelmRelease", "b", Status::Failed),
            row("dev", "HelmRelease", "c", Status::Ready),
        ];
        let filter = |cluster: &str, kind: &str, status: &str, q: &str| ListFilter {
            cluster: cluster.to_owned(),
            kind: kind.to_owned(),
            status: status.to_owned(),
            q: q.to_owned(),
            ..ListFilter::default()
        };
        assert_eq!(names(filter("prod-*", "", "", ""), &rows), ["a", "b"]);
        assert_eq!(names(filter("*,!*-us", "", "", ""), &rows), ["a", "c"]);
        assert_eq!(names(filter("", "helmrelease", "", ""), &rows), ["b", "c"]);
        assert_eq!(names(filter("", "", "failed", ""), &rows), ["b"]);
        assert_eq!(names(filter("", "", "", "APPLIED main"), &rows), ["a", "b", "c"]);
        assert_eq!(names(filter("", "", "", "applied nowhere"), &rows), Vec::<String>::new());
    }

    #[test]
    fn the_worst_come_first() {
        let rows = [row("a", "K", "ready", Status::Ready), row("a", "K", "failed", Status::Failed)];
        let first = window(rows.iter(), &ListQuery { limit: 1, ..ListQuery::default() });
        assert_eq!(first.rows[0].object.name, "failed");
        assert_eq!(first.total, 2);
    }

    proptest! {
        #[test]
        fn windows_side_by_side_are_the_whole_list(names in prop::collection::vec("[a-c]{1,3}", 0..40), size in 1usize..7) {
            let rows: Vec<_> = names.iter().enumerate().map(|(at, name)| row(&format!("c{at}"), "K", name, Status::Ready)).collect();
            let read = |offset, limit| window(rows.iter(), &ListQuery { sort: SortKey::Name, offset, limit, ..ListQuery::default() }).rows;
            let whole = read(0, WINDOW_LIMIT);
            let pieces: Vec<_> = (0..rows.len()).step_by(size).flat_map(|offset| read(offset, size)).collect();
            prop_assert_eq!(whole, pieces);
        }

        #[test]
        fn a_wildcard_pattern_matches_what_it_was_cut_from(head in "[a-z]{0,4}", middle in "[a-z]{0,4}", tail in "[a-z]{0,4}") {
            let value = format!("{head}{middle}{tail}");
            let pattern = format!("{head}*{tail}");
            prop_assert!(wildcard(&pattern, &value));
        }
    }
}
