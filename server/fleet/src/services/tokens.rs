//! API tokens: one's own, and for administrators anybody's.

use domain::access::Verb;
use domain::access::token::{CreatedToken, NewToken, TokenView};
use domain::error::ApiError;

use super::Services;
use super::users::{grants_in_words, of_access};
use crate::access::{Authorized, Caller, authorize_account, authorize_everything};

impl Services {
    /// The caller's own tokens, newest first.
    ///
    /// # Errors
    /// Forbidden for API tokens.
    pub async fn list_own_tokens(&self, caller: &Caller) -> Result<Vec<TokenView>, ApiError> {
        self.own_account(caller).await?;
        Ok(self.accounts().tokens(Some(&caller.name)).await?)
    }

    /// A token of the caller, told this once.
    ///
    /// # Errors
    /// Forbidden for API tokens; a name, life or scope that cannot be.
    pub async fn create_token(&self, caller: &Caller, token: NewToken) -> Result<CreatedToken, ApiError> {
        let authorized = self.own_account(caller).await?;
        let scopes = token.scopes.as_deref().map_or_else(|| "as the user".to_owned(), grants_in_words);
        let detail = format!("{:?} for {} days, scopes {scopes}", token.name, token.expires_in_days);
        let work = self.accounts().create_token(&caller.name, token);
        self.engine.audit.run(&authorized, "create token", &detail, work).await.map_err(of_access)
    }

    /// The token is dead at once.
    ///
    /// # Errors
    /// Forbidden for API tokens; not found.
    pub async fn revoke_own_token(&self, caller: &Caller, id: &str) -> Result<(), ApiError> {
        let authorized = self.own_account(caller).await?;
        self.revoke(&authorized, &caller.name, id).await
    }

    /// Tokens of one user, or of everybody, newest first.
    ///
    /// # Errors
    /// Forbidden.
    pub async fn list_tokens(&self, caller: &Caller, owner: Option<&str>) -> Result<Vec<TokenView>, ApiError> {
        self.permitted(caller, authorize_everything(caller, Verb::ManageUsers)).await?;
        Ok(self.accounts().tokens(owner).await?)
    }

    /// # Errors
    /// Forbidden; not found.
    pub async fn revoke_token(&self, caller: &Caller, owner: &str, id: &str) -> Result<(), ApiError> {
        let authorized = self.permitted(caller, authorize_account(caller, owner)).await?;
        self.revoke(&authorized, owner, id).await
    }

    async fn revoke(&self, authorized: &Authorized, owner: &str, id: &str) -> Result<(), ApiError> {
        let work = self.accounts().revoke_token(Some(owner), id);
        self.engine.audit.run(authorized, "revoke token", id, work).await.map_err(of_access).map(drop)
    }
}
