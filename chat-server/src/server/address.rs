//! How many connections each address has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a client is told whose address has too many.
pub(super) const TOO_MANY: &str = "Your address has too many connections here. Close some, or ask the admin for \
    more (connections_per_address); behind a proxy, trusted_proxies must name it.\n";

/// The part of an IPv6 address that a provider gives to one customer; the rest is theirs to choose.
const CUSTOMER: u128 = !0 << 64;

/// The counts. A lock, because connections come and go in tasks of their own; it is held for one
/// look into a map.
#[derive(Clone, Default)]
pub(super) struct Addresses {
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection of an address; given back when dropped.
pub(super) struct Seat {
    address: IpAddr,
    all: Addresses,
}

impl Addresses {
    /// A seat, unless the address has so many already.
    pub(super) fn take(&self, address: IpAddr, most: usize) -> Option<Seat> {
        let address = customer(address);
        let mut taken = self.lock();
        let count = taken.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Seat { address, all: self.clone() })
    }

    /// A map that was being read when a thread died is still a map.
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.all.lock();
        match taken.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                taken.remove(&self.address);
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
        let take = |address: &str| all.take(address.parse().unwrap(), 2);
        let (first, _second) = (take("192.0.2.1").unwrap(), take("::ffff:192.0.2.1").unwrap());
        assert!(take("192.0.2.1").is_none(), "also when it comes as IPv6");
        assert!(take("192.0.2.2").is_some());
        drop(first);
        assert!(take("192.0.2.1").is_some());
        assert_eq!(all.lock().len(), 1, "nobody is remembered who has none");
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
