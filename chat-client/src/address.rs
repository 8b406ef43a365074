//! Where a server is, read from what people type.
//!
//! 1. `example.org`, `example.org:7667`, `ws://127.0.0.1:7667` and `wss://chat.example.org` are all
//!    understood; what is left out is filled in.
//! 2. Without a scheme only this very machine is spoken to in the clear; every other is `wss`.
//! 3. The shown form reads back to the same address.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// The port of a server without TLS: the product's own.
const PLAIN_PORT: u16 = 7667;

/// The port of a server with TLS: the one that firewalls let through.
const TLS_PORT: u16 = 443;

/// Longest host name in DNS.
const HOST_BYTES: usize = 253;

/// Why a text is not the address of a server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Nothing was typed.
    #[error("the server's address is empty; write it like example.org or ws://127.0.0.1:7667")]
    Empty,
    /// A scheme that is not a chat server's.
    #[error("{0:?} is not a chat server's scheme; use ws:// or wss://")]
    Scheme(String),
    /// A host that cannot be one.
    #[error("{0:?} is not a host name; write the server like example.org or ws://127.0.0.1:7667")]
    Host(String),
    /// A port that cannot be one.
    #[error("{0:?} is not a port; it is a number from 1 to 65535")]
    Port(String),
    /// A path, query or user name, which chat servers do not have.
    #[error("the server's address has nothing after the port; leave {0:?} out")]
    Path(String),
}

/// The address of a server: scheme, host and port. The path is always `/ws`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerAddress {
    host: String,
    port: u16,
    tls: bool,
}

impl ServerAddress {
    /// The host as dialled; IPv6 without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// The beginning of the URLs that the server answers over plain HTTP.
    #[must_use]
    pub fn http_url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }

    /// Host and port, as HTTP names them.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("{}:{}", Bracketed(&self.host), self.port)
    }

    /// The URL of the WebSocket.
    #[must_use]
    pub fn socket_url(&self) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{}:{}/ws", Bracketed(&self.host), self.port)
    }
}

impl FromStr for ServerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        let rest = rest.strip_suffix("/ws").unwrap_or(rest).trim_end_matches('/');
        if rest.is_empty() {
            return Err(AddressError::Empty);
        }
        if let Some(at) = rest.find(['/', '?', '#']) {
            return Err(AddressError::Path(rest[at..].to_owned()));
        }
        let (host, port) = split_port(rest)?;
        let tls = match scheme.as_deref() {
            Some("ws" | "http") => false,
            Some("wss" | "https") => true,
            Some(other) => return Err(AddressError::Scheme(other.to_owned())),
            None => !is_loopback(&host),
        };
        let port = port.unwrap_or(if tls { TLS_PORT } else { PLAIN_PORT });
        Ok(Self { host, port, tls })
    }
}

fn split_port(text: &str) -> Result<(String, Option<u16>), AddressError> {
    if let Ok(bare) = text.parse::<Ipv6Addr>() {
        return Ok((bare.to_string(), None));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port = port.map(|port| match port.parse::<u16>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(AddressError::Port(port.to_owned())),
    });
    Ok((host_of(host)?, port.transpose()?))
}

fn host_of(text: &str) -> Result<String, AddressError> {
    let bad = || AddressError::Host(text.to_owned());
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or_else(bad)?;
        return inner.parse::<Ipv6Addr>().map(|address| address.to_string()).map_err(|_| bad());
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let edges = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if text.is_empty() || text.len() > HOST_BYTES || !edges || !text.chars().all(fits) {
        return Err(bad());
    }
    Ok(text.trim_end_matches('.').to_ascii_lowercase())
}

fn is_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// A host as it stands in a URL.
struct Bracketed<'a>(&'a str);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = Bracketed(&self.host);
        match (self.tls, self.port) {
            (true, TLS_PORT) => write!(f, "wss://{host}"),
            (true, port) => write!(f, "wss://{host}:{port}"),
            (false, port) => write!(f, "ws://{host}:{port}"),
        }
    }
}

impl Serialize for ServerAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ServerAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(typed: &str) -> String {
        match typed.parse::<ServerAddress>() {
            Ok(address) => {
                assert_eq!(address.to_string().parse(), Ok(address.clone()), "{typed} reads back");
                address.to_string()
            }
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn what_people_type_is_understood() {
        for (typed, expected) in [
            ("example.org", "wss://example.org"),
            ("Example.ORG.", "wss://example.org"),
            ("example.org:7667", "wss://example.org:7667"),
            ("ws://127.0.0.1:7667", "ws://127.0.0.1:7667"),
            ("ws://127.0.0.1:7667/ws", "ws://127.0.0.1:7667"),
            ("wss://chat.example.org/", "wss://chat.example.org"),
            ("https://chat.example.org", "wss://chat.example.org"),
            ("localhost", "ws://localhost:7667"),
            ("127.0.0.1:9000", "ws://127.0.0.1:9000"),
            ("::1", "ws://[::1]:7667"),
            ("[::1]:9000", "ws://[::1]:9000"),
            ("10.0.0.5", "wss://10.0.0.5"),
            ("ws://10.0.0.5", "ws://10.0.0.5:7667"),
        ] {
            assert_eq!(shown(typed), expected, "{typed}");
        }
    }

    #[test]
    fn what_is_not_an_address_says_why() {
        for (typed, expected) in [
            (" ", "Empty"),
            ("ws://", "Empty"),
            ("ftp://example.org", "Scheme(\"ftp\")"),
            ("example.org:0", "Port(\"0\")"),
            ("example.org:99999", "Port(\"99999\")"),
            ("example.org/chat", "Path(\"/chat\")"),
            ("exa mple.org", "Host(\"exa mple.org\")"),
            ("ada@example.org", "Host(\"ada@example.org\")"),
            ("[::1", "Host(\"[:\")"),
        ] {
            assert_eq!(shown(typed), expected, "{typed}");
        }
    }

    #[test]
    fn the_socket_is_always_at_ws() {
        let url = |typed: &str| typed.parse::<ServerAddress>().unwrap().socket_url();
        assert_eq!(url("example.org"), "wss://example.org:443/ws");
        assert_eq!(url("::1"), "ws://[::1]:7667/ws");
        assert_eq!("::1".parse::<ServerAddress>().unwrap().http_url(), "http://[::1]:7667");
    }
}
