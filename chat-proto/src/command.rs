//! Names of slash commands.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use crate::limits;

/// Commands of the clients themselves, those of today and those that are likely to come. Bots
/// cannot take them: what `/leave` does must not depend on who is in the room.
#[rustfmt::skip]
pub const RESERVED_COMMANDS: &[&str] = &[
    "accept", "account", "accounts", "admin", "announce", "archive", "audit", "away", "back", "ban",
    "bans", "bind", "block", "blocked", "bookmark", "bot", "bots", "call", "cancel", "clear", "command",
    "commands", "connect", "create", "day", "decline", "delete", "describe", "discard", "disconnect",
    "dm", "dnd", "download", "drafts", "edit", "editor", "emoji", "exit", "expand", "export", "file",
    "files", "fold", "follow", "forward", "go", "goto", "help", "hook", "hooks", "ignore", "inbox",
    "incoming", "invitations", "invite", "join", "kick", "later", "leave", "link", "list", "lock", "login",
    "logout", "me", "members", "mentions", "msg", "mute", "muted", "mutes", "names", "next", "nick",
    "notify", "outgoing", "part", "password", "pick", "pin", "pins", "privacy", "profile", "purge",
    "quit", "react", "read", "readers", "reconnect", "reload", "remind", "rename", "reply", "report",
    "reports", "resolve", "retention", "retry", "role", "rooms", "save", "saved", "search", "select", "sessions",
    "set", "settings", "show", "slow", "star", "status", "theme", "thread", "threads", "topic",
    "trust", "twofactor", "typing", "unarchive", "unban", "unblock", "unfollow", "unignore", "unlink", "unmute", "unpin",
    "unread",
    "upload", "users", "versions", "view", "voice", "webhook", "webhooks", "where", "who", "whoami",
    "zone",
];

/// Why a text is not the name of a command.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommandNameError {
    /// Empty, too long, or with other characters.
    #[error(
        "a command's name has 1 to {0} letters a to z, digits, '-' and '_', and begins with a letter or digit"
    )]
    BadForm(usize),
}

/// The name of a slash command, without the slash: lower case ASCII, easy to type anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct CommandName(String);

impl CommandName {
    /// Reads a name as typed; `Deploy` gives `deploy`.
    ///
    /// # Errors
    /// [`CommandNameError`].
    pub fn parse(text: &str) -> Result<Self, CommandNameError> {
        let is_word = |c: char| c.is_ascii_alphanumeric();
        let fits = (1..=limits::COMMAND_NAME_CHARS).contains(&text.len())
            && text.starts_with(is_word)
            && text.chars().all(|c| is_word(c) || matches!(c, '-' | '_'));
        if fits {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(CommandNameError::BadForm(limits::COMMAND_NAME_CHARS))
        }
    }

    /// Whether the clients have a command of that name themselves.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        RESERVED_COMMANDS.contains(&self.0.as_str())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::str::FromStr for CommandName {
    type Err = CommandNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl<'de> Deserialize<'de> for CommandName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_easy_to_type() {
        assert_eq!(CommandName::parse("Deploy").unwrap().as_str(), "deploy");
        assert_eq!(CommandName::parse("on-call_2").unwrap().as_str(), "on-call_2");
        for bad in ["", "-x", "a b", "déploy", "a/b", "a:b", "a\u{1b}", &"x".repeat(33)] {
            assert!(CommandName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_reserved_ones_are_names_in_order() {
        assert!(RESERVED_COMMANDS.is_sorted());
        for name in RESERVED_COMMANDS {
            assert!(CommandName::parse(name).unwrap().is_reserved());
        }
    }
}
