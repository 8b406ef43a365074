//! The end of the server, as its sessions are told of it: when, and within which time their clients
//! come back, so that they do not all come at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Clients that may come back in a second: each costs a handshake, a login by token and a look for
/// what it missed, and those who are back already want to be served too.
const BACK_PER_SECOND: u64 = 200;

/// The shortest time within which they come back.
const SHORTEST: Duration = Duration::from_secs(5);

/// The longest: nobody waits for more than a minute, however many they are.
const LONGEST: Duration = Duration::from_secs(60);

/// See the module. Clones are of the same end.
#[derive(Debug, Clone, Default)]
pub struct Leaving {
    /// Cancelled when the sessions end, for who waits for that.
    pub begun: CancellationToken,
    told: Arc<Told>,
}

/// What is asked at every turn of a session, so it costs no lock.
#[derive(Debug, Default)]
struct Told {
    has_begun: AtomicBool,
    spread_ms: AtomicU64,
}

impl Leaving {
    /// Ends the sessions of so many clients.
    pub fn begin(&self, clients: usize) {
        let spread = spread(clients);
        self.told.spread_ms.store(u64::try_from(spread.as_millis()).unwrap_or(u64::MAX), Ordering::Release);
        self.told.has_begun.store(true, Ordering::Release);
        self.begun.cancel();
    }

    /// Whether the sessions are to end. Who is woken asks this.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.told.has_begun.load(Ordering::Acquire)
    }

    /// When a client is to come back, in milliseconds: each at another time.
    #[must_use]
    pub fn back_after_ms(&self) -> u64 {
        rand::random_range(0..=self.told.spread_ms.load(Ordering::Acquire))
    }
}

/// Within which time so many clients come back.
fn spread(clients: usize) -> Duration {
    let seconds = u64::try_from(clients).unwrap_or(u64::MAX) / BACK_PER_SECOND;
    Duration::from_secs(seconds).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_clients_come_back_within_more_time() {
        for (clients, seconds) in [(0, 5), (1, 5), (1_000, 5), (4_000, 20), (12_000, 60), (1_000_000, 60)] {
            assert_eq!(spread(clients), Duration::from_secs(seconds), "{clients}");
        }
    }

    #[test]
    fn each_is_told_a_time_within_it() {
        let leaving = Leaving::default();
        leaving.clone().begin(4_000);
        assert!(leaving.begun.is_cancelled());
        let times: Vec<u64> = (0..200).map(|_| leaving.back_after_ms()).collect();
        assert!(times.iter().all(|ms| *ms <= 20_000));
        assert!(times.iter().any(|ms| *ms > 5_000), "two hundred times within a quarter of it");
    }
}
