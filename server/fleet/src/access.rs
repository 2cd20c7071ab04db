//! Who is calling, and what they may do.
//!
//! Owns callers, passwords, sessions and [`authorize`], the only maker of [`Authorized`]: without such a handle there
//! is no way to a cluster client or to somebody's data. Decides nothing by itself (that is `domain::access::decide`)
//! and knows no transport.

mod authorize;
mod caller;
mod password;
mod rate_limit;
mod session;
mod sign_in;

pub use self::authorize::{
    Authorized, Denied, Target, authorize, authorize_cluster, authorize_everything, authorize_namespace,
};
pub use self::caller::Caller;
pub use self::password::PasswordError;
pub use self::session::{ABSOLUTE_EXPIRY, IDLE_EXPIRY, SessionToken};
pub use self::sign_in::{ADMINISTRATOR, SignIn, SignInError};
