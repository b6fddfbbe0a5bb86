//! `/api/settings`

use serde_json::{Value, json};

use crate::table::row::{Request, Row, get, row, send};
use crate::table::shape::Shape::{self, Count, Text, Word};
use crate::table::shape::object;
use crate::table::shapes::done;

const SETTINGS: &str = "/api/settings";

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = taken();
    rows.extend(refused());
    rows
}

fn settings() -> Shape {
    object([
        ("token", Text),
        ("cacheDir", Text),
        ("connections", Count),
        ("maxActive", Count),
        ("multipartThreshold", Text),
        ("verify", Word(&["none", "size", "sha256"])),
        ("retries", Count),
        ("maxBytesPerSecond", Text),
        ("endpoint", Text),
    ])
}

fn update(body: Value) -> Request {
    send(SETTINGS, body)
}

fn taken() -> Vec<Row> {
    let updated = || done("Settings updated");
    let changed = json!({
        "connections": 16, "maxActive": 1, "multipartThreshold": "64MiB", "verify": "size", "retries": 5,
        "maxBytesPerSecond": "20MiB",
    });
    vec![
        row("The settings", get(SETTINGS))
            .answers(200, settings())
            .with("/cacheDir", "{cacheDir}")
            .with("/endpoint", "{hub}")
            .with("/token", ""),
        row("Change them", update(changed.clone())).answers(200, updated()),
        row("They are changed", get(SETTINGS))
            .after(update(changed))
            .answers(200, settings())
            .with("/connections", 16)
            .with("/maxActive", 1)
            .with("/multipartThreshold", "64MiB")
            .with("/verify", "size")
            .with("/retries", 5)
            .with("/maxBytesPerSecond", "20MiB"),
        row("The least limit", update(json!({ "maxBytesPerSecond": "64KiB" }))).answers(200, updated()),
        row("The least limit in bytes", update(json!({ "maxBytesPerSecond": "65536" }))).answers(200, updated()),
        row("Change nothing", update(json!({}))).answers(200, updated()),
        row("Set a token", update(json!({ "token": "hf_abcdefghijklmnop" }))).answers(200, updated()),
        row("A token is masked", get(SETTINGS))
            .after(update(json!({ "token": "hf_abcdefghijklmnop" })))
            .answers(200, settings())
            .with("/token", "********mnop"),
        row("A short token is masked whole", get(SETTINGS))
            .after(update(json!({ "token": "hf_abc" })))
            .answers(200, settings())
            .with("/token", "********"),
        row("A masked token changes nothing", get(SETTINGS))
            .after(update(json!({ "token": "hf_abcdefghijklmnop" })))
            .after(update(json!({ "token": "********mnop" })))
            .answers(200, settings())
            .with("/token", "********mnop"),
        row("An empty token goes back to the configured one", get(SETTINGS))
            .after(update(json!({ "token": "hf_abcdefghijklmnop" })))
            .after(update(json!({ "token": "" })))
            .answers(200, settings())
            .with("/token", ""),
    ]
}

fn refused() -> Vec<Row> {
    let refused = [
        ("Too many connections", json!({ "connections": 65 })),
        ("No connection", json!({ "connections": 0 })),
        ("Connections that are no number", json!({ "connections": "8" })),
        ("Too many jobs at a time", json!({ "maxActive": 257 })),
        ("No job at a time", json!({ "maxActive": 0 })),
        ("Too many retries", json!({ "retries": 21 })),
        ("A threshold that is no size", json!({ "multipartThreshold": "much" })),
        ("A limit that is too low", json!({ "maxBytesPerSecond": "1KiB" })),
        ("A verification that is none", json!({ "verify": "md5" })),
        ("A token that cannot be", json!({ "token": "hf_\u{7}x" })),
        ("The cache's folder", json!({ "cacheDir": "/etc" })),
        ("The models' folder", json!({ "modelsDir": "/etc" })),
        ("The datasets' folder", json!({ "datasetsDir": "/etc" })),
        ("The Hub", json!({ "endpoint": "http://example.com" })),
        ("An unknown field", json!({ "verbose": true })),
    ];
    let mut rows: Vec<Row> = refused.map(|(says, body)| row(says, update(body)).fails(400, "Invalid settings")).into();
    rows.push(
        row("One fault of many leaves all as it was", get(SETTINGS))
            .after(update(json!({ "retries": 6 })))
            .after_refused(update(json!({ "retries": 7, "connections": 65 })))
            .answers(200, settings())
            .with("/retries", 6),
    );
    rows
}
