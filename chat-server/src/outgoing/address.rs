//! Which addresses a webhook may call.
//!
//! A moderator of a room chooses where the server posts to. Without a filter, that would be a way
//! to reach what only the server can reach: its own machine, its network, the cloud's metadata
//! (CWE-918). So only addresses of the public internet are called.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address lies in the public internet. The lists are those of IANA for special
/// purposes (RFC 6890 and its registries), read strictly: what is in doubt is refused.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = match (a, b, c) {
        // "This" network, private, loopback.
        (0 | 10 | 127, ..) => true,
        // Shared by carriers (RFC 6598).
        (100, 64..=127, _) => true,
        // Link-local; the metadata services of clouds live here.
        (169, 254, _) => true,
        (172, 16..=31, _) => true,
        // IETF protocols, documentation, former 6to4 relays, private, AS112.
        (192, 0, 0 | 2)
        | (192, 88, 99)
        | (192, 168, _)
        | (192, 31, 196)
        | (192, 52, 193)
        | (192, 175, 48) => true,
        // Benchmarks, documentation.
        (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113) => true,
        // Multicast, reserved, broadcast.
        (224..=255, ..) => true,
        _ => false,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, ..] = address.segments();
    // An IPv4 address inside: the network beyond decides where that goes.
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    if (a, b, c, d, e, f) == (0x64, 0xff9b, 0, 0, 0, 0) {
        // Through NAT64 an IPv4 address of the network behind the translator could be reached.
        return false;
    }
    // Only global unicast is handed out; in it, protocols, documentation and 6to4 are not.
    let is_global_unicast = a & 0xe000 == 0x2000;
    let is_special = match (a, b) {
        // IETF protocols, among them Teredo; documentation.
        (0x2001, 0..=0x1ff | 0xdb8) => true,
        // 6to4 carries an IPv4 address.
        (0x2002, _) => true,
        // Documentation (RFC 9637).
        (0x3fff, 0..=0xfff) => true,
        // AS112.
        (0x2620, 0x4f) => c == 0x8000,
        _ => false,
    };
    is_global_unicast && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_called() {
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "93.184.216.34",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001::1",
            "::ffff:8.8.8.8",
            "2001:4860:4860::8888",
        ];
        let refused = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::1.1.1.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
        ];
        for address in public {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in refused {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }
}
