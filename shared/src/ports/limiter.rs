//! The limiter: what the Hub still answers, shared by all processes that ask it in one name.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use url::Url;

use super::StoreError;

/// The Hub's windows last five minutes; nothing that a server says makes anybody wait longer than this.
pub const MAX_WINDOW: Duration = Duration::from_mins(10);

/// Two ends of a window that are no further apart mean the same window: the Hub tells them in whole seconds, and answers
/// are under way for a while.
pub const SAME_WINDOW: Duration = Duration::from_secs(2);

/// How much of the digest names an account.
const ACCOUNT_BYTES: usize = 16;

/// Whose budget it is: one Hub (or mirror) and one token, without giving the token away. Without a token it is one
/// account for all processes, although the Hub counts by address then: that is on the safe side.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Account(String);

impl Account {
    /// The account of a token at an endpoint's origin.
    pub fn new(endpoint: &Url, token: Option<&SecretString>) -> Self {
        let mut digest = Sha256::new();
        digest.update(endpoint.origin().ascii_serialization());
        // No origin holds a space, so that no other origin and token read the same.
        digest.update(match token {
            Some(_) => " token ",
            None => " anonymous",
        });
        digest.update(token.map(ExposeSecret::expose_secret).unwrap_or_default());
        Self(hex::encode(&digest.finalize()[..ACCOUNT_BYTES]))
    }
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Account({self})")
    }
}

/// What the Hub counts apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Questions to the JSON API.
    Api,
    /// Files that are located or fetched by their name.
    Resolvers,
}

impl Bucket {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Api, Self::Resolvers];

    /// The name in the Hub's `RateLimit` header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Resolvers => "resolvers",
        }
    }
}

/// What the Hub says is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Requests until the window ends.
    pub remaining: u64,
    /// How long the window lasts yet.
    pub resets_in: Duration,
}

/// Whether a request may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Send it.
    Go,
    /// Send nothing for so long.
    Wait(Duration),
}

/// Shares the Hub's budgets among all who ask it in the name of one account.
///
/// It saves requests that would be refused, and no correctness rests on it: whoever cannot reach it goes on without.
#[async_trait]
pub trait HubLimiter: Send + Sync {
    /// Asks to send one request, and counts it. As long as nothing is known of the present window, it may be sent.
    async fn take(&self, account: &Account, bucket: Bucket) -> Result<Permit, StoreError>;

    /// Notes what an answer of the Hub says. Of two answers about the same window (see [`SAME_WINDOW`]) the one with less
    /// left counts, for they come out of order; a later window replaces the known one, an older one is ignored.
    async fn announce(&self, account: &Account, bucket: Bucket, budget: Budget) -> Result<(), StoreError>;

    /// Lets nothing pass for so long, whatever the budget says: the Hub has refused a request. The longest hold counts.
    async fn hold(&self, account: &Account, bucket: Bucket, wait: Duration) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(endpoint: &str, token: Option<&str>) -> Account {
        Account::new(&endpoint.parse().unwrap(), token.map(SecretString::from).as_ref())
    }

    #[test]
    fn an_account_is_one_origin_and_one_token() {
        let account_of_a = account("https://hub/", Some("a"));
        assert_eq!(account_of_a, account("https://HUB:443/mirror", Some("a")));
        for other in
            [account("https://hub/", Some("b")), account("http://hub/", Some("a")), account("https://hub/", None)]
        {
            assert_ne!(account_of_a, other);
        }
    }

    #[test]
    fn an_account_does_not_show_its_token() {
        let token = "hf_secret0123456789";
        let account = account("https://hub/", Some(token));
        for text in [account.to_string(), format!("{account:?}")] {
            assert!(!text.contains(token), "{text}");
        }
        assert_eq!(account.to_string().len(), 2 * ACCOUNT_BYTES);
    }
}
