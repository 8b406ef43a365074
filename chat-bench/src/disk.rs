//! How fast the disk takes what must not be lost, measured beside what depends on it.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// What SQLite writes for a small commit is about as large.
const BLOCK: [u8; 4096] = [b'x'; 4096];

/// Writes until this many have been made or this time has passed.
const WRITES: u32 = 500;
const TIME: Duration = Duration::from_millis(500);

/// How often a second a page can be appended and brought to the disk (fdatasync), one after the
/// other.
///
/// # Errors
/// The folder cannot be written to.
pub(crate) fn syncs_a_second(dir: &Path) -> Result<f64> {
    let path = dir.join("disk-probe");
    let mut file = File::create(&path).with_context(|| format!("writing {}", path.display()))?;
    let began = Instant::now();
    let mut writes = 0;
    while writes < WRITES && began.elapsed() < TIME {
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        writes += 1;
    }
    let rate = f64::from(writes) / began.elapsed().as_secs_f64();
    std::fs::remove_file(&path)?;
    Ok(rate)
}
