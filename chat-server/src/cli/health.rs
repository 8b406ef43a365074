//! `health`: asks the server that the configuration names how it is, for whoever restarts it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;

use super::output::Output;
use crate::config::{Config, Settings};

/// How long the server may take: as long as it takes itself to find that its database does not
/// answer, and a second more.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is asked.
#[derive(Debug, Args)]
pub(super) struct HealthArgs {
    /// Ask whether clients should come, not only whether the process answers
    #[arg(long)]
    ready: bool,
    #[command(flatten)]
    pub(super) settings: Box<Settings>,
}

/// Asks. An error is an answer, too: the exit code is 1.
pub(super) async fn ask(ready: bool, config: &Config, out: &mut Output) -> anyhow::Result<()> {
    let address = here(config.listen);
    ensure!(address.port() != 0, "the port is chosen at the start; say which with --listen ADDR:PORT");
    let scheme = if config.server.tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{address}/{}", if ready { "ready" } else { "health" });
    // This process asks once; another provider cannot be there already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // What is asked is this very machine, by its address; certificates are for names.
    let http = reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        .tls_danger_accept_invalid_certs(true)
        .build()
        .context("cannot ask")?;
    let answer = http.get(&url).send().await.with_context(|| format!("no server answers at {url}"))?;
    let status = answer.status();
    let said = answer.text().await.unwrap_or_default();
    ensure!(status.is_success(), "{url} answers {status}: {}", said.trim());
    out.put(&serde_json::json!({ "url": url, "said": said.trim() }), || said.trim().to_owned())
}

impl HealthArgs {
    /// Whether more than the process is asked for.
    pub(super) fn ready(&self) -> bool {
        self.ready
    }
}

/// Where a server that listens there is found on this machine.
fn here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
