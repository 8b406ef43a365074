//! What the server says unasked: the hello, events, and signals.

use serde::{Deserialize, Serialize};

use crate::{
    CommandCall, CommandReply, Conversation, ConversationId, DndState, Epoch, Event, InboxItem, InboxState,
    Invitation, Lockdown, NotifyState, Person, Presence, Privacy, Profile, Report, Seq, SetSaved, SetStar,
    SignInProvider, ThreadState, Timestamp, UserId, lenient, limits,
};

/// A frame from the server that answers no request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "payload")]
pub enum Push {
    /// The first frame of every connection.
    #[serde(rename = "hello")]
    Hello(Hello),
    /// Something happened in a conversation. Stored; has a number.
    #[serde(rename = "event")]
    Event(Event),
    /// A member has read further. The mark itself is stored; this news is not numbered.
    #[serde(rename = "read")]
    Read {
        /// Where.
        conversation: ConversationId,
        /// Who.
        user: UserId,
        /// How far; never less than before.
        seq: Seq,
    },
    /// The receiver's own counts, after one of their devices read further.
    #[serde(rename = "unread")]
    Unread {
        /// Where.
        conversation: ConversationId,
        /// How far they have read.
        read: Seq,
        /// Messages of others after that.
        unread: u64,
        /// Those of them that mention the receiver.
        mentions: u64,
    },
    /// A message came into the receiver's inbox. Its `event` has been, or will be, told as well.
    #[serde(rename = "inbox.item")]
    InboxItem(InboxItem),
    /// The receiver's inbox changed: something came in, was read, or is gone.
    #[serde(rename = "inbox.changed")]
    InboxChanged(InboxState),
    /// How the receiver stands to a thread changed.
    #[serde(rename = "thread")]
    Thread(ThreadState),
    /// The receiver chose, on another device, how to hear of a conversation.
    #[serde(rename = "notify")]
    Notify(NotifyState),
    /// The receiver chose, on another device, when not to be disturbed.
    #[serde(rename = "dnd")]
    Dnd(DndState),
    /// The receiver starred a conversation on another device, or does not any more.
    #[serde(rename = "starred")]
    Starred(SetStar),
    /// The receiver saved a message on another device, or does not keep it any more.
    #[serde(rename = "saved")]
    Saved(SetSaved),
    /// Somebody is writing, or stopped. Forgotten after [`limits::TYPING_EXPIRY_MS`].
    #[serde(rename = "typing")]
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Who.
        user: Person,
        /// Writing, or stopped.
        active: bool,
    },
    /// Watched people came, went or stepped away.
    #[serde(rename = "presence")]
    Presence {
        /// Only those that changed, each once.
        changes: Vec<Presence>,
    },
    /// The receiver is now a member: they joined on another device, or somebody opened a direct.
    #[serde(rename = "conversation.added")]
    ConversationAdded {
        /// The conversation as the receiver sees it.
        conversation: Conversation,
    },
    /// Somebody invites the receiver into a room.
    #[serde(rename = "invitation")]
    Invitation {
        /// Into which, and who.
        invitation: Invitation,
    },
    /// The receiver declined an invitation on another device.
    #[serde(rename = "invitation.removed")]
    InvitationRemoved {
        /// Into which conversation.
        conversation: ConversationId,
    },
    /// A person that one watches, or oneself on another device, said something of themselves.
    #[serde(rename = "profile")]
    Profile {
        /// As it is now, without `last_seen`.
        profile: Profile,
    },
    /// The receiver blocked somebody on another device, or ended that.
    #[serde(rename = "blocked")]
    Blocked {
        /// Whom.
        user: Person,
        /// Block, or its end.
        on: bool,
    },
    /// The receiver changed on another device what they show.
    #[serde(rename = "privacy")]
    Privacy {
        /// As it is now.
        privacy: Privacy,
    },
    /// A report came in or was closed; for those who keep order where the message is.
    #[serde(rename = "report")]
    Report {
        /// As it is now.
        report: Report,
    },
    /// An admin locked the server down, or opened its doors; for admins.
    #[serde(rename = "lockdown")]
    Lockdown(Lockdown),
    /// The receiver is no longer a member.
    #[serde(rename = "conversation.removed")]
    ConversationRemoved {
        /// Which.
        conversation: ConversationId,
    },
    /// Somebody runs one of the receiving bot's slash commands.
    #[serde(rename = "command")]
    Command(CommandCall),
    /// A bot answers the receiver, and nobody else, on all their devices. Not stored.
    #[serde(rename = "command.answer")]
    CommandAnswer(CommandReply),
    /// The server is about to stop. Connect again after the given time, which differs from
    /// client to client so that they do not all come at once.
    #[serde(rename = "draining")]
    Draining {
        /// How long to wait, in milliseconds.
        reconnect_after_ms: u64,
    },
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Everybody.
    Open,
    /// Who has an invite code.
    #[default]
    Invite,
    /// Nobody, apart from the owner's first account.
    Closed,
}

/// The first frame: everything that a client must know before it speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The protocol versions that the server speaks.
    pub protocol: ProtocolRange,
    /// The server's program and version, for people.
    pub server: String,
    /// The team's name, for the head of the conversation list.
    pub name: String,
    /// This life of the database.
    pub epoch: Epoch,
    /// Optional abilities by name; unknown ones are ignored.
    #[serde(default)]
    pub features: Vec<String>,
    /// Who may make an account.
    #[serde(deserialize_with = "lenient::word")]
    pub registration: Registration,
    /// The provider by which one can log in, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<SignInProvider>,
    /// The server's limits.
    pub limits: Limits,
    /// How often the server pings, in milliseconds; a client that hears nothing for two of these
    /// may take the connection for dead.
    pub ping_interval_ms: u64,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// Inclusive range of protocol versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtocolRange {
    /// The oldest.
    pub min: u16,
    /// The newest.
    pub max: u16,
}

/// The limits that a client must keep. Sizes are in bytes, pages in rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Longest message body.
    pub message_bytes: usize,
    /// Longest frame from a client after login.
    pub frame_bytes: usize,
    /// Longest frame from a client before login.
    pub login_frame_bytes: usize,
    /// Most events in a page of history.
    pub history_page: u32,
    /// Most rows in a page of any list.
    pub list_page: u32,
    /// Most conversations in one `sync.resume`.
    pub resume_conversations: usize,
    /// Most people in one `presence.watch`.
    pub watched_people: usize,
    /// Most unanswered sends.
    pub sends_in_flight: usize,
    /// Largest file; 0 where no files are taken.
    #[serde(default)]
    pub file_bytes: u64,
    /// Most files in one message.
    #[serde(default)]
    pub files_per_message: usize,
    /// Requests a second, for long.
    pub requests_per_second: u32,
    /// Requests at once.
    pub request_burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: limits::MESSAGE_BYTES,
            frame_bytes: limits::FRAME_BYTES,
            login_frame_bytes: limits::LOGIN_FRAME_BYTES,
            history_page: limits::HISTORY_PAGE,
            list_page: limits::LIST_PAGE,
            resume_conversations: limits::RESUME_CONVERSATIONS,
            watched_people: limits::WATCHED_PEOPLE,
            sends_in_flight: limits::SENDS_IN_FLIGHT,
            file_bytes: limits::FILE_BYTES,
            files_per_message: limits::FILES_PER_MESSAGE,
            requests_per_second: limits::REQUESTS_PER_SECOND,
            request_burst: limits::REQUEST_BURST,
        }
    }
}
