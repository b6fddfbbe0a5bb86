//! CDN URLs that are signed and expire, as object stores give them out.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use time::format_description::FormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::call::Call;

/// `X-Amz-Date`.
const DATE: &[FormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");

/// What a path segment may hold unescaped.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Signs URLs and checks them.
#[derive(Debug)]
pub(crate) struct UrlSigner {
    lifetime: Duration,
    secret: String,
    issued: AtomicU64,
    expired: Mutex<HashSet<String>>,
}

/// Whether a signed URL is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UrlState {
    Good,
    Expired,
    Forged,
}

impl UrlSigner {
    /// Signatures differ between hubs, so that one hub's URLs are no good at another.
    pub(crate) fn new(lifetime: Duration, secret: String) -> Self {
        Self { lifetime, secret, issued: AtomicU64::new(0), expired: Mutex::default() }
    }

    /// The query that makes a path good from now on for the lifetime; no two are alike.
    pub(crate) fn query(&self, raw_path: &str, now: OffsetDateTime) -> String {
        let date = now.format(DATE).unwrap_or_default();
        let lifetime = self.lifetime.as_secs();
        let id = self.issued.fetch_add(1, Ordering::Relaxed).to_string();
        let signature = self.sign(raw_path, &date, &lifetime.to_string(), &id);
        format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={id}&X-Amz-Date={date}&X-Amz-Expires={lifetime}\
             &X-Amz-SignedHeaders=host&X-Amz-Signature={signature}"
        )
    }

    /// Judges the URL of a request.
    pub(crate) fn check(&self, call: &Call, now: OffsetDateTime) -> UrlState {
        let params =
            ["X-Amz-Date", "X-Amz-Expires", "X-Amz-Credential", "X-Amz-Signature"].map(|name| call.param(name));
        let [Some(date), Some(lifetime), Some(id), Some(signature)] = params else {
            return UrlState::Forged;
        };
        if self.sign(&call.raw_path, date, lifetime, id) != signature {
            return UrlState::Forged;
        }
        let issued = PrimitiveDateTime::parse(date, DATE).map(PrimitiveDateTime::assume_utc);
        let (Ok(issued), Ok(lifetime)) = (issued, lifetime.parse::<u64>()) else {
            return UrlState::Forged;
        };
        let revoked = self.expired.lock().unwrap_or_else(PoisonError::into_inner).contains(signature);
        if revoked || now >= issued + Duration::from_secs(lifetime) { UrlState::Expired } else { UrlState::Good }
    }

    /// Makes the URL of a request expired from now on.
    pub(crate) fn expire(&self, call: &Call) {
        if let Some(signature) = call.param("X-Amz-Signature") {
            self.expired.lock().unwrap_or_else(PoisonError::into_inner).insert(signature.to_owned());
        }
    }

    fn sign(&self, raw_path: &str, date: &str, lifetime: &str, id: &str) -> String {
        hex::encode(Sha256::digest([&self.secret, raw_path, date, lifetime, id].join("\n")))
    }
}

/// Escapes a path, keeping its slashes.
pub(crate) fn escape_path(path: &str) -> String {
    path.split('/').map(|segment| utf8_percent_encode(segment, SEGMENT).to_string()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_hub::route::Origin;

    fn call(uri: &str) -> Call {
        Call::new(Origin::Cdn, &poem::Request::builder().uri_str(uri).finish())
    }

    #[test]
    fn a_url_is_good_until_it_expires() {
        let signer = UrlSigner::new(Duration::from_mins(1), "secret".to_owned());
        let now = OffsetDateTime::UNIX_EPOCH;
        let path = "/models/o/n/resolve/main/a%20b";
        let request = call(&format!("{path}?{}", signer.query(path, now)));
        assert_eq!(signer.check(&request, now + Duration::from_secs(59)), UrlState::Good);
        assert_eq!(signer.check(&request, now + Duration::from_mins(1)), UrlState::Expired);
    }

    #[test]
    fn a_url_for_another_path_or_without_signature_is_refused() {
        let signer = UrlSigner::new(Duration::from_mins(1), "secret".to_owned());
        let now = OffsetDateTime::UNIX_EPOCH;
        let query = signer.query("/a", now);
        assert_eq!(signer.check(&call(&format!("/b?{query}")), now), UrlState::Forged);
        assert_eq!(signer.check(&call("/a"), now), UrlState::Forged);
    }

    #[test]
    fn expiring_one_url_leaves_the_next_good() {
        let signer = UrlSigner::new(Duration::from_mins(1), "secret".to_owned());
        let now = OffsetDateTime::UNIX_EPOCH;
        let first = call(&format!("/a?{}", signer.query("/a", now)));
        let second = call(&format!("/a?{}", signer.query("/a", now)));
        signer.expire(&first);
        assert_eq!(signer.check(&first, now), UrlState::Expired);
        assert_eq!(signer.check(&second, now), UrlState::Good);
    }
}
