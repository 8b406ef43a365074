//! Files: uploads that come in parts, and who may fetch what.
//!
//! The bytes come over HTTP, see `server::routes`; here is what they mean. The order of the steps
//! makes a crash harmless: an upload is announced in the store, its bytes are put on the disk, then
//! noted; a content is announced, kept, then belongs to the upload. What was begun and never
//! ended, `sweep` finds.

mod finish;
mod sweep;
mod turns;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytesize::ByteSize;
use chat_proto::{
    Answer, DeleteFile, Done, ErrorCode, FileId, FileName, ListFiles, Person, Role, Scope, Scopes, Secret,
    UserId, WireError, limits,
};
use futures_util::{Stream, StreamExt};
use tracing::{error, info};
use uuid::Uuid;

use super::seats::{Seat, Seats};
use super::{App, Caller, Handled, store_failed};
use crate::auth::SecretHash;
use crate::files::{Files, ObjectError, Part};
use crate::hub::{Visit, now, unavailable};
use crate::metrics::metrics;
use crate::store::{Deletion, Fetchable, KnownSession, NewFile, NoRoom, Upload};
use turns::{Turn, Turns};

/// A body that brings nothing for so long is cut; its sender comes back and goes on.
const IDLE: Duration = Duration::from_secs(30);

/// Bytes after which what has come is synced and noted: this much at most is sent again after a
/// crash.
const SAVE_EVERY: u64 = 8 * 1024 * 1024;

/// When to come back, told to who has too much under way.
const BUSY_RETRY_MS: u64 = 2_000;

/// All that the server does with files.
pub struct FileDesk {
    files: Files,
    turns: Turns,
    uploads: Seats,
    downloads: Seats,
}

/// Somebody who asks over HTTP, and has proven who they are.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Who.
    pub person: Person,
    /// What they may do on the server.
    pub role: Role,
    /// What the token is good for, if it is a bot's.
    pub scopes: Option<Scopes>,
    /// Ends what is under way when the login ends.
    pub visit: Arc<Visit>,
}

impl Visitor {
    /// Refuses what the visitor's token is not good for.
    ///
    /// # Errors
    /// `forbidden`, which names the scope.
    pub fn must_have(&self, scope: Scope) -> Result<(), WireError> {
        match &self.scopes {
            Some(scopes) if !scopes.has(scope) => Err(super::bots::lacks(scope)),
            _ => Ok(()),
        }
    }
}

/// Why bytes were not taken.
#[derive(Debug, Clone)]
pub enum ReceiveError {
    /// As the error says.
    Refused(WireError),
    /// The upload goes on elsewhere: with this byte.
    Offset(u64),
}

impl From<WireError> for ReceiveError {
    fn from(error: WireError) -> Self {
        ReceiveError::Refused(error)
    }
}

impl FileDesk {
    /// A desk for these files.
    #[must_use]
    pub fn new(files: Files) -> Self {
        Self {
            files,
            turns: Turns::default(),
            uploads: Seats::new(limits::UPLOADS_AT_ONCE),
            downloads: Seats::new(limits::DOWNLOADS_AT_ONCE),
        }
    }

    /// Where the bytes are.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// A place among the downloads of this person, as long as it is held.
    ///
    /// # Errors
    /// `rate_limited` when all are taken.
    pub fn download(&self, user: UserId) -> Result<Seat, WireError> {
        let most = limits::DOWNLOADS_AT_ONCE;
        metrics().downloads.add_one();
        self.downloads.take(user).ok_or_else(|| {
            busy(format!("You have {most} downloads running; go on when one of them is done."))
        })
    }
}

impl App {
    /// Who a token stands for. The one way in for everything that comes over HTTP.
    ///
    /// # Errors
    /// `bad_credentials`
    pub async fn visitor(&self, token: &Secret) -> Result<Visitor, WireError> {
        let token = SecretHash::of(token.expose());
        let visits = self.hub.visits();
        let endings = visits.endings();
        let KnownSession { id, person, role, scopes } = self.known(token).await?;
        let visit = visits.begin(person.id, id);
        // Logins ended between the two: it may have been this one.
        if visits.endings() != endings {
            self.known(token).await?;
        }
        Ok(Visitor { person, role, scopes, visit: Arc::new(visit) })
    }

    async fn known(&self, token: SecretHash) -> Result<KnownSession, WireError> {
        let known = self.store.use_session(token, now(), self.session_idle).await.map_err(store_failed)?;
        known.ok_or_else(login_over)
    }

    /// Begins an upload.
    ///
    /// # Errors
    /// `too_large`, `storage_full`, `rate_limited`, with what to do.
    pub async fn begin_upload(
        self: &Arc<Self>,
        visitor: &Visitor,
        name: FileName,
        size: u64,
    ) -> Result<FileId, WireError> {
        visitor.must_have(Scope::Write)?;
        let live = self.live.load_full();
        if size > live.limits.file_bytes {
            let most = ByteSize(live.limits.file_bytes);
            let message =
                format!("A file has at most {most} here, and this one {}; send less.", ByteSize(size));
            return Err(WireError::new(ErrorCode::TooLarge, message));
        }
        self.paces.upload(visitor.person.id)?;
        // Ids sort by time: the list of uploads is in their order.
        let (id, owner, at) = (FileId(Uuid::now_v7()), visitor.person.id, now());
        let begun = self.store.begin_file(NewFile { id, owner, name, size, at }, live.file_quotas).await;
        begun.map_err(store_failed)?.map_err(|full| self.no_room(full, size))?;
        if size == 0 {
            self.desk.files.part(id, 0).await.map_err(disk_failed)?;
            self.finish(id, size).await?;
        }
        Ok(id)
    }

    /// How far an upload has come; finishes what a crash kept from being finished.
    ///
    /// # Errors
    /// `not_found` for others' uploads too.
    pub async fn upload_state(
        self: &Arc<Self>,
        visitor: &Visitor,
        file: FileId,
    ) -> Result<Upload, WireError> {
        let upload = self.own_upload(visitor, file).await?;
        if upload.is_complete {
            return Ok(upload);
        }
        // Whoever still sends is cut, so that what is told here stays true.
        let turn = self.turn(file).await?;
        let upload = self.own_upload(visitor, file).await?;
        if upload.is_complete || upload.received < upload.size {
            return Ok(upload);
        }
        let app = self.clone();
        done(tokio::spawn(async move {
            let finished = app.finish(file, upload.size).await;
            drop(turn);
            finished
        }))
        .await?;
        Ok(Upload { is_complete: true, ..upload })
    }

    /// Takes the bytes of an upload from `offset` on; says how many there are now. With the last of
    /// them the upload is complete.
    ///
    /// # Errors
    /// Where it must go on, or why not.
    pub async fn receive<S, E>(
        self: &Arc<Self>,
        visitor: Visitor,
        file: FileId,
        offset: u64,
        body: S,
    ) -> Result<u64, ReceiveError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
        E: Send + 'static,
    {
        // By itself, because who asked may be gone before what has come is saved.
        let app = self.clone();
        let work = tokio::spawn(async move { app.receive_all(&visitor, file, offset, body).await });
        work.await.unwrap_or_else(|_| Err(unavailable().into()))
    }

    async fn receive_all<S, E>(
        self: Arc<Self>,
        visitor: &Visitor,
        file: FileId,
        offset: u64,
        body: S,
    ) -> Result<u64, ReceiveError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    {
        let most = limits::UPLOADS_AT_ONCE;
        let _seat = self.desk.uploads.take(visitor.person.id).ok_or_else(|| {
            busy(format!("You have {most} uploads running; go on when one of them is done."))
        })?;
        // Before anybody waits: others' uploads are not there.
        self.own_upload(visitor, file).await?;
        let turn = self.turn(file).await?;
        let upload = self.own_upload(visitor, file).await?;
        if offset != upload.received {
            return Err(ReceiveError::Offset(upload.received));
        }
        if upload.is_complete {
            return Ok(upload.size);
        }
        let part = match self.desk.files.part(file, upload.received).await {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                error!("the part of an upload is missing; it begins anew");
                self.store.received(file, 0).await.map_err(store_failed)?;
                return Err(ReceiveError::Offset(0));
            }
            part => part.map_err(disk_failed)?,
        };
        let size = upload.size;
        let received = self.pour(file, part, upload, body, (&turn, &visitor.visit)).await?;
        if received.is_all {
            self.finish(file, size).await?;
            metrics().uploads.add_one();
            metrics().upload_bytes.of(received.bytes);
        }
        Ok(received.bytes)
    }

    /// Writes what comes, until its end; what was written is on the disk and noted in any case.
    async fn pour<S, E>(
        &self,
        file: FileId,
        mut part: Part,
        upload: Upload,
        mut body: S,
        (turn, visit): (&Turn, &Visit),
    ) -> Result<Received, WireError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
    {
        let (mut bytes, mut saved) = (upload.received, upload.received);
        let end = loop {
            let next = tokio::select! {
                () = turn.is_wanted() => break Err(superseded()),
                () = visit.ended() => break Err(login_over()),
                next = tokio::time::timeout(IDLE, body.next()) => next,
            };
            let chunk = match next {
                Err(_) => break Err(too_slow()),
                Ok(None) => break Ok(()),
                // The sender is gone and hears nothing.
                Ok(Some(Err(_))) => break Err(superseded()),
                Ok(Some(Ok(chunk))) => chunk,
            };
            if chunk.len() as u64 > upload.size - bytes {
                break Err(more_than_announced());
            }
            part.write(&chunk).await.map_err(disk_failed)?;
            bytes += chunk.len() as u64;
            if bytes - saved >= SAVE_EVERY {
                self.save(file, &mut part, bytes).await?;
                saved = bytes;
            }
        };
        if bytes > saved {
            self.save(file, &mut part, bytes).await?;
        }
        end.map(|()| Received { bytes, is_all: bytes == upload.size })
    }

    async fn save(&self, file: FileId, part: &mut Part, bytes: u64) -> Result<(), WireError> {
        part.save().await.map_err(disk_failed)?;
        self.store.received(file, bytes).await.map_err(store_failed)
    }

    /// Deletes an own upload that is in no message.
    ///
    /// # Errors
    /// `forbidden` for one that is in a message, `not_found`.
    pub async fn delete_upload(self: &Arc<Self>, user: UserId, file: FileId) -> Result<(), WireError> {
        if self.store.upload(user, file).await.map_err(store_failed)?.is_none() {
            return Err(no_file());
        }
        let _turn = self.turn(file).await?;
        match self.store.delete_file(user, file).await.map_err(store_failed)? {
            Deletion::NoSuch => Err(no_file()),
            Deletion::InUse => Err(WireError::new(
                ErrorCode::Forbidden,
                "This file is in a message; delete the message, and the file goes with it.",
            )),
            Deletion::Done => {
                self.desk.files.drop_part(file).await;
                Ok(())
            }
        }
    }

    /// A file that this person may fetch now.
    ///
    /// # Errors
    /// `not_found`, whether it is not there or not theirs to see.
    pub async fn fetchable(&self, visitor: &Visitor, file: FileId) -> Result<Fetchable, WireError> {
        visitor.must_have(Scope::Read)?;
        let found = self.store.fetchable(visitor.person.id, file).await.map_err(store_failed)?;
        found.ok_or_else(no_file)
    }

    pub(super) async fn list_files(&self, caller: &Caller, ask: ListFiles) -> Result<Handled, WireError> {
        let limit = ask.limit.unwrap_or(limits::LIST_PAGE).clamp(1, limits::LIST_PAGE);
        let mut page =
            self.store.files_of(caller.person.id, ask.before, limit).await.map_err(store_failed)?;
        page.quota = Some(self.live.load().file_quotas.user).filter(|quota| *quota > 0);
        Ok(Answer::ListFiles(page).into())
    }

    pub(super) async fn delete_file(
        self: &Arc<Self>,
        caller: &Caller,
        ask: DeleteFile,
    ) -> Result<Handled, WireError> {
        self.delete_upload(caller.person.id, ask.file).await?;
        Ok(Answer::DeleteFile(Done {}).into())
    }

    async fn own_upload(&self, visitor: &Visitor, file: FileId) -> Result<Upload, WireError> {
        self.store.upload(visitor.person.id, file).await.map_err(store_failed)?.ok_or_else(no_file)
    }

    async fn turn(&self, file: FileId) -> Result<Turn, WireError> {
        let turn = self.desk.turns.take(file).await;
        turn.ok_or_else(|| busy("Another request works on this upload; try again in a moment.".to_owned()))
    }

    fn no_room(&self, full: NoRoom, size: u64) -> WireError {
        match full {
            NoRoom::Unsent => WireError::new(
                ErrorCode::StorageFull,
                format!(
                    "You have {} uploads that are in no message; send or delete some of them first.",
                    limits::UNSENT_FILES
                ),
            ),
            NoRoom::User { used } => WireError::new(
                ErrorCode::StorageFull,
                format!(
                    "Your files take {} of {}, and this one needs {}. Delete messages with files that nobody needs, or uploads that you did not send.",
                    ByteSize(used),
                    ByteSize(self.live.load().file_quotas.user),
                    ByteSize(size)
                ),
            ),
            NoRoom::Server => {
                info!("no room is left for files; an upload was refused");
                WireError::new(
                    ErrorCode::StorageFull,
                    "The server has no room for more files; ask its admin, or delete messages with large files.",
                )
            }
        }
    }
}

struct Received {
    bytes: u64,
    is_all: bool,
}

async fn done(work: tokio::task::JoinHandle<Result<(), WireError>>) -> Result<(), WireError> {
    work.await.unwrap_or_else(|_| Err(unavailable()))
}

/// What people are told who may not see a file, and those who ask for one that is not there.
#[must_use]
pub fn no_file() -> WireError {
    WireError::new(
        ErrorCode::NotFound,
        "There is no such file, or it is not yours to see; it may have been deleted.",
    )
}

fn busy(message: String) -> WireError {
    WireError::new(ErrorCode::RateLimited, message).retry_after_ms(BUSY_RETRY_MS)
}

fn login_over() -> WireError {
    WireError::new(ErrorCode::BadCredentials, "This login is not valid any more; log in again.")
}

fn superseded() -> WireError {
    WireError::new(ErrorCode::Unavailable, "The upload goes on with another request.")
}

fn too_slow() -> WireError {
    let message = format!("Nothing came for {} seconds; ask how far it is, and go on.", IDLE.as_secs());
    WireError::new(ErrorCode::Unavailable, message)
}

fn more_than_announced() -> WireError {
    WireError::new(ErrorCode::TooLarge, "More bytes came than were announced; begin another upload.")
}

/// The disk's fault, told to the user without its inside and to the admin with it.
fn disk_failed(cause: io::Error) -> WireError {
    error!(%cause, "cannot keep an upload");
    if matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        let message = "The server's disk is full; ask its admin. What has come is kept; go on later.";
        return WireError::new(ErrorCode::StorageFull, message);
    }
    unavailable()
}

/// The object store's fault, told likewise.
pub fn objects_failed(cause: ObjectError) -> WireError {
    match cause {
        ObjectError::Disk(cause) => disk_failed(cause),
        ObjectError::Store(cause) => {
            error!(%cause, "the store of files failed");
            unavailable()
        }
    }
}
