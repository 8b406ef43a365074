//! Making a backup.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use bytesize::ByteSize;
use futures_util::TryStreamExt;
use tar::{Builder, EntryType, Header};
use tempfile::NamedTempFile;
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::manifest::{Part, Summed};
use super::{
    CONFIG_PART, DATA_FOLDER, DATABASE_PART, FILES_FOLDER, MANIFEST_PART, Manifest, Progress, Report, verify,
};
use crate::config::Config;
use crate::files::{Contents, Hold, Place, content_path, thumbnail_path};
use crate::hub::now;
use crate::migrate::copy_of;
use crate::serve::{DATABASE, LOCK, UPLOADS};
use crate::server::TlsSource;
use crate::store::{ContentHash, Resting};

/// Contents asked of the database at once.
const PAGE: u32 = 500;

/// Other files in the data directory: certificates, keys, a configuration. More is no data
/// directory but somebody's home.
const OTHER_FILES: usize = 1_000;

/// Only the server's own user may read the archive: everything is in it.
const PRIVATE: u32 = 0o600;

/// Thumbnails are made by us and small; one that is larger is not ours.
const THUMBNAIL_BYTES: usize = 4 * 1024 * 1024;

/// Writes a backup to this file, or into this folder under a name with the time.
///
/// # Errors
/// Why there is none, with what to do. Nothing is left behind then.
pub async fn backup(
    config: &Config,
    config_file: Option<&Path>,
    to: &Path,
    mut progress: Progress,
) -> anyhow::Result<Report> {
    let at = now();
    let target = target(to, at)?;
    let folder = parent(&target);
    let _hold = Hold::take(&config.data_dir)
        .with_context(|| format!("cannot write in {}", config.data_dir.display()))?;
    let temporary = tempfile::Builder::new().prefix(".chat-backup-").tempdir_in(folder);
    let temporary = temporary.with_context(|| format!("cannot write in {}", folder.display()))?;
    progress.at(|| "copying the database".to_owned());
    let copied = temporary.path().join(DATABASE);
    let database = copy_of(config, &copied).await?;
    database.check().context("what was copied cannot be kept")?;
    let mut manifest = Manifest::new(database.facts()?, at);

    let archive = tempfile::Builder::new().prefix(".chat-backup-").suffix(".tar").tempfile_in(folder);
    let archive = archive.with_context(|| format!("cannot write in {}", folder.display()))?;
    let mut pack = Pack { tar: Builder::new(archive), manifest: &mut manifest, progress: &mut progress };
    pack.file(DATABASE_PART, &copied)?;
    pack.others(config, config_file)?;
    if let Some(address) = &config.database {
        pack.manifest.not_inside.push(format!(
            "{address} in PostgreSQL's own form (that is pg_dump's); what is in it is inside, as SQLite: after restoring, \
             take database out of the configuration, or bring it into an empty one with chat-server migrate"
        ));
    }
    match &config.files {
        Place::Folder(_) => pack.contents(&database, &Contents::open(&config.files)?).await?,
        Place::Bucket(bucket) => pack.manifest.not_inside.push(format!(
            "the files of messages, which are in the bucket s3://{}/{}; copy that with the store's own means",
            bucket.name, bucket.prefix
        )),
    }
    let tls = config.server.tls.as_ref().map(TlsSource::files);
    if let Some(tls) = tls.filter(|tls| !tls.key.starts_with(&config.data_dir)) {
        pack.manifest.not_inside.push(format!(
            "the TLS certificate and its key ({}, {})",
            tls.cert.display(),
            tls.key.display()
        ));
    }
    let archive = pack.finish()?;
    drop(database);

    progress.at(|| "reading it back".to_owned());
    let read =
        verify(archive.path(), &mut progress).context("the backup was written and reads back wrong")?;
    ensure!(read == manifest, "the backup was written and reads back as another one; is the disk in order?");
    let bytes = archive.as_file().metadata()?.len();
    // Nothing that is there is written over: it may be the only good one.
    archive.persist_noclobber(&target).with_context(|| format!("cannot put it to {}", target.display()))?;
    File::open(folder)?.sync_all()?;
    progress.end();
    Ok(Report { path: target, bytes, manifest: manifest.in_short() })
}

fn target(to: &Path, at: chat_proto::Timestamp) -> anyhow::Result<PathBuf> {
    let at = jiff::Timestamp::from_millisecond(at.0).context("this machine's clock is wrong")?;
    let target = match to.is_dir() {
        true => to.join(format!("chat-backup-{}.tar", at.strftime("%Y%m%dT%H%M%SZ"))),
        false => to.to_owned(),
    };
    if target.exists() {
        bail!("{} is there already; choose another name, or a folder", target.display());
    }
    ensure!(
        parent(&target).is_dir(),
        "there is no folder {}; make it first, so that a disk that is not mounted is noticed",
        parent(&target).display()
    );
    Ok(target)
}

fn parent(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

struct Pack<'a> {
    tar: Builder<NamedTempFile>,
    manifest: &'a mut Manifest,
    progress: &'a mut Progress,
}

impl Pack<'_> {
    fn file(&mut self, name: &str, path: &Path) -> anyhow::Result<()> {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (size, file) = opened.with_context(|| format!("cannot read {}", path.display()))?;
        let part = append(&mut self.tar, name, size, file)?;
        self.manifest.parts.insert(name.to_owned(), part);
        Ok(())
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let part = append(&mut self.tar, name, bytes.len() as u64, bytes)?;
        self.manifest.parts.insert(name.to_owned(), part);
        Ok(())
    }

    /// The configuration, and what else lies in the data directory.
    fn others(&mut self, config: &Config, config_file: Option<&Path>) -> anyhow::Result<()> {
        let mut found = Vec::new();
        others(&config.data_dir, &mut found)
            .with_context(|| format!("cannot look into {}", config.data_dir.display()))?;
        ensure!(
            found.len() <= OTHER_FILES,
            "{} has more than {OTHER_FILES} files that are not the server's; give it a folder of its own",
            config.data_dir.display()
        );
        for path in &found {
            let inside = path.strip_prefix(&config.data_dir).unwrap_or(path);
            let inside = inside.to_str().with_context(|| format!("{} is no text", inside.display()))?;
            self.file(&format!("{DATA_FOLDER}/{inside}"), path)?;
        }
        match config_file.filter(|file| !found.iter().any(|path| path == file)) {
            Some(file) => self.config_from_outside(file),
            None => Ok(()),
        }
    }

    /// A backup holds no secret that the data directory does not hold.
    fn config_from_outside(&mut self, file: &Path) -> anyhow::Result<()> {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut settings: toml::Table =
            toml::from_str(&text).with_context(|| format!("in {}", file.display()))?;
        let before = settings.len();
        settings.retain(|key, _| !is_secret(key));
        if settings.len() < before {
            self.manifest.not_inside.push(format!("the secrets in {}", file.display()));
        }
        self.bytes(CONFIG_PART, toml::to_string(&settings)?.as_bytes())
    }

    async fn contents(&mut self, database: &Resting, contents: &Contents) -> anyhow::Result<()> {
        let all = database.facts()?.contents;
        let mut after = None;
        loop {
            let page = database.contents(after, PAGE)?;
            let Some((last, _, _)) = page.last() else { return Ok(()) };
            after = Some(*last);
            for (hash, size, has_thumbnail) in page {
                let n = self.manifest.files;
                self.progress.at(|| format!("files: {n} of {all}"));
                self.content(contents, hash, size).await?;
                if has_thumbnail {
                    self.thumbnail(contents, hash).await?;
                }
            }
        }
    }

    async fn content(&mut self, contents: &Contents, hash: ContentHash, size: u64) -> anyhow::Result<()> {
        let stream = match contents.read(hash, size).await {
            Ok(stream) => stream,
            Err(cause) => {
                self.manifest.damaged.push(format!("{hash}: {cause}"));
                return Ok(());
            }
        };
        let name = format!("{FILES_FOLDER}/{}", content_path(hash));
        let reader = SyncIoBridge::new(StreamReader::new(stream.map_err(io::Error::other)));
        // On this thread, because a backup has nothing else to do; the runtime is told.
        let part = tokio::task::block_in_place(|| {
            append(&mut self.tar, &name, size, Exactly { inner: reader, left: size })
        });
        let part = part.with_context(|| format!("cannot copy the file {hash}"))?;
        if part.sha256 != hash.to_string() {
            self.manifest.damaged.push(format!("{hash}: its bytes are not those that were uploaded"));
        }
        self.manifest.parts.insert(name, part);
        self.manifest.files += 1;
        Ok(())
    }

    async fn thumbnail(&mut self, contents: &Contents, hash: ContentHash) -> anyhow::Result<()> {
        match contents.thumbnail(hash).await {
            Ok(bytes) if bytes.len() <= THUMBNAIL_BYTES => {
                self.bytes(&format!("{FILES_FOLDER}/{}", thumbnail_path(hash)), &bytes)
            }
            Ok(_) => Ok(()),
            Err(cause) => {
                self.manifest.damaged.push(format!("the thumbnail of {hash}: {cause}"));
                Ok(())
            }
        }
    }

    fn finish(mut self) -> anyhow::Result<NamedTempFile> {
        let text = serde_json::to_vec(&self.manifest)?;
        append(&mut self.tar, MANIFEST_PART, text.len() as u64, text.as_slice())?;
        let archive = self.tar.into_inner().context("cannot write the end of the backup")?;
        archive.as_file().sync_all().context("cannot write the backup to the disk")?;
        Ok(archive)
    }
}

fn append(
    tar: &mut Builder<NamedTempFile>,
    name: &str,
    size: u64,
    content: impl Read,
) -> anyhow::Result<Part> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(PRIVATE);
    header.set_size(size);
    let mut content = Summed::new(content.take(size));
    tar.append_data(&mut header, name, &mut content)
        .with_context(|| format!("cannot write {name} ({}) to the backup", ByteSize(size)))?;
    let part = content.part();
    ensure!(part.size == size, "{name} became shorter while it was copied; try again");
    Ok(part)
}

/// What is announced in the archive comes, whatever the store gives: zeros stand for what is
/// missing, and the sum tells.
struct Exactly<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let n = match self.inner.read(&mut buffer[..most])? {
            0 => {
                buffer[..most].fill(0);
                most
            }
            n => n,
        };
        self.left -= n as u64;
        Ok(n)
    }
}

/// The files in the data directory that no part of the server makes anew: a configuration,
/// certificates, keys. Sockets, links and what is copied otherwise are left out.
fn others(data_dir: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    const NOT: [&str; 6] = [UPLOADS, FILES_FOLDER, LOCK, Hold::NAME, "before-upgrade", DATABASE];
    for entry in fs::read_dir(data_dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_known =
            NOT.contains(&name.as_ref()) || name.starts_with(DATABASE) || name.starts_with(".chat-");
        if !is_known && !name.ends_with(".tar") {
            regular_files(&entry.path(), entry.file_type()?, found)?;
        }
    }
    Ok(())
}

fn regular_files(path: &Path, kind: fs::FileType, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if found.len() > OTHER_FILES {
        return Ok(());
    }
    if kind.is_file() {
        found.push(path.to_owned());
    } else if kind.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            regular_files(&entry.path(), entry.file_type()?, found)?;
        }
    }
    Ok(())
}

fn is_secret(key: &str) -> bool {
    ["secret", "password", "code", "token"].iter().any(|word| key.contains(word))
}
