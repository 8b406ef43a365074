//! What a bot's token is good for.
//!
//! [`RequestKind::needs`] names every request, so a new one does not compile until it says here
//! whether bots may ask it.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::RequestKind;

/// One thing that a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// See conversations, and be told what happens in them.
    Read,
    /// Write messages, and change or delete them as far as the bot may.
    Write,
    /// Find, make, join and leave rooms, and keep them as far as the bot's role there goes.
    Rooms,
    /// Register slash commands and answer them.
    Commands,
}

impl Scope {
    /// Every scope, in the order of the specification.
    pub const ALL: [Scope; 4] = [Scope::Read, Scope::Write, Scope::Rooms, Scope::Commands];

    /// The word on the wire, in the database and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Rooms => "rooms",
            Scope::Commands => "commands",
        }
    }

    /// The scope of that name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// All that a token is good for. On the wire a list of words, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Whether this is among them.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether the token is good for nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that these words name; other words, of a newer server, are left out.
    #[must_use]
    pub fn from_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        words.into_iter().filter_map(Scope::from_word).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|scope| scope.as_str()).collect();
        f.pad(&words.join(","))
    }
}

/// Reads the scopes that a newer server may tell. For `deserialize_with`.
pub(crate) fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scopes, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    Ok(Scopes::from_words(words.iter().map(String::as_str)))
}

/// What a bot must have to be granted a request. Rights in a room are asked besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Every token is good for it.
    Nothing,
    /// This scope.
    Scope(Scope),
    /// No bot may; it is for people.
    Person,
}

impl RequestKind {
    /// What a bot must have to be granted this.
    #[must_use]
    pub fn needs(self) -> Needs {
        use RequestKind as K;
        match self {
            K::Register
            | K::Login
            | K::Token
            | K::Reset
            | K::OidcBegin
            | K::OidcPoll
            | K::Ping
            | K::SetPresence
            // Without `read`, these come without the last message.
            | K::ListConversations
            | K::GetConversation => Needs::Nothing,
            K::Resume
            | K::ListMembers
            | K::ListPeople
            | K::ListPins
            | K::ListVersions
            | K::GetThread
            | K::FollowThread
            | K::MarkThread
            | K::ListThreads
            | K::ListInbox
            | K::MarkInbox
            | K::SetNotify
            | K::SetDnd
            | K::SetStar
            | K::SetSaved
            | K::ListSaved
            | K::GetProfile
            | K::ListBlocked
            | K::GetReaders
            | K::GetHistory
            | K::Search
            | K::MarkRead
            | K::WatchPresence
            | K::ListCommands => Needs::Scope(Scope::Read),
            K::OpenDirect | K::SendMessage | K::EditMessage | K::DeleteMessage | K::React | K::PinMessage | K::CreateReport | K::SetProfile | K::ListFiles | K::DeleteFile => {
                Needs::Scope(Scope::Write)
            }
            K::CreateRoom
            | K::JoinRoom
            | K::Invite
            | K::ListInvitations
            | K::AcceptInvitation
            | K::DeclineInvitation
            | K::RemoveMember
            | K::SetRole
            | K::RenameRoom
            | K::DescribeRoom
            | K::SetRules
            | K::LeaveRoom
            | K::ListRooms
            | K::SetTopic
            | K::BanMember
            | K::UnbanMember
            | K::MuteMember
            | K::UnmuteMember
            | K::ListBans
            | K::Purge => Needs::Scope(Scope::Rooms),
            K::RegisterCommands | K::AnswerCommand => Needs::Scope(Scope::Commands),
            // A bot that could make another, or a way in or out of a room, would be as good as
            // its maker's password; and one that runs commands could run them round in circles.
            K::Logout
            | K::CreateBot
            | K::ListBots
            | K::RotateToken
            | K::DeleteBot
            | K::CreateIncoming
            | K::ListIncoming
            | K::DeleteIncoming
            | K::CreateOutgoing
            | K::ListOutgoing
            | K::DeleteOutgoing
            | K::TestOutgoing
            | K::RunCommand
            | K::SetBlock
            | K::SetPrivacy
            | K::ChangePassword
            | K::BeginLink
            | K::FinishLink
            | K::RemoveLink
            | K::ListSessions
            | K::RevokeSession
            | K::BeginTotp
            | K::ConfirmTotp
            | K::DisableTotp
            // The server is run by people.
            | K::ListAccounts
            | K::DisableUser
            | K::EnableUser
            | K::SetUserRole
            | K::ResetUser
            | K::GivePassword
            | K::BanUser
            | K::UnbanUser
            | K::MuteUser
            | K::UnmuteUser
            | K::CreateCode
            | K::ListCodes
            | K::RevokeCode
            | K::CreateUser
            | K::SetLockdown
            | K::SurveyRooms
            | K::ListReports
            | K::CloseReport
            | K::ListAudit => Needs::Person,
        }
    }
}
