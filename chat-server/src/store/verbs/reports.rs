//! Reports of messages.

use chat_proto::{Closed, ConversationId, Report, ReportId, Seq, Timestamp, Topic, UserId, limits};

use super::{Store, audit, change, lists, log, row};
use crate::domain::audit::Note;
use crate::store::sql::{self, Connection, OptionalExtension, Row, params};
use crate::store::{NewReport, Page, ReportCursor, Reported, StoreError};

/// Most people who are told of a report at once; the others find it in the list.
const TOLD: u32 = 200;

/// The columns of a report, for [`read`]. The message itself is read after them.
const REPORT: &str =
    "r.id, r.at, u.id, u.name, u.bot, r.reason, c.name, r.conversation, r.seq, b.id, b.name, b.bot,
        r.closed_at, r.note
    FROM reports r JOIN users u ON u.id = r.reporter JOIN conversations c ON c.id = r.conversation
        LEFT JOIN users b ON b.id = r.closed_by";

fn read(r: &Row<'_>) -> sql::Result<(Report, ConversationId, Seq)> {
    let room: Option<String> = r.get(6)?;
    let closed_at: Option<i64> = r.get(12)?;
    let (conversation, seq) = (ConversationId(r.get(7)?), row::seq(r, 8)?);
    let by = row::person(r, 2)?;
    let closed = closed_at
        .map(|at| {
            Ok::<_, sql::Error>(Closed {
                by: row::person(r, 9)?,
                at: Timestamp(at),
                note: lists::topic(r, 13)?,
            })
        })
        .transpose()?;
    // Its message stands in its place until it is read.
    let nothing = chat_proto::Event {
        conversation,
        seq,
        at: Timestamp(0),
        author: by.clone(),
        what: chat_proto::EventKind::Unknown,
    };
    let report = Report {
        id: ReportId(r.get(0)?),
        at: Timestamp(r.get(1)?),
        by,
        reason: lists::topic(r, 5)?,
        room: room.map(|_| row::parsed(r, 6)).transpose()?,
        event: nothing,
        closed,
    };
    Ok((report, conversation, seq))
}

/// The report with its message.
fn complete(db: &Connection, found: (Report, ConversationId, Seq)) -> sql::Result<Report> {
    let (mut report, conversation, seq) = found;
    if let Some(event) = log::event(db, conversation, seq)? {
        report.event = event;
    }
    Ok(report)
}

fn one(db: &Connection, id: ReportId) -> sql::Result<Option<Report>> {
    let found =
        db.prepare_cached(&format!("SELECT {REPORT} WHERE r.id = ?1"))?.query_row([id.0], read).optional()?;
    found.map(|found| complete(db, found)).transpose()
}

impl Store {
    /// Keeps a report of a message by a member of its conversation; `None` for everybody else and
    /// where there is no such message.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn report(&self, new: NewReport) -> Result<Option<Reported>, StoreError> {
        self.write(move |db| {
            let NewReport { id, conversation, seq, by, at, reason } = new;
            if !change::is_member(db, conversation, by)? {
                return Ok(None);
            }
            let Some(event) = log::event(db, conversation, seq)?.filter(|event| event.message().is_some()) else {
                return Ok(None);
            };
            if event.author.id == by {
                return Ok(Some(Reported::Own));
            }
            let known = db
                .prepare_cached(
                    "SELECT 1 FROM reports WHERE conversation = ?1 AND seq = ?2 AND reporter = ?3 AND closed_at IS NULL",
                )?
                .query_row(params![conversation.0, row::int(seq.0), by.0], |_| Ok(()))
                .optional()?;
            if known.is_some() {
                return Ok(Some(Reported::Already));
            }
            let open = db
                .prepare_cached("SELECT count(*) FROM reports WHERE reporter = ?1 AND closed_at IS NULL")?
                .query_row([by.0], |r| row::count(r, 0))?;
            if open >= limits::OPEN_REPORTS as u64 {
                return Ok(Some(Reported::TooMany));
            }
            db.prepare_cached(
                "INSERT INTO reports (id, conversation, seq, reporter, at, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![id.0, conversation.0, row::int(seq.0), by.0, at.0, reason.as_str()])?;
            Ok(one(db, id)?.map(|report| Reported::New(Box::new(report))))
        })
        .await
    }

    /// A page of reports, the newest first; never those about the asking person.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn reports(
        &self,
        asking: UserId,
        conversation: Option<ConversationId>,
        closed_too: bool,
        before: Option<ReportCursor>,
        limit: u32,
    ) -> Result<Page<Report>, StoreError> {
        self.read(move |db| {
            let place = if conversation.is_some() { "r.conversation = ?1" } else { "?1 IS NULL" };
            let sql = format!(
                "SELECT {REPORT} WHERE {place} AND (?2 OR r.closed_at IS NULL) AND (r.at, r.id) < (?3, ?4)
                     AND NOT EXISTS (SELECT 1 FROM events e WHERE e.conversation = r.conversation AND e.seq = r.seq AND e.author = ?5)
                 ORDER BY r.at DESC, r.id DESC LIMIT ?6"
            );
            let (at, id) = before.map_or((i64::MAX, uuid::Uuid::max()), |cursor| (cursor.at.0, cursor.id.0));
            let mut query = db.prepare_cached(&sql)?;
            let mut rows =
                query.query(params![conversation.map(|id| id.0), closed_too, at, id, asking.0, limit + 1])?;
            let (mut reports, mut bytes) = (Vec::new(), 0);
            // Long messages make short pages, as in the history.
            while bytes < log::PAGE_BYTES
                && let Some(ref found) = rows.next()?
            {
                let report = complete(db, read(found)?)?;
                bytes += report.event.body().map_or(0, |body| body.as_str().len());
                reports.push(report);
            }
            let was_cut = bytes >= log::PAGE_BYTES;
            let mut page = lists::cut(reports, limit);
            page.more |= was_cut;
            Ok(page)
        })
        .await
    }

    /// One report as it is now.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn report_by_id(&self, id: ReportId) -> Result<Option<Report>, StoreError> {
        self.read(move |db| Ok(one(db, id)?)).await
    }

    /// Closes an open report and notes it. `None` if it is closed already.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn close_report(
        &self,
        id: ReportId,
        note: Note,
        said: Topic,
    ) -> Result<Option<Report>, StoreError> {
        self.write(move |db| {
            let closed = db
                .prepare_cached(
                    "UPDATE reports SET closed_by = ?2, closed_at = ?3, note = ?4 WHERE id = ?1 AND closed_at IS NULL",
                )?
                .execute(params![id.0, note.actor.0, note.at.0, said.as_str()])?;
            if closed == 0 {
                return Ok(None);
            }
            audit::record(db, &note)?;
            Ok(one(db, id)?)
        })
        .await
    }

    /// Who runs the server.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn admins(&self) -> Result<Vec<UserId>, StoreError> {
        self.read(|db| {
            let mut query =
                db.prepare_cached("SELECT id FROM users WHERE role IN ('admin', 'owner') LIMIT ?1")?;
            let people = query.query_map([TOLD], |r| r.get(0).map(UserId))?.collect::<sql::Result<_>>()?;
            Ok(people)
        })
        .await
    }

    /// Who keeps order in a conversation: its moderators and owners, and the server's admins.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn who_keeps_order(&self, conversation: ConversationId) -> Result<Vec<UserId>, StoreError> {
        self.read(move |db| {
            let mut query = db.prepare_cached(
                "SELECT id FROM users WHERE role IN ('admin', 'owner')
                 UNION SELECT m.user FROM members m JOIN conversations c ON c.id = m.conversation
                     WHERE m.conversation = ?1 AND c.kind = 'room' AND m.role IN ('moderator', 'owner')
                 LIMIT ?2",
            )?;
            let people = query
                .query_map(params![conversation.0, TOLD], |r| r.get(0).map(UserId))?
                .collect::<sql::Result<_>>()?;
            Ok(people)
        })
        .await
    }
}
