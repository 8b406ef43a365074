//! Logging in by a provider (OpenID Connect). The server is the provider's client and keeps every
//! secret; a terminal only shows an address and asks whether it is done.

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{DeviceName, Secret, Timestamp};

/// Payload of `auth.oidc.begin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OidcBegin {
    /// The protocol version that the client speaks.
    pub protocol: u16,
}

/// The answer to `auth.oidc.begin` and `link.begin`: what the person has to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OidcBegun {
    /// The address to open in a browser, on any device.
    pub url: String,
    /// The code to type there; absent where the page asks for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_code: Option<String>,
    /// The address with the code in it, to be opened by the client or photographed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_url: Option<String>,
    /// Whether the last page shows a code, which the person types into the terminal: the `confirm`
    /// of `auth.oidc.poll` and `link.finish`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub confirm: bool,
    /// What `auth.oidc.poll` and `link.finish` name this login by; nobody else may know it.
    pub poll: Secret,
    /// How long to wait between two polls, in milliseconds.
    pub interval_ms: u64,
    /// When it must be done.
    pub expires_at: Timestamp,
}

/// Payload of `auth.oidc.poll`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OidcPoll {
    /// The protocol version that the client speaks.
    pub protocol: u16,
    /// The `poll` of `auth.oidc.begin`.
    pub poll: Secret,
    /// The code that the last page showed, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Secret>,
    /// The name wanted for a new account, in place of what the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// An invite code, where the server asks for one for a new account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<Secret>,
    /// The second factor, where the account has one here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Secret>,
    /// What to call this device in the list of sessions.
    #[serde(default)]
    pub device: DeviceName,
}

/// Payload of `link.begin`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BeginLink {
    /// The account's password.
    pub password: Secret,
}

/// Payload of `link.finish`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinishLink {
    /// The `poll` of `link.begin`.
    pub poll: Secret,
    /// The code that the last page showed, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Secret>,
}

/// Payload of `link.remove`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemoveLink {
    /// The account's password, without which it could not be entered any more.
    pub password: Secret,
}

/// A provider by which one can log in, as `hello` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInProvider {
    /// What people call it.
    pub name: String,
    /// Whether passwords are for the owner alone.
    #[serde(default, skip_serializing_if = "is_default")]
    pub required: bool,
}

/// How an account is linked with the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderLink {
    /// Since when.
    pub since: Timestamp,
}
