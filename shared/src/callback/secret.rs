//! Signatures by [Standard Webhooks](https://www.standardwebhooks.com/), symmetric.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

const PREFIX: &str = "whsec_";
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A text that is no secret for callbacks. The message holds none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid callback secret: expected whsec_ and 24 to 64 bytes in base64; make one with \
     `echo whsec_$(openssl rand -base64 32)`"
)]
pub struct CallbackSecretError;

/// What callbacks are signed with; their receivers have it, too.
#[derive(Clone)]
pub struct CallbackSecret(hmac::Key);

impl CallbackSecret {
    /// Reads a secret, with or without space around it.
    ///
    /// # Errors
    /// [`CallbackSecretError`], which says how to make one.
    pub fn parse(text: &SecretString) -> Result<Self, CallbackSecretError> {
        let base64 = text.expose_secret().trim().strip_prefix(PREFIX).ok_or(CallbackSecretError)?;
        let key = Zeroizing::new(STANDARD.decode(base64).map_err(|_| CallbackSecretError)?);
        if !KEY_BYTES.contains(&key.len()) {
            return Err(CallbackSecretError);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// The signature of a message, as the header `webhook-signature` has it. The time is that of this attempt, in seconds
    /// since 1970.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

impl fmt::Debug for CallbackSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CallbackSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<CallbackSecret, CallbackSecretError> {
        CallbackSecret::parse(&text.into())
    }

    /// The example that the libraries of the specification test with.
    #[test]
    fn a_message_is_signed_as_specified() {
        let secret = parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_of_another_form_or_length_is_refused_unseen() {
        let with = |bytes: usize| format!("{PREFIX}{}", STANDARD.encode(vec![7; bytes]));
        for good in [with(24), with(64), format!(" {}\n", with(32))] {
            assert!(parse(&good).is_ok(), "{good}");
        }
        for bad in ["", PREFIX, "whsec_?", &with(23), &with(65), &with(32)[PREFIX.len()..]] {
            let error = parse(bad).unwrap_err().to_string();
            assert!(error.contains("openssl rand") && (bad.len() < 10 || !error.contains(bad)), "{error}");
        }
        assert_eq!(format!("{:?}", parse(&with(32)).unwrap()), "CallbackSecret");
    }
}
