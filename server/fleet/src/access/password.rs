//! Passwords: argon2id, two at a time.
//!
//! Each computation takes 19 MiB and tens of milliseconds on purpose, so that the number of them at once is bounded and
//! nobody waits for a turn longer than five seconds.

use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OnceCell, Semaphore};

const AT_ONCE: usize = 2;
const TURN_WITHIN: Duration = Duration::from_secs(5);
/// 144 bits.
const RANDOM_BYTES: usize = 18;

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("too many passwords are being checked at once")]
    Busy,
    #[error("cannot compute the hash of a password")]
    Hash(#[source] argon2::password_hash::Error),
    #[error("the machine gives no random numbers")]
    Random,
    #[error("the computation of a password's hash was given up")]
    Stopped,
}

/// Clones share the turns.
#[derive(Clone)]
pub(super) struct Passwords {
    turns: Arc<Semaphore>,
    /// What the password of an unknown name is compared with, so that the answer takes as long.
    decoy: Arc<OnceCell<SecretString>>,
}

impl Passwords {
    pub(super) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), decoy: Arc::default() }
    }

    /// The PHC string of a password.
    pub(super) async fn hash(&self, password: SecretString) -> Result<SecretString, PasswordError> {
        self.compute(move || {
            let hash = Argon2::default().hash_password(password.expose_secret().as_bytes());
            hash.map(|hash: PasswordHash| SecretString::from(hash.to_string())).map_err(PasswordError::Hash)
        })
        .await
    }

    /// Whether the password is the one of the hash; without a hash `false`, after as much work.
    pub(super) async fn verify(
        &self,
        password: SecretString,
        hash: Option<SecretString>,
    ) -> Result<bool, PasswordError> {
        let exists = hash.is_some();
        let hash = match hash {
            Some(hash) => hash,
            None => self.decoy().await?,
        };
        self.compute(move || {
            let hash = PasswordHash::new(hash.expose_secret()).map_err(|error| PasswordError::Hash(error.into()))?;
            let matches = Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok();
            Ok(matches && exists)
        })
        .await
    }

    async fn decoy(&self) -> Result<SecretString, PasswordError> {
        self.decoy.get_or_try_init(|| async { self.hash(random()?).await }).await.cloned()
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn = tokio::time::timeout(TURN_WITHIN, self.turns.clone().acquire_owned());
        let turn = turn.await.map_err(|_| PasswordError::Busy)?.map_err(|_| PasswordError::Stopped)?;
        let task = tokio::task::spawn_blocking(move || {
            // Given back when the work ends, even if nobody waits for it any more.
            let _turn = turn;
            work()
        });
        task.await.map_err(|_| PasswordError::Stopped)?
    }
}

/// A password that nobody guesses, of letters, digits, `-` and `_`.
pub(super) fn random() -> Result<SecretString, PasswordError> {
    let mut bytes = zeroize::Zeroizing::new([0; RANDOM_BYTES]);
    getrandom::fill(&mut *bytes).map_err(|_| PasswordError::Random)?;
    Ok(SecretString::from(URL_SAFE_NO_PAD.encode(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_name_passes() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("battery staple".into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("correct horse".into(), None).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_is_turned_away_instead_of_piling_up() {
        let passwords = Passwords::new();
        let _all = passwords.turns.clone().acquire_many_owned(AT_ONCE as u32).await.unwrap();
        assert!(matches!(passwords.hash("correct horse".into()).await, Err(PasswordError::Busy)));
    }
}
