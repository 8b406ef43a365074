//! Backups: what is in them, and archives that nobody should have made.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use chat_server::backup::{Progress, Report, backup, restore, verify};
use chat_server::config::{self, Places, Settings};
use chat_server::files::{Files, Hold, Place};
use chat_server::store::Store;
use tar::{Builder, Header};
use tempfile::TempDir;

fn open_at(home: &Path) -> Store {
    Store::open(&home.join("chat.sqlite")).unwrap()
}

/// A data directory with a database, a configuration and a key, and nobody in it.
async fn home() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open_at(dir.path());
    store.close().await;
    fs::write(dir.path().join("server.toml"), "name = \"crew\"\nowner_code = \"in its own folder\"\n")
        .unwrap();
    fs::create_dir(dir.path().join("acme")).unwrap();
    fs::write(dir.path().join("acme/account.key"), "a key").unwrap();
    dir
}

async fn backed_up(home: &Path, config_file: Option<&Path>, to: &Path) -> anyhow::Result<Report> {
    let places = Places { data_dir: Some(home.to_owned()), config: config_file.map(Path::to_owned) };
    let loaded = config::load(&places, Settings::default())?;
    let file = loaded.file.clone();
    backup(&loaded.check()?, file.as_deref(), to, Progress::quiet()).await
}

async fn archive(dir: &TempDir) -> PathBuf {
    let home = home().await;
    let to = dir.path().join("chat.tar");
    backed_up(home.path(), None, &to).await.unwrap();
    to
}

/// The archive again, with its parts as this says; `None` leaves one out.
fn altered(from: &Path, to: &Path, change: impl Fn(&str, Vec<u8>) -> Option<(String, Vec<u8>)>) {
    let mut builder = Builder::new(File::create(to).unwrap());
    for entry in tar::Archive::new(File::open(from).unwrap()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if let Some((name, bytes)) = change(&name, bytes) {
            add(&mut builder, &name, &bytes);
        }
    }
    builder.finish().unwrap();
}

/// Adds a part under any name at all; the crate would refuse the bad ones.
fn add(builder: &mut Builder<File>, name: &str, bytes: &[u8]) {
    let mut header = Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    header.set_cksum();
    builder.append(&header, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_data_directory_comes_back() {
    let (home, dir) = (home().await, tempfile::tempdir().unwrap());
    let report = backed_up(home.path(), None, dir.path()).await.unwrap();
    assert!(report.path.starts_with(dir.path()) && report.manifest.users == 0, "{report:?}");
    let into = dir.path().join("deep/restored");
    restore(&report.path, &into, Progress::quiet()).unwrap();
    for name in ["server.toml", "acme/account.key"] {
        assert_eq!(fs::read(into.join(name)).unwrap(), fs::read(home.path().join(name)).unwrap(), "{name}");
    }
    let (old, new) = (open_at(home.path()), open_at(&into));
    assert_ne!(old.epoch(), new.epoch(), "another life");
    let restoring = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(".chat");
    assert!(!fs::read_dir(&into).unwrap().any(|entry| restoring(&entry.unwrap())), "nothing is left over");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_from_elsewhere_stay_there() {
    let (home, dir) = (home().await, tempfile::tempdir().unwrap());
    fs::remove_file(home.path().join("server.toml")).unwrap();
    let outside = dir.path().join("chat.toml");
    fs::write(&outside, "name = \"crew\"\nowner_code = \"tangerine\"\n").unwrap();
    let to = dir.path().join("chat.tar");
    let report = backed_up(home.path(), Some(&outside), &to).await.unwrap();
    assert!(report.manifest.not_inside[0].contains("secrets"), "{report:?}");
    assert!(!String::from_utf8_lossy(&fs::read(&to).unwrap()).contains("tangerine"));
    let into = dir.path().join("restored");
    restore(&to, &into, Progress::quiet()).unwrap();
    assert!(fs::read_to_string(into.join("server.toml")).unwrap().contains("crew"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_altered_or_cut_is_not_restored() {
    let dir = tempfile::tempdir().unwrap();
    let whole = archive(&dir).await;
    verify(&whole, &mut Progress::quiet()).unwrap();
    let into = dir.path().join("restored");
    let refused = |name: &str, archive: &Path, why: &str| {
        let error = format!("{:#}", restore(archive, &into, Progress::quiet()).unwrap_err());
        assert!(error.contains(why), "{name}: {error}");
        let left: Vec<_> = fs::read_dir(&into).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| name == "chat-server.lock"), "{name} left {left:?}");
    };
    let bad = dir.path().join("bad.tar");
    let bytes = fs::read(&whole).unwrap();
    for part in [1, 3, 5] {
        fs::write(&bad, &bytes[..bytes.len() / 6 * part]).unwrap();
        refused("cut", &bad, "is not a whole backup");
    }
    let mut flipped = bytes.clone();
    flipped[100_000] ^= 1;
    fs::write(&bad, flipped).unwrap();
    refused("one bit", &bad, "not as it was");
    altered(&whole, &bad, |name, bytes| (!name.ends_with(".key")).then(|| (name.to_owned(), bytes)));
    refused("a part less", &bad, "is missing");
    altered(&whole, &bad, |name, bytes| (name != "manifest.json").then(|| (name.to_owned(), bytes)));
    refused("no end", &bad, "its end is missing");
    for stranger in ["../evil", "/etc/evil", "data/../../evil", "evil", "files", "data/./x/../../../evil"] {
        altered(&whole, &bad, |name, bytes| {
            let name = if name.ends_with(".key") { stranger } else { name };
            Some((name.to_owned(), bytes))
        });
        refused(stranger, &bad, "nothing of it was used");
    }
    File::create(&bad).unwrap().write_all(b"not an archive at all").unwrap();
    refused("noise", &bad, "is not a whole backup");
    assert!(!dir.path().join("evil").exists() && !Path::new("/etc/evil").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_an_archive_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let whole = archive(&dir).await;
    let bad = dir.path().join("bad.tar");
    let mut builder = Builder::new(File::create(&bad).unwrap());
    let mut header = Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "data/out", "/tmp").unwrap();
    builder.into_inner().unwrap().write_all(&fs::read(&whole).unwrap()).unwrap();
    let error = restore(&bad, &dir.path().join("restored"), Progress::quiet()).unwrap_err();
    assert!(
        error.to_string().contains("nothing of it was used") || format!("{error:#}").contains("whole"),
        "{error:#}"
    );
}

#[tokio::test]
async fn nothing_is_removed_while_a_backup_reads() {
    let dir = tempfile::tempdir().unwrap();
    let files = Files::open(&Place::Folder(dir.path().join("files")), dir.path().join("uploads")).unwrap();
    assert!(files.removing().is_some());
    let first = Hold::take(dir.path()).unwrap();
    let second = Hold::take(dir.path()).unwrap();
    assert!(files.removing().is_none());
    drop(first);
    assert!(files.removing().is_none(), "another backup still reads");
    drop(second);
    assert!(files.removing().is_some());
}
