//! Where the product's binaries are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The built binary of that name: in `CHAT_BIN_DIR` where that is set, else in the folder where
/// the running executable lies, or the one above it (tests lie in `target/debug/deps`).
///
/// # Errors
/// It was not built; the message says how to.
pub fn bin(name: &str) -> Result<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let path = match std::env::var_os("CHAT_BIN_DIR") {
        Some(dir) => Path::new(&dir).join(file),
        None => beside_this_executable()?.join(file),
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
