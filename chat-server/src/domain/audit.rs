//! Which acts are kept in the log of those who keep order, and what is noted of each.

use chat_proto::{AuditDetails, ConversationId, Event, EventKind, Timestamp, Topic, UserId};

use super::{Command, Room};

/// One act, to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: UserId,
    /// What, in one word.
    pub act: &'static str,
    /// In which conversation.
    pub conversation: Option<ConversationId>,
    /// To whom.
    pub target: Option<UserId>,
    /// What else belongs to it.
    pub details: AuditDetails,
    /// Why.
    pub reason: Topic,
}

impl Note {
    /// An act of this moment.
    #[must_use]
    pub fn new(actor: UserId, act: &'static str, target: Option<UserId>, at: Timestamp) -> Self {
        let (details, reason) = (AuditDetails::default(), Topic::default());
        Self { at, actor, act, conversation: None, target, details, reason }
    }

    /// The same with a reason.
    #[must_use]
    pub fn because(mut self, reason: Topic) -> Self {
        self.reason = reason;
        self
    }

    /// The same with these details.
    #[must_use]
    pub fn with(mut self, details: AuditDetails) -> Self {
        self.details = details;
        self
    }

    /// The same in a conversation.
    #[must_use]
    pub fn within(mut self, conversation: Option<ConversationId>) -> Self {
        self.conversation = conversation;
        self
    }
}

/// What must be known from before an act to note it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Before {
    archived: bool,
    author: Option<UserId>,
}

impl Before {
    /// Looks before the command is carried out.
    #[must_use]
    pub fn of(room: &Room, command: &Command) -> Self {
        let author = match command {
            Command::Delete { target } => target.as_ref().map(|event| event.author.id),
            _ => None,
        };
        Self { archived: room.rules.archived, author }
    }
}

/// The note of an event, if it is an act of keeping order.
#[must_use]
pub fn note_of(event: &Event, before: Before) -> Option<Note> {
    let actor = event.author.id;
    let note = |act, target: Option<UserId>| Note::new(actor, act, target, event.at);
    let note = match &event.what {
        EventKind::Removed { user, reason } => note("kick", Some(user.id)).because(reason.clone()),
        EventKind::Banned { user, until, reason, .. } => {
            note("ban", Some(user.id)).because(reason.clone()).with(until_then(*until))
        }
        EventKind::Unbanned { user } => note("unban", Some(user.id)),
        EventKind::Muted { user, until, reason } => {
            note("mute", Some(user.id)).because(reason.clone()).with(until_then(*until))
        }
        EventKind::Unmuted { user } => note("unmute", Some(user.id)),
        EventKind::Role { user, role } => {
            let role = Some(role.to_string());
            note("role", Some(user.id)).with(AuditDetails { role, ..AuditDetails::default() })
        }
        EventKind::Rules { rules } => {
            let act = match (before.archived, rules.archived) {
                (false, true) => "archive",
                (true, false) => "unarchive",
                _ => "rules",
            };
            note(act, None).with(AuditDetails { rules: Some(*rules), ..AuditDetails::default() })
        }
        EventKind::Renamed { name } => {
            let name = Some(name.to_string());
            note("rename", None).with(AuditDetails { name, ..AuditDetails::default() })
        }
        EventKind::Deleted { target } if before.author.is_some_and(|author| author != actor) => {
            note("delete", before.author).with(AuditDetails { seq: Some(*target), ..AuditDetails::default() })
        }
        _ => return None,
    };
    Some(note.within(Some(event.conversation)))
}

fn until_then(until: Option<Timestamp>) -> AuditDetails {
    AuditDetails { until, ..AuditDetails::default() }
}
