//! The archive: asked for entries by name, each read through a bound.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use anyhow::{Context, ensure};
use chat_proto::FileId;
use serde_json::Value;
use zip::ZipArchive;
use zip::result::ZipError;

use super::file_id;

/// The largest file of JSON: the busiest day of the busiest channel is a tenth of it.
const JSON_BYTES: u64 = 64 * 1024 * 1024;

/// Entries of an archive: twenty years of a thousand channels.
const ENTRIES: usize = 8_000_000;

/// Slack's export.
pub(in crate::exchange) struct Zip {
    archive: ZipArchive<BufReader<File>>,
    /// Where the bytes of files are, by the ids that they have here.
    files: HashMap<FileId, usize>,
    /// The days of each folder, in their order.
    days: HashMap<String, Vec<String>>,
}

impl Zip {
    pub(in crate::exchange) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let archive = ZipArchive::new(BufReader::new(file))
            .with_context(|| format!("{} is not a whole zip archive", path.display()))?;
        ensure!(archive.len() <= ENTRIES, "{} has more entries than an export has", path.display());
        let (mut files, mut days) = (HashMap::new(), HashMap::<String, Vec<String>>::new());
        for name in archive.file_names() {
            // A name that is no text names nothing that we ask for.
            let Ok(name) = name else { continue };
            let name = name.as_ref();
            match name.rsplit_once('/') {
                Some((folder, day))
                    if day.ends_with(".json") && day.starts_with(|c: char| c.is_ascii_digit()) =>
                {
                    days.entry(folder.to_owned()).or_default().push(name.to_owned());
                }
                _ => {
                    if let (Some(id), Some(n)) = (slack_file(name), archive.index_for_name(name)) {
                        files.insert(file_id(id), n);
                    }
                }
            }
        }
        days.values_mut().for_each(|days| days.sort_unstable());
        Ok(Self { archive, files, days })
    }

    /// An entry as JSON; `None` if there is none of that name.
    pub(super) fn json(&mut self, name: &str) -> anyhow::Result<Option<Value>> {
        let entry = match self.archive.by_name(name) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(cause) => return Err(cause).with_context(|| format!("{name} in the archive cannot be read")),
        };
        let mut bytes = Vec::new();
        entry.take(JSON_BYTES + 1).read_to_end(&mut bytes).with_context(|| format!("{name} is damaged"))?;
        ensure!(bytes.len() as u64 <= JSON_BYTES, "{name} is larger than any export's; it was not read");
        serde_json::from_slice(&bytes).map(Some).with_context(|| format!("{name} is not JSON"))
    }

    /// The files of the days of a conversation, the oldest first.
    pub(super) fn days(&self, folder: &str) -> Vec<String> {
        self.days.get(folder).cloned().unwrap_or_default()
    }

    /// Whether the bytes of a file are in the archive.
    pub(super) fn has(&self, file: FileId) -> bool {
        self.files.contains_key(&file)
    }

    /// Gives the bytes of a file to somebody; false if they are not there.
    pub(in crate::exchange) fn file(
        &mut self,
        file: FileId,
        pour: impl FnOnce(&mut dyn Read) -> io::Result<()>,
    ) -> io::Result<bool> {
        let Some(n) = self.files.get(&file) else { return Ok(false) };
        let mut entry = self.archive.by_index(*n).map_err(io::Error::other)?;
        pour(&mut entry).map(|()| true)
    }
}

/// Slack's id of the file whose bytes these are: `__uploads/F123/name` or `…/F123-name`, as the
/// programs write them that add files to exports.
fn slack_file(name: &str) -> Option<&str> {
    if name.ends_with('/') || name.ends_with(".json") && !name.contains('F') {
        return None;
    }
    name.split('/').find_map(|part| {
        let id = part.split(['-', '_', '.']).next()?;
        let is_id = id.len() > 5
            && id.starts_with('F')
            && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        is_id.then_some(id)
    })
}
