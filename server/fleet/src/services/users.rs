//! Users: for administrators, and everybody's own password.

use domain::access::user::{ChangePassword, ChangeUser, CreatedUser, NewPassword, NewUser, ResetPassword, UserView};
use domain::access::{Grant, Verb};
use domain::error::ApiError;

use super::Services;
use super::error::internal;
use crate::access::{
    AccessError, Accounts, Authorized, Caller, authorize_account, authorize_everything, authorize_own_account,
};
use crate::audit::AuditError;

/// The error of an audited piece of work on accounts.
pub(super) fn of_access(error: AuditError<AccessError>) -> ApiError {
    match error {
        AuditError::Work(error) => error.into(),
        error @ AuditError::NotBegun(_) => internal(&error),
    }
}

impl Services {
    pub(super) fn accounts(&self) -> &Accounts {
        self.engine.sign_in.accounts()
    }

    /// For the caller's own password, sessions and tokens.
    pub(super) async fn own_account(&self, caller: &Caller) -> Result<Authorized, ApiError> {
        let decision = authorize_own_account(caller).ok_or(AccessError::NoAccount)?;
        self.permitted(caller, decision).await
    }

    /// All users, by name.
    ///
    /// # Errors
    /// Forbidden.
    pub async fn list_users(&self, caller: &Caller) -> Result<Vec<UserView>, ApiError> {
        self.permitted(caller, authorize_everything(caller, Verb::ManageUsers)).await?;
        Ok(self.accounts().list().await?)
    }

    /// # Errors
    /// Forbidden, not found.
    pub async fn user(&self, caller: &Caller, name: &str) -> Result<UserView, ApiError> {
        self.permitted(caller, authorize_account(caller, name)).await?;
        Ok(self.accounts().get(name).await?)
    }

    /// With the password, if the server made it: told this once.
    ///
    /// # Errors
    /// Forbidden; a name, password or grant that cannot be; the name is taken.
    pub async fn create_user(&self, caller: &Caller, user: NewUser) -> Result<CreatedUser, ApiError> {
        let authorized = self.permitted(caller, authorize_account(caller, &user.name)).await?;
        let detail = grants_in_words(&user.grants);
        let work = self.accounts().create(user);
        self.engine.audit.run(&authorized, "create user", &detail, work).await.map_err(of_access)
    }

    /// # Errors
    /// Forbidden; not found; grants that cannot be; it would take the last administrator away.
    pub async fn change_user(&self, caller: &Caller, name: &str, change: ChangeUser) -> Result<UserView, ApiError> {
        let authorized = self.permitted(caller, authorize_account(caller, name)).await?;
        let grants = change.grants.as_deref().map(|grants| format!("grants {}", grants_in_words(grants)));
        let disabled = change.disabled.map(|disabled| if disabled { "disabled" } else { "enabled" }.to_owned());
        let detail = [disabled, grants].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let work = self.accounts().change(name, change);
        self.engine.audit.run(&authorized, "change user", &detail, work).await.map_err(of_access)
    }

    /// Ends all sessions of the user. With the password, if the server made it: told this once.
    ///
    /// # Errors
    /// Forbidden; not found; a password that cannot be.
    pub async fn reset_password(
        &self,
        caller: &Caller,
        name: &str,
        request: ResetPassword,
    ) -> Result<NewPassword, ApiError> {
        let authorized = self.permitted(caller, authorize_account(caller, name)).await?;
        let work = self.accounts().reset_password(name, request.password);
        let password = self.engine.audit.run(&authorized, "reset password", "", work).await.map_err(of_access)?;
        Ok(NewPassword { password })
    }

    /// With sessions and tokens.
    ///
    /// # Errors
    /// Forbidden; not found; the last administrator.
    pub async fn delete_user(&self, caller: &Caller, name: &str) -> Result<(), ApiError> {
        let authorized = self.permitted(caller, authorize_account(caller, name)).await?;
        let work = self.accounts().delete(name);
        self.engine.audit.run(&authorized, "delete user", "", work).await.map_err(of_access)
    }

    /// One's own password; all other sessions of the caller end.
    ///
    /// # Errors
    /// Forbidden for API tokens; refused if the current password is wrong; a password that cannot be; too many
    /// attempts.
    pub async fn change_password(&self, caller: &Caller, change: ChangePassword) -> Result<(), ApiError> {
        let authorized = self.own_account(caller).await?;
        let work = self.engine.sign_in.change_password(caller, change);
        self.engine.audit.run(&authorized, "change password", "", work).await.map_err(of_access)
    }
}

/// For the trail: `operator in shop on prod; viewer`.
pub(super) fn grants_in_words(grants: &[Grant]) -> String {
    match grants {
        [] => "none".to_owned(),
        grants => grants.iter().map(Grant::to_string).collect::<Vec<_>>().join("; "),
    }
}
