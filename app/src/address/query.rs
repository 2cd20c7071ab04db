//! A query string under construction.

use std::fmt::Write as _;

/// Pairs in the order in which they were added; values are escaped, empty ones left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(String);

impl Query {
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.0.push(if self.0.is_empty() { '?' } else { '&' });
            self.0.push_str(name);
            self.0.push('=');
            escape(value, &mut self.0);
        }
        self
    }

    /// Only where it differs from what absence means.
    #[must_use]
    pub(crate) fn with_number(self, name: &str, value: usize, default: usize) -> Self {
        if value == default { self } else { self.with(name, &value.to_string()) }
    }

    #[must_use]
    pub(crate) fn with_flag(self, name: &str, value: bool) -> Self {
        if value { self.with(name, "1") } else { self }
    }

    /// Behind a path.
    #[must_use]
    pub(crate) fn behind(self, path: &str) -> String {
        format!("{path}{}", self.0)
    }
}

/// Percent-encodes what has a meaning in a query; what people read in a filter stays readable.
fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'_' | b'.' | b'~' | b'!' | b'*' | b',' | b':' | b'/' => out.push(char::from(byte)),
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn readable_characters_stay_and_separators_do_not() {
        let query = Query::default().with("cluster", "prod-*,!dev").with("q", "a&b=c d").with("empty", "");
        assert_eq!(query.behind("/resources"), "/resources?cluster=prod-*,!dev&q=a%26b%3Dc%20d");
    }
}
