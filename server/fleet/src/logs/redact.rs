//! Secrets out of log lines, before they reach a ring, an answer or a screen.
//!
//! The rules are those of every other text that leaves the engine. They are several regular expressions, and most lines
//! contain nothing that any of them could match; so one pass over the line looks for the words that they need.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use domain::diff::mask::mask_text;
use memchr::{memchr, memmem};

/// At least one of these is in everything that a rule matches, except users in URLs.
static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = [
        "passw",
        "passphrase",
        "token",
        "secret",
        "apikey",
        "api-key",
        "api_key",
        "accesskey",
        "access-key",
        "access_key",
        "privatekey",
        "private-key",
        "private_key",
        "private key",
        "credential",
        "signature",
        "bearer",
        "basic",
        "eyj",
    ];
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(words)
        .expect("nineteen short words make a small automaton")
});

/// The line without what the masking rules find in it.
pub(crate) fn redact(text: &str) -> Cow<'_, str> {
    let may_have_user = memchr(b'@', text.as_bytes()).is_some() && memmem::find(text.as_bytes(), b"://").is_some();
    // The rules fold case beyond ASCII, where a long s is an s.
    if may_have_user || !text.is_ascii() || WORDS.is_match(text) {
        Cow::Owned(mask_text(text))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_in_a_line_is_masked() {
        for text in
            ["password=hunter22", "url https://ada:hunter22@example.org/x", "Authorization: Bearer hunter22hunter22"]
        {
            assert!(!redact(text).contains("hunter22"), "{text}");
        }
    }

    #[test]
    fn a_line_that_no_rule_can_match_is_not_copied() {
        let line = r#"{"level":"info","msg":"reconciliation finished in 12 ms","url":"https://example.org"}"#;
        assert!(matches!(redact(line), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn the_search_for_words_hides_nothing_from_the_rules(
            parts in proptest::collection::vec(
                prop_oneof![
                    "(?i)(password|passwd|passphrase|token|secret|api[-_]?key|access[-_]?key|private[-_]?key)",
                    "(?i)(credentials?|signature|bearer|basic|-----BEGIN PRIVATE KEY-----|https://)",
                    "eyJ[a-z0-9]{8}\\.[a-z0-9]{8}\\.x",
                    "[=: @\"'/-]{1,2}",
                    "[a-z0-9]{1,10}",
                ],
                0..8,
            ),
        ) {
            let text = parts.concat();
            prop_assert_eq!(redact(&text).into_owned(), mask_text(&text));
        }
    }
}
