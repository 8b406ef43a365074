//! Floor 7: out of this server and into another: all of it, or one person's words; our own form, or
//! what Slack exports.
//!
//! 1. An export is a folder: `export.jsonl`, one [`Record`](crate::store::Record) a line, and `files/`
//!    with the bytes under their SHA-256. docs/export.md is its description.
//! 2. An import works on a data directory on which no server runs: shards think that they alone
//!    number the events of their conversations.
//! 3. It is repeatable. What came before is known again by its id and left as it is, so an import that
//!    was cut goes on, and a second one changes nothing.
//! 4. It trusts nothing: texts are checked as those from the wire, files are looked at as uploads are,
//!    names in archives are never names on the disk, and whatever unpacks has a bound.

mod bytes;
mod export;
mod import;
mod report;
mod slack;

pub use export::{Exported, export};
pub use import::{Source, import};
pub use report::Report;

/// The lines of an export.
const LINES: &str = "export.jsonl";

/// The folder of the bytes.
const FILES: &str = "files";

/// The longest line: a message with all the files and reactions that it can have is far shorter.
const LINE_BYTES: u64 = 16 * 1024 * 1024;
