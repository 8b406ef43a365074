//! Whom to trust: the system's certificate authorities, or one file of them and no others.
//!
//! The crypto provider is named here and nowhere else, so no process-wide default has to be set.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

/// Why TLS cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TlsError {
    /// The given file cannot be used.
    #[error("cannot use the certificate file {path}: {cause}")]
    CaFile {
        /// Which.
        path: String,
        /// Why.
        cause: String,
    },
    /// The system has no certificate authorities.
    #[error("this system has no certificate authorities; name a file of them with --ca-file")]
    NoRoots,
    /// The library refuses.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// How servers are verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// A PEM file whose authorities are trusted in place of the system's.
    pub ca_file: Option<PathBuf>,
}

impl Tls {
    /// The configuration for a connection. Reads files: call it where waiting is allowed.
    ///
    /// # Errors
    /// [`TlsError`]
    pub fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let roots = match &self.ca_file {
            Some(path) => read_roots(path)
                .map_err(|cause| TlsError::CaFile { path: path.display().to_string(), cause })?,
            None => system_roots()?,
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

fn read_roots(path: &std::path::Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("it holds no certificate".to_owned()) } else { Ok(roots) }
}

fn system_roots() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    // Systems carry a few odd certificates; those that do not parse are not needed.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsError::NoRoots) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_certificate_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        std::fs::write(&path, "hello").unwrap();
        let error = Tls { ca_file: Some(path.clone()) }.config().unwrap_err();
        assert!(error.to_string().contains("ca.pem"), "{error}");
        let error = Tls { ca_file: Some(dir.path().join("none.pem")) }.config().unwrap_err();
        assert!(matches!(error, TlsError::CaFile { .. }));
    }
}
