//! Who is calling, and what they may do.
//!
//! Owns callers, users, passwords, sessions, API tokens and [`authorize`], the only maker of [`Authorized`]: without
//! such a handle there is no way to a cluster client or to somebody's data. Decides nothing by itself (that is
//! `domain::access::decide`) and knows no transport.

mod accounts;
mod authorize;
mod caller;
mod error;
mod password;
mod rate_limit;
mod session;
mod sign_in;
mod token;

pub use self::accounts::Accounts;
pub use self::authorize::{
    Authorized, Denied, Target, authorize, authorize_account, authorize_anywhere, authorize_cluster,
    authorize_everything, authorize_namespace, authorize_own_account,
};
pub use self::caller::{Caller, Credential};
pub use self::error::AccessError;
pub use self::password::PasswordError;
pub use self::session::{ABSOLUTE_EXPIRY, IDLE_EXPIRY, SessionToken};
pub use self::sign_in::{ADMINISTRATOR, SignIn, Visitor};
