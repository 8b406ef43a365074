//! What others reach: certificate, port, and who may come.

use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use chat_proto::Registration;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::{Finding, is_public};
use crate::config::Config;
use crate::server::{Tls, TlsFiles};

/// A certificate that ends sooner should have been renewed.
const RENEW_DAYS: i64 = 14;

/// How long our own server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

const DAY_S: i64 = 24 * 60 * 60;

pub(super) fn certificate(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "certificate";
    let Some(files) = &config.server.tls else { return Vec::new() };
    if let Err(cause) = Tls::load(files.clone()) {
        let advice = "check the paths, that the server's user may read them, and that they belong together";
        return vec![Finding::problem(CHECK, format!("{cause:#}"), advice)];
    }
    let mut findings = vec![validity(files)];
    let mode = fs::metadata(&files.key).map_or(0, |meta| meta.mode());
    if mode & 0o007 != 0 {
        let found = format!("{} can be read by everybody on this machine", files.key.display());
        findings.push(Finding::problem("TLS key", found, format!("chmod o= {}", files.key.display())));
    }
    findings
}

fn validity(files: &TlsFiles) -> Finding {
    const CHECK: &str = "certificate";
    let Ok(der) = CertificateDer::from_pem_file(&files.cert) else {
        return Finding::problem(CHECK, "it cannot be read", "make it anew");
    };
    let Ok((_, parsed)) = X509Certificate::from_der(&der) else {
        return Finding::problem(CHECK, "it is no X.509 certificate", "make it anew");
    };
    let names = names(&parsed);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let (from, until) = (parsed.validity().not_before.timestamp(), parsed.validity().not_after.timestamp());
    let days = (until - now).div_euclid(DAY_S);
    if now > until {
        return Finding::problem(CHECK, format!("for {names}; it ended {} days ago", -days), "renew it");
    }
    if now < from {
        return Finding::problem(CHECK, format!("for {names}; it is not good yet"), "check the clock");
    }
    let found = format!("for {names}, good for {days} days more");
    if days < RENEW_DAYS {
        return Finding::warning(CHECK, found, "renew it; the server takes the new files by itself");
    }
    Finding::ok(CHECK, found)
}

/// The names for which it is good; what is not text is left out.
fn names(certificate: &X509Certificate<'_>) -> String {
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.into_iter().flat_map(|names| &names.value.general_names);
    let names: Vec<String> = names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.chars().filter(|c| !c.is_control()).collect()),
            GeneralName::IPAddress(bytes) => match **bytes {
                [a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
                _ => {
                    <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string())
                }
            },
            _ => None,
        })
        .collect();
    if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") }
}

pub(super) async fn port(config: &Config) -> Finding {
    const CHECK: &str = "port";
    let address = config.listen;
    match TcpListener::bind(address).await {
        Ok(_) => Finding::ok(CHECK, format!("{address} is free")),
        Err(cause) if cause.kind() == ErrorKind::AddrInUse => {
            taken(address, config.server.tls.is_some()).await
        }
        Err(cause) if cause.kind() == ErrorKind::PermissionDenied => Finding::problem(
            CHECK,
            format!("{address} is not for this user"),
            "choose a port above 1023, let systemd open it, or AmbientCapabilities=CAP_NET_BIND_SERVICE",
        ),
        Err(cause) => Finding::problem(CHECK, format!("{address}: {cause}"), "choose another with --listen"),
    }
}

async fn taken(address: SocketAddr, is_tls: bool) -> Finding {
    const CHECK: &str = "port";
    if is_tls {
        let advice = "if it is not this server, choose another with --listen";
        return Finding::warning(
            CHECK,
            format!("something listens on {address}, with TLS or without"),
            advice,
        );
    }
    if matches!(tokio::time::timeout(PATIENCE, is_ours(address)).await, Ok(Ok(true))) {
        return Finding::ok(CHECK, format!("a chat-server answers on {address}"));
    }
    Finding::problem(
        CHECK,
        format!("something else listens on {address}"),
        "stop it, or choose another port with --listen",
    )
}

async fn is_ours(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(4_096).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).contains("chat server"))
}

/// Settings that each are fine and together are not.
pub(super) fn openness(config: &Config) -> Finding {
    const CHECK: &str = "openness";
    if let Some(net) = config.live.trusted_proxies.iter().find(|net| net.prefix_len() == 0) {
        return Finding::problem(
            CHECK,
            format!("trusted_proxies has {net}: everybody may claim any address"),
            "name only the proxies themselves",
        );
    }
    if config.server.metrics.is_some_and(|address| !address.ip().is_loopback()) {
        return Finding::warning(
            CHECK,
            "metrics_listen is not on this machine only",
            "use 127.0.0.1, or let a firewall admit only Prometheus",
        );
    }
    if is_public(config) && config.server.tls.is_none() {
        return Finding::warning(
            CHECK,
            "others reach this server without TLS: passwords and messages can be read on the way",
            "set tls_cert and tls_key, or listen on 127.0.0.1 behind a proxy that speaks TLS",
        );
    }
    if is_public(config) && config.live.registration == Registration::Open {
        return Finding::warning(CHECK, "everybody may make an account", "registration = \"invite\"");
    }
    Finding::ok(CHECK, "nothing stands open that should not")
}
