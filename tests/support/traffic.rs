//! What the fake Hub has really sent.

use anyhow::ensure;

use crate::fake_hub::{FakeHub, HttpMethod, Origin, RequestKind, RequestRecord};

/// Bytes of file content sent so far, over both origins.
pub fn data_bytes(hub: &FakeHub) -> u64 {
    data(hub).map(|record| record.bytes_sent).sum()
}

/// Bytes of one file's content sent so far, over both origins.
pub fn data_bytes_of(hub: &FakeHub, file: &str) -> u64 {
    data(hub).filter(|record| record.file.as_deref() == Some(file)).map(|record| record.bytes_sent).sum()
}

/// Answers with file content that are under way.
pub fn open_data_answers(hub: &FakeHub) -> usize {
    data(hub).filter(|record| !record.ended).count()
}

/// Requests of a kind that name this file.
pub fn requests_of(hub: &FakeHub, kind: RequestKind, file: &str) -> usize {
    hub.requests_for(file).iter().filter(|record| record.kind == kind).count()
}

/// The bytes of a revision of a model, each content counted once.
pub fn distinct_bytes(hub: &FakeHub, model: &str) -> u64 {
    let mut files = hub.files(crate::fake_hub::RepoKind::Model, model, "main");
    files.sort_by(|a, b| a.etag.cmp(&b.etag));
    files.dedup_by(|a, b| a.etag == b.etag);
    files.iter().map(|file| file.size_bytes).sum()
}

/// Checks that of a model's `main` no more than so many bytes were sent twice.
pub fn check_sent_once(hub: &FakeHub, model: &str, most_bytes: u64) -> anyhow::Result<()> {
    let (sent, needed) = (data_bytes(hub), distinct_bytes(hub, model));
    ensure!(sent <= needed + most_bytes, "{} bytes were fetched twice", sent - needed);
    Ok(())
}

/// The CDN's records, for what must never reach it.
pub fn cdn_requests(hub: &FakeHub) -> Vec<RequestRecord> {
    hub.requests().into_iter().filter(|record| record.origin == Origin::Cdn).collect()
}

fn data(hub: &FakeHub) -> impl Iterator<Item = RequestRecord> {
    let is_data = |record: &RequestRecord| record.kind == RequestKind::Data && record.method == HttpMethod::Get;
    hub.requests().into_iter().filter(is_data)
}
