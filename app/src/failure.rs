//! The error of a server function: [`ApiError`] as the framework wants to carry it.

use domain::error::{ApiError, ErrorCode};
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// What a server function refuses with; the transport's own failures are put into the same words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Failure(pub ApiError);

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl FromServerFnError for Failure {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self(match error {
            ServerFnErrorErr::Request(_) => {
                ApiError::new(ErrorCode::Unreachable, "The server of this page does not answer.")
            }
            ServerFnErrorErr::Args(text) | ServerFnErrorErr::MissingArg(text) => {
                ApiError::new(ErrorCode::Invalid, format!("The request is not what the server takes: {text}."))
            }
            // Page and server are not of one build: a proxy in between, another version behind the same address, or
            // somebody who sends what no page sends.
            ServerFnErrorErr::Deserialization(text) => ApiError::new(
                ErrorCode::Invalid,
                format!("What the page and the server say to each other cannot be read: {text}. Reload the page."),
            ),
            other => ApiError::new(ErrorCode::Internal, format!("The request failed: {other}.")),
        })
    }
}
