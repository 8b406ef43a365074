//! What every shard knows about people beyond the rooms: who is banned or muted on the server, who
//! blocks whom, who shows what.
//!
//! Every shard has a copy, loaded from the store at the start; a change is stored first and has
//! reached every shard before it is answered. So it holds for everything that comes later, also
//! from connections that were open before.

use std::collections::{HashMap, HashSet};

use chat_proto::{ConversationKind, ErrorCode, Privacy, Timestamp, UserId, WireError};

use super::moderation::Penalty;
use super::{Command, Room};

/// What is known about people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    banned: HashMap<UserId, Penalty>,
    muted: HashMap<UserId, Penalty>,
    /// Whom each blocker blocks.
    blocked: HashMap<UserId, HashSet<UserId>>,
    /// What people show, where it is not everything.
    privacy: HashMap<UserId, Privacy>,
}

/// A change of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyChange {
    /// A ban from the server, or its end.
    Ban(UserId, Option<Penalty>),
    /// A mute on the server, or its end.
    Mute(UserId, Option<Penalty>),
    /// The first blocks the second, or no longer.
    Block(UserId, UserId, bool),
    /// What somebody shows.
    Privacy(UserId, Privacy),
}

impl Policy {
    /// Makes a change.
    pub fn apply(&mut self, change: &PolicyChange) {
        match change {
            PolicyChange::Ban(user, penalty) => set(&mut self.banned, *user, penalty.clone()),
            PolicyChange::Mute(user, penalty) => set(&mut self.muted, *user, penalty.clone()),
            PolicyChange::Privacy(user, privacy) if *privacy == Privacy::default() => {
                self.privacy.remove(user);
            }
            PolicyChange::Privacy(user, privacy) => drop(self.privacy.insert(*user, *privacy)),
            PolicyChange::Block(blocker, blocked, true) => {
                self.blocked.entry(*blocker).or_default().insert(*blocked);
            }
            PolicyChange::Block(blocker, blocked, false) => {
                if let Some(all) = self.blocked.get_mut(blocker) {
                    all.remove(blocked);
                    if all.is_empty() {
                        self.blocked.remove(blocker);
                    }
                }
            }
        }
    }

    /// Whether the first does not want to hear of the second.
    #[must_use]
    pub fn blocks(&self, blocker: UserId, blocked: UserId) -> bool {
        self.blocked.get(&blocker).is_some_and(|all| all.contains(&blocked))
    }

    /// Who does not want to hear of this person.
    #[must_use]
    pub fn deaf_to(&self, user: UserId) -> HashSet<UserId> {
        let blockers = self.blocked.iter().filter(|(_, blocked)| blocked.contains(&user));
        blockers.map(|(blocker, _)| *blocker).collect()
    }

    /// Whether one of the two blocks the other: then neither is told how the other comes and goes.
    #[must_use]
    pub fn are_apart(&self, one: UserId, other: UserId) -> bool {
        self.blocks(one, other) || self.blocks(other, one)
    }

    /// What somebody shows, and is shown.
    #[must_use]
    pub fn privacy(&self, user: UserId) -> Privacy {
        self.privacy.get(&user).copied().unwrap_or_default()
    }

    /// Whether two people tell each other of a thing of this kind: both show it, and neither
    /// blocks the other.
    #[must_use]
    pub fn share(&self, one: UserId, other: UserId, kind: impl Fn(Privacy) -> bool) -> bool {
        kind(self.privacy(one)) && kind(self.privacy(other)) && !self.are_apart(one, other)
    }

    /// Whether this person may write anywhere at all.
    ///
    /// # Errors
    /// The ban or mute, with its end and its reason.
    pub fn may_write(&self, user: UserId, now: Timestamp) -> Result<(), WireError> {
        self.may_act(user, now)?;
        match self.muted.get(&user).filter(|mute| mute.holds(now)) {
            Some(mute) => Err(mute.muted_on_server()),
            None => Ok(()),
        }
    }

    /// Whether this person may do anything at all: what a connection asked in the moment in which
    /// it is cut does not happen.
    ///
    /// # Errors
    /// The ban, with its end and its reason.
    pub fn may_act(&self, user: UserId, now: Timestamp) -> Result<(), WireError> {
        match self.banned.get(&user).filter(|ban| ban.holds(now)) {
            Some(ban) => Err(ban.banned_from_server()),
            None => Ok(()),
        }
    }

    /// Whether this person may open a direct with these others: not with one who blocks them. In a
    /// group that is nobody's business, as in a room.
    ///
    /// # Errors
    /// The mute or ban, or that they cannot write to this person.
    pub fn may_begin(&self, user: UserId, with: &[UserId], now: Timestamp) -> Result<(), WireError> {
        self.may_write(user, now)?;
        match with {
            [other] if self.blocks(*other, user) => Err(cannot_write()),
            _ => Ok(()),
        }
    }

    /// Whether this person may do that in this conversation, as far as it is not the
    /// conversation's own matter.
    ///
    /// # Errors
    /// Why not.
    pub fn may(&self, user: UserId, room: &Room, command: &Command, now: Timestamp) -> Result<(), WireError> {
        // Who is not in a conversation learns nothing about it, not even this.
        if !room.members.contains_key(&user) {
            return self.may_act(user, now);
        }
        if !command.is_writing() {
            return self.may_act(user, now);
        }
        self.may_write(user, now)?;
        if let Command::Invite { user: guest, .. } = command
            && self.blocks(guest.id, user)
        {
            return Err(cannot_write());
        }
        let is_for_two = room.kind == ConversationKind::Direct && room.members.len() == 2;
        if is_for_two && room.members.keys().any(|other| self.blocks(*other, user)) {
            return Err(cannot_write());
        }
        Ok(())
    }
}

fn set(map: &mut HashMap<UserId, Penalty>, user: UserId, penalty: Option<Penalty>) {
    match penalty {
        Some(penalty) => drop(map.insert(user, penalty)),
        None => drop(map.remove(&user)),
    }
}

/// Says no more than it must: whether one is blocked is the other's business.
fn cannot_write() -> WireError {
    WireError::new(ErrorCode::Forbidden, "You cannot write to this person.")
}
