//! Time since this process began to measure, in nanoseconds.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

static BEGAN: OnceLock<Instant> = OnceLock::new();

/// Nanoseconds of a second.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// Now. It never goes back, and fits into a message's text.
pub(crate) fn now() -> u64 {
    u64::try_from(BEGAN.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// A length of time in nanoseconds.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
