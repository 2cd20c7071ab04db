//! Log requests, the aggregated answer, and the JSON frames of `/api/v1/logs/stream` (subprotocol `flux-logs.v0.json`).

use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::log::level::Level;
use crate::object::ClusterId;
use crate::problem::Problem;

/// Subprotocol of the JSON log socket; `v0` until the log engine is whole.
pub const JSON_PROTOCOL: &str = "flux-logs.v0.json";
/// Namespace that is searched where none is named.
pub const DEFAULT_NAMESPACE: &str = "flux-system";
/// Lines per container where the request does not say.
pub const DEFAULT_TAIL_LINES: u32 = 100;
/// Most lines per container that one request may ask for.
pub const MAX_TAIL_LINES: u32 = 10_000;

/// `POST /api/logs/aggregated`, and the first frame of a stream. Absent or empty means the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct LogQuery {
    /// Empty: all that the caller may read.
    pub cluster_ids: Vec<ClusterId>,
    /// Empty: `flux-system`.
    pub namespaces: Vec<String>,
    /// Kubernetes label selector; empty: every pod.
    pub label_selector: String,
    /// Per container; absent: 100.
    pub tail_lines: Option<u32>,
}

impl LogQuery {
    /// Namespaces with the default filled in.
    #[must_use]
    pub fn effective_namespaces(&self) -> Vec<String> {
        let named: Vec<String> =
            self.namespaces.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        if named.is_empty() { vec![DEFAULT_NAMESPACE.to_owned()] } else { named }
    }

    #[must_use]
    pub fn effective_tail_lines(&self) -> u32 {
        self.tail_lines.unwrap_or(DEFAULT_TAIL_LINES).min(MAX_TAIL_LINES)
    }
}

/// A container whose lines are read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogSource {
    pub cluster_id: ClusterId,
    pub cluster_name: String,
    pub namespace: String,
    pub pod_name: String,
    pub container: String,
}

/// One line, as the requirements print it, with level and truncation beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogRecord {
    #[serde(flatten)]
    pub source: LogSource,
    /// RFC 3339, UTC, as the container runtime stamped it, nanoseconds where it has them.
    pub timestamp: String,
    /// Masked by the redaction rules.
    pub message: String,
    pub level: Level,
    /// Bytes cut off the end of a line beyond 256 KiB.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub truncated: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A source that gave less than was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SourceProblem {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<LogSource>,
    #[serde(flatten)]
    pub problem: Problem,
}

/// Answer of `POST /api/logs/aggregated`: all lines in time order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AggregatedLogs {
    pub logs: Vec<LogRecord>,
    #[serde(default)]
    pub problems: Vec<SourceProblem>,
    /// Containers that were read.
    #[serde(default)]
    pub sources: usize,
}

/// Why lines are missing between two rows of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GapCause {
    /// The node rotated the log file while no stream stood.
    Rotated,
    /// The container restarted while no stream stood.
    Restarted,
    /// The last line was not found again, and we cannot tell why.
    Unknown,
}

/// From the client, after the query in the `start` frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ClientFrame {
    /// Starts the stream; once per connection.
    Start { query: LogQuery },
    /// Everything up to this batch is on screen; gives the server credit for more.
    Ack { batch: u64 },
}

/// From the server. `source` numbers point into the `sources` frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ServerFrame {
    Hello {
        session: String,
    },
    /// Containers that joined; numbers are never used again within a session.
    Sources {
        sources: Vec<NumberedSource>,
    },
    /// Lines in time order, numbered by `batch` from 1 without holes.
    Batch {
        batch: u64,
        lines: Vec<StreamLine>,
    },
    /// Lines of this source are missing here.
    Gap {
        source: u32,
        after: String,
        before: String,
        cause: GapCause,
    },
    /// The viewer was too slow: exactly that many lines were left out here.
    Skipped {
        source: u32,
        lines: u64,
        bytes: u64,
        from: String,
        to: String,
    },
    /// State of one source, or of a cluster as a whole (`source` absent).
    Status {
        source: Option<u32>,
        state: SourceState,
        message: String,
    },
    /// How much of the selection is being streamed.
    Coverage {
        streaming: usize,
        waiting: usize,
        forbidden: usize,
        failed: usize,
        ended: usize,
    },
    /// The stream ends; nothing follows.
    Failed {
        error: ApiError,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NumberedSource {
    pub number: u32,
    #[serde(flatten)]
    pub source: LogSource,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StreamLine {
    pub source: u32,
    pub timestamp: String,
    pub message: String,
    pub level: Level,
    /// Arrived after a later line had been sent.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub late: bool,
    #[serde(skip_serializing_if = "is_zero", default)]
    pub truncated: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// The container has not started.
    Waiting,
    Streaming,
    /// The upstream connection broke; it is being opened again.
    Reconnecting,
    /// The container finished, or the pod is gone.
    Ended,
    Forbidden,
    Failed,
}
