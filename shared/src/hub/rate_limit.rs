//! How long to wait after a 429. The rule is that of `huggingface_hub`: the `RateLimit` header, which is on every answer,
//! explains the 429 only where nothing is left; else `Retry-After` does.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

const DEFAULT: Duration = Duration::from_secs(30);
const MIN: Duration = Duration::from_secs(1);
const MAX: Duration = Duration::from_mins(10);

/// How long the Hub wants no request, by the headers of a 429.
pub(super) fn wait_for(headers: &HeaderMap) -> Duration {
    let exhausted = headers
        .get_all("ratelimit")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(until_reset)
        .max();
    let retry_after = || headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs);
    // The window is told in whole seconds: one more, to be past it for certain.
    let wait = exhausted.map(|seconds| Duration::from_secs(seconds.saturating_add(1))).or_else(retry_after);
    wait.unwrap_or(DEFAULT).clamp(MIN, MAX)
}

/// The seconds until an exhausted limit is fresh, from `"api";r=0;t=55`.
fn until_reset(limit: &str) -> Option<u64> {
    let param = |wanted: &str| {
        let mut params = limit.split(';').filter_map(|param| param.trim().split_once('='));
        params.find(|(name, _)| name.trim() == wanted)?.1.trim().parse::<u64>().ok()
    };
    if param("r")? == 0 { param("t") } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(headers: &[(&'static str, &'static str)]) -> u64 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        wait_for(&map).as_secs()
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
}
