//! Secrets in running text and by name: what a word, a URL, an argument or a message gives away.
//!
//! Texts are recognised by pattern, so this is a net with holes: whatever is known to be secret by its place is
//! masked by place, in the parent module.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::diff::change::TOKEN;

static CREDENTIAL: LazyLock<Regex> = LazyLock::new(|| {
    let words = "passw(?:or)?d|passphrase|pwd|token|secret|api[-_.]?key|access[-_.]?key|private[-_.]?key|\
                 credential|client[-_.]?key|encryption[-_.]?key|signing[-_.]?key|connection[-_.]?string|\
                 dsn|auth[-_.]?key|webhook[-_.]?url|bearer";
    Regex::new(&format!("(?i)(?:{words})")).expect("a constant pattern")
});

/// Names that lead to a credential without being one.
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    let words = "name|names|namespace|ref|refs|reference|file|path|dir|mount|type|kind|class|provider|version|\
                 seconds|ttl|expir\\w*|duration|interval|enabled|create|policy|length|size|mode|issuer";
    Regex::new(&format!("(?i)(?:{words})$")).expect("a constant pattern")
});

pub(super) fn is_credential(name: &str) -> bool {
    CREDENTIAL.is_match(name) && !is_reference(name)
}

/// `--password` alone: what follows it in a list of arguments is the password.
pub(super) fn is_credential_flag(argument: &str) -> bool {
    argument.starts_with('-') && !argument.contains(['=', ' ']) && is_credential(argument)
}

static SECRET_MANIFEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?m)^[\s-]*kind:\s*["']?Secret["']?\s*$|"kind"\s*:\s*"Secret""#).expect("a constant pattern")
});

/// A text that holds the manifest of a Secret, as YAML or JSON.
pub(super) fn holds_secret_manifest(text: &str) -> bool {
    text.contains("Secret") && SECRET_MANIFEST.is_match(text)
}

pub(super) fn is_reference(name: &str) -> bool {
    REFERENCE.is_match(name)
}

/// The user part of a URL, with or without a password.
static URL_USER: LazyLock<Regex> = LazyLock::new(|| {
    // Not only at the beginning of a word: what stands right before the scheme hides no password.
    Regex::new(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^\s/@?#'\x22]+@").expect("a constant pattern")
});

/// `--password=x`, `token: x`, `api_key='x'`, `?access_token=x`.
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"(?ix)
        (?P<name>[\w.-]*
            (?:passw(?:or)?d|passphrase|token|secret|(?:api|access|private)[-_]?key|credentials?|signature))
        (?P<sign>["']?\s*[=:]\s*|["']?\s*:\s*)
        (?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s&,;"']+)"#;
    Regex::new(pattern).expect("a constant pattern")
});

/// `--password x` in one string.
static FLAG: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?ix)
        (?P<flag>(?:^|\s)--?[\w-]*(?:passw(?:or)?d|passphrase|token|secret|api-?key|credentials?)\s+)
        [^\s-][^\s]*";
    Regex::new(pattern).expect("a constant pattern")
});

static BEARER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?P<scheme>\b(?:bearer|basic)\s+)[A-Za-z0-9+/=._~-]{8,}").expect("a constant pattern")
});

static JSON_WEB_TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*").expect("a constant pattern")
});

static PRIVATE_KEY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)")
        .expect("a constant pattern")
});

/// Who knows the path of a Receiver may trigger it; its controller writes the path into messages and events.
static WEBHOOK_PATH: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?P<prefix>/hook/)[0-9a-f]{16,}").expect("a constant pattern"));

/// A word without which neither an assignment, a flag nor a scheme of authorization matches.
static TELL_TALE: LazyLock<Regex> = LazyLock::new(|| {
    let words = "passw|passphrase|token|secret|key|credential|signature|bearer|basic";
    Regex::new(&format!("(?i)(?:{words})")).expect("a constant pattern")
});

/// Removes what is recognisably secret from a text: users in URLs, paths of webhooks, values of named credentials,
/// bearer tokens, private keys.
#[must_use]
pub fn mask_text(text: &str) -> String {
    // Most texts hold none of these: a look for the tell-tales is much cheaper than the patterns.
    let mut masked = Cow::Borrowed(text);
    let mut replace = |tell_tale: bool, pattern: &Regex, with: &str| {
        if tell_tale && let Cow::Owned(changed) = pattern.replace_all(&masked, with) {
            masked = Cow::Owned(changed);
        }
    };
    replace(text.contains("PRIVATE KEY"), &PRIVATE_KEY, TOKEN);
    replace(text.contains("://"), &URL_USER, "${scheme}***@");
    replace(text.contains("/hook/"), &WEBHOOK_PATH, "${prefix}***");
    replace(text.contains("eyJ"), &JSON_WEB_TOKEN, TOKEN);
    let names_secret = TELL_TALE.is_match(text);
    replace(names_secret, &BEARER, "${scheme}***");
    replace(names_secret, &FLAG, "${flag}***");
    if !names_secret {
        return masked.into_owned();
    }
    let assignment = |found: &Captures<'_>| {
        let value = found["value"].trim_matches(['"', '\'']);
        let is_harmless =
            value.is_empty() || value.starts_with(TOKEN) || ["true", "false", "null", "nil"].contains(&value);
        if is_reference(&found["name"]) || is_harmless || value.to_ascii_lowercase().starts_with("bearer") {
            found[0].to_owned()
        } else {
            format!("{}{}{TOKEN}", &found["name"], &found["sign"])
        }
    };
    ASSIGNMENT.replace_all(&masked, assignment).into_owned()
}

static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#""(?:[^"\\]|\\.)*"|\{.*\}|[A-Za-z0-9+/=_-]{24,}"#).expect("a constant pattern"));

/// Like [`mask_text`], for what the API says about a Secret: it quotes values, so nothing quoted and nothing long
/// stays.
#[must_use]
pub fn mask_secret_error(text: &str) -> String {
    QUOTED.replace_all(&mask_text(text), TOKEN).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CANARY: &str = "canary-5f3c9a";

    #[test]
    fn texts_lose_their_secrets_and_keep_their_sense() {
        for (text, expected) in [
            ("clone https://bob:pw@git.example/x failed", "clone https://***@git.example/x failed"),
            ("clone https://ghp_abc@git.example/x failed", "clone https://***@git.example/x failed"),
            ("url_https://bob:pw@git.example 2ssh://bob@h", "url_https://***@git.example 2ssh://***@h"),
            ("run --password=pw --user=bob", "run --password=*** --user=bob"),
            ("run --api-token pw now", "run --api-token *** now"),
            (r#"{"password": "p w", "user": "bob"}"#, r#"{"password": ***, "user": "bob"}"#),
            ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer ***"),
            ("got eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "got ***"),
            ("GET /x?access_token=abc&y=1", "GET /x?access_token=***&y=1"),
            ("dependency 'flux-system/apps' is not ready", "dependency 'flux-system/apps' is not ready"),
            ("Applied revision: main@sha1:0123456789abcdef", "Applied revision: main@sha1:0123456789abcdef"),
            ("secretName: tls", "secretName: tls"),
        ] {
            assert_eq!(mask_text(text), expected);
        }
        let key = "x\n-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\ny";
        assert_eq!(mask_text(key), "x\n***\ny");
    }

    #[test]
    fn errors_about_secrets_quote_nothing() {
        let error = format!(r#"Secret "db" is invalid: data.a: Invalid value: "{CANARY}": not base64"#);
        assert_eq!(mask_secret_error(&error), "Secret *** is invalid: data.a: Invalid value: ***: not base64");
    }

    proptest! {
        #[test]
        fn no_text_breaks_masking_and_twice_is_once(text in ".{0,60}") {
            let once = mask_text(&text);
            prop_assert_eq!(mask_text(&once), once);
        }
    }
}
