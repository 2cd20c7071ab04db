//! Terminal escape sequences out of a line: what remains is what a person reads and a filter searches.

use std::borrow::Cow;

const ESCAPE: char = '\u{1b}';

/// The text without CSI, OSC and two-character sequences, and without control characters other than tab.
#[must_use]
pub fn strip(text: &str) -> Cow<'_, str> {
    if !text.contains(|character: char| character.is_control() && character != '\t') {
        return Cow::Borrowed(text);
    }
    let mut stripped = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            ESCAPE => skip_sequence(&mut rest),
            '\t' => stripped.push('\t'),
            control if control.is_control() => {}
            other => stripped.push(other),
        }
    }
    Cow::Owned(stripped)
}

/// Reads past the sequence that an escape character began.
fn skip_sequence(rest: &mut std::str::Chars<'_>) {
    match rest.next() {
        // CSI: parameters until a letter or another final byte.
        Some('[') => {
            rest.find(|character| ('@'..='~').contains(character));
        }
        // OSC: until BEL, or until the string terminator, whose backslash is read here.
        Some(']') => {
            let end = rest.find(|character| matches!(*character, '\u{7}' | ESCAPE));
            if end == Some(ESCAPE) {
                rest.next();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_links_and_control_characters_go_and_text_stays() {
        assert_eq!(strip("plain"), "plain");
        assert_eq!(strip("\u{1b}[1;31merror\u{1b}[0m at\tx"), "error at\tx");
        assert_eq!(strip("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{7}!"), "link!");
        assert_eq!(strip("cut\u{1b}["), "cut");
    }

    proptest! {
        #[test]
        fn nothing_that_a_terminal_obeys_is_left(text in "[a-z\u{1b}\\[\\];0-9m\u{7}\t]{0,60}") {
            let stripped = strip(&text);
            prop_assert!(!stripped.contains(|c: char| c.is_control() && c != '\t'));
        }
    }
}
