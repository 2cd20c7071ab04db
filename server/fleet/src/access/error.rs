//! What can go wrong with people and their credentials, and the words that leave the process for it.

use domain::access::GrantError;
use domain::access::token::{TOKEN_DAYS_LIMIT, TOKEN_NAME_LENGTH, TOKENS_LIMIT};
use domain::access::user::{NAME_RULE, PASSWORD_RULE};
use domain::error::{ApiError, ErrorCode};
use serde_json::json;

use super::password::PasswordError;
use super::rate_limit::TooMany;
use crate::store::{StoreError, UserChangeError};

#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("too many attempts; try again in {seconds} s")]
    TooMany { seconds: u64 },
    #[error("the name or the password is wrong")]
    Wrong,
    #[error("the current password is wrong")]
    WrongCurrent,
    #[error("the server runs without sign-in, so that there are no accounts")]
    NoAccount,
    #[error("{0:?} cannot be the name of a user")]
    Name(String),
    #[error("the password is too short or too long")]
    PasswordRule,
    #[error("the grants cannot be kept")]
    Grants(#[source] GrantError),
    #[error("there is no user {0}")]
    NoUser(String),
    #[error("{0} is the last administrator who can sign in")]
    LastAdministrator(String),
    #[error("{0:?} cannot be the name of a token")]
    TokenName(String),
    #[error("a token cannot last {0} days")]
    TokenDays(u32),
    #[error("{0} has as many tokens as one user can have")]
    TooManyTokens(String),
    #[error("a scope of the token allows more than its owner may")]
    Scope,
    #[error("there is no such token")]
    NoToken,
    #[error("there is no such session")]
    NoSession,
    #[error("cannot check or make a password")]
    Password(#[source] PasswordError),
    #[error("cannot reach users, sessions or tokens in the store")]
    Store(#[from] StoreError),
}

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        use ErrorCode::{Conflict, Internal, Invalid, NotFound, Refused, TooMany, Unauthenticated};
        let (code, message) = match &error {
            AccessError::TooMany { seconds } => {
                return Self::new(TooMany, format!("Too many attempts. Try again in {seconds} s."))
                    .with_details(json!({"retry_after_seconds": seconds}));
            }
            AccessError::Wrong => (Unauthenticated, "The name or the password is wrong.".to_owned()),
            AccessError::WrongCurrent => (Refused, "The current password is wrong.".to_owned()),
            AccessError::NoAccount => {
                (Refused, "This server runs without sign-in, so there are no accounts.".to_owned())
            }
            AccessError::Name(_) => (Invalid, NAME_RULE.to_owned()),
            AccessError::PasswordRule => (Invalid, PASSWORD_RULE.to_owned()),
            AccessError::Grants(fault) => (Invalid, sentence(&fault.to_string())),
            AccessError::NoUser(name) => (NotFound, format!("There is no user {name}.")),
            AccessError::LastAdministrator(name) => {
                (Conflict, format!("{name} is the last administrator who can sign in. Make somebody else one first."))
            }
            AccessError::TokenName(_) => {
                (Invalid, format!("The name of a token has 1 to {TOKEN_NAME_LENGTH} characters."))
            }
            AccessError::TokenDays(_) => (Invalid, format!("A token lasts 1 to {TOKEN_DAYS_LIMIT} days.")),
            AccessError::TooManyTokens(name) => {
                (Conflict, format!("{name} has {TOKENS_LIMIT} tokens already. Revoke one first."))
            }
            AccessError::Scope => (Refused, "A token cannot be allowed more than its owner may.".to_owned()),
            AccessError::NoToken => (NotFound, "There is no such token.".to_owned()),
            AccessError::NoSession => (NotFound, "There is no such session.".to_owned()),
            AccessError::Store(StoreError::Exists { name, .. }) => {
                (Conflict, format!("There is a user {name} already."))
            }
            AccessError::Password(PasswordError::Busy) => {
                (TooMany, "Too many people sign in at once. Try again in a moment.".to_owned())
            }
            AccessError::Password(_) | AccessError::Store(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "users, sessions or tokens failed");
                (Internal, "The server could not do this; its log says why.".to_owned())
            }
        };
        Self::new(code, message)
    }
}

fn sentence(fragment: &str) -> String {
    let mut letters = fragment.chars();
    let capital = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{capital}{}.", letters.as_str())
}

impl From<PasswordError> for AccessError {
    fn from(error: PasswordError) -> Self {
        Self::Password(error)
    }
}

impl From<TooMany> for AccessError {
    fn from(TooMany(seconds): TooMany) -> Self {
        Self::TooMany { seconds }
    }
}

impl From<UserChangeError> for AccessError {
    fn from(error: UserChangeError) -> Self {
        match error {
            UserChangeError::Unknown(name) => Self::NoUser(name),
            UserChangeError::LastAdministrator(name) => Self::LastAdministrator(name),
            UserChangeError::Store(error) => Self::Store(error),
        }
    }
}
