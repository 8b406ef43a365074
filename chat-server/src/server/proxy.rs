//! For whom a trusted proxy speaks. Nobody else's word about it is read.

use std::io;
use std::net::IpAddr;

use hyper::header::{FORWARDED, HeaderMap, HeaderName};
use ipnet::IpNet;
use ppp::{HeaderResult, v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::handler::live::{Live, ProxyHeader};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The longest header of version 1, with its end of line.
const TEXT_HEADER: usize = 107;

/// What a header of version 2 may carry besides the addresses; more is not about one connection.
const BINARY_REST: usize = 1_024;

/// Whether this address is one of a trusted proxy.
pub(super) fn is_trusted(address: IpAddr, proxies: &[IpNet]) -> bool {
    let address = address.to_canonical();
    proxies.iter().any(|net| net.contains(&address))
}

/// The client that a trusted proxy names in the headers of a request: the last address that is no
/// trusted proxy itself. Those before it are the client's own claim.
pub(super) fn client(headers: &HeaderMap, live: &Live) -> Option<IpAddr> {
    let name = match live.proxy_header {
        ProxyHeader::XForwardedFor => X_FORWARDED_FOR,
        ProxyHeader::Forwarded => FORWARDED,
        ProxyHeader::ProxyProtocol => return None,
    };
    let lines: Vec<&str> = headers.get_all(&name).iter().filter_map(|line| line.to_str().ok()).collect();
    let hops = lines.iter().flat_map(|line| line.split(','));
    let mut named = None;
    for hop in hops.rev() {
        let text = if live.proxy_header == ProxyHeader::Forwarded { forwarded_for(hop) } else { Some(hop) };
        // A hop that cannot be read is nobody's address, and what stands before it proves nothing.
        let Some(address) = text.and_then(address) else { break };
        named = Some(address);
        if !is_trusted(address, &live.trusted_proxies) {
            break;
        }
    }
    named
}

/// What one element of `Forwarded` says after `for=`.
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
    })
}

/// An address with or without its port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split(']').next()?.parse().ok();
    }
    let host = text.split_once(':').filter(|(_, port)| !port.contains(':')).map_or(text, |(host, _)| host);
    host.parse().ok()
}

/// Reads a header of the PROXY protocol and not a byte more. `None` when the proxy speaks for
/// itself, as in its health checks.
pub(super) async fn read_header(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<IpAddr>> {
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "this is no header of the PROXY protocol");
    let mut bytes = vec![0; v2::PROTOCOL_PREFIX.len()];
    stream.read_exact(&mut bytes).await?;
    if bytes == v2::PROTOCOL_PREFIX {
        let mut more = [0; 4];
        stream.read_exact(&mut more).await?;
        let rest = usize::from(u16::from_be_bytes([more[2], more[3]]));
        if rest > BINARY_REST {
            return Err(bad());
        }
        bytes.extend(more);
        let head = bytes.len();
        bytes.resize(head + rest, 0);
        stream.read_exact(&mut bytes[head..]).await?;
    } else if bytes.starts_with(v1::PROTOCOL_PREFIX.as_bytes()) {
        while bytes.last() != Some(&b'\n') {
            if bytes.len() >= TEXT_HEADER {
                return Err(bad());
            }
            bytes.push(stream.read_u8().await?);
        }
    }
    match HeaderResult::parse(&bytes) {
        HeaderResult::V1(Ok(header)) => Ok(match header.addresses {
            v1::Addresses::Tcp4(tcp) => Some(IpAddr::V4(tcp.source_address)),
            v1::Addresses::Tcp6(tcp) => Some(IpAddr::V6(tcp.source_address)),
            v1::Addresses::Unknown => None,
        }),
        HeaderResult::V2(Ok(header)) if header.command == v2::Command::Local => Ok(None),
        HeaderResult::V2(Ok(header)) => Ok(match header.addresses {
            v2::Addresses::IPv4(ip) => Some(IpAddr::V4(ip.source_address)),
            v2::Addresses::IPv6(ip) => Some(IpAddr::V6(ip.source_address)),
            v2::Addresses::Unspecified | v2::Addresses::Unix(_) => None,
        }),
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn named(header: ProxyHeader, lines: &[&'static str]) -> Option<String> {
        let live = Live {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
            proxy_header: header,
            ..Live::default()
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_static(line));
            headers.append(FORWARDED, HeaderValue::from_static(line));
        }
        client(&headers, &live).map(|address| address.to_string())
    }

    #[test]
    fn the_last_address_that_is_no_proxy_is_the_client() {
        let named = |lines: &[&'static str]| named(ProxyHeader::XForwardedFor, lines);
        assert_eq!(named(&["192.0.2.1"]).unwrap(), "192.0.2.1");
        assert_eq!(named(&["6.6.6.6, 192.0.2.1, 10.0.0.2"]).unwrap(), "192.0.2.1", "the first is a claim");
        assert_eq!(named(&["6.6.6.6", "192.0.2.1"]).unwrap(), "192.0.2.1");
        assert_eq!(named(&["192.0.2.1:5000"]).unwrap(), "192.0.2.1");
        assert_eq!(named(&["[2001:db9::1]:5000"]).unwrap(), "2001:db9::1");
        assert_eq!(named(&["10.0.0.9, 10.0.0.2"]).unwrap(), "10.0.0.9");
        assert_eq!(named(&["6.6.6.6, nonsense, 10.0.0.2"]).unwrap(), "10.0.0.2");
        assert_eq!(named(&[]), None);
        assert_eq!(named(&["unknown"]), None);
    }

    #[test]
    fn forwarded_is_read_as_the_rfc_writes_it() {
        let named = |lines: &[&'static str]| named(ProxyHeader::Forwarded, lines);
        let line = "for=6.6.6.6, For=\"[2001:db9:cafe::17]:4711\";proto=https;by=203.0.113.43, for=10.0.0.2";
        assert_eq!(named(&[line]).unwrap(), "2001:db9:cafe::17");
        assert_eq!(named(&["for=_hidden"]), None);
        assert_eq!(named(&["192.0.2.1"]), None, "not the form of the other header");
    }

    #[tokio::test]
    async fn the_proxy_protocol_is_read_to_its_last_byte() {
        async fn read(header: &[u8]) -> io::Result<(Option<IpAddr>, Vec<u8>)> {
            let bytes = [header, b"GET / HTTP/1.1\r\n"].concat();
            let mut stream = &bytes[..];
            let address = read_header(&mut stream).await?;
            Ok((address, stream.to_vec()))
        }
        let client = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let v2 =
            [v2::PROTOCOL_PREFIX, &[0x21, 0x11, 0, 12], &[192, 0, 2, 1, 10, 0, 0, 1, 0, 80, 1, 187]].concat();
        let local = [v2::PROTOCOL_PREFIX, &[0x20, 0, 0, 0]].concat();
        for (header, expected) in [
            (&b"PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\r\n"[..], client("192.0.2.1")),
            (b"PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n", client("2001:db8::1")),
            (b"PROXY UNKNOWN\r\n", None),
            (&v2, client("192.0.2.1")),
            (&local, None),
        ] {
            let (address, rest) = read(header).await.unwrap();
            assert_eq!(address, expected);
            assert_eq!(rest, b"GET / HTTP/1.1\r\n");
        }
        let long = [b"PROXY TCP4 ".to_vec(), vec![b'1'; 200]].concat();
        let huge = [v2::PROTOCOL_PREFIX, &[0x21, 0x11, 0xff, 0xff]].concat();
        for bad in [&b"GET /ws HTTP/1.1\r\n"[..], &long, &huge, b"PROXY TCP4 999.0.2.1 10.0.0.1 1 2\r\n"] {
            assert!(read(bad).await.is_err());
        }
    }
}
