//! `/resources`: filter, order and window of the list, all in the query.

use domain::list::{ListFilter, ListQuery, SortKey, WINDOW_DEFAULT, WINDOW_LIMIT};
use leptos_router::params::ParamsMap;

use super::Query;

/// Reads the query; what is missing or cannot be read is the default.
pub(crate) fn list_query(query: &ParamsMap) -> ListQuery {
    let text = |name: &str| query.get(name).unwrap_or_default();
    let number = |name: &str| query.get(name).and_then(|value| value.parse().ok());
    ListQuery {
        filter: ListFilter {
            cluster: text("cluster"),
            kind: text("kind"),
            namespace: text("namespace"),
            status: text("status"),
            suspended: text("suspended"),
            source: text("source"),
            revision: text("revision"),
            q: text("q"),
        },
        sort: SortKey::parse(&text("sort")),
        descending: matches!(text("descending").as_str(), "true" | "1"),
        offset: number("offset").unwrap_or_default(),
        limit: number("limit").unwrap_or(WINDOW_DEFAULT).clamp(1, WINDOW_LIMIT),
    }
}

/// The list page of this query.
pub(crate) fn resources(query: &ListQuery) -> String {
    let sort = if query.sort == SortKey::default() { "" } else { query.sort.word() };
    let descending = if query.descending { "true" } else { "" };
    Query::default()
        .with("cluster", &query.filter.cluster)
        .with("kind", &query.filter.kind)
        .with("namespace", &query.filter.namespace)
        .with("status", &query.filter.status)
        .with("suspended", &query.filter.suspended)
        .with("source", &query.filter.source)
        .with("revision", &query.filter.revision)
        .with("q", &query.filter.q)
        .with("sort", sort)
        .with("descending", descending)
        .with_number("offset", query.offset, 0)
        .with_number("limit", query.limit, WINDOW_DEFAULT)
        .behind("/resources")
}

/// The same list in another order, from its first row; a second time turns the order round.
pub(crate) fn sorted_by(query: &ListQuery, sort: SortKey) -> ListQuery {
    let descending = query.sort == sort && !query.descending;
    ListQuery { sort, descending, offset: 0, ..query.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> ListQuery {
        let pairs =
            address.split_once('?').map_or("", |(_, query)| query).split('&').filter_map(|pair| pair.split_once('='));
        list_query(&pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn a_list_and_its_address_are_the_same_thing() {
        let query = ListQuery {
            filter: ListFilter { cluster: "prod-*".into(), status: "failed,stalled".into(), ..ListFilter::default() },
            sort: SortKey::Activity,
            descending: true,
            offset: 200,
            limit: 50,
        };
        assert_eq!(read(&resources(&query)), query);
        assert_eq!(resources(&ListQuery::default()), "/resources");
    }

    #[test]
    fn sorting_twice_turns_the_order_round() {
        let by_name = sorted_by(&ListQuery { offset: 100, ..ListQuery::default() }, SortKey::Name);
        assert_eq!((by_name.sort, by_name.descending, by_name.offset), (SortKey::Name, false, 0));
        assert!(sorted_by(&by_name, SortKey::Name).descending);
    }
}
