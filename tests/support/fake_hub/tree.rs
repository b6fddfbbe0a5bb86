//! Tree listings, a page at a time.

use poem::http::StatusCode;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::call::Call;
use super::catalog::{Entry, Revision};
use super::info::MADE_AT;
use super::refusal::Refusal;
use super::reply::Reply;
use super::state::HubState;

/// Largest page when every entry carries its last commit.
const EXPANDED_PAGE: usize = 50;

/// One page of a folder's listing.
pub(crate) fn page(state: &HubState, call: &Call, revision: &Revision, folder: &str) -> Result<Reply, Refusal> {
    if !folder.is_empty() && !matches!(revision.entry(folder), Some(Entry::Folder { .. })) {
        return Err(Refusal::EntryNotFound { path: folder.to_owned(), commit: revision.commit.clone() });
    }
    let expand = call.switch("expand");
    let most = if expand { EXPANDED_PAGE.min(state.config.page_size) } else { state.config.page_size };
    let size = call.param("limit").and_then(|limit| limit.parse().ok()).unwrap_or(most).clamp(1, most);
    let start = match call.param("cursor") {
        Some(cursor) => read_cursor(cursor).ok_or(Refusal::BadRequest("Invalid cursor"))?,
        None => 0,
    };
    let listed = listing(revision, folder, call.switch("recursive"));
    let mut rest = listed.skip(start);
    let entries: Value = rest.by_ref().take(size).map(|entry| entry_json(entry, revision, expand)).collect();
    let reply = Reply::json(StatusCode::OK, &entries);
    if rest.next().is_none() {
        return Ok(reply);
    }
    Ok(reply.header("Link", &format!("<{}>; rel=\"next\"", next_url(state, call, start + size))))
}

/// The entries below a folder, or right in it.
fn listing<'a>(revision: &'a Revision, folder: &'a str, recursive: bool) -> impl Iterator<Item = &'a Entry> {
    revision.entries.iter().filter(move |entry| {
        let below = match folder {
            "" => Some(entry.path()),
            _ => entry.path().strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')),
        };
        below.is_some_and(|path| recursive || !path.contains('/'))
    })
}

/// The same request with a cursor, at the address the client used.
fn next_url(state: &HubState, call: &Call, start: usize) -> String {
    let base = call.host.as_ref().map_or_else(|| state.hub_url.clone(), |host| format!("http://{host}"));
    let kept = call.query.iter().filter(|(name, _)| name != "cursor");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .append_pair("cursor", &cursor(start))
        .finish();
    format!("{base}{}?{query}", call.raw_path)
}

/// Cursors are opaque on the Hub; in hex nobody is tempted to count them up.
fn cursor(start: usize) -> String {
    hex::encode(format!("entry:{start}"))
}

fn read_cursor(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(hex::decode(cursor).ok()?).ok()?;
    text.strip_prefix("entry:")?.parse().ok()
}

/// One entry as the API shows it.
pub(crate) fn entry_json(entry: &Entry, revision: &Revision, expand: bool) -> Value {
    let mut shown = match entry {
        Entry::Folder { path, oid } => json!({ "type": "directory", "oid": oid, "size": 0, "path": path }),
        Entry::File(file) => {
            let mut shown = json!({ "type": "file", "oid": file.digest.oid, "size": file.size, "path": file.path });
            if let Some(lfs) = &file.digest.lfs {
                shown["lfs"] = json!({ "oid": lfs.sha256, "size": file.size, "pointerSize": lfs.pointer_bytes });
            }
            if let Some(hash) = &file.xet_hash {
                shown["xetHash"] = json!(hash);
            }
            shown
        }
    };
    if expand {
        shown["lastCommit"] = json!({ "id": revision.commit, "title": "all files", "date": MADE_AT });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_nothing_else_is() {
        assert_eq!(read_cursor(&cursor(1000)), Some(1000));
        assert_eq!(read_cursor("1000"), None);
    }
}
