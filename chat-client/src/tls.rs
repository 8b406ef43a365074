//! Whom to trust: the system's certificate authorities, or one file of them and no others; and, where
//! no authority vouches, the certificates to which a person said yes.
//!
//! 1. An authority's word for the server's name is enough, and the certificate is not remembered.
//! 2. Without it, only the very certificate that was accepted for this address is. Its names and its
//!    end are not looked at then: the fingerprint says more than both.
//! 3. Whoever was known and comes another way is refused; see [`crate::known`].
//! 4. There is no switch that turns this off.
//!
//! The crypto provider is named here and nowhere else, so no process-wide default has to be set.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use chat_proto::Fingerprint;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use thiserror::Error;

use crate::address::ServerAddress;
use crate::known::{KnownServers, Mark};
use crate::stranger::{self, Stranger};

/// Fingerprints as they are typed, with commas between; an empty variable names none.
#[derive(Debug, Clone, Default)]
pub struct Trusted(pub Vec<Fingerprint>);

impl FromStr for Trusted {
    type Err = <Fingerprint as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split(',').filter(|part| !part.trim().is_empty());
        parts.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

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
    /// The file of known servers cannot be used.
    #[error("cannot use the file of known servers {path}: {cause}; move it away, and trust servers again")]
    Known {
        /// Which.
        path: String,
        /// Why.
        cause: String,
    },
    /// The library refuses.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// Is told what was done without a question, in one sentence.
#[derive(Clone, Default)]
pub struct Tell(Option<Arc<dyn Fn(String) + Send + Sync>>);

impl Tell {
    /// Tells this function; it must not wait.
    #[must_use]
    pub fn new(tell: impl Fn(String) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    fn tell(&self, sentence: String) {
        tracing::warn!("{sentence}");
        if let Some(tell) = &self.0 {
            tell(sentence);
        }
    }
}

impl fmt::Debug for Tell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tell")
    }
}

/// How servers are verified.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// A PEM file whose authorities are trusted in place of the system's; nothing is remembered then.
    pub ca_file: Option<PathBuf>,
    /// Where it is kept how servers are known.
    pub known: Option<KnownServers>,
    /// Certificates that are trusted because the person named them.
    pub trust: Vec<Fingerprint>,
    /// Who is told.
    pub tell: Tell,
}

impl Tls {
    /// What connections need. Reads files: call it where waiting is allowed.
    ///
    /// # Errors
    /// [`TlsError`]
    pub fn load(&self) -> Result<Arc<Trust>, TlsError> {
        let roots = match &self.ca_file {
            Some(path) => read_roots(path)
                .map_err(|cause| TlsError::CaFile { path: path.display().to_string(), cause })?,
            None => system_roots(),
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        // Where the system knows no authority at all, nobody vouches.
        let authorities = (!roots.is_empty())
            .then(|| WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build())
            .transpose()
            .map_err(|error| TlsError::Setup(error.to_string()))?;
        Ok(Arc::new(Trust { tls: self.clone(), provider, authorities }))
    }

    /// How this server is known, if it is.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn mark(&self, server: &ServerAddress) -> Result<Option<Mark>, TlsError> {
        match &self.known {
            Some(known) => known.mark(server).map_err(|error| unusable(known, &error)),
            None => Ok(None),
        }
    }

    /// Trusts this certificate of this server from now on, in place of what was trusted before. Only
    /// a person may decide that.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn accept(&self, stranger: &Stranger) -> Result<(), TlsError> {
        self.set(&stranger.server, Some(Mark::Certificate(stranger.fingerprint))).map(|_| ())
    }

    fn set(&self, server: &ServerAddress, mark: Option<Mark>) -> Result<Option<Mark>, TlsError> {
        match &self.known {
            Some(known) => known.set(server, mark).map_err(|error| unusable(known, &error)),
            None => Ok(None),
        }
    }
}

fn unusable(known: &KnownServers, error: &io::Error) -> TlsError {
    TlsError::Known { path: known.path().display().to_string(), cause: error.to_string() }
}

/// What connections need, read from the disk.
#[derive(Debug)]
pub struct Trust {
    tls: Tls,
    provider: Arc<CryptoProvider>,
    authorities: Option<Arc<WebPkiServerVerifier>>,
}

impl Trust {
    /// For one connection to this server: the configuration, and what will have been found.
    pub(crate) fn connection(
        &self,
        server: &ServerAddress,
    ) -> Result<(Arc<ClientConfig>, Arc<Judge>), TlsError> {
        let only_authorities = self.tls.ca_file.is_some();
        let judge = Arc::new(Judge {
            server: server.clone(),
            provider: self.provider.clone(),
            authorities: self.authorities.clone(),
            trust: self.tls.trust.clone(),
            mark: if only_authorities { None } else { self.tls.mark(server)? },
            only_authorities,
            verdict: OnceLock::new(),
        });
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(judge.clone())
            .with_no_client_auth();
        // Each connection is judged by the certificate of now.
        config.resumption = rustls::client::Resumption::disabled();
        Ok((Arc::new(config), judge))
    }

    /// Remembers what a connection that came to be has shown, where that is news.
    pub(crate) fn learn(&self, judge: &Judge) -> Result<(), TlsError> {
        let server = &judge.server;
        let mark = match judge.verdict.get() {
            Some(Verdict::Vouched) if !judge.only_authorities => Mark::Vouched,
            Some(Verdict::Named(print)) => Mark::Certificate(*print),
            _ => return Ok(()),
        };
        if judge.mark == Some(mark) {
            return Ok(());
        }
        if let (Mark::Vouched, Some(Mark::Certificate(_))) = (mark, self.tls.set(server, Some(mark))?) {
            self.tls.tell.tell(format!(
                "An authority now vouches for {server}; the certificate that you trusted for it is forgotten."
            ));
        }
        Ok(())
    }
}

/// What was found out about a server.
#[derive(Debug)]
enum Verdict {
    /// An authority vouches for it.
    Vouched,
    /// The person named this certificate.
    Named(Fingerprint),
    /// It is the certificate that was accepted.
    Known,
    /// Nobody vouches for it.
    Stranger(Box<Stranger>),
}

/// Judges the certificate of one connection.
#[derive(Debug)]
pub(crate) struct Judge {
    server: ServerAddress,
    provider: Arc<CryptoProvider>,
    authorities: Option<Arc<WebPkiServerVerifier>>,
    trust: Vec<Fingerprint>,
    mark: Option<Mark>,
    only_authorities: bool,
    verdict: OnceLock<Verdict>,
}

impl Judge {
    /// The certificate over which the connection failed, if that was the reason.
    pub(crate) fn stranger(&self) -> Option<Box<Stranger>> {
        match self.verdict.get() {
            Some(Verdict::Stranger(stranger)) => Some(stranger.clone()),
            _ => None,
        }
    }

    fn judge(&self, certificate: &CertificateDer<'_>, vouched: Result<(), rustls::Error>) -> Verdict {
        let error = match vouched {
            Ok(()) => return Verdict::Vouched,
            Err(error) => error,
        };
        let print = stranger::fingerprint(certificate);
        if self.trust.contains(&print) {
            return Verdict::Named(print);
        }
        if self.mark == Some(Mark::Certificate(print)) {
            return Verdict::Known;
        }
        let why = stranger::why(&error).unwrap_or_else(|| error.to_string());
        Verdict::Stranger(Box::new(Stranger::new(self.server.clone(), certificate, why, self.mark)))
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let vouched = match &self.authorities {
            Some(authorities) => authorities
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .map(|_| ()),
            None => Err(unknown),
        };
        let error = vouched.clone().err();
        let verdict = self.judge(end_entity, vouched);
        let is_stranger = matches!(verdict, Verdict::Stranger(_));
        // What is broken is refused as such, and where authorities are named, nobody is asked.
        let may_ask = !self.only_authorities && error.as_ref().is_none_or(|e| stranger::why(e).is_some());
        if !is_stranger || may_ask {
            // One handshake has one certificate.
            let _ = self.verdict.set(verdict);
        }
        match error {
            Some(error) if is_stranger => Err(error),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
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

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // Systems carry a few odd certificates; those that do not parse are not needed.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_certificate_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        std::fs::write(&path, "hello").unwrap();
        let with = |path: PathBuf| Tls { ca_file: Some(path), ..Tls::default() };
        let error = with(path).load().unwrap_err();
        assert!(error.to_string().contains("ca.pem"), "{error}");
        let error = with(dir.path().join("none.pem")).load().unwrap_err();
        assert!(matches!(error, TlsError::CaFile { .. }));
    }

    struct House {
        _dir: tempfile::TempDir,
        tls: Tls,
        server: ServerAddress,
    }

    impl House {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let tls = Tls { known: Some(KnownServers::in_folder(dir.path())), ..Tls::default() };
            Self { _dir: dir, tls, server: "wss://localhost".parse().unwrap() }
        }

        /// What is found where a server shows this certificate, and whether it is let through.
        fn meet(&self, tls: &Tls, certificate: &CertificateDer<'_>) -> Result<(), Option<Box<Stranger>>> {
            let trust = tls.load().unwrap();
            let (_, judge) = trust.connection(&self.server).unwrap();
            let name = ServerName::try_from("localhost").unwrap();
            let found = judge.verify_server_cert(certificate, &[], &name, &[], UnixTime::now());
            found.map_err(|_| judge.stranger())?;
            trust.learn(&judge).unwrap();
            Ok(())
        }
    }

    fn made() -> (rcgen::CertifiedKey<rcgen::KeyPair>, Fingerprint) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let print = stranger::fingerprint(made.cert.der());
        (made, print)
    }

    #[test]
    fn a_stranger_is_asked_about_remembered_and_told_from_another() {
        let house = House::new();
        let ((first, print), (second, other)) = (made(), made());
        let stranger = house.meet(&house.tls, first.cert.der()).unwrap_err().unwrap();
        assert_eq!((stranger.fingerprint, stranger.before), (print, None));
        assert!(house.meet(&house.tls, first.cert.der()).is_err(), "nothing is trusted by being seen");

        house.tls.accept(&stranger).unwrap();
        house.meet(&house.tls, first.cert.der()).unwrap();
        let changed = house.meet(&house.tls, second.cert.der()).unwrap_err().unwrap();
        assert_eq!((changed.fingerprint, changed.before), (other, Some(Mark::Certificate(print))));
        house.meet(&house.tls, first.cert.der()).unwrap();

        let named = Tls { trust: vec![other], ..house.tls.clone() };
        house.meet(&named, second.cert.der()).unwrap();
        house.meet(&house.tls, second.cert.der()).unwrap();
        assert!(house.meet(&house.tls, first.cert.der()).is_err());
    }

    #[test]
    fn the_word_of_an_authority_outlasts_certificates_and_is_not_lost_in_silence() {
        let house = House::new();
        let ((own, print), (authority, _)) = (made(), made());
        house.tls.accept(&house.meet(&house.tls, own.cert.der()).unwrap_err().unwrap()).unwrap();

        // As if the system knew it.
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let sink = told.clone();
        let tls = Tls { tell: Tell::new(move |text| sink.lock().unwrap().push(text)), ..house.tls.clone() };
        let mut roots = RootCertStore::empty();
        roots.add(authority.cert.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
        let trust = Trust { tls, provider, authorities: Some(verifier) };
        let (_, judge) = trust.connection(&house.server).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        judge.verify_server_cert(authority.cert.der(), &[], &name, &[], UnixTime::now()).unwrap();
        trust.learn(&judge).unwrap();
        assert_eq!(house.tls.mark(&house.server).unwrap(), Some(Mark::Vouched));
        assert!(told.lock().unwrap()[0].contains("forgotten"));

        let back = house.meet(&house.tls, own.cert.der()).unwrap_err().unwrap();
        assert_eq!((back.fingerprint, back.before), (print, Some(Mark::Vouched)));
    }

    #[test]
    fn where_authorities_are_named_nobody_is_asked() {
        let house = House::new();
        let ((authority, _), (other, _)) = (made(), made());
        let file = house._dir.path().join("ca.pem");
        std::fs::write(&file, authority.cert.pem()).unwrap();
        let tls = Tls { ca_file: Some(file), ..house.tls.clone() };
        house.meet(&tls, authority.cert.der()).unwrap();
        assert_eq!(house.meet(&tls, other.cert.der()).unwrap_err(), None);
        assert_eq!(house.tls.mark(&house.server).unwrap(), None, "and nothing is remembered");
    }
}
