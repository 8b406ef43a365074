//! How fast one connection may ask.

use std::num::NonZeroU32;
use std::time::Duration;

use chat_proto::{ErrorCode, Limits, WireError};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// A token bucket (GCRA) for one connection.
pub(super) struct Pace {
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

impl Pace {
    pub(super) fn new(limits: &Limits) -> Self {
        let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(limits.requests_per_second))
            .allow_burst(at_least_one(limits.request_burst));
        Self { limiter: RateLimiter::direct(quota), clock: DefaultClock::default() }
    }

    /// Counts one frame; the refusal to answer with if it came too early.
    pub(super) fn take(&self) -> Option<WireError> {
        let early = self.limiter.check().err()?;
        let wait = early.wait_time_from(self.clock.now()).max(Duration::from_millis(1));
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Some(WireError::new(ErrorCode::RateLimited, "Too many requests; slow down.").retry_after_ms(wait_ms))
    }
}
