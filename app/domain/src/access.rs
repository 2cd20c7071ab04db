//! Who may do what: roles, verbs, grants and the decision; and what people see of users, tokens, sessions and the audit.
//!
//! Pure, so that the server refuses and the interface hides by the same rule. A grant is a role on some clusters and
//! namespaces; the decision is "does any grant of the caller allow this verb there".

pub mod audit;
mod grant;
pub mod session;
pub mod token;
pub mod user;
mod verb;

use serde::{Deserialize, Serialize};

pub use self::grant::{GRANTS_LIMIT, Grant, GrantError, PLACES_LIMIT, Scope, check_grants, decide, narrow, within};
pub use self::verb::{Role, Verb};

/// The signed-in person as the interface knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Viewer {
    pub name: String,
    pub grants: Vec<Grant>,
    /// `false` where the server runs without sign-in (`--auth none`).
    pub signed_in: bool,
}
