//! The faults switched on now, and what they come to for one request.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::body::{BodyFaults, Drops, Stop, StopHow};
use super::call::Call;
use super::fault::{Effect, Fault, FaultId, Matcher, Times};
use super::route::{HttpMethod, Origin};

#[derive(Debug)]
struct Injected {
    id: FaultId,
    fault: Fault,
    hits: u64,
}

/// Faults switched on.
#[derive(Debug, Default)]
pub(crate) struct FaultSet(Mutex<Injections>);

#[derive(Debug, Default)]
struct Injections {
    last_id: u64,
    list: Vec<Injected>,
}

/// What goes wrong with one request.
#[derive(Debug, Default)]
pub(crate) struct ActiveFaults {
    pub(crate) latency: Duration,
    pub(crate) refusal: Option<InsteadOfAnswer>,
    pub(crate) expire_url: bool,
    pub(crate) ignore_range: bool,
    pub(crate) changed_etag: bool,
    pub(crate) wrong_content_range: Option<(i64, i64)>,
    pub(crate) wrong_size_by: Option<i64>,
    pub(crate) body: BodyFaults,
}

/// An error sent in place of the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum InsteadOfAnswer {
    RateLimited { reset_s: u64 },
    RetryAfter { seconds: u64 },
    Status { code: u16 },
}

impl FaultSet {
    pub(crate) fn inject(&self, fault: Fault) -> FaultId {
        let mut injections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        injections.last_id += 1;
        let id = FaultId(injections.last_id);
        injections.list.push(Injected { id, fault, hits: 0 });
        id
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).list.clear();
    }

    pub(crate) fn hits(&self, id: FaultId) -> u64 {
        let injections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        injections.list.iter().find(|injected| injected.id == id).map_or(0, |injected| injected.hits)
    }

    /// Takes the faults that hit this request; `url_expired` says that its signed URL already is.
    pub(crate) fn take(&self, call: &Call, url_expired: bool) -> ActiveFaults {
        let mut active = ActiveFaults::default();
        let mut injections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for injected in &mut injections.list {
            if applies(&injected.fault.effect, call, url_expired) && injected.fault.on.matches(call) && injected.hit() {
                active.add(&injected.fault);
            }
        }
        active
    }
}

impl Injected {
    fn hit(&mut self) -> bool {
        if self.fault.skip > 0 {
            self.fault.skip -= 1;
            return false;
        }
        match &mut self.fault.times {
            Times::Next(0) => return false,
            Times::Next(left) => *left -= 1,
            Times::Always => {}
        }
        self.hits += 1;
        true
    }
}

/// Whether an effect can show in the answer to a request; one that cannot must not be used up by it.
fn applies(effect: &Effect, call: &Call, url_expired: bool) -> bool {
    let get = call.method != HttpMethod::Head;
    match effect {
        Effect::Throttle { .. } | Effect::Reset | Effect::Silence | Effect::Trickle { .. } | Effect::Truncate => get,
        Effect::IgnoreRange | Effect::WrongContentRange { .. } => call.range.is_some(),
        Effect::FlipByte { offset } => get && call.range.is_none_or(|range| range.may_hold(*offset)),
        Effect::ExpiredUrl => call.origin == Origin::Cdn && !url_expired,
        Effect::Latency { .. }
        | Effect::RateLimited { .. }
        | Effect::RetryAfter { .. }
        | Effect::Status { .. }
        | Effect::ChangedEtag
        | Effect::WrongSize { .. } => true,
    }
}

impl Matcher {
    fn matches(&self, call: &Call) -> bool {
        self.origin.is_none_or(|origin| origin == call.origin)
            && self.kind.is_none_or(|kind| kind == call.route.kind())
            && self.method.is_none_or(|method| method == call.method)
            && self.path_contains.as_ref().is_none_or(|part| call.path().contains(part))
            && self.file.as_ref().is_none_or(|wanted| {
                let named = call.route.names().1;
                named.is_some_and(|path| path == wanted || path.rsplit('/').next() == Some(wanted))
            })
    }
}

impl ActiveFaults {
    fn add(&mut self, fault: &Fault) {
        let at = fault.after_bytes;
        match fault.effect {
            Effect::Latency { ms } => self.latency += Duration::from_millis(ms),
            Effect::Throttle { bytes_per_s } => self.body.throttle(bytes_per_s),
            Effect::Reset => self.body.stop = Some(Stop { at, how: StopHow::Reset }),
            Effect::Silence => self.body.stop = Some(Stop { at, how: StopHow::Silence }),
            Effect::Truncate => self.body.stop = Some(Stop { at, how: StopHow::End }),
            Effect::Trickle { bytes, every_ms } => {
                let every = Duration::from_millis(every_ms);
                self.body.drops = Some(Drops { after: at, bytes: bytes.max(1), every });
            }
            Effect::FlipByte { offset } => self.body.flip = Some(offset),
            Effect::RateLimited { reset_s } => self.refusal = Some(InsteadOfAnswer::RateLimited { reset_s }),
            Effect::RetryAfter { seconds } => self.refusal = Some(InsteadOfAnswer::RetryAfter { seconds }),
            Effect::Status { code } => self.refusal = Some(InsteadOfAnswer::Status { code }),
            Effect::IgnoreRange => self.ignore_range = true,
            Effect::WrongContentRange { start_by, total_by } => self.wrong_content_range = Some((start_by, total_by)),
            Effect::ChangedEtag => self.changed_etag = true,
            Effect::ExpiredUrl => self.expire_url = true,
            Effect::WrongSize { by } => self.wrong_size_by = Some(by),
        }
    }
}
