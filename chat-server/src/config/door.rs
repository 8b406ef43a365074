//! The settings about who comes to the door.

use std::net::IpAddr;

use anyhow::Context;
use ipnet::IpNet;

/// Networks as people write them: `10.0.0.0/8`, or one address.
pub(super) fn networks(texts: &[String]) -> anyhow::Result<Vec<IpNet>> {
    texts.iter().map(|text| network(text.trim())).collect()
}

fn network(text: &str) -> anyhow::Result<IpNet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address.to_canonical()));
    }
    text.parse().with_context(|| {
        format!("trusted-proxies: {text:?} is neither an address nor a network such as 10.0.0.0/8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_network_of_one() {
        let nets = networks(&["127.0.0.1".to_owned(), " fd00::/8".to_owned()]).unwrap();
        assert_eq!(nets.iter().map(ToString::to_string).collect::<Vec<_>>(), ["127.0.0.1/32", "fd00::/8"]);
        assert!(networks(&["everybody".to_owned()]).is_err());
    }
}
