//! A list query that cannot be understood: which parameter, which term of it, and why.

use std::borrow::Cow;

use serde_json::json;

use super::{FILTER_TERM_LENGTH, FILTER_TERMS, FILTER_WORDS};
use crate::error::{ApiError, ErrorCode};
use crate::health::Status;

/// Characters of a bad term that an error repeats.
const SHOWN: usize = 80;

/// What is wrong with a term.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermFault {
    #[error("excludes nothing")]
    ExcludesNothing,
    #[error("is longer than {FILTER_TERM_LENGTH} characters")]
    TooLong,
    #[error("holds a character that no name has")]
    Character,
    #[error("is one term too many; {FILTER_TERMS} are taken")]
    TooManyTerms,
    #[error("is one word too many; {FILTER_WORDS} are taken")]
    TooManyWords,
    #[error("matches no status; there are {}", status_words())]
    NoStatus,
    #[error("is no kind of Flux")]
    NoKind,
    #[error("is neither true nor false")]
    NotBoolean,
    #[error("is no number from {least} to {most}")]
    NotNumber { least: usize, most: usize },
    #[error("is no word of this parameter; there are {known}")]
    NotWord { known: String },
    #[error("is given twice")]
    Twice,
    #[error("cannot stand beside {0}")]
    Beside(&'static str),
    #[error("is no parameter of this path")]
    Unknown,
}

/// `parameter` is the name of the query parameter, `term` the part of its value that is wrong, cut to a length that
/// fits
/// a screen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}: {term:?} {fault}")]
pub struct QueryError {
    pub parameter: Cow<'static, str>,
    pub term: String,
    pub fault: TermFault,
}

impl QueryError {
    #[must_use]
    pub fn new(parameter: impl Into<Cow<'static, str>>, term: &str, fault: TermFault) -> Self {
        let parameter: Cow<'static, str> = match parameter.into() {
            Cow::Owned(name) => cut(&name).into(),
            known => known,
        };
        Self { parameter, term: cut(term), fault }
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn status_words() -> String {
    Status::ALL.map(Status::word).join(", ")
}

impl From<QueryError> for ApiError {
    /// 400 with the parameter in `details.field` and the term in `details.term`.
    fn from(error: QueryError) -> Self {
        let details = json!({"field": error.parameter, "term": error.term});
        Self::new(ErrorCode::Invalid, format!("{error}.")).with_details(details)
    }
}
