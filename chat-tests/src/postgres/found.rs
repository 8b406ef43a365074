//! Where PostgreSQL's programs are; where they can be, they are installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::{env, fs};

use anyhow::{Context, Result, bail};

/// Folders in which packages put them, below a folder for each version or right there.
const PLACES: [&str; 5] = [
    "/usr/lib/postgresql",
    "/usr/local/pgsql",
    "/opt/homebrew/opt/postgresql@17",
    "/opt/homebrew/opt/postgresql@16",
    "/usr/local/opt/postgresql@17",
];

/// What a server cannot be made without.
const NEEDED: [&str; 3] = ["initdb", "postgres", "psql"];

/// What is typed where they are missing.
const HOW: &str = "PostgreSQL's programs (initdb, postgres, psql) are not on this machine. Install them: \
    `apt-get install postgresql` on Debian and Ubuntu, `dnf install postgresql-server` on Fedora, \
    `brew install postgresql@17` on macOS; or put their folder into PATH";

/// The folder of `initdb`, `postgres` and `psql`. On Debian, root gets them installed.
///
/// # Errors
/// They are not there; the message says how they come.
pub fn programs() -> Result<&'static Path> {
    static FOUND: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| match find() {
        Some(dir) => Ok(dir),
        None => install().and_then(|()| find().context(HOW)).map_err(|cause| format!("{cause:#}")),
    });
    match found {
        Ok(dir) => Ok(dir),
        Err(cause) => bail!("{cause}"),
    }
}

fn find() -> Option<PathBuf> {
    let in_path = env::var_os("PATH")?;
    // Behind a link in PATH lie the others.
    let linked = env::split_paths(&in_path).filter_map(|dir| fs::canonicalize(dir.join("initdb")).ok());
    let beside = linked.filter_map(|program| program.parent().map(Path::to_owned));
    beside.chain(PLACES.iter().flat_map(|place| below(Path::new(place)))).find(|dir| is_complete(dir))
}

/// The place itself, and its versions, the newest first.
fn below(place: &Path) -> Vec<PathBuf> {
    let versions = fs::read_dir(place).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, dir)| dir).chain([place.join("bin")]).collect()
}

fn is_complete(dir: &Path) -> bool {
    NEEDED.iter().all(|program| dir.join(program).is_file())
}

fn install() -> Result<()> {
    if !super::is_root() || !Path::new("/etc/debian_version").exists() {
        bail!(HOW);
    }
    for arguments in [&["update"][..], &["install", "--yes", "--no-install-recommends", "postgresql"][..]] {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        let output = command.output().context("starting apt-get")?;
        if !output.status.success() {
            bail!("apt-get {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
    }
    Ok(())
}
