//! TLS: where the certificate comes from, and which is in force.
//!
//! 1. Every way ends in files and one resolver: the admin's files, the server's own certificate, or
//!    what an authority gave.
//! 2. They are read again when they change; what cannot be used changes nothing. Connections that are
//!    open keep theirs.

mod acme;
mod facts;
mod keep;
mod own;
mod resolver;

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::metrics::{Reload, metrics};
use resolver::{CHALLENGE, Resolver};

pub use acme::{
    Acme, AcmeState, LONGEST as ACME_LONGEST_WAIT, PATIENCE as ACME_PATIENCE, SHORTEST as ACME_SHORTEST_WAIT,
};
pub use facts::Facts;
pub use own::OwnCertificate;

/// How often to look whether the files are others. A look, in place of word from the kernel:
/// certificates are renewed by links that are turned, on volumes that tell nothing, and nobody
/// waits for the minute.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Where the certificate lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsSource {
    /// The admin's files.
    Files(TlsFiles),
    /// The server makes its own.
    SelfSigned(OwnCertificate),
    /// An authority gives it.
    Acme(Box<Acme>),
}

impl TlsSource {
    /// The word for it in the settings.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        match self {
            TlsSource::Files(_) => "files",
            TlsSource::SelfSigned(_) => "self-signed",
            TlsSource::Acme(_) => "acme",
        }
    }

    /// Where the certificate of now lies, if it is there already.
    #[must_use]
    pub fn files(&self) -> TlsFiles {
        match self {
            TlsSource::Files(files) => files.clone(),
            TlsSource::SelfSigned(own) => own.files(),
            TlsSource::Acme(acme) => acme.given().unwrap_or_else(|| acme.own.files()),
        }
    }

    /// The files, after what the server makes itself is made.
    fn ensure(&self) -> anyhow::Result<TlsFiles> {
        match self {
            TlsSource::Files(files) => Ok(files.clone()),
            TlsSource::SelfSigned(own) => own.ensure(),
            // Until the authority has given one, so that the server can be asked for its proof.
            TlsSource::Acme(acme) => acme.given().map_or_else(|| acme.own.ensure(), Ok),
        }
    }
}

/// The certificate in force. Connections that are open keep theirs.
pub struct Tls {
    mode: &'static str,
    files: ArcSwap<TlsFiles>,
    resolver: Arc<Resolver>,
    acceptor: TlsAcceptor,
    /// Whoever waits before trying the authority again does so at once.
    hurry: Notify,
}

/// What tells one state of a file from another without reading it.
type Look = Option<[i64; 5]>;

impl Tls {
    /// Reads the certificate chain and its key, making them where that is the server's work.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn load(source: &TlsSource) -> anyhow::Result<Self> {
        let files = source.ensure()?;
        let resolver = Arc::new(Resolver::new(read(&files)?));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver.clone());
        if matches!(source, TlsSource::Acme(_)) {
            // Naming one means refusing all others, so what we speak stands beside it.
            config.alpn_protocols = vec![CHALLENGE.to_vec(), b"http/1.1".to_vec()];
        }
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (mode, files) = (source.mode(), ArcSwap::from_pointee(files));
        Ok(Self { mode, files, resolver, acceptor, hurry: Notify::new() })
    }

    /// Whether what lies there can be used; makes nothing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(source: &TlsSource) -> anyhow::Result<()> {
        read(&source.files()).map(|_| ())
    }

    /// The server's side of a handshake.
    pub(super) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        let mut stream = self.acceptor.accept(stream).await?;
        if stream.get_ref().1.alpn_protocol() == Some(CHALLENGE) {
            // The handshake was the whole answer; nothing else is said on such a connection.
            stream.shutdown().await?;
            return Err(std::io::Error::other("an authority looked for its challenge"));
        }
        Ok(stream)
    }

    /// Takes the certificate from there now, unless that is another way to have one, which needs a
    /// restart; what was in force stays so if it cannot be used.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn reload(&self, source: &TlsSource) -> anyhow::Result<()> {
        if source.mode() != self.mode {
            return Ok(());
        }
        self.take(source.ensure()?)?;
        self.hurry.notify_waiters();
        Ok(())
    }

    fn take(&self, files: TlsFiles) -> anyhow::Result<()> {
        self.resolver.show(read(&files)?);
        self.files.store(Arc::new(files));
        Ok(())
    }

    fn answer(&self, answers: HashMap<String, Arc<CertifiedKey>>) {
        self.resolver.answer(answers);
    }

    /// Keeps the certificate what it should be, until `stop`: reads files again whenever they change,
    /// and has one given and renewed where an authority does that.
    pub async fn keep(self: Arc<Self>, source: TlsSource, stop: CancellationToken) {
        let work = async {
            match source {
                TlsSource::Acme(acme) => tokio::join!(acme.renew(&self), self.follow()).1,
                TlsSource::Files(_) | TlsSource::SelfSigned(_) => self.follow().await,
            }
        };
        stop.run_until_cancelled(work).await;
    }

    async fn follow(&self) {
        let mut seen = self.looks();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.look(&mut seen);
        }
    }

    /// A pair that is half written is refused and read again when the other half is there.
    fn look(&self, seen: &mut [Look; 2]) {
        let now = self.looks();
        if now == *seen {
            return;
        }
        *seen = now;
        let files = self.files.load_full();
        match self.take(TlsFiles::clone(&files)) {
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

    fn looks(&self) -> [Look; 2] {
        let files = self.files.load();
        [look_at(&files.cert), look_at(&files.key)]
    }
}

fn look_at(path: &Path) -> Look {
    let meta = std::fs::metadata(path).ok()?;
    let inode = i64::from_ne_bytes(meta.ino().to_ne_bytes());
    Some([inode, meta.size().cast_signed(), meta.mtime(), meta.mtime_nsec(), meta.ctime()])
}

fn read(files: &TlsFiles) -> anyhow::Result<CertifiedKey> {
    let cannot = |what: &str, path: &Path| format!("cannot read the TLS {what} in {}", path.display());
    let chain = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| cannot("certificate", &files.cert))?;
    anyhow::ensure!(!chain.is_empty(), "there is no certificate in {}", files.cert.display());
    let key = PrivateKeyDer::from_pem_file(&files.key).with_context(|| cannot("key", &files.key))?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
        .with_context(|| format!("the TLS key in {} does not fit the certificate", files.key.display()))
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
        let tls = Tls::load(&TlsSource::Files(files.clone())).unwrap();
        let mut seen = tls.looks();
        let before = tls.resolver.in_force();

        tls.look(&mut seen);
        assert!(Arc::ptr_eq(&before, &tls.resolver.in_force()), "nothing changed");
        write(&files.cert, second.cert.pem() + "\n");
        tls.look(&mut seen);
        assert!(Arc::ptr_eq(&before, &tls.resolver.in_force()), "the key does not fit yet");
        write(&files.key, second.signing_key.serialize_pem() + "\n");
        tls.look(&mut seen);
        let after = tls.resolver.in_force();
        assert!(!Arc::ptr_eq(&before, &after));
        std::fs::remove_file(&files.key).unwrap();
        tls.look(&mut seen);
        assert!(Arc::ptr_eq(&after, &tls.resolver.in_force()));
    }

    #[test]
    fn the_servers_own_certificate_is_made_once_for_its_user_only() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["chat.example.org", "127.0.0.1"].map(str::to_owned).to_vec();
        let own = OwnCertificate { dir: dir.path().join("tls"), names };
        let source = TlsSource::SelfSigned(own.clone());
        Tls::load(&source).unwrap();
        let facts = Facts::read(&own.files().cert).unwrap();
        assert_eq!(facts.names(), "chat.example.org, 127.0.0.1");
        assert!(facts.until.0 - facts.from.0 > 9 * 365 * 24 * 3_600 * 1_000);
        let mode = std::fs::metadata(own.files().key).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        Tls::load(&source).unwrap();
        assert_eq!(Facts::read(&own.files().cert).unwrap(), facts, "kept over restarts");
        let bad = OwnCertificate { dir: dir.path().join("bad"), names: vec!["chät".to_owned()] };
        assert!(Tls::load(&TlsSource::SelfSigned(bad)).is_err());
    }
}
