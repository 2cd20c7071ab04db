//! The text of a position in a list: opaque to clients, checked when it comes back.
//!
//! Base64 of a digest and the position. The digest notices whatever was changed or cut off on the way, and binds the
//! cursor to filter and order, so that it never continues another list. It is no secret: a cursor names a place, it
//! gives no right.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Filter, Position, SortKey};
use crate::error::{ApiError, ErrorCode};

/// Changes whenever the meaning of the bytes does.
const VERSION: &str = "list-1";
const CHECK_LENGTH: usize = 8;
const QUERY_LENGTH: usize = 8;
/// Longest cursor that is looked at; names of Kubernetes objects fit several times.
const LENGTH_LIMIT: usize = 4096;

/// Why a cursor is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    #[error("the cursor is not one that this server gave")]
    Unreadable,
    #[error("the cursor belongs to another filter or order")]
    OtherList,
}

impl From<CursorError> for ApiError {
    fn from(error: CursorError) -> Self {
        let message = match error {
            CursorError::Unreadable => "The cursor is not one that this server gave; begin again without it.",
            CursorError::OtherList => "The cursor belongs to another filter or order; begin again without it.",
        };
        Self::new(ErrorCode::InvalidCursor, message).with_details(json!({"field": "cursor"}))
    }
}

fn digest<const LENGTH: usize>(parts: &[&[u8]]) -> [u8; LENGTH] {
    let mut digest = Sha256::new();
    digest.update(VERSION);
    for part in parts {
        // Lengths keep two parts from passing for one.
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    let mut short = [0; LENGTH];
    short.copy_from_slice(&digest.finalize()[..LENGTH]);
    short
}

fn digest_of_query(filter: &Filter, sort: SortKey, descending: bool) -> [u8; QUERY_LENGTH] {
    let printed = serde_json::to_vec(&filter.print()).expect("texts are written as JSON");
    digest(&[&printed, sort.word().as_bytes(), &[u8::from(descending)]])
}

/// The cursor that continues this list after `position`.
#[must_use]
pub fn encode(position: &Position, filter: &Filter, sort: SortKey, descending: bool) -> String {
    let query = digest_of_query(filter, sort, descending);
    let place = serde_json::to_vec(position).expect("plain data is written as JSON");
    let check: [u8; CHECK_LENGTH] = digest(&[&query, &place]);
    URL_SAFE_NO_PAD.encode([check.as_slice(), &query, &place].concat())
}

/// The position of a cursor of this list.
///
/// # Errors
/// If it was not given by [`encode`], or for another filter or order.
pub fn decode(text: &str, filter: &Filter, sort: SortKey, descending: bool) -> Result<Position, CursorError> {
    if text.len() > LENGTH_LIMIT {
        return Err(CursorError::Unreadable);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError::Unreadable)?;
    let (check, rest) = bytes.split_at_checked(CHECK_LENGTH).ok_or(CursorError::Unreadable)?;
    let (query, place) = rest.split_at_checked(QUERY_LENGTH).ok_or(CursorError::Unreadable)?;
    if digest::<CHECK_LENGTH>(&[query, place]) != check {
        return Err(CursorError::Unreadable);
    }
    if query != digest_of_query(filter, sort, descending) {
        return Err(CursorError::OtherList);
    }
    serde_json::from_slice(place).map_err(|_| CursorError::Unreadable)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::health::Status;
    use crate::list::ListFilter;
    use crate::list::tests::row;

    fn filter(status: &str) -> Filter {
        Filter::parse(&ListFilter { status: status.to_owned(), ..ListFilter::default() }).expect("a status")
    }

    fn position(name: &str) -> Position {
        Position::of(&row("prod", "Kustomization", name, Status::Ready))
    }

    #[test]
    fn a_cursor_continues_its_own_list_only() {
        let cursor = encode(&position("shop"), &filter("ready"), SortKey::Name, false);
        assert_eq!(decode(&cursor, &filter("READY"), SortKey::Name, false), Ok(position("shop")));
        for (status, sort, descending) in
            [("failed", SortKey::Name, false), ("ready", SortKey::Kind, false), ("ready", SortKey::Name, true)]
        {
            assert_eq!(decode(&cursor, &filter(status), sort, descending), Err(CursorError::OtherList));
        }
    }

    proptest! {
        #[test]
        fn every_position_survives_its_cursor(name in any::<String>(), activity in any::<Option<i64>>()) {
            let position = Position { activity, ..position(&name) };
            let cursor = encode(&position, &filter(""), SortKey::Activity, true);
            prop_assert_eq!(decode(&cursor, &filter(""), SortKey::Activity, true), Ok(position));
        }

        #[test]
        fn a_changed_cursor_is_noticed(at in 0usize..200, with in "[A-Za-z0-9_-]", cut in 0usize..200) {
            let cursor = encode(&position("shop"), &filter(""), SortKey::Name, false);
            let at = at % cursor.len();
            let changed = format!("{}{with}{}", &cursor[..at], &cursor[at + 1..]);
            let refused = Err(CursorError::Unreadable);
            if changed != cursor {
                prop_assert_eq!(decode(&changed, &filter(""), SortKey::Name, false), refused.clone());
            }
            let shorter = &cursor[..cut % cursor.len()];
            prop_assert_eq!(decode(shorter, &filter(""), SortKey::Name, false), refused);
        }

        #[test]
        fn no_text_breaks_the_reader(text in any::<String>()) {
            prop_assert_eq!(decode(&text, &filter(""), SortKey::Name, false), Err(CursorError::Unreadable));
        }
    }
}
