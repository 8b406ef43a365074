//! What others reach: certificate, port, and who may come.

use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use chat_proto::{Ping, Registration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use super::{Finding, is_public};
use crate::bus::Nats;
use crate::config::Config;
use crate::console::{self, Console};
use crate::hub::now;
use crate::server::{Acme, AcmeState, Facts, Tls, TlsFiles, TlsSource};
use crate::sso::Sso;

/// A certificate that ends sooner should have been renewed.
const RENEW_DAYS: i64 = 14;

/// How long our own server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

pub(super) fn certificate(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "certificate";
    let Some(source) = &config.server.tls else { return Vec::new() };
    let files = source.files();
    if !matches!(source, TlsSource::Files(_)) && !files.cert.exists() {
        return vec![Finding::ok(CHECK, "the server makes one when it starts")];
    }
    if let Err(cause) = Tls::check(source) {
        let advice = "check the paths, that the server's user may read them, and that they belong together";
        return vec![Finding::problem(CHECK, format!("{cause:#}"), advice)];
    }
    let mut findings = vec![validity(source, &files)];
    let mode = fs::metadata(&files.key).map_or(0, |meta| meta.mode());
    if mode & 0o007 != 0 {
        let found = format!("{} can be read by everybody on this machine", files.key.display());
        findings.push(Finding::problem("TLS key", found, format!("chmod o= {}", files.key.display())));
    }
    if let TlsSource::Acme(acme) = source {
        findings.push(authority(acme));
    }
    findings
}

fn validity(source: &TlsSource, files: &TlsFiles) -> Finding {
    const CHECK: &str = "certificate";
    let facts = match Facts::read(&files.cert) {
        Ok(facts) => facts,
        Err(cause) => return Finding::problem(CHECK, format!("{cause:#}"), "make it anew"),
    };
    let names = facts.names();
    let now = now().0;
    let days = (facts.until.0 - now).div_euclid(DAY_MS);
    let renew = match source {
        TlsSource::Files(_) => "renew it; the server takes the new files by itself",
        TlsSource::SelfSigned(_) => {
            "move it away and restart, and tell people the new fingerprint (chat-server cert)"
        }
        TlsSource::Acme(_) => "see what the authority said",
    };
    if now > facts.until.0 {
        return Finding::problem(CHECK, format!("for {names}; it ended {} days ago", -days), renew);
    }
    if now < facts.from.0 {
        return Finding::problem(CHECK, format!("for {names}; it is not good yet"), "check the clock");
    }
    let found = format!("{}, for {names}, good for {days} days more", source.mode());
    // An authority may give shorter ones, which are renewed in time.
    if days < RENEW_DAYS && !matches!(source, TlsSource::Acme(_)) {
        return Finding::warning(CHECK, found, renew);
    }
    Finding::ok(CHECK, found)
}

/// How the last try at the authority went.
fn authority(acme: &Acme) -> Finding {
    const CHECK: &str = "authority";
    const ADVICE: &str = "the names in acme_domains must lead here, and port 443 must reach this server from outside; \
                          systemctl reload chat-server tries at once";
    let Some(AcmeState { error, .. }) = acme.state() else {
        return Finding::warning(CHECK, format!("{} was not asked yet", acme.directory), "start the server");
    };
    match (error, acme.given()) {
        (None, _) => Finding::ok(CHECK, format!("{} gave the certificate", acme.directory)),
        (Some(error), Some(_)) => Finding::warning(CHECK, format!("it was not renewed: {error}"), ADVICE),
        (Some(error), None) => Finding::problem(CHECK, format!("it gave no certificate: {error}"), ADVICE),
    }
}

pub(super) async fn port(config: &Config) -> Finding {
    const CHECK: &str = "port";
    let address = config.listen;
    match TcpListener::bind(address).await {
        Ok(_) => Finding::ok(CHECK, format!("{address} is free")),
        Err(cause) if cause.kind() == ErrorKind::AddrInUse => taken(address, config).await,
        Err(cause) if cause.kind() == ErrorKind::PermissionDenied => Finding::problem(
            CHECK,
            format!("{address} is not for this user"),
            "choose a port above 1023, let systemd open it, or AmbientCapabilities=CAP_NET_BIND_SERVICE",
        ),
        Err(cause) => Finding::problem(CHECK, format!("{address}: {cause}"), "choose another with --listen"),
    }
}

async fn taken(address: SocketAddr, config: &Config) -> Finding {
    const CHECK: &str = "port";
    // Through TLS nobody can be asked without trusting a certificate; the console needs none.
    if matches!(tokio::time::timeout(PATIENCE, console_answers(&config.data_dir)).await, Ok(true)) {
        return Finding::ok(
            CHECK,
            format!("a chat-server answers on {address}: the one of this data directory"),
        );
    }
    if config.server.tls.is_some() {
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

/// Whether a server runs on this data directory and answers there.
async fn console_answers(data_dir: &Path) -> bool {
    let Ok(stream) = UnixStream::connect(console::place(data_dir)).await else { return false };
    Console::new(stream).ask(Ping {}).await.is_ok()
}

/// Whether people can log in by the provider, as far as one can see without logging in.
pub(super) async fn provider(config: &Config) -> Option<Finding> {
    const CHECK: &str = "provider";
    let settings = config.sso.clone()?;
    let issuer = settings.issuer.clone();
    let described = match Sso::new(settings) {
        Ok(sso) => sso.describe().await,
        Err(cause) => Err(format!("{cause:#}")),
    };
    Some(match described {
        Ok(ways) => Finding::ok(CHECK, format!("{issuer} describes itself; people log in by {ways}")),
        Err(cause) => Finding::problem(
            CHECK,
            format!("{issuer}: {cause}"),
            "oidc_issuer must be what the provider calls itself, to the letter, and this machine must reach it",
        ),
    })
}

/// Whether other nodes are reached.
pub(super) async fn bus(config: &Config) -> Option<Finding> {
    const CHECK: &str = "bus";
    let settings = config.bus.as_ref()?;
    let servers = settings.servers.join(", ");
    let cluster = &settings.cluster;
    Some(match Nats::try_once(settings).await {
        Ok(version) => Finding::ok(
            CHECK,
            format!("NATS {version} at {servers} takes this node of the cluster {cluster}"),
        ),
        Err(cause) => Finding::problem(
            CHECK,
            format!("{servers}: {cause:#}"),
            "start NATS there, or correct bus, bus_user, bus_secret and bus_ca_file; without it nodes work, but hear of each other later",
        ),
    })
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
            "set tls = \"self-signed\", \"acme\" or \"files\", or listen on 127.0.0.1 behind a proxy that speaks TLS",
        );
    }
    if is_public(config) && config.live.registration == Registration::Open {
        return Finding::warning(CHECK, "everybody may make an account", "registration = \"invite\"");
    }
    Finding::ok(CHECK, "nothing stands open that should not")
}
