//! An authority for certificates, made for a test.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// Whoever it vouches for is on this machine.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// An authority, and where its certificate lies.
pub(super) struct Authority {
    root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate (PEM).
    pub(super) file: PathBuf,
}

/// A certificate with its key, as PEM.
pub(super) struct Vouched {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    /// Makes one, with its certificate in this folder under this name.
    pub(super) fn new(folder: &Path, name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate()?;
        let root = params.self_signed(&key)?;
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, root.pem())?;
        Ok(Self { root: root.der().clone(), issuer: Issuer::new(params, key), file })
    }

    /// A certificate for this machine.
    pub(super) fn vouch(&self) -> Result<Vouched> {
        let key = KeyPair::generate()?;
        let params = CertificateParams::new(NAMES.map(str::to_owned).to_vec())?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Vouched { certificate, key: key.serialize_pem() })
    }

    /// What a client speaks TLS with that trusts nobody else.
    pub(super) fn client(&self) -> Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone())?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
    }
}
