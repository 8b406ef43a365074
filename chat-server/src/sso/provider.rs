//! The provider: its description and keys, the two ways of asking it who somebody is, and the
//! checks of what it says.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chat_proto::{ErrorCode, Secret, WireError};
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
    CoreDeviceAuthorizationResponse, CoreGrantType, CoreIdToken, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType, CoreTokenResponse,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthType, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError,
    ClientId, ClientSecret, CsrfToken, DeviceAuthorizationUrl, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata,
    RedirectUrl, Scope, SignatureVerificationError, TokenResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use tokio::sync::{Mutex, Notify};

use super::http::{CallFailed, Http, may_be_called};
use super::{Flow, Proven, SsoSettings};
use crate::store::Identity;

/// A description is asked for anew when it is older than this.
const DESCRIPTION_LASTS: Duration = Duration::from_secs(60 * 60);

/// A token with an unknown key has the keys asked for anew, when they are older than this; so
/// nobody can have the provider asked all the time.
const KEYS_LAST: Duration = Duration::from_secs(60);

/// Longest subject (OpenID Connect Core, 2).
const SUBJECT_BYTES: usize = 255;

/// Longest address that a terminal is told.
const URL_BYTES: usize = 4 * 1024;

/// Longest code to be typed at the provider.
const USER_CODE_CHARS: usize = 64;

/// How signatures may be made: with a key of which the provider alone has the secret half.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What a description says besides, by RFC 8628.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct DeviceEndpoint {
    device_authorization_endpoint: Option<DeviceAuthorizationUrl>,
}
impl AdditionalProviderMetadata for DeviceEndpoint {}

type Description = ProviderMetadata<
    DeviceEndpoint,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why the provider did not say who it is. For the admin's log; people are told less.
#[derive(Debug, Error)]
pub(super) enum Problem {
    /// It did not answer, or not as it should.
    #[error("the provider cannot be used: {0}")]
    Unusable(String),
    /// It said no.
    #[error("the provider refused: {}", word(.0))]
    Refused(String),
    /// What it said does not hold.
    #[error("the provider's token is not good: {0}")]
    Token(String),
}

impl Problem {
    /// The same for the person at the terminal.
    pub(super) fn told(&self, name: &str) -> WireError {
        match self {
            Problem::Unusable(_) => unreachable(name),
            Problem::Refused(_) => WireError::new(
                ErrorCode::BadCredentials,
                format!("{name} did not let you in, or you did not finish there in time; begin again."),
            ),
            Problem::Token(_) => WireError::new(
                ErrorCode::BadCredentials,
                format!("What {name} said about you cannot be trusted; ask an admin, whose log says why."),
            ),
        }
    }
}

/// What a person is told when the provider cannot be used.
pub(super) fn unreachable(name: &str) -> WireError {
    WireError::new(ErrorCode::Unavailable, format!("{name} cannot be asked now; try again in a moment."))
}

/// A word of others for the log: what an error code has, and no more.
fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || "_-. ".contains(*c)).take(80).collect()
}

/// How a login began.
pub(super) enum Begun {
    /// By a code typed at the provider.
    Device(Device),
    /// By the browser.
    Browser {
        /// The address to open.
        url: String,
        /// What the browser brings back.
        state: Secret,
        /// What is needed when it does.
        way: BrowserWay,
    },
}

/// What this server keeps of a login by the browser.
pub(super) struct BrowserWay {
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// What the provider gave for a login by a typed code.
pub(super) struct Device(CoreDeviceAuthorizationResponse);

impl Device {
    pub(super) fn url(&self) -> String {
        self.0.verification_uri().to_string()
    }

    pub(super) fn user_code(&self) -> String {
        self.0.user_code().secret().chars().take(USER_CODE_CHARS).collect()
    }

    pub(super) fn complete_url(&self) -> Option<String> {
        let url = self.0.verification_uri_complete()?.secret();
        (may_be_called(url) && url.len() <= URL_BYTES).then(|| url.clone())
    }

    pub(super) fn interval(&self) -> Duration {
        self.0.interval()
    }

    pub(super) fn lasts(&self) -> Duration {
        self.0.expires_in()
    }
}

struct Known {
    description: Arc<Description>,
    at: Instant,
}

/// The provider.
pub(super) struct Provider {
    settings: SsoSettings,
    issuer: IssuerUrl,
    redirect: Option<RedirectUrl>,
    http: Http,
    /// Held while it is asked, so that many who come at once make one call.
    known: Mutex<Option<Known>>,
}

impl Provider {
    pub(super) fn new(settings: SsoSettings) -> anyhow::Result<Self> {
        let redirect = settings.redirect.clone().map(RedirectUrl::new).transpose();
        let redirect = redirect.context("oidc-redirect is no address")?;
        ensure!(
            may_be_called(&settings.issuer),
            "oidc-issuer must begin with https:// (or be on this very machine)"
        );
        Ok(Self {
            issuer: IssuerUrl::new(settings.issuer.clone()).context("oidc-issuer is no address")?,
            redirect,
            http: Http::new()?,
            known: Mutex::new(None),
            settings,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.name
    }

    /// Looks whether the provider can be used, and by which ways.
    pub(super) async fn describe(&self) -> Result<&'static str, Problem> {
        let description = self.description(DESCRIPTION_LASTS).await?;
        match (self.device_endpoint(&description).is_some(), self.redirect_used().is_some()) {
            (true, true) => Ok("code or browser"),
            (true, false) => Ok("code"),
            (false, true) => Ok("browser"),
            (false, false) => Err(no_way()),
        }
    }

    /// Asks the provider how a login begins.
    pub(super) async fn begin(&self) -> Result<Begun, Problem> {
        let description = self.description(DESCRIPTION_LASTS).await?;
        match (self.device_endpoint(&description), self.redirect_used()) {
            (Some(device), redirect) => match (self.begin_device(&description, device).await, redirect) {
                // A provider can offer codes and still not let this client use them.
                (Err(Problem::Refused(_)), Some(redirect)) => self.begin_browser(&description, redirect),
                (begun, _) => begun,
            },
            (None, Some(redirect)) => self.begin_browser(&description, redirect),
            (None, None) => Err(no_way()),
        }
    }

    async fn begin_device(
        &self,
        description: &Description,
        device: DeviceAuthorizationUrl,
    ) -> Result<Begun, Problem> {
        let client = self.client(description).set_device_authorization_url(device);
        let asked = client.exchange_device_code().add_scope(Scope::new("profile".to_owned()));
        let details: CoreDeviceAuthorizationResponse =
            asked.request_async(&self.calls()).await.map_err(not_given)?;
        let device = Device(details);
        if !may_be_called(&device.url()) || device.url().len() > URL_BYTES {
            return Err(Problem::Unusable("the page where the code is typed has no TLS".to_owned()));
        }
        Ok(Begun::Device(device))
    }

    fn begin_browser(&self, description: &Description, redirect: &RedirectUrl) -> Result<Begun, Problem> {
        let client = self.client(description).set_redirect_uri(redirect.clone());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                || CsrfToken::new_random_len(RANDOM_BYTES),
                || Nonce::new_random_len(RANDOM_BYTES),
            )
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        if !may_be_called(url.as_str()) || url.as_str().len() > URL_BYTES {
            return Err(Problem::Unusable("the page where one logs in has no TLS".to_owned()));
        }
        let state = Secret::new(state.into_secret());
        Ok(Begun::Browser { url: url.to_string(), state, way: BrowserWay { nonce, verifier } })
    }

    /// Asks the provider about a typed code until it says yes or no, once for each time that
    /// somebody wants to know.
    pub(super) async fn ask_until_done(
        &self,
        device: Device,
        wanted: Arc<Notify>,
        lasts: Duration,
    ) -> Result<Proven, Problem> {
        // The first question comes when somebody wants to know, too.
        wanted.notified().await;
        let description = self.description(DESCRIPTION_LASTS).await?;
        let client = self.client(&description);
        let asking =
            client.exchange_device_access_token(&device.0).map_err(|e| Problem::Unusable(e.to_string()))?;
        let calls = self.calls();
        let pause = |interval| {
            let wanted = wanted.clone();
            async move {
                tokio::time::sleep(interval).await;
                wanted.notified().await;
            }
        };
        let response = asking.request_async(&calls, pause, Some(lasts)).await.map_err(not_given)?;
        // No nonce was sent: the grant has none, and the code itself is good once.
        self.identify(&response, None).await
    }

    /// What the code is worth that a browser brought.
    pub(super) async fn exchange(
        &self,
        code: Secret,
        issuer: Option<&str>,
        way: BrowserWay,
    ) -> Result<Proven, Problem> {
        if issuer.is_some_and(|issuer| issuer != self.issuer.as_str()) {
            return Err(Problem::Token("another provider answered".to_owned()));
        }
        let description = self.description(DESCRIPTION_LASTS).await?;
        let redirect = self.redirect_used().ok_or_else(no_way)?.clone();
        let client = self.client(&description).set_redirect_uri(redirect);
        let asking = client
            .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
            .map_err(|cause| Problem::Unusable(cause.to_string()))?
            .set_pkce_verifier(way.verifier);
        let response = asking.request_async(&self.calls()).await.map_err(not_given)?;
        self.identify(&response, Some(&way.nonce)).await
    }

    /// Who a response is about, once its token is checked.
    async fn identify(&self, response: &CoreTokenResponse, nonce: Option<&Nonce>) -> Result<Proven, Problem> {
        let token = response.id_token().ok_or_else(|| Problem::Token("there is none".to_owned()))?;
        let known = self.description(DESCRIPTION_LASTS).await?;
        let subject = match self.subject(&known, token, nonce) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                // The provider may have new keys.
                let fresh = self.description(KEYS_LAST).await?;
                self.subject(&fresh, token, nonce)
            }
            checked => checked,
        };
        let subject = subject.map_err(|cause| Problem::Token(chain(&cause)))?;
        if subject.is_empty() || subject.len() > SUBJECT_BYTES {
            return Err(Problem::Token("its subject is empty or too long".to_owned()));
        }
        let identity = Identity { issuer: self.issuer.as_str().to_owned(), subject };
        Ok(Proven { identity, name: claim(token, &self.settings.claim) })
    }

    /// The subject of a token whose signature, issuer, audience, age and nonce are right.
    fn subject(
        &self,
        description: &Description,
        token: &CoreIdToken,
        nonce: Option<&Nonce>,
    ) -> Result<String, ClaimsVerificationError> {
        let client = self.client(description);
        let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
        let claims = match nonce {
            Some(nonce) => token.claims(&verifier, nonce)?,
            None => token.claims(&verifier, |_: Option<&Nonce>| Ok(()))?,
        };
        Ok(claims.subject().as_str().to_owned())
    }

    /// What the provider says of itself, its keys with it, no older than this.
    async fn description(&self, lasts: Duration) -> Result<Arc<Description>, Problem> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.at.elapsed() < lasts) {
            return Ok(known.description.clone());
        }
        let found = Description::discover_async(self.issuer.clone(), &self.calls()).await;
        let description = Arc::new(found.map_err(|cause| Problem::Unusable(chain(&cause)))?);
        *known = Some(Known { description: description.clone(), at: Instant::now() });
        Ok(description)
    }

    fn client(&self, description: &Description) -> Client {
        let id = ClientId::new(self.settings.client_id.clone());
        let secret = ClientSecret::new(self.settings.client_secret.expose().to_owned());
        let client = CoreClient::from_provider_metadata(description.clone(), id, Some(secret));
        let methods = description.token_endpoint_auth_methods_supported();
        let only_in_body = methods.is_some_and(|methods| {
            !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
        client.set_auth_type(if only_in_body { AuthType::RequestBody } else { AuthType::BasicAuth })
    }

    fn device_endpoint(&self, description: &Description) -> Option<DeviceAuthorizationUrl> {
        let endpoint = description.additional_metadata().device_authorization_endpoint.clone();
        endpoint.filter(|_| self.settings.flow != Flow::Browser)
    }

    /// The address of this server that leads to the provider.
    pub(super) fn door(&self, code: &Secret) -> String {
        let back = self.redirect.as_ref().map(|redirect| redirect.as_str()).unwrap_or_default();
        format!("{}/go/{}", back.trim_end_matches("/callback"), code.expose())
    }

    fn redirect_used(&self) -> Option<&RedirectUrl> {
        self.redirect.as_ref().filter(|_| self.settings.flow != Flow::Device)
    }

    /// How the library makes its calls.
    fn calls(
        &self,
    ) -> impl Fn(
        HttpRequest,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, CallFailed>> + Send>>
    + Send
    + Sync
    + use<> {
        let http = self.http.clone();
        move |request| Box::pin(http.clone().send(request))
    }
}

/// Random bytes of a state and a nonce.
const RANDOM_BYTES: u32 = 32;

fn no_way() -> Problem {
    Problem::Unusable("it offers no codes to type, and oidc_redirect is not set for the browser".to_owned())
}

/// Why a question was not answered with what was asked for.
fn not_given<E, T>(cause: openidconnect::RequestTokenError<E, T>) -> Problem
where
    E: std::error::Error + 'static,
    T: openidconnect::ErrorResponse + std::fmt::Display + 'static,
{
    match cause {
        openidconnect::RequestTokenError::ServerResponse(response) => Problem::Refused(response.to_string()),
        other => Problem::Unusable(chain(&other)),
    }
}

/// An error with its reasons, in one line.
fn chain(cause: &dyn std::error::Error) -> String {
    let mut text = cause.to_string();
    let mut inner = cause.source();
    while let Some(next) = inner {
        text.push_str(": ");
        text.push_str(&next.to_string());
        inner = next.source();
    }
    text
}

/// A claim of a token that was checked.
fn claim(token: &CoreIdToken, name: &str) -> Option<String> {
    let token = token.to_string();
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims.get(name)?.as_str().map(str::to_owned)
}
