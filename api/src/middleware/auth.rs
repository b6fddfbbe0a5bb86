//! HTTP Basic authentication and API tokens in front of everything but the probes.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hfd_shared::config::Access;
use poem::http::header;
use poem::{Endpoint, Middleware, Request};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use crate::error::ApiError;
use crate::page::is_page;
use crate::routes::{DOCS_PATHS, OPEN_PATHS};

/// What a client needs to know to ask for a password, or for a token.
const BASIC_CHALLENGE: &str = r#"Basic realm="hfdownloader", charset="UTF-8""#;
const BEARER_CHALLENGE: &str = r#"Bearer realm="hfdownloader""#;

type Sha256Digest = [u8; 32];

/// The digests of what lets a client in. Digests are all of one length, so that comparing them takes one time.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    basic: Option<Sha256Digest>,
    tokens: Vec<Sha256Digest>,
}

impl Credentials {
    /// The credentials of a configuration.
    pub(crate) fn new(access: &Access) -> Self {
        let basic = access.basic.as_ref();
        // A user has no colon, so the whole is right when both parts are.
        let basic = basic.map(|auth| digest(format!("{}:{}", auth.user, auth.password.expose_secret()).as_bytes()));
        let tokens = access.tokens.iter().map(|token| digest(token.expose_secret().as_bytes())).collect();
        Self { basic, tokens }
    }

    /// Whether everybody is let in.
    fn is_empty(&self) -> bool {
        self.basic.is_none() && self.tokens.is_empty()
    }

    /// Whether an `Authorization` header lets in. The time taken does not tell how much of it is right, nor which token.
    fn allow(&self, header: &str) -> bool {
        let Some((scheme, value)) = header.split_once(' ') else { return false };
        let value = value.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            is_any(&self.tokens, value.as_bytes())
        } else if scheme.eq_ignore_ascii_case("basic") {
            STANDARD.decode(value).is_ok_and(|given| is_any(self.basic.as_slice(), &given))
        } else {
            false
        }
    }

    /// Whether a path shows nothing that is anybody's own. The page asks for a token by itself, for browsers know only how
    /// to ask for a password; and what it links to they ask for without a token.
    fn leave_open(&self, path: &str) -> bool {
        OPEN_PATHS.contains(&path) || (self.basic.is_none() && (is_page(path) || DOCS_PATHS.contains(&path)))
    }

    fn challenges(&self) -> &'static [&'static str] {
        match (&self.basic, self.tokens.is_empty()) {
            (Some(_), false) => &[BASIC_CHALLENGE, BEARER_CHALLENGE],
            (Some(_), true) => &[BASIC_CHALLENGE],
            (None, _) => &[BEARER_CHALLENGE],
        }
    }
}

fn digest(secret: &[u8]) -> Sha256Digest {
    Sha256::digest(secret).into()
}

fn is_any(expected: &[Sha256Digest], given: &[u8]) -> bool {
    let given = digest(given);
    expected.iter().fold(Choice::from(0), |found, expected| found | expected.ct_eq(&given)).into()
}

/// Lets a request through only with the right credentials; everything, when none are set. Probes come from machines
/// that know none.
pub(crate) struct Authenticate(pub(crate) Arc<Credentials>);

impl<E: Endpoint> Middleware<E> for Authenticate {
    type Output = Authenticated<E>;

    fn transform(&self, inner: E) -> Self::Output {
        Authenticated { inner, expected: Arc::clone(&self.0) }
    }
}

/// An endpoint behind [`Authenticate`].
pub(crate) struct Authenticated<E> {
    inner: E,
    expected: Arc<Credentials>,
}

impl<E: Endpoint> Endpoint for Authenticated<E> {
    type Output = E::Output;

    async fn call(&self, request: Request) -> poem::Result<Self::Output> {
        let is_open = self.expected.is_empty() || self.expected.leave_open(request.uri().path());
        if is_open || request.header(header::AUTHORIZATION).is_some_and(|header| self.expected.allow(header)) {
            return self.inner.call(request).await;
        }
        Err(ApiError::unauthorized(self.expected.challenges()).into())
    }
}

#[cfg(test)]
mod tests {
    use hfd_shared::config::BasicAuth;

    use super::*;

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    fn credentials(user: bool, tokens: &[&str]) -> Credentials {
        let basic = user.then(|| BasicAuth { user: "admin".into(), password: "s:ä".to_owned().into() });
        let tokens = tokens.iter().copied().map(Into::into).collect();
        Credentials::new(&Access { basic, tokens, ..Access::default() })
    }

    #[test]
    fn only_the_exact_user_and_password_are_let_through() {
        let expected = credentials(true, &[]);
        assert!(expected.allow(&basic("admin:s:ä")));
        assert!(expected.allow(&basic("admin:s:ä").replace("Basic", "bAsIc")));
        for wrong in ["admin:", "admin:s", ":s:ä", "Admin:s:ä", "admin", "", "admin:s:ä "] {
            assert!(!expected.allow(&basic(wrong)), "{wrong:?}");
        }
        for wrong in ["", "Basic", "Basic !", "Bearer YWRtaW46czrDpA==", "Basic //79", "Bearer admin:s:ä", "Bearer "] {
            assert!(!expected.allow(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn any_of_the_tokens_is_let_through_and_nothing_else() {
        let expected = credentials(false, &["first-token-0000", "second-token-000"]);
        for right in ["Bearer first-token-0000", "bearer  second-token-000 "] {
            assert!(expected.allow(right), "{right:?}");
        }
        let as_password = [basic("first-token-0000"), basic("admin:first-token-0000"), basic("admin:s:ä")];
        let wrong = ["", "Bearer", "Bearer ", "Bearer first-token-000", "Token first-token-0000", "first-token-0000"];
        for wrong in as_password.iter().map(String::as_str).chain(wrong) {
            assert!(!expected.allow(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_schemes_that_would_work() {
        assert_eq!(credentials(true, &[]).challenges(), [BASIC_CHALLENGE]);
        assert_eq!(credentials(false, &["first-token-0000"]).challenges(), [BEARER_CHALLENGE]);
        assert_eq!(credentials(true, &["first-token-0000"]).challenges(), [BASIC_CHALLENGE, BEARER_CHALLENGE]);
    }
}
