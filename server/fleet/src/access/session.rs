//! Sessions: a random token for the browser, its SHA-256 for the store.
//!
//! A session ends twelve hours after its last use and seven days after its beginning, whichever comes first. Grants are
//! read with each request, so that a change of them holds at once.

use std::fmt::Write as _;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::access::session::SessionView;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{AccessError, Caller, Credential, Visitor};
use crate::clock::Clock;
use crate::store::{SessionStore, StoreError, StoredSession, UserStore};

/// 256 random bits in base64url; the value of the cookie.
pub type SessionToken = String;

/// Milliseconds without use after which a session has ended.
pub const IDLE_EXPIRY: i64 = 12 * 60 * 60 * 1000;
/// Milliseconds after which a session has ended in any case.
pub const ABSOLUTE_EXPIRY: i64 = 7 * 24 * 60 * 60 * 1000;
/// Use is noted at most once in this many milliseconds, so that reading pages does not write rows.
pub(super) const NOTED_EVERY: i64 = 60 * 1000;
/// Digits of the token's digest that name a session to its owner; they open nothing.
const ID_LENGTH: usize = 32;

#[derive(Clone)]
pub(super) struct Sessions {
    store: SessionStore,
    users: UserStore,
    clock: Clock,
}

impl Sessions {
    pub(super) fn new(store: SessionStore, users: UserStore, clock: Clock) -> Self {
        Self { store, users, clock }
    }

    /// Begins a session of a user; expired ones of everybody go at this occasion.
    pub(super) async fn begin(&self, user: &str, visitor: &Visitor) -> Result<SessionToken, StoreError> {
        let now = self.clock.now();
        self.store.delete_expired(now - ABSOLUTE_EXPIRY, now - IDLE_EXPIRY).await?;
        let mut random = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *random).map_err(|_| StoreError::Random)?;
        let token = URL_SAFE_NO_PAD.encode(*random);
        let session = StoredSession {
            token_digest: digest(&token),
            user: user.to_owned(),
            remote: visitor.remote,
            user_agent: visitor.user_agent.clone(),
            created_at: now,
            used_at: now,
        };
        self.store.insert(&session).await?;
        Ok(token)
    }

    /// The user of a session that has not ended, as a caller from `remote`.
    pub(super) async fn caller(&self, token: &str, remote: Option<IpAddr>) -> Result<Option<Caller>, StoreError> {
        let digest = digest(token);
        let Some(session) = self.store.get(&digest).await? else { return Ok(None) };
        let now = self.clock.now();
        if has_ended(&session, now) {
            self.store.delete(&digest).await?;
            return Ok(None);
        }
        let Some(user) = self.users.get(&session.user).await?.filter(|user| !user.disabled) else { return Ok(None) };
        if now - session.used_at >= NOTED_EVERY {
            self.store.touch(&digest, now).await?;
        }
        let credential = Credential::Session { id: id(&digest).to_owned() };
        Ok(Some(Caller { remote, credential, ..Caller::named(&user.name, user.grants) }))
    }

    pub(super) async fn end(&self, token: &str) -> Result<(), StoreError> {
        self.store.delete(&digest(token)).await
    }

    /// Those that have not ended, newest first; of one user, or of everybody. `current` is the id of the asking one.
    pub(super) async fn list(&self, user: Option<&str>, current: Option<&str>) -> Result<Vec<SessionView>, StoreError> {
        let now = self.clock.now();
        let living = self.store.list(user).await?.into_iter().filter(|session| !has_ended(session, now));
        Ok(living.map(|session| view(session, current)).collect())
    }

    /// Ends the session of that id, if it is the user's.
    pub(super) async fn end_one(&self, user: &str, id: &str) -> Result<(), AccessError> {
        let digest = self.digest_of(user, id).await?.ok_or(AccessError::NoSession)?;
        Ok(self.store.delete(&digest).await?)
    }

    /// Ends all sessions of a user, except the one of that id.
    pub(super) async fn end_others(&self, user: &str, keep: Option<&str>) -> Result<(), AccessError> {
        let keep = match keep {
            Some(id) => self.digest_of(user, id).await?,
            None => None,
        };
        Ok(self.store.delete_others(user, keep.as_deref()).await?)
    }

    /// What the store knows the user's session of that id by.
    pub(super) async fn digest_of(&self, user: &str, wanted: &str) -> Result<Option<String>, StoreError> {
        let sessions = self.store.list(Some(user)).await?;
        Ok(sessions.into_iter().map(|session| session.token_digest).find(|digest| id(digest) == wanted))
    }
}

fn has_ended(session: &StoredSession, now: i64) -> bool {
    now - session.created_at >= ABSOLUTE_EXPIRY || now - session.used_at >= IDLE_EXPIRY
}

fn view(session: StoredSession, current: Option<&str>) -> SessionView {
    let id = id(&session.token_digest).to_owned();
    SessionView {
        current: current == Some(id.as_str()),
        id,
        user: session.user,
        remote: session.remote.map(|remote| remote.to_string()),
        user_agent: session.user_agent,
        created_at: session.created_at,
        last_seen_at: session.used_at,
    }
}

fn id(digest: &str) -> &str {
    digest.get(..ID_LENGTH).unwrap_or(digest)
}

/// The token has 256 random bits, so that a plain hash is as good as a slow one, and looking it up tells nothing by its
/// time.
fn digest(token: &str) -> String {
    hexadecimal(&Sha256::digest(token))
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes what is written");
        text
    })
}
