//! Ranges of bytes within a file.

use std::fmt;

/// A non-empty range of bytes: `start` is in it, `end` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ByteRange {
    start: u64,
    end: u64,
}

impl ByteRange {
    /// The range from `start` up to, not including, `end`; none if that is empty.
    pub fn new(start: u64, end: u64) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// The first byte.
    pub fn start(self) -> u64 {
        self.start
    }

    /// The byte behind the last.
    pub fn end(self) -> u64 {
        self.end
    }

    /// How many bytes. Never 0.
    #[expect(clippy::len_without_is_empty, reason = "a range is never empty")]
    pub fn len(self) -> u64 {
        self.end - self.start
    }
}

impl fmt::Display for ByteRange {
    /// As in HTTP's `Range` header, where the end is inclusive: `0-1023`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.start, self.end - 1)
    }
}
