//! Who we are to a service of the cluster, where its URL does not say.

use secrecy::SecretString;

/// A user and a password that take the place of those in a URL.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The user's name.
    pub user: Option<String>,
    /// The password.
    pub password: Option<SecretString>,
}
