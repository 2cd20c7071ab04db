//! Signing in and out, for the login form and the start of the server; and who stands behind a session or token.

use std::net::IpAddr;

use domain::error::ApiError;
use secrecy::SecretString;

use super::Services;
use crate::access::{AccessError, Caller, SessionToken, Visitor};
use crate::metrics::counters::COUNTERS;

impl Services {
    /// Begins a session; the token is for the cookie.
    ///
    /// # Errors
    /// `TooMany` after five attempts a minute, `Unauthenticated` for a wrong name or password.
    pub async fn sign_in(&self, name: &str, password: &str, visitor: &Visitor) -> Result<SessionToken, ApiError> {
        let attempt = self.engine.sign_in.sign_in(name, password, visitor).await;
        COUNTERS.sign_in(match &attempt {
            Ok(_) => "succeeded",
            Err(AccessError::Wrong) => "wrong",
            Err(AccessError::TooMany { .. }) => "limited",
            Err(_) => "error",
        });
        Ok(attempt?)
    }

    /// Ends a session; one that has ended already is no error.
    ///
    /// # Errors
    /// `Internal` if the store cannot be written.
    pub async fn sign_out(&self, token: &str) -> Result<(), ApiError> {
        Ok(self.engine.sign_in.sign_out(token).await?)
    }

    /// Who stands behind a session now. Nobody, too, while the store cannot be read.
    pub async fn caller_of_session(&self, token: &str, remote: Option<IpAddr>) -> Option<Caller> {
        found(self.engine.sign_in.caller_of_session(token, remote).await)
    }

    /// Who stands behind an API token now. Nobody, too, while the store cannot be read.
    pub async fn caller_of_token(&self, token: &SecretString, remote: Option<IpAddr>) -> Option<Caller> {
        found(self.accounts().caller_of_token(token, remote).await)
    }

    /// At the first start creates an administrator; name and password, told this once.
    ///
    /// # Errors
    /// `Internal` if the store cannot be written.
    pub async fn ensure_administrator(&self) -> Result<Option<(String, String)>, ApiError> {
        Ok(self.engine.sign_in.ensure_administrator().await?)
    }
}

fn found(caller: Result<Option<Caller>, AccessError>) -> Option<Caller> {
    caller.unwrap_or_else(|error| {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "a session or token could not be looked up");
        None
    })
}
