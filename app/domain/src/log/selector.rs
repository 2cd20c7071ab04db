//! Label selectors as Kubernetes writes them: `app=web,tier!=cache,env in (a,b),env notin (c),track,!canary`.
//!
//! Parsed here so that a typing error is said before any cluster is asked, and so that a selector matches the same on
//! every cluster. Grammar and meaning are those of `k8s.io/apimachinery/pkg/labels`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use thiserror::Error;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operator {
    Exists,
    Absent,
    In(BTreeSet<String>),
    /// Matches also where the key is absent, as in Kubernetes.
    NotIn(BTreeSet<String>),
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SelectorError {
    #[error("{part:?} is no requirement; write key=value, key!=value, key in (a,b), key notin (a,b), key or !key")]
    Requirement { part: String },
    #[error("{key:?} is no label key")]
    Key { key: String },
    #[error("{value:?} is no label value")]
    Value { value: String },
    #[error("a parenthesis is missing in {part:?}")]
    Parenthesis { part: String },
}

impl Selector {
    /// An empty text selects everything.
    ///
    /// # Errors
    /// Names the part that is no requirement, key or value.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let requirements = split(text)?.into_iter().map(Requirement::parse).collect::<Result<_, _>>()?;
        Ok(Self { requirements })
    }

    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.matches_with(|key| labels.get(key).map(String::as_str))
    }

    /// The same for labels that are kept in another way.
    #[must_use]
    pub fn matches_with<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements.iter().all(|requirement| requirement.operator.matches(value(&requirement.key)))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }
}

/// Splits at commas outside parentheses.
fn split(text: &str) -> Result<Vec<&str>, SelectorError> {
    let mut parts = Vec::new();
    let (mut start, mut inside) = (0, false);
    for (at, character) in text.char_indices() {
        match character {
            '(' if !inside => inside = true,
            ')' if inside => inside = false,
            '(' | ')' => return Err(SelectorError::Parenthesis { part: text.to_owned() }),
            ',' if !inside => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if inside {
        return Err(SelectorError::Parenthesis { part: text[start..].to_owned() });
    }
    parts.push(text[start..].trim());
    if parts == [""] {
        parts.clear();
    }
    Ok(parts)
}

impl Requirement {
    fn parse(part: &str) -> Result<Self, SelectorError> {
        let wrong = || SelectorError::Requirement { part: part.to_owned() };
        if let Some(key) = part.strip_prefix('!') {
            return Self::new(key, Operator::Absent);
        }
        if let Some(list) = part.strip_suffix(')') {
            let (head, list) = list.split_once('(').ok_or_else(wrong)?;
            let (key, word) = head.trim().split_once(char::is_whitespace).ok_or_else(wrong)?;
            let values = list.split(',').map(|value| valid_value(value.trim())).collect::<Result<_, _>>()?;
            return match word.trim() {
                "in" => Self::new(key, Operator::In(values)),
                "notin" => Self::new(key, Operator::NotIn(values)),
                _ => Err(wrong()),
            };
        }
        let single = |value: &str| valid_value(value.trim()).map(|value| BTreeSet::from([value]));
        if let Some((key, value)) = part.split_once("!=") {
            return Self::new(key, Operator::NotIn(single(value)?));
        }
        if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
            return Self::new(key, Operator::In(single(value)?));
        }
        if part.is_empty() || part.contains(char::is_whitespace) {
            return Err(wrong());
        }
        Self::new(part, Operator::Exists)
    }

    fn new(key: &str, operator: Operator) -> Result<Self, SelectorError> {
        let key = key.trim();
        let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
        let prefix_fits = prefix.is_none_or(|prefix| {
            !prefix.is_empty()
                && prefix.len() <= 253
                && prefix.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'))
        });
        if prefix_fits && !name.is_empty() && is_name(name) {
            Ok(Self { key: key.to_owned(), operator })
        } else {
            Err(SelectorError::Key { key: key.to_owned() })
        }
    }
}

impl Operator {
    fn matches(&self, value: Option<&str>) -> bool {
        match self {
            Self::Exists => value.is_some(),
            Self::Absent => value.is_none(),
            Self::In(values) => value.is_some_and(|value| values.contains(value)),
            Self::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
        }
    }
}

fn valid_value(value: &str) -> Result<String, SelectorError> {
    if is_name(value) { Ok(value.to_owned()) } else { Err(SelectorError::Value { value: value.to_owned() }) }
}

/// At most 63 of letters, digits, `-`, `_`, `.`, beginning and ending with a letter or digit; empty is a value, not a key.
fn is_name(text: &str) -> bool {
    let ends = |character: Option<char>| character.is_none_or(|character| character.is_ascii_alphanumeric());
    text.len() <= 63
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && ends(text.chars().next())
        && ends(text.chars().next_back())
}

impl fmt::Display for Selector {
    /// The canonical text, as a `labelSelector` query takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Requirement { key, operator }) in self.requirements.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            let list = |values: &BTreeSet<String>| values.iter().cloned().collect::<Vec<_>>().join(",");
            match operator {
                Operator::Exists => write!(f, "{key}")?,
                Operator::Absent => write!(f, "!{key}")?,
                Operator::In(values) if values.len() == 1 => write!(f, "{key}={}", list(values))?,
                Operator::NotIn(values) if values.len() == 1 => write!(f, "{key}!={}", list(values))?,
                Operator::In(values) => write!(f, "{key} in ({})", list(values))?,
                Operator::NotIn(values) => write!(f, "{key} notin ({})", list(values))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn selects(selector: &str, labels: &[(&str, &str)]) -> bool {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Selector::parse(selector).expect("a selector").matches(&labels)
    }

    #[test]
    fn every_operator_means_what_kubernetes_means() {
        let web = [("app", "web"), ("env", "prod")];
        assert!(selects("", &web));
        assert!(selects("app=web", &web));
        assert!(selects("app == web , env!=dev", &web));
        assert!(selects("env in (dev, prod)", &web));
        assert!(!selects("env notin (dev,prod)", &web));
        assert!(selects("tier notin (cache)", &web), "an absent key is not in any set");
        assert!(selects("app,!tier", &web));
        assert!(!selects("tier", &web));
        assert!(selects("example.com/x=", &[("example.com/x", "")]));
    }

    #[test]
    fn what_is_no_selector_is_named() {
        for wrong in ["a b", "a in b", "a in (b", "(", "a=b)", "=x", "a=b c", "-a=b", "a=é", "A/b/c=d", "a,,b"] {
            assert!(Selector::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn the_canonical_text_parses_to_the_same_selector(
            parts in prop::collection::vec("(!?[a-z]{1,4}|[a-z]{1,3}(=|!=)[a-z0-9]{0,3}|[a-z]{1,3} (in|notin) \\([a-z]{1,2}(,[a-z]{1,2}){0,2}\\))", 0..4)
        ) {
            let selector = Selector::parse(&parts.join(",")).expect("built from the grammar");
            prop_assert_eq!(Selector::parse(&selector.to_string()), Ok(selector));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = Selector::parse(&text);
        }
    }
}
