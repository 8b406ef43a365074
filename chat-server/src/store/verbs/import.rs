//! What comes in from an export. Nothing here is decided: what happened elsewhere is written down
//! as it happened, once, however often the same export comes.

use chat_proto::{
    ConversationId, ConversationKind, Emoji, Event, EventKind, FileId, Role, RoomName, Seq, UserId, UserName,
};

use super::append::{Noted, append};
use super::change::change_target;
use super::{Store, days, files, log, row};
use crate::domain::ReadPosition;
use crate::store::sql::{self, Connection, OptionalExtension, params};
use crate::store::{
    About, Arrival, Arrived, Committed, ContentHash, ConversationRecord, FileRecord, Place, StoreError,
    UserRecord, VersionRecord, WentOn,
};

/// Other names that are tried where one is taken.
const NAMES: u32 = 1_000;

/// The PHC string of an account that nobody can log in to until its password is set.
const NO_PASSWORD: &str = "";

impl Store {
    /// Finds the account of an export here, or makes it. It has no password then. `most` is the
    /// strongest role that may come with it.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn import_user(
        &self,
        user: UserRecord,
        most: Role,
        skeleton: fn(&UserName) -> String,
    ) -> Result<Arrived, StoreError> {
        self.write(move |db| {
            let known = |sql: &str, key: &dyn sql::ToSql| {
                db.prepare_cached(sql)?
                    .query_row([key], |r| Ok((row::person(r, 0)?, r.get::<_, String>(3)?)))
                    .optional()
            };
            let by_id = "SELECT id, name, bot, password FROM users WHERE id = ?1";
            if let Some((person, password)) = known(by_id, &user.id.0)? {
                let is_unclaimed = password == NO_PASSWORD;
                return Ok(Arrived { id: person.id, name: person.name, how: Arrival::Known, is_unclaimed });
            }
            let by_name = "SELECT id, name, bot, password FROM users WHERE name = ?1";
            let named = known(by_name, &user.name.as_str())?;
            if let Some((person, _)) = named.filter(|(person, _)| person.bot == user.bot) {
                let (id, name) = (person.id, person.name);
                return Ok(Arrived { id, name, how: Arrival::Matched, is_unclaimed: false });
            }
            let name = free_name(db, &user.name, skeleton)?;
            let About { status, zone, privacy, dnd, disabled_at } = &user.about;
            let dnd = serde_json::to_string(dnd).map_err(|cause| StoreError::Failed(cause.to_string()))?;
            db.prepare_cached(
                "INSERT INTO users (id, name, skeleton, password, role, created_at, bot, display_name, status_emoji,
                     status_text, status_until, zone, read_receipts, typing, shows_last_seen, dnd, disabled_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            )?
            .execute(params![
                user.id.0,
                name.as_str(),
                skeleton(&name),
                NO_PASSWORD,
                user.role.min(most).as_str(),
                user.created_at.0,
                user.bot,
                user.display_name.as_str(),
                status.emoji.as_ref().map_or("", Emoji::as_str),
                status.text.as_str(),
                status.until.map(|until| until.0),
                zone.as_str(),
                privacy.read_receipts,
                privacy.typing,
                privacy.last_seen,
                dnd,
                disabled_at.map(|at| at.0),
            ])?;
            Ok(Arrived { id: user.id, name, how: Arrival::Made, is_unclaimed: true })
        })
        .await
    }

    /// Whether an owner of the server can log in.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn has_owner_with_password(&self) -> Result<bool, StoreError> {
        self.read(|db| {
            let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE role = 'owner' AND password <> ?1)";
            Ok(db.query_row(sql, [NO_PASSWORD], |r| r.get(0))?)
        })
        .await
    }

    /// Whether a file of an export is here.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn has_file(&self, file: FileId) -> Result<bool, StoreError> {
        self.read(move |db| {
            Ok(db
                .prepare_cached("SELECT 1 FROM files WHERE id = ?1 AND object IS NOT NULL")?
                .exists([file.0])?)
        })
        .await
    }

    /// Takes in a file whose content is stored. Until a message has it, it waits to be sent.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn import_file(
        &self,
        file: FileRecord,
        owner: UserId,
        content: ContentHash,
        now: chat_proto::Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached(
                "INSERT INTO files (id, owner, name, size, received, object, begun_at, unsent_since)
                 VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                file.id.0,
                owner.0,
                file.name.as_str(),
                row::int(file.size),
                content.0,
                file.at.0,
                now.0
            ])?;
            db.prepare_cached("UPDATE objects SET unused = 0 WHERE hash = ?1")?.execute([content.0])?;
            Ok(())
        })
        .await
    }

    /// Where the events of this conversation go; makes it if it is not here. `members` are as they
    /// are called here, and `first` is its first event here, if it is new.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn begin_import(&self, record: ConversationRecord, first: Event) -> Result<Place, StoreError> {
        self.write(move |db| Ok(begin(db, &record, &first)?)).await
    }

    /// Writes events of an export down, in the order of their numbers, which are those of the
    /// conversation here; `source` is its id in the export. The inner error says that it has gone on
    /// here, so that their numbers are taken.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn import_events(
        &self,
        source: ConversationId,
        place: Place,
        events: Vec<Event>,
    ) -> Result<Result<(), WentOn>, StoreError> {
        self.write(move |db| {
            let Some(last) = events.last() else { return Ok(Ok(())) };
            let mut state: (u64, u64) = db
                .prepare_cached("SELECT head, messages FROM conversations WHERE id = ?1")?
                .query_row([place.conversation.0], |r| Ok((row::count(r, 0)?, row::count(r, 1)?)))?;
            let mut day = None;
            for event in &events {
                if event.seq.0 != state.0 + 1 {
                    return Ok(Err(WentOn));
                }
                state = (event.seq.0, state.1 + u64::from(is_main_line(event)));
                let its_day = days::day_of(event.at.0);
                if day.replace(its_day) != Some(its_day) {
                    days::begin(db, event.conversation, event.seq, its_day)?;
                }
                insert(db, event, state.1)?;
            }
            let newest = events.iter().map(|event| event.at.0).max();
            db.prepare_cached(
                "UPDATE conversations SET head = ?2, messages = ?3, active_at = max(active_at, ?4), day = ?5
                 WHERE id = ?1",
            )?
            .execute(params![
                place.conversation.0,
                row::int(state.0),
                row::int(state.1),
                newest,
                day
            ])?;
            db.prepare_cached(
                "INSERT INTO imports (source, conversation, shift, head, finished) VALUES (?1, ?2, ?3, ?4, 0)
                 ON CONFLICT (source) DO UPDATE SET head = excluded.head, finished = 0",
            )?
            .execute(params![
                source.0,
                place.conversation.0,
                row::int(place.shift),
                row::int(last.seq.0 - place.shift)
            ])?;
            Ok(Ok(()))
        })
        .await
    }

    /// Writes earlier texts down; their numbers are those here.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn import_version(&self, version: VersionRecord) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached(
                "INSERT INTO versions (conversation, target, seq, at, body) SELECT ?1, ?2, ?3, ?4, ?5
                 WHERE EXISTS (SELECT 1 FROM events WHERE conversation = ?1 AND seq = ?2 AND deleted = 0)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                version.conversation.0,
                row::int(version.target.0),
                row::int(version.seq.0),
                version.at.0,
                version.body
            ])?;
            Ok(())
        })
        .await
    }

    /// How far these members have read, which may be less than all.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn import_marks(
        &self,
        conversation: ConversationId,
        marks: Vec<(UserId, ReadPosition)>,
    ) -> Result<(), StoreError> {
        self.write(move |db| {
            let mut update = db.prepare_cached(
                "UPDATE members SET read_seq = ?3, read_messages = ?4, read_sent = ?5, mentions = ?6
                 WHERE conversation = ?1 AND user = ?2",
            )?;
            for (user, at) in marks {
                let counts = (row::int(at.messages), row::int(at.sent), row::int(at.mentions));
                update.execute(params![
                    conversation.0,
                    user.0,
                    row::int(at.seq.0),
                    counts.0,
                    counts.1,
                    counts.2
                ])?;
            }
            Ok(())
        })
        .await
    }

    /// A conversation of an export has come with all that belongs to it.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn end_import(&self, source: ConversationId) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached("UPDATE imports SET finished = 1 WHERE source = ?1")?.execute([source.0])?;
            Ok(())
        })
        .await
    }

    /// A conversation has all its events: its members have read them, and their counts are made.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn finish_import(&self, conversation: ConversationId) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached(
                "UPDATE members SET sent = (SELECT count(*) FROM events e WHERE e.conversation = ?1
                     AND e.author = members.user AND e.kind = 'message' AND e.target IS NULL)
                 WHERE conversation = ?1",
            )?
            .execute([conversation.0])?;
            db.prepare_cached(
                "UPDATE members SET read_sent = sent, mentions = 0,
                     read_seq = (SELECT head FROM conversations WHERE id = ?1),
                     read_messages = (SELECT messages FROM conversations WHERE id = ?1)
                 WHERE conversation = ?1",
            )?
            .execute([conversation.0])?;
            Ok(())
        })
        .await
    }
}

/// The name, or the same with a number behind it, so that it neither is one that is taken nor looks
/// like one.
fn free_name(
    db: &Connection,
    name: &UserName,
    skeleton: fn(&UserName) -> String,
) -> Result<UserName, StoreError> {
    let mut taken = db.prepare_cached("SELECT 1 FROM users WHERE name = ?1 OR skeleton = ?2")?;
    let others = (2..NAMES).filter_map(|n| UserName::parse(&numbered(name.as_str(), n)).ok());
    for name in std::iter::once(name.clone()).chain(others) {
        if !taken.exists(params![name.as_str(), skeleton(&name)])? {
            return Ok(name);
        }
    }
    Err(StoreError::Conflict)
}

/// A name is cut rather than longer than names are.
fn numbered(name: &str, n: u32) -> String {
    let cut: String = name.chars().take(chat_proto::limits::USER_NAME_CHARS - 5).collect();
    format!("{}-{n}", cut.trim_end_matches(|c: char| !c.is_alphanumeric()))
}

fn begin(db: &Connection, record: &ConversationRecord, first: &Event) -> sql::Result<Place> {
    let known = db
        .prepare_cached(
            "SELECT i.conversation, i.shift, i.head, c.name, i.finished FROM imports i
             JOIN conversations c ON c.id = i.conversation WHERE i.source = ?1",
        )?
        .query_row([record.id.0], |r| {
            Ok(Place {
                conversation: ConversationId(r.get(0)?),
                shift: row::count(r, 1)?,
                head: row::count(r, 2)?,
                name: room_name(r.get(3)?),
                is_new: false,
                is_unfinished: !r.get::<_, bool>(4)?,
            })
        })
        .optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    // The server that it was exported from, perhaps restored from a backup meanwhile.
    if let Some(here) = log::event(db, record.id, Seq(1))?.filter(|here| here.at == first.at) {
        let (head, name) = head(db, here.conversation)?;
        let conversation = here.conversation;
        return Ok(Place { conversation, shift: 0, head, name, is_new: false, is_unfinished: false });
    }
    let people: Vec<UserId> = record.members.iter().map(|member| member.user).collect();
    let key = (record.kind == ConversationKind::Direct).then(|| log::people_key(&people));
    let same_people = db
        .prepare_cached("SELECT id FROM conversations WHERE pair = ?1")?
        .query_row([&key], |r| r.get(0).map(ConversationId))
        .optional()?;
    if let Some(conversation) = same_people {
        let (shift, name) = head(db, conversation)?;
        return Ok(Place { conversation, shift, head: 0, name, is_new: false, is_unfinished: false });
    }
    make(db, record, first, key)
}

fn make(
    db: &Connection,
    record: &ConversationRecord,
    first: &Event,
    key: Option<Vec<u8>>,
) -> sql::Result<Place> {
    let is_taken = db.prepare_cached("SELECT 1 FROM conversations WHERE id = ?1")?.exists([record.id.0])?;
    let id = if is_taken { ConversationId(uuid::Uuid::now_v7()) } else { record.id };
    let name = record.name.as_ref().map(|name| free_room(db, name)).transpose()?;
    db.prepare_cached(
        "INSERT INTO conversations (id, kind, name, pair, topic, description, private, head, messages, active_at,
             members, announcement, slow_mode_s, archived, free_calls, keep_days)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        id.0,
        log::kind_word(record.kind),
        name.as_ref().map(RoomName::as_str),
        key,
        record.topic.as_str(),
        record.description.as_str(),
        record.private,
        first.at.0,
        row::int(record.members.len() as u64),
        record.rules.announcement,
        record.rules.slow_mode_s,
        record.rules.archived,
        record.rules.free_calls,
        record.rules.keep_days,
    ])?;
    let mut insert = db.prepare_cached(
        "INSERT INTO members (conversation, user, read_seq, read_messages, role) VALUES (?1, ?2, 0, 0, ?3)
         ON CONFLICT DO NOTHING",
    )?;
    for member in &record.members {
        insert.execute(params![id.0, member.user.0, member.role.as_str()])?;
    }
    db.prepare_cached(
        "UPDATE conversations SET members = (SELECT count(*) FROM members WHERE conversation = ?1) WHERE id = ?1",
    )?
    .execute([id.0])?;
    // Remembered at once: a room without events would otherwise be made a second time.
    db.prepare_cached(
        "INSERT INTO imports (source, conversation, shift, head, finished) VALUES (?1, ?2, 0, 0, 0)",
    )?
    .execute([record.id.0, id.0])?;
    Ok(Place { conversation: id, shift: 0, head: 0, name, is_new: true, is_unfinished: true })
}

fn free_room(db: &Connection, name: &RoomName) -> sql::Result<RoomName> {
    let mut taken = db.prepare_cached("SELECT 1 FROM conversations WHERE name = ?1")?;
    let others = (2..NAMES).filter_map(|n| RoomName::parse(&numbered(name.as_str(), n)).ok());
    for name in std::iter::once(name.clone()).chain(others) {
        if !taken.exists([name.as_str()])? {
            return Ok(name);
        }
    }
    Ok(name.clone())
}

fn head(db: &Connection, conversation: ConversationId) -> sql::Result<(u64, Option<RoomName>)> {
    db.prepare_cached("SELECT head, name FROM conversations WHERE id = ?1")?
        .query_row([conversation.0], |r| Ok((row::count(r, 0)?, room_name(r.get(1)?))))
}

fn room_name(name: Option<String>) -> Option<RoomName> {
    name.and_then(|name| RoomName::parse(&name).ok())
}

/// Whether an event counts among the messages of the main line, deleted or not.
fn is_main_line(event: &Event) -> bool {
    match &event.what {
        EventKind::Message(message) => message.thread.is_none(),
        EventKind::Tombstone(tombstone) => tombstone.thread.is_none() && tombstone.edit_of.is_none(),
        _ => false,
    }
}

/// One event, and what it means for the one that it changes.
fn insert(db: &Connection, event: &Event, messages: u64) -> sql::Result<()> {
    let (kind, deleted, target) = match &event.what {
        EventKind::Tombstone(tombstone) => match tombstone.edit_of {
            Some(target) => ("edited", true, Some(target)),
            None => ("message", true, tombstone.thread),
        },
        what => (what.as_str(), false, event.target()),
    };
    let pinned = event.message().is_some_and(|message| message.pinned);
    let mut noted = Noted { kind, deleted, pinned, target, ..Noted::new(event, messages) };
    // An id that its author has used here already recognises that one.
    let mut used = db.prepare_cached("SELECT 1 FROM events WHERE author = ?1 AND client_id = ?2")?;
    if noted.client_id.is_some() && used.exists(params![event.author.id.0, noted.client_id])? {
        noted.client_id = None;
    }
    append(db, event, &noted)?;
    if let Some(message) = event.message() {
        files::sent(db, event.conversation, event.seq, message)?;
    }
    let Some(target) = event.target() else { return Ok(()) };
    let Some(before) = log::event(db, event.conversation, target)? else { return Ok(()) };
    let mut after = before.clone();
    after.apply(event);
    // Most events of an export are in their messages already, which stand in it as they are now.
    if after == before { Ok(()) } else { change_target(db, event, target, &mut Committed::default()) }
}
