//! The settings about the bus between nodes.

use anyhow::{Context, ensure};
use chat_proto::Secret;
use reqwest::Url;

use super::Settings;
use crate::bus::BusSettings;

/// The variable that holds the password or token for the bus.
pub(super) const SECRET_VARIABLE: &str = "CHAT_SERVER_BUS_SECRET";

/// What the cluster is called when no setting says.
pub(super) const CLUSTER: &str = "main";

/// Longest name of a cluster: a part of every subject.
const CLUSTER_CHARS: usize = 40;

/// What is needed to reach the bus; none where there is one node only.
pub(super) fn check(s: &Settings) -> anyhow::Result<Option<BusSettings>> {
    let given = s.bus.clone().unwrap_or_default();
    let servers: Vec<String> =
        given.iter().map(|server| server.trim().to_owned()).filter(|server| !server.is_empty()).collect();
    if servers.is_empty() {
        return Ok(None);
    }
    for server in &servers {
        let url = Url::parse(server)
            .with_context(|| format!("bus: {server:?} is no address; give one like nats://127.0.0.1:4222"))?;
        ensure!(
            matches!(url.scheme(), "nats" | "tls") && url.host_str().is_some(),
            "bus: an address begins with nats://, or tls:// to be safe from listeners, like nats://127.0.0.1:4222"
        );
        ensure!(
            url.username().is_empty() && url.password().is_none(),
            "bus would show its password in the list of processes; give it as {SECRET_VARIABLE}, or as bus_secret in the file"
        );
    }
    let cluster = s.cluster.clone().unwrap_or_else(|| CLUSTER.to_owned());
    ensure!(
        (1..=CLUSTER_CHARS).contains(&cluster.len())
            && cluster.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'),
        "cluster must be 1 to {CLUSTER_CHARS} letters, digits, - or _"
    );
    Ok(Some(BusSettings {
        servers,
        cluster,
        user: s.bus_user.clone().filter(|user| !user.is_empty()),
        secret: s.bus_secret.clone().filter(|secret| !secret.is_empty()).map(Secret::new),
        ca_file: s.bus_ca_file.clone().filter(|file| !file.as_os_str().is_empty()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(bus: &str) -> anyhow::Result<Option<BusSettings>> {
        check(&Settings { bus: Some(vec![bus.to_owned()]), ..Settings::defaults() })
    }

    #[test]
    fn a_bus_is_an_address_without_a_secret() {
        assert!(checked("").unwrap().is_none());
        assert_eq!(checked("nats://127.0.0.1:4222").unwrap().unwrap().cluster, CLUSTER);
        assert!(checked("tls://nats.example.org").is_ok());
        for bad in ["127.0.0.1:4222", "http://127.0.0.1:4222", "nats://me:secret@127.0.0.1"] {
            assert!(checked(bad).is_err(), "{bad}");
        }
        let named = Settings {
            cluster: Some("a.b".to_owned()),
            bus: Some(vec!["nats://x".to_owned()]),
            ..Settings::defaults()
        };
        assert!(check(&named).is_err(), "a dot would make another subject");
    }
}
