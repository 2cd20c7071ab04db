//! The level of a line, from what the line itself says.
//!
//! In this order: a JSON object's level field, logfmt, klog's first letter, a console logger's column, a bracketed or
//! bare word near the start. Where one form gives two answers the level is unknown: a wrong colour is worse than
//! none.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    #[default]
    Unknown,
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl Level {
    pub const ALL: [Self; 6] = [Self::Unknown, Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// Of a word as loggers write it; fatal and panic count as errors.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        const WORDS: [(&str, Level); 17] = [
            ("trace", Level::Trace),
            ("trc", Level::Trace),
            ("debug", Level::Debug),
            ("dbg", Level::Debug),
            ("info", Level::Info),
            ("information", Level::Info),
            ("notice", Level::Info),
            ("inf", Level::Info),
            ("warn", Level::Warn),
            ("warning", Level::Warn),
            ("wrn", Level::Warn),
            ("error", Level::Error),
            ("err", Level::Error),
            ("fatal", Level::Error),
            ("panic", Level::Error),
            ("critical", Level::Error),
            ("dpanic", Level::Error),
        ];
        WORDS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, level)| level)
    }

    /// Of bunyan's and pino's numbers.
    fn of_number(number: i64) -> Option<Self> {
        match number {
            10 => Some(Self::Trace),
            20 => Some(Self::Debug),
            30 => Some(Self::Info),
            40 => Some(Self::Warn),
            50 | 60 => Some(Self::Error),
            _ => None,
        }
    }
}

/// The level that a message names.
#[must_use]
pub fn level(message: &str) -> Level {
    let text = message.trim_start();
    if text.starts_with('{') {
        return json(text).unwrap_or_default();
    }
    logfmt(text).or_else(|| klog(text)).or_else(|| words(text)).unwrap_or_default()
}

/// Keys of a JSON line that hold the level, at the top of the object only.
const JSON_KEYS: [&str; 6] = ["level", "lvl", "severity", "log.level", "@l", "s"];

fn json(text: &str) -> Option<Level> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    JSON_KEYS.iter().find_map(|key| match object.get(*key)? {
        serde_json::Value::String(word) => Level::of_word(word),
        serde_json::Value::Number(number) => Level::of_number(number.as_i64()?),
        _ => None,
    })
}

fn logfmt(text: &str) -> Option<Level> {
    ["level=", "lvl=", "severity="].iter().find_map(|key| {
        let at = text.find(key).filter(|at| *at == 0 || text.as_bytes()[at - 1] == b' ')?;
        let value = text[at + key.len()..].trim_start_matches('"');
        let end = value.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(value.len());
        Level::of_word(&value[..end])
    })
}

/// `I0115 10:30:45.123456       1 file.go:12] text`
fn klog(text: &str) -> Option<Level> {
    let bytes = text.as_bytes();
    let header = bytes.len() > 5 && bytes[1..5].iter().all(u8::is_ascii_digit) && bytes[5] == b' ';
    match bytes.first().filter(|_| header)? {
        b'I' => Some(Level::Info),
        b'W' => Some(Level::Warn),
        b'E' | b'F' => Some(Level::Error),
        _ => None,
    }
}

/// How far into a line a level word may stand: past a time, a thread and a logger's name, not in the prose.
const WORDS_SEEN: usize = 5;

fn words(text: &str) -> Option<Level> {
    let mut found: Option<Level> = None;
    for word in text.split([' ', '\t']).filter(|word| !word.is_empty()).take(WORDS_SEEN) {
        let bare = word.trim_matches(|character: char| !character.is_ascii_alphanumeric());
        // In prose "error" is a word like any other: a level is in capitals, in brackets or before a colon.
        let marked = bare.len() > 1 && bare.chars().all(|character| character.is_ascii_uppercase())
            || (word.starts_with(['[', '<', '(']) || word.ends_with(':'));
        let Some(level) = marked.then(|| Level::of_word(bare)).flatten() else { continue };
        match found {
            Some(other) if other != level => return None,
            _ => found = Some(level),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn levels_are_read_from_the_forms_that_loggers_write() {
        for (message, expected) in [
            (r#"{"level":"info","ts":"2026","msg":"error in the text does not count"}"#, Level::Info),
            (r#"{"level":50,"msg":"pino"}"#, Level::Error),
            (r#"{"msg":"no level"}"#, Level::Unknown),
            (r#"{"broken": "#, Level::Unknown),
            (r#"time=2026 level=warning msg="slow""#, Level::Warn),
            ("I0115 10:30:45.123456       1 main.go:12] started", Level::Info),
            ("E0115 10:30:45.123456       1 main.go:12] failed", Level::Error),
            ("2026-01-15T10:30:45Z\tDEBUG\tcontroller\tmsg", Level::Debug),
            ("[WARN] low on memory", Level::Warn),
            ("ERROR: no such file", Level::Error),
            ("INFO: Successfully fetched artifact", Level::Info),
            ("GET /cart 200 3ms", Level::Unknown),
            ("an error occurred", Level::Unknown),
            ("[info] [error] which one", Level::Unknown),
            ("", Level::Unknown),
        ] {
            assert_eq!(level(message), expected, "{message}");
        }
    }

    proptest! {
        #[test]
        fn no_message_panics(message in "\\PC*") {
            let _ = level(&message);
        }
    }
}
