//! Writing an export, from a copy of the database, so that the server may go on.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use chat_proto::{ConversationId, Seq, UserId, UserName};
use futures_util::StreamExt;
use serde::Serialize;

use super::{FILES, LINES};
use crate::backup::Progress;
use crate::config::Config;
use crate::files::{Contents, Hold};
use crate::hub::now;
use crate::migrate::copy_of;
use crate::serve::DATABASE;
use crate::store::{AsideKind, ContentHash, EXPORT_FORMAT, FileRecord, Group, Header, Record, Resting};

/// Rows asked of the database at once.
const PAGE: u32 = 500;

/// Everything that people wrote is in it: only its owner may read it.
const PRIVATE: u32 = 0o600;

/// The same for folders.
const PRIVATE_FOLDER: u32 = 0o700;

/// What was written.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Exported {
    /// Where.
    pub path: PathBuf,
    /// Accounts.
    pub users: u64,
    /// Rooms and directs.
    pub conversations: u64,
    /// Events.
    pub events: u64,
    /// Files.
    pub files: u64,
    /// Lines of what people keep and where they stand, and of what was done to keep order.
    pub asides: u64,
    /// Files whose bytes could not be had.
    pub missing: Vec<String>,
}

/// Writes an export of all, or of what one person wrote, to a folder that is not there yet.
///
/// # Errors
/// Why there is none, with what to do.
pub async fn export(
    config: &Config,
    to: &Path,
    of: Option<UserName>,
    progress: Progress,
) -> anyhow::Result<Exported> {
    ensure!(!to.exists(), "{} is there already; name a folder that is not", to.display());
    let folder = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _hold = Hold::take(&config.data_dir)
        .with_context(|| format!("cannot write in {}", config.data_dir.display()))?;
    let unfinished = tempfile::Builder::new().prefix(".chat-export-").tempdir_in(folder);
    let unfinished = unfinished.with_context(|| format!("cannot write in {}", folder.display()))?;
    let copy = tempfile::Builder::new().prefix(".chat-copy-").tempdir_in(folder)?;
    let database = copy_of(config, &copy.path().join(DATABASE)).await?;
    if !database.is_current()? {
        bail!("the database is of an older version; start the server once with this one, then export");
    }
    let author = match &of {
        Some(name) => Some(
            database
                .user_named(name)?
                .with_context(|| format!("there is nobody called {name} on this server"))?,
        ),
        None => None,
    };
    let lines =
        OpenOptions::new().create_new(true).write(true).mode(PRIVATE).open(unfinished.path().join(LINES))?;
    let mut writer = Writer {
        lines: BufWriter::new(lines),
        folder: unfinished.path(),
        database: &database,
        author,
        done: Exported { path: to.to_owned(), ..Exported::default() },
        progress,
    };
    writer.line(&Record::Export(Header {
        format: EXPORT_FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at: now(),
        of,
    }))?;
    writer.users()?;
    writer.asides(Group::Accounts, None)?;
    writer.files(&Contents::open(&config.files)?).await?;
    writer.conversations()?;
    writer.asides(Group::End, None)?;
    let done = writer.finish()?;
    // It has its name only when it is whole.
    fs::rename(unfinished.keep(), to).with_context(|| format!("cannot put it to {}", to.display()))?;
    Ok(done)
}

struct Writer<'a> {
    lines: BufWriter<File>,
    folder: &'a Path,
    database: &'a Resting,
    author: Option<UserId>,
    done: Exported,
    progress: Progress,
}

impl Writer<'_> {
    fn line(&mut self, record: &impl Serialize) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.lines, record)?;
        self.lines.write_all(b"\n").context("cannot write the export")
    }

    fn users(&mut self) -> anyhow::Result<()> {
        let mut after = None;
        loop {
            let page = self.database.users(after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for user in page {
                if self.author.is_none_or(|author| author == user.id) {
                    self.done.users += 1;
                    self.line(&Record::User(user))?;
                }
            }
        }
    }

    async fn files(&mut self, contents: &Contents) -> anyhow::Result<()> {
        let mut after = None;
        loop {
            let page = self.database.files(self.author, after, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for (file, hash) in page {
                let n = self.done.files;
                self.progress.at(|| format!("files: {n}"));
                if let Err(cause) = self.bytes(contents, &file, hash).await {
                    self.done.missing.push(format!("{} ({hash}): {cause:#}", file.name));
                    continue;
                }
                self.done.files += 1;
                self.line(&Record::File(file))?;
            }
        }
    }

    async fn bytes(&self, contents: &Contents, file: &FileRecord, hash: ContentHash) -> anyhow::Result<()> {
        let folder = self.folder.join(FILES);
        let path = folder.join(hash.to_string());
        if path.exists() {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(&folder)?;
        let mut bytes = contents.read(hash, file.size).await?;
        let half = folder.join("half");
        let mut out = BufWriter::new(
            OpenOptions::new().create(true).truncate(true).write(true).mode(PRIVATE).open(&half)?,
        );
        while let Some(chunk) = bytes.next().await {
            out.write_all(&chunk?)?;
        }
        out.into_inner()?.sync_all()?;
        fs::rename(&half, &path)?;
        Ok(())
    }

    fn conversations(&mut self) -> anyhow::Result<()> {
        let mut after = None;
        loop {
            let page = self.database.conversations(self.author, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for conversation in page {
                let id = conversation.id;
                self.done.conversations += 1;
                self.line(&Record::Conversation(Box::new(conversation)))?;
                self.events(id)?;
                for version in self.database.versions(id, self.author)? {
                    self.line(&Record::Version(version))?;
                }
                self.asides(Group::Conversation, Some(id))?;
            }
        }
    }

    fn events(&mut self, conversation: ConversationId) -> anyhow::Result<()> {
        let mut after = Seq(0);
        loop {
            let page = self.database.events(conversation, self.author, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            for event in page {
                self.done.events += 1;
                self.line(&Record::Event(Box::new(event)))?;
            }
            let n = self.done.events;
            self.progress.at(|| format!("events: {n}"));
        }
    }

    /// What stands beside the logs, of one conversation where it is named.
    fn asides(&mut self, group: Group, conversation: Option<ConversationId>) -> anyhow::Result<()> {
        let (database, of) = (self.database, self.author);
        for kind in AsideKind::ALL.into_iter().filter(|kind| kind.group() == group) {
            database.asides(kind, conversation, of, &mut |aside| {
                self.done.asides += 1;
                self.line(&aside)
            })??;
        }
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<Exported> {
        self.lines.flush()?;
        self.lines.get_ref().sync_all().context("cannot write the export to the disk")?;
        self.progress.end();
        Ok(self.done)
    }
}
