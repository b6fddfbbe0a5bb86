//! The Hub's rate limits, as its headers tell them: on every answer `RateLimit: "api";r=<left>;t=<seconds>`, on a 429
//! perhaps `Retry-After`.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::ports::{Bucket, Budget, MAX_WINDOW};

const DEFAULT: Duration = Duration::from_secs(30);
const MIN: Duration = Duration::from_secs(1);

/// How long the Hub wants no request, by the headers of a 429. The rule is that of `huggingface_hub`: the `RateLimit`
/// header explains the 429 only where nothing is left; else `Retry-After` does.
pub(super) fn wait_for(headers: &HeaderMap) -> Duration {
    let exhausted = limits(headers).filter(|limit| limit.remaining == 0).map(|limit| limit.resets_in()).max();
    let retry_after = || headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs);
    exhausted.or_else(retry_after).unwrap_or(DEFAULT).clamp(MIN, MAX_WINDOW)
}

/// What an answer says is left, in each bucket that is known here.
pub(super) fn budgets(headers: &HeaderMap) -> impl Iterator<Item = (Bucket, Budget)> {
    limits(headers).filter_map(|limit| {
        let bucket = Bucket::ALL.into_iter().find(|bucket| bucket.as_str() == limit.name)?;
        Some((bucket, Budget { remaining: limit.remaining, resets_in: limit.resets_in().min(MAX_WINDOW) }))
    })
}

/// One limit, such as `"api";r=0;t=55`.
struct Limit<'a> {
    name: &'a str,
    remaining: u64,
    seconds: u64,
}

impl<'a> Limit<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (name, params) = text.split_once(';')?;
        let param = |wanted: &str| {
            let mut params = params.split(';').filter_map(|param| param.trim().split_once('='));
            params.find(|(name, _)| name.trim() == wanted)?.1.trim().parse::<u64>().ok()
        };
        Some(Self { name: name.trim().trim_matches('"'), remaining: param("r")?, seconds: param("t")? })
    }

    /// The window is told in whole seconds: one more, to be past it for certain.
    fn resets_in(&self) -> Duration {
        Duration::from_secs(self.seconds.saturating_add(1))
    }
}

fn limits(headers: &HeaderMap) -> impl Iterator<Item = Limit<'_>> {
    let values = headers.get_all("ratelimit").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(Limit::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    fn wait(headers: &[(&'static str, &'static str)]) -> u64 {
        wait_for(&map(headers)).as_secs()
    }

    #[test]
    fn the_headers_say_how_long_to_wait() {
        assert_eq!(wait(&[("ratelimit", r#""api";r=0;t=55"#)]), 56);
        assert_eq!(wait(&[("ratelimit", r#""api";r=0;t=55"#), ("retry-after", "7")]), 56);
        assert_eq!(wait(&[("ratelimit", r#""api";r=3;t=55"#), ("retry-after", "7")]), 7);
        assert_eq!(wait(&[("ratelimit", r#""pages";r=9;t=300, "api"; r=0; t=4"#)]), 5);
        assert_eq!(wait(&[("retry-after", "0")]), 1);
    }

    #[test]
    fn without_sense_in_them_the_wait_is_bounded() {
        assert_eq!(wait(&[]), 30);
        assert_eq!(wait(&[("ratelimit", r#""api";r=0"#)]), 30);
        assert_eq!(wait(&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")]), 30);
        assert_eq!(wait(&[("ratelimit", r#""api";r=0;t=99999"#)]), 600);
        assert_eq!(wait(&[("ratelimit", r#""api";r=0;t=18446744073709551615"#)]), 600);
    }

    #[test]
    fn every_answer_says_what_is_left_of_which_bucket() {
        let left = |remaining, seconds| Budget { remaining, resets_in: Duration::from_secs(seconds) };
        let headers =
            map(&[("ratelimit", r#""api";r=499;t=55, "pages";r=9;t=300"#), ("ratelimit", "resolvers; r=0; t=4")]);
        let told: Vec<_> = budgets(&headers).collect();
        assert_eq!(told, [(Bucket::Api, left(499, 56)), (Bucket::Resolvers, left(0, 5))]);
        let odd = map(&[("ratelimit", r#""api""#), ("ratelimit", r#""api";r=-1;t=5"#), ("ratelimit", r#""api";r=1"#)]);
        assert_eq!(budgets(&odd).count(), 0);
        let endless = map(&[("ratelimit", r#""api";r=1;t=99999"#)]);
        assert_eq!(budgets(&endless).next(), Some((Bucket::Api, left(1, 600))));
    }
}
