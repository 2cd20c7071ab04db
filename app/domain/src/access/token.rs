//! API tokens as their owners see them. The token itself is told once, when it is made.

use serde::{Deserialize, Serialize};

use super::Grant;

/// What every token begins with.
pub const TOKEN_PREFIX: &str = "fo_";
/// Longest life of a token.
pub const TOKEN_DAYS_LIMIT: u32 = 365;
/// Life of a token whose maker does not say.
pub const TOKEN_DAYS: u32 = 90;
/// Most tokens of one user that are neither revoked nor expired.
pub const TOKENS_LIMIT: usize = 50;
/// Longest name of a token, in characters.
pub const TOKEN_NAME_LENGTH: usize = 64;

/// A token without its secret. Times are milliseconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenView {
    pub id: String,
    pub owner: String,
    /// What its maker calls it.
    pub name: String,
    /// It may do what these and the owner's present grants both allow.
    pub scopes: Vec<Grant>,
    pub created_at: i64,
    pub expires_at: i64,
    /// To the minute.
    pub last_used_at: Option<i64>,
    /// Address of its last use.
    pub last_used_from: Option<String>,
}

/// `POST /api/v1/account/tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewToken {
    pub name: String,
    /// Each within one of the owner's grants. Absent: the grants as they are now.
    #[serde(default)]
    pub scopes: Option<Vec<Grant>>,
    /// Days until it ends, at most [`TOKEN_DAYS_LIMIT`].
    #[serde(default = "days")]
    pub expires_in_days: u32,
}

fn days() -> u32 {
    TOKEN_DAYS
}

/// The new token, and its secret this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedToken {
    pub token: TokenView,
    /// For `Authorization: Bearer …`; kept nowhere.
    pub secret: String,
}

impl std::fmt::Debug for CreatedToken {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedToken").field("token", &self.token).finish_non_exhaustive()
    }
}
