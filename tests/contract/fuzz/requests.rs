//! Random requests.

use hfd_tests::dice::Dice;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::values::{body, text};

/// Paths of the API; `{}` takes a random text.
const PATHS: [&str; 27] = [
    "/api/download",
    "/api/plan",
    "/api/jobs",
    "/api/jobs/{}",
    "/api/jobs/{}/files",
    "/api/jobs/{}/pause",
    "/api/jobs/{}/resume",
    "/api/jobs/{}/retry",
    "/api/jobs/{}/dismiss",
    "/api/settings",
    "/api/analyze/{}",
    "/api/analyze/{}/{}",
    "/api/analyze/acme/model",
    "/api/cache",
    "/api/cache/{}",
    "/api/cache/{}/{}",
    "/api/cache/acme/{}",
    "/api/cache/{}/{}/verify",
    "/api/cache/prune",
    "/api/cluster",
    "/api/health",
    "/api/openapi.json",
    "/api/docs",
    "/api/docs/{}",
    "/api/ws",
    "/{}",
    "{}",
];

const METHODS: [&str; 10] = ["GET", "GET", "GET", "POST", "POST", "POST", "DELETE", "PUT", "OPTIONS", "HEAD"];

const QUERIES: [&str; 15] = [
    "type", "search", "revision", "status", "repo", "kind", "limit", "cursor", "offset", "dataset", "context",
    "dryRun", "job", "unknown", "",
];

/// A request, and whether its answer has no body.
pub(crate) struct Request {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Whether its method is HEAD.
    pub(crate) is_head: bool,
}

/// Makes one.
pub(crate) fn request(dice: &mut Dice, host: &str) -> Request {
    let method = if dice.one_in(40) { "BREW" } else { *dice.one_of(&METHODS) };
    let target = format!("{}{}", path(dice), query(dice));
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n").into_bytes();
    let body = if method == "POST" || dice.one_in(10) { body(dice) } else { Vec::new() };
    if !body.is_empty() {
        let media_type = if dice.one_in(10) { text(dice) } else { "application/json".to_owned() };
        head.extend(format!("Content-Type: {}\r\n", one_line(&media_type)).bytes());
        if dice.one_in(6) {
            head.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            head.extend(format!("{:x}\r\n", body.len()).bytes());
            head.extend([body.as_slice(), b"\r\n0\r\n\r\n"].concat());
            return Request { bytes: head, is_head: method == "HEAD" };
        }
    }
    if dice.one_in(10) {
        odd_header(dice, &mut head);
    }
    head.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
    head.extend(body);
    Request { bytes: head, is_head: method == "HEAD" }
}

/// A request that takes back the token that another one may have set.
pub(crate) fn without_token(host: &str) -> Request {
    let body = r#"{"token": ""}"#;
    let head = "POST /api/settings HTTP/1.1\r\nContent-Type: application/json\r\n";
    let bytes = format!("{head}Host: {host}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes();
    Request { bytes, is_head: false }
}

fn odd_header(dice: &mut Dice, head: &mut Vec<u8>) {
    let names = [
        "Origin",
        "Authorization",
        "X-Request-Id",
        "Last-Event-ID",
        "Accept",
        "traceparent",
        "Range",
        "Cookie",
        "Expect",
    ];
    head.extend(format!("{}: ", dice.one_of(&names)).bytes());
    // Not every byte may stand in a header; those that may are many.
    let value = if dice.one_in(2) { text(dice).into_bytes() } else { dice.bytes(200) };
    head.extend(value.into_iter().filter(|byte| !matches!(byte, b'\r' | b'\n' | 0)));
    head.extend(b"\r\n");
}

fn path(dice: &mut Dice) -> String {
    let mut path = String::new();
    for (index, part) in dice.one_of(&PATHS).split("{}").enumerate() {
        if index > 0 {
            path.push_str(&in_target(dice));
        }
        path.push_str(part);
    }
    path
}

fn query(dice: &mut Dice) -> String {
    let pairs = (0..dice.below(4)).map(|_| format!("{}={}", dice.one_of(&QUERIES), in_target(dice)));
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// A text as a request line may hold it: encoded, or raw without what would end the line.
fn in_target(dice: &mut Dice) -> String {
    let text = text(dice);
    if dice.one_in(2) {
        utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string()
    } else {
        one_line(&text).replace(' ', "%20")
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], "")
}
