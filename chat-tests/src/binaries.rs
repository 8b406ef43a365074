//! Where the product's binaries are.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

/// Set once by `xtask`, which is built by another profile than what it starts.
static CHOSEN: OnceLock<PathBuf> = OnceLock::new();

/// Takes binaries from this folder from now on; the first call counts.
pub fn use_binaries_in(dir: PathBuf) {
    // A second call changes nothing, as promised.
    let _ = CHOSEN.set(dir);
}

/// The built binary of that name: in `CHAT_BIN_DIR` where that is set, else in the folder chosen
/// by [`use_binaries_in`], else where the running executable lies, or the folder above it (tests
/// lie in `target/debug/deps`).
///
/// # Errors
/// It was not built; the message says how to.
pub fn bin(name: &str) -> Result<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let path = match std::env::var_os("CHAT_BIN_DIR") {
        Some(dir) => Path::new(&dir).join(file),
        None => match CHOSEN.get() {
            Some(dir) => dir.join(file),
            None => beside_this_executable()?.join(file),
        },
    };
    ensure!(path.is_file(), "{} is missing; run `cargo build --workspace --bins` first", path.display());
    Ok(path)
}

fn beside_this_executable() -> Result<PathBuf> {
    let executable = std::env::current_exe().context("where is this executable?")?;
    let dir = executable.parent().context("an executable lies in a folder")?;
    Ok(match dir.parent() {
        Some(above) if dir.ends_with("deps") => above.to_owned(),
        _ => dir.to_owned(),
    })
}
