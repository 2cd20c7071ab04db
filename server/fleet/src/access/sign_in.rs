//! Signing in and out, and the first user.
//!
//! Owns the order of the steps: limit, password, session, audit. An unknown name, a wrong password and a disabled user
//! are one answer that takes one time.

use std::net::IpAddr;

use domain::access::audit::SIGN_IN;
use domain::access::user::{ChangePassword, is_password};
use domain::access::{Grant, Role};
use secrecy::{ExposeSecret as _, SecretString};

use super::rate_limit::SignInLimits;
use super::session::SessionToken;
use super::{AccessError, Accounts, Caller, password};
use crate::clock::Clock;
use crate::store::{AuditEntry, AuditOutcome, AuditStore, Store, StoreError};

/// Name of the user that the first start creates.
pub const ADMINISTRATOR: &str = "admin";

/// Where somebody comes from who is nobody yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visitor {
    pub remote: Option<IpAddr>,
    /// What the browser calls itself.
    pub user_agent: String,
}

/// The door of a server with local users.
pub struct SignIn {
    accounts: Accounts,
    audit: AuditStore,
    limits: SignInLimits,
    clock: Clock,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignIn")
    }
}

impl SignIn {
    #[must_use]
    pub fn new(store: &Store, clock: Clock) -> Self {
        Self {
            accounts: Accounts::new(store, clock.clone()),
            audit: store.audit(),
            limits: SignInLimits::new(&clock),
            clock,
        }
    }

    /// The users behind the door.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Begins a session; the token is for the cookie and kept nowhere.
    ///
    /// # Errors
    /// [`AccessError::TooMany`]; [`AccessError::Wrong`], also for an unknown name; [`AccessError::Password`],
    /// [`AccessError::Store`].
    pub async fn sign_in(&self, name: &str, password: &str, visitor: &Visitor) -> Result<SessionToken, AccessError> {
        self.limits.attempt(name, visitor.remote)?;
        let user = self.accounts.users.get(name).await?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let matches = self.accounts.passwords.verify(SecretString::from(password), hash).await?;
        // People type passwords into the wrong field: a name that is nobody's is not written down.
        let known = user.as_ref().map_or("(unknown name)", |user| user.name.as_str());
        let disabled = user.as_ref().is_some_and(|user| user.disabled);
        if !matches || disabled {
            let why = if disabled { "the user is disabled" } else { "" };
            self.note(known, visitor.remote, AuditOutcome::Failed, why).await?;
            return Err(AccessError::Wrong);
        }
        self.note(known, visitor.remote, AuditOutcome::Succeeded, "").await?;
        self.accounts.users.signed_in(known, self.clock.now()).await?;
        Ok(self.accounts.sessions.begin(known, visitor).await?)
    }

    /// Ends a session; one that has ended already is no error.
    ///
    /// # Errors
    /// [`AccessError::Store`].
    pub async fn sign_out(&self, token: &str) -> Result<(), AccessError> {
        Ok(self.accounts.sessions.end(token).await?)
    }

    /// Who stands behind a session, with their grants of now; `None` if it has ended or never was.
    ///
    /// # Errors
    /// [`AccessError::Store`].
    pub async fn caller_of_session(&self, token: &str, remote: Option<IpAddr>) -> Result<Option<Caller>, AccessError> {
        Ok(self.accounts.sessions.caller(token, remote).await?)
    }

    /// Changes the caller's own password and ends their other sessions. Guessing the current one is limited like
    /// signing in.
    ///
    /// # Errors
    /// [`AccessError::PasswordRule`], [`AccessError::TooMany`], [`AccessError::WrongCurrent`], [`AccessError::NoUser`],
    /// [`AccessError::Password`], [`AccessError::Store`].
    pub async fn change_password(&self, caller: &Caller, change: ChangePassword) -> Result<(), AccessError> {
        if !is_password(&change.new) {
            return Err(AccessError::PasswordRule);
        }
        self.limits.attempt(&caller.name, caller.remote)?;
        let user = self.accounts.users.get(&caller.name).await?;
        let user = user.ok_or_else(|| AccessError::NoUser(caller.name.clone()))?;
        if !self.accounts.passwords.verify(change.current.into(), Some(user.password_hash)).await? {
            return Err(AccessError::WrongCurrent);
        }
        let own = match caller.session() {
            Some(id) => self.accounts.sessions.digest_of(&caller.name, id).await?,
            None => None,
        };
        self.accounts.put_password(&caller.name, change.new.into(), own).await
    }

    /// Where there are no users yet, creates an administrator with a random password, returned this once.
    ///
    /// # Errors
    /// [`AccessError::Password`], [`AccessError::Store`].
    pub async fn ensure_administrator(&self) -> Result<Option<(String, String)>, AccessError> {
        if !self.accounts.users.is_empty().await? {
            return Ok(None);
        }
        let password = password::random()?;
        let grants = vec![Grant::everywhere(Role::Admin)];
        match self.add_user(ADMINISTRATOR, password.clone(), grants).await {
            Ok(()) => Ok(Some((ADMINISTRATOR.to_owned(), password.expose_secret().to_owned()))),
            // Another replica was faster, and has told its password.
            Err(AccessError::Store(StoreError::Exists { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Without any rule for name and password.
    ///
    /// # Errors
    /// [`StoreError::Exists`] within [`AccessError::Store`] if the name is taken; [`AccessError::Password`].
    pub async fn add_user(&self, name: &str, password: SecretString, grants: Vec<Grant>) -> Result<(), AccessError> {
        self.accounts.insert(name, password, grants).await.map(drop)
    }

    async fn note(
        &self,
        name: &str,
        remote: Option<IpAddr>,
        outcome: AuditOutcome,
        message: &str,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let entry = AuditEntry {
            started_at: now,
            finished_at: Some(now),
            caller: name.to_owned(),
            token: None,
            remote: remote.map(|remote| remote.to_string()),
            request_id: None,
            verb: SIGN_IN.to_owned(),
            target: "this server".to_owned(),
            cluster: None,
            namespace: None,
            action: "sign in".to_owned(),
            detail: String::new(),
            outcome,
            message: message.to_owned(),
        };
        self.audit.insert(entry).await.map(drop)
    }
}
