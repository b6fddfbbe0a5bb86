//! Where the end of a job is told.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::repo::{Invalid, serde_as_text};

const MAX_BYTES: usize = 2048;

/// An address that is called when a job has ended: `http` or `https`, without a user, a password or a fragment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallbackUrl(Url);

impl CallbackUrl {
    /// The address.
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for CallbackUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let is_plain = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.fragment().is_none()
                && url.as_str().len() <= MAX_BYTES
        };
        let url = Some(text).filter(|text| text.len() <= MAX_BYTES).and_then(|text| text.parse().ok()).filter(is_plain);
        url.map(Self).ok_or_else(|| {
            // A password may be in it, and it may be long.
            let expected = "an http or https URL without user, password and fragment, at most 2048 bytes";
            Invalid::new("callback URL", "as given", expected)
        })
    }
}

impl fmt::Display for CallbackUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

serde_as_text!(CallbackUrl);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_url_is_plain_http() {
        for good in ["http://10.0.0.1:8080/hook?job=1", "https://example.org", "http://[::1]/"] {
            let url: CallbackUrl = good.parse().unwrap();
            assert_eq!(url.to_string().parse(), Ok(url), "{good}");
        }
        let too_long = format!("http://h/{}", "x".repeat(2048));
        for bad in [
            "",
            "/hook",
            "ftp://h/",
            "file:///etc/passwd",
            "http://",
            "http://u@h/",
            "http://u:secret@h/",
            "http://h/#f",
            &too_long,
        ] {
            let error = bad.parse::<CallbackUrl>().expect_err(bad);
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
