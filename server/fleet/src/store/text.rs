//! Text that fits its column.

/// The text without NUL, which PostgreSQL does not store, and cut to `length` characters, which servers insist on.
pub(super) fn fit(text: String, length: u32) -> String {
    let length = length as usize;
    let mut text = if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text };
    if let Some((end, _)) = text.char_indices().nth(length) {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_characters_and_has_no_nul() {
        assert_eq!(fit("añb".to_owned(), 2), "añ");
        assert_eq!(fit("añb".to_owned(), 3), "añb");
        assert_eq!(fit("a\0b".to_owned(), 9), "a\u{fffd}b");
    }
}
