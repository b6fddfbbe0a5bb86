//! What was asked and what was sent, for tests to assert on.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::route::{HttpMethod, Origin, RequestKind};

/// Requests remembered; older ones are forgotten, so that a hub that runs for long does not grow.
const MAX_RECORDS: usize = 500_000;

/// One request as it stands now: a body may still be on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Server asked.
    pub origin: Origin,
    /// Kind of request.
    pub kind: RequestKind,
    /// Method.
    pub method: HttpMethod,
    /// Path, decoded, without the query.
    pub path: String,
    /// Repo id, if it names one.
    pub repo: Option<String>,
    /// Path of the file in its repo, if it names one.
    pub file: Option<String>,
    /// The `Range` header.
    pub range: Option<String>,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// When it came, in milliseconds since 1970.
    pub time_ms: u64,
    /// Status answered; 0 while there is none.
    pub status: u16,
    /// Body bytes handed to the connection so far.
    pub bytes_sent: u64,
    /// Whether the answer has ended, well or not.
    pub ended: bool,
}

/// The parts of a record that change while it is answered.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) status: AtomicU16,
    pub(crate) bytes_sent: AtomicU64,
    pub(crate) ended: AtomicBool,
}

#[derive(Debug)]
struct Logged {
    record: RequestRecord,
    progress: Arc<Progress>,
}

/// The log.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<VecDeque<Logged>>);

impl RequestLog {
    /// Notes that a request came; what becomes of it goes into the returned progress.
    pub(crate) fn open(&self, call: &Call) -> Arc<Progress> {
        let progress = Arc::new(Progress::default());
        let (repo, file) = call.route.names();
        let record = RequestRecord {
            origin: call.origin,
            kind: call.route.kind(),
            method: call.method,
            path: call.path(),
            repo: repo.map(|key| key.id.clone()),
            file: file.map(str::to_owned),
            range: call.range_header.clone(),
            authorization: call.authorization.clone(),
            time_ms: now_ms(),
            status: 0,
            bytes_sent: 0,
            ended: false,
        };
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == MAX_RECORDS {
            log.pop_front();
        }
        log.push_back(Logged { record, progress: Arc::clone(&progress) });
        progress
    }

    pub(crate) fn records(&self) -> Vec<RequestRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Logged::now).collect()
    }

    /// Answers of an origin that have not ended.
    pub(crate) fn under_way(&self, origin: Origin) -> usize {
        self.records().iter().filter(|record| record.origin == origin && !record.ended).count()
    }

    pub(crate) fn reset(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Logged {
    fn now(&self) -> RequestRecord {
        RequestRecord {
            status: self.progress.status.load(Ordering::Relaxed),
            bytes_sent: self.progress.bytes_sent.load(Ordering::Relaxed),
            ended: self.progress.ended.load(Ordering::Relaxed),
            ..self.record.clone()
        }
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
