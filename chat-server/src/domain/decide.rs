//! Who may do what.

mod order;

use chat_proto::{
    Attachment, Body, ConversationKind, ErrorCode, Event, EventKind, Message, Person, Role, RoomRole,
    RoomRules, Timestamp, Topic, UserId, WireError, limits, mentioned_names,
};

use super::{Actor, Change, Command, Draft, Membership, Room, Target, not_found};

impl Room {
    /// What the command would change.
    ///
    /// # Errors
    /// Why this person may not do this here.
    pub fn decide(&self, actor: &Actor, command: Command, now: Timestamp) -> Result<Change, WireError> {
        let author = &actor.person;
        if let Command::Join { invited } = command {
            return self.decide_join(author, invited, now);
        }
        let Some(member) = self.members.get(&author.id) else {
            return match command {
                // The console is in no room, and reads nothing there.
                Command::SetRules(rules) if actor.is_console() => {
                    let changed = self.decide_rules(RoomRole::Owner, rules)?;
                    Ok(changed.map_or(Change::Nothing, |what| self.event(author, now, what)))
                }
                _ => Err(not_found()),
            };
        };
        if let Command::MarkRead(position) = command {
            let further = position.seq > member.read;
            return Ok(if further { Change::Read(author.id, position) } else { Change::Nothing });
        }
        if command.is_writing() {
            self.not_muted(author.id, now)?;
        }
        let power = power(actor, member);
        let what = match command {
            Command::Send(draft) => self.decide_send(author, power, *draft, now)?,
            Command::Edit { target, body } => self.decide_edit(author, power, target, body)?,
            Command::Delete { target } => decide_delete(author, power, target)?,
            Command::React { target, emoji, on } => {
                self.may_write(power)?;
                let (target, message) = message_of(target)?;
                let has = |m: &Message| {
                    m.reactions.iter().any(|r| r.emoji == emoji && r.users.contains(&author.id))
                };
                if has(&message) == on {
                    return Ok(Change::Nothing);
                }
                let known = message.reactions.iter().any(|reaction| reaction.emoji == emoji);
                if on && !known && message.reactions.len() >= limits::REACTIONS {
                    return Err(forbidden("This message has as many different reactions as it can carry."));
                }
                EventKind::Reaction { target, emoji, on }
            }
            Command::Pin { target, on, pins } => {
                self.may_write(power)?;
                let (target, message) = message_of(target)?;
                if message.pinned == on {
                    return Ok(Change::Nothing);
                }
                if on && pins >= limits::PINS {
                    return Err(forbidden("There are as many pinned messages as can be; unpin one first."));
                }
                EventKind::Pinned { target, on }
            }
            Command::Leave => self.decide_leave(member)?,
            Command::Invite { user, invited } => {
                self.must_be_room()?;
                self.may_write(power)?;
                if self.members.contains_key(&user.id) || invited {
                    return Ok(Change::Nothing);
                }
                self.may_be_invited(&user, now)?;
                EventKind::Invited { user }
            }
            Command::Remove { user, reason } => self.decide_remove(author, power, user, reason)?,
            order @ (Command::Ban { .. }
            | Command::Unban { .. }
            | Command::Mute { .. }
            | Command::Unmute { .. }) => match self.decide_order(author, power, order, now)? {
                Some(what) => what,
                None => return Ok(Change::Nothing),
            },
            Command::SetRole { user, role } => match self.decide_role(author, power, user, role)? {
                Some(what) => what,
                None => return Ok(Change::Nothing),
            },
            Command::SetTopic(topic) => {
                self.must_be_room()?;
                self.may_write(power)?;
                EventKind::Topic { topic }
            }
            Command::Describe(description) => {
                self.needs(power, RoomRole::Moderator)?;
                EventKind::Described { description }
            }
            Command::Rename(name) => {
                self.needs(power, RoomRole::Owner)?;
                EventKind::Renamed { name }
            }
            Command::SetRules(rules) => match self.decide_rules(power, rules)? {
                Some(what) => what,
                None => return Ok(Change::Nothing),
            },
            Command::Join { .. } | Command::MarkRead(_) => return Ok(Change::Nothing),
        };
        Ok(self.event(author, now, what))
    }

    fn decide_join(&self, author: &Person, invited: bool, now: Timestamp) -> Result<Change, WireError> {
        if self.kind == ConversationKind::Direct {
            return Err(not_found());
        }
        if self.members.contains_key(&author.id) {
            return Ok(Change::Nothing);
        }
        self.may_come_in(author.id, now)?;
        if self.private && !invited {
            return Err(not_found());
        }
        Ok(self.event(author, now, EventKind::Joined))
    }

    fn decide_send(
        &self,
        author: &Person,
        power: RoomRole,
        draft: Draft,
        now: Timestamp,
    ) -> Result<EventKind, WireError> {
        self.may_write(power)?;
        let thread = draft.thread.map(thread_root).transpose()?;
        let reply_to = draft.reply_to.map(|target| Ok(message_of(target.event)?.0)).transpose()?;
        if self.rules.announcement && thread.is_none() && power < RoomRole::Moderator {
            return Err(forbidden(
                "Only moderators begin messages in this room; answer in a thread, or react.",
            ));
        }
        self.keep_slow_mode(author.id, power, now)?;
        let mentions = self.mentioned(author.id, &draft.body);
        let call = self.call(power, draft.body.as_str())?;
        let files = decide_files(draft.files, &draft.body)?;
        let message = Message {
            call,
            files,
            action: draft.action,
            mentions,
            reply_to,
            thread,
            forwarded: draft.forwarded,
            ..Message::new(draft.client_id, draft.body)
        };
        Ok(EventKind::Message(Box::new(message)))
    }

    fn keep_slow_mode(&self, author: UserId, power: RoomRole, now: Timestamp) -> Result<(), WireError> {
        let slow_ms = i64::from(self.rules.slow_mode_s) * 1_000;
        let Some(last) = self.wrote_at.0.get(&author).filter(|_| slow_ms > 0 && power < RoomRole::Moderator)
        else {
            return Ok(());
        };
        let wait_ms = last.0 + slow_ms - now.0;
        // Who wrote in the future did so by a clock that went back since.
        if wait_ms <= 0 || *last > now {
            return Ok(());
        }
        let message = format!("This room is in slow mode; write again in {} s.", (wait_ms + 999) / 1_000);
        Err(WireError::new(ErrorCode::RateLimited, message).retry_after_ms(wait_ms.unsigned_abs()))
    }

    fn decide_edit(
        &self,
        author: &Person,
        power: RoomRole,
        target: Option<Event>,
        body: Body,
    ) -> Result<EventKind, WireError> {
        self.may_write(power)?;
        let is_own = target.as_ref().is_some_and(|event| event.author.id == author.id);
        let (target, message) = message_of(target)?;
        if !is_own {
            return Err(forbidden("Only its author can edit a message."));
        }
        if body.is_empty() && message.files.is_empty() {
            return Err(invalid("A message without files needs a text; to take it back, delete it."));
        }
        let mentions = self.mentioned(author.id, &body);
        Ok(EventKind::Edited { target, body, mentions })
    }

    fn decide_leave(&self, member: &Membership) -> Result<EventKind, WireError> {
        self.must_be_room()?;
        if member.role == RoomRole::Owner && self.owners() == 1 && self.members.len() > 1 {
            return Err(forbidden(
                "You are this room's only owner. Make somebody else owner before you leave.",
            ));
        }
        Ok(EventKind::Left)
    }

    fn decide_remove(
        &self,
        author: &Person,
        power: RoomRole,
        user: Person,
        reason: Topic,
    ) -> Result<EventKind, WireError> {
        self.needs(power, RoomRole::Moderator)?;
        let Some(member) = self.members.get(&user.id) else { return Err(nobody_here(&user)) };
        if user.id == author.id {
            return Err(forbidden("To go out yourself, leave the room."));
        }
        if member.role >= power && power < RoomRole::Owner {
            return Err(forbidden("You can put out only people with a weaker role than yours."));
        }
        if member.role == RoomRole::Owner && self.owners() == 1 {
            return Err(forbidden("That is this room's only owner. Make somebody else owner first."));
        }
        Ok(EventKind::Removed { user, reason })
    }

    fn decide_role(
        &self,
        author: &Person,
        power: RoomRole,
        user: Person,
        role: RoomRole,
    ) -> Result<Option<EventKind>, WireError> {
        self.needs(power, RoomRole::Moderator)?;
        let Some(member) = self.members.get(&user.id) else { return Err(nobody_here(&user)) };
        if member.role == role {
            return Ok(None);
        }
        // An owner can make others owners, and step down when another is left.
        let allowed = power == RoomRole::Owner || (member.role < power && role < power);
        if !allowed {
            return Err(forbidden(
                "You can give only weaker roles than yours, to people with a weaker role.",
            ));
        }
        if member.role == RoomRole::Owner && self.owners() == 1 {
            let who = if user.id == author.id { "You are" } else { "That is" };
            return Err(forbidden(&format!("{who} this room's only owner. Make somebody else owner first.")));
        }
        Ok(Some(EventKind::Role { user, role }))
    }

    fn decide_rules(&self, power: RoomRole, rules: RoomRules) -> Result<Option<EventKind>, WireError> {
        let only_pace = RoomRules { slow_mode_s: self.rules.slow_mode_s, ..rules } == self.rules;
        self.must_be_room()?;
        let needed = if only_pace { RoomRole::Moderator } else { RoomRole::Owner };
        if power < needed {
            return Err(needs_role(needed));
        }
        if rules.slow_mode_s > limits::SLOW_MODE_S {
            let message = format!("Slow mode waits at most {} seconds.", limits::SLOW_MODE_S);
            return Err(WireError::new(ErrorCode::Invalid, message));
        }
        if rules.keep_days > limits::KEEP_DAYS {
            let message = format!("A room keeps messages for at most {} days.", limits::KEEP_DAYS);
            return Err(WireError::new(ErrorCode::Invalid, message));
        }
        Ok((rules != self.rules).then_some(EventKind::Rules { rules }))
    }

    fn owners(&self) -> usize {
        self.members.values().filter(|member| member.role == RoomRole::Owner).count()
    }

    fn must_be_room(&self) -> Result<(), WireError> {
        match self.kind {
            ConversationKind::Room => Ok(()),
            ConversationKind::Direct => Err(forbidden(
                "A direct conversation has no topic, roles or rules, and its people never change; this works in rooms.",
            )),
        }
    }

    /// Moderators' and owners' acts; an archived room can still be put in order.
    fn needs(&self, power: RoomRole, needed: RoomRole) -> Result<(), WireError> {
        self.must_be_room()?;
        if power >= needed { Ok(()) } else { Err(needs_role(needed)) }
    }

    fn may_write(&self, power: RoomRole) -> Result<(), WireError> {
        if self.rules.archived {
            return Err(forbidden("This room is archived: it can be read, and nobody writes any more."));
        }
        if power < RoomRole::Member {
            return Err(forbidden("You can read here, but not write."));
        }
        Ok(())
    }

    fn event(&self, author: &Person, at: Timestamp, what: EventKind) -> Change {
        Change::Event(Event {
            conversation: self.id,
            seq: self.head.next(),
            at,
            author: author.clone(),
            what,
        })
    }

    /// The members, apart from the author, whom a text calls by name.
    fn mentioned(&self, author: UserId, body: &Body) -> Vec<UserId> {
        let names = mentioned_names(body.as_str());
        if names.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<UserId> = self
            .members
            .iter()
            .filter(|(user, member)| **user != author && names.contains(&member.name))
            .map(|(user, _)| *user)
            .collect();
        found.sort_unstable();
        found
    }
}

/// An admin of the server has an owner's power in the rooms that they are in.
fn power(actor: &Actor, member: &Membership) -> RoomRole {
    if actor.role >= Role::Admin { RoomRole::Owner } else { member.role }
}

/// The files of a message to be, all or none.
fn decide_files(files: Vec<Option<Attachment>>, body: &Body) -> Result<Vec<Attachment>, WireError> {
    if files.is_empty() && body.is_empty() {
        return Err(invalid("There is nothing to send; write something, or add a file."));
    }
    if files.len() > limits::FILES_PER_MESSAGE {
        let most = limits::FILES_PER_MESSAGE;
        return Err(invalid(&format!("A message has at most {most} files; send the others in another one.")));
    }
    let mut found: Vec<Attachment> = Vec::with_capacity(files.len());
    for file in files {
        let Some(file) = file else {
            return Err(WireError::new(
                ErrorCode::NotFound,
                "One of these files is not there, not complete or not yours; upload it again.",
            ));
        };
        if found.iter().any(|other| other.id == file.id) {
            return Err(invalid("One of these files is there twice; name it once."));
        }
        found.push(file);
    }
    Ok(found)
}

fn decide_delete(author: &Person, power: RoomRole, target: Option<Event>) -> Result<EventKind, WireError> {
    let is_own = target.as_ref().is_some_and(|event| event.author.id == author.id);
    let (target, _) = message_of(target)?;
    if !is_own && power < RoomRole::Moderator {
        return Err(forbidden("You can delete your own messages; only moderators delete those of others."));
    }
    Ok(EventKind::Deleted { target })
}

/// The message that a command names. What is deleted is no message any more.
fn message_of(target: Option<Event>) -> Result<(chat_proto::Seq, Box<Message>), WireError> {
    match target {
        Some(Event { seq, what: EventKind::Message(message), .. }) => Ok((seq, message)),
        _ => Err(WireError::new(
            ErrorCode::NotFound,
            "There is no such message here; it may have been deleted.",
        )),
    }
}

/// The first message of the thread to which a message belongs, or that it begins. A deleted first
/// message still holds its thread.
fn thread_root(target: Target) -> Result<chat_proto::Seq, WireError> {
    match target.event {
        Some(Event { seq, what: EventKind::Tombstone(tombstone), .. }) if tombstone.edit_of.is_none() => {
            Ok(tombstone.thread.unwrap_or(seq))
        }
        event => message_of(event).map(|(seq, message)| message.thread.unwrap_or(seq)),
    }
}

fn nobody_here(user: &Person) -> WireError {
    WireError::new(ErrorCode::NotFound, format!("@{} is not a member of this room.", user.name))
}

fn needs_role(role: RoomRole) -> WireError {
    forbidden(&format!("Only the {role}s of this room can do that."))
}

fn invalid(message: &str) -> WireError {
    WireError::new(ErrorCode::Invalid, message)
}

fn forbidden(message: &str) -> WireError {
    WireError::new(ErrorCode::Forbidden, message)
}
