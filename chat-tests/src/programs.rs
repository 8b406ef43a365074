//! Programs of others that tests start: found, or on Debian as root installed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};

/// Where packages put them beside the usual places.
const PLACES: &[&str] = &["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/usr/bin"];

/// What was found. A lock, also so that two tests do not install at once.
static FOUND: Mutex<Option<HashMap<&'static str, PathBuf>>> = Mutex::new(None);

/// Where a program is that Debian has in a package of the same name; installed where that goes.
///
/// # Errors
/// There is none: says the command to get it.
pub fn program(name: &'static str) -> Result<PathBuf> {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let found = found.get_or_insert_default();
    if let Some(path) = found.get(name) {
        return Ok(path.clone());
    }
    let path = match find(name) {
        Some(path) => path,
        None => {
            install(name)?;
            find(name).with_context(|| format!("the package {name} was installed, and there is no {name}"))?
        }
    };
    found.insert(name, path.clone());
    Ok(path)
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(PLACES.iter().map(PathBuf::from));
    places.map(|place| place.join(name)).find(|program| program.is_file())
}

fn install(name: &str) -> Result<()> {
    let advice = format!("these tests need {name}; install it with: sudo apt-get install {name}");
    let id = Command::new("id").arg("-u").output().context("starting id")?;
    let is_root = String::from_utf8_lossy(&id.stdout).trim() == "0";
    ensure!(is_root && Path::new("/etc/debian_version").exists(), "{advice}");
    // Other processes of the tests may install at the same moment; they wait for each other.
    let get =
        format!("apt-get install --yes --quiet --no-install-recommends -o DPkg::Lock::Timeout=120 {name}");
    let output = Command::new("sh")
        .args(["-c", &format!("{get} || {{ apt-get update --quiet && {get}; }}")])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .context("starting apt-get")?;
    ensure!(output.status.success(), "{advice}\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
