//! `cert`: what people compare who are asked whether they trust this server.

use std::path::PathBuf;

use anyhow::Context;
use chat_proto::{Fingerprint, SafeText, Timestamp};
use serde::Serialize;

use super::output::Output;
use crate::config::Config;
use crate::server::{Facts, TlsSource};

/// The certificate of now.
#[derive(Serialize)]
struct Shown {
    /// Where it comes from.
    tls: &'static str,
    fingerprint: Fingerprint,
    names: Vec<String>,
    from: Timestamp,
    until: Timestamp,
    file: PathBuf,
}

pub(super) fn show(config: &Config, out: &mut Output) -> anyhow::Result<()> {
    let source = config.server.tls.as_ref().context(
        "by these settings the server has no TLS. If it was started with flags, give them here as well: \
         chat-server cert --tls self-signed. Else set tls = \"self-signed\", \"acme\" or \"files\", or ask \
         the proxy before it",
    )?;
    let file = source.files().cert;
    let facts = Facts::read(&file).with_context(|| match source {
        TlsSource::Files(_) => "there is no certificate to show",
        _ => "there is no certificate yet; the server makes it when it starts",
    })?;
    let names = facts.names();
    let Facts { fingerprint, names: list, from, until } = facts;
    let list = list.iter().map(SafeText::to_string).collect();
    let tls = source.mode();
    let shown = Shown { tls, fingerprint, names: list, from, until, file: file.clone() };
    out.put(&shown, || {
        let rows = fingerprint.rows(2).join(&format!("\n{:<10}", ""));
        let dates = format!("{} to {}", super::admin::time(from), super::admin::time(until));
        let whose = match source {
            TlsSource::Acme(acme) if acme.given().is_none() => "acme; the authority has given none yet",
            _ => tls,
        };
        format!(
            "SHA-256   {rows}\nnames     {names}\ngood      {dates}\ntls       {whose}\nfile      {}",
            file.display()
        )
    })
}
