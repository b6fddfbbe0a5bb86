//! What texts in a request must look like. The code that reads them says it more exactly, with an error that explains.

use serde_yaml::{Mapping, Value};

/// A repository's name.
const REPO: &str = concat!(
    r"(?!.*(--|\.\.))(?!.*\.git(:|$))",
    r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?(/[A-Za-z0-9_]([A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?)?"
);

/// Filters behind a repository's name.
const FILTERS: &str = r"(:[A-Za-z0-9_.,*-]*)?";

/// A part of a revision's name: neither white space nor what git forbids.
const REVISION_PART: &str = r"[^\s\\:?*\[~^/.\x00-\x1f\x7f-\x9f]+(\.[^\s\\:?*\[~^/.\x00-\x1f\x7f-\x9f]+)*\.?";

/// A host by name or number, a port, a path and a query.
const URL: &str = concat!(
    r"https?://([A-Za-z][A-Za-z0-9-]*(\.[A-Za-z][A-Za-z0-9-]*)*|([1-9]?[0-9]\.){3}[1-9]?[0-9])(:[1-9][0-9]{0,3})?",
    r"([/?][!$-~]*)?"
);

/// What is white space to the code, as Unicode has it: `\s` has more in one language and less in another.
const SPACE: &str = r"[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*";

/// A size such as `32MiB`; `~` is [`SPACE`].
const SIZE: &str = "^~[0-9]{1,9}~([KkMmGg]?[Bb]|[KkMmGg][Ii][Bb])?~$";

/// None, or at least 64 KiB: 65536 bytes, 66 KB; `~` is [`SPACE`].
const RATE: &str = concat!(
    r"^~(0~([KkMmGg]?[Bb]|[KkMmGg][Ii][Bb])?",
    r"|(6553[6-9]|655[4-9][0-9]|65[6-9][0-9]{2}|6[6-9][0-9]{3}|[7-9][0-9]{4}|[1-9][0-9]{5,18})~[Bb]?",
    r"|(6[4-9]|[7-9][0-9]|[1-9][0-9]{2,8})~[Kk][Ii][Bb]|(6[6-9]|[7-9][0-9]|[1-9][0-9]{2,8})~[Kk][Bb]",
    r"|[1-9][0-9]{0,8}~[MmGg][Ii]?[Bb])~$"
);

/// What a header can hold, unless it is a token as it is shown; `~` is [`SPACE`].
const TOKEN: &str = r"^(?!~\*{8})~[^\x00-\x08\x0a-\x1f\x7f]*~$";

/// Longest callback URL that is taken however it is written.
const MAX_URL: u64 = 2000;

/// Adds the patterns to a document.
pub(super) fn add(document: &mut Value) {
    let schemas = &mut document["components"]["schemas"];
    restrict(schemas, "DownloadRequest", "repo", &format!("^{REPO}{FILTERS}$"), None);
    restrict(schemas, "DownloadRequest", "revision", &format!("^({REVISION_PART}(/{REVISION_PART})*)?$"), Some(250));
    restrict(schemas, "DownloadRequest", "callbackUrl", &format!("^({URL})?$"), Some(MAX_URL));
    restrict(schemas, "PruneRequest", "repo", &format!("^({REPO})?$"), None);
    restrict(schemas, "SettingsChange", "multipartThreshold", &SIZE.replace('~', SPACE), None);
    restrict(schemas, "SettingsChange", "maxBytesPerSecond", &RATE.replace('~', SPACE), None);
    restrict(schemas, "SettingsChange", "verify", "^(none|size|sha256)$", None);
    restrict(schemas, "SettingsChange", "token", &TOKEN.replace('~', SPACE), None);
    if let Some(Value::Mapping(list)) = document["paths"]["/api/jobs"].get_mut("get")
        && let Some(Value::Sequence(parameters)) = list.get_mut("parameters")
    {
        for parameter in parameters {
            let pattern = match parameter["name"].as_str() {
                Some("repo") => format!("^{REPO}$"),
                // Eight bytes in base64url.
                Some("cursor") => "^[A-Za-z0-9_-]{10}[AEIMQUYcgkosw048]$".to_owned(),
                _ => continue,
            };
            if let Some(Value::Mapping(schema)) = parameter.get_mut("schema") {
                schema.insert("pattern".into(), pattern.into());
            }
        }
    }
}

fn restrict(schemas: &mut Value, schema: &str, property: &str, pattern: &str, max_length: Option<u64>) {
    let found = schemas.get_mut(schema).and_then(|schema| schema.get_mut("properties")?.get_mut(property));
    if let Some(Value::Mapping(found)) = found {
        insert(found, pattern, max_length);
    }
}

fn insert(schema: &mut Mapping, pattern: &str, max_length: Option<u64>) {
    schema.insert("pattern".into(), pattern.into());
    if let Some(length) = max_length {
        schema.insert("maxLength".into(), length.into());
    }
}
