//! The bytes of a file, or of a part of it. Nothing that a server says of itself (`Accept-Ranges`) is trusted; each
//! answer must prove by its status, range and length that it is exactly what was asked for.

use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use reqwest::{Response, StatusCode};

use super::follow::{Arrival, Ask, Purpose};
use super::{HubClient, HubError, Location, WantedFile, content_range, error, etag, locate};
use crate::repo::{ByteRange, CommitHash, RepoRef};

/// An answer that holds exactly what was asked for, as far as its head can tell.
#[derive(Debug)]
pub struct Fetched {
    /// The server that answered.
    pub host: String,
    /// Its tag for the content (without quotes): the parts of one file must agree in it.
    pub etag: Option<String>,
    what: String,
    remaining_bytes: u64,
    /// None when nothing was left to ask for.
    body: Option<Response>,
}

impl Fetched {
    /// How many bytes are still to come.
    pub fn remaining_bytes(&self) -> u64 {
        self.remaining_bytes
    }

    /// The next bytes; none at the end, which comes only after all promised bytes. Safe to cancel.
    ///
    /// There is no time limit here: the caller knows best what too slow is.
    ///
    /// # Errors
    /// When the connection breaks, or the body is shorter or longer than promised.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HubError> {
        let Some(body) = &mut self.body else { return Ok(None) };
        let what = || self.what.clone();
        let truncated = |missing_bytes| Err(HubError::Truncated { what: what(), missing_bytes });
        match body.chunk().await {
            Ok(Some(chunk)) => {
                let left = self.remaining_bytes.checked_sub(chunk.len() as u64);
                self.remaining_bytes = left.ok_or_else(|| HubError::TooLong { what: what() })?;
                Ok(Some(chunk))
            }
            Ok(None) if self.remaining_bytes == 0 => Ok(None),
            Ok(None) => truncated(self.remaining_bytes),
            Err(error) if error::is_early_end(&error) => truncated(self.remaining_bytes),
            Err(error) => Err(HubError::transport(&self.what, error)),
        }
    }
}

impl HubClient {
    /// Fetches a part, or all, of a file of `total_bytes` from where it was located.
    ///
    /// # Errors
    /// [`HubError::UrlExpired`] when the location is no longer good, [`HubError::Changed`], [`HubError::WrongRange`] or
    /// [`HubError::RangeIgnored`] when the answer is not what was asked for, and whatever a network can do.
    pub async fn fetch(
        &self,
        location: &Location,
        range: Option<ByteRange>,
        total_bytes: u64,
    ) -> Result<Fetched, HubError> {
        let ask = Ask { purpose: Purpose::Located, range, what: &location.what };
        let response = self.follow_anywhere(ask, location.url.clone()).await?;
        accept(response, ask, total_bytes)
    }

    /// Fetches a small file in one go, without locating it first; from `from_byte` on when a part is already there.
    ///
    /// # Errors
    /// As [`Self::locate`] and [`Self::fetch`].
    pub async fn fetch_file(
        &self,
        repo: &RepoRef,
        commit: CommitHash,
        file: WantedFile<'_>,
        from_byte: u64,
    ) -> Result<Fetched, HubError> {
        let what = locate::describe(repo, &file);
        let Some(rest) = ByteRange::new(from_byte, file.size_bytes) else {
            return Ok(Fetched { host: String::new(), etag: None, what, remaining_bytes: 0, body: None });
        };
        let range = (from_byte > 0).then_some(rest);
        let ask = Ask { purpose: Purpose::Content, range, what: &what };
        let url = self.inner.urls.resolve(repo, commit, file.path);
        let response = match self.follow_at_home(ask, url).await? {
            Arrival::Answer(response) => {
                file.check(response.status(), response.headers(), &what)?;
                response
            }
            Arrival::Elsewhere { response, target } => {
                file.check(response.status(), response.headers(), &what)?;
                self.follow_anywhere(ask, target).await?
            }
        };
        accept(response, ask, file.size_bytes)
    }
}

fn accept(response: Response, ask: Ask<'_>, total_bytes: u64) -> Result<Fetched, HubError> {
    check(response.status(), response.headers(), ask, total_bytes)?;
    Ok(Fetched {
        host: response.url().host_str().unwrap_or_default().to_owned(),
        etag: etag::of(response.headers()),
        what: ask.what.to_owned(),
        remaining_bytes: ask.range.map_or(total_bytes, ByteRange::len),
        body: Some(response),
    })
}

/// Whether an answer is what was asked for, by its head.
fn check(status: StatusCode, headers: &HeaderMap, ask: Ask<'_>, total_bytes: u64) -> Result<(), HubError> {
    let what = ask.what;
    let encoding = headers.get(CONTENT_ENCODING).map(|value| error::tidy(&String::from_utf8_lossy(value.as_bytes())));
    if let Some(encoding) = encoding.filter(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(HubError::protocol(what, format!("the content is encoded as {encoding:?}")));
    }
    let whole = ByteRange::new(0, total_bytes);
    let wanted = ask.range.or(whole);
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.trim().parse::<u64>().ok());
    match status {
        StatusCode::PARTIAL_CONTENT => check_part(headers, wanted, length, total_bytes, what),
        StatusCode::OK if wanted != whole => Err(HubError::RangeIgnored { what: what.to_owned() }),
        StatusCode::OK => match length {
            Some(length) if length != total_bytes => {
                let detail = format!("it has {length} bytes, {total_bytes} were expected");
                Err(HubError::Changed { what: what.to_owned(), detail })
            }
            _ => Ok(()),
        },
        _ => Err(HubError::protocol(what, format!("status {}", status.as_u16()))),
    }
}

fn check_part(
    headers: &HeaderMap,
    wanted: Option<ByteRange>,
    length: Option<u64>,
    total_bytes: u64,
    what: &str,
) -> Result<(), HubError> {
    let (part, got) = content_range::of(headers);
    let is_wanted = part.is_some_and(|part| Some(part.range) == wanted && part.total_bytes == total_bytes);
    let has_length = length.is_none() || length == wanted.map(ByteRange::len);
    if is_wanted && has_length {
        return Ok(());
    }
    let wanted = wanted.map_or_else(|| "none".to_owned(), |range| format!("{range}/{total_bytes}"));
    Err(HubError::WrongRange { what: what.to_owned(), wanted, got })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], range: Option<(u64, u64)>) -> Result<(), HubError> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let range = range.map(|(start, end)| ByteRange::new(start, end).unwrap());
        let ask = Ask { purpose: Purpose::Content, range, what: "a" };
        check(StatusCode::from_u16(status).unwrap(), &headers, ask, 100)
    }

    #[test]
    fn a_part_must_be_exactly_the_wanted_one() {
        let part = |content_range, length| {
            answer(206, &[("content-range", content_range), ("content-length", length)], Some((10, 20)))
        };
        assert_eq!(part("bytes 10-19/100", "10"), Ok(()));
        assert_eq!(answer(206, &[("content-range", "bytes 10-19/100")], Some((10, 20))), Ok(()));
        for (content_range, length) in [
            ("bytes 11-19/100", "9"),
            ("bytes 10-20/100", "11"),
            ("bytes 10-19/101", "10"),
            ("bytes 10-19/*", "10"),
            ("bytes 10-19/100", "11"),
            ("bytes", "10"),
        ] {
            assert!(matches!(part(content_range, length), Err(HubError::WrongRange { .. })), "{content_range}");
        }
        assert!(matches!(answer(206, &[], Some((10, 20))), Err(HubError::WrongRange { .. })));
    }

    #[test]
    fn the_whole_file_is_only_good_where_it_was_wanted() {
        assert_eq!(answer(200, &[("content-length", "100")], None), Ok(()));
        assert_eq!(answer(200, &[], None), Ok(()));
        assert_eq!(answer(200, &[("content-length", "100")], Some((0, 100))), Ok(()));
        assert_eq!(answer(206, &[("content-range", "bytes 0-99/100")], None), Ok(()));
        assert!(matches!(answer(206, &[("content-range", "bytes 0-98/100")], None), Err(HubError::WrongRange { .. })));
        assert!(matches!(answer(200, &[("content-length", "99")], None), Err(HubError::Changed { .. })));
        for range in [(0, 99), (1, 100)] {
            let error = answer(200, &[("content-length", "100")], Some(range));
            assert!(matches!(error, Err(HubError::RangeIgnored { .. })), "{range:?}");
        }
    }

    #[test]
    fn encoded_content_and_odd_statuses_are_refused() {
        assert_eq!(answer(200, &[("content-encoding", "identity")], None), Ok(()));
        assert!(matches!(answer(200, &[("content-encoding", "gzip")], None), Err(HubError::Protocol { .. })));
        assert!(matches!(answer(204, &[], None), Err(HubError::Protocol { .. })));
    }
}
