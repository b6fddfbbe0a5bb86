//! HTTP Basic authentication in front of everything but the probes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hfd_shared::config::BasicAuth;
use poem::http::header;
use poem::{Endpoint, Middleware, Request};
use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;

use crate::error::ApiError;
use crate::routes::OPEN_PATHS;

/// Lets a request through only with the user and the password; everything, when none are set. Probes come
/// from machines that know no password.
pub(crate) struct Authenticate(pub(crate) Option<BasicAuth>);

impl<E: Endpoint> Middleware<E> for Authenticate {
    type Output = Authenticated<E>;

    fn transform(&self, inner: E) -> Self::Output {
        Authenticated { inner, expected: self.0.clone() }
    }
}

/// An endpoint behind [`Authenticate`].
pub(crate) struct Authenticated<E> {
    inner: E,
    expected: Option<BasicAuth>,
}

impl<E: Endpoint> Endpoint for Authenticated<E> {
    type Output = E::Output;

    async fn call(&self, request: Request) -> poem::Result<Self::Output> {
        if let Some(expected) = &self.expected
            && !OPEN_PATHS.contains(&request.uri().path())
            && !request.header(header::AUTHORIZATION).is_some_and(|value| is_allowed(value, expected))
        {
            return Err(ApiError::unauthorized().into());
        }
        self.inner.call(request).await
    }
}

/// Compares both parts in full, so that the time taken does not tell which one was wrong.
fn is_allowed(header: &str, expected: &BasicAuth) -> bool {
    let Some((user, password)) = credentials(header) else { return false };
    let user_is_right = user.as_bytes().ct_eq(expected.user.as_bytes());
    let password_is_right = password.as_bytes().ct_eq(expected.password.expose_secret().as_bytes());
    (user_is_right & password_is_right).into()
}

fn credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_user_and_password_are_let_through() {
        let expected = BasicAuth { user: "admin".into(), password: "s:ä".to_owned().into() };
        let header = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert!(is_allowed(&header("admin:s:ä"), &expected));
        assert!(is_allowed(&header("admin:s:ä").replace("Basic", "bAsIc"), &expected));
        for wrong in ["admin:", "admin:s", ":s:ä", "Admin:s:ä", "admin", "", "admin:s:ä "] {
            assert!(!is_allowed(&header(wrong), &expected), "{wrong:?}");
        }
        for wrong in ["", "Basic", "Basic !", "Bearer YWRtaW46czrDpA==", "Basic //79"] {
            assert!(!is_allowed(wrong, &expected), "{wrong:?}");
        }
    }
}
