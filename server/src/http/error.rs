//! Errors become responses here and nowhere else.
//!
//! A handler answers [`Failure`]; the outermost layer writes the envelope, because only it knows the request's id. Extractor
//! refusals of axum (bad JSON, body too large) are put into the same envelope.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{OriginalUri, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::error::{ApiError, ErrorCode};
use tower_http::csrf::ProtectionError;

/// Header that carries the request's id in both directions.
pub const REQUEST_ID: &str = "x-request-id";

/// An error on its way out.
#[derive(Debug)]
pub struct Failure(pub ApiError);

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<JsonRejection> for Failure {
    fn from(rejection: JsonRejection) -> Self {
        Self(ApiError::new(
            ErrorCode::Invalid,
            format!("The body is not what this path takes: {}", rejection.body_text()),
        ))
    }
}

impl From<QueryRejection> for Failure {
    fn from(rejection: QueryRejection) -> Self {
        Self(ApiError::new(
            ErrorCode::Invalid,
            format!("The query is not what this path takes: {}", rejection.body_text()),
        ))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = status(&self.0).into_response();
        response.extensions_mut().insert(self.0);
        response
    }
}

fn status(error: &ApiError) -> StatusCode {
    StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Writes the envelope of a [`Failure`].
pub async fn write_envelope(request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<ApiError>() {
        Some(mut error) => {
            error.request_id = id;
            (status(&error), Json(error)).into_response()
        }
        None => response,
    }
}

/// An API path that does not exist.
pub async fn unknown_path(OriginalUri(uri): OriginalUri) -> Failure {
    Failure(ApiError::new(ErrorCode::NotFound, format!("There is nothing at {}.", uri.path())))
}

/// A request that a browser sent for a page of another site.
pub fn other_site(_: ProtectionError) -> Response {
    Failure(ApiError::new(ErrorCode::Forbidden, "Requests that change something come from pages of this server only."))
        .into_response()
}
