//! Signing in and out, and the first user.
//!
//! Owns the order of the steps: limit, password, session, audit. An unknown name and a wrong password are one answer
//! that takes one time.

use std::net::IpAddr;

use domain::access::{Grant, Role};
use domain::error::{ApiError, ErrorCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::Caller;
use super::password::{self, PasswordError, Passwords};
use super::rate_limit::{SignInLimits, TooMany};
use super::session::{SessionToken, Sessions};
use crate::clock::Clock;
use crate::store::{AuditEntry, AuditOutcome, AuditStore, Store, StoreError, StoredUser, UserStore};

/// Name of the user that the first start creates.
pub const ADMINISTRATOR: &str = "admin";

#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("too many attempts; try again in {seconds} s")]
    TooMany { seconds: u64 },
    #[error("the name or the password is wrong")]
    Wrong,
    #[error("cannot check the password")]
    Password(#[source] PasswordError),
    #[error("cannot reach users or sessions in the store")]
    Store(#[from] StoreError),
}

impl From<SignInError> for ApiError {
    fn from(error: SignInError) -> Self {
        match &error {
            SignInError::TooMany { seconds } => {
                Self::new(ErrorCode::TooMany, format!("Too many attempts. Try again in {seconds} s."))
                    .with_details(json!({"retry_after_seconds": seconds}))
            }
            SignInError::Wrong => Self::new(ErrorCode::Unauthenticated, "The name or the password is wrong."),
            SignInError::Password(PasswordError::Busy) => {
                Self::new(ErrorCode::TooMany, "Too many people sign in at once. Try again in a moment.")
            }
            SignInError::Password(_) | SignInError::Store(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "signing in failed");
                Self::new(ErrorCode::Internal, "Signing in does not work at the moment; the server's log says why.")
            }
        }
    }
}

impl From<PasswordError> for SignInError {
    fn from(error: PasswordError) -> Self {
        Self::Password(error)
    }
}

impl From<TooMany> for SignInError {
    fn from(TooMany(seconds): TooMany) -> Self {
        Self::TooMany { seconds }
    }
}

/// The door of a server with local users.
pub struct SignIn {
    users: UserStore,
    sessions: Sessions,
    audit: AuditStore,
    limits: SignInLimits,
    passwords: Passwords,
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
            users: store.users(),
            sessions: Sessions::new(store.sessions(), store.users(), clock.clone()),
            audit: store.audit(),
            limits: SignInLimits::new(&clock),
            passwords: Passwords::new(),
            clock,
        }
    }

    /// Begins a session; the token is for the cookie and kept nowhere.
    ///
    /// # Errors
    /// [`SignInError`]; an unknown name is [`SignInError::Wrong`] like a wrong password.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        remote: Option<IpAddr>,
    ) -> Result<SessionToken, SignInError> {
        self.limits.attempt(name, remote)?;
        let user = self.users.get(name).await?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let matches = self.passwords.verify(SecretString::from(password), hash).await?;
        // People type passwords into the wrong field: a name that is nobody's is not written down.
        let known = user.as_ref().map_or("(unknown name)", |user| user.name.as_str());
        if !matches {
            self.note("sign in", known, remote, AuditOutcome::Failed).await?;
            return Err(SignInError::Wrong);
        }
        self.note("sign in", known, remote, AuditOutcome::Succeeded).await?;
        Ok(self.sessions.begin(known, remote).await?)
    }

    /// Ends a session; one that has ended already is no error.
    ///
    /// # Errors
    /// [`SignInError::Store`].
    pub async fn sign_out(&self, token: &str) -> Result<(), SignInError> {
        Ok(self.sessions.end(token).await?)
    }

    /// Who stands behind a session, with their grants of now; `None` if it has ended or never was.
    ///
    /// # Errors
    /// [`SignInError::Store`].
    pub async fn caller_of_session(&self, token: &str, remote: Option<IpAddr>) -> Result<Option<Caller>, SignInError> {
        Ok(self.sessions.caller(token, remote).await?)
    }

    /// Where there are no users yet, creates an administrator with a random password, returned this once.
    ///
    /// # Errors
    /// [`SignInError::Password`], [`SignInError::Store`].
    pub async fn ensure_administrator(&self) -> Result<Option<(String, String)>, SignInError> {
        if !self.users.is_empty().await? {
            return Ok(None);
        }
        let password = password::random()?;
        let grants = vec![Grant::everywhere(Role::Admin)];
        match self.add_user(ADMINISTRATOR, password.clone(), grants).await {
            Ok(()) => Ok(Some((ADMINISTRATOR.to_owned(), password.expose_secret().to_owned()))),
            // Another replica was faster, and has told its password.
            Err(SignInError::Store(StoreError::Exists { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// # Errors
    /// [`StoreError::Exists`] within [`SignInError::Store`] if the name is taken; [`SignInError::Password`].
    pub async fn add_user(&self, name: &str, password: SecretString, grants: Vec<Grant>) -> Result<(), SignInError> {
        let password_hash = self.passwords.hash(password).await?;
        let user = StoredUser { name: name.to_owned(), password_hash, grants, created_at: self.clock.now() };
        Ok(self.users.insert(&user).await?)
    }

    async fn note(
        &self,
        action: &str,
        name: &str,
        remote: Option<IpAddr>,
        outcome: AuditOutcome,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let entry = AuditEntry {
            started_at: now,
            finished_at: Some(now),
            caller: name.to_owned(),
            remote: remote.map(|remote| remote.to_string()),
            verb: "sign_in".to_owned(),
            target: "this server".to_owned(),
            cluster: None,
            namespace: None,
            action: action.to_owned(),
            detail: String::new(),
            outcome,
            message: String::new(),
        };
        self.audit.insert(entry).await.map(drop)
    }
}
