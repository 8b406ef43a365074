//! Bots: accounts for programs, with tokens of a stated scope.

use serde::{Deserialize, Serialize};

use crate::{Person, Scopes, Secret, Timestamp, UserName, scope};

/// Payload of `bot.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateBot {
    /// The name wanted; bots and people share one list of names.
    pub name: UserName,
    /// What its token shall be good for.
    pub scopes: Scopes,
}

/// The answer to `bot.create` and `bot.token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotToken {
    /// The bot.
    pub user: Person,
    /// What the token is good for.
    #[serde(deserialize_with = "scope::known")]
    pub scopes: Scopes,
    /// The token, for `auth.token`. Shown this once.
    pub token: Secret,
}

/// Payload of `bot.list`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListBots {}

/// The answer to `bot.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bots {
    /// By name.
    pub bots: Vec<BotInfo>,
}

/// One bot, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotInfo {
    /// The bot.
    pub user: Person,
    /// Who made it.
    pub owner: Person,
    /// What its token is good for.
    #[serde(deserialize_with = "scope::known")]
    pub scopes: Scopes,
    /// Since when.
    pub at: Timestamp,
}

/// Payload of `bot.token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotateToken {
    /// Whose.
    pub bot: UserName,
    /// What the new token shall be good for; absent for the same as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Scopes>,
}

/// Payload of `bot.delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteBot {
    /// Which.
    pub bot: UserName,
}
