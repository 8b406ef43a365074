//! What a certificate says of itself, for people.

use std::path::Path;

use anyhow::Context;
use chat_proto::{Fingerprint, SafeText, Timestamp};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its SHA-256, which clients show.
    pub fingerprint: Fingerprint,
    /// The names for which it is good.
    pub names: Vec<SafeText>,
    /// From when it is good.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

impl Facts {
    /// Of the first certificate in a file, which is the server's own.
    ///
    /// # Errors
    /// There is no file, or no certificate in it.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let certificate = CertificateDer::from_pem_file(file)
            .with_context(|| format!("cannot read the TLS certificate in {}", file.display()))?;
        Self::of(&certificate).with_context(|| format!("in {}", file.display()))
    }

    /// Of this certificate.
    ///
    /// # Errors
    /// It is none.
    pub fn of(certificate: &CertificateDer<'_>) -> anyhow::Result<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate).context("it is no X.509 certificate")?;
        let time = |seconds: i64| Timestamp(seconds.saturating_mul(1_000));
        Ok(Self {
            fingerprint: Fingerprint::new(Sha256::digest(certificate).into()),
            names: names(&parsed),
            from: time(parsed.validity().not_before.timestamp()),
            until: time(parsed.validity().not_after.timestamp()),
        })
    }

    /// The names in one line.
    #[must_use]
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.names.iter().map(SafeText::as_str).collect();
        if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") }
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<SafeText> {
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.into_iter().flat_map(|names| &names.value.general_names);
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(SafeText::line(name)),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .collect()
}

fn address(bytes: &[u8]) -> Option<SafeText> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| std::net::Ipv4Addr::from(bytes).to_string());
    let text = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(|b| std::net::Ipv6Addr::from(b).to_string()));
    text.ok().map(|text| SafeText::line(&text))
}
