//! The filter of lists: one reader for REST, the live topics and the pages.
//!
//! [`ListFilter`] is what somebody wrote, one text a parameter; [`Filter`] is what it means. A filter that would mean
//! nothing (an unknown status, a kind that Flux does not have) is refused by name instead of matching no row.

use std::fmt;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::error::{QueryError, TermFault};
use super::terms::{Terms, wildcard};
use super::{FILTER_TERM_LENGTH, FILTER_WORDS};
use crate::catalogue;
use crate::health::Status;
use crate::object::NO_NAMESPACE;
use crate::resource::ResourceRow;

/// Filters are comma-separated; a term may hold `*`, and `!` before it excludes. Empty means no filter. In JSON a list of
/// texts is taken as well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ListFilter {
    /// Identifier or name of a cluster.
    #[serde(deserialize_with = "text_or_list")]
    pub cluster: String,
    /// A kind of Flux by name, plural or short name.
    #[serde(deserialize_with = "text_or_list")]
    pub kind: String,
    /// `-` stands for no namespace.
    #[serde(deserialize_with = "text_or_list")]
    pub namespace: String,
    #[serde(deserialize_with = "text_or_list")]
    pub status: String,
    /// `true` or `false`: whether the object is told to rest, whatever its status.
    #[serde(deserialize_with = "text_or_list", skip_serializing_if = "String::is_empty")]
    pub suspended: String,
    /// Of an applier: `Kind namespace/name`, `namespace/name` or `name` of what it reads from.
    #[serde(deserialize_with = "text_or_list", skip_serializing_if = "String::is_empty")]
    pub source: String,
    #[serde(deserialize_with = "text_or_list", skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// Free text over name, message, revision and source; all words must occur, case does not matter.
    pub q: String,
}

/// A filter that was understood, for many rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    cluster: Terms,
    kind: Terms,
    namespace: Terms,
    status: Terms,
    suspended: Option<bool>,
    source: Terms,
    revision: Terms,
    /// Lower-case.
    words: Vec<String>,
}

impl Filter {
    /// # Errors
    /// Names the parameter and the term that cannot be meant.
    pub fn parse(filter: &ListFilter) -> Result<Self, QueryError> {
        Ok(Self {
            cluster: Terms::parse("cluster", &filter.cluster, Ok)?,
            kind: Terms::parse("kind", &filter.kind, kind)?,
            namespace: Terms::parse("namespace", &filter.namespace, namespace)?,
            status: Terms::parse("status", &filter.status, status)?,
            suspended: suspended(&filter.suspended)?,
            source: Terms::parse("source", &filter.source, Ok)?,
            revision: Terms::parse("revision", &filter.revision, Ok)?,
            words: words(&filter.q)?,
        })
    }

    /// As it is written in a query; [`Filter::parse`] reads it back.
    #[must_use]
    pub fn print(&self) -> ListFilter {
        ListFilter {
            cluster: self.cluster.to_string(),
            kind: self.kind.to_string(),
            namespace: self.namespace.to_string(),
            status: self.status.to_string(),
            suspended: self.suspended.map(|suspended| suspended.to_string()).unwrap_or_default(),
            source: self.source.to_string(),
            revision: self.revision.to_string(),
            q: self.words.join(" "),
        }
    }

    /// Whether rows of that cluster can pass.
    #[must_use]
    pub fn matches_cluster(&self, id: &str, name: &str) -> bool {
        self.cluster.matches_any(&[id, name])
    }

    #[must_use]
    pub fn matches(&self, row: &ResourceRow) -> bool {
        self.suspended.is_none_or(|suspended| row.suspended == suspended)
            && self.status.matches(row.status.word())
            && self.kind.matches(&row.object.kind)
            && self.namespace.matches(row.object.namespace_segment())
            && self.matches_cluster(row.object.cluster.as_str(), &row.cluster_name)
            && (self.source.is_empty() || self.source.matches_any(&source_names(row.source.as_deref())))
            && self.revision.matches(row.revision.as_deref().unwrap_or_default())
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

/// `Kind namespace/name` under all the names that people use for it.
fn source_names(source: Option<&str>) -> Vec<&str> {
    let Some(whole) = source else { return vec![""] };
    let path = whole.rsplit_once(' ').map_or(whole, |(_, path)| path);
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    vec![whole, path, name]
}

/// A kind by its full name; a pattern stays as it is.
fn kind(pattern: String) -> Result<String, TermFault> {
    if pattern.contains('*') {
        return Ok(pattern);
    }
    catalogue::by_word(&pattern).map(|kind| kind.kind.to_lowercase()).ok_or(TermFault::NoKind)
}

/// The characters of a DNS label, `*`, or `-` alone for no namespace.
fn namespace(pattern: String) -> Result<String, TermFault> {
    let known =
        |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || "-*".contains(character);
    if pattern == NO_NAMESPACE || pattern.chars().all(known) { Ok(pattern) } else { Err(TermFault::Character) }
}

fn status(pattern: String) -> Result<String, TermFault> {
    let meant = Status::ALL.iter().any(|status| wildcard(&pattern, status.word()));
    if meant { Ok(pattern) } else { Err(TermFault::NoStatus) }
}

fn suspended(text: &str) -> Result<Option<bool>, QueryError> {
    match text.trim() {
        "" => Ok(None),
        "true" | "1" => Ok(Some(true)),
        "false" | "0" => Ok(Some(false)),
        other => Err(QueryError::new("suspended", other, TermFault::NotBoolean)),
    }
}

fn words(text: &str) -> Result<Vec<String>, QueryError> {
    let mut words = Vec::new();
    for written in text.split_whitespace() {
        let wrong = |fault| Err(QueryError::new("q", written, fault));
        let word = written.to_lowercase();
        if words.len() == FILTER_WORDS {
            return wrong(TermFault::TooManyWords);
        }
        if word.chars().count() > FILTER_TERM_LENGTH {
            return wrong(TermFault::TooLong);
        }
        if word.chars().any(char::is_control) {
            return wrong(TermFault::Character);
        }
        words.push(word);
    }
    Ok(words)
}

/// A text, a truth value, or a list of texts that become one text with commas.
fn text_or_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Texts;

    impl<'de> Visitor<'de> for Texts {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text or a list of texts")
        }

        fn visit_str<E>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_bool<E>(self, truth: bool) -> Result<String, E> {
            Ok(truth.to_string())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<String, A::Error> {
            let mut terms = Vec::new();
            while let Some(term) = list.next_element::<String>()? {
                terms.push(term);
            }
            Ok(terms.join(","))
        }
    }

    deserializer.deserialize_any(Texts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::list::tests::row;

    fn passes(filter: &ListFilter, row: &ResourceRow) -> bool {
        Filter::parse(filter).expect("understood").matches(row)
    }

    #[test]
    fn each_parameter_looks_at_its_own_field() {
        let mut shop = row("prod-eu", "Kustomization", "shop", Status::Failed);
        shop.suspended = true;
        shop.source = Some("GitRepository flux-system/fleet".to_owned());
        shop.revision = Some("main@sha1:abcdef".to_owned());
        let read = |json| serde_json::from_value::<ListFilter>(json).expect("a filter");
        for (filter, expected) in [
            (json!({"cluster": "PROD-EU"}), true),
            (json!({"cluster": ["dev", "prod-*"]}), true),
            (json!({"kind": "kustomizations"}), true),
            (json!({"kind": "ks,hr"}), true),
            (json!({"kind": "!Kustomization"}), false),
            (json!({"namespace": "-"}), false),
            (json!({"namespace": "flux-*"}), true),
            (json!({"status": "fail*"}), true),
            (json!({"status": ["!failed"]}), false),
            (json!({"suspended": true}), true),
            (json!({"suspended": "false"}), false),
            (json!({"source": "fleet"}), true),
            (json!({"source": "flux-system/fleet"}), true),
            (json!({"source": "gitrepository *"}), true),
            (json!({"source": "charts"}), false),
            (json!({"revision": "main@*"}), true),
            (json!({"revision": "!*abc*"}), false),
            (json!({"q": "SHOP abcdef"}), true),
            (json!({"q": "shop nowhere"}), false),
        ] {
            assert_eq!(passes(&read(filter.clone()), &shop), expected, "{filter}");
        }
    }

    #[test]
    fn what_is_cluster_scoped_has_the_namespace_dash() {
        let mut scoped = row("prod", "FluxInstance", "flux", Status::Ready);
        scoped.object.namespace = None;
        assert!(passes(&ListFilter { namespace: "-".into(), ..ListFilter::default() }, &scoped));
        assert!(!passes(&ListFilter { namespace: "!-".into(), ..ListFilter::default() }, &scoped));
    }

    #[test]
    fn a_term_that_can_mean_nothing_is_refused_by_name() {
        let filter = |parameter: &str, value: &str| {
            serde_json::from_value::<ListFilter>(json!({parameter: value})).expect("a filter")
        };
        for (parameter, value, term, fault) in [
            ("status", "ready,fixed", "fixed", TermFault::NoStatus),
            ("status", "!x*", "!x*", TermFault::NoStatus),
            ("kind", "Deployment", "Deployment", TermFault::NoKind),
            ("namespace", "a_b", "a_b", TermFault::Character),
            ("namespace", "ä", "ä", TermFault::Character),
            ("cluster", "a\0", "a\0", TermFault::Character),
            ("suspended", "maybe", "maybe", TermFault::NotBoolean),
            ("q", "a\u{7}b", "a\u{7}b", TermFault::Character),
        ] {
            let refused = Filter::parse(&filter(parameter, value)).expect_err(value);
            assert_eq!((&*refused.parameter, refused.term.as_str(), &refused.fault), (parameter, term, &fault));
        }
        let refused = Filter::parse(&filter("kind", "Deployment")).expect_err("no kind of Flux");
        assert_eq!(refused.to_string(), "kind: \"Deployment\" is no kind of Flux");
    }

    fn filters() -> impl Strategy<Value = ListFilter> {
        let terms = || "[!*,a-zA-Z \\-]{0,12}";
        let status = prop::collection::vec(prop::sample::select(vec!["ready", "!failed", "s*", "Stalled"]), 0..4);
        let kinds = prop::collection::vec(prop::sample::select(vec!["ks", "!helmreleases", "*Policy", "Alert"]), 0..4);
        let suspended = prop::sample::select(vec!["", "true", "false", "1"]);
        (terms(), kinds, terms(), status, suspended, terms(), terms(), "[a-zA-ZäÄ ]{0,12}").prop_map(
            |(cluster, kinds, namespace, status, suspended, source, revision, q)| ListFilter {
                cluster,
                kind: kinds.join(","),
                namespace,
                status: status.join(","),
                suspended: suspended.to_owned(),
                source,
                revision,
                q,
            },
        )
    }

    proptest! {
        #[test]
        fn a_filter_prints_and_reads_the_same(filter in filters()) {
            if let Ok(read) = Filter::parse(&filter) {
                prop_assert_eq!(Filter::parse(&read.print()), Ok(read));
            }
        }

        #[test]
        fn no_text_breaks_the_reader(text in any::<String>()) {
            let filter = ListFilter {
                cluster: text.clone(), kind: text.clone(), namespace: text.clone(), status: text.clone(),
                suspended: text.clone(), source: text.clone(), revision: text.clone(), q: text,
            };
            if let Ok(read) = Filter::parse(&filter) {
                _ = read.matches(&row("prod", "Kustomization", "shop", Status::Ready));
            }
        }
    }
}
