//! Comma-separated terms of one filter parameter: `*` stands for any run of characters, `!` before a term excludes.
//!
//! Case does not matter. A value passes if it matches any including term, or there is none, and no excluding one.

use std::fmt;

use super::error::{QueryError, TermFault};
use super::{FILTER_TERM_LENGTH, FILTER_TERMS};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Term {
    excludes: bool,
    /// Lower-case; never empty.
    pattern: String,
}

/// The terms in the order in which they were written. None at all means no filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Terms(Vec<Term>);

impl Terms {
    /// Reads the terms of `parameter`. Empty ones, as between two commas, are passed over. `check` sees each pattern in
    /// lower case and may replace it or say what is wrong with it.
    ///
    /// # Errors
    /// Names the first term that is wrong.
    pub(super) fn parse(
        parameter: &'static str,
        text: &str,
        check: impl Fn(String) -> Result<String, TermFault>,
    ) -> Result<Self, QueryError> {
        let mut terms = Vec::new();
        for written in text.split(',').map(str::trim).filter(|term| !term.is_empty()) {
            let wrong = |fault| QueryError::new(parameter, written, fault);
            if terms.len() == FILTER_TERMS {
                return Err(wrong(TermFault::TooManyTerms));
            }
            let (excludes, pattern) = match written.strip_prefix('!') {
                Some(excluded) => (true, excluded.trim()),
                None => (false, written),
            };
            if pattern.is_empty() {
                return Err(wrong(TermFault::ExcludesNothing));
            }
            let pattern = pattern.to_lowercase();
            if pattern.chars().count() > FILTER_TERM_LENGTH {
                return Err(wrong(TermFault::TooLong));
            }
            if pattern.chars().any(char::is_control) || pattern.starts_with('!') {
                return Err(wrong(TermFault::Character));
            }
            terms.push(Term { excludes, pattern: check(pattern).map_err(wrong)? });
        }
        Ok(Self(terms))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        self.matches_any(&[value])
    }

    /// Whether a thing with several names passes: one of them matches an including term, none an excluding one.
    #[must_use]
    pub fn matches_any(&self, names: &[&str]) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let names: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        let hit = |term: &Term| names.iter().any(|name| wildcard(&term.pattern, name));
        let mut including = self.0.iter().filter(|term| !term.excludes).peekable();
        (including.peek().is_none() || including.any(hit)) && !self.0.iter().any(|term| term.excludes && hit(term))
    }
}

impl fmt::Display for Terms {
    /// As it is written in a query: [`Terms::parse`] reads it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, term) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let not = if term.excludes { "!" } else { "" };
            write!(f, "{comma}{not}{}", term.pattern)?;
        }
        Ok(())
    }
}

/// Whether the whole value matches, `*` standing for any run of characters.
pub(super) fn wildcard(pattern: &str, value: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn terms(text: &str) -> Terms {
        Terms::parse("name", text, Ok).expect("well-formed")
    }

    #[test]
    fn a_value_passes_if_it_is_included_and_not_excluded() {
        assert!(terms("").matches("anything"));
        assert!(terms("prod-*,dev").matches("PROD-eu"));
        assert!(!terms("prod-*,!*-us").matches("prod-us"));
        assert!(terms("!dev").matches("prod"));
        assert!(!terms("!dev").matches("dev"));
    }

    #[test]
    fn an_excluding_term_excludes_by_any_name() {
        assert!(!terms("*,!*-us").matches_any(&["prod-us", "Production of America"]));
        assert!(terms("production*").matches_any(&["prod-us", "Production of America"]));
    }

    #[test]
    fn what_cannot_be_a_term_is_named() {
        for (text, term, fault) in [
            ("a,!", "!", TermFault::ExcludesNothing),
            ("a,b\0c", "b\0c", TermFault::Character),
            ("!!a", "!!a", TermFault::Character),
        ] {
            let expected = QueryError::new("name", term, fault);
            assert_eq!(Terms::parse("name", text, Ok), Err(expected), "{text:?}");
        }
        let many = "a,".repeat(10_000);
        assert_eq!(Terms::parse("name", &many, Ok).expect_err("too many").fault, TermFault::TooManyTerms);
        let long = "ä".repeat(FILTER_TERM_LENGTH + 1);
        let refused = Terms::parse("name", &long, Ok).expect_err("too long");
        assert_eq!((refused.fault, refused.term.chars().count()), (TermFault::TooLong, 81));
    }

    proptest! {
        #[test]
        fn a_pattern_matches_what_it_was_cut_from(head in "[a-z]{0,4}", middle in "[a-z]{0,4}", tail in "[a-z]{0,4}") {
            let value = format!("{head}{middle}{tail}");
            let pattern = format!("{head}*{tail}");
            prop_assert!(wildcard(&pattern, &value));
        }

        #[test]
        fn a_pattern_matches_as_a_regular_expression_would(pattern in "[ab*]{0,6}", value in "[ab]{0,8}") {
            let slow = |pattern: &[u8], value: &[u8]| -> bool {
                fn go(pattern: &[u8], value: &[u8]) -> bool {
                    match (pattern, value) {
                        ([], value) => value.is_empty(),
                        ([b'*', rest @ ..], value) => (0..=value.len()).any(|at| go(rest, &value[at..])),
                        ([first, rest @ ..], [head, tail @ ..]) => first == head && go(rest, tail),
                        (_, []) => false,
                    }
                }
                go(pattern, value)
            };
            prop_assert_eq!(wildcard(&pattern, &value), slow(pattern.as_bytes(), value.as_bytes()));
        }

        #[test]
        fn what_was_read_prints_and_reads_the_same(text in "[!*,a-zA-ZäÄİß \\-.]{0,40}") {
            if let Ok(read) = Terms::parse("name", &text, Ok) {
                prop_assert_eq!(Terms::parse("name", &read.to_string(), Ok), Ok(read));
            }
        }

        #[test]
        fn no_text_breaks_the_reader(text in any::<String>(), value in any::<String>()) {
            if let Ok(read) = Terms::parse("name", &text, Ok) {
                _ = read.matches(&value);
            }
        }
    }
}
