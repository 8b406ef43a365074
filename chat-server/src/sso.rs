//! Floor 3: logging in by a provider (OpenID Connect). This server is the provider's client, so
//! that terminals need no secret and no port of their own.
//!
//! 1. Who somebody is, is what a token says whose signature, issuer, audience, age and (where one
//!    was sent) nonce were checked: the pair of issuer and subject, and nothing else.
//! 2. What is proven belongs to the holder of one random text, which only the terminal knows that
//!    began; see `pending` for what keeps others from finishing it.
//! 3. Calls go to the configured provider and where its own description points, over TLS or to
//!    this very machine; no redirect is followed, and what is read is bounded.

mod http;
mod name;
mod page;
mod pending;
mod provider;

use std::sync::Arc;

use chat_proto::{OidcBegun, Secret, SignInProvider, WireError};
use tracing::{info, warn};

use crate::registration::ProviderRegistration;
use crate::store::Identity;
pub use http::may_be_called;
pub use name::fitting;
pub use page::Page;
use pending::Logins;
pub use pending::{Caller, Held, Purpose};
pub(crate) use pending::{LASTS, PENDING, PENDING_EACH};
use provider::Provider;

/// Which of the two ways people go.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// By a code typed at the provider, where it offers that, else by the browser
    #[default]
    Auto,
    /// By a code typed at the provider (RFC 8628)
    Device,
    /// By the browser, back to this server
    Browser,
}

/// What the settings say about the provider.
#[derive(Debug, Clone)]
pub struct SsoSettings {
    /// Where it is, and its name in every token.
    pub issuer: String,
    /// Who this server is there.
    pub client_id: String,
    /// What proves it.
    pub client_secret: Secret,
    /// What people call it.
    pub name: String,
    /// Which way people go.
    pub flow: Flow,
    /// The address of this server's page to which the browser comes back.
    pub redirect: Option<String>,
    /// Whether somebody unknown gets an account.
    pub registration: ProviderRegistration,
    /// Whether passwords are for the owner alone.
    pub required: bool,
    /// Which claim the name of a new account is made from.
    pub claim: String,
}

/// What a person told the provider, as far as this server knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// Who it is.
    pub identity: Identity,
    /// What the claim for the name says.
    pub name: Option<String>,
}

/// Logging in by the provider.
pub struct Sso {
    /// What people call it, and whether there is no other way.
    pub offer: SignInProvider,
    /// Whether somebody unknown gets an account.
    pub registration: ProviderRegistration,
    provider: Arc<Provider>,
    logins: Arc<Logins>,
}

impl Sso {
    /// For this provider, which is asked for nothing yet.
    ///
    /// # Errors
    /// An address that cannot be used.
    pub fn new(settings: SsoSettings) -> anyhow::Result<Self> {
        Ok(Self {
            offer: SignInProvider { name: settings.name.clone(), required: settings.required },
            registration: settings.registration,
            provider: Arc::new(Provider::new(settings)?),
            logins: Arc::default(),
        })
    }

    /// Looks at the provider once, so that its admin reads in the log what is wrong and the first
    /// person does not wait.
    pub async fn warm_up(&self) {
        match self.describe().await {
            Ok(ways) => info!(ways, "people can log in by the provider"),
            Err(cause) => warn!(%cause, "the provider by which people log in does not answer as it should"),
        }
    }

    /// The ways by which people can go to the provider, as it describes itself.
    ///
    /// # Errors
    /// Why nobody can, in words for its admin.
    pub async fn describe(&self) -> Result<&'static str, String> {
        self.provider.describe().await.map_err(|cause| cause.to_string())
    }

    /// Begins a login, or a link.
    ///
    /// # Errors
    /// `rate_limited` when too many are under way, `unavailable` when the provider does not answer.
    pub async fn begin(&self, purpose: Purpose, caller: Caller) -> Result<OidcBegun, WireError> {
        let place = self.logins.reserve(purpose, caller)?;
        let begun = self.provider.begin().await.map_err(|cause| {
            warn!(%cause, "a login by the provider cannot begin");
            provider::unreachable(&self.offer.name)
        });
        place.fill(&self.provider, begun?)
    }

    /// What the provider said about the login of this name, once; it can be put back.
    ///
    /// # Errors
    /// `login_pending`, `confirm_required`, or why it is over.
    pub fn take(&self, poll: &Secret, purpose: Purpose, confirm: Option<&Secret>) -> Result<Held, WireError> {
        self.logins.take(poll, purpose, confirm)
    }

    /// Leaves open what was taken, because something else is missing.
    pub fn put_back(&self, held: Held) {
        self.logins.put_back(held);
    }

    /// Where a browser that comes with this code goes on.
    #[must_use]
    pub fn behind_door(&self, code: &str) -> Option<String> {
        self.logins.behind_door(code)
    }

    /// A browser comes back from the provider. What it says becomes a page for the person.
    pub async fn come_back(&self, query: &str) -> Page {
        let returned = match page::Returned::read(query) {
            Some(returned) => returned,
            None => return Page::unknown(),
        };
        let Some(waiting) = self.logins.browser(&returned.state) else { return Page::unknown() };
        let (poll, way) = waiting;
        let proven = match returned.outcome {
            Ok(code) => self.provider.exchange(code, returned.issuer.as_deref(), way).await,
            Err(word) => Err(provider::Problem::Refused(word)),
        };
        match proven {
            Ok(proven) => match self.logins.proven_in_browser(&poll, proven) {
                Some(code) => Page::confirm(&self.offer.name, &code),
                None => Page::unknown(),
            },
            Err(cause) => {
                warn!(%cause, "a login by the provider failed");
                self.logins.failed(&poll, cause.told(&self.offer.name));
                Page::failed(&self.offer.name)
            }
        }
    }
}
