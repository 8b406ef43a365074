//! Downloads: into a part, compared with its hash, then named.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chat_proto::{FileId, FileName};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONTENT_DISPOSITION, CONTENT_RANGE, ETAG};
use hyper::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncSeekExt, AsyncWrite, AsyncWriteExt};

use super::http::{STILL, cut, no_body, refusal};
use super::{Courier, FileError, OnProgress, Patience, Progress, name};

/// Bytes read at once when a download is compared.
const BLOCK: usize = 256 * 1024;

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Where it is.
    pub path: PathBuf,
    /// How many bytes it has.
    pub size: u64,
}

/// What the head of a download says.
struct Head {
    name: FileName,
    etag: Option<String>,
    size: u64,
}

impl Courier {
    /// Fetches a file into a folder, under its own name; or to a path that is no folder. Whatever is
    /// there already stays, and the file gets a number behind its name.
    ///
    /// # Errors
    /// [`FileError`]
    pub async fn download(&self, file: FileId, to: &Path, progress: &OnProgress) -> Result<Saved, FileError> {
        let mut patience = Patience::default();
        let head = patience.insist(|| self.head(file)).await?;
        let wanted = if to.is_dir() { to.join(name::local(&head.name)) } else { to.to_owned() };
        let path = name::part(&wanted, file);
        let part = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let part = part.map_err(FileError::disk(&path))?;
        if part.try_lock().is_err() {
            return Err(FileError::Busy);
        }
        let mut part = tokio::fs::File::from_std(part);
        let held = part.seek(io::SeekFrom::End(0)).await.map_err(FileError::disk(&path))?;
        let held = if held > head.size {
            part.set_len(0).await.map_err(FileError::disk(&path))?;
            part.rewind().await.map_err(FileError::disk(&path))?;
            0
        } else {
            held
        };
        let fetched = self.fetch(file, &head, held, &mut part, progress).await;
        fetched.map_err(|error| error.at(&path))?;
        part.sync_all().await.map_err(FileError::disk(&path))?;
        let done = compare_and_name(path, wanted, head.etag.clone(), part.into_std().await);
        let done = tokio::task::spawn_blocking(done);
        let path = done.await.unwrap_or(Err(FileError::Damaged))?;
        Ok(Saved { path, size: head.size })
    }

    /// Fetches a file into a stream, for instance standard output; gives its size.
    ///
    /// # Errors
    /// [`FileError`]
    pub async fn stream(
        &self,
        file: FileId,
        to: &mut (dyn AsyncWrite + Send + Unpin),
        progress: &OnProgress,
    ) -> Result<u64, FileError> {
        let head = Patience::default().insist(|| self.head(file)).await?;
        let fetched = self.fetch(file, &head, 0, to, progress).await;
        fetched.map_err(|error| error.at(Path::new("-")))?;
        Ok(head.size)
    }

    /// Fetches the thumbnail of a picture, if it has at most so many bytes.
    ///
    /// # Errors
    /// [`FileError`]
    pub async fn thumbnail(&self, file: FileId, most: usize) -> Result<Vec<u8>, FileError> {
        self.small(&format!("/files/{file}/thumbnail"), most).await
    }

    /// Fetches a file into memory, if it has at most so many bytes.
    ///
    /// # Errors
    /// [`FileError`]
    pub async fn bytes(&self, file: FileId, most: usize) -> Result<Vec<u8>, FileError> {
        self.small(&format!("/files/{file}"), most).await
    }

    async fn small(&self, path: &str, most: usize) -> Result<Vec<u8>, FileError> {
        let mut answer = self.get(path, 0, None).await?;
        if answer.status() != StatusCode::OK {
            return Err(refusal(answer).await);
        }
        let mut all = Vec::new();
        loop {
            let next = tokio::time::timeout(STILL, answer.body_mut().frame()).await;
            let Ok(next) = next else { return Err(FileError::Cut("it stood still".to_owned())) };
            let Some(frame) = next else { return Ok(all) };
            let Ok(bytes) = frame.map_err(cut)?.into_data() else { continue };
            if all.len() + bytes.len() > most {
                return Err(FileError::Odd("more bytes than were expected".to_owned()));
            }
            all.extend_from_slice(&bytes);
        }
    }

    async fn head(&self, file: FileId) -> Result<Head, FileError> {
        let answer =
            self.ask(Method::HEAD, &format!("/files/{file}"), &[], no_body(), &Arc::default()).await?;
        if answer.status() != StatusCode::OK {
            return Err(refusal(answer).await);
        }
        let size = text(&answer, "content-length").and_then(|size| size.parse().ok());
        let size = size.ok_or_else(|| FileError::Odd("a file without a size".to_owned()))?;
        let etag = text(&answer, ETAG.as_str()).map(str::to_owned);
        let name = text(&answer, CONTENT_DISPOSITION.as_str()).map_or_else(|| FileName::clean(""), named);
        Ok(Head { name, etag, size })
    }

    /// Appends what is missing, however often the connection is cut.
    async fn fetch(
        &self,
        file: FileId,
        head: &Head,
        held: u64,
        to: &mut (dyn AsyncWrite + Send + Unpin),
        progress: &OnProgress,
    ) -> Result<(), FetchError> {
        let (mut at, mut patience) = (held, Patience::default());
        progress(Progress { done: at, total: head.size });
        while at < head.size {
            let before = at;
            let ended = match self.open(file, head, at).await {
                Ok(answer) => pour(answer, head, &mut at, to, progress).await,
                Err(failure) => Err(failure.into()),
            };
            if at > before {
                patience.restore();
            }
            match ended {
                Ok(()) if at == head.size => break,
                Ok(()) => patience.after(FileError::Cut("it ended early".to_owned())).await?,
                Err(FetchError::Disk(cause)) => return Err(FetchError::Disk(cause)),
                Err(FetchError::File(failure)) => patience.after(failure).await?,
            }
        }
        to.flush().await.map_err(FetchError::Disk)
    }

    /// Asks for the bytes from here on, of the same content.
    async fn open(&self, file: FileId, head: &Head, at: u64) -> Result<Response<Incoming>, FileError> {
        let answer = self.get(&format!("/files/{file}"), at, head.etag.as_deref()).await?;
        let wanted = if at > 0 { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
        let from = format!("bytes {at}-");
        let is_there =
            at == 0 || text(&answer, CONTENT_RANGE.as_str()).is_some_and(|range| range.starts_with(&from));
        match answer.status() {
            status if status == wanted && is_there => Ok(answer),
            // Another content now: nothing of ours fits it.
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                Err(FileError::Damaged)
            }
            _ => Err(refusal(answer).await),
        }
    }
}

/// A failure that does not know its path yet.
enum FetchError {
    Disk(io::Error),
    File(FileError),
}

impl From<FileError> for FetchError {
    fn from(error: FileError) -> Self {
        FetchError::File(error)
    }
}

impl FetchError {
    fn at(self, path: &Path) -> FileError {
        match self {
            FetchError::Disk(cause) => FileError::Disk { path: path.to_owned(), cause },
            FetchError::File(error) => error,
        }
    }
}

async fn pour(
    mut answer: Response<Incoming>,
    head: &Head,
    at: &mut u64,
    to: &mut (dyn AsyncWrite + Send + Unpin),
    progress: &OnProgress,
) -> Result<(), FetchError> {
    loop {
        let next = tokio::time::timeout(STILL, answer.body_mut().frame()).await;
        let Ok(next) = next else { return Err(FileError::Cut("it stood still".to_owned()).into()) };
        let Some(frame) = next else { return Ok(()) };
        let Ok(bytes) = frame.map_err(cut)?.into_data() else { continue };
        if bytes.len() as u64 > head.size - *at {
            return Err(FileError::Odd("more bytes than announced".to_owned()).into());
        }
        to.write_all(&bytes).await.map_err(FetchError::Disk)?;
        *at += bytes.len() as u64;
        progress(Progress { done: *at, total: head.size });
    }
}

/// Compares what came with the server's hash and gives it its name. The lock on the part, which is
/// held as long as it is open, keeps others off it until then.
fn compare_and_name(
    part: PathBuf,
    wanted: PathBuf,
    etag: Option<String>,
    locked: std::fs::File,
) -> impl FnOnce() -> Result<PathBuf, FileError> {
    move || {
        if !is_content(&part, etag.as_deref()).map_err(FileError::disk(&part))? {
            std::fs::remove_file(&part).map_err(FileError::disk(&part))?;
            return Err(FileError::Damaged);
        }
        for path in name::namesakes(&wanted) {
            // Taken first, so that nothing of somebody else's is ever replaced.
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => {
                    std::fs::rename(&part, &path).map_err(FileError::disk(&path))?;
                    drop(locked);
                    return Ok(path);
                }
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
                Err(cause) => return Err(FileError::Disk { path, cause }),
            }
        }
        Err(FileError::Disk { path: wanted, cause: io::ErrorKind::AlreadyExists.into() })
    }
}

/// Whether the file has the SHA-256 that the tag names; a tag of another form is not judged.
fn is_content(path: &Path, etag: Option<&str>) -> io::Result<bool> {
    let wanted = etag.and_then(|etag| etag.strip_prefix('"')?.strip_suffix('"'));
    let Some(wanted) = wanted.filter(|text| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()))
    else {
        return Ok(true);
    };
    let (mut file, mut hash, mut block) = (std::fs::File::open(path)?, Sha256::new(), vec![0; BLOCK]);
    loop {
        match file.read(&mut block)? {
            0 => break,
            read => hash.update(&block[..read]),
        }
    }
    let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(found.eq_ignore_ascii_case(wanted))
}

pub(super) fn text<'a>(answer: &'a Response<Incoming>, name: &str) -> Option<&'a str> {
    answer.headers().get(name).and_then(|value| value.to_str().ok())
}

/// The name in a `Content-Disposition` (RFC 6266): that of RFC 8187 if it is there.
fn named(disposition: &str) -> FileName {
    let extended = disposition.split(';').find_map(|part| part.trim().strip_prefix("filename*=UTF-8''"));
    let plain = disposition.split(';').find_map(|part| part.trim().strip_prefix("filename="));
    match (extended, plain) {
        (Some(text), _) => FileName::clean(&percent_decode_str(text).decode_utf8_lossy()),
        (None, Some(text)) => FileName::clean(text.trim_matches('"')),
        (None, None) => FileName::clean(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_from_the_header_and_cleaned() {
        let of = |text: &str| named(text).to_string();
        assert_eq!(of("attachment; filename=\"___.png\"; filename*=UTF-8''%C3%A9%22%25.png"), "é\"%.png");
        assert_eq!(of("attachment; filename=\"a.png\""), "a.png");
        assert_eq!(of("attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd"), "passwd");
        assert_eq!(of("attachment"), "file");
    }

    #[test]
    fn what_came_is_compared_and_never_overwrites() {
        let dir = tempfile::tempdir().unwrap();
        let (part, wanted) = (dir.path().join("a.part"), dir.path().join("a.txt"));
        let name = |content: &str, etag: &str| {
            std::fs::write(&part, content).unwrap();
            let locked = std::fs::File::open(&part).unwrap();
            compare_and_name(part.clone(), wanted.clone(), Some(etag.to_owned()), locked)()
        };
        let abc = "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"";
        assert_eq!(name("abc", abc).unwrap(), wanted);
        assert_eq!(name("abc", abc).unwrap(), dir.path().join("a (2).txt"));
        assert!(matches!(name("abd", abc), Err(FileError::Damaged)));
        assert!(!part.exists(), "what is damaged is thrown away");
    }
}
