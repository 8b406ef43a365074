//! How many connections each address has, and how fast it makes them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::hub::{Pace, Rate};

/// What a client is told whose address has too many.
pub(super) const TOO_MANY: &str = "Your address has too many connections here, or makes them too fast. Close some \
    and come back in a moment, or ask the admin for more (connections_per_address); behind a proxy, trusted_proxies must name it.\n";

/// The part of an IPv6 address that a provider gives to one customer; the rest is theirs to choose.
const CUSTOMER: u128 = !0 << 64;

/// The part of its connections that an address may make anew each second, for long; all of them at once.
/// A handshake costs as much as many messages, and nobody whose connections hold makes many.
pub const NEW_EACH_SECOND: usize = 10;

/// Connections after which those are forgotten who have made none lately.
const SWEEP: u32 = 4_096;

/// The counts. A lock, because connections come and go in tasks of their own; it is held for one
/// look into a map.
#[derive(Clone, Default)]
pub(super) struct Addresses {
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    taken: HashMap<IpAddr, usize>,
    /// For so many connections of an address.
    pace: Option<(usize, Pace<IpAddr>)>,
    since_sweep: u32,
}

impl Known {
    /// Whether the address may make another connection now.
    fn may_come(&mut self, address: IpAddr, most: usize) -> bool {
        self.since_sweep += 1;
        let pace = match self.pace.take() {
            Some((of, pace)) if of == most => pace,
            _ => Pace::new(rate(most)),
        };
        if self.since_sweep >= SWEEP {
            self.since_sweep = 0;
            pace.forget_resting();
        }
        let comes = pace.take(&address).is_ok();
        self.pace = Some((most, pace));
        comes
    }
}

fn rate(most: usize) -> Rate {
    let burst = u32::try_from(most).unwrap_or(u32::MAX);
    Rate { per_second: u32::try_from(most / NEW_EACH_SECOND).unwrap_or(u32::MAX).max(1), burst }
}

/// One connection of an address; given back when dropped.
pub(super) struct Seat {
    address: IpAddr,
    all: Addresses,
}

impl Addresses {
    /// A seat, unless the address has so many already or makes them too fast.
    pub(super) fn take(&self, address: IpAddr, most: usize) -> Option<Seat> {
        let address = customer(address);
        let mut known = self.lock();
        if known.taken.get(&address).is_some_and(|count| *count >= most) || !known.may_come(address, most) {
            return None;
        }
        *known.taken.entry(address).or_default() += 1;
        Some(Seat { address, all: self.clone() })
    }

    /// A map that was being read when a thread died is still a map.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut known = self.all.lock();
        match known.taken.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                known.taken.remove(&self.address);
            }
        }
    }
}

/// What stands for one customer: an IPv4 address, or the /64 of an IPv6 address.
fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & CUSTOMER)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_and_gets_them_back() {
        let all = Addresses::default();
        let take = |address: &str| all.take(address.parse().unwrap(), 3);
        let (first, _second) = (take("192.0.2.1").unwrap(), take("::ffff:192.0.2.1").unwrap());
        assert!(all.take("192.0.2.1".parse().unwrap(), 2).is_none(), "also when it comes as IPv6");
        assert!(take("192.0.2.2").is_some());
        drop(first);
        assert!(take("192.0.2.1").is_some());
        assert_eq!(all.lock().taken.len(), 1, "nobody is remembered who has none");
    }

    #[test]
    fn whoever_connects_again_and_again_waits_and_nobody_else_does() {
        let all = Addresses::default();
        let comes = |address: &str| all.take(address.parse().unwrap(), 5).is_some();
        assert!((0..5).all(|_| comes("192.0.2.1")));
        assert!(!comes("192.0.2.1"), "none is open, but it was too fast");
        assert!(comes("192.0.2.2"));
        assert!(all.take("192.0.2.1".parse().unwrap(), 50).is_some(), "a new setting holds at once");
    }

    #[test]
    fn a_network_of_ipv6_is_one_customer() {
        let all = Addresses::default();
        let take = |address: &str| all.take(address.parse().unwrap(), 1);
        let _one = take("2001:db8:1:2::1").unwrap();
        assert!(take("2001:db8:1:2:ffff::9").is_none());
        assert!(take("2001:db8:1:3::1").is_some());
    }
}
