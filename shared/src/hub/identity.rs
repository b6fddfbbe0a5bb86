//! In whose name requests are sent. That may change while some are under way.

use std::sync::{Arc, RwLock};

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::HubError;
use crate::lock;
use crate::ports::Account;

/// The Hub's tokens have some 40 bytes, those of identity providers up to some thousand.
const TOKEN_MAX_BYTES: usize = 8 << 10;

/// A token without the space around it, which files end with; none when nothing is left of it.
///
/// # Errors
/// [`HubError::BadToken`], about `what`, when it is too long or no header can hold it.
pub fn usable_token(token: Option<&SecretString>, what: &str) -> Result<Option<SecretString>, HubError> {
    let token = token.map(|token| token.expose_secret().trim()).filter(|token| !token.is_empty());
    if token.is_some_and(|token| token.len() > TOKEN_MAX_BYTES || HeaderValue::from_str(token).is_err()) {
        return Err(HubError::BadToken { what: what.to_owned() });
    }
    Ok(token.map(SecretString::from))
}

/// One token, or none, at one Hub.
#[derive(Debug)]
pub(super) struct Identity {
    token: Option<SecretString>,
    /// Marked as sensitive, so that its text is in no output.
    authorization: Option<HeaderValue>,
    account: Account,
}

impl Identity {
    /// Of a [usable](usable_token) token.
    pub(super) fn new(endpoint: &Url, token: Option<SecretString>) -> Result<Self, HubError> {
        let authorization = token.as_ref().map(bearer).transpose()?;
        Ok(Self { authorization, account: Account::new(endpoint, token.as_ref()), token })
    }

    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// Whose budget a request takes from.
    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    fn redact(&self, text: String) -> String {
        match &self.token {
            Some(token) => text.replace(token.expose_secret(), "[token]"),
            None => text,
        }
    }
}

fn bearer(token: &SecretString) -> Result<HeaderValue, HubError> {
    let value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
    let mut value = value.map_err(|_| HubError::BadToken { what: "the token".to_owned() })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The present identity, and the one before it, of which answers may still come.
#[derive(Debug)]
pub(super) struct Identities {
    held: RwLock<(Arc<Identity>, Option<Arc<Identity>>)>,
}

impl Identities {
    pub(super) fn new(first: Identity) -> Self {
        Self { held: RwLock::new((Arc::new(first), None)) }
    }

    pub(super) fn current(&self) -> Arc<Identity> {
        Arc::clone(&lock::read(&self.held).0)
    }

    /// Takes another identity; the same one again changes nothing.
    pub(super) fn change(&self, next: Identity) {
        let mut held = lock::write(&self.held);
        if held.0.account != next.account {
            let previous = std::mem::replace(&mut held.0, Arc::new(next));
            held.1 = Some(previous);
        }
    }

    /// A text without the tokens that a server could echo.
    pub(super) fn redact(&self, text: &str) -> String {
        let (current, previous) = lock::read(&self.held).clone();
        [Some(current), previous].into_iter().flatten().fold(text.to_owned(), |text, known| known.redact(text))
    }
}
