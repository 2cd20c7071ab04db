//! Errors become responses here and nowhere else.
//!
//! A handler answers [`Failure`]; the outermost layer writes the envelope, because only it knows the request's id. Refusals
//! of extractors and layers (bad JSON, a body too large or too slow, a method that a path does not have, a panic) end in
//! the same envelope: whatever error leaves as plain text is put into one.

use std::any::Any;
use std::error::Error;

use axum::body::{Body, to_bytes};
use axum::extract::rejection::{BytesRejection, FailedToBufferBody, JsonRejection, QueryRejection};
use axum::extract::{OriginalUri, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::error::{ApiError, ErrorCode};
use serde_json::json;
use tower_http::csrf::ProtectionError;
use tower_http::timeout::TimeoutError;

/// Header that carries the request's id in both directions.
pub const REQUEST_ID: &str = "x-request-id";

/// What is read of a plain error text; the framework's are one line.
const PLAIN_LIMIT: usize = 4 * 1024;

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
        let code = match &rejection {
            JsonRejection::BytesRejection(error) => of_body(error),
            JsonRejection::MissingJsonContentType(_) => ErrorCode::Unsupported,
            _ => ErrorCode::Invalid,
        };
        let message = match code {
            ErrorCode::Unsupported => "This path takes JSON: send content-type: application/json.".to_owned(),
            code => body_message(code, &rejection.body_text()),
        };
        Self(naming::<serde_json::Error>(ApiError::new(code, message), &rejection))
    }
}

impl From<QueryRejection> for Failure {
    fn from(rejection: QueryRejection) -> Self {
        let message = format!("The query is not what this path takes: {}", rejection.body_text());
        Self(naming::<serde::de::value::Error>(ApiError::new(ErrorCode::Invalid, message), &rejection))
    }
}

impl From<BytesRejection> for Failure {
    fn from(rejection: BytesRejection) -> Self {
        let code = of_body(&rejection);
        Self(ApiError::new(code, body_message(code, &rejection.body_text())))
    }
}

fn body_message(code: ErrorCode, text: &str) -> String {
    match code {
        ErrorCode::TooLarge => "The body is larger than this path takes.".to_owned(),
        ErrorCode::TimedOut => "The body did not arrive in time.".to_owned(),
        _ => format!("The body is not what this path takes: {text}"),
    }
}

/// Why a body could not be read whole.
fn of_body(error: &BytesRejection) -> ErrorCode {
    match error {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => ErrorCode::TooLarge,
        error if causes(error).any(|cause| cause.is::<TimeoutError>()) => ErrorCode::TimedOut,
        _ => ErrorCode::Invalid,
    }
}

/// With the path of the field that could not be read, where serde knows it.
fn naming<E: Error + 'static>(error: ApiError, rejection: &(dyn Error + 'static)) -> ApiError {
    let field = causes(rejection)
        .find_map(|cause| cause.downcast_ref::<serde_path_to_error::Error<E>>())
        .map(|error| error.path().to_string());
    match field {
        Some(field) if field != "." => error.with_details(json!({"field": field})),
        _ => error,
    }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
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

/// Writes the envelope of a [`Failure`], and of errors that leave as plain text or without a body. Headers stay.
pub async fn write_envelope(request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let is_head = request.method() == Method::HEAD;
    let response = next.run(request).await;
    let (mut parts, body) = response.into_parts();
    let mut error = match parts.extensions.remove::<ApiError>() {
        Some(error) => error,
        None if is_plain_error(&parts) => {
            let text = to_bytes(body, PLAIN_LIMIT).await.unwrap_or_default();
            plain_error(parts.status, &String::from_utf8_lossy(&text))
        }
        None => return Response::from_parts(parts, body),
    };
    error.request_id = id;
    let text = serde_json::to_vec(&error).unwrap_or_default();
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
    Response::from_parts(parts, if is_head { Body::empty() } else { Body::from(text) })
}

fn is_plain_error(parts: &axum::http::response::Parts) -> bool {
    let failed = parts.status.is_client_error() || parts.status.is_server_error();
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    failed && content_type.is_none_or(|content_type| content_type.starts_with("text/plain"))
}

fn plain_error(status: StatusCode, text: &str) -> ApiError {
    let code = match status.as_u16() {
        401 => ErrorCode::Unauthenticated,
        403 => ErrorCode::Forbidden,
        404 => ErrorCode::NotFound,
        405 => ErrorCode::MethodNotAllowed,
        408 => ErrorCode::TimedOut,
        409 => ErrorCode::Conflict,
        413 => ErrorCode::TooLarge,
        415 => ErrorCode::Unsupported,
        422 => ErrorCode::Refused,
        429 => ErrorCode::TooMany,
        500..=599 => ErrorCode::Internal,
        _ => ErrorCode::Invalid,
    };
    let text = text.trim();
    let message = match (code, text) {
        // What went wrong inside is for the log.
        (ErrorCode::Internal, _) => "The server could not do this; its log says why.",
        (_, "") => status.canonical_reason().unwrap_or("The request was refused."),
        (_, text) => text,
    };
    ApiError::new(code, message)
}

/// An API path that does not exist.
pub async fn unknown_path(OriginalUri(uri): OriginalUri) -> Failure {
    Failure(ApiError::new(ErrorCode::NotFound, format!("There is nothing at {}.", uri.path())))
}

/// A path that exists, with a method that it does not take; `Allow` says which it does.
pub async fn unknown_method(method: Method, OriginalUri(uri): OriginalUri) -> Failure {
    Failure(ApiError::new(ErrorCode::MethodNotAllowed, format!("{} does not take {method}.", uri.path())))
}

/// A request that a browser sent for a page of another site.
pub fn other_site(_: ProtectionError) -> Response {
    Failure(ApiError::new(ErrorCode::Forbidden, "Requests that change something come from pages of this server only."))
        .into_response()
}

/// A handler that panicked. The panic itself was logged where it happened, with the request's id.
pub fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Failure(ApiError::new(ErrorCode::Internal, "The server could not do this; its log says why.")).into_response()
}
