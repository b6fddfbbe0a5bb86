//! Secrets at rest: a token in the store is sealed with a key that only the processes have.
//!
//! AES-256-GCM with a random nonce. What a sealed text is for is bound to it, so that it opens nowhere else. Its form is
//! `v1:` and, in base64, the nonce and the ciphertext with its tag.

mod key_file;

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub use key_file::KeyFileError;

const KEY_BYTES: usize = 32;

/// The form of sealed texts. Another one gets another prefix.
const PREFIX: &str = "v1:";

/// Why a secret could not be sealed or opened. No message holds any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The key cannot be used.
    #[error(
        "invalid secret key: expected 32 bytes as 64 hex digits or in base64; make one with `openssl rand -base64 32`"
    )]
    BadKey,
    /// The system gave no random number, or no cipher.
    #[error("the token could not be sealed")]
    NotSealed,
    /// It was sealed with another key, or for something else, or it was changed.
    #[error(
        "the stored token cannot be opened; set the HFD_SECRET_KEY that it was stored with, or set the token again"
    )]
    NotOpened,
}

/// The key that all processes of a cluster have.
pub struct SecretKey(RandomizedNonceKey);

impl SecretKey {
    /// Reads a key: 32 bytes as 64 hex digits or in base64, with or without space around it.
    ///
    /// # Errors
    /// [`SecretError::BadKey`], which says how to make one.
    pub fn parse(text: &SecretString) -> Result<Self, SecretError> {
        let text = text.expose_secret().trim();
        let bytes = if text.len() == 2 * KEY_BYTES { hex::decode(text).ok() } else { STANDARD.decode(text).ok() };
        let bytes = Zeroizing::new(bytes.filter(|bytes| bytes.len() == KEY_BYTES).ok_or(SecretError::BadKey)?);
        RandomizedNonceKey::new(&AES_256_GCM, &bytes).map(Self).map_err(|_| SecretError::BadKey)
    }

    /// Seals a secret for a purpose.
    ///
    /// # Errors
    /// [`SecretError::NotSealed`] when the system fails.
    pub fn seal(&self, secret: &SecretString, purpose: &str) -> Result<SealedToken, SecretError> {
        let mut text = secret.expose_secret().as_bytes().to_vec();
        let nonce = self.0.seal_in_place_append_tag(bound_to(purpose), &mut text);
        let nonce = nonce.map_err(|_| SecretError::NotSealed)?;
        let nonce: &[u8; NONCE_LEN] = nonce.as_ref();
        Ok(SealedToken(format!("{PREFIX}{}", STANDARD.encode([nonce.as_slice(), &text].concat()))))
    }

    /// Opens what was sealed with this key for this purpose.
    ///
    /// # Errors
    /// [`SecretError::NotOpened`], which says what to do.
    pub fn open(&self, sealed: &SealedToken, purpose: &str) -> Result<SecretString, SecretError> {
        self.try_open(sealed, purpose).ok_or(SecretError::NotOpened)
    }

    fn try_open(&self, sealed: &SealedToken, purpose: &str) -> Option<SecretString> {
        let bytes = STANDARD.decode(sealed.0.strip_prefix(PREFIX)?).ok()?;
        let (nonce, text) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(text.to_vec());
        let secret = self.0.open_in_place(nonce, bound_to(purpose), &mut text).ok()?;
        Some(SecretString::from(std::str::from_utf8(secret).ok()?))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey")
    }
}

/// What a sealed text is good for: its form and its purpose.
fn bound_to(purpose: &str) -> Aad<String> {
    Aad::from(format!("{PREFIX}{purpose}"))
}

/// A token that only the [`SecretKey`] opens which sealed it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedToken(String);

impl fmt::Debug for SealedToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SealedToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
    const TOKEN: &str = "hf_secret0123456789";

    fn key(text: &str) -> Result<SecretKey, SecretError> {
        SecretKey::parse(&text.into())
    }

    #[test]
    fn a_key_is_read_in_hex_and_in_base64() {
        let base64 = format!(" {}\n", STANDARD.encode(hex::decode(HEX).unwrap()));
        let sealed = key(HEX).unwrap().seal(&TOKEN.into(), "a").unwrap();
        assert_eq!(key(&base64).unwrap().open(&sealed, "a").unwrap().expose_secret(), TOKEN);
        for bad in
            ["", "short", &HEX[2..], &HEX.replace('0', "g"), &STANDARD.encode([1; 31]), &STANDARD.encode([1; 33])]
        {
            let error = key(bad).unwrap_err();
            assert!(error.to_string().contains("openssl rand -base64 32"), "{error}");
        }
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_and_for_its_purpose_only() {
        let key_a = key(HEX).unwrap();
        let sealed = key_a.seal(&TOKEN.into(), "a").unwrap();
        assert_ne!(sealed, key_a.seal(&TOKEN.into(), "a").unwrap(), "the same text is never sealed the same way");
        assert_eq!(key_a.open(&sealed, "a").unwrap().expose_secret(), TOKEN);
        assert_eq!(key_a.open(&sealed, "b").unwrap_err(), SecretError::NotOpened);
        let other = key(&HEX.replace('0', "1")).unwrap();
        assert_eq!(other.open(&sealed, "a").unwrap_err(), SecretError::NotOpened);
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let key = key(HEX).unwrap();
        let SealedToken(sealed) = key.seal(&TOKEN.into(), "a").unwrap();
        let mut bytes = STANDARD.decode(&sealed[PREFIX.len()..]).unwrap();
        bytes[20] ^= 1;
        let flipped = format!("{PREFIX}{}", STANDARD.encode(bytes));
        for bad in ["", "v1:", "v1:AAAA", TOKEN, &sealed[PREFIX.len()..], &sealed.replace("v1:", "v2:"), &flipped] {
            assert_eq!(key.open(&SealedToken(bad.to_owned()), "a").unwrap_err(), SecretError::NotOpened, "{bad}");
        }
    }

    #[test]
    fn neither_key_nor_token_is_shown() {
        let key = key(HEX).unwrap();
        let sealed = key.seal(&TOKEN.into(), "a").unwrap();
        let json = serde_json::to_string(&sealed).unwrap();
        let shown = format!("{key:?} {sealed:?} {json}");
        assert!(!shown.contains(TOKEN) && !shown.to_lowercase().contains(&HEX[..8].to_lowercase()), "{shown}");
    }
}
