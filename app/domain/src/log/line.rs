//! One line as the kubelet sends it with `timestamps=true`: an RFC 3339 time, a space, the text.
//!
//! Current kubelets write nine digits of fraction and `Z`; older ones fewer digits or a zone offset. A line without
//! such a prefix is the kubelet speaking in band (`failed to create fsnotify watcher: …`) and never a line of the
//! container.

use jiff::Timestamp;

/// A parsed line; the text is borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    pub time: Timestamp,
    pub text: &'a str,
}

/// What one raw line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    Line(Line<'a>),
    /// No timestamp: a message of the kubelet about the stream itself.
    Notice(&'a str),
}

/// The shortest prefix is `2006-01-02T15:04:05Z`.
const SHORTEST: usize = 20;

/// Splits a raw line without its line feed. A carriage return at the end is dropped.
#[must_use]
pub fn parse(raw: &str) -> Parsed<'_> {
    let raw = raw.strip_suffix('\r').unwrap_or(raw);
    // A line whose text is empty may come without the space.
    let (prefix, text) = raw.split_once(' ').unwrap_or((raw, ""));
    if prefix.len() < SHORTEST || !prefix.as_bytes()[0].is_ascii_digit() {
        return Parsed::Notice(raw);
    }
    match prefix.parse::<Timestamp>() {
        Ok(time) => Parsed::Line(Line { time, text }),
        Err(_) => Parsed::Notice(raw),
    }
}

/// The time as every answer prints it: UTC with nine digits, so that text order is time order.
#[must_use]
pub fn format_time(time: Timestamp) -> String {
    format!("{time:.9}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time_of(raw: &str) -> Option<String> {
        match parse(raw) {
            Parsed::Line(line) => Some(format_time(line.time)),
            Parsed::Notice(_) => None,
        }
    }

    #[test]
    fn times_may_be_short_or_carry_an_offset() {
        let expected = Some("2026-01-15T10:30:45.120000000Z".to_owned());
        assert_eq!(time_of("2026-01-15T10:30:45.120000000Z x"), expected);
        assert_eq!(time_of("2026-01-15T10:30:45.12Z x"), expected);
        assert_eq!(time_of("2026-01-15T12:30:45.12+02:00 x"), expected);
        assert_eq!(time_of("2026-01-15T10:30:45Z"), Some("2026-01-15T10:30:45.000000000Z".to_owned()));
    }

    #[test]
    fn what_has_no_time_is_a_notice_of_the_kubelet() {
        for notice in
            ["failed to create fsnotify watcher: too many open files", "", "2026", "2026-13-45T99:00:00Z x", "é"]
        {
            assert_eq!(parse(notice), Parsed::Notice(notice));
        }
    }

    proptest! {
        #[test]
        fn the_text_stays_as_it_was(text in "[^\r\n]{0,40}") {
            let raw = format!("2026-01-15T10:30:45.5Z {text}");
            prop_assert!(matches!(parse(&raw), Parsed::Line(line) if line.text == text));
        }

        #[test]
        fn no_input_panics(raw in "\\PC*") {
            let _ = parse(&raw);
        }
    }
}
