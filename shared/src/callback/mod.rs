//! Who may be told of the end of a job, and how that is signed.

mod address;
mod secret;

use url::{Host, Url};

use crate::job::CallbackUrl;

pub use address::is_public;
pub use secret::{CallbackSecret, CallbackSecretError};

/// What callbacks are allowed.
#[derive(Debug, Clone, Default)]
pub struct CallbackPolicy {
    /// Signs them; without it there are none.
    pub secret: Option<CallbackSecret>,
    /// Whether they may go to addresses that the world does not reach, such as those of one's own network.
    pub allow_private: bool,
}

/// Why an address is not called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackRefused {
    /// There is nothing to sign with.
    #[error("set --callback-secret or HFD_CALLBACK_SECRET to whsec_ and 24 to 64 bytes in base64 on every process")]
    NotConfigured,
    /// It names this machine or an address of some private or special network.
    #[error("{host} is not reachable from the internet; --callback-allow-private allows such addresses")]
    Private {
        /// The host.
        host: String,
    },
}

impl CallbackPolicy {
    /// Refuses what needs no look-up to be refused. What a name resolves to is checked by who connects.
    pub fn check(&self, url: &CallbackUrl) -> Result<(), CallbackRefused> {
        if self.secret.is_none() {
            return Err(CallbackRefused::NotConfigured);
        }
        if self.allow_private || !is_private_host(url.as_url()) {
            return Ok(());
        }
        Err(CallbackRefused::Private { host: url.as_url().host_str().unwrap_or_default().to_owned() })
    }
}

fn is_private_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => !is_public(address.into()),
        Some(Host::Ipv6(address)) => !is_public(address.into()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name.is_empty() || name.eq_ignore_ascii_case("localhost") || name.to_lowercase().ends_with(".localhost")
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow_private: bool) -> CallbackPolicy {
        let secret = CallbackSecret::parse(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        CallbackPolicy { secret: Some(secret), allow_private }
    }

    #[test]
    fn addresses_of_this_machine_or_network_are_refused_in_every_spelling_unless_allowed() {
        for private in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1:8080/",
            "http://0/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://localhost:80/",
            "http://LOCALHOST./",
            "http://x.localhost/",
        ] {
            let url: CallbackUrl = private.parse().unwrap();
            let refused = policy(false).check(&url).expect_err(private);
            assert!(refused.to_string().contains("--callback-allow-private"), "{refused}");
            assert_eq!(policy(true).check(&url), Ok(()), "{private}");
        }
        for public in ["https://example.org/hook", "http://8.8.8.8/", "http://[2606:4700::1111]/"] {
            assert_eq!(policy(false).check(&public.parse().unwrap()), Ok(()), "{public}");
        }
    }

    #[test]
    fn without_a_secret_there_are_no_callbacks() {
        let refused = CallbackPolicy::default().check(&"https://example.org/".parse().unwrap());
        assert_eq!(refused, Err(CallbackRefused::NotConfigured));
    }
}
