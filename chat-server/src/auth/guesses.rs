//! Delays against guessing, in place of lockouts.
//!
//! 1. A try is counted before it is looked at, so that many at once gain nothing, and given back
//!    when it succeeds.
//! 2. A few tries are free; then each has to wait longer than the one before, up to
//!    [`limits::TRY_DELAY_MS`]. A try that comes too early costs the server nothing and changes
//!    nothing.
//! 3. Names are counted alike whether there are such accounts or not.
//! 4. Who has logged in from an address lately does not wait for what others do to the account.
//! 5. The tables are bounded; what is at rest is forgotten first.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chat_proto::{ErrorCode, UserId, WireError, limits};

/// Tries that are remembered: a few megabytes at most.
const ENTRIES: usize = 50_000;

/// Pairs of account and address that are remembered as trusted.
const TRUSTED: usize = 20_000;

/// A try is forgotten after so long without another.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);

/// The first wait; each further one is twice as long.
const FIRST_DELAY: Duration = Duration::from_secs(1);

/// Free tries for one account from everywhere: a household of forgetful devices.
pub const ACCOUNT_TRIES: u32 = 4 * limits::FREE_TRIES;

/// Free tries from one address for all accounts: an office behind one address on a Monday.
pub const ADDRESS_TRIES: u32 = 50;

/// What tries are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// Passwords for the account of this name from this address.
    Pair(String, IpAddr),
    /// Passwords for the account of this name from everywhere.
    Account(String),
    /// Everything from this address.
    Address(IpAddr),
    /// Second factors of this account from this address.
    CodePair(UserId, IpAddr),
    /// Second factors of this account from everywhere.
    Code(UserId),
    /// Passwords and codes asked for within a session of this account.
    Within(UserId),
}

impl Key {
    fn free_tries(&self) -> u32 {
        match self {
            Key::Pair(..) | Key::CodePair(..) | Key::Code(_) | Key::Within(_) => limits::FREE_TRIES,
            Key::Account(_) => ACCOUNT_TRIES,
            Key::Address(_) => ADDRESS_TRIES,
        }
    }

    /// Whether a success makes up for all that went before, and not only for itself.
    fn is_cleared(&self) -> bool {
        matches!(self, Key::Pair(..) | Key::CodePair(..) | Key::Within(_))
    }
}

/// Counts tries. Any number of connections ask at once, for a few nanoseconds each; so a lock.
#[derive(Default)]
pub struct Guesses {
    tables: Mutex<Tables>,
    hasher: RandomState,
}

#[derive(Default)]
struct Tables {
    /// By the hash of the key: what somebody typed is not kept, and the size is known.
    tries: HashMap<u64, Tries>,
    trusted: HashMap<u64, Instant>,
}

#[derive(Clone, Copy)]
struct Tries {
    count: u32,
    last: Instant,
    next: Instant,
}

impl Guesses {
    /// What to count a password by that is tried for this name from this address.
    #[must_use]
    pub fn password_keys(&self, name: &str, from: IpAddr) -> Vec<Key> {
        let from = network(from);
        let pair = Key::Pair(name.to_owned(), from);
        let is_trusted = self.lock().trusted.contains_key(&self.hash(&pair));
        let mut keys = vec![pair];
        if !is_trusted {
            keys.push(Key::Account(name.to_owned()));
        }
        keys.extend(Self::address_key(from));
        keys
    }

    /// What to count a code by that is tried for this account from this address.
    #[must_use]
    pub fn code_keys(&self, user: UserId, name: &str, from: IpAddr) -> Vec<Key> {
        let from = network(from);
        let trusted = self.hash(&Key::Pair(name.to_owned(), from));
        let mut keys = vec![Key::CodePair(user, from)];
        if !self.lock().trusted.contains_key(&trusted) {
            keys.push(Key::Code(user));
        }
        keys
    }

    /// What to count anything else by that comes from this address. On this very machine a proxy
    /// may speak for everybody, so it has no key.
    pub fn address_key(from: IpAddr) -> Option<Key> {
        let from = network(from);
        (!from.is_loopback()).then_some(Key::Address(from))
    }

    /// Counts a try.
    ///
    /// # Errors
    /// `rate_limited` with the time to wait; then it was not counted.
    pub fn take(&self, keys: &[Key], now: Instant) -> Result<(), WireError> {
        let mut tables = self.lock();
        let hashes: Vec<(u64, &Key)> = keys.iter().map(|key| (self.hash(key), key)).collect();
        let wait = hashes
            .iter()
            .filter_map(|(hash, _)| tables.tries.get(hash))
            .map(|tries| tries.next.saturating_duration_since(now))
            .max()
            .unwrap_or_default();
        if !wait.is_zero() {
            return Err(too_fast(wait));
        }
        for (hash, key) in hashes {
            tables.count(hash, key, now);
        }
        Ok(())
    }

    /// Gives a try back, because it was right.
    pub fn give_back(&self, keys: &[Key]) {
        let mut tables = self.lock();
        for key in keys.iter().filter(|key| key.is_cleared()) {
            tables.tries.remove(&self.hash(key));
        }
        drop(tables);
        self.undo(keys);
    }

    /// Gives a try back, because it was not looked at.
    pub fn undo(&self, keys: &[Key]) {
        let mut tables = self.lock();
        for key in keys {
            if let Some(tries) = tables.tries.get_mut(&self.hash(key)) {
                tries.count = tries.count.saturating_sub(1);
                tries.next = tries.last + delay(tries.count, key.free_tries());
            }
        }
    }

    /// Remembers that this account logs in from this address.
    pub fn trust(&self, name: &str, from: IpAddr, now: Instant) {
        let hash = self.hash(&Key::Pair(name.to_owned(), network(from)));
        let mut tables = self.lock();
        if tables.trusted.len() >= TRUSTED
            && let Some(oldest) = tables.trusted.iter().min_by_key(|(_, at)| **at).map(|(hash, _)| *hash)
        {
            tables.trusted.remove(&oldest);
        }
        tables.trusted.insert(hash, now);
    }

    fn hash(&self, key: &Key) -> u64 {
        self.hasher.hash_one(key)
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn count(&mut self, hash: u64, key: &Key, now: Instant) {
        if self.tries.len() >= ENTRIES && !self.tries.contains_key(&hash) {
            self.make_room(now);
        }
        let tries = self.tries.entry(hash).or_insert(Tries { count: 0, last: now, next: now });
        if now.saturating_duration_since(tries.last) > FORGOTTEN {
            tries.count = 0;
        }
        tries.count = tries.count.saturating_add(1);
        tries.last = now;
        tries.next = now + delay(tries.count, key.free_tries());
    }

    /// Forgets those that are at rest, or else the quarter that was quiet for longest: one scan for
    /// many tries, each of which costs a hash of a password.
    fn make_room(&mut self, now: Instant) {
        self.tries.retain(|_, tries| now.saturating_duration_since(tries.last) <= FORGOTTEN);
        if self.tries.len() >= ENTRIES {
            let mut ages: Vec<Instant> = self.tries.values().map(|tries| tries.last).collect();
            let (_, border, _) = ages.select_nth_unstable(ENTRIES / 4);
            let border = *border;
            self.tries.retain(|_, tries| tries.last > border);
        }
    }
}

/// How long the next try has to wait after so many.
fn delay(count: u32, free: u32) -> Duration {
    match count.checked_sub(free) {
        None => Duration::ZERO,
        Some(over) => FIRST_DELAY
            .saturating_mul(1_u32.checked_shl(over).unwrap_or(u32::MAX))
            .min(Duration::from_millis(limits::TRY_DELAY_MS)),
    }
}

/// Who has one address of IPv6 has as many as they like, in their network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into())
        }
        address => address,
    }
}

fn too_fast(wait: Duration) -> WireError {
    let seconds = wait.as_millis().div_ceil(1_000);
    let message = format!("Too many wrong tries; wait {seconds} s, then try again.");
    WireError::new(ErrorCode::RateLimited, message)
        .retry_after_ms(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MALLORY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));
    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));

    /// Tries wrong passwords as fast as they are taken, for so long.
    fn guess(guesses: &Guesses, from: IpAddr, begin: Instant, span: Duration) -> (u32, Instant) {
        let (mut now, mut taken) = (begin, 0);
        while now < begin + span {
            match guesses.take(&guesses.password_keys("ada", from), now) {
                Ok(()) => taken += 1,
                Err(refused) => now += Duration::from_millis(refused.retry_after_ms.unwrap()),
            }
        }
        (taken, now)
    }

    #[test]
    fn a_guesser_has_little_to_hope_for_in_a_day() {
        let guesses = Guesses::default();
        let day = Duration::from_secs(24 * 60 * 60);
        let (taken, _) = guess(&guesses, MALLORY, Instant::now(), day);
        let most = day.as_millis() / u128::from(limits::TRY_DELAY_MS) + u128::from(limits::FREE_TRIES) + 5;
        assert!((limits::FREE_TRIES..=u32::try_from(most).unwrap()).contains(&taken), "{taken}");
    }

    #[test]
    fn many_addresses_gain_nothing_for_one_account() {
        let guesses = Guesses::default();
        let now = Instant::now();
        let taken = (0..2_000_u32)
            .filter(|n| {
                let from = IpAddr::V4((0x0a00_0000 + n).into());
                guesses.take(&guesses.password_keys("ada", from), now).is_ok()
            })
            .count();
        assert_eq!(taken, ACCOUNT_TRIES as usize);
        let other = guesses.take(&guesses.password_keys("lin", HOME), now);
        assert!(other.is_ok(), "another account is not concerned");
    }

    #[test]
    fn who_logged_in_here_before_does_not_wait_for_a_guesser() {
        let guesses = Guesses::default();
        let begin = Instant::now();
        guesses.trust("ada", HOME, begin);
        let (_, now) = guess(&guesses, MALLORY, begin, Duration::from_secs(3_600));
        let keys = guesses.password_keys("ada", HOME);
        assert!(guesses.take(&keys, now).is_ok());
        // Elsewhere it takes a little patience, and no more.
        let keys = guesses.password_keys("ada", "192.0.2.9".parse().unwrap());
        if let Err(refused) = guesses.take(&keys, now) {
            assert!(refused.retry_after_ms.unwrap() <= limits::TRY_DELAY_MS);
        }
    }

    #[test]
    fn a_success_makes_up_for_what_went_wrong() {
        let guesses = Guesses::default();
        let now = Instant::now();
        for _ in 0..10 {
            let keys = guesses.password_keys("ada", HOME);
            for _ in 1..limits::FREE_TRIES {
                guesses.take(&keys, now).unwrap();
            }
            guesses.trust("ada", HOME, now);
            guesses.take(&guesses.password_keys("ada", HOME)[..1], now).unwrap();
            guesses.give_back(&keys);
        }
    }

    #[test]
    fn a_network_is_one_address() {
        let one: IpAddr = "2001:db8:1:2::1".parse().unwrap();
        let other: IpAddr = "2001:db8:1:2:ffff::9".parse().unwrap();
        assert_eq!(network(one), network(other));
        assert_ne!(network(one), network("2001:db8:1:3::1".parse().unwrap()));
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1".parse::<IpAddr>().unwrap());
        assert_eq!(Guesses::address_key("::1".parse().unwrap()), None);
    }

    #[test]
    fn the_table_does_not_grow_without_end() {
        let guesses = Guesses::default();
        let now = Instant::now();
        for n in 0..(ENTRIES as u32 + 10_000) {
            // Refusals are fine; what counts is what is kept.
            let _ = guesses.take(&[Key::Account(n.to_string())], now + Duration::from_micros(n.into()));
        }
        assert!(guesses.lock().tries.len() <= ENTRIES);
    }
}
