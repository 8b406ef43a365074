//! Uploads, by the tus protocol.

use std::fs::Metadata;
use std::io::{self, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chat_proto::{ErrorCode, FileId, FileName};
use futures_util::stream::try_unfold;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, LOCATION};
use hyper::{Method, Response, StatusCode};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::http::{Body, no_body, refusal};
use super::{Courier, FileError, OnProgress, Patience, Progress};
use crate::update::Enclosure;

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const VERSION: &str = "1.0.0";

/// Bytes read at once.
const BLOCK: usize = 64 * 1024;

/// A file of this disk on its way.
struct Parcel<'a> {
    path: &'a Path,
    size: u64,
    name: FileName,
    progress: &'a OnProgress,
}

impl Courier {
    /// Uploads a file, however often the connection is cut, and gives what a message needs to
    /// carry it. An upload of the same file that was stopped goes on.
    ///
    /// # Errors
    /// [`FileError`]
    pub async fn upload(&self, path: &Path, progress: &OnProgress) -> Result<Enclosure, FileError> {
        let metadata = look(path).await?;
        self.journal.tidy();
        let entry = self.journal.entry(path, &metadata);
        let name = FileName::clean(&path.file_name().unwrap_or_default().to_string_lossy());
        let parcel = Parcel { path, size: metadata.len(), name, progress };
        let mut patience = Patience::default();
        let known = match entry.read() {
            Some(file) => patience.insist(|| self.offset(file)).await?.map(|_| file),
            None => None,
        };
        let file = match known {
            Some(file) => file,
            None => {
                let file = patience.insist(|| self.begin(&parcel)).await?;
                entry.write(file);
                file
            }
        };
        let sent = self.send_all(&parcel, file, &mut patience).await;
        match &sent {
            Err(error) if error.is_temporary() => {} // to go on with it the next time
            _ => entry.remove(),
        }
        sent?;
        Ok(Enclosure { id: file, name: parcel.name })
    }

    async fn send_all(
        &self,
        parcel: &Parcel<'_>,
        file: FileId,
        patience: &mut Patience,
    ) -> Result<(), FileError> {
        let mut reached = 0;
        loop {
            let offset = patience.insist(|| self.offset(file)).await?;
            // It was there a moment ago.
            let offset = offset.ok_or_else(|| FileError::Odd("the upload is gone".to_owned()))?;
            if offset > reached {
                patience.restore();
                reached = offset;
            }
            (parcel.progress)(Progress { done: offset, total: parcel.size });
            if offset == parcel.size {
                return Ok(());
            }
            match self.send(parcel, file, offset).await {
                Ok(done) if done == parcel.size => return Ok(()),
                // The server counts otherwise; it is asked anew.
                Ok(_) => patience.after(FileError::Cut("the server has another offset".to_owned())).await?,
                Err(failure) => patience.after(failure).await?,
            }
        }
    }

    async fn begin(&self, parcel: &Parcel<'_>) -> Result<FileId, FileError> {
        let metadata = format!("filename {}", STANDARD.encode(parcel.name.as_str()));
        let headers = [
            (RESUMABLE, VERSION.to_owned()),
            (LENGTH, parcel.size.to_string()),
            (METADATA, metadata),
            (CONTENT_LENGTH, "0".to_owned()),
        ];
        let answer = self.ask(Method::POST, "/files", &headers, no_body(), &Arc::default()).await?;
        if answer.status() != StatusCode::CREATED {
            return Err(refusal(answer).await);
        }
        let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let id = location.and_then(|location| location.rsplit('/').next()?.parse().ok());
        id.ok_or_else(|| FileError::Odd("an upload without a place".to_owned()))
    }

    /// How much the server has; `None` if it knows of no such upload.
    async fn offset(&self, file: FileId) -> Result<Option<u64>, FileError> {
        let headers = [(RESUMABLE, VERSION.to_owned())];
        let answer =
            self.ask(Method::HEAD, &format!("/files/{file}"), &headers, no_body(), &Arc::default()).await?;
        match answer.status() {
            StatusCode::OK => offset_in(&answer).map(Some),
            _ => match refusal(answer).await {
                FileError::Refused(error) if error.code == ErrorCode::NotFound => Ok(None),
                failure => Err(failure),
            },
        }
    }

    /// Sends everything from this byte on; gives how much the server has then.
    async fn send(&self, parcel: &Parcel<'_>, file: FileId, offset: u64) -> Result<u64, FileError> {
        let moved = Arc::new(AtomicU64::new(offset));
        let is_short = Arc::new(AtomicBool::new(false));
        let body = body(parcel, offset, &moved, &is_short).await.map_err(FileError::disk(parcel.path))?;
        let headers = [
            (RESUMABLE, VERSION.to_owned()),
            (OFFSET, offset.to_string()),
            (CONTENT_TYPE, "application/offset+octet-stream".to_owned()),
            (CONTENT_LENGTH, (parcel.size - offset).to_string()),
        ];
        let answer = self.ask(Method::PATCH, &format!("/files/{file}"), &headers, body, &moved).await;
        if is_short.load(Ordering::Relaxed) {
            return Err(FileError::Changed(parcel.path.to_owned()));
        }
        let answer = answer?;
        match answer.status() {
            StatusCode::NO_CONTENT | StatusCode::CONFLICT => offset_in(&answer),
            _ => Err(refusal(answer).await),
        }
    }
}

/// What is uploaded must be a plain file: a pipe has no size, and a folder no bytes.
async fn look(path: &Path) -> Result<Metadata, FileError> {
    let metadata = tokio::fs::metadata(path).await.map_err(FileError::disk(path))?;
    if metadata.is_file() { Ok(metadata) } else { Err(FileError::NoFile(path.to_owned())) }
}

/// The bytes of a file from here to the size that was announced. `is_short` is set if they are
/// fewer, because hyper tells only that the body failed.
async fn body(
    parcel: &Parcel<'_>,
    offset: u64,
    moved: &Arc<AtomicU64>,
    is_short: &Arc<AtomicBool>,
) -> io::Result<Body> {
    let mut file = File::open(parcel.path).await?;
    file.seek(SeekFrom::Start(offset)).await?;
    let (total, progress) = (parcel.size, parcel.progress.clone());
    let (moved, is_short) = (moved.clone(), is_short.clone());
    let stream = try_unfold((file, offset), move |(mut file, at)| {
        let (moved, is_short, progress) = (moved.clone(), is_short.clone(), progress.clone());
        async move {
            if at == total {
                return Ok(None);
            }
            let most = usize::try_from(total - at).unwrap_or(BLOCK).min(BLOCK);
            let mut block = vec![0; most];
            let read = file.read(&mut block).await?;
            if read == 0 {
                is_short.store(true, Ordering::Relaxed);
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            block.truncate(read);
            let at = at + read as u64;
            moved.store(at, Ordering::Relaxed);
            progress(Progress { done: at, total });
            Ok(Some((Frame::data(Bytes::from(block)), (file, at))))
        }
    });
    Ok(BodyExt::boxed_unsync(StreamBody::new(stream)))
}

fn offset_in(answer: &Response<Incoming>) -> Result<u64, FileError> {
    let text = answer.headers().get(OFFSET).and_then(|offset| offset.to_str().ok());
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| FileError::Odd("an upload without an offset".to_owned()))
}
