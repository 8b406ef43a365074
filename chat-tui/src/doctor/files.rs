//! The files' part: settings, folders, their rights, and what the cache takes.

use std::fs;
use std::path::Path;

use chat_client::files::size_in_words;
use chat_client::paths::Paths;

use super::Report;
use crate::config::Flags;
use crate::crash;
use crate::settings::Settings;

/// A cache larger than this is worth a word.
const LARGE: u64 = 1 << 30;

/// Entries of a folder that are looked at.
const ENTRIES: usize = 10_000;

pub(super) fn settings(flags: &Flags, paths: &Paths, report: &mut Report) -> Settings {
    let source = match flags.settings(paths.accounts_dir()) {
        Ok(source) => source,
        Err(error) => {
            report.bad("settings", &format!("{error:#}"));
            return Settings::default();
        }
    };
    let loaded = source.load();
    let place = source.file().display();
    if loaded.complaints.is_empty() {
        let is_there = if source.file().exists() { "" } else { " (not there: all is at its default)" };
        report.well("settings", &format!("{place}{is_there}"));
    }
    for complaint in &loaded.complaints {
        report.bad("settings", complaint);
    }
    loaded.settings
}

pub(super) fn examine(paths: &Paths, report: &mut Report) {
    folder("folder", paths.accounts_dir(), report);
    folder("cache", &paths.cache_dir(), report);
    folder("log", &paths.log_dir(), report);
    let reports = crash::reports(&paths.log_dir()).len();
    if reports > 0 {
        let told =
            format!("{reports} of earlier faults in {}; send or delete them", paths.log_dir().display());
        report.odd("crash reports", &told);
    }
}

/// A folder of ours: whether it can be written, who may read it, and what is in it.
fn folder(what: &str, path: &Path, report: &mut Report) {
    let place = path.display();
    if let Err(error) = tempfile(path) {
        return report.bad(what, &format!("{place} cannot be written: {error}"));
    }
    let files: Vec<_> = fs::read_dir(path).into_iter().flatten().flatten().take(ENTRIES).collect();
    let sizes = files.iter().filter_map(|file| file.metadata().ok().filter(fs::Metadata::is_file));
    let size: u64 = sizes.map(|metadata| metadata.len()).sum();
    let open: Vec<String> = files
        .iter()
        .filter(|file| file.metadata().is_ok_and(|metadata| metadata.is_file()))
        .filter(|file| is_open(&file.path()))
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect();
    let told = format!("{place}, {}", size_in_words(size));
    if let Some(first) = open.first() {
        report.odd(what, &format!("{told}; others may read {first}: chmod 600 it"));
    } else if is_open(path) && !files.is_empty() && what != "folder" {
        report.odd(what, &format!("{told}; others may look into it: chmod 700 it"));
    } else if size > LARGE {
        report.odd(what, &format!("{told}; it may be deleted while no chat is open, and is fetched again"));
    } else {
        report.well(what, &told);
    }
}

/// Whether others than the owner have rights.
fn is_open(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Writes and deletes a file.
fn tempfile(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    chat_client::private::append(&path)?;
    fs::remove_file(path)
}
