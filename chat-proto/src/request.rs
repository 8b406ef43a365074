//! Requests and their answers: one row of the table below for each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    Body, ClientId, Conversation, ConversationId, Description, DeviceName, Emoji, Epoch, Event, Invitation,
    Member, Person, Presence, PresenceState, Role, RoomInfo, RoomName, RoomRole, RoomRules, Secret, Seq,
    SessionId, Timestamp, Topic, UserId, UserName,
};

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
    /// Ends the session and its token; the server then closes the connection.
    Logout = "auth.logout" -> Done;
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
    /// A page of a conversation's events, always oldest first.
    GetHistory = "history.get" -> HistoryPage;
    /// Finds messages in all of one's conversations.
    Search = "search" -> SearchPage;
    /// Moves the own read mark forward; it never moves back.
    MarkRead = "read.mark" -> ReadState;
    /// Watches the presence of these people in place of those watched before.
    WatchPresence = "presence.watch" -> PresenceList;
    /// Says whether a person is at this device.
    SetPresence = "presence.set" -> Done;
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

/// Payload of `auth.register`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Register {
    /// The protocol version that the client speaks.
    pub protocol: u16,
    /// The name wanted.
    pub name: UserName,
    /// The password wanted.
    pub password: Secret,
    /// An invite code, where the server asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<Secret>,
    /// What to call this device in the list of sessions.
    #[serde(default)]
    pub device: DeviceName,
}

/// Payload of `auth.login`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Login {
    /// The protocol version that the client speaks.
    pub protocol: u16,
    /// The account's name.
    pub name: UserName,
    /// Its password.
    pub password: Secret,
    /// What to call this device in the list of sessions.
    #[serde(default)]
    pub device: DeviceName,
}

/// Payload of `auth.token`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// The protocol version that the client speaks.
    pub protocol: u16,
    /// The token that a login gave.
    pub token: Secret,
}

/// The answer to every login.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// Who one is.
    pub user: Person,
    /// What one may do on the server.
    pub role: Role,
    /// The session that the token stands for.
    pub session: SessionId,
    /// The new token, from `auth.register` and `auth.login` only. Shown this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// This life of the database.
    pub epoch: Epoch,
    /// The most recently active conversations.
    pub conversations: Vec<Conversation>,
    /// Where `conversation.list` goes on, if there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Payload of `auth.logout`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logout {}

/// The answer of requests that have nothing to tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// Payload of `sync.resume`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resume {
    /// The epoch in which the positions were seen.
    pub epoch: Epoch,
    /// The last event held, by conversation.
    pub conversations: BTreeMap<ConversationId, Seq>,
}

/// The answer to `sync.resume`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    /// False when the epoch is another one: forget the positions and the cached events, and
    /// start from the conversations in [`Welcome`]. The rest is then empty.
    pub same_epoch: bool,
    /// The stated conversations that have moved on.
    pub resumed: Vec<Missed>,
    /// The stated conversations that one is not (any more) a member of.
    pub gone: Vec<ConversationId>,
}

/// What happened in one conversation since the stated position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Missed {
    /// Where.
    pub conversation: ConversationId,
    /// The events that follow the stated position, oldest first, without a gap.
    pub events: Vec<Event>,
    /// The newest event's number. When `events` ends before it, the rest is for `history.get`.
    pub head: Seq,
}

/// Payload of `conversation.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListConversations {
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `conversation.list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversationPage {
    /// The most recently active first.
    pub conversations: Vec<Conversation>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Payload of `conversation.get`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetConversation {
    /// Which.
    pub conversation: ConversationId,
}

/// Payload of `direct.open`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDirect {
    /// With whom.
    pub user: UserName,
    /// Who else, for a group of up to nine with oneself. The same people share one conversation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<UserName>,
}

/// Payload of `room.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateRoom {
    /// The client's id for this request: a repeat gives the same room.
    pub client_id: ClientId,
    /// The name wanted.
    pub name: RoomName,
    /// What it is for.
    #[serde(default)]
    pub topic: Topic,
    /// What it is for, at more length.
    #[serde(default, skip_serializing_if = "Description::is_empty")]
    pub description: Description,
    /// Whether only members shall know of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub private: bool,
}

impl CreateRoom {
    /// A public room without topic or description.
    #[must_use]
    pub fn new(client_id: ClientId, name: RoomName) -> Self {
        Self { client_id, name, topic: Topic::default(), description: Description::default(), private: false }
    }
}

/// Payload of `room.invite`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// Into which room.
    pub conversation: ConversationId,
    /// Whom.
    pub user: UserName,
}

/// Payload of `invitation.list`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListInvitations {}

/// The answer to `invitation.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitations {
    /// The newest first.
    pub invitations: Vec<Invitation>,
}

/// Payload of `invitation.accept`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptInvitation {
    /// Into which room.
    pub conversation: ConversationId,
}

/// Payload of `invitation.decline`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclineInvitation {
    /// Into which room.
    pub conversation: ConversationId,
}

/// Payload of `member.remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveMember {
    /// Out of which room.
    pub conversation: ConversationId,
    /// Whom.
    pub user: UserName,
    /// Why, for everybody to read.
    #[serde(default, skip_serializing_if = "Topic::is_empty")]
    pub reason: Topic,
}

/// Payload of `member.role`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRole {
    /// In which room.
    pub conversation: ConversationId,
    /// Whom.
    pub user: UserName,
    /// Which role.
    pub role: RoomRole,
}

/// Payload of `room.rename`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenameRoom {
    /// Which room.
    pub conversation: ConversationId,
    /// The name wanted.
    pub name: RoomName,
}

/// Payload of `room.describe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeRoom {
    /// Which room.
    pub conversation: ConversationId,
    /// The new description; empty for none.
    pub description: Description,
}

/// Payload of `room.rules`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRules {
    /// Which room.
    pub conversation: ConversationId,
    /// All rules as they shall be.
    pub rules: RoomRules,
}

/// Payload of `room.join`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRoom {
    /// The room's name.
    pub room: RoomName,
}

/// Payload of `room.leave`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveRoom {
    /// Which.
    pub conversation: ConversationId,
}

/// Payload of `room.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRooms {
    /// Only names or topics with this text in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The last name of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RoomName>,
    /// How many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `room.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPage {
    /// By name.
    pub rooms: Vec<RoomInfo>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// Payload of `room.topic`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetTopic {
    /// Which room.
    pub conversation: ConversationId,
    /// The new topic; empty for none.
    pub topic: Topic,
}

/// Where an event landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Its number there.
    pub seq: Seq,
}

/// Payload of `member.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListMembers {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The last name of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<UserName>,
    /// How many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `member.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberPage {
    /// By name.
    pub members: Vec<Member>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// Payload of `user.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPeople {
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

/// The answer to `user.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeoplePage {
    /// By name.
    pub people: Vec<Person>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// Payload of `message.send`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendMessage {
    /// Where to.
    pub conversation: ConversationId,
    /// The client's id for this message: a repeat gives the first result, never a second message.
    pub client_id: ClientId,
    /// What to say.
    pub body: Body,
    /// True for an action, as `/me` writes it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub action: bool,
    /// The message that it answers, in the same conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// The message under which it continues a thread; that of a thread's message is its first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Seq>,
    /// A message to forward, which the sender can read; `body` is then its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<Position>,
}

impl SendMessage {
    /// A plain message without any ties.
    #[must_use]
    pub fn new(conversation: ConversationId, client_id: ClientId, body: Body) -> Self {
        Self { conversation, client_id, body, action: false, reply_to: None, thread: None, forward: None }
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Payload of `message.edit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditMessage {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// Its new text.
    pub body: Body,
}

/// Payload of `message.delete`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteMessage {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
}

/// Payload of `message.react`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct React {
    /// Where.
    pub conversation: ConversationId,
    /// To which message.
    pub seq: Seq,
    /// With what.
    pub emoji: Emoji,
    /// Put, or take back.
    pub on: bool,
}

/// The answer to `message.react`: how it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionState {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// Whether the own reaction with this emoji is there.
    pub on: bool,
}

/// Payload of `message.pin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinMessage {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// Pin, or unpin.
    pub on: bool,
}

/// The answer to `message.pin`: how it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinState {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// Whether it is pinned.
    pub on: bool,
}

/// Payload of `message.pins`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPins {
    /// Of which conversation.
    pub conversation: ConversationId,
}

/// Some messages of a conversation, oldest first, not without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// As they stand now.
    pub events: Vec<Event>,
}

/// Payload of `message.versions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListVersions {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
}

/// The answer to `message.versions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Where.
    pub conversation: ConversationId,
    /// Which message.
    pub seq: Seq,
    /// The texts that it had before the one it has now, oldest first.
    pub versions: Vec<Version>,
}

/// One earlier text of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// What it said.
    pub body: Body,
    /// From when on.
    pub at: Timestamp,
}

/// Payload of `thread.get`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetThread {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The thread's first message.
    pub thread: Seq,
    /// Messages with greater numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `thread.get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadPage {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The thread's first message, as it stands now.
    pub root: Event,
    /// Messages of the thread, oldest first.
    pub events: Vec<Event>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// The answer to `message.send`: it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Where.
    pub conversation: ConversationId,
    /// Its number there.
    pub seq: Seq,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// Whether this `client_id` had been stored before; `seq` is then the first one's.
    #[serde(default)]
    pub duplicate: bool,
}

/// Payload of `history.get`. At most one of `before`, `after` and `around`; without any, the
/// newest page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetHistory {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Events with smaller numbers, the nearest ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Seq>,
    /// Events with greater numbers, the nearest ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// Events on both sides of this number, and itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Seq>,
    /// How many events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The answer to `history.get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPage {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Oldest first, without a gap.
    pub events: Vec<Event>,
    /// The newest event's number in the conversation.
    pub head: Seq,
    /// Whether there are events before the first of these.
    pub more_before: bool,
    /// Whether there are events after the last of these.
    pub more_after: bool,
}

/// Payload of `search`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// What to look for, in the language of [`crate::SearchQuery`].
    pub query: String,
    /// What comes first; the best match if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<SearchOrder>,
    /// From the page before, which answered the same query and order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many hits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// What comes first in a search.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchOrder {
    /// The best match; a newer message counts for more. At most
    /// [`crate::limits::SEARCH_HITS`] hits. Without a word to match, the same as `newest`.
    #[default]
    Best,
    /// The newest message. Without an end.
    Newest,
}

/// The answer to `search`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchPage {
    /// What was found. A page may be short, and even empty, while there are more: long messages
    /// end it early, and what was deleted meanwhile is left out.
    pub hits: Vec<Hit>,
    /// Ask again with this for more; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// True while the server, after an upgrade, has old messages that it cannot find yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub indexing: bool,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The message as it stands now.
    pub event: Event,
    /// One line of its text around the first match, cut on whole characters, with `…` where
    /// something was left out. It is clean already: see [`crate::SafeText`].
    pub snippet: String,
    /// What to mark in `snippet`: from and to, counted in Unicode scalar values, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<[usize; 2]>,
}

/// Payload of `read.mark`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkRead {
    /// Where.
    pub conversation: ConversationId,
    /// Up to and with which event.
    pub seq: Seq,
}

/// The answer to `read.mark`: how it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadState {
    /// Where.
    pub conversation: ConversationId,
    /// The read mark, which may be further than asked.
    pub read: Seq,
    /// Messages of others after it.
    pub unread: u64,
    /// Those of them that mention oneself.
    pub mentions: u64,
}

/// Payload of `presence.watch`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchPresence {
    /// The people on one's screen; an empty list watches nobody.
    pub users: Vec<UserId>,
}

/// The answer to `presence.watch`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceList {
    /// One row for each person asked for. Those with whom one shares no conversation are
    /// `offline` and never change, like people who do not exist.
    pub presences: Vec<Presence>,
}

/// Payload of `presence.set`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPresence {
    /// `online`: somebody is at this device. `away`: nobody is. `offline`: hide; as long as one
    /// device says so, the others see the account as offline.
    pub state: PresenceState,
}

/// Payload of `ping`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {}

/// The answer to `ping`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// The server's clock.
    pub server_time: Timestamp,
}
