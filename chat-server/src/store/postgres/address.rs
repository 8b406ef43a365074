//! Where the database is, and how one gets there.

use std::fmt;
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long one try to connect may take.
const CONNECT: Duration = Duration::from_secs(5);

/// After so long without a word from a machine that should answer, the connection is broken.
const BROKEN: Duration = Duration::from_secs(15);

/// What the database calls us in its lists.
const NAME: &str = "chat-server";

/// The address of a PostgreSQL database, `postgres://user:password@host/database`. Its password is
/// in no text that is made of it.
#[derive(Clone)]
pub struct Address {
    config: Config,
    authorities: Option<PathBuf>,
}

/// Why a text is no such address, with what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Another scheme.
    #[error("database must begin with postgres:// (or be left out for SQLite in the data directory)")]
    Scheme,
    /// Something in it cannot be read.
    #[error("database: {0}")]
    Unreadable(String),
    /// No database is named.
    #[error("database names no database; write it behind the host: postgres://user@host/chat")]
    Nameless,
    /// TLS without anybody to trust.
    #[error("database: {0}")]
    Trust(String),
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(AddressError::Scheme);
        }
        let (text, own) = Own::taken_from(text)?;
        let unreadable = |cause: tokio_postgres::Error| {
            let cause =
                std::error::Error::source(&cause).map_or_else(|| cause.to_string(), ToString::to_string);
            AddressError::Unreadable(cause)
        };
        let mut config: Config = text.parse().map_err(unreadable)?;
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(AddressError::Nameless);
        }
        config.ssl_mode(own.mode.unwrap_or(if is_near(&config) {
            SslMode::Disable
        } else {
            SslMode::Require
        }));
        config
            .connect_timeout(CONNECT)
            .tcp_user_timeout(BROKEN)
            .keepalives_idle(BROKEN)
            .application_name(NAME);
        Ok(Self { config, authorities: own.authorities })
    }
}

/// What stands in the address and the driver does not know, or knows differently.
#[derive(Default)]
struct Own {
    mode: Option<SslMode>,
    authorities: Option<PathBuf>,
}

impl Own {
    fn taken_from(text: &str) -> Result<(String, Self), AddressError> {
        let mut own = Own::default();
        let Some((place, query)) = text.split_once('?') else { return Ok((text.to_owned(), own)) };
        let mut rest = form_urlencoded::Serializer::new(String::new());
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match (&*key, &*value) {
                ("sslmode", "disable") => own.mode = Some(SslMode::Disable),
                // Whoever wants TLS wants to know with whom: there is no TLS without looking.
                ("sslmode", "require" | "verify-ca" | "verify-full") => own.mode = Some(SslMode::Require),
                ("sslmode", other) => {
                    let text = format!(
                        "sslmode={other} is not known; write disable, or require (which also checks the certificate)"
                    );
                    return Err(AddressError::Unreadable(text));
                }
                ("sslrootcert", file) => own.authorities = Some(file.into()),
                (key, value) => drop(rest.append_pair(key, value)),
            }
        }
        // The driver reads a plus as a plus.
        let rest = rest.finish().replace('+', "%20");
        Ok((if rest.is_empty() { place.to_owned() } else { format!("{place}?{rest}") }, own))
    }
}

/// Whether the database is on this machine, where nobody listens in between.
fn is_near(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    })
}

impl Address {
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// How TLS is spoken with it, where it is: with a certificate that the system trusts, or one of
    /// the stated authorities.
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect, AddressError> {
        let mut roots = RootCertStore::empty();
        if self.config.get_ssl_mode() != SslMode::Disable {
            match &self.authorities {
                Some(file) => {
                    let unusable = |cause: String| {
                        AddressError::Trust(format!("sslrootcert={}: {cause}", file.display()))
                    };
                    let text = fs::read(file).map_err(|cause| unusable(cause.to_string()))?;
                    let found = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
                    roots.add_parsable_certificates(found.map_err(|cause| unusable(cause.to_string()))?);
                    if roots.is_empty() {
                        return Err(unusable("there is no certificate in it".to_owned()));
                    }
                }
                None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|cause| AddressError::Trust(cause.to_string()))?;
        Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        };
        let port = self.config.get_ports().first().map_or_else(String::new, |port| format!(":{port}"));
        write!(f, "postgres://{host}{port}/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Result<Address, AddressError> {
        text.parse()
    }

    #[test]
    fn tls_is_spoken_with_other_machines_unless_the_admin_says_otherwise() {
        for (text, mode) in [
            ("postgres://chat@localhost/chat", SslMode::Disable),
            ("postgres://chat@127.0.0.1:5433/chat", SslMode::Disable),
            ("postgres://chat@%2Fvar%2Frun%2Fpostgresql/chat", SslMode::Disable),
            ("postgres://chat@db.example.org/chat", SslMode::Require),
            ("postgresql://chat@10.0.0.7/chat?sslmode=verify-full", SslMode::Require),
            ("postgres://chat@localhost/chat?sslmode=require", SslMode::Require),
            ("postgres://chat@db.example.org/chat?sslmode=disable", SslMode::Disable),
        ] {
            assert_eq!(address(text).unwrap().config.get_ssl_mode(), mode, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_and_no_password_shown() {
        let shown = address("postgres://chat:s3cret@db.example.org:5433/chat").unwrap();
        assert_eq!(format!("{shown} {shown:?}").matches("s3cret").count(), 0);
        assert_eq!(shown.to_string(), "postgres://db.example.org:5433/chat");
        for (text, said) in [
            ("mysql://x/y", "must begin with postgres://"),
            ("postgres://chat@localhost", "names no database"),
            ("postgres://chat@localhost/chat?sslmode=prefer", "sslmode=prefer"),
            ("postgres://chat@localhost/chat?colour=red", "colour"),
        ] {
            let error = address(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
