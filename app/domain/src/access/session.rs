//! Sessions as their owners see them.

use serde::{Deserialize, Serialize};

/// Somebody who is signed in somewhere. Times are milliseconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    /// Names the session and opens nothing.
    pub id: String,
    pub user: String,
    /// Address that the sign-in came from.
    pub remote: Option<String>,
    /// What the browser called itself at sign-in; empty if it said nothing.
    pub user_agent: String,
    pub created_at: i64,
    /// To the minute.
    pub last_seen_at: i64,
    /// The session that asks.
    pub current: bool,
}
