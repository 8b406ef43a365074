//! The log of every conversation: loading, committing and reading it.

use std::collections::{BTreeMap, HashMap};

use chat_proto::{ClientId, ConversationId, ConversationKind, Event, Missed, Seq, Timestamp, UserId, limits};

use super::change::{Totals, begin, happen, read_to};
use super::{Store, audit, bans, hooks, inbox, row};
use crate::domain::{Membership, ReadPosition, Room, WroteAt};
use crate::store::engine::Engine;
use crate::store::sql::{self, Connection, OptionalExtension, params};
use crate::store::{Anchor, BanKind, Committed, EventPage, FirstUse, StoreError, Write};

/// A page ends early when its messages together reach this size, so that an answer stays small
/// enough for an outbox, however long the messages are.
pub(super) const PAGE_BYTES: usize = 256 * 1024;

/// Messages among which those are looked for who wrote lately in a slow room: in such a room an hour's.
const WRITERS: u32 = 1_000;

/// About what one file of a message adds to it.
const ATTACHMENT_BYTES: usize = 512;

/// About what each emoji, and each person behind it, adds to a message.
const REACTION_BYTES: usize = 40;

impl Store {
    /// A conversation as its shard needs it.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn load(&self, conversation: ConversationId) -> Result<Option<Room>, StoreError> {
        self.read(move |db| Ok(load(db, conversation)?)).await
    }

    /// Commits these changes together, but for those of conversations in which another writer was first; or
    /// nothing at all.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a number, name, pair or client id is taken; [`StoreError::Overtaken`] if
    /// another writer was first everywhere.
    pub async fn commit(&self, writes: Vec<Write>) -> Result<Committed, StoreError> {
        let (committed, queued) = match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.write(move |db| commit(db, &writes)).await?,
            Engine::Postgres(postgres) => postgres.commit(writes).await?,
        };
        if queued {
            self.deliveries.notify_one();
        }
        Ok(committed)
    }

    /// What this author used this client id for, if they did.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn first_use(
        &self,
        author: UserId,
        client_id: ClientId,
    ) -> Result<Option<FirstUse>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT conversation, seq, at, kind FROM events WHERE author = ?1 AND client_id = ?2",
            )?;
            let first = query.query_row(params![author.0, client_id.0], |r| {
                Ok(FirstUse {
                    conversation: ConversationId(r.get(0)?),
                    seq: row::seq(r, 1)?,
                    at: Timestamp(r.get(2)?),
                    is_message: r.get::<_, String>(3)? == "message",
                })
            });
            Ok(first.optional()?)
        })
        .await
    }

    /// What a read mark of this member at this number implies. A number past the end counts as
    /// the end. `None` for a conversation that does not exist.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn read_position(
        &self,
        conversation: ConversationId,
        user: UserId,
        seq: Seq,
    ) -> Result<Option<ReadPosition>, StoreError> {
        self.read(move |db| Ok(read_position(db, conversation, user, seq)?)).await
    }

    /// A page of events for a member; `None` for everybody else.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn history(
        &self,
        user: UserId,
        conversation: ConversationId,
        anchor: Anchor,
        limit: u32,
    ) -> Result<Option<EventPage>, StoreError> {
        self.read(move |db| {
            let Some(head) = head(db, user, conversation)? else { return Ok(None) };
            Ok(Some(EventPage { events: page(db, conversation, anchor, limit)?, head }))
        })
        .await
    }

    /// What this member missed since the stated positions, within the bounds of a resume; and
    /// which of the stated conversations they are no member of.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn missed(
        &self,
        user: UserId,
        positions: BTreeMap<ConversationId, Seq>,
    ) -> Result<(Vec<Missed>, Vec<ConversationId>), StoreError> {
        self.read(move |db| {
            let (mut missed, mut gone) = (Vec::new(), Vec::new());
            let mut room_left = limits::RESUME_EVENTS_TOTAL;
            for (conversation, seq) in positions {
                let Some(head) = head(db, user, conversation)? else {
                    gone.push(conversation);
                    continue;
                };
                if head > seq {
                    let limit = room_left.min(limits::RESUME_EVENTS_EACH);
                    let events = page(db, conversation, Anchor::After(seq), limit)?;
                    room_left -= u32::try_from(events.len()).unwrap_or(room_left);
                    missed.push(Missed { conversation, events, head });
                }
            }
            Ok((missed, gone))
        })
        .await
    }
}

/// Writes these changes, in their order; what followed, and whether a webhook is to be told of it.
pub(in crate::store) fn commit(db: &Connection, writes: &[Write]) -> Result<(Committed, bool), StoreError> {
    let (mut committed, mut queued) = (Committed::default(), false);
    let mut totals = Totals::default();
    let has_hooks = hooks::is_any(db)?;
    for write in writes {
        match write {
            Write::Begin { .. } => begin(db, write)?,
            Write::Event { event, messages, hearing } => {
                happen(db, event, *messages, hearing, &mut totals, &mut committed)?;
                queued |= has_hooks && hooks::queue(db, event)?;
            }
            Write::Note(note) => audit::record(db, note)?,
            Write::Read { conversation, user, position, .. } => {
                read_to(db, *conversation, *user, position)?;
                inbox::read_to(db, *conversation, *user, position.seq, &mut committed)?;
            }
        }
    }
    totals.write(db)?;
    inbox::count_changes(db, &committed.inboxes)?;
    Ok((committed, queued))
}

/// See [`Store::read_position`].
pub(in crate::store) fn read_position(
    db: &Connection,
    conversation: ConversationId,
    user: UserId,
    seq: Seq,
) -> sql::Result<Option<ReadPosition>> {
    let at = db
        .prepare_cached(
            "SELECT seq, messages FROM events WHERE conversation = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row(params![conversation.0, row::int(seq.0)], |r| Ok((row::seq(r, 0)?, row::count(r, 1)?)))
        .optional()?;
    let Some((seq, messages)) = at else { return Ok(None) };
    let key = params![conversation.0, user.0, row::int(seq.0)];
    let mentions = db
        .prepare_cached(
            "SELECT count(*) FROM inbox WHERE conversation = ?1 AND user = ?2 AND seq > ?3
                 AND reason IN ('mention', 'room', 'here')",
        )?
        .query_row(key, |r| row::count(r, 0))?;
    if let Some((messages, sent)) = counted_on(db, conversation, user, seq, messages)? {
        return Ok(Some(ReadPosition { seq, messages, sent, mentions }));
    }
    // What was deleted is not unread.
    let deleted = db
        .prepare_cached(
            "SELECT count(*) FROM events WHERE conversation = ?1 AND author <> ?2 AND seq > ?3
                 AND deleted = 1 AND kind = 'message' AND target IS NULL",
        )?
        .query_row(key, |r| row::count(r, 0))?;
    let messages = messages + deleted;
    // Counted back from now, because the member's count begins anew when they come again.
    let sent = db
        .prepare_cached(
            "SELECT max(0, m.sent - (
                 SELECT count(*) FROM events WHERE conversation = ?1 AND author = ?2 AND seq > ?3
                     AND kind = 'message' AND target IS NULL))
             FROM members m WHERE m.conversation = ?1 AND m.user = ?2",
        )?
        .query_row(key, |r| row::count(r, 0))
        .optional()?
        .unwrap_or(0);
    Ok(Some(ReadPosition { seq, messages, sent, mentions }))
}

/// The counts at a mark that is nearer to the member's last one than to the end, counted on from there: whoever has a
/// hundred thousand messages behind them pays for the step that they take. `None` for any other.
fn counted_on(
    db: &Connection,
    conversation: ConversationId,
    user: UserId,
    seq: Seq,
    messages: u64,
) -> sql::Result<Option<(u64, u64)>> {
    let last = db
        .prepare_cached(
            "SELECT m.read_seq, m.read_messages, m.read_sent, c.head, m.sent
             FROM members m JOIN conversations c ON c.id = m.conversation
             WHERE m.conversation = ?1 AND m.user = ?2",
        )?
        .query_row(params![conversation.0, user.0], |r| {
            Ok((row::seq(r, 0)?, row::count(r, 1)?, row::count(r, 2)?, row::seq(r, 3)?, row::count(r, 4)?))
        })
        .optional()?;
    let Some((read, read_messages, read_sent, head, all_sent)) = last else { return Ok(None) };
    if seq <= read || seq.0 - read.0 >= head.0.saturating_sub(seq.0) {
        return Ok(None);
    }
    let then = db
        .prepare_cached(
            "SELECT messages FROM events WHERE conversation = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row(params![conversation.0, row::int(read.0)], |r| row::count(r, 0))
        .optional()?
        .unwrap_or(0);
    let step = params![conversation.0, user.0, row::int(read.0), row::int(seq.0)];
    // These count as read at the last mark already; see domain::Membership.
    let deleted = db
        .prepare_cached(
            "SELECT count(*) FROM events WHERE conversation = ?1 AND author <> ?2 AND seq > ?3 AND seq <= ?4
                 AND deleted = 1 AND kind = 'message' AND target IS NULL",
        )?
        .query_row(step, |r| row::count(r, 0))?;
    let sent = match all_sent == read_sent {
        // Who only reads has nothing of their own to look for.
        true => 0,
        false => db
            .prepare_cached(
                "SELECT count(*) FROM events WHERE conversation = ?1 AND author = ?2 AND seq > ?3 AND seq <= ?4
                     AND kind = 'message' AND target IS NULL",
            )?
            .query_row(step, |r| row::count(r, 0))?,
    };
    let messages = (messages + read_messages).saturating_sub(then + deleted);
    Ok(Some((messages, read_sent + sent)))
}

fn load(db: &Connection, id: ConversationId) -> sql::Result<Option<Room>> {
    let found = db
        .prepare_cached(
            "SELECT kind, private, head, messages, announcement, slow_mode_s, archived, free_calls, keep_days
             FROM conversations WHERE id = ?1",
        )?
        .query_row([id.0], |r| {
            Ok(Room {
                id,
                kind: kind(&r.get::<_, String>(0)?),
                private: r.get(1)?,
                rules: row::rules(r, 4)?,
                head: row::seq(r, 2)?,
                messages: row::count(r, 3)?,
                members: HashMap::new(),
                bans: bans::of_room(db, id, BanKind::Ban)?,
                mutes: bans::of_room(db, id, BanKind::Mute)?,
                wrote_at: WroteAt::default(),
            })
        })
        .optional()?;
    let Some(mut room) = found else { return Ok(None) };
    if room.rules.slow_mode_s > 0 {
        room.wrote_at = wrote_at(db, id)?;
    }
    let mut query = db.prepare_cached(
        "SELECT u.id, u.name, u.bot, m.role, m.read_seq, m.read_messages, m.sent, m.read_sent, m.mentions
         FROM members m JOIN users u ON u.id = m.user WHERE m.conversation = ?1",
    )?;
    room.members = query
        .query_map([id.0], |r| {
            let person = row::person(r, 0)?;
            let membership = Membership {
                name: person.name,
                role: row::room_role(r, 3)?,
                read: row::seq(r, 4)?,
                read_messages: row::count(r, 5)?,
                sent: row::count(r, 6)?,
                read_sent: row::count(r, 7)?,
                mentions: row::count(r, 8)?,
            };
            Ok((person.id, membership))
        })?
        .collect::<sql::Result<_>>()?;
    Ok(Some(room))
}

/// When the last writers of a slow room wrote, so that nobody is free to write again because the room was
/// loaded anew.
fn wrote_at(db: &Connection, id: ConversationId) -> sql::Result<WroteAt> {
    let mut query = db.prepare_cached(
        "SELECT author, max(at) FROM (SELECT author, at FROM events WHERE conversation = ?1 AND kind = 'message'
             ORDER BY seq DESC LIMIT ?2) e GROUP BY author",
    )?;
    let last = query
        .query_map(params![id.0, WRITERS], |r| Ok((UserId(r.get(0)?), Timestamp(r.get(1)?))))?
        .collect::<sql::Result<_>>()?;
    Ok(WroteAt(last))
}

/// The word in the database for a kind of conversation.
pub(super) fn kind_word(kind: ConversationKind) -> &'static str {
    match kind {
        ConversationKind::Room => "room",
        ConversationKind::Direct => "direct",
    }
}

pub(super) fn kind(word: &str) -> ConversationKind {
    if word == "direct" { ConversationKind::Direct } else { ConversationKind::Room }
}

/// The people of a direct as one key, whoever of them asks.
pub(super) fn people_key(people: &[UserId]) -> Vec<u8> {
    let mut ids: Vec<[u8; 16]> = people.iter().map(|user| user.0.into_bytes()).collect();
    ids.sort_unstable();
    ids.concat()
}

/// One event as it stands now.
pub(super) fn event(db: &Connection, conversation: ConversationId, seq: Seq) -> sql::Result<Option<Event>> {
    let sql = format!(
        "SELECT {} FROM events e JOIN users u ON u.id = e.author WHERE e.conversation = ?1 AND e.seq = ?2",
        row::EVENT
    );
    db.prepare_cached(&sql)?
        .query_row(params![conversation.0, row::int(seq.0)], |r| row::event(r, 0))
        .optional()
}

/// The conversation's newest number, for a member.
fn head(db: &Connection, user: UserId, conversation: ConversationId) -> sql::Result<Option<Seq>> {
    db.prepare_cached(
        "SELECT c.head FROM members m JOIN conversations c ON c.id = m.conversation
         WHERE m.conversation = ?1 AND m.user = ?2",
    )?
    .query_row(params![conversation.0, user.0], |r| row::seq(r, 0))
    .optional()
}

fn page(
    db: &Connection,
    conversation: ConversationId,
    anchor: Anchor,
    limit: u32,
) -> sql::Result<Vec<Event>> {
    match anchor {
        Anchor::Newest => backward(db, conversation, Seq(u64::MAX), limit),
        Anchor::Before(seq) => backward(db, conversation, seq, limit),
        Anchor::After(seq) => forward(db, conversation, seq, limit),
        Anchor::Around(seq) => {
            let mut events = backward(db, conversation, seq, limit / 2)?;
            let rest = limit - u32::try_from(events.len()).unwrap_or(limit);
            events.extend(forward(db, conversation, Seq(seq.0.saturating_sub(1)), rest)?);
            Ok(events)
        }
    }
}

fn backward(
    db: &Connection,
    conversation: ConversationId,
    before: Seq,
    limit: u32,
) -> sql::Result<Vec<Event>> {
    let sql = format!(
        "SELECT {} FROM events e JOIN users u ON u.id = e.author
         WHERE e.conversation = ?1 AND e.seq < ?2 ORDER BY e.seq DESC LIMIT ?3",
        row::EVENT
    );
    let mut events = events(db, &sql, conversation, before, limit)?;
    events.reverse();
    Ok(events)
}

pub(super) fn forward(
    db: &Connection,
    conversation: ConversationId,
    after: Seq,
    limit: u32,
) -> sql::Result<Vec<Event>> {
    let sql = format!(
        "SELECT {} FROM events e JOIN users u ON u.id = e.author
         WHERE e.conversation = ?1 AND e.seq > ?2 ORDER BY e.seq LIMIT ?3",
        row::EVENT
    );
    events(db, &sql, conversation, after, limit)
}

fn events(
    db: &Connection,
    sql: &str,
    conversation: ConversationId,
    bound: Seq,
    limit: u32,
) -> sql::Result<Vec<Event>> {
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query(params![conversation.0, row::int(bound.0), limit])?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while bytes < PAGE_BYTES
        && let Some(ref found) = rows.next()?
    {
        let event = row::event(found, 0)?;
        bytes += event.message().map_or(0, |message| {
            let reactions: usize = message.reactions.iter().map(|reaction| 1 + reaction.users.len()).sum();
            message.body.as_str().len() + message.files.len() * ATTACHMENT_BYTES + reactions * REACTION_BYTES
        });
        events.push(event);
    }
    Ok(events)
}
