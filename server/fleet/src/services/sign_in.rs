//! Signing in and out, for the login form and the start of the server.

use std::net::IpAddr;

use domain::error::ApiError;

use super::Services;
use crate::access::{Caller, SessionToken};

impl Services {
    /// Begins a session; the token is for the cookie.
    ///
    /// # Errors
    /// `TooMany` after five attempts a minute, `Unauthenticated` for a wrong name or password.
    pub async fn sign_in(&self, name: &str, password: &str, remote: Option<IpAddr>) -> Result<SessionToken, ApiError> {
        Ok(self.engine.sign_in.sign_in(name, password, remote).await?)
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
        match self.engine.sign_in.caller_of_session(token, remote).await {
            Ok(caller) => caller,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "a session could not be looked up");
                None
            }
        }
    }

    /// At the first start creates an administrator; name and password, told this once.
    ///
    /// # Errors
    /// `Internal` if the store cannot be written.
    pub async fn ensure_administrator(&self) -> Result<Option<(String, String)>, ApiError> {
        Ok(self.engine.sign_in.ensure_administrator().await?)
    }
}
