//! What people say of themselves, whom they block, what they show; and who has read what.

use std::collections::HashMap;

use chat_proto::{
    Card, ConversationId, DisplayName, Person, PersonRow, Privacy, Profile, Seq, SetPrivacy, SetProfile,
    Status, StatusText, Timestamp, UserId, Zone, limits,
};

use super::{Store, bans, log, nodes, row};
use crate::domain::moderation::Penalty;
use crate::domain::policy::{Policy, PolicyChange};
use crate::store::sql::{self, Connection, OptionalExtension, Row, params};
use crate::store::{Act, READ_MARKS_SHOWN_UP_TO, ReadBy, StoreError};

/// The columns of a [`Card`], for [`card`], from `users u`.
pub(super) const CARD: &str = "u.display_name, u.status_emoji, u.status_text, u.status_until";

/// Whether `o` (of `members o JOIN users ou`) shows what they read to the person `?1`.
pub(super) const SHOWS_READ: &str = "ou.read_receipts = 1
    AND (SELECT read_receipts FROM users WHERE id = ?1) = 1
    AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocker = ?1 AND blocked = ou.id)
    AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocker = ou.id AND blocked = ?1)";

/// Reads the columns of [`CARD`], which begin at `at`; a status that has ended is none.
pub(super) fn card(r: &Row<'_>, at: usize, now: Timestamp) -> sql::Result<Card> {
    let display_name =
        DisplayName::new(r.get::<_, String>(at)?).map_err(|cause| row::unreadable(at, cause))?;
    let emoji: String = r.get(at + 1)?;
    let text =
        StatusText::new(r.get::<_, String>(at + 2)?).map_err(|cause| row::unreadable(at + 2, cause))?;
    let until = r.get::<_, Option<_>>(at + 3)?.map(Timestamp);
    let status = Status { emoji: chat_proto::Emoji::new(emoji).ok(), text, until };
    Ok(Card { display_name, status: status.at(now).cloned().unwrap_or_default() })
}

fn profile(db: &Connection, user: UserId, now: Timestamp) -> sql::Result<Option<Profile>> {
    let sql = format!(
        "SELECT u.id, u.name, u.bot, u.zone, u.role, u.created_at, {CARD} FROM users u WHERE u.id = ?1"
    );
    db.prepare_cached(&sql)?
        .query_row([user.0], |r| {
            let Card { display_name, status } = card(r, 6, now)?;
            Ok(Profile {
                user: row::person(r, 0)?,
                display_name,
                status,
                zone: Zone::new(r.get::<_, String>(3)?).map_err(|cause| row::unreadable(3, cause))?,
                role: row::role(r, 4)?,
                since: Timestamp(r.get(5)?),
                last_seen: None,
            })
        })
        .optional()
}

pub(super) fn privacy(db: &Connection, user: UserId) -> sql::Result<Privacy> {
    db.prepare_cached("SELECT read_receipts, typing, shows_last_seen FROM users WHERE id = ?1")?
        .query_row([user.0], |r| {
            Ok(Privacy { read_receipts: r.get(0)?, typing: r.get(1)?, last_seen: r.get(2)? })
        })
}

/// Adds the blocks and the switches of everybody to what the shards know.
pub(super) fn add_policy(db: &Connection, policy: &mut Policy) -> sql::Result<()> {
    let mut query = db.prepare_cached("SELECT blocker, blocked FROM blocks")?;
    let mut rows = query.query([])?;
    while let Some(ref r) = rows.next()? {
        policy.apply(&PolicyChange::Block(UserId(r.get(0)?), UserId(r.get(1)?), true));
    }
    let mut query = db.prepare_cached(
        "SELECT id, read_receipts, typing, shows_last_seen FROM users
         WHERE read_receipts = 0 OR typing = 0 OR shows_last_seen = 0",
    )?;
    let mut rows = query.query([])?;
    while let Some(ref r) = rows.next()? {
        let privacy = Privacy { read_receipts: r.get(1)?, typing: r.get(2)?, last_seen: r.get(3)? };
        policy.apply(&PolicyChange::Privacy(UserId(r.get(0)?), privacy));
    }
    Ok(())
}

impl Store {
    /// What somebody says of themselves, without when they were last seen.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn profile(&self, user: UserId, now: Timestamp) -> Result<Option<Profile>, StoreError> {
        self.read(move |db| Ok(profile(db, user, now)?)).await
    }

    /// Changes what somebody says of themselves. The inner error is the mute of who may not write.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn set_profile(
        &self,
        user: UserId,
        set: SetProfile,
        now: Timestamp,
    ) -> Result<Result<Option<Profile>, Penalty>, StoreError> {
        self.write(move |db| {
            if let Some(mute) = bans::server_mute(db, user, now)? {
                return Ok(Err(mute));
            }
            if let Some(name) = &set.display_name {
                db.prepare_cached("UPDATE users SET display_name = ?2 WHERE id = ?1")?
                    .execute(params![user.0, name.as_str()])?;
            }
            if let Some(zone) = &set.zone {
                db.prepare_cached("UPDATE users SET zone = ?2 WHERE id = ?1")?
                    .execute(params![user.0, zone.as_str()])?;
            }
            if let Some(status) = &set.status {
                let emoji = status.emoji.as_ref().map_or("", chat_proto::Emoji::as_str);
                let until = status.until.filter(|_| !status.is_empty()).map(|at| at.0);
                db.prepare_cached(
                    "UPDATE users SET status_emoji = ?2, status_text = ?3, status_until = ?4 WHERE id = ?1",
                )?
                .execute(params![user.0, emoji, status.text.as_str(), until])?;
            }
            Ok(Ok(profile(db, user, now)?))
        })
        .await
    }

    /// What those of these people who said something of themselves said.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn cards(&self, people: Vec<UserId>, now: Timestamp) -> Result<Vec<PersonRow>, StoreError> {
        self.read(move |db| {
            let sql = format!(
                "SELECT u.id, u.name, u.bot, {CARD} FROM users u
                 WHERE u.id = ?1 AND (u.display_name <> '' OR u.status_emoji <> '' OR u.status_text <> '')"
            );
            let mut query = db.prepare_cached(&sql)?;
            let mut rows = Vec::new();
            for user in people {
                let found = query.query_row([user.0], |r| {
                    Ok(PersonRow { person: row::person(r, 0)?, card: card(r, 3, now)? })
                });
                rows.extend(found.optional()?.filter(|row| row.card != Card::default()));
            }
            Ok(rows)
        })
        .await
    }

    /// Blocks somebody, or ends that. False if there are as many as can be.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn set_block(
        &self,
        blocker: UserId,
        blocked: UserId,
        on: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let key = params![blocker.0, blocked.0];
            nodes::keep(db, Act::Policy)?;
            if !on {
                db.prepare_cached("DELETE FROM blocks WHERE blocker = ?1 AND blocked = ?2")?.execute(key)?;
                return Ok(true);
            }
            let others = db
                .prepare_cached("SELECT count(*) FROM blocks WHERE blocker = ?1 AND blocked <> ?2")?
                .query_row(key, |r| row::count(r, 0))?;
            if others >= limits::BLOCKED_PEOPLE as u64 {
                return Ok(false);
            }
            db.prepare_cached(
                "INSERT INTO blocks (blocker, blocked, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute(params![blocker.0, blocked.0, now.0])?;
            Ok(true)
        })
        .await
    }

    /// Whom somebody blocks, by name.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn blocked(&self, blocker: UserId) -> Result<Vec<Person>, StoreError> {
        self.read(move |db| Ok(blocked_by(db, blocker)?)).await
    }

    /// Changes what somebody shows, and says how it is then.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn set_privacy(&self, user: UserId, set: SetPrivacy) -> Result<Privacy, StoreError> {
        self.write(move |db| {
            let now = set.after(privacy(db, user)?);
            db.prepare_cached(
                "UPDATE users SET read_receipts = ?2, typing = ?3, shows_last_seen = ?4 WHERE id = ?1",
            )?
            .execute(params![user.0, now.read_receipts, now.typing, now.last_seen])?;
            nodes::keep(db, Act::Policy)?;
            Ok(now)
        })
        .await
    }

    /// Who of the others has read a message, for a member; `None` for everybody else and where
    /// there is no such message.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn read_by(
        &self,
        asking: UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<Option<ReadBy>, StoreError> {
        self.read(move |db| {
            if !super::change::is_member(db, conversation, asking)? {
                return Ok(None);
            }
            let Some(event) = log::event(db, conversation, seq)?.filter(|event| event.message().is_some()) else {
                return Ok(None);
            };
            let members = db
                .prepare_cached("SELECT members FROM conversations WHERE id = ?1")?
                .query_row([conversation.0], |r| row::count(r, 0))?;
            if members > READ_MARKS_SHOWN_UP_TO {
                return Ok(Some(ReadBy::TooMany));
            }
            if !privacy(db, asking)?.read_receipts {
                return Ok(Some(ReadBy::NotShown));
            }
            let sql = format!(
                "SELECT ou.id, ou.name, ou.bot FROM members o JOIN users ou ON ou.id = o.user
                 WHERE o.conversation = ?2 AND o.read_seq >= ?3 AND o.user <> ?1 AND o.user <> ?4 AND {SHOWS_READ}
                 ORDER BY ou.name"
            );
            let people = db
                .prepare_cached(&sql)?
                .query_map(params![asking.0, conversation.0, row::int(seq.0), event.author.id.0], |r| {
                    row::person(r, 0)
                })?
                .collect::<sql::Result<_>>()?;
            Ok(Some(ReadBy::People(people)))
        })
        .await
    }

    /// When somebody was last online, as far as these two show that to each other.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn last_seen(&self, asking: UserId, user: UserId) -> Result<Option<Timestamp>, StoreError> {
        let seen: HashMap<_, _> = self.visible_people(asking, vec![user]).await?;
        Ok(seen.get(&user).copied().flatten())
    }
}

/// Whom somebody blocks, by name.
pub(super) fn blocked_by(db: &Connection, blocker: UserId) -> sql::Result<Vec<Person>> {
    db.prepare_cached(
        "SELECT u.id, u.name, u.bot FROM blocks b JOIN users u ON u.id = b.blocked WHERE b.blocker = ?1 ORDER BY u.name",
    )?
    .query_map([blocker.0], |r| row::person(r, 0))?
    .collect()
}
