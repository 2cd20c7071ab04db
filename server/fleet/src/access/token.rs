//! The text of an API token: `fo_`, 256 random bits, and a checksum.
//!
//! All hexadecimal, so that a double click takes the whole and a scanner finds it by `fo_[0-9a-f]{72}`. The checksum
//! tells a token from something that looks like one, without asking anybody: a typo never reaches the store.

use domain::access::token::TOKEN_PREFIX;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::session::hexadecimal;
use crate::store::StoreError;

/// Hexadecimal digits of the random part.
const RANDOM: usize = 64;
/// Hexadecimal digits of the checksum: the beginning of the SHA-256 of everything before it.
const CHECKSUM: usize = 8;

/// A new token's text, told once and kept nowhere.
pub(super) fn generate() -> Result<SecretString, StoreError> {
    let mut random = Zeroizing::new([0; RANDOM / 2]);
    getrandom::fill(&mut *random).map_err(|_| StoreError::Random)?;
    let body = Zeroizing::new(format!("{TOKEN_PREFIX}{}", hexadecimal(&*random)));
    Ok(SecretString::from(format!("{}{}", *body, checksum(&body))))
}

/// What the store knows the token by; `None` if this cannot be the text of a token. 256 random bits need no slow hash,
/// and looking the digest up tells nothing by its time.
pub(super) fn digest(token: &SecretString) -> Option<String> {
    let token = token.expose_secret();
    let length = TOKEN_PREFIX.len() + RANDOM;
    let (body, sum) = token.split_at_checked(length)?;
    let plain = body.strip_prefix(TOKEN_PREFIX)?.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (plain && sum == checksum(body)).then(|| hexadecimal(&Sha256::digest(token)))
}

fn checksum(body: &str) -> String {
    let mut sum = hexadecimal(&Sha256::digest(body));
    sum.truncate(CHECKSUM);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_by_its_prefix_and_length() {
        let token = generate().unwrap();
        let text = token.expose_secret();
        assert!(text.starts_with("fo_"));
        assert_eq!(text.len(), 75);
        assert!(text[3..].bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()));
        assert_ne!(generate().unwrap().expose_secret(), text);
    }

    #[test]
    fn any_typo_is_noticed_without_asking_the_store() {
        let token = generate().unwrap();
        assert!(digest(&token).is_some());
        let text = token.expose_secret();
        for at in 0..text.len() {
            let mut typo = text.as_bytes().to_vec();
            typo[at] = if typo[at] == b'0' { b'1' } else { b'0' };
            let typo = String::from_utf8(typo).unwrap();
            assert_eq!(digest(&SecretString::from(typo)), None, "at {at}");
        }
        for other in ["", "fo_", "fo_ä", &text[..74], &format!("{text}0"), &text.to_uppercase()] {
            assert_eq!(digest(&SecretString::from(other)), None, "{other}");
        }
    }
}
