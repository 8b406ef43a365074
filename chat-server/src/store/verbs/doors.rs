//! Running the server: invite codes, lockdown, a survey of rooms.

use chat_proto::{ConversationId, InviteCode, RoomName, RoomSurvey, Timestamp};

use super::{Store, audit, nodes, row};
use crate::domain::audit::Note;
use crate::store::sql::{self, Connection, OptionalExtension, params};
use crate::store::{Act, NewInvite, Page, StoreError};

/// The invites that still make accounts.
const GOOD: &str = "uses_left > 0 AND (expires_at IS NULL OR expires_at > ?1) AND role <> 'owner'";

/// By what an invite is named: a part of its code's hash, from which nothing can be made.
const ID: &str = "lower(hex(substr(code_hash, 1, 8)))";

impl Store {
    /// Makes an invite and notes it, unless there are so many already; those that are over make
    /// room. Whether it did.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn add_invite(
        &self,
        invite: NewInvite,
        note: Note,
        most: usize,
    ) -> Result<Option<InviteCode>, StoreError> {
        self.write(move |db| {
            db.execute(
                &format!("DELETE FROM invites WHERE NOT ({GOOD}) AND role <> 'owner'"),
                [invite.at.0],
            )?;
            let there: i64 = db.query_row("SELECT count(*) FROM invites", [], |r| r.get(0))?;
            if usize::try_from(there).unwrap_or(usize::MAX) >= most {
                return Ok(None);
            }
            insert(db, &invite)?;
            audit::record(db, &note)?;
            let sql = format!("SELECT {ID} FROM invites WHERE code_hash = ?1");
            let id = db.query_row(&sql, [invite.code.0], |r| r.get(0))?;
            let NewInvite { role, uses, at, expires_at, .. } = invite;
            Ok(Some(InviteCode { id, role, uses, at, until: expires_at }))
        })
        .await
    }

    /// The invites that still make accounts, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn invites(&self, now: Timestamp) -> Result<Vec<InviteCode>, StoreError> {
        self.read(move |db| {
            let sql = format!(
                "SELECT {ID}, role, uses_left, created_at, expires_at FROM invites WHERE {GOOD}
                 ORDER BY created_at DESC, 1"
            );
            let rows = db
                .prepare_cached(&sql)?
                .query_map([now.0], |r| {
                    Ok(InviteCode {
                        id: r.get(0)?,
                        role: row::role(r, 1)?,
                        uses: r.get(2)?,
                        at: Timestamp(r.get(3)?),
                        until: r.get::<_, Option<i64>>(4)?.map(Timestamp),
                    })
                })?
                .collect::<sql::Result<Vec<_>>>()?;
            Ok(rows)
        })
        .await
    }

    /// Ends an invite and notes it; whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn revoke_invite(&self, id: String, note: Note) -> Result<bool, StoreError> {
        self.write(move |db| {
            let ended =
                db.execute(&format!("DELETE FROM invites WHERE {ID} = ?1 AND role <> 'owner'"), [&id])? > 0;
            if ended {
                audit::record(db, &note)?;
            }
            Ok(ended)
        })
        .await
    }

    /// Since when nobody comes in, if the doors are shut.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn lockdown(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|db| {
            let since = db.query_row("SELECT lockdown_since FROM server", [], |r| r.get(0)).optional()?;
            Ok(since.flatten().map(Timestamp))
        })
        .await
    }

    /// Shuts the doors or opens them, and notes it.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn set_lockdown(&self, since: Option<Timestamp>, note: Note) -> Result<(), StoreError> {
        self.write(move |db| {
            db.execute("UPDATE server SET lockdown_since = ?1", [since.map(|at| at.0)])?;
            nodes::keep(db, Act::Doors)?;
            audit::record(db, &note)?;
            Ok(())
        })
        .await
    }

    /// A page of all rooms, by name, the private ones too.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn survey(&self, after: Option<RoomName>, limit: u32) -> Result<Page<RoomSurvey>, StoreError> {
        self.read(move |db| {
            let mut rooms = db.prepare_cached(
                "SELECT id, name, private, members, messages, active_at,
                     announcement, slow_mode_s, archived, free_calls, keep_days FROM conversations
                 WHERE kind = 'room' AND name > ?1 ORDER BY name LIMIT ?2",
            )?;
            let after = after.as_ref().map_or("", RoomName::as_str);
            let rows = rooms
                .query_map(params![after, limit + 1], |r| {
                    let rules = row::rules(r, 6)?;
                    Ok(RoomSurvey {
                        id: ConversationId(r.get(0)?),
                        name: row::parsed(r, 1)?,
                        private: r.get(2)?,
                        archived: rules.archived,
                        rules,
                        members: row::count(r, 3)?,
                        messages: row::count(r, 4)?,
                        active_at: Timestamp(r.get(5)?),
                    })
                })?
                .collect::<sql::Result<Vec<_>>>()?;
            Ok(super::lists::cut(rows, limit))
        })
        .await
    }
}

/// Stores an invite.
pub(super) fn insert(db: &Connection, invite: &NewInvite) -> sql::Result<()> {
    db.prepare_cached(
        "INSERT INTO invites (code_hash, role, uses_left, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        invite.code.0,
        invite.role.as_str(),
        invite.uses,
        invite.at.0,
        invite.expires_at.map(|at| at.0)
    ])?;
    Ok(())
}
