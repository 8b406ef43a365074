//! TLS from given files, which are read again when they change.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::TlsFiles;
use crate::metrics::{Reload, metrics};

/// How often to look whether the files are others. A look, in place of word from the kernel:
/// certificates are renewed by links that are turned, on volumes that tell nothing, and nobody
/// waits for the minute.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// The certificate in force. Connections that are open keep theirs.
pub struct Tls {
    files: ArcSwap<TlsFiles>,
    config: ArcSwap<ServerConfig>,
}

/// What tells one state of a file from another without reading it.
type Fingerprint = Option<[i64; 5]>;

impl Tls {
    /// Reads the certificate chain and its key.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn load(files: TlsFiles) -> anyhow::Result<Self> {
        let config = read(&files)?;
        Ok(Self { files: ArcSwap::from_pointee(files), config: ArcSwap::from(config) })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.load_full())
    }

    /// Takes these files from now on; what was in force stays so if they cannot be used.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn reload(&self, files: TlsFiles) -> anyhow::Result<()> {
        let config = read(&files)?;
        self.files.store(Arc::new(files));
        self.config.store(config);
        Ok(())
    }

    /// Reads the files again whenever they change, until `stop`.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut seen = self.fingerprints();
        while stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
            self.look(&mut seen);
        }
    }

    /// A pair that is half written is refused and read again when the other half is there.
    fn look(&self, seen: &mut [Fingerprint; 2]) {
        let now = self.fingerprints();
        if now == *seen {
            return;
        }
        *seen = now;
        let files = self.files.load_full();
        match self.reload(TlsFiles::clone(&files)) {
            Ok(()) => {
                metrics().reloads.add_one(Reload::Done);
                info!(cert = %files.cert.display(), "the TLS certificate was read again");
            }
            Err(cause) => {
                metrics().reloads.add_one(Reload::Refused);
                error!(
                    "the TLS certificate changed and cannot be used; the one before stays in force: {cause:#}"
                );
            }
        }
    }

    fn fingerprints(&self) -> [Fingerprint; 2] {
        let files = self.files.load();
        [fingerprint(&files.cert), fingerprint(&files.key)]
    }
}

fn fingerprint(path: &Path) -> Fingerprint {
    let meta = std::fs::metadata(path).ok()?;
    let inode = i64::from_ne_bytes(meta.ino().to_ne_bytes());
    Some([inode, meta.size().cast_signed(), meta.mtime(), meta.mtime_nsec(), meta.ctime()])
}

fn read(files: &TlsFiles) -> anyhow::Result<Arc<ServerConfig>> {
    let cannot = |what: &str, path: &Path| format!("cannot read the TLS {what} in {}", path.display());
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
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_files_are_taken_and_a_half_written_pair_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let files = TlsFiles { cert: dir.path().join("cert.pem"), key: dir.path().join("key.pem") };
        let make = || rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let write = |path: &Path, text: String| std::fs::write(path, text).unwrap();
        let (first, second) = (make(), make());
        write(&files.cert, first.cert.pem());
        write(&files.key, first.signing_key.serialize_pem());
        let tls = Tls::load(files.clone()).unwrap();
        let mut seen = tls.fingerprints();
        let before = tls.config.load_full();

        tls.look(&mut seen);
        assert!(Arc::ptr_eq(&before, &tls.config.load()), "nothing changed");
        write(&files.cert, second.cert.pem() + "\n");
        tls.look(&mut seen);
        assert!(Arc::ptr_eq(&before, &tls.config.load()), "the key does not fit yet");
        write(&files.key, second.signing_key.serialize_pem() + "\n");
        tls.look(&mut seen);
        let after = tls.config.load_full();
        assert!(!Arc::ptr_eq(&before, &after));
        std::fs::remove_file(&files.key).unwrap();
        tls.look(&mut seen);
        assert!(Arc::ptr_eq(&after, &tls.config.load()));
    }
}
