//! Files of the server's own certificates: for its user only, and replaced as a whole.

use std::fs::{DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::Context;

/// Only the server's own user may look into the folder.
const PRIVATE: u32 = 0o700;

/// Writes a file that only the server's user may read, in place of an older one; a reader sees the
/// old or the new one, also after a crash.
pub(super) fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let dir = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(PRIVATE).create(dir).with_context(cannot)?;
    // Made with 0600 by the library.
    let mut file = tempfile::NamedTempFile::new_in(dir).with_context(cannot)?;
    file.write_all(content).and_then(|()| file.as_file().sync_all()).with_context(cannot)?;
    file.persist(path).with_context(cannot)?;
    File::open(dir).and_then(|dir| dir.sync_all()).with_context(cannot)
}
