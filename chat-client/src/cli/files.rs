//! `upload`, `download`, `files`; and what `send --file` uploads.

use std::io::{ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chat_client::Enclosure;
use chat_client::files::{Courier, FileError, OnProgress, Progress, size_in_words};
use chat_proto::{
    Attachment, Conversation, DeleteFile, EventKind, FileId, GetHistory, ListFiles, OwnFile, SafeText, Seq,
    limits,
};
use serde_json::json;

use super::args::{DownloadArgs, FilesArgs, SendArgs, UploadArgs};
use super::failure::Failure;
use super::output::{Output, local_time, title};
use super::send;
use super::target::{self, Place, Target};
use super::who::Who;

/// Most pages of a list of files; a server that has always more is not sane.
const PAGES: usize = 1_000;

/// Uploads files and sends them as one message.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn upload(who: &Who, args: UploadArgs, out: &mut Output) -> Result<(), Failure> {
    let send = SendArgs {
        target: args.target,
        text: args.text,
        reply_to: None,
        thread: args.thread,
        me: false,
        forward: None,
        files: args.files,
    };
    send::send(who, send, out).await
}

/// Uploads these files, one after the other.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn upload_all(
    who: &Who,
    target: &Target,
    paths: &[PathBuf],
) -> Result<Vec<Enclosure>, Failure> {
    let most = limits::FILES_PER_MESSAGE;
    if paths.len() > most {
        return Err(Failure::usage(format!(
            "a message has at most {most} files; send the others in another one"
        )));
    }
    // Nobody waits for a large upload to be told that there is no such room.
    let (mut link, welcome) = who.link().await?;
    target::open(&mut link, &welcome, target).await?;
    let largest = link.hello().limits.file_bytes;
    link.close().await;
    for path in paths {
        // Before anything is sent, or what was sent of the others would lie about.
        let metadata = std::fs::metadata(path)
            .map_err(|cause| Failure::usage(format!("cannot read {}: {cause}", path.display())))?;
        let size = metadata.len();
        if size > largest {
            let (size, largest) = (size_in_words(size), size_in_words(largest));
            let path = path.display();
            return Err(Failure::refused(format!(
                "{path} has {size}, and the server takes {largest} in one file"
            )));
        }
    }
    let courier = who.courier()?;
    let mut done = Vec::with_capacity(paths.len());
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (progress, line) = shown("uploading", &name);
        let uploaded = courier.upload(path, &progress).await;
        line.end();
        done.push(uploaded?);
    }
    Ok(done)
}

/// Fetches a file, or all files of a message.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn download(who: &Who, args: DownloadArgs, out: &mut Output) -> Result<(), Failure> {
    let files = match (args.what.parse::<FileId>(), args.seq) {
        (Ok(file), None) => vec![file],
        (_, seq) => {
            let place = match seq {
                Some(seq) => Place { target: args.what.parse().map_err(Failure::usage)?, seq: Seq(seq) },
                None => args.what.parse().map_err(Failure::usage)?,
            };
            files_of(who, &place).await?.into_iter().map(|file| file.id).collect()
        }
    };
    let courier = who.courier()?;
    let to = args.output.unwrap_or_else(|| PathBuf::from("."));
    if to == Path::new("-") {
        return to_stdout(&courier, &files).await;
    }
    if files.len() > 1 && !to.is_dir() {
        return Err(Failure::usage("this message has several files; name a folder with --output"));
    }
    for file in files {
        let (progress, line) = shown("downloading", "");
        let saved = courier.download(file, &to, &progress).await;
        line.end();
        let saved = saved?;
        out.put(&json!({"file": file, "path": saved.path.to_string_lossy(), "size": saved.size}), || {
            let path = saved.path.strip_prefix(".").unwrap_or(&saved.path);
            format!("{} {}", path.display(), size_in_words(saved.size))
        })?;
    }
    Ok(())
}

async fn to_stdout(courier: &Courier, files: &[FileId]) -> Result<(), Failure> {
    let [file] = files else {
        return Err(Failure::usage(
            "this message has several files; name a folder with --output, or one by its id",
        ));
    };
    if std::io::stdout().is_terminal() {
        return Err(Failure::usage("a terminal cannot take a file; pipe it into a program, or name a path"));
    }
    let (progress, line) = shown("downloading", "");
    let done = courier.stream(*file, &mut tokio::io::stdout(), &progress).await;
    line.end();
    match done {
        // Whoever reads has enough.
        Err(FileError::Disk { cause, .. }) if cause.kind() == ErrorKind::BrokenPipe => Err(Failure::quiet()),
        done => done.map(drop).map_err(Failure::from),
    }
}

/// The files of a message.
async fn files_of(who: &Who, place: &Place) -> Result<Vec<Attachment>, Failure> {
    let (mut link, welcome) = who.link().await?;
    let conversation = target::find(&mut link, &welcome, &place.target).await?.id;
    let around =
        GetHistory { conversation, before: None, after: None, around: Some(place.seq), limit: Some(1) };
    let page = link.request(around).await?;
    link.close().await;
    let event = page.events.into_iter().find(|event| event.seq == place.seq);
    match event.map(|event| event.what) {
        Some(EventKind::Message(message)) if !message.files.is_empty() => Ok(message.files),
        Some(EventKind::Message(_)) => Err(Failure::refused("this message has no files")),
        _ => Err(Failure::refused("there is no such message here; it may have been deleted")),
    }
}

/// Lists the own uploads and what they take, or deletes one.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn files(who: &Who, args: FilesArgs, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    if let Some(file) = args.delete {
        link.request(DeleteFile { file }).await?;
        link.close().await;
        return out.put(&json!({"file": file}), || format!("deleted {file}"));
    }
    let (mut before, mut told) = (None, None);
    for _ in 0..PAGES {
        let page = link.request(ListFiles { before, limit: None }).await?;
        for file in &page.files {
            out.put(file, || in_words(file, &welcome.conversations))?;
        }
        before = page.files.last().map(|file| file.file.id);
        told = Some((page.used, page.quota));
        if !page.more || before.is_none() {
            break;
        }
    }
    link.close().await;
    if let Some((used, quota)) = told.filter(|_| !out.is_json()) {
        let of = quota.map(|quota| format!(" of {}", size_in_words(quota))).unwrap_or_default();
        out.text(&format!("your files take {}{of}", size_in_words(used)))?;
    }
    Ok(())
}

fn in_words(own: &OwnFile, conversations: &[Conversation]) -> String {
    let time = local_time(own.at, "%Y-%m-%d %H:%M");
    let place = |place: &chat_proto::Position| {
        let row = conversations.iter().find(|row| row.id == place.conversation);
        format!("{}:{}", row.map_or_else(|| place.conversation.to_string(), title), place.seq)
    };
    let places: Vec<String> = own.messages.iter().map(place).collect();
    let state = match own.received {
        Some(received) => format!("not complete, {} have come", size_in_words(received)),
        None if !own.used => "in no message".to_owned(),
        None if places.is_empty() => "in a message that you cannot see".to_owned(),
        None => places.join(" "),
    };
    let Attachment { id, name, size, .. } = &own.file;
    format!("{time} {id} {} {} {state}", SafeText::line(name.as_str()), size_in_words(*size))
}

/// The line on stderr that shows progress, if somebody looks at it.
struct Line {
    is_shown: bool,
}

impl Line {
    /// Leaves an empty line for what comes next.
    fn end(&self) {
        if self.is_shown {
            eprint!("\r\u{1b}[K");
        }
    }
}

fn shown(doing: &'static str, name: &str) -> (OnProgress, Line) {
    let is_shown = std::io::stderr().is_terminal();
    if !is_shown {
        return (Arc::new(|_| {}), Line { is_shown });
    }
    let name = SafeText::line(name).to_string();
    let last = AtomicU64::new(u64::MAX);
    let show = move |Progress { done, total }| {
        let percent = (done.saturating_mul(100)).checked_div(total).unwrap_or(100);
        if last.swap(percent, Ordering::Relaxed) != percent {
            let (done, total) = (size_in_words(done), size_in_words(total));
            eprint!("\r\u{1b}[K{doing} {name} {percent:>3}% {done} of {total}");
        }
    };
    (Arc::new(show), Line { is_shown })
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        match &error {
            FileError::Refused(refusal) => refusal.into(),
            FileError::Dial(_) | FileError::Tls(_) | FileError::Cut(_) | FileError::Store { .. } => {
                Failure::connect(error)
            }
            FileError::Odd(_) | FileError::Damaged => Failure::refused(error),
            FileError::Disk { .. } | FileError::NoFile(_) | FileError::Changed(_) | FileError::Busy => {
                Failure::usage(error)
            }
        }
    }
}
