//! Sets of bytes.

use crate::repo::ByteRange;

/// The same bytes as sorted ranges that neither overlap nor touch.
pub(super) fn merged(mut ranges: Vec<ByteRange>) -> Vec<ByteRange> {
    ranges.sort_unstable();
    let mut merged: Vec<ByteRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start() <= last.end() => {
                let end = last.end().max(range.end());
                *last = ByteRange::new(last.start(), end).unwrap_or(*last);
            }
            _ => merged.push(range),
        }
    }
    merged
}

/// How many bytes merged ranges hold.
pub(super) fn total_bytes(ranges: &[ByteRange]) -> u64 {
    ranges.iter().map(|range| range.len()).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn merging_keeps_exactly_the_same_bytes(pairs in prop::collection::vec((0_u64..60, 1_u64..10), 0..20)) {
            let ranges: Vec<_> =
                pairs.iter().filter_map(|&(start, len)| ByteRange::new(start, start + len)).collect();
            let result = merged(ranges.clone());
            for byte in 0..80 {
                let holds = |range: &ByteRange| (range.start()..range.end()).contains(&byte);
                prop_assert_eq!(ranges.iter().any(holds), result.iter().any(holds), "byte {}", byte);
            }
            prop_assert!(result.windows(2).all(|pair| pair[0].end() < pair[1].start()));
            prop_assert_eq!(total_bytes(&result), (0..80)
                .filter(|byte| ranges.iter().any(|range| (range.start()..range.end()).contains(byte)))
                .count() as u64);
        }
    }
}
