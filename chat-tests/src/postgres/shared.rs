//! The PostgreSQL that the test processes of a run share.
//!
//! Each process says in `users` that it is there, then takes what the file `address` says, or, under a
//! lock, starts one. A keeper, a few lines of shell, looks who is still alive; when nobody was for half
//! a minute, it takes the address away, looks once more, and ends what it kept.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};

use anyhow::{Context, Result};

use super::{Syncing, answers, arguments, as_its_user, ask, free_port, listens, make};
use crate::uuid;

/// See above. `$1` is the shared folder, `$2` the folder of this one, `$3` its process.
const KEEPER: &str = r#"
anybody() {
    found=1
    for file in "$1"/users/*; do
        [ -e "$file" ] || continue
        if kill -0 "${file##*/}" 2>/dev/null; then found=0; else rm -f "$file"; fi
    done
    return $found
}
idle=0
while kill -0 "$3" 2>/dev/null; do
    sleep 2
    if anybody "$1"; then idle=0; else idle=$((idle + 2)); fi
    [ $idle -lt 30 ] && continue
    mv "$1/address" "$2/address"
    if anybody "$1"; then mv "$2/address" "$1/address"; idle=0; continue; fi
    kill -INT "$3"
    while kill -0 "$3" 2>/dev/null; do sleep 1; done
done
rm -rf "$2"
"#;

/// A database that goes with this value.
pub struct Database {
    name: String,
    port: u16,
    password: String,
}

impl Database {
    /// Makes an empty one.
    ///
    /// # Errors
    /// There is no PostgreSQL here, and it cannot be installed; or it does not come up.
    pub fn new() -> Result<Self> {
        let (port, password) = attach()?;
        let name = format!("test_{}", uuid().replace('-', ""));
        ask(port, &password, &format!("CREATE DATABASE {name}"))?;
        Ok(Self { name, port, password })
    }

    /// Its address, with its password.
    #[must_use]
    pub fn address(&self) -> String {
        super::address(self.port, &self.password, &self.name)
    }

    /// Asks it for something.
    ///
    /// # Errors
    /// It refuses.
    pub fn query(&self, sql: &str) -> Result<String> {
        super::query(&self.address(), sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // What is left over goes with all the others, at the end.
        let _ = ask(self.port, &self.password, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// The port and the password of the one that runs; starts it where none does.
fn attach() -> Result<(u16, String)> {
    let dir = shared_folder();
    fs::create_dir_all(dir.join("users"))?;
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o711))?;
    fs::write(dir.join("users").join(process::id().to_string()), "")?;
    let lock = File::create(dir.join("lock"))?;
    lock.lock()?;
    if let Some((port, password)) = known(&dir).filter(|(port, _)| listens(*port)) {
        return Ok((port, password));
    }
    start(&dir)
}

/// One for each checkout of the repository, so that two do not mix.
fn shared_folder() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_MANIFEST_DIR").hash(&mut hasher);
    std::env::temp_dir().join(format!("chat-tests-postgres-{:08x}", hasher.finish() as u32))
}

fn known(dir: &Path) -> Option<(u16, String)> {
    let text = fs::read_to_string(dir.join("address")).ok()?;
    let (port, password) = text.split_once(' ')?;
    Some((port.parse().ok()?, password.to_owned()))
}

fn start(dir: &Path) -> Result<(u16, String)> {
    let (folder, password) = (dir.join(uuid()), uuid());
    fs::create_dir(&folder)?;
    let data = make(&folder, &password)?;
    let port = free_port()?;
    let log = File::create(folder.join("log"))?;
    // In a session of its own, so that what ends a test does not end it.
    let plain = as_its_user("postgres")?;
    let mut command = Command::new("setsid");
    command.arg(plain.get_program()).args(plain.get_args()).args(arguments(&data, port, Syncing::Off));
    command.current_dir("/").stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let server = command.spawn().context("starting postgres")?;
    answers(port, &password).with_context(|| fs::read_to_string(folder.join("log")).unwrap_or_default())?;
    let mut keeper = Command::new("setsid");
    keeper.args(["sh", "-c", KEEPER, "keeper"]).arg(dir).arg(&folder).arg(server.id().to_string());
    keeper.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    keeper.spawn().context("starting the keeper of postgres")?;
    let half = folder.join("address");
    fs::write(&half, format!("{port} {password}"))?;
    fs::set_permissions(&half, fs::Permissions::from_mode(0o600))?;
    fs::rename(&half, dir.join("address"))?;
    Ok((port, password))
}
