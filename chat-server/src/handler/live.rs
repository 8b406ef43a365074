//! What may change while the server runs: one value, swapped whole. Who reads it takes it once and
//! goes on with what it took.

use std::time::Duration;

use chat_proto::{Limits, Registration, limits};
use ipnet::IpNet;

use crate::store::FileQuotas;

/// The settings that a reload changes.
#[derive(Debug, Clone)]
pub struct Live {
    /// The team's name.
    pub name: String,
    /// Who may make an account.
    pub registration: Registration,
    /// What clients must keep to. A connection keeps those that it was told.
    pub limits: Limits,
    /// How much room there is for files.
    pub file_quotas: FileQuotas,
    /// Origins of web pages that may connect, besides the server's own host.
    pub allowed_origins: Vec<String>,
    /// How many connections one address may have.
    pub connections_per_address: usize,
    /// Whose word about the address of others is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Where those proxies say it.
    pub proxy_header: ProxyHeader,
    /// How often a connection is pinged. It keeps the one that it began with.
    pub ping_interval: Duration,
}

/// How a proxy says for whom it speaks. Exactly one way is read: a client could write the others
/// itself, and a proxy that does not know them would pass them on.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// The header X-Forwarded-For
    #[default]
    XForwardedFor,
    /// The header Forwarded (RFC 7239)
    Forwarded,
    /// The PROXY protocol, version 1 or 2, before anything else
    ProxyProtocol,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            name: "chat".to_owned(),
            registration: Registration::Invite,
            limits: Limits::default(),
            file_quotas: FileQuotas::default(),
            allowed_origins: Vec::new(),
            connections_per_address: CONNECTIONS_PER_ADDRESS,
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::default(),
            ping_interval: PING_INTERVAL,
        }
    }
}

/// How often a connection is pinged when no setting says.
pub const PING_INTERVAL: Duration = Duration::from_millis(limits::PING_INTERVAL_MS);

/// Connections of one address when no setting says: a large office behind one address, and a
/// tenth of what the whole server takes.
pub const CONNECTIONS_PER_ADDRESS: usize = 1_000;
