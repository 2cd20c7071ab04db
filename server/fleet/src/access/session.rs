//! Sessions: a random token for the browser, its SHA-256 for the store.
//!
//! A session ends twelve hours after its last use and seven days after its beginning, whichever comes first. Grants are
//! read with each request, so that a change of them holds at once.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Caller;
use crate::clock::Clock;
use crate::store::{SessionStore, StoreError, StoredSession, UserStore};

/// 256 random bits in base64url; the value of the cookie.
pub type SessionToken = String;

/// Milliseconds without use after which a session has ended.
pub const IDLE_EXPIRY: i64 = 12 * 60 * 60 * 1000;
/// Milliseconds after which a session has ended in any case.
pub const ABSOLUTE_EXPIRY: i64 = 7 * 24 * 60 * 60 * 1000;
/// Use is noted at most once in this many milliseconds, so that reading pages does not write rows.
const NOTED_EVERY: i64 = 60 * 1000;

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
    pub(super) async fn begin(&self, user: &str, remote: Option<IpAddr>) -> Result<SessionToken, StoreError> {
        let now = self.clock.now();
        self.store.delete_expired(now - ABSOLUTE_EXPIRY, now - IDLE_EXPIRY).await?;
        let mut random = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *random).map_err(|_| StoreError::Random)?;
        let token = URL_SAFE_NO_PAD.encode(*random);
        let session = StoredSession {
            token_digest: digest(&token),
            user: user.to_owned(),
            remote,
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
        if now - session.created_at >= ABSOLUTE_EXPIRY || now - session.used_at >= IDLE_EXPIRY {
            self.store.delete(&digest).await?;
            return Ok(None);
        }
        let Some(user) = self.users.get(&session.user).await? else { return Ok(None) };
        if now - session.used_at >= NOTED_EVERY {
            self.store.touch(&digest, now).await?;
        }
        Ok(Some(Caller { name: user.name, grants: user.grants, remote, signed_in: true }))
    }

    pub(super) async fn end(&self, token: &str) -> Result<(), StoreError> {
        self.store.delete(&digest(token)).await
    }
}

/// The token has 256 random bits, so that a plain hash is as good as a slow one, and looking it up tells nothing by its
/// time.
fn digest(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}
