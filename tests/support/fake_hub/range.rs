//! `Range` headers: one byte range; anything else is ignored, as HTTP allows.

use std::ops::Range;

/// A single range as a client asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteRange {
    /// `bytes=a-` and `bytes=a-b`, the end included.
    From { start: u64, last: Option<u64> },
    /// `bytes=-n`.
    Suffix(u64),
}

impl ByteRange {
    /// Reads the header; none when it is malformed, of another unit or asks for several ranges.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
        let last = (!last.is_empty()).then(|| last.parse::<u64>()).transpose().ok()?;
        if first.is_empty() {
            return last.map(Self::Suffix);
        }
        let start = first.parse().ok()?;
        (last.is_none_or(|last| start <= last)).then_some(Self::From { start, last })
    }

    /// The bytes of a file of this size, or none when the range cannot be satisfied.
    pub(crate) fn within(self, size: u64) -> Option<Range<u64>> {
        let span = match self {
            Self::From { start, last } => start..last.map_or(size, |last| last.saturating_add(1).min(size)),
            Self::Suffix(length) => size.saturating_sub(length)..size,
        };
        (span.start < span.end).then_some(span)
    }

    /// Whether an offset may be inside; a suffix may always be.
    pub(crate) fn may_hold(self, offset: u64) -> bool {
        match self {
            Self::From { start, last } => start <= offset && last.is_none_or(|last| offset <= last),
            Self::Suffix(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(header: &str, size: u64) -> Option<Range<u64>> {
        ByteRange::parse(header).and_then(|range| range.within(size))
    }

    #[test]
    fn ranges_are_cut_to_the_file() {
        assert_eq!(span("bytes=0-9", 100), Some(0..10));
        assert_eq!(span("bytes=90-", 100), Some(90..100));
        assert_eq!(span("bytes=90-500", 100), Some(90..100));
        assert_eq!(span("bytes=-5", 100), Some(95..100));
        assert_eq!(span("bytes=100-", 100), None);
        assert_eq!(span("bytes=0-", 0), None);
    }

    #[test]
    fn what_is_not_one_byte_range_is_ignored() {
        for header in ["bytes=5-1", "bytes=0-1,4-5", "items=0-1", "bytes=-", "bytes=x-"] {
            assert_eq!(ByteRange::parse(header), None, "{header}");
        }
    }
}
