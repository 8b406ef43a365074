//! The ways into an account, and who holds one: passwords, sessions, second factors.

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{DeviceName, ProviderLink, Secret, SessionId, Timestamp, UserName};

/// Payload of `auth.reset`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reset {
    /// The protocol version that the client speaks.
    pub protocol: u16,
    /// The code that an admin made with `user.reset`.
    pub reset: Secret,
    /// The password wanted from now on.
    pub password: Secret,
    /// The second factor, where the account has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Secret>,
    /// What to call this device in the list of sessions.
    #[serde(default)]
    pub device: DeviceName,
}

/// Payload of `account.password`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangePassword {
    /// The password until now.
    pub current: Secret,
    /// The password wanted from now on.
    pub password: Secret,
}

/// Payload of `session.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSessions {
    /// Whose, for admins; absent for the own ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserName>,
}

/// The answer to `session.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// The one used last first; at most [`crate::limits::SESSIONS`].
    pub sessions: Vec<SessionInfo>,
    /// The second factor; absent where the password alone is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<SecondFactor>,
    /// The link with the provider by which one can log in, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderLink>,
}

/// A login that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Its id, for `session.revoke`.
    pub id: SessionId,
    /// What the device calls itself.
    pub device: DeviceName,
    /// When it began.
    pub began_at: Timestamp,
    /// When it was last used, to the minute.
    pub used_at: Timestamp,
    /// Whether it is the one that asks.
    #[serde(default, skip_serializing_if = "is_default")]
    pub current: bool,
}

/// How an account's second factor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// Since when logins ask for it.
    pub since: Timestamp,
    /// How many recovery codes are left.
    pub recovery_codes: u32,
}

/// Payload of `session.revoke`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeSession {
    /// Which; absent for all but the one that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Whose, for admins; absent for the own ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserName>,
}

/// Payload of `totp.begin`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BeginTotp {
    /// The account's password.
    pub password: Secret,
}

/// The answer to `totp.begin`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TotpSetup {
    /// The secret in Base32, to be typed into an authenticator.
    pub secret: Secret,
    /// The same as an `otpauth:` address, to be shown as a QR code.
    pub url: Secret,
}

/// Payload of `totp.confirm`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfirmTotp {
    /// What the authenticator shows.
    pub code: Secret,
}

/// The answer to `totp.confirm`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// Each is good for one login in place of a code. Shown this once.
    pub codes: Vec<Secret>,
}

/// Payload of `totp.disable`; one of the two.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DisableTotp {
    /// The account's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// A code of the authenticator, or a recovery code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Secret>,
}
