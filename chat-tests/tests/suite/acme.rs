//! Certificates from an authority: given, shown, renewed, and what happens when it says no.

mod authority;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chat_tests::{DEADLINE, Folder, Options, Server, Signal};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::verify_tls13_signature_with_raw_key;
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer, X509Certificate};

use authority::Authority;

const NAME: &str = "chat.example.org";

/// Takes whatever certificate is shown, and keeps it to be looked at.
#[derive(Debug, Default)]
struct AnyCertificate(OnceLock<CertificateDer<'static>>);

impl AnyCertificate {
    fn config(self: Arc<Self>) -> Result<ClientConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        Ok(ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(self)
            .with_no_client_auth())
    }

    fn certificate(&self) -> Option<CertificateDer<'static>> {
        self.0.get().cloned()
    }
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let _ = self.0.set(end_entity.clone().into_owned());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        // By the key alone: the library reads no certificate with an extension that it must know and
        // does not, as the answer to a challenge has one.
        let broken = |_| rustls::Error::InvalidCertificate(rustls::CertificateError::BadEncoding);
        let (_, parsed) = X509Certificate::from_der(cert).map_err(broken)?;
        let key = SubjectPublicKeyInfoDer::from(parsed.public_key().raw);
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        verify_tls13_signature_with_raw_key(message, &key, dss, &provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Whether a client that trusts only this authority comes through to the server called so.
fn is_vouched_for(authority: &Authority, port: u16) -> Result<()> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.root_der()?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(ServerName::try_from(NAME)?, stream).await?;
        Ok(())
    })
}

/// Waits until it is so; the last complaint is the failure.
fn eventually<T>(mut look: impl FnMut() -> Result<T>) -> Result<T> {
    let until = Instant::now() + DEADLINE;
    loop {
        match look() {
            Ok(found) => return Ok(found),
            Err(cause) if Instant::now() > until => return Err(cause),
            // There is no event to wait for: another process works.
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// A port for a server that is to be known before the server is there.
fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn settings(authority: &Authority) -> Vec<String> {
    let (directory, root) = (authority.directory(), authority.root());
    ["--tls", "acme", "--acme-agree", "--acme-contact", "you@example.org", "--acme-domains", NAME]
        .into_iter()
        .chain(["--acme-directory", &directory, "--acme-ca-file", &root])
        .map(str::to_owned)
        .collect()
}

/// What `doctor` says of the authority.
fn diagnosis(server: &Server, settings: &[String]) -> Result<Value> {
    let arguments: Vec<&str> =
        ["doctor", "--json"].into_iter().chain(settings.iter().map(String::as_str)).collect();
    let output = server.command(&arguments)?;
    let findings: Vec<Value> =
        String::from_utf8(output.stdout)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    findings.into_iter().find(|row| row["check"] == "authority").context("no row about it")
}

#[test]
fn an_authority_gives_a_certificate_and_renews_it() -> Result<()> {
    let port = free_port()?;
    // Renewed after four seconds.
    let authority = Authority::start(port, Duration::from_secs(6))?;
    let more = settings(&authority);
    let options = Options { more: more.clone(), ..Options::default() };
    let mut server = Server::start_in(Folder::new("chat-server-")?, options, port)?;
    eventually(|| is_vouched_for(&authority, port))?;
    let first = server.fingerprint()?;
    assert_eq!(diagnosis(&server, &more)?["state"], "ok");

    eventually(|| {
        ensure!(authority.seen().certificates >= 2, "{:?}\n{}", authority.seen(), server.log());
        ensure!(server.fingerprint()? != first, "it is not in force");
        is_vouched_for(&authority, port)
    })?;
    // Over a restart neither the account nor a good certificate is asked for anew.
    let before = authority.seen();
    server.signal(Signal::Terminate)?;
    server.wait()?;
    server.restart()?;
    eventually(|| {
        ensure!(authority.seen().certificates > before.certificates, "{}", server.log());
        is_vouched_for(&authority, port)
    })?;
    let seen = authority.seen();
    assert_eq!(seen.accounts, 1, "{seen:?}");
    assert!(seen.wrong.is_empty(), "{seen:?}");
    assert!(seen.proofs >= seen.certificates, "{seen:?}");
    for file in ["acme.pem", "acme-account.json"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(server.data_dir().join("tls").join(file))?.permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    Ok(())
}

#[test]
fn while_the_authority_says_no_the_server_serves_and_says_so() -> Result<()> {
    let port = free_port()?;
    let authority = Authority::start(port, Duration::from_secs(24 * 3600))?;
    authority.refuse(true);
    let more = settings(&authority);
    let options = Options { more: more.clone(), ..Options::default() };
    let mut server = Server::start_in(Folder::new("chat-server-")?, options, port)?;
    eventually(|| {
        let found = diagnosis(&server, &more)?;
        ensure!(found["state"] == "problem", "{found}");
        ensure!(found["found"].as_str().is_some_and(|text| text.contains("the moon is full")), "{found}");
        Ok(())
    })?;
    assert!(server.log().contains("the moon is full"), "{}", server.log());
    assert!(is_vouched_for(&authority, port).is_err());
    chat_tests::Script::register(&server, "ada").context("with its own certificate it serves")?;

    authority.refuse(false);
    server.signal(Signal::HangUp)?;
    eventually(|| is_vouched_for(&authority, port))?;
    eventually(|| {
        let found = diagnosis(&server, &more)?;
        ensure!(found["state"] == "ok", "{found}");
        Ok(())
    })?;
    assert!(authority.seen().wrong.is_empty(), "{:?}", authority.seen());
    Ok(())
}

#[test]
fn a_name_that_leads_elsewhere_is_not_proven() -> Result<()> {
    let elsewhere = Server::start_with(Options {
        more: ["--tls", "self-signed"].map(str::to_owned).to_vec(),
        ..Options::default()
    })?;
    let authority = Authority::start(elsewhere.port(), Duration::from_secs(60))?;
    let more = settings(&authority);
    let server = Server::start_with(Options { more: more.clone(), ..Options::default() })?;
    eventually(|| {
        let found = diagnosis(&server, &more)?;
        ensure!(found["found"].as_str().is_some_and(|text| text.contains(NAME)), "{found}");
        Ok(())
    })?;
    assert_eq!(authority.seen().certificates, 0);
    Ok(())
}
