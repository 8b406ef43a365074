//! Bans and mutes in a room, and what they keep people from.

use chat_proto::{Event, EventKind, Person, Role, RoomRole, Timestamp, Topic, UserId, WireError, limits};

use super::{forbidden, nobody_here, power};
use crate::domain::moderation::Penalty;
use crate::domain::{Actor, Change, Command, Room, not_found};

impl Command {
    /// Whether it puts something before the others' eyes; who is muted cannot.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        match self {
            Command::Send(_)
            | Command::Edit { .. }
            | Command::React { .. }
            | Command::Pin { .. }
            | Command::Invite { .. }
            | Command::SetTopic(_)
            | Command::Describe(_)
            | Command::Rename(_) => true,
            // One may take one's own words back, and moderators keep order, also while muted.
            Command::Delete { .. }
            | Command::Join { .. }
            | Command::Remove { .. }
            | Command::Ban { .. }
            | Command::Unban { .. }
            | Command::Mute { .. }
            | Command::Unmute { .. }
            | Command::SetRole { .. }
            | Command::SetRules(_)
            | Command::Leave
            | Command::MarkRead(_) => false,
        }
    }
}

impl Room {
    /// Whether a member is not muted here.
    ///
    /// # Errors
    /// The mute, with its end and its reason.
    pub fn not_muted(&self, user: UserId, now: Timestamp) -> Result<(), WireError> {
        match self.mutes.get(&user).filter(|mute| mute.holds(now)) {
            Some(mute) => Err(mute.muted_in_room()),
            None => Ok(()),
        }
    }

    /// What deleting one of the messages of somebody whose messages are being purged would change.
    /// An admin of the server need not be in the conversation; the event says who did it.
    ///
    /// # Errors
    /// Why this person may not do this here.
    pub fn decide_purge(
        &self,
        actor: &Actor,
        target: Option<&Event>,
        now: Timestamp,
    ) -> Result<Change, WireError> {
        self.may_purge(actor)?;
        match target {
            Some(Event { seq, what: EventKind::Message(_), .. }) => {
                Ok(self.event(&actor.person, now, EventKind::Deleted { target: *seq }))
            }
            _ => Ok(Change::Nothing),
        }
    }

    /// What the end of a message's time would change. It is as if its author deleted it: nobody
    /// else did.
    #[must_use]
    pub fn decide_expiry(&self, target: Option<&Event>, now: Timestamp) -> Change {
        match target {
            Some(Event { seq, author, what: EventKind::Message(_), .. }) => {
                self.event(author, now, EventKind::Deleted { target: *seq })
            }
            _ => Change::Nothing,
        }
    }

    /// Whether somebody may purge here.
    ///
    /// # Errors
    /// Why not.
    pub fn may_purge(&self, actor: &Actor) -> Result<(), WireError> {
        if actor.role >= Role::Admin {
            return Ok(());
        }
        let member = self.members.get(&actor.person.id).ok_or_else(not_found)?;
        self.needs(power(actor, member), RoomRole::Moderator)
    }

    pub(super) fn may_come_in(&self, user: UserId, now: Timestamp) -> Result<(), WireError> {
        match self.bans.get(&user).filter(|ban| ban.holds(now)) {
            // A private room does not exist for strangers.
            Some(_) if self.private => Err(not_found()),
            Some(ban) => Err(ban.banned_from_room()),
            None => Ok(()),
        }
    }

    pub(super) fn may_be_invited(&self, user: &Person, now: Timestamp) -> Result<(), WireError> {
        if self.bans.get(&user.id).is_some_and(|ban| ban.holds(now)) {
            return Err(forbidden(&format!("@{} is banned from this room; end the ban first.", user.name)));
        }
        Ok(())
    }

    /// A ban, a mute, or the end of one; `None` where there is none to end.
    pub(super) fn decide_order(
        &self,
        author: &Person,
        power: RoomRole,
        order: Command,
        now: Timestamp,
    ) -> Result<Option<EventKind>, WireError> {
        self.needs(power, RoomRole::Moderator)?;
        Ok(match order {
            Command::Ban { user, for_s, reason } => {
                Some(self.decide_ban(author, power, user, for_s, reason, now)?)
            }
            Command::Mute { user, for_s, reason } => {
                if !self.members.contains_key(&user.id) {
                    return Err(nobody_here(&user));
                }
                self.is_weaker(author, power, &user, "mute")?;
                self.has_space(self.mutes.values(), now, "muted")?;
                let Penalty { until, reason } = Penalty::new(for_s, reason, now);
                Some(EventKind::Muted { user, until, reason })
            }
            Command::Unban { user } => {
                let holds = self.bans.get(&user.id).is_some_and(|ban| ban.holds(now));
                holds.then_some(EventKind::Unbanned { user })
            }
            Command::Unmute { user } => {
                let holds = self.mutes.get(&user.id).is_some_and(|mute| mute.holds(now));
                holds.then_some(EventKind::Unmuted { user })
            }
            _ => None,
        })
    }

    fn decide_ban(
        &self,
        author: &Person,
        power: RoomRole,
        user: Person,
        for_s: Option<u32>,
        reason: Topic,
        now: Timestamp,
    ) -> Result<EventKind, WireError> {
        self.is_weaker(author, power, &user, "ban")?;
        self.has_space(self.bans.values(), now, "banned")?;
        let removed = self.members.contains_key(&user.id);
        let is_only_owner = self.owners() == 1
            && self.members.get(&user.id).is_some_and(|member| member.role == RoomRole::Owner);
        if is_only_owner {
            return Err(forbidden("That is this room's only owner. Make somebody else owner first."));
        }
        let Penalty { until, reason } = Penalty::new(for_s, reason, now);
        Ok(EventKind::Banned { user, until, reason, removed })
    }

    /// The rule of putting somebody out: weaker roles only, but owners anybody.
    fn is_weaker(
        &self,
        author: &Person,
        power: RoomRole,
        user: &Person,
        what: &str,
    ) -> Result<(), WireError> {
        if user.id == author.id {
            return Err(forbidden(&format!("You cannot {what} yourself.")));
        }
        let is_strong = self.members.get(&user.id).is_some_and(|member| member.role >= power);
        if is_strong && power < RoomRole::Owner {
            return Err(forbidden(&format!("You can {what} only people with a weaker role than yours.")));
        }
        Ok(())
    }

    #[allow(clippy::unused_self, reason = "one of the rules of a room")]
    fn has_space<'a>(
        &self,
        penalties: impl Iterator<Item = &'a Penalty>,
        now: Timestamp,
        what: &str,
    ) -> Result<(), WireError> {
        if penalties.filter(|penalty| penalty.holds(now)).count() >= limits::ROOM_BANS {
            return Err(forbidden(&format!(
                "As many people are {what} here as can be; end one of these first."
            )));
        }
        Ok(())
    }

    /// Follows such an event. What has run out goes with it.
    pub(in crate::domain) fn apply_order(&mut self, event: &Event) {
        let now = event.at;
        match &event.what {
            EventKind::Banned { user, until, reason, .. } => {
                self.members.remove(&user.id);
                self.bans.retain(|_, ban| ban.holds(now));
                self.bans.insert(user.id, Penalty { until: *until, reason: reason.clone() });
            }
            EventKind::Muted { user, until, reason } => {
                self.mutes.retain(|_, mute| mute.holds(now));
                self.mutes.insert(user.id, Penalty { until: *until, reason: reason.clone() });
            }
            EventKind::Unbanned { user } => drop(self.bans.remove(&user.id)),
            EventKind::Unmuted { user } => drop(self.mutes.remove(&user.id)),
            _ => {}
        }
    }
}
