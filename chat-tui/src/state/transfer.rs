//! Files on their way: what is shown of them, and what is done when they have arrived.

use std::path::PathBuf;

use chat_client::files::size_in_words;
use chat_client::{Draft, Enclosure};
use chat_proto::{Attachment, SafeText};

/// Files on their way at once; a person who starts more waits for some of them first.
pub const TRANSFERS: usize = 8;

/// A file to be carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Upload this one.
    Upload(PathBuf),
    /// Fetch this one, to that place or where downloads go.
    Save(Box<Attachment>, Option<PathBuf>),
}

/// A file on its way.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    pub(crate) key: u64,
    pub(crate) job: Job,
    /// The message that goes with an upload.
    pub(crate) draft: Option<Box<Draft>>,
    /// Of a hundred.
    pub(crate) percent: u8,
}

/// All files on their way, in the order in which they were started.
#[derive(Debug, Default)]
pub struct Transfers {
    running: Vec<Transfer>,
    started: u64,
}

impl Transfers {
    /// Starts one; gives its key, or `None` if there are too many.
    pub(crate) fn start(&mut self, job: Job, draft: Option<Box<Draft>>) -> Option<u64> {
        if self.running.len() >= TRANSFERS {
            return None;
        }
        self.started += 1;
        let key = self.started;
        self.running.push(Transfer { key, job, draft, percent: 0 });
        Some(key)
    }

    /// Notes progress; true if that can be seen.
    pub(crate) fn progress(&mut self, key: u64, percent: u8) -> bool {
        let Some(transfer) = self.running.iter_mut().find(|transfer| transfer.key == key) else {
            return false;
        };
        std::mem::replace(&mut transfer.percent, percent) != percent
    }

    /// Takes one out that has ended.
    pub(crate) fn end(&mut self, key: u64) -> Option<Transfer> {
        let at = self.running.iter().position(|transfer| transfer.key == key)?;
        Some(self.running.remove(at))
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// "↑ latency.png 34%", and how many others there are.
    pub(crate) fn words(&self) -> Option<SafeText> {
        let first = self.running.first()?;
        let (arrow, name) = match &first.job {
            Job::Upload(path) => ("↑", path.file_name().unwrap_or_default().to_string_lossy().into_owned()),
            Job::Save(file, _) => ("↓", file.name.to_string()),
        };
        let others = match self.running.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        Some(SafeText::line(&format!("{arrow} {name} {}%{others}", first.percent)))
    }
}

/// "▣ latency.png 640×320 48 kB".
pub(crate) fn file_line(file: &Attachment) -> SafeText {
    let pixels = file.picture.as_ref().map(|picture| format!(" {}×{}", picture.width, picture.height));
    let (name, size) = (&file.name, size_in_words(file.size));
    SafeText::line(&format!("▣ {name}{} {size}", pixels.unwrap_or_default()))
}

/// The same of a file whose message is on its way.
pub(crate) fn pending_line(file: &Enclosure) -> SafeText {
    SafeText::line(&format!("▣ {}", file.name))
}
