//! Requests and their answers: one row of the table below for each.

mod account;
mod administration;
mod bot;
mod command;
mod conversation;
mod file;
mod inbox;
mod keeping;
mod message;
mod moderation;
mod oidc;
mod people;
mod profile;
mod room;
mod search;
mod server;
mod sign_in;
mod webhook;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Conversation, ConversationId, InboxState, Privacy, ThreadState};

pub use account::*;
pub use administration::*;
pub use bot::*;
pub use command::*;
pub use conversation::*;
pub use file::*;
pub use inbox::*;
pub use keeping::*;
pub use message::*;
pub use moderation::*;
pub use oidc::*;
pub use people::*;
pub use profile::*;
pub use room::*;
pub use search::*;
pub use server::*;
pub use sign_in::*;
pub use webhook::*;

/// A payload that asks, tied to the type of its answer.
pub trait Ask: Sized {
    /// What `ok` carries for this request.
    type Answer: Serialize + serde::de::DeserializeOwned;

    /// The request around this payload.
    fn into_request(self) -> Request;

    /// Takes this request's answer out of the enum of all; `None` for another request's.
    fn answer(answer: Answer) -> Option<Self::Answer>;
}

macro_rules! requests {
    ($($(#[doc = $doc:literal])+ $name:ident = $kind:literal -> $answer:ty;)+) => {
        /// All that a client may ask. Exactly one reply comes for each.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(tag = "type", content = "payload")]
        pub enum Request {
            $($(#[doc = $doc])+ #[serde(rename = $kind)] $name($name),)+
        }

        /// Which request, without its payload.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum RequestKind {
            $($(#[doc = $doc])+ $name,)+
        }

        /// What `ok` carries, by request.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Answer {
            $(#[doc = concat!("The answer to `", $kind, "`.")] $name($answer),)+
        }

        impl Request {
            /// Which request this is.
            #[must_use]
            pub fn kind(&self) -> RequestKind {
                match self { $(Request::$name(_) => RequestKind::$name,)+ }
            }
        }

        impl RequestKind {
            /// Every request, in the order of the specification.
            pub const ALL: &[RequestKind] = &[$(RequestKind::$name,)+];

            /// The `type` on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(RequestKind::$name => $kind,)+ }
            }

            /// The request of that `type`, if there is one.
            #[must_use]
            pub fn from_type(kind: &str) -> Option<RequestKind> {
                match kind { $($kind => Some(RequestKind::$name),)+ _ => None }
            }

            /// What the request does, as the specification says it.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(RequestKind::$name => concat!($($doc,)+).trim_ascii_start(),)+ }
            }

            /// Reads this request's payload.
            ///
            /// # Errors
            /// What does not fit, and where.
            pub fn decode_payload(self, payload: &RawValue) -> Result<Request, serde_json::Error> {
                match self {
                    $(RequestKind::$name => serde_json::from_str(payload.get()).map(Request::$name),)+
                }
            }

            /// Reads the payload of an `ok` that answers this request.
            ///
            /// # Errors
            /// What does not fit, and where.
            pub fn decode_answer(self, payload: &RawValue) -> Result<Answer, serde_json::Error> {
                match self {
                    $(RequestKind::$name => serde_json::from_str(payload.get()).map(Answer::$name),)+
                }
            }
        }

        $(impl Ask for $name {
            type Answer = $answer;

            fn into_request(self) -> Request {
                Request::$name(self)
            }

            fn answer(answer: Answer) -> Option<$answer> {
                match answer {
                    Answer::$name(answer) => Some(answer),
                    _ => None,
                }
            }
        })+
    };
}

requests! {
    /// Makes an account and logs in.
    Register = "auth.register" -> Welcome;
    /// Logs in by name and password, and gives a token.
    Login = "auth.login" -> Welcome;
    /// Logs in by a token from before.
    Token = "auth.token" -> Welcome;
    /// Sets a new password by the code of an admin, and logs in; all other sessions end.
    Reset = "auth.reset" -> Welcome;
    /// Begins a login by the provider that `hello` names.
    OidcBegin = "auth.oidc.begin" -> OidcBegun;
    /// Asks whether that login is done; logs in when it is.
    OidcPoll = "auth.oidc.poll" -> Welcome;
    /// Ends the session and its token; the server then closes the connection.
    Logout = "auth.logout" -> Done;
    /// Changes the own password; all other sessions of the account end.
    ChangePassword = "account.password" -> Done;
    /// Begins to link the account with one at the provider.
    BeginLink = "link.begin" -> OidcBegun;
    /// Links the account, when the provider has said who it is.
    FinishLink = "link.finish" -> Done;
    /// Ends the link with the provider; the account then needs its password.
    RemoveLink = "link.remove" -> Done;
    /// The own sessions, how the second factor stands, and whether a provider knows the account; for admins also somebody's.
    ListSessions = "session.list" -> Sessions;
    /// Ends one of the own sessions, or all others; for admins also somebody's.
    RevokeSession = "session.revoke" -> Done;
    /// Makes the secret of a second factor, which holds once it is confirmed.
    BeginTotp = "totp.begin" -> TotpSetup;
    /// Has logins ask for the second factor, and gives recovery codes; all other sessions end.
    ConfirmTotp = "totp.confirm" -> RecoveryCodes;
    /// Has logins ask for the password alone again.
    DisableTotp = "totp.disable" -> Done;
    /// Catches up: states known positions, receives what came after them.
    Resume = "sync.resume" -> Resumed;
    /// A page of one's conversations, the most recently active first.
    ListConversations = "conversation.list" -> ConversationPage;
    /// One conversation as it is now, with its counts.
    GetConversation = "conversation.get" -> Conversation;
    /// Opens the direct conversation with somebody, making it if there is none.
    OpenDirect = "direct.open" -> Conversation;
    /// Makes a room and joins it as its owner.
    CreateRoom = "room.create" -> Conversation;
    /// Joins a public room by name; harmless for a member.
    JoinRoom = "room.join" -> Conversation;
    /// Asks somebody into a room.
    Invite = "room.invite" -> Done;
    /// The invitations that one has not answered yet, the newest first.
    ListInvitations = "invitation.list" -> Invitations;
    /// Accepts an invitation and joins.
    AcceptInvitation = "invitation.accept" -> Conversation;
    /// Declines an invitation; who invited is not told.
    DeclineInvitation = "invitation.decline" -> Done;
    /// Puts somebody out of a room.
    RemoveMember = "member.remove" -> Done;
    /// Gives somebody a role in a room.
    SetRole = "member.role" -> Done;
    /// Gives a room another name.
    RenameRoom = "room.rename" -> Position;
    /// Describes a room at more length than its topic.
    DescribeRoom = "room.describe" -> Position;
    /// Sets how people may write in a room.
    SetRules = "room.rules" -> Position;
    /// Leaves a room.
    LeaveRoom = "room.leave" -> Done;
    /// A page of the directory of public rooms, by name.
    ListRooms = "room.list" -> RoomPage;
    /// Sets a room's topic.
    SetTopic = "room.topic" -> Position;
    /// A page of a conversation's members, by name.
    ListMembers = "member.list" -> MemberPage;
    /// A page of the people on this server, by name.
    ListPeople = "user.list" -> PeoplePage;
    /// Sends a message. Answered when it is stored.
    SendMessage = "message.send" -> Sent;
    /// Changes the text of one's own message.
    EditMessage = "message.edit" -> Position;
    /// Deletes one's own message, or as a moderator anybody's; its text is gone everywhere.
    DeleteMessage = "message.delete" -> Position;
    /// Puts a reaction to a message, or takes it back; harmless when it is so already.
    React = "message.react" -> ReactionState;
    /// Pins a message for everybody, or unpins it; harmless when it is so already.
    PinMessage = "message.pin" -> PinState;
    /// The pinned messages of a conversation, as they stand now.
    ListPins = "message.pins" -> Messages;
    /// The earlier texts of an edited message, oldest first.
    ListVersions = "message.versions" -> Versions;
    /// A page of a thread: the messages under its first one, oldest first.
    GetThread = "thread.get" -> ThreadPage;
    /// Follows a thread, or does not any more.
    FollowThread = "thread.follow" -> ThreadState;
    /// Moves the own read mark in a thread forward; it never moves back.
    MarkThread = "thread.mark" -> ThreadState;
    /// A page of the threads that one follows, the most recently active first.
    ListThreads = "thread.list" -> ThreadList;
    /// A page of the inbox: mentions, calls, replies and followed threads, the newest first.
    ListInbox = "inbox.list" -> InboxPage;
    /// Marks messages in the inbox as read, or not.
    MarkInbox = "inbox.mark" -> InboxState;
    /// Says which messages of a conversation alert, and mutes it for a time.
    SetNotify = "conversation.notify" -> NotifyState;
    /// Says when one is not to be disturbed.
    SetDnd = "dnd.set" -> DndState;
    /// Stars a conversation for oneself, or does not any more.
    SetStar = "conversation.star" -> SetStar;
    /// Saves a message for oneself, or does not keep it any more.
    SetSaved = "saved.set" -> SetSaved;
    /// A page of the messages that one saved, the one saved last first.
    ListSaved = "saved.list" -> SavedPage;
    /// A page of a conversation's events, always oldest first.
    GetHistory = "history.get" -> HistoryPage;
    /// Finds messages in all of one's conversations.
    Search = "search" -> SearchPage;
    /// A page of one's own uploads, the newest first, and what they take of the quota.
    ListFiles = "file.list" -> FilePage;
    /// Deletes an own upload that is in no message.
    DeleteFile = "file.delete" -> Done;
    /// Moves the own read mark forward; it never moves back.
    MarkRead = "read.mark" -> ReadState;
    /// Watches the presence of these people in place of those watched before.
    WatchPresence = "presence.watch" -> PresenceList;
    /// Says whether a person is at this device.
    SetPresence = "presence.set" -> Done;
    /// Puts somebody out of a room and keeps them out.
    BanMember = "member.ban" -> Done;
    /// Ends a ban from a room; harmless when there is none.
    UnbanMember = "member.unban" -> Done;
    /// Lets a member of a room only read.
    MuteMember = "member.mute" -> Done;
    /// Ends a mute in a room; harmless when there is none.
    UnmuteMember = "member.unmute" -> Done;
    /// A page of the bans or mutes in force, of a room or of the server, by name.
    ListBans = "ban.list" -> BanPage;
    /// Ends all logins of an account and refuses new ones.
    BanUser = "user.ban" -> Done;
    /// Ends a ban from the server; harmless when there is none.
    UnbanUser = "user.unban" -> Done;
    /// Lets an account only read, everywhere.
    MuteUser = "user.mute" -> Done;
    /// Ends a mute on the whole server; harmless when there is none.
    UnmuteUser = "user.unmute" -> Done;
    /// A page of all accounts with what their admins must know, by name.
    ListAccounts = "account.list" -> AccountPage;
    /// Disables an account: all its logins end, those of its bots as well, and none begins.
    DisableUser = "user.disable" -> Done;
    /// Lets a disabled account in again; harmless when it is not disabled.
    EnableUser = "user.enable" -> Done;
    /// Gives an account another role on the server.
    SetUserRole = "user.role" -> Done;
    /// Makes a code with which somebody sets a new password.
    ResetUser = "user.reset" -> ResetCode;
    /// Gives an account another password; all its sessions end. For admins.
    GivePassword = "user.password" -> Done;
    /// Deletes the messages that somebody wrote in the last hour, in a room or everywhere.
    Purge = "user.purge" -> Purged;
    /// Tells those who keep order that something is wrong with a message.
    CreateReport = "report.create" -> Done;
    /// A page of reports, the newest first.
    ListReports = "report.list" -> ReportPage;
    /// Closes a report; harmless when it is closed already.
    CloseReport = "report.close" -> Done;
    /// A page of the log of what was done to keep order, the newest first.
    ListAudit = "audit.list" -> AuditPage;
    /// Makes a bot, and gives its token.
    CreateBot = "bot.create" -> BotToken;
    /// The bots that one has made; all of them, for an admin.
    ListBots = "bot.list" -> Bots;
    /// Gives a bot another token in place of the one it has.
    RotateToken = "bot.token" -> BotToken;
    /// Ends a bot; what it wrote stays.
    DeleteBot = "bot.delete" -> Done;
    /// Makes an address to which other programs post messages for a room.
    CreateIncoming = "incoming.create" -> NewIncoming;
    /// The incoming webhooks of a room.
    ListIncoming = "incoming.list" -> IncomingHooks;
    /// Ends an incoming webhook.
    DeleteIncoming = "incoming.delete" -> Done;
    /// Has the events of a room posted to an address.
    CreateOutgoing = "outgoing.create" -> NewOutgoing;
    /// The outgoing webhooks of a room, and how they fare.
    ListOutgoing = "outgoing.list" -> OutgoingHooks;
    /// Ends an outgoing webhook.
    DeleteOutgoing = "outgoing.delete" -> Done;
    /// Posts a test to an outgoing webhook now; when it is taken, a disabled one works again.
    TestOutgoing = "outgoing.test" -> TestResult;
    /// Says which slash commands a bot answers, in place of those said before.
    RegisterCommands = "command.register" -> Done;
    /// The slash commands of the bots in a conversation, by name.
    ListCommands = "command.list" -> Commands;
    /// Runs a slash command: tells its bot.
    RunCommand = "command.run" -> CommandRun;
    /// Answers a run of a slash command, to the person who ran it and nobody else.
    AnswerCommand = "command.answer" -> Done;
    /// Says something of oneself: a name, a status, a time zone.
    SetProfile = "profile.set" -> Profile;
    /// What somebody says of themselves, and since when they are here.
    GetProfile = "user.get" -> Profile;
    /// Blocks somebody, or ends that; harmless when it is so already.
    SetBlock = "block.set" -> Done;
    /// Whom one blocks.
    ListBlocked = "block.list" -> BlockList;
    /// Sets what one shows to others and is shown of them.
    SetPrivacy = "privacy.set" -> Privacy;
    /// Who has read a message.
    GetReaders = "message.readers" -> Readers;
    /// Makes an invite code for accounts; for admins.
    CreateCode = "invite.create" -> NewCode;
    /// The invite codes that still make accounts; for admins.
    ListCodes = "invite.list" -> Codes;
    /// Ends an invite code; for admins.
    RevokeCode = "invite.revoke" -> Done;
    /// Makes an account for somebody, without an invite code; for admins.
    CreateUser = "user.create" -> CreatedUser;
    /// Shuts the doors or opens them: in a lockdown nobody new comes in; for admins.
    SetLockdown = "server.lockdown" -> Lockdown;
    /// All rooms and how large they are; for admins.
    SurveyRooms = "server.rooms" -> SurveyPage;
    /// Asks whether the server is there; for clients that cannot see WebSocket pings.
    Ping = "ping" -> Pong;
}

/// What a client says without wanting an answer; a frame without `id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "payload")]
pub enum Signal {
    /// The person is writing here, or stopped.
    #[serde(rename = "typing")]
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Writing, or stopped.
        active: bool,
    },
}
