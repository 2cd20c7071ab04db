//! What a failed call to a cluster means: for its status, for a problem on a screen, for whether to try again.

use domain::diff::mask::mask_text;
use domain::problem::{Problem, ProblemKind};
use kube::runtime::watcher;

use super::connection::ConnectionError;

/// A failed call, sorted by what can be done about it. Texts are masked and fit for a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer: refused, reset, timed out, no route, TLS.
    Unreachable(String),
    /// 401: the credentials are not accepted.
    Unauthorized(String),
    /// 403: the credentials may not do this.
    Forbidden(String),
    /// 404: no such kind or object.
    NotFound(String),
    /// 409: somebody else changed it in between.
    Conflict(String),
    /// Another answer of the cluster.
    Refused { code: u16, message: String },
}

impl Failure {
    #[must_use]
    pub fn of(error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::of_answer(status.code, &status.message),
            kube::Error::SerdeError(_) => {
                Self::Refused { code: 200, message: "the answer of the cluster cannot be read".to_owned() }
            }
            error => Self::Unreachable(mask_text(&cause(error))),
        }
    }

    pub(crate) fn of_watch(error: &watcher::Error) -> Self {
        match error {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => Self::of(error),
            watcher::Error::WatchError(status) => Self::of_answer(status.code, &status.message),
            watcher::Error::NoResourceVersion => {
                Self::Refused { code: 0, message: "the cluster does not number its answers".to_owned() }
            }
        }
    }

    fn of_answer(code: u16, message: &str) -> Self {
        let message = mask_text(message);
        match code {
            401 => Self::Unauthorized(message),
            403 => Self::Forbidden(message),
            404 => Self::NotFound(message),
            409 => Self::Conflict(message),
            code => Self::Refused { code, message },
        }
    }

    pub(crate) fn of_connection(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::Credentials(_) | ConnectionError::InCluster(_) | ConnectionError::Tls(_) => {
                Self::Unauthorized(mask_text(&chain(error)))
            }
            error => Self::Unreachable(mask_text(&chain(error))),
        }
    }

    pub(crate) fn timed_out() -> Self {
        Self::Unreachable("no answer in time".to_owned())
    }

    /// Trying again soon cannot help: somebody has to change a role or install a kind.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Forbidden(_) | Self::NotFound(_))
    }

    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Unreachable(message)
            | Self::Unauthorized(message)
            | Self::Forbidden(message)
            | Self::NotFound(message)
            | Self::Conflict(message)
            | Self::Refused { message, .. } => message,
        }
    }

    /// `what` is missing because of this: "Provider objects", "the object".
    #[must_use]
    pub fn problem(&self, what: &str) -> Problem {
        let kind = match self {
            Self::Unreachable(_) => ProblemKind::Unreachable,
            Self::Unauthorized(_) | Self::Forbidden(_) => ProblemKind::Forbidden,
            Self::NotFound(_) => ProblemKind::NotFound,
            Self::Conflict(_) | Self::Refused { .. } => ProblemKind::Failed,
        };
        Problem::new(kind, format!("{what}: {}", self.message()))
    }
}

/// What is behind the layers of an HTTP client, which say little: "Connection refused", "invalid peer certificate".
fn cause(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// The error and its sources, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let message = error.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        source = error.source();
    }
    text
}
