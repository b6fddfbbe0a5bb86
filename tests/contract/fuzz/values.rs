//! Texts and JSON as no honest client would send them.

use hfd_tests::dice::Dice;
use serde_json::{Map, Value, json};

/// What paths, queries and fields are tried with. `CANARY` is a file outside the cache.
pub(crate) const TEXTS: [&str; 44] = [
    "acme/model",
    "acme/data",
    "acme/none",
    "gpt2",
    "main",
    "v1.0",
    "refs/pr/1",
    "../../canary.txt",
    "..",
    ".",
    "./.",
    "a/../b",
    "....//....//canary.txt",
    "%2e%2e%2f%2e%2e%2fcanary.txt",
    "%252e%252e%252f",
    "..%2f..%2fcanary.txt",
    "..\\..\\canary.txt",
    "%c0%ae%c0%ae%c0%af",
    "%00",
    "a%00b",
    "models--acme--model",
    "models--..--..",
    ".locks",
    ".hfd",
    "acme/model/../../../canary.txt",
    "/etc/passwd",
    "file:///etc/passwd",
    "",
    " ",
    "\u{202e}evil",
    "ünïcödé/模型",
    "a/b/c/d",
    "-",
    "--",
    "acme/model:q4,../x",
    "true",
    "-1",
    "18446744073709551616",
    "1e400",
    "null",
    "running",
    "*",
    "**/**",
    "[a-",
];

/// Characters that a path or a query may not hold as they are.
pub(crate) const PIECES: [&str; 16] =
    ["/", "//", "%", "%zz", "%2f", "%5c", "?", "#", ";", "&", "=", "+", "\\", "|", "%ff%fe", "%0d%0aX-Injected:%201"];

/// A text: a known one, pieces stuck together, or a very long one.
pub(crate) fn text(dice: &mut Dice) -> String {
    match dice.below(8) {
        0..4 => (*dice.one_of(&TEXTS)).to_owned(),
        4 => "a".repeat(dice.below(300)),
        5 if dice.one_in(8) => "x".repeat(dice.below(20_000)),
        _ => (0..dice.below(6))
            .map(|_| if dice.one_in(2) { *dice.one_of(&PIECES) } else { *dice.one_of(&TEXTS) })
            .collect(),
    }
}

/// Any JSON.
pub(crate) fn value(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth == 0 { 7 } else { 9 }) {
        0 => Value::Null,
        1 => json!(dice.one_in(2)),
        2 => json!(dice.number()),
        3 => json!(-1.5e300),
        4 => json!(i64::MIN),
        5 | 6 => json!(text(dice)),
        7 => (0..dice.below(5)).map(|_| value(dice, depth - 1)).collect(),
        _ => Value::Object((0..dice.below(5)).map(|_| (text(dice), value(dice, depth - 1))).collect()),
    }
}

/// A request body that is nearly right.
pub(crate) fn body(dice: &mut Dice) -> Vec<u8> {
    let fields = [
        "repo",
        "revision",
        "dataset",
        "filters",
        "excludes",
        "appendFilterSubdir",
        "dryRun",
        "priority",
        "callbackUrl",
        "transfer",
        "token",
        "connections",
        "maxActive",
        "multipartThreshold",
        "verify",
        "retries",
        "maxBytesPerSecond",
        "cacheDir",
        "endpoint",
        "olderThanSeconds",
    ];
    let mut object = Map::new();
    if dice.one_in(2) {
        object.insert("repo".to_owned(), json!(text(dice)));
    }
    for _ in 0..dice.below(5) {
        let name = if dice.one_in(8) { text(dice) } else { (*dice.one_of(&fields)).to_owned() };
        object.insert(name, value(dice, 3));
    }
    let mut bytes = Value::Object(object).to_string().into_bytes();
    match dice.below(12) {
        0 => bytes.truncate(dice.below(bytes.len() + 1)),
        1 => {
            let at = dice.below(bytes.len());
            bytes[at] = 0xff;
        }
        2 => bytes = dice.bytes(400),
        3 => bytes = [b"[".repeat(dice.below(5000)), b"{\"a\":".repeat(dice.below(5000))].concat(),
        4 => bytes = format!("{{\"repo\": {}}}", "9".repeat(dice.below(2000))).into_bytes(),
        5 => bytes.extend_from_slice(br#"{"repo":"a/b","repo":"c/d"}"#),
        6 if dice.one_in(20) => bytes = vec![b' '; (1 << 20) + dice.below(1 << 20)],
        _ => {}
    }
    bytes
}
