//! The settings about TLS: where the certificate comes from.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{bail, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::server::{Acme, OwnCertificate, TlsFiles, TlsSource};

/// The authority that is asked when no setting names another.
pub(super) const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// The folder in the data directory.
const FOLDER: &str = "tls";

/// Names in one certificate; what authorities take at most.
pub const CERTIFICATE_NAMES: usize = 100;

/// The longest name in DNS.
const NAME_CHARS: usize = 253;

/// Where the certificate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// No TLS: behind a proxy that speaks it, or on one machine
    Off,
    /// From tls_cert and tls_key
    Files,
    /// The server makes its own once; clients ask about it at their first connection
    SelfSigned,
    /// From an authority such as Let's Encrypt, renewed by the server
    Acme,
}

/// What the settings say together.
pub(super) fn source(s: &Settings, data_dir: &Path, listen: SocketAddr) -> anyhow::Result<Option<TlsSource>> {
    let has_files = s.tls_cert.is_some() || s.tls_key.is_some();
    let mode = s.tls.unwrap_or(if has_files { TlsMode::Files } else { TlsMode::Off });
    ensure!(
        mode == TlsMode::Files || !has_files,
        "tls_cert and tls_key are for tls = \"files\"; leave them out, or say that"
    );
    let own = || -> anyhow::Result<OwnCertificate> {
        let names = match s.tls_names.clone().filter(|names| !names.is_empty()) {
            Some(names) => names,
            None => usual_names(listen),
        };
        check_names("tls_names", &names)?;
        Ok(OwnCertificate { dir: data_dir.join(FOLDER), names })
    };
    Ok(match (mode, &s.tls_cert, &s.tls_key) {
        (TlsMode::Off, ..) => None,
        (TlsMode::Files, Some(cert), Some(key)) => {
            Some(TlsSource::Files(TlsFiles { cert: cert.clone(), key: key.clone() }))
        }
        (TlsMode::Files, None, None) => bail!("tls = \"files\" needs tls_cert and tls_key"),
        (TlsMode::Files, ..) => bail!("tls-cert and tls-key belong together; give both or neither"),
        (TlsMode::SelfSigned, ..) => Some(TlsSource::SelfSigned(own()?)),
        (TlsMode::Acme, ..) => Some(TlsSource::Acme(Box::new(acme(s, data_dir, own()?)?))),
    })
}

fn acme(s: &Settings, data_dir: &Path, own: OwnCertificate) -> anyhow::Result<Acme> {
    let directory = s.acme_directory.clone().unwrap_or_default();
    ensure!(
        directory.starts_with("https://"),
        "acme_directory begins with https://, and {directory:?} does not"
    );
    let domains: Vec<String> =
        s.acme_domains.iter().flatten().map(|name| name.trim().to_ascii_lowercase()).collect();
    ensure!(
        !domains.is_empty(),
        "tls = \"acme\" needs the names for which the certificate is: acme_domains = [\"chat.example.org\"]"
    );
    check_names("acme_domains", &domains)?;
    let is_name = |name: &String| {
        name.contains('.') && !name.contains('*') && name.parse::<std::net::IpAddr>().is_err()
    };
    if let Some(odd) = domains.iter().find(|name| !is_name(name)) {
        bail!(
            "acme_domains has {odd:?}; authorities prove full names such as chat.example.org this way, no other"
        );
    }
    ensure!(
        s.acme_agree == Some(true),
        "tls = \"acme\" needs acme_agree = true: with it you accept the terms of the authority at {directory}"
    );
    let contact = s.acme_contact.as_deref().map(str::trim).filter(|contact| !contact.is_empty());
    let contact = contact.map(|contact| match contact.contains(':') {
        true => contact.to_owned(),
        false => format!("mailto:{contact}"),
    });
    Ok(Acme { dir: data_dir.join(FOLDER), directory, ca_file: s.acme_ca_file.clone(), contact, domains, own })
}

fn check_names(setting: &str, names: &[String]) -> anyhow::Result<()> {
    ensure!(names.len() <= CERTIFICATE_NAMES, "{setting} has more than {CERTIFICATE_NAMES} names");
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '*');
    let is_good = |name: &&String| (1..=NAME_CHARS).contains(&name.len()) && name.chars().all(fits);
    match names.iter().find(|name| !is_good(name)) {
        Some(odd) => bail!("{setting} has {odd:?}, which is neither a name in ASCII nor an address"),
        None => Ok(()),
    }
}

/// This machine's name, and the address on which the server listens, where that is one.
fn usual_names(listen: SocketAddr) -> Vec<String> {
    let host = rustix::system::uname().nodename().to_string_lossy().to_ascii_lowercase();
    let address = Some(listen.ip()).filter(|address| !address.is_unspecified());
    let mut names: Vec<String> = [Some(host), Some("localhost".to_owned()), address.map(|a| a.to_string())]
        .into_iter()
        .flatten()
        .filter(|name| check_names("", std::slice::from_ref(name)).is_ok())
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source_of(settings: Settings) -> anyhow::Result<Option<TlsSource>> {
        let listen = SocketAddr::from(([10, 0, 0, 5], 7667));
        source(&settings.or(Settings::defaults()), Path::new("/data"), listen)
    }

    fn acme() -> Settings {
        Settings {
            tls: Some(TlsMode::Acme),
            acme_domains: Some(vec!["Chat.example.org".to_owned()]),
            acme_contact: Some("you@example.org".to_owned()),
            acme_agree: Some(true),
            ..Settings::default()
        }
    }

    #[test]
    fn files_are_enough_said_and_nothing_is_off() {
        assert_eq!(source_of(Settings::default()).unwrap(), None);
        let files =
            Settings { tls_cert: Some("a.pem".into()), tls_key: Some("a.key".into()), ..Settings::default() };
        assert!(matches!(source_of(files.clone()).unwrap(), Some(TlsSource::Files(_))));
        let both = Settings { tls: Some(TlsMode::SelfSigned), ..files };
        assert!(source_of(both).is_err());
        let none = Settings { tls: Some(TlsMode::Files), ..Settings::default() };
        assert!(source_of(none).unwrap_err().to_string().contains("tls_cert"));
    }

    #[test]
    fn the_own_certificate_is_for_what_the_machine_is_called() {
        let own = Settings { tls: Some(TlsMode::SelfSigned), ..Settings::default() };
        let Some(TlsSource::SelfSigned(made)) = source_of(own.clone()).unwrap() else { panic!() };
        assert!(made.names.contains(&"localhost".to_owned()) && made.names.contains(&"10.0.0.5".to_owned()));
        let named = Settings { tls_names: Some(vec!["chat.example.org".to_owned()]), ..own.clone() };
        let Some(TlsSource::SelfSigned(made)) = source_of(named).unwrap() else { panic!() };
        assert_eq!(made.names, ["chat.example.org"]);
        assert!(source_of(Settings { tls_names: Some(vec!["chät".to_owned()]), ..own }).is_err());
    }

    #[test]
    fn an_authority_is_asked_only_by_who_says_so() {
        let Some(TlsSource::Acme(asked)) = source_of(acme()).unwrap() else { panic!() };
        assert_eq!(asked.domains, ["chat.example.org"]);
        assert_eq!(asked.contact.as_deref(), Some("mailto:you@example.org"));
        assert_eq!(asked.directory, LETS_ENCRYPT);
        for (wrong, word) in [
            (Settings { acme_agree: None, ..acme() }, "acme_agree = true"),
            (Settings { acme_domains: None, ..acme() }, "acme_domains"),
            (Settings { acme_domains: Some(vec!["*.example.org".to_owned()]), ..acme() }, "*.example.org"),
            (Settings { acme_domains: Some(vec!["10.0.0.5".to_owned()]), ..acme() }, "10.0.0.5"),
            (Settings { acme_directory: Some("http://a.example".to_owned()), ..acme() }, "https://"),
        ] {
            let said = source_of(wrong).unwrap_err().to_string();
            assert!(said.contains(word), "{said}");
        }
    }
}
