//! Reading a backup: to verify it, or to bring a server back.
//!
//! The archive may come from anywhere, so its names are checked, too: nothing is written outside
//! the folder in which it is unpacked, and only plain files are.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail, ensure};
use tar::Archive;

use super::manifest::{FORMAT, Part, Summed};
use super::{
    CONFIG_PART, DATA_FOLDER, DATABASE_PART, FILES_FOLDER, MANIFEST_PART, Manifest, Progress, Report,
};
use crate::files::Hold;
use crate::serve::{DATABASE, LOCK, Lock};
use crate::store::Resting;

/// A manifest of ten million files.
const MANIFEST_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Only the server's own user may look into what is restored.
const PRIVATE_FOLDER: u32 = 0o700;

/// The same for files.
const PRIVATE: u32 = 0o600;

/// Bytes copied at once.
const CHUNK: usize = 256 * 1024;

/// The configuration's name in the data directory.
const CONFIG: &str = "server.toml";

/// Reads a backup to its end and compares every part with the manifest, which is returned.
///
/// # Errors
/// What is wrong with it.
pub fn verify(archive: &Path, progress: &mut Progress) -> anyhow::Result<Manifest> {
    read(archive, None, progress)
}

/// Brings a server back into an empty data directory.
///
/// # Errors
/// Why not, with what to do; then nothing was restored.
pub fn restore(archive: &Path, data_dir: &Path, mut progress: Progress) -> anyhow::Result<Report> {
    let _lock = Lock::alone(data_dir)?;
    must_be_empty(data_dir)?;
    let unpacked = tempfile::Builder::new().prefix(".chat-restore-").tempdir_in(data_dir);
    let unpacked = unpacked.with_context(|| format!("cannot write in {}", data_dir.display()))?;
    let from = unpacked.path();
    let manifest = read(archive, Some(from), &mut progress)?;
    progress.at(|| "checking the database".to_owned());
    let database = Resting::open(&from.join(DATABASE_PART))?;
    database.check()?;
    let facts = database.facts()?;
    let told = (manifest.schema, manifest.users, manifest.conversations, manifest.events);
    ensure!(
        told == (facts.schema, facts.users, facts.conversations, facts.events),
        "the database in the backup is not the one that its manifest describes"
    );
    database.begin_anew()?;
    move_in(from, data_dir)?;
    progress.end();
    let bytes = fs::metadata(archive)?.len();
    Ok(Report { path: data_dir.to_owned(), bytes, manifest: manifest.in_short() })
}

/// What is there is never written over: it may be all that is left of a server.
fn must_be_empty(data_dir: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(data_dir)? {
        let name = entry?.file_name();
        if name != LOCK && name != Hold::NAME {
            bail!(
                "{0} is not empty ({1} is there), and a restore overwrites nothing; move it away first \
                 (mv {0} {0}.old), or choose another folder with --data-dir",
                data_dir.display(),
                name.to_string_lossy()
            );
        }
    }
    Ok(())
}

/// The database last: without it there is no server, so half a restore is never taken for one.
fn move_in(from: &Path, data_dir: &Path) -> anyhow::Result<()> {
    let put = |part: &Path, name: &std::ffi::OsStr| {
        let to = data_dir.join(name);
        fs::rename(part, &to).with_context(|| format!("cannot put {} in its place", to.display()))
    };
    let others = from.join(DATA_FOLDER);
    if others.is_dir() {
        for entry in fs::read_dir(&others)? {
            let entry = entry?;
            put(&entry.path(), &entry.file_name())?;
        }
    }
    let parts = [(FILES_FOLDER, FILES_FOLDER), (CONFIG_PART, CONFIG), (DATABASE_PART, DATABASE)];
    for (part, name) in parts {
        let part = from.join(part);
        if part.exists() {
            put(&part, name.as_ref())?;
        }
    }
    File::open(data_dir)?.sync_all()?;
    Ok(())
}

/// Reads all of it, into that folder if there is one.
fn read(archive: &Path, into: Option<&Path>, progress: &mut Progress) -> anyhow::Result<Manifest> {
    let file = File::open(archive).with_context(|| format!("cannot read {}", archive.display()))?;
    let mut tar = Archive::new(io::BufReader::with_capacity(CHUNK, file));
    let mut found: BTreeMap<String, Part> = BTreeMap::new();
    let mut manifest = None;
    let broken = || format!("{} is not a whole backup", archive.display());
    for entry in tar.entries().with_context(broken)? {
        let mut entry = entry.with_context(broken)?;
        let name = part_name(&entry)?;
        ensure!(manifest.is_none(), "{}: {name} comes after the end", broken());
        progress.at(|| format!("read: {} parts", found.len()));
        if name == MANIFEST_PART {
            let mut text = Vec::new();
            (&mut entry).take(MANIFEST_BYTES).read_to_end(&mut text).with_context(broken)?;
            let read: Manifest = serde_json::from_slice(&text).with_context(broken)?;
            manifest = Some(read);
            continue;
        }
        let size = entry.size();
        let mut content = Summed::new(entry);
        match into {
            Some(folder) => write_part(&folder.join(&name), &mut content)?,
            None => io::copy(&mut content, &mut io::sink()).map(drop).with_context(broken)?,
        }
        let part = content.part();
        ensure!(part.size == size, "{}: {name} is cut off", broken());
        ensure!(found.insert(name.clone(), part).is_none(), "{}: {name} is there twice", broken());
    }
    let manifest = manifest.with_context(|| format!("{}: its end is missing", broken()))?;
    compare(&manifest, &found).with_context(broken)?;
    Ok(manifest)
}

fn compare(manifest: &Manifest, found: &BTreeMap<String, Part>) -> anyhow::Result<()> {
    ensure!(
        manifest.format <= FORMAT,
        "it was made by a newer chat-server ({}); restore it with that version",
        manifest.version
    );
    for (name, part) in &manifest.parts {
        match found.get(name) {
            None => bail!("{name} is missing"),
            Some(found) if found != part => bail!("{name} is not as it was when the backup was made"),
            Some(_) => {}
        }
    }
    if let Some(stranger) = found.keys().find(|name| !manifest.parts.contains_key(*name)) {
        bail!("{stranger} does not belong to it");
    }
    ensure!(found.contains_key(DATABASE_PART), "it has no database");
    Ok(())
}

/// The name of a part, if it is one that a backup can have.
fn part_name<R: Read>(entry: &tar::Entry<'_, R>) -> anyhow::Result<String> {
    let path: PathBuf = entry.path().context("a name in the archive cannot be read")?.into_owned();
    let name = path.to_str().context("a name in the archive is no text")?.to_owned();
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let first = path.components().next().and_then(|part| part.as_os_str().to_str());
    let is_known = [DATABASE_PART, CONFIG_PART, MANIFEST_PART].contains(&name.as_str())
        || (first.is_some_and(|first| first == DATA_FOLDER || first == FILES_FOLDER)
            && path.components().count() > 1);
    ensure!(
        is_plain && is_known && entry.header().entry_type().is_file(),
        "the archive has {name:?} in it, which no backup has; it was not made by chat-server, and nothing of it was used"
    );
    Ok(name)
}

fn write_part(path: &Path, content: &mut impl Read) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        let made = DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(folder);
        made.with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let failed = || format!("cannot write {}", path.display());
    let mut file =
        OpenOptions::new().create_new(true).write(true).mode(PRIVATE).open(path).with_context(failed)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let n = content.read(&mut chunk).context("the archive cannot be read to its end")?;
        if n == 0 {
            break;
        }
        file.write_all(&chunk[..n]).with_context(failed)?;
    }
    file.sync_all().with_context(failed)
}
