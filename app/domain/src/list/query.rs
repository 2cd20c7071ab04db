//! A list query as the pairs of a URL: what REST takes, and what it refuses.
//!
//! Strict: a parameter that is unknown, out of range or given twice is an error that names it. Filters may be given
//! several times, which is the same as one comma-separated list.

use super::error::{QueryError, TermFault};
use super::{ListQuery, SortKey, WINDOW_LIMIT};

/// Largest offset; more rows than any fleet has.
const OFFSET_LIMIT: usize = 10_000_000;

/// A query with the cursor of its page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    pub query: ListQuery,
    /// As the page before gave it.
    pub cursor: Option<String>,
}

/// Reads decoded pairs of a query string. `taken` may take a pair away that only this path knows.
///
/// # Errors
/// Names the parameter and the value that is wrong. Filters are only collected: [`super::Filter::parse`] reads them.
pub fn read<N: AsRef<str>, V: AsRef<str>>(
    pairs: impl IntoIterator<Item = (N, V)>,
    mut taken: impl FnMut(&str, &str) -> Result<bool, QueryError>,
) -> Result<ListRequest, QueryError> {
    let mut request = ListRequest::default();
    let mut seen: Vec<&'static str> = Vec::new();
    for (name, value) in pairs {
        let (name, value) = (name.as_ref(), value.as_ref());
        if taken(name, value)? {
            continue;
        }
        let mut once = |name: &'static str| {
            if seen.contains(&name) {
                return Err(QueryError::new(name, value, TermFault::Twice));
            }
            seen.push(name);
            Ok(name)
        };
        let query = &mut request.query;
        match name {
            "cluster" => append(&mut query.filter.cluster, ",", value),
            "kind" => append(&mut query.filter.kind, ",", value),
            "namespace" => append(&mut query.filter.namespace, ",", value),
            "status" => append(&mut query.filter.status, ",", value),
            "source" => append(&mut query.filter.source, ",", value),
            "revision" => append(&mut query.filter.revision, ",", value),
            "q" => append(&mut query.filter.q, " ", value),
            "suspended" => {
                once("suspended")?;
                value.clone_into(&mut query.filter.suspended);
            }
            "sort" => query.sort = sort(once("sort")?, value)?,
            "descending" => query.descending = truth(once("descending")?, value)?,
            "offset" => query.offset = number(once("offset")?, value, 0, OFFSET_LIMIT)?,
            "limit" => query.limit = number(once("limit")?, value, 1, WINDOW_LIMIT)?,
            "cursor" => {
                once("cursor")?;
                request.cursor = Some(value.to_owned()).filter(|cursor| !cursor.is_empty());
            }
            unknown => return Err(QueryError::new(unknown.to_owned(), value, TermFault::Unknown)),
        }
    }
    if request.cursor.is_some() && request.query.offset > 0 {
        let offset = request.query.offset.to_string();
        return Err(QueryError::new("offset", &offset, TermFault::Beside("cursor")));
    }
    Ok(request)
}

fn append(text: &mut String, between: &str, value: &str) {
    if !text.is_empty() && !value.is_empty() {
        text.push_str(between);
    }
    text.push_str(value);
}

fn sort(name: &'static str, value: &str) -> Result<SortKey, QueryError> {
    SortKey::ALL.into_iter().find(|key| key.word() == value).ok_or_else(|| {
        let known = SortKey::ALL.map(SortKey::word).join(", ");
        QueryError::new(name, value, TermFault::NotWord { known })
    })
}

fn truth(name: &'static str, value: &str) -> Result<bool, QueryError> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" | "" => Ok(false),
        _ => Err(QueryError::new(name, value, TermFault::NotBoolean)),
    }
}

fn number(name: &'static str, value: &str, least: usize, most: usize) -> Result<usize, QueryError> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { value.parse().ok() } else { None };
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| QueryError::new(name, value, TermFault::NotNumber { least, most }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(pairs: &[(&str, &str)]) -> Result<ListRequest, QueryError> {
        read(pairs.iter().copied(), |_, _| Ok(false))
    }

    #[test]
    fn repeated_filters_are_one_list() {
        let read = request(&[("status", "failed"), ("q", "a"), ("status", "stalled,waiting"), ("q", "b")]);
        let query = read.expect("understood").query;
        assert_eq!((query.filter.status.as_str(), query.filter.q.as_str()), ("failed,stalled,waiting", "a b"));
        assert_eq!(query.limit, ListQuery::default().limit);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        let most = WINDOW_LIMIT;
        for (pairs, parameter, term, fault) in [
            (&[("limit", "0")][..], "limit", "0", TermFault::NotNumber { least: 1, most }),
            (&[("limit", "501")], "limit", "501", TermFault::NotNumber { least: 1, most }),
            (&[("limit", "-1")], "limit", "-1", TermFault::NotNumber { least: 1, most }),
            (&[("limit", "+5")], "limit", "+5", TermFault::NotNumber { least: 1, most }),
            (
                &[("limit", "99999999999999999999999")],
                "limit",
                "99999999999999999999999",
                TermFault::NotNumber { least: 1, most },
            ),
            (&[("limit", "1"), ("limit", "2")], "limit", "2", TermFault::Twice),
            (&[("descending", "yes")], "descending", "yes", TermFault::NotBoolean),
            (&[("statsu", "failed")], "statsu", "failed", TermFault::Unknown),
            (&[("cursor", "x"), ("offset", "5")], "offset", "5", TermFault::Beside("cursor")),
        ] {
            let refused = request(pairs).expect_err("refused");
            assert_eq!((&*refused.parameter, refused.term.as_str(), &refused.fault), (parameter, term, &fault));
        }
        let refused = request(&[("sort", "size")]).expect_err("no such order").to_string();
        let known = "status, name, namespace, kind, cluster, activity";
        assert_eq!(refused, format!("sort: \"size\" is no word of this parameter; there are {known}"));
    }

    #[test]
    fn a_path_may_take_parameters_of_its_own() {
        let mut format = None;
        let read = read([("format", "csv"), ("status", "failed")], |name, value| {
            if name == "format" {
                format = Some(value.to_owned());
            }
            Ok(name == "format")
        });
        assert_eq!(read.expect("understood").query.filter.status, "failed");
        assert_eq!(format.as_deref(), Some("csv"));
    }

    proptest! {
        #[test]
        fn no_pairs_break_the_reader(
            pairs in prop::collection::vec(("[a-z]{0,9}|limit|cursor|sort", any::<String>()), 0..8),
        ) {
            if let Ok(read) = read(pairs, |_, _| Ok(false)) {
                prop_assert!((1..=WINDOW_LIMIT).contains(&read.query.limit));
            }
        }
    }
}
