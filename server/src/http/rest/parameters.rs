//! The query string of lists, read by the one reader of `domain`, with its errors in the envelope.

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use domain::error::ApiError;
use domain::list::{ListFilter, ListRequest, QueryError, TermFault, query};
use url::form_urlencoded;

use crate::http::error::Failure;

/// Filter, order and place of a list.
pub struct Listed(pub ListRequest);

impl<S: Send + Sync> FromRequestParts<S> for Listed {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Self(list(&parts.uri, |_, _| Ok(false))?))
    }
}

/// A filter alone: order and place mean nothing to this path.
pub struct Filtered(pub ListFilter);

impl<S: Send + Sync> FromRequestParts<S> for Filtered {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let request =
            list(&parts.uri, |name, value| refuse(&["sort", "descending", "offset", "limit", "cursor"], name, value))?;
        Ok(Self(request.query.filter))
    }
}

/// The list that a URL asks for; `taken` takes away what only this path knows.
pub fn list(uri: &Uri, taken: impl FnMut(&str, &str) -> Result<bool, QueryError>) -> Result<ListRequest, ApiError> {
    Ok(query::read(form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()), taken)?)
}

/// Parameters of other lists are no parameters here.
pub fn refuse(names: &[&str], name: &str, value: &str) -> Result<bool, QueryError> {
    if names.contains(&name) {
        return Err(QueryError::new(name.to_owned(), value, TermFault::Unknown));
    }
    Ok(false)
}
