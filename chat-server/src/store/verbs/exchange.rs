//! What goes into an export.

use chat_proto::{
    ConversationId, Emoji, Event, FileId, Privacy, Seq, Status, StatusText, Timestamp, UserId, UserName, Zone,
};

use super::{log, row};
use crate::store::sql::{self, OptionalExtension, Row, params};
use crate::store::sqlite::{Resting, RestingError};
use crate::store::{
    About, ContentHash, ConversationRecord, FileRecord, MemberMarks, MemberRecord, UserRecord, VersionRecord,
};

impl Resting {
    /// Accounts after this one, in the order of their ids.
    ///
    /// # Errors
    /// [`RestingError`]
    pub fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserRecord>, RestingError> {
        self.look(|db| {
            db.prepare_cached(
                "SELECT id, name, display_name, role, bot, created_at, status_emoji, status_text, status_until, zone,
                     read_receipts, typing, shows_last_seen, dnd, disabled_at
                 FROM users WHERE id > ?1 ORDER BY id LIMIT ?2",
            )?
            .query_map(params![after.map_or(uuid::Uuid::nil(), |user| user.0), limit], |r| {
                let display_name: String = r.get(2)?;
                Ok(UserRecord {
                    id: UserId(r.get(0)?),
                    name: row::parsed(r, 1)?,
                    display_name: chat_proto::DisplayName::new(display_name).unwrap_or_default(),
                    role: row::role(r, 3)?,
                    bot: r.get(4)?,
                    created_at: Timestamp(r.get(5)?),
                    about: about(r, 6)?,
                })
            })?
            .collect()
        })
    }

    /// Who has this name.
    ///
    /// # Errors
    /// [`RestingError`]
    pub fn user_named(&self, name: &UserName) -> Result<Option<UserId>, RestingError> {
        self.look(|db| {
            let mut query = db.prepare_cached("SELECT id FROM users WHERE name = ?1")?;
            query.query_row([name.as_str()], |r| r.get(0).map(UserId)).optional()
        })
    }

    /// Files in messages, and their contents, after this one in the order of their ids; only those
    /// of this owner, if there is one.
    ///
    /// # Errors
    /// [`RestingError`]
    pub fn files(
        &self,
        owner: Option<UserId>,
        after: Option<FileId>,
        limit: u32,
    ) -> Result<Vec<(FileRecord, ContentHash)>, RestingError> {
        self.look(|db| {
            db.prepare_cached(
                "SELECT id, owner, name, size, begun_at, object FROM files
                 WHERE object IS NOT NULL AND unsent_since IS NULL AND (?1 IS NULL OR owner = ?1) AND id > ?2
                 ORDER BY id LIMIT ?3",
            )?
            .query_map(
                params![owner.map(|user| user.0), after.map_or(uuid::Uuid::nil(), |file| file.0), limit],
                |r| {
                    let hash = ContentHash(r.get(5)?);
                    let record = FileRecord {
                        id: FileId(r.get(0)?),
                        owner: UserId(r.get(1)?),
                        name: row::parsed(r, 2)?,
                        size: row::count(r, 3)?,
                        sha256: Some(hash.to_string()),
                        at: Timestamp(r.get(4)?),
                    };
                    Ok((record, hash))
                },
            )?
            .collect()
        })
    }

    /// Conversations after this one in the order of their ids, with their members; for one person
    /// only those in which they have written or are, and of the members only them.
    ///
    /// # Errors
    /// [`RestingError`]
    pub fn conversations(
        &self,
        of: Option<UserId>,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<ConversationRecord>, RestingError> {
        self.look(|db| {
            let mut found = db
                .prepare_cached(
                    "SELECT id, kind, name, topic, description, private,
                         announcement, slow_mode_s, archived, free_calls, keep_days FROM conversations c
                     WHERE id > ?1 AND (?2 IS NULL OR EXISTS (
                         SELECT 1 FROM events e WHERE e.conversation = c.id AND e.author = ?2)
                         OR EXISTS (SELECT 1 FROM members m WHERE m.conversation = c.id AND m.user = ?2))
                     ORDER BY id LIMIT ?3",
                )?
                .query_map(
                    params![after.map_or(uuid::Uuid::nil(), |id| id.0), of.map(|user| user.0), limit],
                    |r| {
                        let name: Option<String> = r.get(2)?;
                        Ok(ConversationRecord {
                            id: ConversationId(r.get(0)?),
                            kind: log::kind(&r.get::<_, String>(1)?),
                            name: name.and_then(|name| chat_proto::RoomName::parse(&name).ok()),
                            topic: chat_proto::Topic::new(r.get::<_, String>(3)?).unwrap_or_default(),
                            description: chat_proto::Description::new(r.get::<_, String>(4)?)
                                .unwrap_or_default(),
                            private: r.get(5)?,
                            rules: row::rules(r, 6)?,
                            members: Vec::new(),
                        })
                    },
                )?
                .collect::<sql::Result<Vec<_>>>()?;
            for conversation in &mut found {
                // Who else is there is not one person's word.
                conversation.members = db
                    .prepare_cached(
                        "SELECT user, role, read_seq, level, muted_until, starred FROM members
                         WHERE conversation = ?1 AND (?2 IS NULL OR user = ?2) ORDER BY user",
                    )?
                    .query_map(params![conversation.id.0, of.map(|user| user.0)], |r| {
                        let marks = MemberMarks {
                            read: Some(row::seq(r, 2)?),
                            notify: row::notify(r, 3)?,
                            starred: r.get(5)?,
                        };
                        Ok(MemberRecord { user: UserId(r.get(0)?), role: row::room_role(r, 1)?, marks })
                    })?
                    .collect::<sql::Result<_>>()?;
            }
            Ok(found)
        })
    }

    /// Events of a conversation as they stand now, after this one; only those of this author, if
    /// there is one.
    ///
    /// # Errors
    /// [`RestingError`]
    pub fn events(
        &self,
        conversation: ConversationId,
        author: Option<UserId>,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<Event>, RestingError> {
        self.look(|db| {
            let sql = format!(
                "SELECT {} FROM events e JOIN users u ON u.id = e.author
                 WHERE e.conversation = ?1 AND e.seq > ?2 AND (?3 IS NULL OR e.author = ?3)
                 ORDER BY e.seq LIMIT ?4",
                row::EVENT
            );
            db.prepare_cached(&sql)?
                .query_map(
                    params![conversation.0, row::int(after.0), author.map(|user| user.0), limit],
                    |r| row::event(r, 0),
                )?
                .collect()
        })
    }

    /// The earlier texts of messages of a conversation; only those of this author, if there is one.
    ///
    /// # Errors
    /// [`RestingError`]
    pub fn versions(
        &self,
        conversation: ConversationId,
        author: Option<UserId>,
    ) -> Result<Vec<VersionRecord>, RestingError> {
        self.look(|db| {
            db.prepare_cached(
                "SELECT v.target, v.seq, v.at, v.body FROM versions v
                 JOIN events e ON e.conversation = v.conversation AND e.seq = v.target
                 WHERE v.conversation = ?1 AND (?2 IS NULL OR e.author = ?2) ORDER BY v.target, v.seq",
            )?
            .query_map(params![conversation.0, author.map(|user| user.0)], |r| {
                Ok(VersionRecord {
                    conversation,
                    target: row::seq(r, 0)?,
                    seq: row::seq(r, 1)?,
                    at: Timestamp(r.get(2)?),
                    body: r.get(3)?,
                })
            })?
            .collect()
        })
    }
}

/// Reads what somebody says of themselves; its columns begin at `at`.
fn about(r: &Row<'_>, at: usize) -> sql::Result<About> {
    let (emoji, text): (String, String) = (r.get(at)?, r.get(at + 1)?);
    let dnd: String = r.get(at + 7)?;
    Ok(About {
        status: Status {
            emoji: Emoji::new(emoji).ok(),
            text: StatusText::new(text).unwrap_or_default(),
            until: r.get::<_, Option<_>>(at + 2)?.map(Timestamp),
        },
        zone: Zone::new(r.get::<_, String>(at + 3)?).unwrap_or_default(),
        privacy: Privacy { read_receipts: r.get(at + 4)?, typing: r.get(at + 5)?, last_seen: r.get(at + 6)? },
        dnd: serde_json::from_str(&dnd).map_err(|cause| row::unreadable(at + 7, cause))?,
        disabled_at: r.get::<_, Option<_>>(at + 8)?.map(Timestamp),
    })
}
