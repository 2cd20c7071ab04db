//! The envelope of a sealed value: `v1:key id:nonce:ciphertext`, the last two in base64url.
//!
//! XChaCha20-Poly1305 with a random nonce; the place of the value (table, column, row) is authenticated with it, so
//! that a sealed value copied to another row does not open. Each purpose has a key of its own, derived from the master
//! key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::StoreError;

const VERSION: &str = "v1";
const NONCE: usize = 24;

/// Why a value cannot be sealed or opened. Neither says anything of the value.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    #[error("it is not an envelope of version 1")]
    Form,
    #[error("it was sealed with the key {id}, which is not at hand")]
    UnknownKey { id: String },
    #[error("it was changed, or belongs to another place")]
    Forged,
    #[error("the machine gives no random numbers")]
    Random,
}

/// Where a sealed value stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<'a> {
    pub(super) table: &'static str,
    pub(super) row: &'a str,
    pub(super) column: &'static str,
}

impl Cell<'_> {
    /// Table and column are our own words without NUL, so that the three cannot be mistaken for others.
    fn bytes(&self) -> Vec<u8> {
        [self.table, "\0", self.column, "\0", self.row].concat().into_bytes()
    }

    pub(super) fn sealing(&self, source: EnvelopeError) -> StoreError {
        StoreError::Envelope { table: self.table, row: self.row.to_owned(), column: self.column, source }
    }
}

/// The keys of a store: one that seals, older ones that only open.
pub(super) struct Keyring {
    current: SealKey,
    previous: Vec<SealKey>,
}

struct SealKey {
    id: String,
    cipher: XChaCha20Poly1305,
    mask: Zeroizing<[u8; 32]>,
}

impl Keyring {
    /// The first master key seals.
    pub(super) fn new(current: &[u8; 32], previous: &[Zeroizing<[u8; 32]>]) -> Self {
        Self { current: SealKey::new(current), previous: previous.iter().map(|master| SealKey::new(master)).collect() }
    }

    /// The first of these seals; the others, in their order, open what they sealed.
    pub(super) fn of(masters: &[Zeroizing<[u8; 32]>]) -> Option<Self> {
        let (current, previous) = masters.split_first()?;
        Some(Self::new(current, previous))
    }

    pub(super) fn current_id(&self) -> &str {
        &self.current.id
    }

    /// What the masking key of a store is at first, for the master key with that id.
    pub(super) fn first_mask_key(&self, id: &str) -> Option<Zeroizing<[u8; 32]>> {
        self.all().find(|key| key.id == id).map(|key| key.mask.clone())
    }

    fn all(&self) -> impl Iterator<Item = &SealKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    pub(super) fn seal(&self, cell: Cell<'_>, plain: &[u8]) -> Result<String, EnvelopeError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| EnvelopeError::Random)?;
        let payload = Payload { msg: plain, aad: &cell.bytes() };
        // The only failure is a value of 256 GiB.
        let sealed = self.current.cipher.encrypt(&nonce.into(), payload).map_err(|_| EnvelopeError::Form)?;
        Ok(format!(
            "{VERSION}:{}:{}:{}",
            self.current.id,
            URL_SAFE_NO_PAD.encode(nonce),
            URL_SAFE_NO_PAD.encode(sealed)
        ))
    }

    pub(super) fn open(&self, cell: Cell<'_>, envelope: &str) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        let mut parts = envelope.split(':');
        let (Some(VERSION), Some(id), Some(nonce), Some(sealed), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(EnvelopeError::Form);
        };
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| EnvelopeError::Form);
        let nonce: [u8; NONCE] = decode(nonce)?.try_into().map_err(|_| EnvelopeError::Form)?;
        let sealed = decode(sealed)?;
        let key = self.all().find(|key| key.id == id).ok_or_else(|| EnvelopeError::UnknownKey { id: id.to_owned() })?;
        let payload = Payload { msg: &sealed, aad: &cell.bytes() };
        key.cipher.decrypt(&nonce.into(), payload).map(Zeroizing::new).map_err(|_| EnvelopeError::Forged)
    }
}

impl SealKey {
    fn new(master: &[u8; 32]) -> Self {
        let id = derive(master, "key id v1");
        let key = derive(master, "seal v1");
        Self {
            id: id[..4].iter().map(|byte| format!("{byte:02x}")).collect(),
            cipher: XChaCha20Poly1305::new((&*key).into()),
            mask: derive(master, "mask v1"),
        }
    }
}

/// The id of the key that an envelope was sealed with.
pub(super) fn key_id(envelope: &str) -> Option<&str> {
    envelope.strip_prefix(VERSION)?.strip_prefix(':')?.split(':').next()
}

fn derive(master: &[u8; 32], purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, master)
        .expand(purpose.as_bytes(), &mut *key)
        .expect("32 bytes are fewer than the 8,160 that HKDF-SHA-256 can give");
    key
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CELL: Cell<'static> = Cell { table: "clusters", row: "prod", column: "kubeconfig" };

    proptest! {
        #[test]
        fn what_was_sealed_opens_again_in_its_place(plain: Vec<u8>, master: [u8; 32], row: String) {
            let keys = Keyring::new(&master, &[]);
            let cell = Cell { row: &row, ..CELL };
            let sealed = keys.seal(cell, &plain).unwrap();
            prop_assert_eq!(keys.open(cell, &sealed).unwrap().to_vec(), plain);
        }

        #[test]
        fn an_envelope_from_anywhere_is_refused_without_a_panic(text: String) {
            prop_assert!(Keyring::new(&[7; 32], &[]).open(CELL, &text).is_err());
        }
    }

    #[test]
    fn a_sealed_value_does_not_open_in_another_row_or_column() {
        let keys = Keyring::new(&[7; 32], &[]);
        let sealed = keys.seal(CELL, b"token").unwrap();
        for cell in
            [Cell { row: "dev", ..CELL }, Cell { column: "description", ..CELL }, Cell { table: "users", ..CELL }]
        {
            assert!(matches!(keys.open(cell, &sealed), Err(EnvelopeError::Forged)), "{cell:?}");
        }
    }

    #[test]
    fn an_older_key_opens_and_the_newest_seals() {
        let before = Keyring::new(&[1; 32], &[]);
        let sealed = before.seal(CELL, b"token").unwrap();
        let after = Keyring::new(&[2; 32], &[Zeroizing::new([1; 32])]);
        assert_eq!(after.open(CELL, &sealed).unwrap().as_slice(), b"token");
        assert_eq!(key_id(&after.seal(CELL, b"token").unwrap()), Some(after.current_id()));
        assert!(matches!(
            Keyring::new(&[2; 32], &[]).open(CELL, &sealed),
            Err(EnvelopeError::UnknownKey { id }) if id == before.current_id()
        ));
    }

    #[test]
    fn two_envelopes_of_one_value_differ() {
        let keys = Keyring::new(&[7; 32], &[]);
        assert_ne!(keys.seal(CELL, b"token").unwrap(), keys.seal(CELL, b"token").unwrap());
    }
}
