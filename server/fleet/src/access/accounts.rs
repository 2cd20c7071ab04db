//! Users, their passwords and API tokens: made, changed, listed, ended.
//!
//! Owns the rules that hold whoever asks (names, lengths, limits, scopes within grants); who may ask is decided before.
//! Secrets that are made here are returned once and kept only as digests.

use std::net::IpAddr;

use domain::access::session::SessionView;
use domain::access::token::{CreatedToken, NewToken, TOKEN_DAYS_LIMIT, TOKEN_NAME_LENGTH, TOKENS_LIMIT, TokenView};
use domain::access::user::{ChangeUser, CreatedUser, NewUser, UserView, is_name, is_password};
use domain::access::{Grant, check_grants, narrow, within};
use secrecy::{ExposeSecret as _, SecretString};

use super::password::{self, Passwords};
use super::session::{NOTED_EVERY, Sessions};
use super::{AccessError, Caller, Credential, token};
use crate::clock::Clock;
use crate::store::{PasswordChange, Store, StoredToken, StoredUser, TokenStore, UserChange, UserStore};

const DAY: i64 = 24 * 60 * 60 * 1000;
/// How long a token that has ended is still listed.
const REMEMBERED: i64 = 30 * DAY;

/// The accounts of a store; clones share the turns of computing passwords.
#[derive(Clone)]
pub struct Accounts {
    pub(super) users: UserStore,
    tokens: TokenStore,
    pub(super) sessions: Sessions,
    pub(super) passwords: Passwords,
    clock: Clock,
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accounts")
    }
}

/// A password that somebody chose, or that was made because nobody did.
enum Password {
    Chosen(SecretString),
    Made(SecretString),
}

impl Password {
    fn of(chosen: Option<String>) -> Result<Self, AccessError> {
        match chosen {
            Some(password) if is_password(&password) => Ok(Self::Chosen(password.into())),
            Some(_) => Err(AccessError::PasswordRule),
            None => Ok(Self::Made(password::random()?)),
        }
    }

    fn secret(&self) -> SecretString {
        match self {
            Self::Chosen(password) | Self::Made(password) => password.clone(),
        }
    }

    /// To be told, if nobody knows it yet.
    fn told(self) -> Option<String> {
        match self {
            Self::Chosen(_) => None,
            Self::Made(password) => Some(password.expose_secret().to_owned()),
        }
    }
}

impl Accounts {
    #[must_use]
    pub fn new(store: &Store, clock: Clock) -> Self {
        Self {
            users: store.users(),
            tokens: store.tokens(),
            sessions: Sessions::new(store.sessions(), store.users(), clock.clone()),
            passwords: Passwords::new(),
            clock,
        }
    }

    /// By name.
    ///
    /// # Errors
    /// [`AccessError::Store`].
    pub async fn list(&self) -> Result<Vec<UserView>, AccessError> {
        Ok(self.users.list().await?.into_iter().map(view).collect())
    }

    /// # Errors
    /// [`AccessError::NoUser`], [`AccessError::Store`].
    pub async fn get(&self, name: &str) -> Result<UserView, AccessError> {
        let user = self.users.get(name).await?;
        user.map(view).ok_or_else(|| AccessError::NoUser(name.to_owned()))
    }

    /// # Errors
    /// A name, password or grant that cannot be; a name that is taken, within [`AccessError::Store`].
    pub async fn create(&self, user: NewUser) -> Result<CreatedUser, AccessError> {
        if !is_name(&user.name) {
            return Err(AccessError::Name(user.name));
        }
        check_grants(&user.grants).map_err(AccessError::Grants)?;
        let password = Password::of(user.password)?;
        let stored = self.insert(&user.name, password.secret(), user.grants).await?;
        Ok(CreatedUser { user: view(stored), password: password.told() })
    }

    /// Without any rule for names and passwords: the first administrator, and tests.
    pub(super) async fn insert(
        &self,
        name: &str,
        password: SecretString,
        grants: Vec<Grant>,
    ) -> Result<StoredUser, AccessError> {
        let user = StoredUser {
            name: name.to_owned(),
            password_hash: self.passwords.hash(password).await?,
            grants,
            disabled: false,
            created_at: self.clock.now(),
            last_sign_in: None,
        };
        self.users.insert(&user).await?;
        Ok(user)
    }

    /// Whoever is disabled is signed out everywhere at once, and their tokens are dead.
    ///
    /// # Errors
    /// [`AccessError::Grants`], [`AccessError::NoUser`], [`AccessError::LastAdministrator`], [`AccessError::Store`].
    pub async fn change(&self, name: &str, change: ChangeUser) -> Result<UserView, AccessError> {
        let ChangeUser { grants, disabled } = change;
        check_grants(grants.as_deref().unwrap_or_default()).map_err(AccessError::Grants)?;
        self.users.change(name, UserChange { grants, disabled, password: None }).await?;
        self.get(name).await
    }

    /// Sets a password and ends all sessions of the user. Returned is one that was made here.
    ///
    /// # Errors
    /// [`AccessError::PasswordRule`], [`AccessError::NoUser`], [`AccessError::Password`], [`AccessError::Store`].
    pub async fn reset_password(&self, name: &str, chosen: Option<String>) -> Result<Option<String>, AccessError> {
        let password = Password::of(chosen)?;
        self.put_password(name, password.secret(), None).await?;
        Ok(password.told())
    }

    /// Ends all sessions of the user except the one with that digest.
    pub(super) async fn put_password(
        &self,
        name: &str,
        password: SecretString,
        keep_session: Option<String>,
    ) -> Result<(), AccessError> {
        let hash = self.passwords.hash(password).await?;
        let password = Some(PasswordChange { hash, keep_session });
        Ok(self.users.change(name, UserChange { password, ..UserChange::default() }).await?)
    }

    /// With sessions and tokens.
    ///
    /// # Errors
    /// [`AccessError::NoUser`], [`AccessError::LastAdministrator`], [`AccessError::Store`].
    pub async fn delete(&self, name: &str) -> Result<(), AccessError> {
        Ok(self.users.delete(name).await?)
    }

    /// Sessions that have not ended, newest first; `current` is the id of the asking one.
    ///
    /// # Errors
    /// [`AccessError::Store`].
    pub async fn sessions(&self, user: &str, current: Option<&str>) -> Result<Vec<SessionView>, AccessError> {
        Ok(self.sessions.list(Some(user), current).await?)
    }

    /// # Errors
    /// [`AccessError::NoSession`], [`AccessError::Store`].
    pub async fn end_session(&self, user: &str, id: &str) -> Result<(), AccessError> {
        self.sessions.end_one(user, id).await
    }

    /// Ends all sessions of a user, except the one of that id.
    ///
    /// # Errors
    /// [`AccessError::Store`].
    pub async fn end_sessions(&self, user: &str, keep: Option<&str>) -> Result<(), AccessError> {
        self.sessions.end_others(user, keep).await
    }

    /// Newest first; of one owner, or of everybody.
    ///
    /// # Errors
    /// [`AccessError::Store`].
    pub async fn tokens(&self, owner: Option<&str>) -> Result<Vec<TokenView>, AccessError> {
        Ok(self.tokens.list(owner).await?.into_iter().map(token_view).collect())
    }

    /// A token of that user, with scopes that the user's grants of now hold.
    ///
    /// # Errors
    /// A name, life or scope that cannot be; [`AccessError::TooManyTokens`], [`AccessError::NoUser`],
    /// [`AccessError::Store`].
    pub async fn create_token(&self, owner: &str, request: NewToken) -> Result<CreatedToken, AccessError> {
        let name = request.name.trim();
        if name.is_empty() || name.chars().count() > TOKEN_NAME_LENGTH || name.chars().any(char::is_control) {
            return Err(AccessError::TokenName(request.name));
        }
        if !(1..=TOKEN_DAYS_LIMIT).contains(&request.expires_in_days) {
            return Err(AccessError::TokenDays(request.expires_in_days));
        }
        let grants = self.get(owner).await?.grants;
        let scopes = request.scopes.unwrap_or_else(|| grants.clone());
        check_grants(&scopes).map_err(AccessError::Grants)?;
        if !scopes.iter().all(|scope| within(scope, &grants)) {
            return Err(AccessError::Scope);
        }
        let now = self.clock.now();
        self.tokens.delete_ended(now - REMEMBERED).await?;
        if self.tokens.count_living(owner, now).await? >= TOKENS_LIMIT as u64 {
            return Err(AccessError::TooManyTokens(owner.to_owned()));
        }
        let secret = token::generate()?;
        let digest = token::digest(&secret).expect("what was just made has its checksum");
        let stored = StoredToken {
            id: String::new(),
            owner: owner.to_owned(),
            name: name.to_owned(),
            scopes,
            created_at: now,
            expires_at: now + i64::from(request.expires_in_days) * DAY,
            last_used_at: None,
            last_used_from: None,
        };
        let stored = self.tokens.insert(&digest, stored).await?;
        Ok(CreatedToken { token: token_view(stored), secret: secret.expose_secret().to_owned() })
    }

    /// # Errors
    /// [`AccessError::NoToken`], [`AccessError::Store`].
    pub async fn token(&self, id: &str) -> Result<TokenView, AccessError> {
        self.tokens.get(id).await?.map(token_view).ok_or(AccessError::NoToken)
    }

    /// Ends a token; with an owner only one of theirs. What it was called.
    ///
    /// # Errors
    /// [`AccessError::NoToken`], [`AccessError::Store`].
    pub async fn revoke_token(&self, owner: Option<&str>, id: &str) -> Result<TokenView, AccessError> {
        let token = self.tokens.get(id).await?.filter(|token| owner.is_none_or(|owner| token.owner == owner));
        let token = token.ok_or(AccessError::NoToken)?;
        self.tokens.delete(id).await?;
        Ok(token_view(token))
    }

    /// Who stands behind a token, with what it may do now; `None` if it is unknown, revoked or expired, or if its owner
    /// cannot sign in any more.
    ///
    /// # Errors
    /// [`AccessError::Store`].
    pub async fn caller_of_token(
        &self,
        token: &SecretString,
        remote: Option<IpAddr>,
    ) -> Result<Option<Caller>, AccessError> {
        let Some(digest) = token::digest(token) else { return Ok(None) };
        let now = self.clock.now();
        let found = self.tokens.by_digest(&digest).await?;
        let Some(token) = found.filter(|token| now < token.expires_at) else { return Ok(None) };
        let owner = self.users.get(&token.owner).await?;
        let Some(owner) = owner.filter(|owner| !owner.disabled) else { return Ok(None) };
        if token.last_used_at.is_none_or(|at| now - at >= NOTED_EVERY) {
            self.tokens.touch(&token.id, now, remote).await?;
        }
        let rights = narrow(&owner.grants, &token.scopes);
        let credential = Credential::Token { id: token.id, name: token.name };
        Ok(Some(Caller { remote, credential, ..Caller::named(&owner.name, rights) }))
    }
}

fn view(user: StoredUser) -> UserView {
    UserView {
        name: user.name,
        grants: user.grants,
        disabled: user.disabled,
        created_at: user.created_at,
        last_sign_in: user.last_sign_in,
    }
}

fn token_view(token: StoredToken) -> TokenView {
    TokenView {
        id: token.id,
        owner: token.owner,
        name: token.name,
        scopes: token.scopes,
        created_at: token.created_at,
        expires_at: token.expires_at,
        last_used_at: token.last_used_at,
        last_used_from: token.last_used_from.map(|from| from.to_string()),
    }
}
