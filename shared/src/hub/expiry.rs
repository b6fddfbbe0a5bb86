//! How long a signed URL is good, from its query.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap};
use time::format_description::well_known::Rfc2822;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};
use url::Url;

/// The share of a URL's time after which it is no longer used, in percent: a request must still arrive in time.
const USABLE_PERCENT: u32 = 80;

/// How long a URL that a server has just given may be used; none if the URL does not tell.
///
/// The server's own clock is taken from its answer, so that a wrong clock here does not make every URL look expired.
pub(super) fn usable_for(url: &Url, answer: &HeaderMap) -> Option<Duration> {
    let date = answer.get(DATE).and_then(|date| OffsetDateTime::parse(date.to_str().ok()?, &Rfc2822).ok());
    left(url, date.unwrap_or_else(OffsetDateTime::now_utc)).map(|left| left * USABLE_PERCENT / 100)
}

/// What is left of a URL's time. None too where nothing is: then a clock is wrong, and only the server knows.
fn left(url: &Url, now: OffsetDateTime) -> Option<Duration> {
    let param = |name: &str| {
        url.query_pairs().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned())
    };
    let signed_at = param("x-amz-date").or_else(|| param("x-goog-date")).and_then(|date| compact(&date));
    let lifetime = param("x-amz-expires").or_else(|| param("x-goog-expires"));
    let lifetime: Option<u32> = lifetime.and_then(|seconds| seconds.parse().ok());
    let ends_at = match (signed_at, lifetime) {
        (Some(signed_at), Some(lifetime)) => signed_at.checked_add(time::Duration::seconds(lifetime.into()))?,
        _ => OffsetDateTime::from_unix_timestamp(param("expires")?.parse().ok()?).ok()?,
    };
    Duration::try_from(ends_at - now).ok().filter(|left| !left.is_zero())
}

/// A time in the form `20261231T235959Z`.
fn compact(text: &str) -> Option<OffsetDateTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..8)?);
    let (hour, minute, second) = (time.get(..2)?, time.get(2..4)?, time.get(4..6)?);
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    let date = Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    let time = Time::from_hms(hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usable(query: &str, date: &str) -> Option<u64> {
        let url = format!("https://cdn/x?{query}").parse().unwrap();
        let headers = HeaderMap::from_iter([(DATE, date.parse().unwrap())]);
        usable_for(&url, &headers).map(|usable| usable.as_secs())
    }

    #[test]
    fn four_fifths_of_what_is_left_may_be_used() {
        let signed = "X-Amz-Date=20261231T120000Z&X-Amz-Expires=3600";
        assert_eq!(usable(signed, "Thu, 31 Dec 2026 12:00:00 GMT"), Some(2880));
        assert_eq!(usable(signed, "Thu, 31 Dec 2026 12:30:00 GMT"), Some(1440));
        let signed = "X-Goog-Expires=100&X-Goog-Date=20261231T120000Z";
        assert_eq!(usable(signed, "Thu, 31 Dec 2026 12:00:00 GMT"), Some(80));
        assert_eq!(usable("Expires=1798718500&Signature=x", "Thu, 31 Dec 2026 12:00:00 GMT"), Some(80));
    }

    #[test]
    fn a_url_that_does_not_tell_has_no_known_end() {
        for query in [
            "",
            "x=y",
            "Expires=never",
            "Expires=-1",
            "Expires=99999999999999999",
            "X-Amz-Expires=3600",
            "X-Amz-Date=20261331T120000Z&X-Amz-Expires=3600",
            "X-Amz-Date=2026ä31T120000Z&X-Amz-Expires=3600",
        ] {
            assert_eq!(usable(query, "Thu, 31 Dec 2026 12:00:00 GMT"), None, "{query}");
        }
        let long_past = "X-Amz-Date=20261231T120000Z&X-Amz-Expires=3600";
        assert_eq!(usable(long_past, "Thu, 31 Dec 2026 13:00:00 GMT"), None);
    }

    #[test]
    fn without_a_server_clock_ours_is_taken() {
        let end = (OffsetDateTime::now_utc() + Duration::from_secs(1000)).unix_timestamp();
        let usable = usable(&format!("Expires={end}"), "no date").unwrap();
        assert!((790..=800).contains(&usable), "{usable}");
    }
}
