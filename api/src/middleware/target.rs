//! Refuses paths and queries that nobody could have meant.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use poem::http::{StatusCode, Uri};
use poem::{Endpoint, Middleware, Request};

use crate::error::ApiError;

/// Bytes of the longest path and query together.
const MAX_TARGET_BYTES: usize = 8 << 10;

/// Lets through only paths and queries that are short enough and decode to text.
pub(crate) struct CheckTarget;

impl<E: Endpoint> Middleware<E> for CheckTarget {
    type Output = TargetChecked<E>;

    fn transform(&self, inner: E) -> Self::Output {
        TargetChecked(inner)
    }
}

/// An endpoint behind [`CheckTarget`].
pub(crate) struct TargetChecked<E>(E);

impl<E: Endpoint> Endpoint for TargetChecked<E> {
    type Output = E::Output;

    async fn call(&self, request: Request) -> poem::Result<Self::Output> {
        check(request.uri())?;
        self.0.call(request).await
    }
}

fn check(uri: &Uri) -> Result<(), ApiError> {
    let (path, query) = (uri.path(), uri.query().unwrap_or_default());
    if path.len() + query.len() > MAX_TARGET_BYTES {
        let details = format!("path and query may have {MAX_TARGET_BYTES} bytes together");
        return Err(ApiError::new(StatusCode::URI_TOO_LONG, "Path too long", details));
    }
    for (name, text) in [("path", path), ("query", query)] {
        if let Err(reason) = decode(text) {
            return Err(ApiError::bad_request("Invalid path", format!("the {name} {reason}")));
        }
    }
    Ok(())
}

fn decode(text: &str) -> Result<Cow<'_, str>, &'static str> {
    let is_escape = |rest: &str| rest.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    if !text.split('%').skip(1).all(is_escape) {
        return Err("has a % without two hex digits behind it; send %25 for the sign itself");
    }
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| "is not UTF-8 when it is decoded")?;
    if decoded.contains('\0') { Err("contains a zero byte") } else { Ok(decoded) }
}
