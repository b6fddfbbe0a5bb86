//! Cuts what is missing of a file into parts.

use std::collections::VecDeque;

use hfd_shared::repo::ByteRange;

/// Parts begin at multiples of this, where objects and stripes of network volumes begin, too. Only halves of them do not: see
/// [`parts`](super::parts).
const ALIGNMENT: u64 = 16 << 20;
const LARGEST: u64 = 64 << 20;

/// Enough parts for each connection that the slowest one does not decide.
const PARTS_PER_CONNECTION: u64 = 4;

/// How a file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// With one request, but for what is there already.
    Whole,
    /// With one request, of a server that gives no ranges.
    Unranged,
    /// In parts, over so many connections.
    Parts {
        /// Connections.
        connections: usize,
    },
}

impl Cut {
    /// Connections that are used at most.
    pub(super) fn connections(self) -> usize {
        match self {
            Self::Whole | Self::Unranged => 1,
            Self::Parts { connections } => connections,
        }
    }
}

/// The parts of a file of `size_bytes` that are not in `recorded` (sorted, without overlaps), in order.
pub(super) fn missing_parts(size_bytes: u64, recorded: &[ByteRange], cut: Cut) -> VecDeque<ByteRange> {
    match cut {
        Cut::Whole | Cut::Unranged => gaps(size_bytes, recorded).collect(),
        Cut::Parts { connections } => missing_pieces(size_bytes, recorded, part_size(size_bytes, connections)),
    }
}

/// What is missing in `recorded` (sorted, without overlaps) of a file of `size_bytes`, in pieces of at most `piece_bytes`.
pub(super) fn missing_pieces(size_bytes: u64, recorded: &[ByteRange], piece_bytes: u64) -> VecDeque<ByteRange> {
    gaps(size_bytes, recorded).flat_map(|gap| pieces(gap, piece_bytes)).collect()
}

fn part_size(size_bytes: u64, connections: usize) -> u64 {
    let per_part = size_bytes / (PARTS_PER_CONNECTION * connections as u64);
    per_part.next_multiple_of(ALIGNMENT).clamp(ALIGNMENT, LARGEST)
}

fn gaps(size_bytes: u64, recorded: &[ByteRange]) -> impl Iterator<Item = ByteRange> {
    let starts = std::iter::once(0).chain(recorded.iter().map(|range| range.end()));
    let ends = recorded.iter().map(|range| range.start()).chain(std::iter::once(size_bytes));
    starts.zip(ends).filter_map(|(start, end)| ByteRange::new(start, end))
}

fn pieces(gap: ByteRange, part_size: u64) -> impl Iterator<Item = ByteRange> {
    let mut start = gap.start();
    std::iter::from_fn(move || {
        let boundary = (start / part_size + 1) * part_size;
        let part = ByteRange::new(start, boundary.min(gap.end()))?;
        start = part.end();
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIB: u64 = 1 << 20;
    const EIGHT: Cut = Cut::Parts { connections: 8 };

    fn range(start: u64, end: u64) -> ByteRange {
        ByteRange::new(start, end).unwrap()
    }

    #[test]
    fn parts_are_aligned_and_grow_with_the_file() {
        assert_eq!(
            missing_parts(40 * MIB, &[], EIGHT),
            [range(0, 16 * MIB), range(16 * MIB, 32 * MIB), range(32 * MIB, 40 * MIB)]
        );
        assert_eq!(missing_parts(1 << 40, &[], EIGHT)[0], range(0, 64 * MIB));
    }

    #[test]
    fn a_whole_file_has_no_parts_left() {
        assert!(missing_parts(100, &[range(0, 100)], EIGHT).is_empty());
    }

    proptest! {
        #[test]
        fn parts_and_records_cover_the_file_exactly_once(
            size in 1..300 * MIB,
            cuts in prop::collection::btree_set(0..300 * MIB, 0..8),
            connections in 0..64usize,
        ) {
            let cuts: Vec<u64> = cuts.into_iter().filter(|cut| *cut <= size).collect();
            let recorded: Vec<ByteRange> = cuts.chunks_exact(2).map(|pair| range(pair[0], pair[1])).collect();
            let mut all: Vec<ByteRange> = recorded.clone();
            let cut = if connections == 0 { Cut::Whole } else { Cut::Parts { connections } };
            let parts = missing_parts(size, &recorded, cut);
            prop_assert!(cut == Cut::Whole || parts.iter().all(|part| part.len() <= LARGEST));
            all.extend(parts);
            all.sort();
            let mut end = 0;
            for range in all {
                prop_assert_eq!(range.start(), end);
                end = range.end();
            }
            prop_assert_eq!(end, size);
        }
    }
}
