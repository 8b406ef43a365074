//! Who hears of a message: whom it calls, and why it stands in whose inbox.

use std::collections::HashSet;

use chat_proto::{
    Call, ErrorCode, Event, EventKind, Message, Reason, RoomRole, UserId, WireError, called, limits,
};

use super::Room;

/// Who of a conversation's members a message calls, and who does not want to hear its author.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hearing {
    /// Whom it calls, by name or with all others; they count it among their mentions.
    pub called: Vec<(UserId, Reason)>,
    /// Who has blocked the author: it is in none of their inboxes.
    pub deaf: HashSet<UserId>,
}

/// What the log knows about the messages that a new one is tied to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ties {
    /// Who wrote the message that it answers, if they are a member.
    pub answered: Option<UserId>,
    /// Who follows the thread that it continues.
    pub followers: Vec<UserId>,
}

impl Hearing {
    /// In whose inbox the message comes, and why: once for each, by the strongest reason.
    #[must_use]
    pub fn notices(&self, author: UserId, ties: &Ties) -> Vec<(UserId, Reason)> {
        let answered = ties.answered.iter().map(|user| (*user, Reason::Reply));
        let followers = ties.followers.iter().map(|user| (*user, Reason::Thread));
        let mut heard = HashSet::new();
        (self.called.iter().copied())
            .chain(answered)
            .chain(followers)
            .filter(|(user, _)| *user != author && !self.deaf.contains(user) && heard.insert(*user))
            .collect()
    }
}

impl Room {
    /// Who hears of an event; nobody, if it is no message. `is_here` says who is connected; `deaf`
    /// are those who have blocked its author.
    #[must_use]
    pub fn hearing(&self, event: &Event, is_here: impl Fn(UserId) -> bool, deaf: HashSet<UserId>) -> Hearing {
        let EventKind::Message(message) = &event.what else { return Hearing::default() };
        let reason = |user: UserId| reason(message, user, &is_here);
        let hears = |user: &UserId| *user != event.author.id && !deaf.contains(user);
        let called = match message.call {
            // Nearly every message: nothing to look through.
            None => {
                message.mentions.iter().copied().filter(hears).map(|user| (user, Reason::Mention)).collect()
            }
            Some(_) => {
                let members = self.members.keys().copied().filter(hears);
                members.filter_map(|user| Some((user, reason(user)?))).collect()
            }
        };
        Hearing { called, deaf }
    }

    /// Counts a message among the mentions of those whom it calls.
    pub fn count_calls(&mut self, hearing: &Hearing) {
        for (user, _) in &hearing.called {
            if let Some(member) = self.members.get_mut(user) {
                member.mentions += 1;
            }
        }
    }

    /// Whom a text calls with `@room` or `@here`.
    ///
    /// # Errors
    /// If the author may not call so many.
    pub(super) fn call(&self, power: RoomRole, text: &str) -> Result<Option<Call>, WireError> {
        let Some(call) = called(text) else { return Ok(None) };
        let few = self.members.len() <= limits::FREE_CALLS_MEMBERS;
        if few || self.rules.free_calls || power >= RoomRole::Moderator {
            return Ok(Some(call));
        }
        let message = format!(
            "Only moderators call all {} members of this room at once. Write it without @{}, or name people.",
            self.members.len(),
            if call == Call::Room { "room" } else { "here" },
        );
        Err(WireError::new(ErrorCode::Forbidden, message))
    }
}

fn reason(message: &Message, user: UserId, is_here: impl Fn(UserId) -> bool) -> Option<Reason> {
    if message.mentions.contains(&user) {
        return Some(Reason::Mention);
    }
    match message.call? {
        Call::Room => Some(Reason::Room),
        Call::Here => is_here(user).then_some(Reason::Here),
    }
}
