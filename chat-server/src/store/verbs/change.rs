//! Committing: one function for each kind of change, run on the writer thread.

use std::collections::HashMap;

use chat_proto::{
    ConversationId, ConversationKind, Event, EventKind, Message, RoomName, Seq, UserId, limits,
};

use super::append::{Noted, append, content};
use super::{bans, days, files, inbox, keeping, log, row};
use crate::domain::{Hearing, ReadPosition};
use crate::store::sql::{self, Connection, OptionalExtension, params};
use crate::store::{Committed, Write, postgres, sqlite, topic_of};

/// A conversation begins.
pub(super) fn begin(db: &Connection, write: &Write) -> sql::Result<()> {
    let Write::Begin { kind, name, description, private, members, event } = write else { return Ok(()) };
    let key = (*kind == ConversationKind::Direct).then(|| log::people_key(members));
    db.prepare_cached(
        "INSERT INTO conversations
             (id, kind, name, pair, topic, description, private, head, messages, active_at, members)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10)",
    )?
    .execute(params![
        event.conversation.0,
        log::kind_word(*kind),
        name.as_ref().map(RoomName::as_str),
        key,
        topic_of(event).as_str(),
        description.as_str(),
        private,
        row::int(event.seq.0),
        event.at.0,
        row::int(members.len() as u64),
    ])?;
    for member in members {
        let is_owner = *kind == ConversationKind::Room && *member == event.author.id;
        add_member(db, event, *member, 0, if is_owner { "owner" } else { "member" })?;
    }
    append(db, event, &Noted::new(event, 0))
}

/// What messages change beside the log, written once for many: of a busy room, one row in place of one
/// for each message. Everything but a message may ask for these rows, so it has them written first.
#[derive(Default)]
pub(super) struct Totals {
    ends: HashMap<ConversationId, End>,
    /// Messages of the main line, by who wrote them.
    sent: HashMap<(ConversationId, UserId), u64>,
}

/// How a conversation's log ends.
struct End {
    head: Seq,
    messages: u64,
    active_at: Option<i64>,
}

impl Totals {
    fn count(&mut self, event: &Event, messages: u64) {
        // What ends is no news: a room does not come to the top because old messages go.
        let active_at = Some(event.at.0).filter(|_| !matches!(event.what, EventKind::Deleted { .. }));
        let end = self.ends.entry(event.conversation).or_insert(End { head: event.seq, messages, active_at });
        *end = End { head: event.seq, messages, active_at: active_at.or(end.active_at) };
        if event.message().is_some_and(|message| message.thread.is_none()) {
            *self.sent.entry((event.conversation, event.author.id)).or_default() += 1;
        }
    }

    /// Writes what was counted.
    pub(super) fn write(&mut self, db: &Connection) -> sql::Result<()> {
        for (conversation, End { head, messages, active_at }) in self.ends.drain() {
            let day = active_at.map(days::day_of);
            let end = params![conversation.0, row::int(head.0), row::int(messages), active_at, day];
            let mut of_its_day = db.prepare_cached(
                "UPDATE conversations SET head = ?2, messages = ?3, active_at = coalesce(?4, active_at)
                 WHERE id = ?1 AND day = coalesce(?5, day)",
            )?;
            if of_its_day.execute(end)? == 0
                && let Some(day) = day
            {
                days::begin_behind_head(db, conversation, day)?;
                db.prepare_cached(
                    "UPDATE conversations SET head = ?2, messages = ?3, active_at = ?4, day = ?5 WHERE id = ?1",
                )?
                .execute(end)?;
            }
        }
        for ((conversation, author), sent) in self.sent.drain() {
            db.prepare_cached("UPDATE members SET sent = sent + ?3 WHERE conversation = ?1 AND user = ?2")?
                .execute(params![conversation.0, author.0, row::int(sent)])?;
        }
        Ok(())
    }
}

/// An event happens, with all that follows from it.
pub(super) fn happen(
    db: &Connection,
    event: &Event,
    messages: u64,
    hearing: &Hearing,
    totals: &mut Totals,
    committed: &mut Committed,
) -> sql::Result<()> {
    append(db, event, &Noted::new(event, messages))?;
    totals.count(event, messages);
    if !matches!(event.what, EventKind::Message(_)) {
        totals.write(db)?;
    }
    follow(db, event, messages, committed)?;
    if let EventKind::Message(message) = &event.what {
        inbox::told(db, event, message, hearing, committed)?;
    }
    match event.target() {
        Some(target) => change_target(db, event, target, committed),
        None => Ok(()),
    }
}

/// What an event changes beside the log.
fn follow(db: &Connection, event: &Event, messages: u64, committed: &mut Committed) -> sql::Result<()> {
    let id = event.conversation.0;
    let set = |sql: &str, value: &dyn sql::ToSql| db.prepare_cached(sql)?.execute(params![id, value]);
    match &event.what {
        EventKind::Message(message) => files::sent(db, event.conversation, event.seq, message)?,
        EventKind::Joined => {
            let is_empty: bool = db
                .prepare_cached("SELECT members = 0 FROM conversations WHERE id = ?1")?
                .query_row([id], |r| r.get(0))?;
            add_member(db, event, event.author.id, messages, if is_empty { "owner" } else { "member" })?;
            count_members(db, event, 1)?;
            set("DELETE FROM invitations WHERE conversation = ?1 AND user = ?2", &event.author.id.0)?;
        }
        EventKind::Left => remove_member(db, event, event.author.id, committed)?,
        EventKind::Removed { user, .. } => remove_member(db, event, user.id, committed)?,
        EventKind::Banned { user, removed, .. } => {
            bans::follow(db, event)?;
            if *removed {
                remove_member(db, event, user.id, committed)?;
            }
        }
        EventKind::Unbanned { .. } | EventKind::Muted { .. } | EventKind::Unmuted { .. } => {
            bans::follow(db, event)?;
        }
        EventKind::Invited { user } => {
            db.prepare_cached(
                "INSERT INTO invitations (conversation, user, inviter, at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![id, user.id.0, event.author.id.0, event.at.0])?;
        }
        EventKind::Role { user, role } => {
            db.prepare_cached("UPDATE members SET role = ?3 WHERE conversation = ?1 AND user = ?2")?
                .execute(params![id, user.id.0, role.as_str()])?;
        }
        EventKind::Topic { topic } => {
            set("UPDATE conversations SET topic = ?2 WHERE id = ?1", &topic.as_str())?;
        }
        EventKind::Renamed { name } => {
            set("UPDATE conversations SET name = ?2 WHERE id = ?1", &name.as_str())?;
        }
        EventKind::Described { description } => {
            set("UPDATE conversations SET description = ?2 WHERE id = ?1", &description.as_str())?;
        }
        EventKind::Rules { rules } => {
            db.prepare_cached(
                "UPDATE conversations SET announcement = ?2, slow_mode_s = ?3, archived = ?4, free_calls = ?5,
                     keep_days = ?6 WHERE id = ?1",
            )?
            .execute(params![
                id,
                rules.announcement,
                rules.slow_mode_s,
                rules.archived,
                rules.free_calls,
                rules.keep_days
            ])?;
        }
        EventKind::Created { .. }
        | EventKind::Tombstone(_)
        | EventKind::Edited { .. }
        | EventKind::Deleted { .. }
        | EventKind::Reaction { .. }
        | EventKind::Pinned { .. }
        | EventKind::Unknown => {}
    }
    Ok(())
}

/// Brings the row of the event that this one changes up to date, by the same rule as clients.
pub(super) fn change_target(
    db: &Connection,
    event: &Event,
    target: Seq,
    committed: &mut Committed,
) -> sql::Result<()> {
    let Some(mut changed) = log::event(db, event.conversation, target)? else { return Ok(()) };
    let key = params![event.conversation.0, row::int(target.0)];
    match (&event.what, changed.message()) {
        (EventKind::Edited { .. }, Some(message)) => keep_version(db, &changed, message)?,
        (EventKind::Deleted { .. }, _) => {
            db.prepare_cached("DELETE FROM versions WHERE conversation = ?1 AND target = ?2")?
                .execute(key)?;
            erase_edits(db, event, target)?;
            inbox::forget_message(db, &changed, committed)?;
            keeping::forget_message(db, &changed)?;
            files::unsent(db, event.conversation, target)?;
        }
        _ => {}
    }
    let before = changed.clone();
    changed.apply(event);
    match db {
        Connection::Sqlite(_) => sqlite::change(db, &before, &changed)?,
        Connection::Postgres(_) => postgres::change(db, &before, &changed)?,
    }
    let pinned = changed.message().is_some_and(|message| message.pinned);
    let deleted = matches!(changed.what, EventKind::Tombstone(_));
    db.prepare_cached(
        "UPDATE events SET content = ?3, pinned = ?4, deleted = ?5 WHERE conversation = ?1 AND seq = ?2",
    )?
    .execute(params![
        event.conversation.0,
        row::int(target.0),
        content(&changed.what)?,
        pinned,
        deleted
    ])?;
    Ok(())
}

/// Keeps the text that an edit replaces, within the bound.
fn keep_version(db: &Connection, old: &Event, message: &Message) -> sql::Result<()> {
    let since = message.edited.unwrap_or(old.seq);
    db.prepare_cached(
        "INSERT INTO versions (conversation, target, seq, at, body)
         SELECT ?1, ?2, ?3, at, ?4 FROM events WHERE conversation = ?1 AND seq = ?3",
    )?
    .execute(params![
        old.conversation.0,
        row::int(old.seq.0),
        row::int(since.0),
        message.body.as_str()
    ])?;
    db.prepare_cached(
        "DELETE FROM versions WHERE conversation = ?1 AND target = ?2 AND seq <= (
             SELECT seq FROM versions WHERE conversation = ?1 AND target = ?2 ORDER BY seq DESC LIMIT 1 OFFSET ?3)",
    )?
    .execute(params![old.conversation.0, row::int(old.seq.0), row::int(limits::VERSIONS as u64)])?;
    Ok(())
}

/// The texts in earlier edits of a deleted message go too; their numbers stay.
fn erase_edits(db: &Connection, deletion: &Event, target: Seq) -> sql::Result<()> {
    let erased = content(&EventKind::Tombstone(chat_proto::Tombstone {
        deleted: deletion.seq,
        edit_of: Some(target),
        ..chat_proto::Tombstone::default()
    }))?;
    db.prepare_cached(
        "UPDATE events SET content = ?3, deleted = 1 WHERE conversation = ?1 AND target = ?2 AND kind = 'edited'",
    )?
    .execute(params![deletion.conversation.0, row::int(target.0), erased])?;
    Ok(())
}

fn add_member(db: &Connection, event: &Event, user: UserId, messages: u64, role: &str) -> sql::Result<()> {
    db.prepare_cached(
        "INSERT INTO members (conversation, user, read_seq, read_messages, role) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![event.conversation.0, user.0, row::int(event.seq.0), row::int(messages), role])?;
    Ok(())
}

fn remove_member(db: &Connection, event: &Event, user: UserId, committed: &mut Committed) -> sql::Result<()> {
    inbox::forget_member(db, event.conversation, user, committed)?;
    keeping::forget_member(db, event.conversation, user)?;
    db.prepare_cached("DELETE FROM members WHERE conversation = ?1 AND user = ?2")?
        .execute(params![event.conversation.0, user.0])?;
    count_members(db, event, -1)
}

fn count_members(db: &Connection, event: &Event, change: i64) -> sql::Result<()> {
    db.prepare_cached("UPDATE conversations SET members = members + ?2 WHERE id = ?1")?
        .execute(params![event.conversation.0, change])?;
    Ok(())
}

/// A read mark moves.
pub(super) fn read_to(
    db: &Connection,
    conversation: ConversationId,
    user: UserId,
    position: &ReadPosition,
) -> sql::Result<()> {
    let key = params![
        conversation.0,
        user.0,
        row::int(position.seq.0),
        row::int(position.messages),
        row::int(position.sent),
        row::int(position.mentions)
    ];
    match db {
        Connection::Sqlite(_) => db
            .prepare_cached(
                "UPDATE members SET read_seq = ?3, read_messages = ?4, read_sent = ?5, mentions = ?6
                 WHERE conversation = ?1 AND user = ?2",
            )?
            .execute(key)?,
        // Another server may have called for them since the mark was decided on.
        Connection::Postgres(_) => db
            .prepare_cached(
                "UPDATE members m SET read_seq = ?3, read_messages = ?4, read_sent = ?5, mentions = (
                     SELECT count(*) FROM inbox i WHERE i.conversation = ?1 AND i.user = ?2 AND i.seq > ?3
                         AND i.reason IN ('mention', 'room', 'here'))
                 WHERE m.conversation = ?1 AND m.user = ?2 AND m.read_seq <= ?3",
            )?
            .execute(&key[..5])?,
    };
    Ok(())
}

/// Keeps members of this conversation in it until the end of the transaction, so that what is written for
/// one of them is not written after they were put out. SQLite has one writer.
pub(super) fn hold_members(db: &Connection, conversation: ConversationId) -> sql::Result<()> {
    if let Connection::Postgres(_) = db {
        db.prepare_cached("SELECT id FROM conversations WHERE id = ?1 FOR SHARE")?
            .exists([conversation.0])?;
    }
    Ok(())
}

/// Whether somebody belongs to a conversation.
pub(super) fn is_member(db: &Connection, conversation: ConversationId, user: UserId) -> sql::Result<bool> {
    let found = db
        .prepare_cached("SELECT 1 FROM members WHERE conversation = ?1 AND user = ?2")?
        .query_row(params![conversation.0, user.0], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}
