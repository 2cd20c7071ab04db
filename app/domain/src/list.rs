//! Lists live on the server: a query names filter, order and window; the answer is that window with its totals.
//!
//! The same query is a page's URL, a REST query string and a socket subscription, so a pasted link shows the same
//! thing.

#[cfg(feature = "native")]
pub mod cursor;
mod error;
mod filter;
mod page;
pub mod query;
mod terms;

use serde::{Deserialize, Serialize};

pub use self::error::{QueryError, TermFault};
pub use self::filter::{Filter, ListFilter};
pub use self::page::{Cut, Page, Position, ResourcePage, Start, compare, page};
pub use self::query::ListRequest;
pub use self::terms::Terms;

use crate::health::{Status, StatusCounts};
use crate::problem::Problem;
use crate::resource::ResourceRow;

/// Most rows that one window may hold.
pub const WINDOW_LIMIT: usize = 500;
/// Rows of a window that does not say.
pub const WINDOW_DEFAULT: usize = 100;
/// Most terms that one filter parameter may have.
pub const FILTER_TERMS: usize = 100;
/// Most characters of one term; no Kubernetes name is longer.
pub const FILTER_TERM_LENGTH: usize = 253;
/// Most words of a text search.
pub const FILTER_WORDS: usize = 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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

/// The window that a query asks for, over rows that the viewer may see.
///
/// # Errors
/// Names the term of the filter that cannot be meant.
pub fn window<'a>(rows: impl Iterator<Item = &'a ResourceRow>, query: &ListQuery) -> Result<ListWindow, QueryError> {
    let filter = Filter::parse(&query.filter)?;
    let cut = Cut {
        sort: query.sort,
        descending: query.descending,
        start: Start::Offset(query.offset),
        limit: query.limit.clamp(1, WINDOW_LIMIT),
    };
    let Page { rows, total, counts, before } = page(rows, &filter, &cut);
    Ok(ListWindow { rows, total, counts, offset: before, ..ListWindow::default() })
}

/// Statuses that need a person, in this order.
pub const ATTENTION: [Status; 4] = [Status::Failed, Status::Stalled, Status::Drifted, Status::Waiting];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::health::Health;
    use crate::object::ObjectRef;

    /// A row of the namespace `flux-system`.
    pub(super) fn row(cluster: &str, kind: &str, name: &str, status: Status) -> ResourceRow {
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
        window(rows.iter(), &query).expect("understood").rows.into_iter().map(|row| row.object.name).collect()
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
        let first = window(rows.iter(), &ListQuery { limit: 1, ..ListQuery::default() }).expect("no filter");
        assert_eq!(first.rows[0].object.name, "failed");
        assert_eq!(first.total, 2);
    }

    #[test]
    fn a_query_is_flat_json() {
        let json = serde_json::json!({"status": ["failed", "stalled"], "suspended": true, "limit": 5});
        let query: ListQuery = serde_json::from_value(json).expect("a query");
        assert_eq!((query.filter.status.as_str(), query.filter.suspended.as_str()), ("failed,stalled", "true"));
        let again = serde_json::to_value(&query).expect("plain data");
        assert_eq!(serde_json::from_value::<ListQuery>(again).expect("round trip"), query);
    }

    proptest! {
        #[test]
        fn windows_side_by_side_are_the_whole_list(names in prop::collection::vec("[a-c]{1,3}", 0..40), size in 1usize..7) {
            let rows: Vec<_> =
                names.iter().enumerate().map(|(at, name)| row(&format!("c{at}"), "K", name, Status::Ready)).collect();
            let read = |offset, limit| {
                let query = ListQuery { sort: SortKey::Name, offset, limit, ..ListQuery::default() };
                window(rows.iter(), &query).expect("no filter").rows
            };
            let whole = read(0, WINDOW_LIMIT);
            let pieces: Vec<_> = (0..rows.len()).step_by(size).flat_map(|offset| read(offset, size)).collect();
            prop_assert_eq!(whole, pieces);
        }
    }
}
