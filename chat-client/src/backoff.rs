//! How long to wait before the next try: longer each time, and never the same for everybody.

use std::time::Duration;

/// No try comes sooner than this after the last one.
const SHORTEST: Duration = Duration::from_millis(500);

/// No wait is longer: a person who looks again after half a minute wants to be back.
const LONGEST: Duration = Duration::from_secs(30);

/// A connection that lived this long was a good one; the next cut starts with short waits again.
const STEADY: Duration = Duration::from_secs(10);

/// Longest wait that a server may ask for; a wrong number must not keep anybody out for a day.
const LONGEST_ASKED: Duration = Duration::from_secs(5 * 60);

/// Doublings after which [`LONGEST`] is reached.
const DOUBLINGS: u32 = 6;

/// Counts failed tries.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait before the next try. `chance` is from 0 to 1 and spreads clients that were cut
    /// together; `asked` is what the server wants, which already is different for each.
    pub(crate) fn next(&mut self, chance: f64, asked: Option<Duration>) -> Duration {
        self.failures = self.failures.saturating_add(1);
        if let Some(asked) = asked {
            return asked.min(LONGEST_ASKED);
        }
        let ceiling = (SHORTEST * 2_u32.pow(self.failures.min(DOUBLINGS))).min(LONGEST);
        SHORTEST + (ceiling - SHORTEST).mul_f64(chance.clamp(0.0, 1.0))
    }

    /// Notes that a connection ended which had been online for this long.
    pub(crate) fn was_online(&mut self, lived: Duration) {
        if lived >= STEADY {
            self.failures = 0;
        }
    }

    /// Notes that a person wants it now.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_half_a_minute_and_are_spread() {
        let mut backoff = Backoff::default();
        let longest: Vec<u64> = (0..8).map(|_| backoff.next(1.0, None).as_secs()).collect();
        assert_eq!(longest, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(backoff.next(0.0, None), SHORTEST);
        backoff.was_online(Duration::from_secs(1));
        assert_eq!(backoff.next(1.0, None).as_secs(), 30, "a short life is no success");
        backoff.was_online(STEADY);
        assert_eq!(backoff.next(1.0, None).as_secs(), 1);
    }

    #[test]
    fn the_server_may_ask_for_a_wait() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(0.5, Some(Duration::from_millis(1834))).as_millis(), 1834);
        assert_eq!(backoff.next(0.5, Some(Duration::from_secs(90_000))), LONGEST_ASKED);
    }
}
