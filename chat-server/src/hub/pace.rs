//! How fast somebody may do something, or something may be done: token buckets (GCRA).

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use chat_proto::{ConversationId, ErrorCode, Limits, WireError};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Into one conversation all its members together may send so many times as much as one connection: far
/// more than anybody can read, so that a room gone mad leaves the server to the others.
pub const SENDERS_OF_CONVERSATION: u32 = 10;

/// So much a second for long, and so much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// A second, for long.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

impl Rate {
    /// So many times what one connection may ask.
    #[must_use]
    pub fn of_connections(connection: &Limits, times: u32) -> Self {
        Self {
            per_second: connection.requests_per_second.saturating_mul(times),
            burst: connection.request_burst.saturating_mul(times),
        }
    }
}

/// One bucket for each key. Whoever has one calls [`forget_resting`](Self::forget_resting) from time to
/// time, so that it holds no more keys than were used lately.
pub struct Pace<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Clone> Pace<K> {
    /// Nothing was taken yet.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(rate.per_second)).allow_burst(at_least_one(rate.burst));
        Self { limiter: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    /// Counts one.
    ///
    /// # Errors
    /// The time to wait, if it came too early.
    pub fn take(&self, key: &K) -> Result<(), Duration> {
        self.limiter.check_key(key).map_err(|early| early.wait_time_from(self.clock.now()))
    }

    /// Forgets those that have all of their burst again.
    pub fn forget_resting(&self) {
        self.limiter.retain_recent();
    }
}

/// How fast messages may come into a conversation, when one connection may ask so much.
pub(super) fn of_conversations(connection: &Limits) -> Pace<ConversationId> {
    Pace::new(Rate::of_connections(connection, SENDERS_OF_CONVERSATION))
}

/// The refusal that names what there was too much of.
#[must_use]
pub fn too_many(what: &str, wait: Duration) -> WireError {
    let wait_ms = u64::try_from(wait.max(Duration::from_millis(1)).as_millis()).unwrap_or(u64::MAX);
    WireError::new(ErrorCode::RateLimited, format!("Too many {what}; slow down.")).retry_after_ms(wait_ms)
}
