//! Revisions as sources and appliers write them: a name, a digest, or both.
//!
//! Git `main@sha1:…`, `refs/heads/main@sha1:…`, `sha1:…`; OCI `latest@sha256:…`; buckets and indices `sha256:…`;
//! charts `1.2.3`, `1.2.3+0cc9a8446c95`; `main/…` and a digest alone of Flux before 2.0. Whatever is none of these is a
//! name: nothing is refused.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An algorithm and its hexadecimal result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest {
    /// `sha1`, `sha256`, `sha384`, `sha512` or `blake3`.
    pub algorithm: String,
    pub hex: String,
}

/// Hexadecimal digits that people tell revisions apart by.
const SHORT: usize = 8;

impl Digest {
    /// Reads `algorithm:hex`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (algorithm, hex) = text.split_once(':')?;
        let known = ["sha1", "sha256", "sha384", "sha512", "blake3"].contains(&algorithm);
        (known && is_hex(hex)).then(|| Self { algorithm: algorithm.to_owned(), hex: hex.to_owned() })
    }

    #[must_use]
    pub fn short(&self) -> &str {
        self.hex.get(..SHORT).unwrap_or(&self.hex)
    }
}

/// Hexadecimal digits of a commit, and of a SHA-256.
const SHA1: usize = 40;
const SHA256: usize = 64;

/// A digest without its algorithm: buckets and indices before Flux 2.0, and the commit that an automation pushed.
fn is_bare_digest(text: &str) -> bool {
    matches!(text.len(), SHA1 | SHA256) && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.hex)
    }
}

/// A revision, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Branch, tag, reference or chart version.
    pub name: Option<String>,
    pub digest: Option<Digest>,
    /// Written as `main/…`, before Flux 2.0.
    pub is_legacy: bool,
}

impl Revision {
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let name = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        if let Some(digest) = Digest::parse(text) {
            return Self { name: None, digest: Some(digest), is_legacy: false };
        }
        if let Some((head, tail)) = text.rsplit_once('@')
            && let (Some(digest), false) = (Digest::parse(tail), head.is_empty())
        {
            return Self { name: name(head), digest: Some(digest), is_legacy: false };
        }
        if let Some((head, hex)) = text.rsplit_once('/')
            && hex.len() == SHA1
            && is_hex(hex)
            && !head.is_empty()
        {
            let digest = Digest { algorithm: "sha1".to_owned(), hex: hex.to_owned() };
            return Self { name: name(head), digest: Some(digest), is_legacy: true };
        }
        Self { name: name(text), digest: None, is_legacy: false }
    }

    /// For people: `main@9dd0b5f1`, `1.2.3`, `9dd0b5f1`.
    #[must_use]
    pub fn short(&self) -> String {
        let name = self
            .name
            .as_deref()
            .map(|name| name.strip_prefix("refs/heads/").or(name.strip_prefix("refs/tags/")).unwrap_or(name));
        match (name, &self.digest) {
            (Some(name), Some(digest)) => format!("{name}@{}", digest.short()),
            (Some(name), None) if is_bare_digest(name) => name[..SHORT].to_owned(),
            (Some(name), None) => name.to_owned(),
            (None, Some(digest)) => digest.short().to_owned(),
            (None, None) => String::new(),
        }
    }

    /// The commit, where the revision is one of Git.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        match &self.digest {
            Some(digest) => (digest.algorithm == "sha1").then_some(digest.hex.as_str()),
            None => self.name.as_deref().filter(|name| name.len() == SHA1 && is_hex(name)),
        }
    }
}

impl fmt::Display for Revision {
    /// As it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.digest) {
            (Some(name), Some(digest)) if self.is_legacy => write!(f, "{name}/{}", digest.hex),
            (Some(name), Some(digest)) => write!(f, "{name}@{digest}"),
            (Some(name), None) => f.write_str(name),
            (None, Some(digest)) => digest.fmt(f),
            (None, None) => Ok(()),
        }
    }
}

/// [`Revision::short`] of a text.
#[must_use]
pub fn short(text: &str) -> String {
    Revision::parse(text).short()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COMMIT: &str = "9dd0b5f1c0ffee00112233445566778899aabbcc";

    #[test]
    fn every_form_shortens_to_what_people_say() {
        for (text, expected) in [
            (format!("main@sha1:{COMMIT}"), "main@9dd0b5f1"),
            (format!("refs/heads/main@sha1:{COMMIT}"), "main@9dd0b5f1"),
            (format!("v1.0.0@sha1:{COMMIT}"), "v1.0.0@9dd0b5f1"),
            (format!("feature/x@y@sha1:{COMMIT}"), "feature/x@y@9dd0b5f1"),
            (format!("sha1:{COMMIT}"), "9dd0b5f1"),
            ("latest@sha256:0123456789abcdef".to_owned(), "latest@01234567"),
            ("sha256:0123456789abcdef".to_owned(), "01234567"),
            (format!("feature/x/{COMMIT}"), "feature/x@9dd0b5f1"),
            (COMMIT.to_owned(), "9dd0b5f1"),
            ("ab".repeat(32), "abababab"),
            ("1.2.3".to_owned(), "1.2.3"),
            ("1.2.3+0cc9a8446c95".to_owned(), "1.2.3+0cc9a8446c95"),
            ("main@sha1:not-hex".to_owned(), "main@sha1:not-hex"),
            (String::new(), ""),
        ] {
            assert_eq!(short(&text), expected, "{text}");
        }
    }

    #[test]
    fn only_git_revisions_have_a_commit() {
        assert_eq!(Revision::parse(&format!("main@sha1:{COMMIT}")).commit(), Some(COMMIT));
        assert_eq!(Revision::parse(COMMIT).commit(), Some(COMMIT));
        assert_eq!(Revision::parse("latest@sha256:00").commit(), None);
        assert_eq!(Revision::parse(&"ab".repeat(32)).commit(), None);
    }

    proptest! {
        #[test]
        fn every_text_prints_as_it_was_written(text in prop_oneof![
            ".{0,20}",
            "[a-z/@.]{0,8}@?(sha1|sha256|md5):[0-9a-f]{0,40}",
            "[a-z/@]{0,5}/[0-9a-f]{40}",
        ]) {
            prop_assert_eq!(Revision::parse(&text).to_string(), text);
        }
    }
}
