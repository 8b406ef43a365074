//! Events: what happened in a conversation, stored, numbered and never lost.

use serde::{Deserialize, Serialize};

use crate::absent::is_default;
use crate::{
    Attachment, Body, Call, ClientId, ConversationId, Description, Emoji, Person, RoomName, RoomRole,
    RoomRules, Seq, Timestamp, Topic, UserId, lenient,
};

/// One entry of a conversation's log.
///
/// It holds nothing that depends on who receives it, so the server encodes it once for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Where it happened.
    pub conversation: ConversationId,
    /// Its number there.
    pub seq: Seq,
    /// When, by the server's clock. Order comes from `seq`, never from this.
    pub at: Timestamp,
    /// Who did it. Only the server states this.
    pub author: Person,
    /// What happened.
    #[serde(flatten, deserialize_with = "lenient::event")]
    pub what: EventKind,
}

/// What can happen in a conversation; the `kind` on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum EventKind {
    /// The conversation began; always number 1. The author is its first member.
    #[serde(rename = "created")]
    Created {
        /// The creator's id for this request, which makes a repeated create harmless.
        client_id: ClientId,
        /// The room's name; a direct has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<RoomName>,
        /// The room's topic; empty for none.
        #[serde(default)]
        topic: Topic,
    },
    /// Somebody wrote something. As an event of the moment it is as it was written; in history it
    /// is as it stands now, with the edits and reactions that came later.
    #[serde(rename = "message")]
    Message(Box<Message>),
    /// In history, in place of a message that was deleted: its text is gone everywhere.
    #[serde(rename = "tombstone")]
    Tombstone(Tombstone),
    /// The author changed the text of their message.
    #[serde(rename = "edited")]
    Edited {
        /// Which message.
        target: Seq,
        /// Its text now.
        body: Body,
        /// The members whom it mentions now. Nobody is notified again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<UserId>,
    },
    /// A message was deleted, by its author or a moderator.
    #[serde(rename = "deleted")]
    Deleted {
        /// Which message.
        target: Seq,
    },
    /// The author put a reaction to a message, or took it back.
    #[serde(rename = "reaction")]
    Reaction {
        /// Which message.
        target: Seq,
        /// With which emoji.
        emoji: Emoji,
        /// Put, or taken back.
        on: bool,
    },
    /// The author pinned a message for everybody, or unpinned it.
    #[serde(rename = "pinned")]
    Pinned {
        /// Which message.
        target: Seq,
        /// Pinned, or unpinned.
        on: bool,
    },
    /// The author came in.
    #[serde(rename = "joined")]
    Joined,
    /// The author went out.
    #[serde(rename = "left")]
    Left,
    /// The author asked somebody in.
    #[serde(rename = "invited")]
    Invited {
        /// Whom.
        user: Person,
    },
    /// The author put somebody out.
    #[serde(rename = "removed")]
    Removed {
        /// Whom.
        user: Person,
        /// Why, in the author's words; empty for no reason given.
        #[serde(default, skip_serializing_if = "is_default")]
        reason: Topic,
    },
    /// The author put somebody out and keeps them out.
    #[serde(rename = "banned")]
    Banned {
        /// Whom.
        user: Person,
        /// Until when; absent for good.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// Why, in the author's words; empty for no reason given.
        #[serde(default, skip_serializing_if = "is_default")]
        reason: Topic,
        /// Whether they were a member until now.
        #[serde(default, skip_serializing_if = "is_default")]
        removed: bool,
    },
    /// The author ended a ban.
    #[serde(rename = "unbanned")]
    Unbanned {
        /// Whose.
        user: Person,
    },
    /// The author lets somebody only read.
    #[serde(rename = "muted")]
    Muted {
        /// Whom.
        user: Person,
        /// Until when; absent for good.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// Why, in the author's words; empty for no reason given.
        #[serde(default, skip_serializing_if = "is_default")]
        reason: Topic,
    },
    /// The author ended a mute.
    #[serde(rename = "unmuted")]
    Unmuted {
        /// Whose.
        user: Person,
    },
    /// The author gave somebody a role in the room.
    #[serde(rename = "role")]
    Role {
        /// Whom.
        user: Person,
        /// Which.
        #[serde(deserialize_with = "lenient::role")]
        role: RoomRole,
    },
    /// The author gave the room another name.
    #[serde(rename = "renamed")]
    Renamed {
        /// The new name.
        name: RoomName,
    },
    /// The author described the room.
    #[serde(rename = "described")]
    Described {
        /// The new description; empty for none.
        description: Description,
    },
    /// The author changed how people may write here.
    #[serde(rename = "rules")]
    Rules {
        /// All rules as they are now.
        rules: RoomRules,
    },
    /// The author set the room's topic.
    #[serde(rename = "topic")]
    Topic {
        /// The new topic; empty for none.
        topic: Topic,
    },
    /// A kind that this version does not know. It has its number like every other event; a
    /// reader counts it and shows nothing.
    #[serde(other)]
    Unknown,
}

impl EventKind {
    /// The `kind` on the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            EventKind::Created { .. } => "created",
            EventKind::Message(_) => "message",
            EventKind::Tombstone(_) => "tombstone",
            EventKind::Edited { .. } => "edited",
            EventKind::Deleted { .. } => "deleted",
            EventKind::Reaction { .. } => "reaction",
            EventKind::Pinned { .. } => "pinned",
            EventKind::Joined => "joined",
            EventKind::Left => "left",
            EventKind::Invited { .. } => "invited",
            EventKind::Removed { .. } => "removed",
            EventKind::Banned { .. } => "banned",
            EventKind::Unbanned { .. } => "unbanned",
            EventKind::Muted { .. } => "muted",
            EventKind::Unmuted { .. } => "unmuted",
            EventKind::Role { .. } => "role",
            EventKind::Renamed { .. } => "renamed",
            EventKind::Described { .. } => "described",
            EventKind::Rules { .. } => "rules",
            EventKind::Topic { .. } => "topic",
            EventKind::Unknown => "unknown",
        }
    }
}

/// A message: what was written, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The author's id for this message.
    pub client_id: ClientId,
    /// What was written; empty only where there are files.
    pub body: Body,
    /// The files that came with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Attachment>,
    /// True for an action, as `/me` writes it: "ada waves".
    #[serde(default, skip_serializing_if = "is_default")]
    pub action: bool,
    /// The members whom it mentions by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    /// Whom it calls beside those.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient::known")]
    pub call: Option<Call>,
    /// The message that it answers, in the same conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// The first message of the thread that it belongs to; absent in the main line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Seq>,
    /// Where it was forwarded from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<Forwarded>,
    /// The number of the newest `edited` event for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Seq>,
    /// Whether it is pinned.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pinned: bool,
    /// The reactions to it, in the order in which each emoji came first.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "lenient::list")]
    pub reactions: Vec<Reaction>,
    /// How many messages its thread has, without itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub replies: u64,
    /// The newest event that changed it; see [`Event::apply`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Seq>,
}

/// What is left of a deleted message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The number of the `deleted` event.
    pub deleted: Seq,
    /// The message, if this was not one itself but an edit of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit_of: Option<Seq>,
    /// The thread that it belonged to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Seq>,
    /// How many messages its own thread has.
    #[serde(default, skip_serializing_if = "is_default")]
    pub replies: u64,
    /// The newest event that changed it; see [`Event::apply`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Seq>,
}

/// Who reacted with one emoji.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The emoji.
    pub emoji: Emoji,
    /// Who, in the order in which they did.
    pub users: Vec<UserId>,
}

/// Where a forwarded message comes from, as far as its readers may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// Who wrote it there.
    pub author: Person,
    /// When.
    pub at: Timestamp,
    /// The name of the room; absent for a direct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomName>,
}

impl Message {
    /// A plain message without any ties.
    #[must_use]
    pub fn new(client_id: ClientId, body: Body) -> Self {
        Self {
            client_id,
            body,
            files: Vec::new(),
            action: false,
            mentions: Vec::new(),
            call: None,
            reply_to: None,
            thread: None,
            forwarded: None,
            edited: None,
            pinned: false,
            reactions: Vec::new(),
            replies: 0,
            changed: None,
        }
    }
}

impl Event {
    /// The message, if this is one.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        match &self.what {
            EventKind::Message(message) => Some(message),
            _ => None,
        }
    }

    /// The message body, if this is a message.
    #[must_use]
    pub fn body(&self) -> Option<&Body> {
        self.message().map(|message| &message.body)
    }

    /// Whether this is a message that mentions somebody.
    #[must_use]
    pub fn mentions(&self, user: UserId) -> bool {
        self.message().is_some_and(|message| message.mentions.contains(&user))
    }

    /// The earlier event whose state this one changes: an edited, deleted, reacted or pinned
    /// message, or the beginning of its thread.
    #[must_use]
    pub fn target(&self) -> Option<Seq> {
        match &self.what {
            EventKind::Edited { target, .. }
            | EventKind::Deleted { target }
            | EventKind::Reaction { target, .. }
            | EventKind::Pinned { target, .. } => Some(*target),
            EventKind::Message(message) => message.thread,
            // A deleted message still counts in its thread.
            EventKind::Tombstone(tombstone) => tombstone.thread,
            _ => None,
        }
    }

    /// Brings a message up to date with a later event of its conversation whose
    /// [`target`](Self::target) it is. Doing it in the order of the log to a message as it was
    /// written gives what history shows. Events without a bearing on it change nothing, and
    /// neither do those that it knows already: `changed` remembers the newest.
    pub fn apply(&mut self, later: &Event) {
        let known = match &self.what {
            EventKind::Message(message) => message.changed,
            EventKind::Tombstone(tombstone) => tombstone.changed,
            _ => return,
        };
        let is_news = later.seq > known.unwrap_or(self.seq);
        if !is_news || later.target() != Some(self.seq) || later.conversation != self.conversation {
            return;
        }
        match &mut self.what {
            EventKind::Message(message) => match &later.what {
                EventKind::Deleted { .. } => self.what = EventKind::Tombstone(message.bury(later.seq)),
                _ => message.change(later),
            },
            EventKind::Tombstone(tombstone) => {
                tombstone.replies += u64::from(later.is_in_thread());
                tombstone.changed = Some(later.seq);
            }
            _ => {}
        }
    }

    fn is_in_thread(&self) -> bool {
        matches!(self.what, EventKind::Message(_) | EventKind::Tombstone(_))
    }
}

impl Message {
    fn bury(&self, deleted: Seq) -> Tombstone {
        Tombstone {
            deleted,
            edit_of: None,
            thread: self.thread,
            replies: self.replies,
            changed: Some(deleted),
        }
    }

    fn change(&mut self, later: &Event) {
        self.changed = Some(later.seq);
        match &later.what {
            EventKind::Edited { body, mentions, .. } => {
                self.body = body.clone();
                self.mentions.clone_from(mentions);
                self.edited = Some(later.seq);
            }
            EventKind::Reaction { emoji, on, .. } => react(&mut self.reactions, later.author.id, emoji, *on),
            EventKind::Pinned { on, .. } => self.pinned = *on,
            _ => self.replies += u64::from(later.is_in_thread()),
        }
    }
}

fn react(reactions: &mut Vec<Reaction>, user: UserId, emoji: &Emoji, on: bool) {
    match (reactions.iter_mut().find(|reaction| reaction.emoji == *emoji), on) {
        (Some(reaction), true) if !reaction.users.contains(&user) => reaction.users.push(user),
        (Some(reaction), false) => reaction.users.retain(|other| *other != user),
        (None, true) => reactions.push(Reaction { emoji: emoji.clone(), users: vec![user] }),
        (Some(_), true) | (None, false) => {}
    }
    reactions.retain(|reaction| !reaction.users.is_empty());
}
