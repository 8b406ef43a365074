//! How PostgreSQL goes back through the messages: in windows of ids, each larger than all before it together.
//!
//! Asked for the newest of all that fit, it takes it that these lie evenly among the rest, and walks from the end
//! until it has enough of them. Where the reader's conversations rested while others wrote millions of messages, that
//! walk is through all of those. Asked for everything that fits within bounds it cannot guess wrong by more than the
//! bounds: it walks through a small window, and for a large one it takes the lists of its index together.

use std::iter;
use std::ops::Range;

/// Ids in the first window, which holds the newest: a walk through so many rows takes some 20 ms.
const FIRST: i64 = 20_000;

/// How much larger each window is than the one before: four of them hold ten million ids, so what is nowhere is asked
/// for four times.
const GROWTH: i64 = 8;

/// The windows of all ids below this one, the newest first.
pub(super) fn windows(below: i64) -> impl Iterator<Item = Range<i64>> {
    let window = |below: i64, size: i64| below.saturating_sub(size).max(0)..below;
    let next = move |(size, last): &(i64, Range<i64>)| {
        let size = size.saturating_mul(GROWTH);
        (last.start > 0).then(|| (size, window(last.start, size)))
    };
    iter::successors(Some((FIRST, window(below, FIRST))), next).map(|(_, window)| window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_is_in_one_window() {
        for below in [0, 1, FIRST, FIRST + 1, 10_000_000, i64::MAX] {
            let mut end = below;
            for window in windows(below) {
                assert_eq!(window.end, end);
                end = window.start;
            }
            assert_eq!(end, 0);
        }
    }

    #[test]
    fn few_windows_hold_millions() {
        assert_eq!(windows(10_000_000).count(), 4);
        assert!(windows(i64::MAX).count() < 20);
    }
}
