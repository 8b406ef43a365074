//! Lists: one's conversations, the directory of rooms, members, people.

use chat_proto::{
    Conversation, ConversationId, ConversationKind, Description, Event, Member, PersonRow, RoomInfo,
    RoomName, Seq, Timestamp, Topic, UserId, UserName,
};

use super::people::{self, CARD, SHOWS_READ};
use super::{Store, log, row};
use crate::store::sql::{self, Connection, OptionalExtension, Row, params};
use crate::store::{ActivityCursor, Members, Page, People, READ_MARKS_SHOWN_UP_TO, Rooms, StoreError};

/// The columns of a conversation as a member sees it, for [`summary`]; `?1` is the member.
fn summary_of() -> String {
    format!("{BEFORE_READ} {SHOWS_READ}{AFTER_READ}")
}

const BEFORE_READ: &str = "c.id, c.kind, c.name, c.topic, c.members, c.head, m.read_seq,
    CASE WHEN c.members <= ?2 THEN coalesce(
        (SELECT max(o.read_seq) FROM members o JOIN users ou ON ou.id = o.user
         WHERE o.conversation = c.id AND o.user <> ?1 AND";

const AFTER_READ: &str = "), 0) ELSE 0 END,
    max(0, c.messages - m.read_messages - (m.sent - m.read_sent)), m.mentions, c.active_at, c.description,
    c.private, c.announcement, c.slow_mode_s, c.archived, c.free_calls, c.keep_days,
    m.role, m.level, m.muted_until, m.starred
    FROM members m JOIN conversations c ON c.id = m.conversation WHERE m.user = ?1";

impl Store {
    /// A page of this member's conversations, the most recently active first.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn conversations(
        &self,
        user: UserId,
        after: Option<ActivityCursor>,
        limit: u32,
    ) -> Result<Page<Conversation>, StoreError> {
        self.read(move |db| Ok(window(db, user, after, limit)?)).await
    }

    /// One conversation as this member sees it; `None` for everybody else.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn conversation(
        &self,
        user: UserId,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        self.read(move |db| {
            let found = db
                .prepare_cached(&format!("SELECT {} AND c.id = ?3", summary_of()))?
                .query_row(params![user.0, row::int(READ_MARKS_SHOWN_UP_TO), id.0], summary)
                .optional()?;
            let Some(mut conversation) = found else { return Ok(None) };
            complete(db, user, &mut conversation)?;
            Ok(Some(conversation))
        })
        .await
    }

    /// The room of that name, public or private.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn room_named(&self, name: RoomName) -> Result<Option<ConversationId>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached("SELECT id FROM conversations WHERE name = ?1")?;
            Ok(query.query_row([name.as_str()], |r| r.get(0).map(ConversationId)).optional()?)
        })
        .await
    }

    /// Whether somebody may know of a room: it is public (to others than guests), they are in it,
    /// or they are invited.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn is_known_room(
        &self,
        room: ConversationId,
        user: UserId,
        guest: bool,
    ) -> Result<bool, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM conversations WHERE id = ?1 AND private = 0 AND NOT ?3)
                     OR EXISTS (SELECT 1 FROM members WHERE conversation = ?1 AND user = ?2)
                     OR EXISTS (SELECT 1 FROM invitations WHERE conversation = ?1 AND user = ?2)",
            )?;
            Ok(query.query_row(params![room.0, user.0, guest], |r| r.get(0))?)
        })
        .await
    }

    /// The direct conversation of exactly these people.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn direct_of(&self, people: Vec<UserId>) -> Result<Option<ConversationId>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached("SELECT id FROM conversations WHERE pair = ?1")?;
            Ok(query.query_row([log::people_key(&people)], |r| r.get(0).map(ConversationId)).optional()?)
        })
        .await
    }

    /// A page of the directory of public rooms, by name; `only_own` for guests.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn rooms(
        &self,
        user: UserId,
        only_own: bool,
        query: Option<String>,
        after: Option<RoomName>,
        limit: u32,
    ) -> Result<Rooms, StoreError> {
        self.read(move |db| {
            let mut rooms = db.prepare_cached(
                "SELECT c.id, c.name, c.topic, c.members, c.description, c.archived, m.user IS NOT NULL
                 FROM conversations c LEFT JOIN members m ON m.conversation = c.id AND m.user = ?1
                 WHERE c.kind = 'room' AND c.private = 0 AND c.name > ?2 AND (?5 = 0 OR m.user IS NOT NULL)
                     AND (instr(c.name, ?3) > 0 OR instr(lower(c.topic), ?3) > 0 OR instr(lower(c.description), ?3) > 0)
                 ORDER BY c.name LIMIT ?4",
            )?;
            let after = after.as_ref().map_or("", RoomName::as_str);
            let rows = rooms
                .query_map(params![user.0, after, needle(query), limit + 1, only_own], |r| {
                    Ok(RoomInfo {
                        id: ConversationId(r.get(0)?),
                        name: row::parsed(r, 1)?,
                        topic: topic(r, 2)?,
                        members: row::count(r, 3)?,
                        description: description(r, 4)?,
                        archived: r.get(5)?,
                        joined: r.get(6)?,
                    })
                })?
                .collect::<sql::Result<Vec<_>>>()?;
            Ok(cut(rows, limit))
        })
        .await
    }

    /// A page of the members, by name, for a member; `None` for everybody else.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn members(
        &self,
        asking: UserId,
        conversation: ConversationId,
        after: Option<UserName>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Option<Members>, StoreError> {
        self.read(move |db| {
            let is_member: bool = db
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM members WHERE conversation = ?1 AND user = ?2)",
                )?
                .query_row(params![conversation.0, asking.0], |r| r.get(0))?;
            if !is_member {
                return Ok(None);
            }
            let mut members = db.prepare_cached(
                &format!(
                    "SELECT ou.id, ou.name, ou.bot, CASE WHEN ou.id = ?1 OR ({SHOWS_READ}) THEN o.read_seq ELSE 0 END, o.role, {}
                     FROM members o JOIN users ou ON ou.id = o.user
                     WHERE o.conversation = ?2 AND ou.name > ?3 ORDER BY ou.name LIMIT ?4",
                    CARD.replace("u.", "ou.")
                ),
            )?;
            let after = after.as_ref().map_or("", UserName::as_str);
            let rows = members
                .query_map(params![asking.0, conversation.0, after, limit + 1], |r| {
                    Ok(Member {
                        user: row::person(r, 0)?,
                        read: row::seq(r, 3)?,
                        role: row::room_role(r, 4)?,
                        card: people::card(r, 5, now)?,
                    })
                })?
                .collect::<sql::Result<Vec<_>>>()?;
            Ok(Some(cut(rows, limit)))
        })
        .await
    }

    /// A page of the people on this server, by name; with `shared_with`, only those who share a
    /// conversation with that guest.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn people(
        &self,
        shared_with: Option<UserId>,
        query: Option<String>,
        after: Option<UserName>,
        limit: u32,
        now: Timestamp,
    ) -> Result<People, StoreError> {
        self.read(move |db| {
            let mut people = db.prepare_cached(
                &format!("SELECT u.id, u.name, u.bot, {CARD} FROM users u WHERE u.name > ?1 AND instr(u.name, ?2) > 0
                     AND (u.bot = 0 OR EXISTS (SELECT 1 FROM bots b WHERE b.user = u.id)
                         OR EXISTS (SELECT 1 FROM incoming i WHERE i.bot = u.id))
                     AND (?4 IS NULL OR u.id = ?4 OR EXISTS (
                         SELECT 1 FROM members mine JOIN members theirs ON theirs.conversation = mine.conversation
                         WHERE mine.user = ?4 AND theirs.user = u.id))
                 ORDER BY u.name LIMIT ?3"),
            )?;
            let after = after.as_ref().map_or("", UserName::as_str);
            let rows = people
                .query_map(params![after, needle(query), limit + 1, shared_with.map(|user| user.0)], |r| {
                    Ok(PersonRow { person: row::person(r, 0)?, card: people::card(r, 3, now)? })
                })?
                .collect::<sql::Result<Vec<_>>>()?;
            Ok(cut(rows, limit))
        })
        .await
    }
}

/// A page of somebody's conversations, the most recently active first.
pub(super) fn window(
    db: &Connection,
    user: UserId,
    after: Option<ActivityCursor>,
    limit: u32,
) -> sql::Result<Page<Conversation>> {
    let sql = format!(
        "SELECT {} AND (c.active_at, c.id) < (?3, ?4) ORDER BY c.active_at DESC, c.id DESC LIMIT ?5",
        summary_of()
    );
    let (active_at, id) = match after {
        Some(cursor) => (cursor.active_at.0, cursor.id.0),
        None => (i64::MAX, uuid::Uuid::max()),
    };
    let rows = db
        .prepare_cached(&sql)?
        .query_map(params![user.0, row::int(READ_MARKS_SHOWN_UP_TO), active_at, id, limit + 1], summary)?
        .collect::<sql::Result<Vec<_>>>()?;
    let mut page = cut(rows, limit);
    for conversation in &mut page.rows {
        complete(db, user, conversation)?;
    }
    Ok(page)
}

fn summary(r: &Row<'_>) -> sql::Result<Conversation> {
    let name: Option<String> = r.get(2)?;
    Ok(Conversation {
        id: ConversationId(r.get(0)?),
        kind: log::kind(&r.get::<_, String>(1)?),
        name: name.and_then(|name| RoomName::parse(&name).ok()),
        topic: topic(r, 3)?,
        description: description(r, 11)?,
        private: r.get(12)?,
        rules: row::rules(r, 13)?,
        role: row::room_role(r, 18)?,
        notify: row::notify(r, 19)?,
        starred: r.get(21)?,
        with: Vec::new(),
        members: row::count(r, 4)?,
        head: row::seq(r, 5)?,
        read: row::seq(r, 6)?,
        others_read: row::seq(r, 7)?,
        unread: row::count(r, 8)?,
        mentions: row::count(r, 9)?,
        last_message: None,
        active_at: Timestamp(r.get(10)?),
    })
}

/// Adds what a summary's row does not hold: the other people of a direct, the newest message.
fn complete(db: &Connection, user: UserId, conversation: &mut Conversation) -> sql::Result<()> {
    if conversation.kind == ConversationKind::Direct {
        let mut others = db.prepare_cached(
            "SELECT u.id, u.name, u.bot FROM members m JOIN users u ON u.id = m.user
             WHERE m.conversation = ?1 AND m.user <> ?2 ORDER BY u.name",
        )?;
        conversation.with = others
            .query_map(params![conversation.id.0, user.0], |r| row::person(r, 0))?
            .collect::<sql::Result<_>>()?;
    }
    conversation.last_message = last_message(db, conversation.id, conversation.head)?;
    Ok(())
}

/// Events from the end of a conversation among which its newest message is looked for. Behind more than these,
/// changes of older ones or what has been deleted, nobody misses it in a list.
const PREVIEW_EVENTS: u64 = 1_000;

fn last_message(db: &Connection, conversation: ConversationId, head: Seq) -> sql::Result<Option<Event>> {
    let sql = format!(
        "SELECT {} FROM events e JOIN users u ON u.id = e.author
         WHERE e.conversation = ?1 AND e.seq <= ?2 AND e.seq > ?3 AND e.kind = 'message'
         AND e.deleted = 0 AND e.target IS NULL ORDER BY e.seq DESC LIMIT 1",
        row::EVENT
    );
    db.prepare_cached(&sql)?
        .query_row(
            params![conversation.0, row::int(head.0), row::int(head.0.saturating_sub(PREVIEW_EVENTS))],
            |r| row::event(r, 0),
        )
        .optional()
}

pub(super) fn topic(r: &Row<'_>, at: usize) -> sql::Result<Topic> {
    let text: String = r.get(at)?;
    Topic::new(text).map_err(|cause| row::unreadable(at, cause))
}

fn description(r: &Row<'_>, at: usize) -> sql::Result<Description> {
    let text: String = r.get(at)?;
    Description::new(text).map_err(|cause| row::unreadable(at, cause))
}

/// The text to look for; every name contains the empty one.
pub(super) fn needle(query: Option<String>) -> String {
    query.unwrap_or_default().to_lowercase()
}

/// A page from a query that asked for one row more than the page has.
pub(super) fn cut<T>(mut rows: Vec<T>, limit: u32) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Page { rows, more }
}
