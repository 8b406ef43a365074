//! What a client holds that follows what it is pushed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use chat_proto::{
    Card, Conversation, ConversationId, Event, EventKind, InboxPage, Invitation, Member, Push, Reason,
    RoomRole, SavedPage, Seq, ThreadList, ThreadState, Tombstone, UserId,
};
use chat_tests::Script;
use serde_json::json;

/// Everything that one person holds.
#[derive(Debug, Clone)]
pub(super) struct Replica {
    pub(super) me: UserId,
    pub(super) conversations: BTreeMap<ConversationId, Held>,
    pub(super) invitations: Vec<Invitation>,
    /// What is in the inbox, and how much of it is not read.
    pub(super) inbox: BTreeMap<(ConversationId, Seq), Reason>,
    pub(super) inbox_unread: u64,
    /// The threads that are followed.
    pub(super) threads: BTreeMap<(ConversationId, Seq), ThreadState>,
    /// The messages that are saved.
    pub(super) saved: BTreeSet<(ConversationId, Seq)>,
}

/// One conversation as it is held.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Held {
    pub(super) row: Conversation,
    pub(super) events: BTreeMap<Seq, Event>,
    pub(super) members: BTreeMap<UserId, Member>,
    /// The newest event of `events`; `row` says its own.
    pub(super) as_of: Seq,
}

impl Replica {
    /// What a client that just came is told.
    pub(super) fn snapshot(script: &mut Script) -> Result<Self> {
        let me = serde_json::from_value(json!(script.user_id()))?;
        let rows: Vec<Conversation> =
            serde_json::from_value(script.welcome()["conversations"].clone()).context("the welcome")?;
        let mut conversations = BTreeMap::new();
        for row in rows {
            conversations.insert(row.id, Held::fetch(script, row)?);
        }
        let mut listed = script.ok("invitation.list", json!({}))?;
        let invitations = serde_json::from_value(listed["invitations"].take())?;
        let inbox: InboxPage = serde_json::from_value(script.ok("inbox.list", json!({}))?)?;
        let threads: ThreadList = serde_json::from_value(script.ok("thread.list", json!({}))?)?;
        let saved: SavedPage = serde_json::from_value(script.ok("saved.list", json!({}))?)?;
        let place = |event: &Event| (event.conversation, event.seq);
        Ok(Self {
            me,
            conversations,
            invitations,
            inbox: inbox.items.iter().map(|item| (place(&item.event), item.reason)).collect(),
            inbox_unread: inbox.state.unread,
            threads: threads.threads.iter().map(|thread| (place(&thread.root), thread.state)).collect(),
            saved: saved.messages.iter().map(place).collect(),
        })
    }

    /// Follows a push, as PROTOCOL.md says; what is new is fetched, as a client would.
    pub(super) fn follow(&mut self, push: Push, script: &mut Script) -> Result<()> {
        let me = self.me;
        match push {
            Push::Event(event) => {
                let held = self.conversations.get_mut(&event.conversation);
                let held = held.with_context(|| format!("an event of what one is not in: {event:?}"))?;
                if let EventKind::Deleted { target } = event.what {
                    self.inbox.remove(&(event.conversation, target));
                    self.saved.remove(&(event.conversation, target));
                    if target > held.row.read {
                        let row = json!({"conversation": event.conversation});
                        held.row = serde_json::from_value(script.ok("conversation.get", row)?)?;
                    }
                }
                held.follow(&event, me)?;
            }
            Push::InboxItem(item) => {
                self.inbox.insert((item.event.conversation, item.event.seq), item.reason);
            }
            Push::InboxChanged(state) => self.inbox_unread = state.unread,
            Push::Thread(state) if state.following => {
                self.threads.insert((state.conversation, state.thread), state);
            }
            Push::Thread(state) => drop(self.threads.remove(&(state.conversation, state.thread))),
            Push::Notify(state) => {
                let held = self.conversations.get_mut(&state.conversation).context("notify, nowhere")?;
                held.row.notify = state.notify;
            }
            Push::Starred(state) => {
                let held = self.conversations.get_mut(&state.conversation).context("starred, nowhere")?;
                held.row.starred = state.on;
            }
            Push::Saved(state) if state.on => drop(self.saved.insert((state.conversation, state.seq))),
            Push::Saved(state) => drop(self.saved.remove(&(state.conversation, state.seq))),
            Push::Read { conversation, user, seq } => {
                let held = self.conversations.get_mut(&conversation).context("read, nowhere")?;
                held.members.get_mut(&user).context("read by nobody")?.read = seq;
            }
            Push::Unread { conversation, read, unread, mentions } => {
                let held = self.conversations.get_mut(&conversation).context("unread, nowhere")?;
                (held.row.read, held.row.unread, held.row.mentions) = (read, unread, mentions);
                held.members.get_mut(&me).context("not in it")?.read = read;
            }
            Push::ConversationAdded { conversation } => {
                self.invitations.retain(|invitation| invitation.conversation != conversation.id);
                self.conversations.insert(conversation.id, Held::fetch(script, conversation)?);
            }
            Push::ConversationRemoved { conversation } => {
                self.conversations.remove(&conversation).context("removed, and never there")?;
                self.inbox.retain(|(there, _), _| *there != conversation);
                self.threads.retain(|(there, _), _| *there != conversation);
                self.saved.retain(|(there, _)| *there != conversation);
            }
            Push::Invitation { invitation } => self.invitations.insert(0, invitation),
            Push::InvitationRemoved { conversation } => {
                self.invitations.retain(|invitation| invitation.conversation != conversation);
            }
            // Nothing of these is held.
            Push::Dnd(_)
            | Push::Report { .. }
            | Push::Lockdown(_)
            | Push::Hello(_)
            | Push::Typing { .. }
            | Push::Presence { .. }
            | Push::Command(_)
            | Push::CommandAnswer(_)
            | Push::Profile { .. }
            | Push::Blocked { .. }
            | Push::Privacy { .. }
            | Push::Draining { .. } => {}
        }
        Ok(())
    }
}

impl Held {
    pub(super) fn fetch(script: &mut Script, row: Conversation) -> Result<Self> {
        let ask = json!({"conversation": row.id, "limit": 200});
        let mut page = script.ok("history.get", ask.clone())?;
        let mut members = script.ok("member.list", ask)?;
        let pins: Vec<Event> = serde_json::from_value(
            script.ok("message.pins", json!({"conversation": row.id}))?["events"].take(),
        )?;
        let as_of = serde_json::from_value(page["head"].take())?;
        let events: Vec<Event> = serde_json::from_value(page["events"].take())?;
        let members: Vec<Member> = serde_json::from_value(members["members"].take())?;
        ensure!(
            pins.iter().eq(events.iter().filter(|event| event.message().is_some_and(|m| m.pinned))),
            "the pins are not those of the history: {pins:?}"
        );
        Ok(Self {
            row,
            events: events.into_iter().map(|event| (event.seq, event)).collect(),
            members: members.into_iter().map(|member| (member.user.id, member)).collect(),
            as_of,
        })
    }

    pub(super) fn follow(&mut self, event: &Event, me: UserId) -> Result<()> {
        fold(&mut self.events, event);
        if event.seq > self.as_of {
            ensure!(event.seq == self.as_of.next(), "a gap before {event:?}");
            self.as_of = event.seq;
            self.events.insert(event.seq, event.clone());
            self.follow_members(event);
        }
        if event.seq > self.row.head {
            self.row.head = event.seq;
            self.row.active_at = event.at;
            self.follow_row(event, me);
        }
        Ok(())
    }

    pub(super) fn follow_row(&mut self, event: &Event, me: UserId) {
        let row = &mut self.row;
        match &event.what {
            EventKind::Message(message) => {
                if event.author.id != me && event.seq > row.read {
                    row.unread += u64::from(message.thread.is_none());
                    row.mentions += u64::from(message.mentions.contains(&me) || message.call.is_some());
                }
            }
            EventKind::Joined => row.members += 1,
            EventKind::Left | EventKind::Removed { .. } | EventKind::Banned { removed: true, .. } => {
                row.members -= 1;
            }
            EventKind::Role { user, role } if user.id == me => row.role = *role,
            EventKind::Topic { topic } => row.topic = topic.clone(),
            EventKind::Renamed { name } => row.name = Some(name.clone()),
            EventKind::Described { description } => row.description = description.clone(),
            EventKind::Rules { rules } => row.rules = *rules,
            EventKind::Created { .. }
            | EventKind::Tombstone(_)
            | EventKind::Edited { .. }
            | EventKind::Deleted { .. }
            | EventKind::Reaction { .. }
            | EventKind::Pinned { .. }
            | EventKind::Invited { .. }
            | EventKind::Banned { .. }
            | EventKind::Unbanned { .. }
            | EventKind::Muted { .. }
            | EventKind::Unmuted { .. }
            | EventKind::Role { .. }
            | EventKind::Unknown => {}
        }
    }

    pub(super) fn follow_members(&mut self, event: &Event) {
        match &event.what {
            EventKind::Joined => {
                let member = Member {
                    user: event.author.clone(),
                    role: RoomRole::Member,
                    read: event.seq,
                    card: Card::default(),
                };
                self.members.insert(event.author.id, member);
            }
            EventKind::Left => drop(self.members.remove(&event.author.id)),
            EventKind::Removed { user, .. } | EventKind::Banned { user, .. } => {
                drop(self.members.remove(&user.id))
            }
            EventKind::Role { user, role } => {
                if let Some(member) = self.members.get_mut(&user.id) {
                    member.role = *role;
                }
            }
            _ => {}
        }
    }

    /// What a row says that follows from the rest.
    pub(super) fn settled(mut self, me: UserId) -> Self {
        let others = self.members.values().filter(|member| member.user.id != me);
        self.row.others_read = others.map(|member| member.read).max().unwrap_or(Seq::ZERO);
        let main_line = |event: &&Event| event.message().is_some_and(|message| message.thread.is_none());
        self.row.last_message = self.events.values().rev().find(main_line).cloned();
        self
    }
}

/// Brings held events up to date with a later one; what they know already changes nothing.
pub(super) fn fold(events: &mut BTreeMap<Seq, Event>, later: &Event) {
    if let EventKind::Deleted { target } = later.what {
        // Its text goes from the edits that are kept as well.
        for event in events.values_mut() {
            if matches!(event.what, EventKind::Edited { target: edited, .. } if edited == target) {
                let deleted = later.seq;
                event.what = EventKind::Tombstone(Tombstone {
                    deleted,
                    edit_of: Some(target),
                    ..Tombstone::default()
                });
            }
        }
    }
    if let Some(target) = later.target().and_then(|target| events.get_mut(&target)) {
        target.apply(later);
    }
}

/// Compares piece by piece, so that a failure shows the piece.
pub(super) fn assert_same(followed: &Replica, fresh: &Replica, after: &str) {
    assert_eq!(followed.invitations, fresh.invitations, "after {after}: the invitations");
    assert_eq!(followed.inbox, fresh.inbox, "after {after}: the inbox");
    assert_eq!(followed.inbox_unread, fresh.inbox_unread, "after {after}: what is not read there");
    assert_eq!(followed.threads, fresh.threads, "after {after}: the threads");
    let ids = |replica: &Replica| replica.conversations.keys().copied().collect::<Vec<_>>();
    assert_eq!(ids(followed), ids(fresh), "after {after}: the conversations");
    for (id, told) in &fresh.conversations {
        let held = followed.conversations[id].clone().settled(followed.me);
        for (seq, event) in &told.events {
            assert_eq!(held.events.get(seq), Some(event), "after {after}: the event");
        }
        assert_eq!(held.events.len(), told.events.len(), "after {after}: the log");
        assert_eq!(held.members, told.members, "after {after}: the members");
        assert_eq!(held.row, told.row, "after {after}: the row");
        assert_eq!(held.as_of, told.as_of, "after {after}: the head");
    }
}
