//! An answer before it is sent, so that faults can still change it.

use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;
use poem::http::header::{HeaderName, HeaderValue};
use poem::http::{HeaderMap, StatusCode, header};
use serde::Serialize;

use super::call::Call;
use super::catalog::RepoFile;
use super::fault_set::ActiveFaults;

/// Status, headers and where the body comes from.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
}

/// A body not yet opened.
#[derive(Debug)]
pub(crate) enum Payload {
    Memory(Bytes),
    File { disk: PathBuf, span: Range<u64>, size: u64 },
}

impl Payload {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { span, .. } => span.end - span.start,
        }
    }
}

impl Reply {
    pub(crate) fn text(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let reply = Self { status, headers: HeaderMap::new(), payload: Payload::Memory(body.into()) };
        reply.header(header::CONTENT_TYPE.as_str(), content_type)
    }

    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        // Only maps with keys that are no strings cannot be written, and the fake Hub has none.
        let text = serde_json::to_vec(body).unwrap_or_default();
        Self::text(status, "application/json; charset=utf-8", text)
    }

    /// Sets a header; characters a header cannot hold become `?`, as on the Hub.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let clean: String = value.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect();
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(&clean)) {
            self.headers.insert(name, value);
        }
        self
    }

    /// A file's content, or the part of it that the request's range asks for.
    pub(crate) fn content(file: &RepoFile, call: &Call, faults: &ActiveFaults) -> Self {
        let etag = shown_etag(file, faults.changed_etag);
        let range = call.range.filter(|_| !faults.ignore_range);
        let range = range.filter(|_| call.if_range.as_ref().is_none_or(|wanted| *wanted == etag));
        let whole = Self {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            payload: Payload::File { disk: file.disk.clone(), span: 0..file.size, size: file.size },
        };
        let reply = match range.map(|range| range.within(file.size)) {
            None => whole,
            Some(None) => {
                let reply = Self::text(StatusCode::RANGE_NOT_SATISFIABLE, "text/plain", "Range Not Satisfiable");
                return reply.header("Content-Range", &format!("bytes */{}", file.size));
            }
            Some(Some(span)) => {
                let content_range = format!("bytes {}-{}/{}", span.start, span.end - 1, file.size);
                let payload = Payload::File { disk: file.disk.clone(), span, size: file.size };
                let part = Self { status: StatusCode::PARTIAL_CONTENT, payload, ..whole };
                part.header("Content-Range", &content_range)
            }
        };
        reply.header("Content-Type", "application/octet-stream").header("Accept-Ranges", "bytes").header("ETag", &etag)
    }

    /// Makes the headers lie where faults say so.
    pub(crate) fn distort(mut self, faults: &ActiveFaults) -> Self {
        let by = faults.wrong_size_by.unwrap_or(0);
        if let (Some(linked), true) = (self.linked_size(), by != 0) {
            self = self.header("X-Linked-Size", &linked.saturating_add_signed(by).to_string());
        }
        let Payload::File { span, size, .. } = &mut self.payload else { return self };
        if self.status != StatusCode::PARTIAL_CONTENT {
            return self;
        }
        let (start_by, total_by) = faults.wrong_content_range.unwrap_or((0, 0));
        let length = span.end - span.start;
        let told = span.start.saturating_add_signed(start_by);
        let start = told.min(*size - length);
        *span = start..start + length;
        let total = size.saturating_add_signed(total_by).saturating_add_signed(by);
        self.header("Content-Range", &format!("bytes {told}-{}/{total}", told + length - 1))
    }

    fn linked_size(&self) -> Option<u64> {
        self.headers.get("X-Linked-Size")?.to_str().ok()?.parse().ok()
    }
}

/// A file's ETag, quoted; after a change, that of content it does not have.
pub(crate) fn shown_etag(file: &RepoFile, changed: bool) -> String {
    let etag = file.etag();
    if changed { format!("\"{}\"", etag.chars().rev().collect::<String>()) } else { format!("\"{etag}\"") }
}
