//! The one error that leaves the process, in REST answers, server functions and sockets alike.

use serde::{Deserialize, Serialize};

/// What kind of failure; each has one HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// 400: the request cannot be understood.
    Invalid,
    /// 400: the cursor is not one that this server gave for this list.
    InvalidCursor,
    /// 401: nobody is signed in.
    Unauthenticated,
    /// 403: the caller may not; the message says what is missing.
    Forbidden,
    /// 404: no such page, cluster or object, or none that the caller may see.
    NotFound,
    /// 405: the path exists, but not with this method.
    MethodNotAllowed,
    /// 408: the request did not come in whole in time.
    TimedOut,
    /// 409: it exists already, or somebody else changed it.
    Conflict,
    /// 413: the body is larger than the path takes.
    TooLarge,
    /// 415: the body is of a type that the path does not take.
    Unsupported,
    /// 422: understood, and refused; `details` says why.
    Refused,
    /// 429: too many attempts.
    TooMany,
    /// 502: the cluster answered with an error.
    Cluster,
    /// 503: the cluster cannot be reached.
    Unreachable,
    /// 500: our own fault.
    Internal,
}

impl ErrorCode {
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Invalid | Self::InvalidCursor => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TimedOut => 408,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::Unsupported => 415,
            Self::Refused => 422,
            Self::TooMany => 429,
            Self::Internal => 500,
            Self::Cluster => 502,
            Self::Unreachable => 503,
        }
    }
}

/// `{code, message, request_id, details?}`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("{message}")]
pub struct ApiError {
    pub code: ErrorCode,
    /// A sentence for a person; masked, without internals.
    pub message: String,
    #[serde(default)]
    pub request_id: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub details: Option<serde_json::Value>,
}

impl ApiError {
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), request_id: String::new(), details: None }
    }

    #[must_use]
    pub fn with_details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(details);
        self
    }
}
