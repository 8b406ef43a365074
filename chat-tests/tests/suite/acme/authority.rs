//! A small authority that speaks ACME (RFC 8555) on this machine: it verifies every signature and
//! nonce, looks for the proof on the server's own port (RFC 8737), and signs for a short time.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer, KeyPair,
    SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::AnyCertificate;

/// id-pe-acmeIdentifier
const ACME_IDENTIFIER: &str = "1.3.6.1.5.5.7.1.31";

/// What happened there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) accounts: usize,
    pub(crate) proofs: usize,
    pub(crate) certificates: usize,
    pub(crate) refused: usize,
    /// What clients did against the protocol.
    pub(crate) wrong: Vec<String>,
}

#[derive(Default)]
struct Book {
    seen: Seen,
    refuses: bool,
    nonces: HashSet<String>,
    /// Keys of accounts, by their URL.
    keys: HashMap<String, Value>,
    orders: Vec<Order>,
}

struct Order {
    names: Vec<String>,
    tokens: Vec<String>,
    /// `pending`, `valid` or `invalid`, for each name; with the complaint.
    proven: Vec<(&'static str, String)>,
    chain: Option<String>,
}

/// The authority.
pub(crate) struct Authority {
    url: String,
    /// Its own TLS root, and the root of what it signs.
    root: PathBuf,
    book: Arc<Mutex<Book>>,
    _runtime: tokio::runtime::Runtime,
    _dir: tempfile::TempDir,
}

struct House {
    url: String,
    /// Where every name leads to.
    target: u16,
    life: Duration,
    issuer: Issuer<'static, KeyPair>,
    root_pem: String,
    book: Arc<Mutex<Book>>,
}

impl Authority {
    /// Starts one for which every name leads to this port; its certificates live so long.
    pub(crate) fn start(target: u16, life: Duration) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "an authority for a test");
        let key = KeyPair::generate()?;
        let root = params.self_signed(&key)?;
        let issuer = Issuer::new(params, key);
        let own_key = KeyPair::generate()?;
        let own = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&own_key, &issuer)?;
        let path = dir.path().join("root.pem");
        std::fs::write(&path, root.pem())?;

        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let url = format!("https://127.0.0.1:{}", listener.local_addr()?.port());
        let book = Arc::new(Mutex::new(Book::default()));
        let house =
            House { url: url.clone(), target, life, issuer, root_pem: root.pem(), book: book.clone() };
        let router = Router::new().fallback(serve).with_state(Arc::new(house));
        let key = PrivateKeyDer::try_from(own_key.serialize_der()).map_err(anyhow::Error::msg)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], key)?;
        runtime.spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), router));
        Ok(Self { url, root: path, book, _runtime: runtime, _dir: dir })
    }

    pub(crate) fn directory(&self) -> String {
        format!("{}/directory", self.url)
    }

    pub(crate) fn root(&self) -> String {
        self.root.display().to_string()
    }

    pub(crate) fn root_der(&self) -> Result<CertificateDer<'static>> {
        use rustls::pki_types::pem::PemObject;
        Ok(CertificateDer::from_pem_file(&self.root)?)
    }

    /// Whether new orders are refused from now on.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.book.lock().unwrap().refuses = refuses;
    }

    pub(crate) fn seen(&self) -> Seen {
        self.book.lock().unwrap().seen.clone()
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, router: Router) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, router) = (tls.clone(), router.clone());
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = hyper_util::service::TowerToHyperService::new(router);
            let io = hyper_util::rt::TokioIo::new(stream);
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
        });
    }
}

async fn serve(
    State(house): State<Arc<House>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut response = match house.answer(&method, uri.path(), &headers, &body) {
        Ok(response) => response,
        Err(error) => {
            house.book.lock().unwrap().seen.wrong.push(format!("{method} {uri}: {error:#}"));
            problem(StatusCode::BAD_REQUEST, "malformed", &format!("{error:#}"))
        }
    };
    let nonce = chat_tests::uuid();
    response.headers_mut().insert("replay-nonce", HeaderValue::from_str(&nonce).unwrap());
    house.book.lock().unwrap().nonces.insert(nonce);
    response
}

fn problem(status: StatusCode, kind: &str, detail: &str) -> Response {
    let problem = json!({"type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail});
    (status, axum::Json(problem)).into_response()
}

impl House {
    fn answer(
        self: &Arc<Self>,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Response> {
        let url = |path: &str| format!("{}{path}", self.url);
        if path == "/directory" && method == Method::GET {
            let directory = json!({
                "newNonce": url("/nonce"), "newAccount": url("/account"), "newOrder": url("/order"),
                "revokeCert": url("/revoke"), "keyChange": url("/key"),
                "meta": {"termsOfService": url("/terms")},
            });
            return Ok(axum::Json(directory).into_response());
        }
        if path == "/nonce" {
            return Ok(StatusCode::OK.into_response());
        }
        ensure!(method == Method::POST, "only signed requests");
        ensure!(
            headers.get("content-type").is_some_and(|kind| kind == "application/jose+json"),
            "wrong type"
        );
        let signed = Signed::read(body)?;
        ensure!(signed.header["url"] == url(path), "signed for another URL");
        let nonce = signed.header["nonce"].as_str().context("no nonce")?;
        ensure!(self.book.lock().unwrap().nonces.remove(nonce), "the nonce is not mine, or was used");
        if path == "/account" {
            return self.account(&signed);
        }
        let kid = signed.header["kid"].as_str().context("no account")?;
        let key = self.book.lock().unwrap().keys.get(kid).cloned().context("no such account")?;
        signed.verify(&key)?;
        let (what, number) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
        let (order, name) = number.split_once('/').unwrap_or((number, "0"));
        match what {
            "order" if number.is_empty() => self.new_order(&signed.payload),
            "order" => self.order(order.parse()?, StatusCode::OK),
            "authorization" => self.authorization(order.parse()?, name.parse()?),
            "challenge" => self.challenge(order.parse()?, name.parse()?, thumbprint(&key)?),
            "finalize" => self.finalize(order.parse()?, &signed.payload),
            "certificate" => {
                let book = self.book.lock().unwrap();
                let chain = book.orders.get(order.parse::<usize>()?).and_then(|order| order.chain.clone());
                Ok(chain.context("there is none")?.into_response())
            }
            _ => bail!("no such place"),
        }
    }

    fn account(&self, signed: &Signed) -> Result<Response> {
        let key = &signed.header["jwk"];
        signed.verify(key)?;
        ensure!(signed.payload["termsOfServiceAgreed"] == true, "the terms are not agreed to");
        ensure!(signed.payload["contact"][0] == "mailto:you@example.org", "no contact");
        let mut book = self.book.lock().unwrap();
        book.seen.accounts += 1;
        let url = format!("{}/account/{}", self.url, book.seen.accounts);
        book.keys.insert(url.clone(), key.clone());
        Ok((StatusCode::CREATED, [("location", url)], axum::Json(json!({"status": "valid"}))).into_response())
    }

    fn new_order(&self, payload: &Value) -> Result<Response> {
        let number = {
            let mut book = self.book.lock().unwrap();
            if book.refuses {
                book.seen.refused += 1;
                let detail = "come back when the moon is full";
                return Ok(problem(StatusCode::FORBIDDEN, "rateLimited", detail));
            }
            let names = payload["identifiers"].as_array().context("no names")?;
            let names: Vec<String> =
                names.iter().filter_map(|name| Some(name["value"].as_str()?.to_owned())).collect();
            let tokens = names.iter().map(|_| chat_tests::uuid().replace('-', "")).collect();
            let proven = names.iter().map(|_| ("pending", String::new())).collect();
            book.orders.push(Order { names, tokens, proven, chain: None });
            book.orders.len() - 1
        };
        self.order(number, StatusCode::CREATED)
    }

    fn order(&self, number: usize, status: StatusCode) -> Result<Response> {
        let url = |what: &str| format!("{}/{what}/{number}", self.url);
        let book = self.book.lock().unwrap();
        let order = book.orders.get(number).context("no such order")?;
        let state = match &order.chain {
            Some(_) => "valid",
            None if order.proven.iter().any(|(state, _)| *state == "invalid") => "invalid",
            None if order.proven.iter().all(|(state, _)| *state == "valid") => "ready",
            None => "pending",
        };
        let names: Vec<Value> =
            order.names.iter().map(|name| json!({"type": "dns", "value": name})).collect();
        let places: Vec<String> =
            (0..names.len()).map(|name| format!("{}/{name}", url("authorization"))).collect();
        let mut shown = json!({
            "status": state, "identifiers": names, "authorizations": places, "finalize": url("finalize"),
        });
        if order.chain.is_some() {
            shown["certificate"] = url("certificate").into();
        }
        Ok((status, [("location", url("order"))], axum::Json(shown)).into_response())
    }

    fn authorization(&self, number: usize, name: usize) -> Result<Response> {
        let book = self.book.lock().unwrap();
        let order = book.orders.get(number).context("no such order")?;
        let (state, complaint) = order.proven.get(name).context("no such name")?;
        let mut challenge = json!({
            "type": "tls-alpn-01", "url": format!("{}/challenge/{number}/{name}", self.url),
            "token": order.tokens[name], "status": state,
        });
        if !complaint.is_empty() {
            challenge["error"] =
                json!({"type": "urn:ietf:params:acme:error:unauthorized", "detail": complaint});
        }
        let other = json!({
            "type": "http-01", "url": format!("{}/none", self.url), "token": "x", "status": "pending",
        });
        let shown = json!({
            "status": state, "identifier": {"type": "dns", "value": order.names[name]},
            "challenges": [other, challenge],
        });
        Ok(axum::Json(shown).into_response())
    }

    fn challenge(self: &Arc<Self>, number: usize, name: usize, thumbprint: String) -> Result<Response> {
        let (token, domain) = {
            let book = self.book.lock().unwrap();
            let order = book.orders.get(number).context("no such order")?;
            (order.tokens[name].clone(), order.names[name].clone())
        };
        let house = self.clone();
        let expected = Sha256::digest(format!("{token}.{thumbprint}")).to_vec();
        tokio::spawn(async move {
            let proven = look(house.target, &domain, &expected).await;
            let mut book = house.book.lock().unwrap();
            book.seen.proofs += usize::from(proven.is_ok());
            book.orders[number].proven[name] = match proven {
                Ok(()) => ("valid", String::new()),
                Err(error) => ("invalid", format!("{error:#}")),
            };
        });
        let url = format!("{}/challenge/{number}/{name}", self.url);
        let shown = json!({"type": "tls-alpn-01", "url": url, "token": token, "status": "processing"});
        Ok(axum::Json(shown).into_response())
    }

    fn finalize(&self, number: usize, payload: &Value) -> Result<Response> {
        let csr = BASE64.decode(payload["csr"].as_str().context("no request")?)?;
        // Its signature is verified by the library.
        let mut request = CertificateSigningRequestParams::from_der(&csr.into())?;
        {
            let mut book = self.book.lock().unwrap();
            let order = book.orders.get_mut(number).context("no such order")?;
            ensure!(order.proven.iter().all(|(state, _)| *state == "valid"), "the names are not proven");
            let asked: Vec<String> = request
                .params
                .subject_alt_names
                .iter()
                .filter_map(|name| match name {
                    SanType::DnsName(name) => Some(name.as_str().to_owned()),
                    _ => None,
                })
                .collect();
            ensure!(asked == order.names, "asked for {asked:?}, proven are {:?}", order.names);
            let now = time::OffsetDateTime::now_utc();
            (request.params.not_before, request.params.not_after) = (now, now + self.life);
            let certificate = request.signed_by(&self.issuer)?;
            order.chain = Some(certificate.pem() + &self.root_pem);
            book.seen.certificates += 1;
        }
        self.order(number, StatusCode::OK)
    }
}

/// A request with its signature.
struct Signed {
    header: Value,
    payload: Value,
    message: String,
    signature: Vec<u8>,
}

impl Signed {
    fn read(body: &[u8]) -> Result<Self> {
        let body: Value = serde_json::from_slice(body)?;
        let part = |name: &str| body[name].as_str().with_context(|| format!("no {name}"));
        let (protected, payload) = (part("protected")?, part("payload")?);
        let header: Value = serde_json::from_slice(&BASE64.decode(protected)?)?;
        ensure!(header["alg"] == "ES256", "another algorithm");
        let message = format!("{protected}.{payload}");
        let payload = BASE64.decode(payload)?;
        let payload = if payload.is_empty() { Value::Null } else { serde_json::from_slice(&payload)? };
        Ok(Self { header, payload, message, signature: BASE64.decode(part("signature")?)? })
    }

    fn verify(&self, key: &Value) -> Result<()> {
        ensure!(key["kty"] == "EC" && key["crv"] == "P-256", "another kind of key: {key}");
        let part = |name: &str| Ok::<_, anyhow::Error>(BASE64.decode(key[name].as_str().context("no key")?)?);
        let point = [vec![4], part("x")?, part("y")?].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(self.message.as_bytes(), &self.signature)
            .map_err(|_| anyhow::anyhow!("the signature is wrong"))
    }
}

/// RFC 7638
fn thumbprint(key: &Value) -> Result<String> {
    let part = |name: &str| key[name].as_str().context("no key");
    let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, part("x")?, part("y")?);
    Ok(BASE64.encode(Sha256::digest(text)))
}

/// Looks for the proof where the name leads to.
async fn look(port: u16, domain: &str, expected: &[u8]) -> Result<()> {
    let seen = Arc::new(AnyCertificate::default());
    let mut config = seen.clone().config()?;
    config.alpn_protocols = vec![b"acme-tls/1".to_vec()];
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let name = ServerName::try_from(domain.to_owned())?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    ensure!(stream.get_ref().1.alpn_protocol() == Some(b"acme-tls/1"), "it does not speak acme-tls/1");
    let certificate = seen.certificate().context("no certificate")?;
    let (_, certificate) = X509Certificate::from_der(&certificate)?;
    let names = certificate.subject_alternative_name()?.context("no names")?;
    ensure!(
        names.value.general_names == [GeneralName::DNSName(domain)],
        "it is for {:?}",
        names.value.general_names
    );
    let identifier = certificate.extensions().iter().find(|one| one.oid.to_id_string() == ACME_IDENTIFIER);
    let identifier = identifier.context("no acmeIdentifier")?;
    ensure!(identifier.critical, "acmeIdentifier is not critical");
    ensure!(identifier.value == [&[4, 32], expected].concat(), "it proves something else");
    Ok(())
}
