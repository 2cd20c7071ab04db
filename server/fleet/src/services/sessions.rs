//! Sessions: one's own, and for administrators anybody's.

use domain::access::session::SessionView;
use domain::error::ApiError;

use super::Services;
use super::users::of_access;
use crate::access::{Authorized, Caller, authorize_account};

impl Services {
    /// The caller's own sessions that have not ended, newest first.
    ///
    /// # Errors
    /// Forbidden for API tokens.
    pub async fn list_own_sessions(&self, caller: &Caller) -> Result<Vec<SessionView>, ApiError> {
        self.own_account(caller).await?;
        Ok(self.accounts().sessions(&caller.name, caller.session()).await?)
    }

    /// # Errors
    /// Forbidden for API tokens; not found.
    pub async fn end_own_session(&self, caller: &Caller, id: &str) -> Result<(), ApiError> {
        let authorized = self.own_account(caller).await?;
        self.end(&authorized, &caller.name, id).await
    }

    /// Ends all sessions of the caller but the one that asks.
    ///
    /// # Errors
    /// Forbidden for API tokens.
    pub async fn end_other_sessions(&self, caller: &Caller) -> Result<(), ApiError> {
        let authorized = self.own_account(caller).await?;
        let work = self.accounts().end_sessions(&caller.name, caller.session());
        self.engine.audit.run(&authorized, "end other sessions", "", work).await.map_err(of_access)
    }

    /// Sessions of a user that have not ended, newest first.
    ///
    /// # Errors
    /// Forbidden.
    pub async fn list_sessions(&self, caller: &Caller, user: &str) -> Result<Vec<SessionView>, ApiError> {
        self.permitted(caller, authorize_account(caller, user)).await?;
        Ok(self.accounts().sessions(user, caller.session()).await?)
    }

    /// # Errors
    /// Forbidden; not found.
    pub async fn end_session(&self, caller: &Caller, user: &str, id: &str) -> Result<(), ApiError> {
        let authorized = self.permitted(caller, authorize_account(caller, user)).await?;
        self.end(&authorized, user, id).await
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// Forbidden.
    pub async fn end_sessions(&self, caller: &Caller, user: &str) -> Result<(), ApiError> {
        let authorized = self.permitted(caller, authorize_account(caller, user)).await?;
        let work = self.accounts().end_sessions(user, None);
        self.engine.audit.run(&authorized, "end all sessions", "", work).await.map_err(of_access)
    }

    async fn end(&self, authorized: &Authorized, user: &str, id: &str) -> Result<(), ApiError> {
        let work = self.accounts().end_session(user, id);
        self.engine.audit.run(authorized, "end session", id, work).await.map_err(of_access)
    }
}
