//! Files on their way: what is shown of them, and what is done when they have arrived.

use std::path::PathBuf;

use chat_client::files::size_in_words;
use chat_client::{Draft, Enclosure};
use chat_proto::{Attachment, ConversationId, FileId, SafeText, Seq, limits};

/// Files on their way at once; a person who starts more waits for some of them first.
pub const TRANSFERS: usize = 8;

/// Bytes of a text that may name files: some long paths.
const PATH_BYTES: usize = 16 * 1024;

/// What a pasted text is called as a file.
pub(crate) const PASTED: &str = "pasted.txt";

/// A file to be carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Upload this one.
    Upload(PathBuf),
    /// Upload this text as a file.
    Text(String),
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
    /// Bytes that are there.
    pub(crate) done: u64,
    /// Bytes of all; 0 until that is known.
    pub(crate) total: u64,
}

/// A message that waits for several files, in their order.
#[derive(Debug)]
struct Parcel {
    draft: Box<Draft>,
    files: Vec<(u64, Option<Enclosure>)>,
}

impl Transfer {
    fn new(key: u64, job: Job, draft: Option<Box<Draft>>) -> Self {
        let total = if let Job::Save(file, _) = &job { file.size } else { 0 };
        Self { key, job, draft, done: 0, total }
    }

    /// Of a hundred.
    pub(crate) fn percent(&self) -> u8 {
        let percent = self.done.saturating_mul(100).checked_div(self.total).unwrap_or(0);
        u8::try_from(percent).unwrap_or(100).min(100)
    }

    /// Whether it comes here, and does not go there.
    pub(crate) fn is_download(&self) -> bool {
        matches!(self.job, Job::Save(..))
    }

    /// What it is called.
    pub(crate) fn name(&self) -> String {
        match &self.job {
            Job::Text(_) => PASTED.to_owned(),
            Job::Upload(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Job::Save(file, _) => file.name.to_string(),
        }
    }
}

/// All files on their way, in the order in which they were started.
#[derive(Debug, Default)]
pub struct Transfers {
    running: Vec<Transfer>,
    parcels: Vec<Parcel>,
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
        self.running.push(Transfer::new(key, job, draft));
        Some(key)
    }

    /// Starts the uploads of one message; `None` if there are too many.
    pub(crate) fn start_all(&mut self, paths: Vec<PathBuf>, draft: Box<Draft>) -> Option<Vec<(u64, Job)>> {
        if self.running.len() + paths.len() > TRANSFERS.max(limits::FILES_PER_MESSAGE) {
            return None;
        }
        let mut started = Vec::with_capacity(paths.len());
        for path in paths {
            self.started += 1;
            let job = Job::Upload(path);
            self.running.push(Transfer::new(self.started, job.clone(), None));
            started.push((self.started, job));
        }
        let files = started.iter().map(|(key, _)| (*key, None)).collect();
        self.parcels.push(Parcel { draft, files });
        Some(started)
    }

    /// A file of a message has arrived; gives the message if it was the last.
    pub(crate) fn put_in(&mut self, key: u64, file: Enclosure) -> Option<Box<Draft>> {
        let slots = self.parcels.iter_mut().flat_map(|parcel| &mut parcel.files);
        for (_, slot) in slots.filter(|(known, _)| *known == key) {
            *slot = Some(file.clone());
        }
        self.ready()
    }

    /// A message goes without one of its files; gives the message if all others are there.
    pub(crate) fn leave_out(&mut self, key: u64) -> Option<Box<Draft>> {
        for parcel in &mut self.parcels {
            parcel.files.retain(|(known, _)| *known != key);
        }
        self.ready()
    }

    fn ready(&mut self) -> Option<Box<Draft>> {
        let at =
            self.parcels.iter().position(|parcel| parcel.files.iter().all(|(_, file)| file.is_some()))?;
        let Parcel { mut draft, files } = self.parcels.remove(at);
        draft.files = files.into_iter().filter_map(|(_, file)| file).collect();
        Some(draft)
    }

    /// Notes progress; true if that can be seen.
    pub(crate) fn progress(&mut self, key: u64, done: u64, total: u64) -> bool {
        let Some(transfer) = self.running.iter_mut().find(|transfer| transfer.key == key) else {
            return false;
        };
        let before = (transfer.percent(), transfer.total);
        (transfer.done, transfer.total) = (done, total);
        before != (transfer.percent(), total)
    }

    /// The one of this key.
    pub(crate) fn get(&self, key: u64) -> Option<&Transfer> {
        self.running.iter().find(|transfer| transfer.key == key)
    }

    /// The uploads whose message will stand there: in the main line, or in that thread.
    pub(crate) fn to(&self, conversation: ConversationId, thread: Option<Seq>) -> impl Iterator<Item = u64> {
        let goes = move |transfer: &&Transfer| {
            let parcel = || {
                self.parcels.iter().find(|parcel| parcel.files.iter().any(|(key, _)| *key == transfer.key))
            };
            let draft = transfer.draft.as_ref().or_else(|| parcel().map(|parcel| &parcel.draft));
            draft.is_some_and(|draft| draft.conversation == conversation && draft.thread == thread)
        };
        self.running.iter().filter(goes).map(|transfer| transfer.key)
    }

    /// The downloads of one of these files.
    pub(crate) fn of(&self, files: &[Attachment]) -> impl Iterator<Item = u64> {
        let wanted = |id: FileId| files.iter().any(|file| file.id == id);
        let comes =
            move |transfer: &&Transfer| matches!(&transfer.job, Job::Save(file, _) if wanted(file.id));
        self.running.iter().filter(comes).map(|transfer| transfer.key)
    }

    /// Takes one out that has ended.
    pub(crate) fn end(&mut self, key: u64) -> Option<Transfer> {
        let at = self.running.iter().position(|transfer| transfer.key == key)?;
        Some(self.running.remove(at))
    }

    /// The one that was started last.
    pub(crate) fn newest(&self) -> Option<u64> {
        self.running.last().map(|transfer| transfer.key)
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// "↑ latency.png 34%", and how many others there are.
    pub(crate) fn words(&self, stop: &str) -> Option<SafeText> {
        let first = self.running.first()?;
        let arrow = if first.is_download() { "↓" } else { "↑" };
        let name = first.name();
        let others = match self.running.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        Some(SafeText::line(&format!("{arrow} {name} {}%{others}  · {stop} stops it", first.percent())))
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

/// The paths that a pasted text names, as terminals write what is dropped on them: with quotes or
/// escapes, or as `file://` addresses; `None` for a text that is something else.
pub(crate) fn pasted_paths(text: &str) -> Option<Vec<PathBuf>> {
    let text = text.trim();
    if text.is_empty() || text.len() > PATH_BYTES {
        return None;
    }
    // What is written with blanks and without quotes may be one path.
    let whole = (!text.contains(['\n', '\'', '"', '\\'])).then(|| path(text)).flatten();
    let words: Option<Vec<PathBuf>> = shell_words::split(text).ok()?.iter().map(|word| path(word)).collect();
    words.filter(|words| !words.is_empty()).or_else(|| whole.map(|path| vec![path]))
}

/// A word that can only be a path: from the root, from home, or as an address.
fn path(word: &str) -> Option<PathBuf> {
    if let Some(rest) = word.strip_prefix("file://") {
        // A host is this one.
        let rest = rest.get(rest.find('/')?..)?;
        let bytes: Vec<u8> = percent_encoding::percent_decode_str(rest).collect();
        return String::from_utf8(bytes).ok().map(PathBuf::from);
    }
    let is_path = word.starts_with("~/") || (word.starts_with('/') && word.len() > 1);
    (is_path && !word.contains('\n')).then(|| PathBuf::from(word))
}

#[cfg(test)]
mod tests {
    use super::pasted_paths;

    #[test]
    fn what_terminals_paste_for_a_file_is_read() {
        let case = |text: &str| {
            let paths = pasted_paths(text)?;
            Some(paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join("|"))
        };
        for (text, paths) in [
            ("/tmp/a.png", Some("/tmp/a.png")),
            ("'/tmp/my cat.png' ", Some("/tmp/my cat.png")),
            (r"/tmp/my\ cat.png", Some("/tmp/my cat.png")),
            ("~/a.png \"/b c.png\"", Some("~/a.png|/b c.png")),
            ("file:///tmp/my%20cat.png", Some("/tmp/my cat.png")),
            ("file://host/tmp/%C3%A9.png\nfile:///b", Some("/tmp/é.png|/b")),
            ("see /tmp/a.png", None),
            ("/join it now", Some("/join it now")),
            ("https://example.org/a", None),
            ("/", None),
            ("don't", None),
            ("", None),
        ] {
            assert_eq!(case(text).as_deref(), paths, "{text}");
        }
    }
}
