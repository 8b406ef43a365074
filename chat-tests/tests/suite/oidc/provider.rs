//! A small OpenID Connect provider that does what it says: discovery, keys, the code grant with PKCE
//! and single-use codes, the device grant with its waiting, and signed tokens. It can be told to lie
//! in one thing.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use chat_tests::{DEADLINE, uuid};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) const CLIENT: &str = "chat";
pub(crate) const SECRET: &str = "a secret between two servers";
pub(crate) const REDIRECT: &str = "http://127.0.0.1:1/auth/callback";

/// How long one has to wait between two questions about a typed code.
const INTERVAL: Duration = Duration::from_secs(1);

/// In what a token lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    Nonce,
    NoNonce,
    Audience,
    Expired,
    Issuer,
    NoSignature,
    UnknownKey,
    OtherKey,
    SharedSecret,
    NoToken,
}

#[derive(Clone)]
struct Person {
    subject: String,
    name: String,
}

struct Grant {
    person: Person,
    nonce: Option<String>,
    challenge: String,
}

enum Device {
    Waiting { asked: Option<Instant> },
    Approved(Person),
    Denied,
}

struct State {
    issuer: String,
    key: EcdsaKeyPair,
    stranger: EcdsaKeyPair,
    key_id: String,
    at_browser: Person,
    lie: Option<Lie>,
    slow_down: bool,
    grants: HashMap<String, Grant>,
    devices: HashMap<String, (String, Device)>,
    asked: usize,
}

pub(crate) struct Provider {
    pub(crate) issuer: String,
    state: Arc<Mutex<State>>,
}

fn key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

impl Provider {
    pub(crate) fn start() -> Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(Mutex::new(State {
            issuer: issuer.clone(),
            key: key(),
            stranger: key(),
            key_id: "first".to_owned(),
            at_browser: Person { subject: "1".to_owned(), name: "nobody".to_owned() },
            lie: None,
            slow_down: false,
            grants: HashMap::new(),
            devices: HashMap::new(),
            asked: 0,
        }));
        let shared = state.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let answer = move |request: Request| {
                    let shared = shared.clone();
                    async move {
                        let (head, body) = request.into_parts();
                        let body = to_bytes(body, 1 << 20).await.unwrap();
                        let basic = head.headers.get("authorization").and_then(|value| value.to_str().ok());
                        let query = head.uri.query().unwrap_or_default();
                        shared.lock().unwrap().answer(head.uri.path(), query, &body, basic)
                    }
                };
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap();
            });
        });
        Ok(Self { issuer, state })
    }

    /// Who sits at the browser from now on.
    pub(crate) fn seat(&self, subject: &str, name: &str) {
        self.state.lock().unwrap().at_browser = Person { subject: subject.to_owned(), name: name.to_owned() };
    }

    pub(crate) fn lie(&self, lie: Option<Lie>) {
        self.state.lock().unwrap().lie = lie;
    }

    /// The next question about a typed code is answered `slow_down`.
    pub(crate) fn slow_down(&self) {
        self.state.lock().unwrap().slow_down = true;
    }

    /// New keys in place of the old.
    pub(crate) fn rotate(&self) {
        let mut state = self.state.lock().unwrap();
        (state.key, state.key_id) = (key(), uuid());
    }

    /// Whoever is at the browser types this code.
    pub(crate) fn approve(&self, user_code: &str) {
        let mut state = self.state.lock().unwrap();
        let person = state.at_browser.clone();
        state.device(user_code, Device::Approved(person));
    }

    pub(crate) fn deny(&self, user_code: &str) {
        self.state.lock().unwrap().device(user_code, Device::Denied);
    }

    /// How often it was asked for tokens.
    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    /// Opens an address as a browser does; gives where it leads.
    pub(crate) fn open(&self, url: &str) -> Result<String> {
        let (address, path) =
            url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).context("url")?;
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
        Ok(location.with_context(|| answer.clone())?.trim().to_owned())
    }
}

type Fields = HashMap<String, String>;

fn fields(text: &[u8]) -> Fields {
    form_urlencoded::parse(text).into_owned().collect()
}

fn refuse(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, axum::Json(json!({"error": error}))).into_response()
}

impl State {
    fn answer(&mut self, path: &str, query: &str, body: &[u8], basic: Option<&str>) -> Response {
        match path {
            "/.well-known/openid-configuration" => axum::Json(self.description()).into_response(),
            "/keys" => axum::Json(json!({"keys": [self.public_key()]})).into_response(),
            "/authorize" => self.authorize(&fields(query.as_bytes())),
            "/device" | "/token" if !is_client(basic) => refuse("invalid_client"),
            "/device" => self.begin_device(),
            "/token" => self.token(&fields(body)),
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    }

    fn description(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json!({
            "issuer": self.issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
            "device_authorization_endpoint": at("/device"), "jwks_uri": at("/keys"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            // A provider that knows more than this server should take.
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        })
    }

    fn public_key(&self) -> Value {
        let point = self.key.public_key().as_ref().to_vec();
        json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.key_id,
            "x": encoded(&point[1..33]), "y": encoded(&point[33..65]),
        })
    }

    fn authorize(&mut self, ask: &Fields) -> Response {
        let is = |key: &str, value: &str| ask.get(key).is_some_and(|given| given == value);
        if !is("client_id", CLIENT) || !is("redirect_uri", REDIRECT) || !is("response_type", "code") {
            return refuse("invalid_request");
        }
        let scopes = ask.get("scope").map(String::as_str).unwrap_or_default();
        if !is("code_challenge_method", "S256") || !scopes.split(' ').any(|scope| scope == "openid") {
            return refuse("invalid_request");
        }
        let code = uuid();
        let grant = Grant {
            person: self.at_browser.clone(),
            nonce: ask.get("nonce").cloned(),
            challenge: ask["code_challenge"].clone(),
        };
        self.grants.insert(code.clone(), grant);
        let answer = form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &code)
            .append_pair("state", &ask["state"])
            .append_pair("iss", &self.issuer)
            .finish();
        (StatusCode::FOUND, [("location", format!("{REDIRECT}?{answer}"))]).into_response()
    }

    fn begin_device(&mut self) -> Response {
        let (device_code, user_code) = (uuid(), uuid()[24..].to_uppercase());
        let waiting = Device::Waiting { asked: None };
        self.devices.insert(device_code.clone(), (user_code.clone(), waiting));
        axum::Json(json!({
            "device_code": device_code, "user_code": user_code, "expires_in": 300, "interval": INTERVAL.as_secs(),
            "verification_uri": format!("{}/type", self.issuer),
            "verification_uri_complete": format!("{}/type?code={user_code}", self.issuer),
        }))
        .into_response()
    }

    fn device(&mut self, user_code: &str, to: Device) {
        let device = self.devices.values_mut().find(|(code, _)| code == user_code);
        device.expect("a code that was given").1 = to;
    }

    fn token(&mut self, ask: &Fields) -> Response {
        self.asked += 1;
        match ask.get("grant_type").map(String::as_str) {
            Some("authorization_code") => {
                let Some(grant) = self.grants.remove(&ask["code"]) else { return refuse("invalid_grant") };
                let verifier = ask.get("code_verifier").map(String::as_str).unwrap_or_default();
                if encoded(Sha256::digest(verifier)) != grant.challenge || ask["redirect_uri"] != REDIRECT {
                    return refuse("invalid_grant");
                }
                self.give(&grant.person, grant.nonce)
            }
            Some("urn:ietf:params:oauth:grant-type:device_code") => self.device_token(&ask["device_code"]),
            _ => refuse("unsupported_grant_type"),
        }
    }

    fn device_token(&mut self, code: &str) -> Response {
        if std::mem::take(&mut self.slow_down) {
            return refuse("slow_down");
        }
        let Some((user_code, device)) = self.devices.remove(code) else { return refuse("expired_token") };
        match device {
            Device::Approved(person) => self.give(&person, None),
            Device::Denied => refuse("access_denied"),
            Device::Waiting { asked } => {
                let too_fast = asked.is_some_and(|asked| asked.elapsed() < INTERVAL);
                let waiting = Device::Waiting { asked: Some(Instant::now()) };
                self.devices.insert(code.to_owned(), (user_code, waiting));
                refuse(if too_fast { "invalid_request" } else { "authorization_pending" })
            }
        }
    }

    fn give(&self, person: &Person, nonce: Option<String>) -> Response {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": person.subject, "iat": now, "exp": now + 300,
            "preferred_username": person.name, "email": "the-same@example.org", "nonce": nonce,
        });
        let mut head = json!({"alg": "ES256", "kid": self.key_id});
        match self.lie {
            Some(Lie::Nonce) => claims["nonce"] = "another".into(),
            Some(Lie::NoNonce) => drop(claims.as_object_mut().unwrap().remove("nonce")),
            Some(Lie::Audience) => claims["aud"] = "another-client".into(),
            Some(Lie::Expired) => claims["exp"] = (now - 60).into(),
            Some(Lie::Issuer) => claims["iss"] = "https://evil.example.org".into(),
            Some(Lie::NoSignature) => head = json!({"alg": "none"}),
            Some(Lie::UnknownKey) => head["kid"] = "unknown".into(),
            Some(Lie::SharedSecret) => head = json!({"alg": "HS256"}),
            Some(Lie::OtherKey | Lie::NoToken) | None => {}
        }
        if claims["nonce"].is_null() {
            claims.as_object_mut().unwrap().remove("nonce");
        }
        let signed = format!("{}.{}", encoded(head.to_string()), encoded(claims.to_string()));
        let signature = match self.lie {
            Some(Lie::NoSignature) => String::new(),
            Some(Lie::SharedSecret) => {
                let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
                mac.update(signed.as_bytes());
                encoded(mac.finalize().into_bytes())
            }
            Some(Lie::OtherKey | Lie::UnknownKey) => sign(&self.stranger, &signed),
            _ => sign(&self.key, &signed),
        };
        let mut answer = json!({"access_token": uuid(), "token_type": "Bearer", "expires_in": 300});
        if self.lie != Some(Lie::NoToken) {
            answer["id_token"] = format!("{signed}.{signature}").into();
        }
        axum::Json(answer).into_response()
    }
}

fn sign(key: &EcdsaKeyPair, text: &str) -> String {
    encoded(key.sign(&SystemRandom::new(), text.as_bytes()).unwrap())
}

fn is_client(basic: Option<&str>) -> bool {
    let secret: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    basic == Some(&format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT}:{secret}"))))
}
