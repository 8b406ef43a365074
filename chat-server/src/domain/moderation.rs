//! Bans and mutes: how long they hold, how they are said, and who may pronounce them.

use chat_proto::{ErrorCode, Role, Timestamp, Topic, WireError};

/// A ban or a mute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Penalty {
    /// Until when; `None` for good.
    pub until: Option<Timestamp>,
    /// Why; empty for no reason given.
    pub reason: Topic,
}

impl Penalty {
    /// One that begins now.
    #[must_use]
    pub fn new(for_s: Option<u32>, reason: Topic, now: Timestamp) -> Self {
        Self { until: for_s.map(|seconds| Timestamp(now.0 + i64::from(seconds) * 1_000)), reason }
    }

    /// Whether it still holds.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }

    /// "You are muted" as a whole sentence: until when, why, and who can end it.
    fn sentence(&self, what: &str, who_ends_it: &str) -> String {
        let until = self.until.map(|until| format!(" until {}", in_words(until))).unwrap_or_default();
        let reason = if self.reason.is_empty() {
            String::new()
        } else {
            format!(" The reason given: {}", with_stop(self.reason.as_str()))
        };
        let sooner = if self.until.is_some() { " sooner" } else { "" };
        format!("{what}{until}.{reason} {who_ends_it} can end it{sooner}.")
    }

    /// The refusal for who is banned from the server.
    #[must_use]
    pub fn banned_from_server(&self) -> WireError {
        let message = self.sentence("You are banned from this server", "An admin of the server");
        WireError::new(ErrorCode::Banned, message)
    }

    /// The refusal for who is banned from a room.
    #[must_use]
    pub fn banned_from_room(&self) -> WireError {
        let message = self.sentence("You are banned from this room", "A moderator of the room");
        WireError::new(ErrorCode::Banned, message)
    }

    /// The refusal for who is muted on the server.
    #[must_use]
    pub fn muted_on_server(&self) -> WireError {
        let message = self.sentence("You are muted on this server", "An admin of the server");
        WireError::new(ErrorCode::Forbidden, message)
    }

    /// The refusal for who is muted in a room.
    #[must_use]
    pub fn muted_in_room(&self) -> WireError {
        let message = self.sentence("You are muted in this room", "A moderator of the room");
        WireError::new(ErrorCode::Forbidden, message)
    }
}

/// Whether one may keep order on the whole server.
///
/// # Errors
/// `forbidden`.
pub fn must_be_admin(role: Role) -> Result<(), WireError> {
    if role >= Role::Admin { Ok(()) } else { Err(forbidden("Only admins of this server can do that.")) }
}

/// Whether an admin may ban, mute or purge an account of that role: only weaker ones, so never the
/// owner and never themselves.
///
/// # Errors
/// `forbidden`.
pub fn may_punish(role: Role, target: Role) -> Result<(), WireError> {
    must_be_admin(role)?;
    if target < role {
        Ok(())
    } else {
        Err(forbidden("You can do that only to people with a weaker role on the server than yours."))
    }
}

/// Whether somebody may give an account that role: only one weaker than their own, so only the owner
/// makes admins, and nobody another owner.
///
/// # Errors
/// `forbidden`.
pub fn may_give(role: Role, given: Role) -> Result<(), WireError> {
    must_be_admin(role)?;
    if given < role {
        Ok(())
    } else {
        Err(forbidden("You can give only a weaker role on the server than your own; the owner makes admins."))
    }
}

fn forbidden(message: &str) -> WireError {
    WireError::new(ErrorCode::Forbidden, message)
}

/// A moment for people anywhere.
fn in_words(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        // So far away that no calendar has it.
        Err(_) => "the end of time".to_owned(),
    }
}

fn with_stop(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn penalty(until: Option<i64>, reason: &str) -> Penalty {
        Penalty { until: until.map(Timestamp), reason: Topic::new(reason).unwrap() }
    }

    #[test]
    fn a_refusal_says_until_when_and_why() {
        let said = |until, reason| penalty(until, reason).banned_from_room().message;
        assert_eq!(
            said(Some(1_795_248_000_000), "spam"),
            "You are banned from this room until 2026-11-21 08:00:00 UTC. The reason given: spam. \
             A moderator of the room can end it sooner."
        );
        assert_eq!(said(None, ""), "You are banned from this room. A moderator of the room can end it.");
        assert!(said(Some(i64::MAX), "no!").contains("until the end of time. The reason given: no! A"));
    }

    #[test]
    fn it_holds_until_its_last_millisecond() {
        let until = penalty(Some(10), "");
        assert!(until.holds(Timestamp(9)) && !until.holds(Timestamp(10)));
        assert!(penalty(None, "").holds(Timestamp(i64::MAX)));
        assert_eq!(Penalty::new(Some(2), Topic::default(), Timestamp(5)).until, Some(Timestamp(2_005)));
    }

    #[test]
    fn only_weaker_roles_are_punished() {
        let roles = [Role::Guest, Role::Member, Role::Admin, Role::Owner];
        let may: Vec<_> = roles
            .into_iter()
            .flat_map(|role| roles.into_iter().map(move |target| (role, target)))
            .filter(|(role, target)| may_punish(*role, *target).is_ok())
            .collect();
        let (guest, member, admin, owner) = (Role::Guest, Role::Member, Role::Admin, Role::Owner);
        assert!(may_give(admin, member).is_ok() && may_give(admin, admin).is_err());
        assert!(may_give(owner, admin).is_ok() && may_give(owner, owner).is_err());
        assert!(may_give(member, guest).is_err());
        assert_eq!(may, [(admin, guest), (admin, member), (owner, guest), (owner, member), (owner, admin)]);
    }
}
