//! The trace that a piece of work belongs to, as it travels between processes.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::repo::{Invalid, serde_as_text};

/// The header of [W3C Trace Context](https://www.w3.org/TR/trace-context/#traceparent-header).
pub const TRACEPARENT: &str = "traceparent";

/// The field of a span that shows in logs which trace it belongs to.
const TRACE_ID: &str = "trace_id";

/// The flag that says that the caller may have recorded its part.
const SAMPLED: u8 = 0x01;

/// Where a span stands in its trace: a [W3C `traceparent`](https://www.w3.org/TR/trace-context/#traceparent-header).
///
/// Its text is that of version 00, whatever version it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: NonZeroU128,
    parent_id: NonZeroU64,
    flags: u8,
}

impl TraceContext {
    /// Where a span stands in its trace; `None` when no spans are made.
    pub fn of(span: &Span) -> Option<Self> {
        let context = span.context();
        let context = context.span().span_context().clone();
        Some(Self {
            trace_id: NonZeroU128::new(u128::from_be_bytes(context.trace_id().to_bytes()))?,
            parent_id: NonZeroU64::new(u64::from_be_bytes(context.span_id().to_bytes()))?,
            flags: context.trace_flags().to_u8() & SAMPLED,
        })
    }

    fn remote(self) -> SpanContext {
        SpanContext::new(
            TraceId::from_bytes(self.trace_id.get().to_be_bytes()),
            SpanId::from_bytes(self.parent_id.get().to_be_bytes()),
            TraceFlags::new(self.flags),
            true,
            TraceState::NONE,
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let (version, rest) = field(text, 2)?;
        let (trace_id, rest) = field(rest?, 32)?;
        let (parent_id, rest) = field(rest?, 16)?;
        let (flags, rest) = field(rest?, 2)?;
        // A later version may say more after the flags; version ff is forbidden.
        if version == 0xff || (version == 0 && rest.is_some()) {
            return None;
        }
        Some(Self {
            trace_id: NonZeroU128::new(trace_id)?,
            parent_id: NonZeroU64::new(u64::try_from(parent_id).ok()?)?,
            flags: u8::try_from(flags).ok()? & SAMPLED,
        })
    }
}

/// A new span as part of the trace that another process began, or of a new one. Logs show the trace's id when the span has
/// the field `trace_id`.
#[must_use]
pub fn joined(span: Span, caller: Option<TraceContext>) -> Span {
    if let Some(caller) = caller {
        // It fails where no spans are made, and then there is nothing to join.
        _ = span.set_parent(Context::new().with_remote_span_context(caller.remote()));
    }
    let trace = TraceContext::of(&span).or(caller);
    if let Some(TraceContext { trace_id, .. }) = trace {
        span.record(TRACE_ID, format!("{trace_id:032x}"));
    }
    span
}

/// Reads so many lower-case hex digits; returns them with what follows the dash behind them.
fn field(text: &str, digits: usize) -> Option<(u128, Option<&str>)> {
    let (field, rest) = text.split_once('-').map_or((text, None), |(field, rest)| (field, Some(rest)));
    let lower_hex = field.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if field.len() != digits || !lower_hex {
        return None;
    }
    Some((u128::from_str_radix(field, 16).ok()?, rest))
}

impl FromStr for TraceContext {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text).ok_or_else(|| Invalid::new("traceparent", text, "the form of W3C Trace Context"))
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.parent_id, self.flags)
    }
}

serde_as_text!(TraceContext);

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn parsed(text: &str) -> Result<String, Invalid> {
        text.parse::<TraceContext>().map(|trace| trace.to_string())
    }

    #[test]
    fn a_traceparent_keeps_its_text() {
        assert_eq!(parsed(EXAMPLE).unwrap(), EXAMPLE);
        let json = serde_json::to_string(&EXAMPLE.parse::<TraceContext>().unwrap()).unwrap();
        assert_eq!(serde_json::from_str::<TraceContext>(&json).unwrap().to_string(), EXAMPLE);
    }

    #[test]
    fn what_a_later_version_adds_is_left_out() {
        let later = EXAMPLE.replacen("00", "cc", 1);
        assert_eq!(parsed(&later).unwrap(), EXAMPLE);
        assert_eq!(parsed(&format!("{later}-what-comes")).unwrap(), EXAMPLE);
        let more_flags = EXAMPLE.replace("-01", "-ff");
        assert_eq!(parsed(&more_flags).unwrap(), EXAMPLE, "only the flag we know is passed on");
    }

    #[test]
    fn what_the_standard_forbids_is_refused() {
        let zero_trace = EXAMPLE.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32));
        let zero_parent = EXAMPLE.replace("b7ad6b7169203331", &"0".repeat(16));
        let forbidden_version = EXAMPLE.replacen("00", "ff", 1);
        for text in [
            "",
            "00",
            &EXAMPLE.to_uppercase(),
            &EXAMPLE[..EXAMPLE.len() - 1],
            &format!("{EXAMPLE}-00"),
            &format!("cc{}.00", &EXAMPLE[2..]),
            &EXAMPLE.replace("b7", "+7"),
            &zero_trace,
            &zero_parent,
            &forbidden_version,
        ] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}
