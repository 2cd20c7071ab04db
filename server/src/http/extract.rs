//! Extractors of the API: axum's own, whose refusals leave in the envelope of every other error.
//!
//! A handler that takes [`Path`], [`Query`] or [`Json`] from here answers 400, 413 or 415 as `{code, message, request_id}`
//! without a line of its own. Nothing here decides about permission.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts};
use axum::response::{IntoResponse, Response};
use domain::error::{ApiError, ErrorCode};
use serde::Serialize;

use super::error::Failure;

/// Segments of the path. One that is no UTF-8 after decoding is refused.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Failure))]
pub struct Path<T>(pub T);

/// The query string as a structure; a parameter that is given twice is refused.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Failure))]
pub struct Query<T>(pub T);

/// A JSON body, in both directions.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(Failure))]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl From<PathRejection> for Failure {
    fn from(rejection: PathRejection) -> Self {
        Self(ApiError::new(
            ErrorCode::Invalid,
            format!("The path is not one that this server knows: {}", rejection.body_text()),
        ))
    }
}
