//! Carrying files, with news of how far they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use chat_client::files::{Courier, OnProgress, Progress};
use chat_client::{Enclosure, paths};
use tokio::sync::mpsc;

use super::Outcome;
use crate::editor::Sheet;
use crate::state::transfer::{Job, PASTED};

/// Carries a file to its end.
pub(super) async fn carry(courier: Courier, key: u64, job: Job, outcomes: mpsc::Sender<Outcome>) {
    let progress = progress(key, outcomes.clone());
    let outcome = match job {
        Job::Upload(path) => {
            let uploaded = courier.upload(&at_home(&path), &progress).await;
            Outcome::Uploaded(key, uploaded.map_err(|error| error.to_string()))
        }
        Job::Text(text) => {
            let uploaded = upload_text(&courier, text, &progress).await;
            Outcome::Uploaded(key, uploaded)
        }
        Job::Save(file, to) => {
            let to = to.map_or_else(paths::download_dir, |to| at_home(&to));
            let saved = courier.download(file.id, &to, &progress).await;
            Outcome::Saved(key, saved.map(|saved| whole(saved.path)).map_err(|error| error.to_string()))
        }
    };
    // The screen is gone with the program.
    let _ = outcomes.send(outcome).await;
}

/// Tells of each hundredth; one that finds no room is made up for by the next.
fn progress(key: u64, outcomes: mpsc::Sender<Outcome>) -> OnProgress {
    let last = AtomicU8::new(0);
    Arc::new(move |Progress { done, total }| {
        let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100);
        let percent = u8::try_from(percent).unwrap_or(100);
        if last.swap(percent, Ordering::Relaxed) != percent {
            let _ = outcomes.try_send(Outcome::Carried(key, done, total));
        }
    })
}

/// Uploads a pasted text by way of a file that only its owner can read, and that is gone after it.
async fn upload_text(courier: &Courier, text: String, progress: &OnProgress) -> Result<Enclosure, String> {
    let written = tokio::task::spawn_blocking(move || Sheet::new(PASTED, &text)).await;
    let sheet = written.map_err(std::io::Error::other).and_then(|sheet| sheet);
    let sheet = sheet.map_err(|error| format!("there is no room for the text on this disk: {error}"))?;
    courier.upload(sheet.path(), progress).await.map_err(|error| error.to_string())
}

/// The files with their sizes, if all of these are files.
pub(super) async fn files(paths: Vec<PathBuf>) -> Option<Vec<(PathBuf, u64)>> {
    let mut found = Vec::with_capacity(paths.len());
    for path in paths {
        let path = at_home(&path);
        let size = tokio::fs::metadata(&path).await.ok().filter(std::fs::Metadata::is_file)?.len();
        found.push((path, size));
    }
    Some(found)
}

/// The whole path: a part of one says nothing to whoever does not know where the program was begun.
pub(super) fn whole(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// `~/` is the person's home, as in a shell.
pub(super) fn at_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
