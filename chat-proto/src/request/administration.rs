//! Accounts in the hands of those who run the server.

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{Person, Role, Secret, Timestamp, Topic, UserName, lenient};

/// Payload of `account.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListAccounts {
    /// Only names with this text in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The last name of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<UserName>,
    /// How many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `account.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPage {
    /// By name.
    pub accounts: Vec<AccountInfo>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// An account as its admins see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountInfo {
    /// Whose.
    pub user: Person,
    /// What it may do on the server.
    #[serde(deserialize_with = "lenient::role")]
    pub role: Role,
    /// When it was made.
    pub at: Timestamp,
    /// When it went or used a login last, if it ever was here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// Since when it is disabled; absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Timestamp>,
    /// Whether its logins ask for a second factor.
    #[serde(default, skip_serializing_if = "is_default")]
    pub second_factor: bool,
    /// How many logins go on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sessions: u32,
}

/// Payload of `user.disable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisableUser {
    /// Whom.
    pub user: UserName,
    /// Why, for the log.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Topic,
}

/// Payload of `user.enable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnableUser {
    /// Whom.
    pub user: UserName,
}

/// Payload of `user.role`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUserRole {
    /// Whose.
    pub user: UserName,
    /// What they may do from now on.
    pub role: Role,
}

/// Payload of `user.password`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GivePassword {
    /// Whose.
    pub user: UserName,
    /// The password from now on, which its person should change.
    pub password: Secret,
}

/// Payload of `user.reset`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetUser {
    /// Whose password.
    pub user: UserName,
    /// Whether using the code also takes the second factor away, for who has lost it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub second_factor: bool,
}

/// The answer to `user.reset`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResetCode {
    /// For whom.
    pub user: Person,
    /// The code, good for one `auth.reset`. Shown this once.
    pub code: Secret,
    /// When it ends.
    pub expires_at: Timestamp,
}
