//! Reads that a client need not be sent twice: `ETag`, `If-None-Match`, 304.
//!
//! The tag is a digest of the answer's content before compression, so it holds for what the caller may see and nothing
//! else, survives a restart, and costs no bookkeeping. Answers are private and always asked for again. A stream has no
//! tag: nobody knows its content before its end.

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use domain::error::{ApiError, ErrorCode};
use sha2::{Digest, Sha256};

use crate::http::error::Failure;
use crate::http::state::AppState;

/// Bytes of the digest that stand in the tag.
const TAG_LENGTH: usize = 16;

/// `GET` of something that is read often: the handler's answer with a tag.
pub fn read<H, T>(handler: H) -> MethodRouter<AppState>
where
    H: axum::handler::Handler<T, AppState>,
    T: 'static,
{
    get(handler).layer(from_fn(tagged))
}

/// Tags a whole answer with its content, or answers 304 to a client that has it.
pub async fn tagged(request: Request, next: Next) -> Response {
    let known: Vec<HeaderValue> = request.headers().get_all(IF_NONE_MATCH).iter().cloned().collect();
    let response = next.run(request).await;
    let (mut parts, body) = response.into_parts();
    if parts.status != StatusCode::OK || body.size_hint().exact().is_none() {
        return Response::from_parts(parts, body);
    }
    let Ok(content) = to_bytes(body, usize::MAX).await else {
        // The handler's answer is in memory as a whole; reading it cannot fail.
        return Failure(ApiError::new(ErrorCode::Internal, "The answer could not be read.")).into_response();
    };
    let tag = tag(&parts.headers, &content);
    parts.headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    parts.headers.append(VARY, HeaderValue::from_static("accept, cookie, authorization"));
    let fresh = known.iter().any(|header| names(header, &tag));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        parts.headers.insert(ETAG, tag);
    }
    if !fresh {
        return Response::from_parts(parts, content.into());
    }
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(CONTENT_TYPE);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::empty())
}

/// The content type belongs to the content: JSON and YAML of one object are two things.
fn tag(headers: &HeaderMap, content: &[u8]) -> String {
    let mut digest = Sha256::new();
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        digest.update(kind.as_bytes());
    }
    digest.update([0]);
    digest.update(content);
    let mut tag = String::from("\"");
    for byte in &digest.finalize()[..TAG_LENGTH] {
        tag.push_str(&format!("{byte:02x}"));
    }
    tag.push('"');
    tag
}

/// Whether an `If-None-Match` header names the tag: weak comparison, as RFC 9110 wants it, or `*`.
fn names(header: &HeaderValue, tag: &str) -> bool {
    let Ok(header) = header.to_str() else { return false };
    header.split(',').map(str::trim).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_in_a_list_weak_or_as_a_star() {
        let names = |header: &'static str| names(&HeaderValue::from_static(header), "\"a1\"");
        assert!(names("\"a1\"") && names("\"b2\", W/\"a1\"") && names("*"));
        assert!(!names("\"b2\"") && !names("a1") && !names(""));
    }

    #[test]
    fn the_same_content_as_another_type_has_another_tag() {
        let tag = |kind: &'static str, content: &[u8]| {
            tag(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]), content)
        };
        assert_eq!(tag("application/json", b"1"), tag("application/json", b"1"));
        assert_ne!(tag("application/json", b"1"), tag("application/yaml", b"1"));
        assert_ne!(tag("application/json", b"1"), tag("application/json", b"2"));
        assert_eq!(tag("application/json", b"1").len(), 2 * TAG_LENGTH + 2);
    }
}
