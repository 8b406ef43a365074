//! The certificate that the server makes for itself: once, and kept over restarts, because clients
//! remember it.

use std::path::PathBuf;

use anyhow::Context;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};

use super::{TlsFiles, keep};

/// How long it is good. People compare its fingerprint once; a new one costs everybody a question.
const YEARS: i32 = 10;

/// The key and the certificate, in one file, so that one never stands without the other.
const FILE: &str = "self-signed.pem";

/// What the server's own certificate is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnCertificate {
    /// The folder in which it is kept.
    pub dir: PathBuf,
    /// The names and addresses for which it is made.
    pub names: Vec<String>,
}

impl OwnCertificate {
    /// Where it lies.
    #[must_use]
    pub fn files(&self) -> TlsFiles {
        let file = self.dir.join(FILE);
        TlsFiles { cert: file.clone(), key: file }
    }

    /// Makes it where there is none.
    ///
    /// # Errors
    /// A name that cannot stand in a certificate, or a folder that cannot be written.
    pub(super) fn ensure(&self) -> anyhow::Result<TlsFiles> {
        let files = self.files();
        if !files.cert.exists() {
            keep::write(&files.cert, self.make()?.as_bytes())?;
            tracing::info!(file = %files.cert.display(), "a TLS certificate was made; clients will ask about it once");
        }
        Ok(files)
    }

    fn make(&self) -> anyhow::Result<String> {
        let mut params = CertificateParams::new(self.names.clone())
            .with_context(|| format!("tls_names has what is no name: {}", self.names.join(", ")))?;
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, self.names.first().map_or("chat-server", String::as_str));
        params.distinguished_name = subject;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let (year, month) = (i32::from(today.year()), u8::try_from(today.month())?);
        // The first of the month: some clocks are behind.
        params.not_before = rcgen::date_time_ymd(year, month, 1);
        params.not_after = rcgen::date_time_ymd(year + YEARS, month, 1);
        let key = KeyPair::generate().context("cannot make a TLS key")?;
        let certificate = params.self_signed(&key).context("cannot make a TLS certificate")?;
        Ok(key.serialize_pem() + &certificate.pem())
    }
}
