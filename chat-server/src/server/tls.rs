//! TLS from a given certificate.

use std::sync::Arc;

use anyhow::Context;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::TlsFiles;

/// Reads the certificate chain and its key.
pub(super) fn acceptor(files: &TlsFiles) -> anyhow::Result<TlsAcceptor> {
    let cannot =
        |what: &str, path: &std::path::Path| format!("cannot read the TLS {what} in {}", path.display());
    let chain = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| cannot("certificate", &files.cert))?;
    anyhow::ensure!(!chain.is_empty(), "there is no certificate in {}", files.cert.display());
    let key = PrivateKeyDer::from_pem_file(&files.key).with_context(|| cannot("key", &files.key))?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| format!("the TLS key in {} does not fit the certificate", files.key.display()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
