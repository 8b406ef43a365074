//! Uploads, the messages that they are in, and what they are made of.
//!
//! 1. A file is begun, complete, then in messages; it goes with the last of them, in the same
//!    commit. One that never came so far is found by `unsent_since`.
//! 2. A content's row is there before its bytes and until after them: see V7. Between a file and the removal
//!    of its content that row decides: who removes marks it first, and no file becomes complete with a
//!    content that is so marked.
//! 3. Foreign keys are the referee: no message can name a file that has gone meanwhile.

use chat_proto::{
    Attachment, ConversationId, FileId, FilePage, MediaType, Message, OwnFile, Position, Seq, Timestamp,
    UserId, limits,
};

use super::{Store, row};
use crate::store::files::attachment;
use crate::store::sql::{self, Connection, OptionalExtension, Row, params};
use crate::store::{
    Completion, Content, ContentHash, Deletion, Fetchable, FileQuotas, NewFile, NoRoom, StoreError, Upload,
};

/// The columns of a complete file, for [`fetchable`], from `files f JOIN objects o`.
const FETCHABLE: &str = "f.name, o.hash, o.size, o.media_type, o.width, o.height, o.blurhash, o.thumbnail";

/// What `unused` says of a content whose bytes are being removed.
const BEING_REMOVED: i64 = 2;

impl Store {
    /// Begins an upload if there is room for it.
    ///
    /// # Errors
    /// [`StoreError`]; the inner error says what is full.
    pub async fn begin_file(
        &self,
        file: NewFile,
        quotas: FileQuotas,
    ) -> Result<Result<(), NoRoom>, StoreError> {
        self.write(move |db| {
            if let Err(full) = room_for(db, &file, quotas)? {
                return Ok(Err(full));
            }
            db.prepare_cached(
                "INSERT INTO files (id, owner, name, size, begun_at, unsent_since) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            )?
            .execute(params![file.id.0, file.owner.0, file.name.as_str(), row::int(file.size), file.at.0])?;
            Ok(Ok(()))
        })
        .await
    }

    /// How far an upload of this person has come; `None` if it is not theirs.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn upload(&self, owner: UserId, file: FileId) -> Result<Option<Upload>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT size, received, object IS NOT NULL FROM files WHERE id = ?1 AND owner = ?2",
            )?;
            let upload = query.query_row(params![file.0, owner.0], |r| {
                Ok(Upload { size: row::count(r, 0)?, received: row::count(r, 1)?, is_complete: r.get(2)? })
            });
            Ok(upload.optional()?)
        })
        .await
    }

    /// Notes how many bytes of an upload are on the disk.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn received(&self, file: FileId, received: u64) -> Result<(), StoreError> {
        self.write_beside(move |db| {
            db.prepare_cached("UPDATE files SET received = ?2 WHERE id = ?1 AND object IS NULL")?
                .execute(params![file.0, row::int(received)])?;
            Ok(())
        })
        .await
    }

    /// Announces a content that is about to be stored; true if it is stored already.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn expect_content(&self, content: Content) -> Result<bool, StoreError> {
        self.write(move |db| {
            let (width, height) = content.pixels.unzip();
            db.prepare_cached(
                "INSERT INTO objects (hash, size, media_type, width, height, blurhash, thumbnail)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                content.hash.0,
                row::int(content.size),
                content.media_type.as_str(),
                width,
                height,
                content.blurhash.as_ref().map(chat_proto::BlurHash::as_str),
                content.thumbnail.as_ref().map(MediaType::as_str),
            ])?;
            let mut query = db.prepare_cached("SELECT unused = 0 FROM objects WHERE hash = ?1")?;
            Ok(query.query_row([content.hash.0], |r| r.get(0))?)
        })
        .await
    }

    /// An upload is complete: this is what it is made of, and that is stored.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn complete_file(
        &self,
        file: FileId,
        content: ContentHash,
        at: Timestamp,
    ) -> Result<Completion, StoreError> {
        self.write(move |db| {
            let content_stays = db
                .prepare_cached("UPDATE objects SET unused = 0 WHERE hash = ?1 AND unused <> ?2")?
                .execute(params![content.0, BEING_REMOVED])?;
            if content_stays == 0 {
                return Ok(Completion::ContentGoes);
            }
            let done = db
                .prepare_cached(
                    "UPDATE files SET object = ?2, received = size, unsent_since = ?3
                     WHERE id = ?1 AND object IS NULL",
                )?
                .execute(params![file.0, content.0, at.0])?;
            if done == 0 {
                set_unused(db, content.0)?;
                return Ok(Completion::NoSuch);
            }
            Ok(Completion::Done)
        })
        .await
    }

    /// A file that this person may fetch: their own, or one in a message of a conversation that
    /// they are a member of.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn fetchable(&self, user: UserId, file: FileId) -> Result<Option<Fetchable>, StoreError> {
        self.read(move |db| {
            let sql = format!(
                "SELECT {FETCHABLE} FROM files f JOIN objects o ON o.hash = f.object
                 WHERE f.id = ?1 AND (f.owner = ?2 OR EXISTS (
                     SELECT 1 FROM file_uses u JOIN members m ON m.conversation = u.conversation
                     WHERE u.file = ?1 AND m.user = ?2))"
            );
            let mut query = db.prepare_cached(&sql)?;
            Ok(query.query_row(params![file.0, user.0], |r| fetchable(r, 0)).optional()?)
        })
        .await
    }

    /// What messages say of these files, in the same order: `None` for one that is not complete or
    /// not there, and, where an owner is given, for one that is not theirs.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn attachments(
        &self,
        owner: Option<UserId>,
        files: Vec<FileId>,
    ) -> Result<Vec<Option<Attachment>>, StoreError> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        self.read(move |db| {
            let sql = format!(
                "SELECT {FETCHABLE} FROM files f JOIN objects o ON o.hash = f.object
                 WHERE f.id = ?1 AND (?2 IS NULL OR f.owner = ?2)"
            );
            let mut query = db.prepare_cached(&sql)?;
            let mut find = |id: FileId| -> sql::Result<Option<Attachment>> {
                let key = params![id.0, owner.map(|owner| owner.0)];
                let file = query.query_row(key, |r| fetchable(r, 0)).optional()?;
                Ok(file.map(|file| attachment(id, file)))
            };
            Ok(files.into_iter().map(&mut find).collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// A page of this person's uploads, the newest first, and what they take. The quota is not
    /// known here.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn files_of(
        &self,
        owner: UserId,
        before: Option<FileId>,
        limit: u32,
    ) -> Result<FilePage, StoreError> {
        self.read(move |db| {
            let before = before.map_or(uuid::Uuid::max(), |file| file.0);
            let rows = db
                .prepare_cached(
                    "SELECT f.id, f.name, f.size, f.received, f.begun_at, f.unsent_since IS NULL, f.object IS NULL,
                         o.media_type, o.width, o.height, o.blurhash
                     FROM files f LEFT JOIN objects o ON o.hash = f.object
                     WHERE f.owner = ?1 AND f.id < ?2 ORDER BY f.id DESC LIMIT ?3",
                )?
                .query_map(params![owner.0, before, limit + 1], own_file)?
                .collect::<sql::Result<Vec<_>>>()?;
            let mut page = super::lists::cut(rows, limit);
            for file in &mut page.rows {
                file.messages = messages_with(db, owner, file.file.id)?;
            }
            Ok(FilePage { files: page.rows, used: used(db, owner)?, quota: None, more: page.more })
        })
        .await
    }

    /// Deletes an upload of this person that is in no message.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn delete_file(&self, owner: UserId, file: FileId) -> Result<Deletion, StoreError> {
        self.write(move |db| {
            let unsent: Option<bool> = db
                .prepare_cached("SELECT unsent_since IS NOT NULL FROM files WHERE id = ?1 AND owner = ?2")?
                .query_row(params![file.0, owner.0], |r| r.get(0))
                .optional()?;
            match unsent {
                None => Ok(Deletion::NoSuch),
                Some(false) => Ok(Deletion::InUse),
                Some(true) => {
                    delete(db, file)?;
                    Ok(Deletion::Done)
                }
            }
        })
        .await
    }

    /// Deletes the uploads that wait to be sent since before that time; says how many.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn forget_unsent(&self, before: Timestamp) -> Result<usize, StoreError> {
        self.write(move |db| {
            let old = db
                .prepare_cached("SELECT id FROM files WHERE unsent_since < ?1")?
                .query_map([before.0], |r| r.get(0).map(FileId))?
                .collect::<sql::Result<Vec<_>>>()?;
            for file in &old {
                delete(db, *file)?;
            }
            Ok(old.len())
        })
        .await
    }

    /// Out of these, the uploads that are begun and not complete: whose parts are still needed.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn unfinished(&self, files: Vec<FileId>) -> Result<Vec<FileId>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached("SELECT 1 FROM files WHERE id = ?1 AND object IS NULL")?;
            let mut found = Vec::new();
            for file in files {
                if query.exists([file.0])? {
                    found.push(file);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Some contents that no file has.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn unused_contents(&self, limit: u32) -> Result<Vec<ContentHash>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached("SELECT hash FROM objects WHERE unused <> 0 LIMIT ?1")?;
            Ok(query.query_map([limit], |r| r.get(0).map(ContentHash))?.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// Marks a content that no file has as going; false if a file has it. From then on no file can be
    /// complete with it, until its bytes are gone and it is forgotten.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn mark_removed(&self, content: ContentHash) -> Result<bool, StoreError> {
        self.write(move |db| {
            let marked = db
                .prepare_cached(
                    "UPDATE objects SET unused = ?2 WHERE hash = ?1 AND unused <> 0
                         AND NOT EXISTS (SELECT 1 FROM files WHERE object = ?1)",
                )?
                .execute(params![content.0, BEING_REMOVED])?;
            Ok(marked > 0)
        })
        .await
    }

    /// Forgets a content that was marked and whose bytes are gone.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn forget_content(&self, content: ContentHash) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached("DELETE FROM objects WHERE hash = ?1 AND unused = ?2")?
                .execute(params![content.0, BEING_REMOVED])?;
            Ok(())
        })
        .await
    }
}

/// A message with files was sent.
pub(super) fn sent(
    db: &Connection,
    conversation: ConversationId,
    seq: Seq,
    message: &Message,
) -> sql::Result<()> {
    for file in &message.files {
        db.prepare_cached("INSERT INTO file_uses (file, conversation, seq) VALUES (?1, ?2, ?3)")?
            .execute(params![file.id.0, conversation.0, row::int(seq.0)])?;
        db.prepare_cached("UPDATE files SET unsent_since = NULL WHERE id = ?1")?.execute([file.id.0])?;
    }
    Ok(())
}

/// A message was deleted: its files go too, where no other message has them.
pub(super) fn unsent(db: &Connection, conversation: ConversationId, seq: Seq) -> sql::Result<()> {
    let key = params![conversation.0, row::int(seq.0)];
    let files = db
        .prepare_cached("SELECT file FROM file_uses WHERE conversation = ?1 AND seq = ?2")?
        .query_map(key, |r| r.get(0).map(FileId))?
        .collect::<sql::Result<Vec<_>>>()?;
    db.prepare_cached("DELETE FROM file_uses WHERE conversation = ?1 AND seq = ?2")?.execute(key)?;
    for file in files {
        if !db.prepare_cached("SELECT 1 FROM file_uses WHERE file = ?1")?.exists([file.0])? {
            delete(db, file)?;
        }
    }
    Ok(())
}

/// Deletes a file that is in no message; its content becomes unused with the last file of it.
fn delete(db: &Connection, file: FileId) -> sql::Result<()> {
    let content: Option<[u8; 32]> = db
        .prepare_cached("DELETE FROM files WHERE id = ?1 RETURNING object")?
        .query_row([file.0], |r| r.get(0))
        .optional()?
        .flatten();
    content.map_or(Ok(()), |content| set_unused(db, content))
}

/// Notes that no file has this content, if that is so.
fn set_unused(db: &Connection, content: [u8; 32]) -> sql::Result<()> {
    db.prepare_cached(
        "UPDATE objects SET unused = 1 WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM files WHERE object = ?1)",
    )?
    .execute([content])?;
    Ok(())
}

fn room_for(db: &Connection, file: &NewFile, quotas: FileQuotas) -> sql::Result<Result<(), NoRoom>> {
    let unsent: usize = db
        .prepare_cached("SELECT count(*) FROM files WHERE owner = ?1 AND unsent_since IS NOT NULL")?
        .query_row([file.owner.0], |r| row::count(r, 0))
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX))?;
    if unsent >= limits::UNSENT_FILES {
        return Ok(Err(NoRoom::Unsent));
    }
    let used = used(db, file.owner)?;
    if quotas.user > 0 && used.saturating_add(file.size) > quotas.user {
        return Ok(Err(NoRoom::User { used }));
    }
    if quotas.server > 0 {
        let all = db
            .prepare_cached(
                "SELECT CAST((SELECT coalesce(sum(size), 0) FROM objects)
                     + (SELECT coalesce(sum(size), 0) FROM files WHERE object IS NULL) AS bigint)",
            )?
            .query_row([], |r| row::count(r, 0))?;
        if all.saturating_add(file.size) > quotas.server {
            return Ok(Err(NoRoom::Server));
        }
    }
    Ok(Ok(()))
}

fn used(db: &Connection, owner: UserId) -> sql::Result<u64> {
    db.prepare_cached("SELECT CAST(coalesce(sum(size), 0) AS bigint) FROM files WHERE owner = ?1")?
        .query_row([owner.0], |r| row::count(r, 0))
}

/// The newest messages with a file, where this person can read them.
fn messages_with(db: &Connection, user: UserId, file: FileId) -> sql::Result<Vec<Position>> {
    db.prepare_cached(
        "SELECT u.conversation, u.seq FROM file_uses u
         JOIN members m ON m.conversation = u.conversation AND m.user = ?2
         JOIN events e ON e.conversation = u.conversation AND e.seq = u.seq
         WHERE u.file = ?1 ORDER BY e.id DESC LIMIT ?3",
    )?
    .query_map(params![file.0, user.0, row::int(limits::FILE_MESSAGES_SHOWN as u64)], |r| {
        Ok(Position { conversation: ConversationId(r.get(0)?), seq: row::seq(r, 1)? })
    })?
    .collect()
}

fn own_file(r: &Row<'_>) -> sql::Result<OwnFile> {
    let (size, received) = (row::count(r, 2)?, row::count(r, 3)?);
    let is_unfinished: bool = r.get(6)?;
    let media_type: Option<MediaType> = optional(r, 7)?;
    let pixels: (Option<u32>, Option<u32>) = (r.get(8)?, r.get(9)?);
    let blurhash = optional(r, 10)?;
    let picture = pixels.0.zip(pixels.1);
    let picture = picture.map(|(width, height)| chat_proto::Picture { width, height, blurhash });
    let media_type = media_type.unwrap_or_else(MediaType::bytes);
    Ok(OwnFile {
        file: Attachment { id: FileId(r.get(0)?), name: row::parsed(r, 1)?, size, media_type, picture },
        at: Timestamp(r.get(4)?),
        received: is_unfinished.then_some(received),
        used: r.get(5)?,
        messages: Vec::new(),
    })
}

/// Reads the columns of [`FETCHABLE`], which begin at `at`.
fn fetchable(r: &Row<'_>, at: usize) -> sql::Result<Fetchable> {
    let pixels: (Option<u32>, Option<u32>) = (r.get(at + 4)?, r.get(at + 5)?);
    let content = Content {
        hash: ContentHash(r.get(at + 1)?),
        size: row::count(r, at + 2)?,
        media_type: row::parsed(r, at + 3)?,
        pixels: pixels.0.zip(pixels.1),
        blurhash: optional(r, at + 6)?,
        thumbnail: optional(r, at + 7)?,
    };
    Ok(Fetchable { name: row::parsed(r, at)?, content })
}

/// A text that was checked when it was stored, if there is one.
fn optional<T: std::str::FromStr>(r: &Row<'_>, at: usize) -> sql::Result<Option<T>>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    match r.get::<_, Option<String>>(at)? {
        Some(_) => row::parsed(r, at).map(Some),
        None => Ok(None),
    }
}
