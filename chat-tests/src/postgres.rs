//! A real PostgreSQL: found on this machine or installed, started on a free port of the loopback.
//!
//! 1. [`Cluster`] is one that ends with its handle, for benchmarks and for playing with.
//! 2. [`Database`] is a database of its own in one that all test processes of a run share: the first
//!    starts it, and it ends half a minute after the last of them did.
//! 3. It is never root's, because PostgreSQL refuses that: root starts it as `nobody`.

mod found;
mod shared;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::{DEADLINE, Folder, Running, Signal, uuid};
pub use found::programs;
pub use shared::Database;

/// How often a wait without an event of its own looks again.
const POLL: Duration = Duration::from_millis(20);

/// Who runs it where root may not.
const NOBODY: &str = "nobody";

/// What it is called that everything belongs to.
const SUPERUSER: &str = "chat";

/// Whether what was said to be stored has to be on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syncing {
    /// As people run it; what benchmarks must do.
    On,
    /// For tests: nobody pulls the plug.
    Off,
}

/// A PostgreSQL that ends with this value. Its folder goes too.
pub struct Cluster {
    running: Running,
    port: u16,
    password: String,
    data: PathBuf,
    syncing: Syncing,
    _folder: Folder,
}

/// How it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It cuts every connection and closes its files (mode `fast`).
    Fast,
    /// It leaves everything as it is, as in a crash (mode `immediate`); the next start recovers.
    Immediate,
}

impl Cluster {
    /// Makes one and starts it.
    ///
    /// # Errors
    /// There is no PostgreSQL here, and it cannot be installed; or it does not come up.
    pub fn start(syncing: Syncing) -> Result<Self> {
        Self::start_with(syncing, &[], |_| String::new())
    }

    /// As [`start`](Self::start), with files that only it can read in its folder, and further lines of
    /// `postgresql.conf`, which are told that folder.
    ///
    /// # Errors
    /// As there.
    pub fn start_with(
        syncing: Syncing,
        files: &[(&str, &str)],
        settings: impl FnOnce(&Path) -> String,
    ) -> Result<Self> {
        let folder = Folder::new("chat-postgres-")?;
        let password = uuid();
        let data = make(folder.path(), &password)?;
        for (name, text) in files {
            give(&data.join(name), text)?;
        }
        let more = settings(&data);
        if !more.is_empty() {
            let mut file = fs::OpenOptions::new().append(true).open(data.join("postgresql.conf"))?;
            file.write_all(more.as_bytes())?;
        }
        let port = free_port()?;
        let running = launch(&data, port, syncing)?;
        let cluster = Self { running, port, password, data, syncing, _folder: folder };
        answers(port, &cluster.password).with_context(|| cluster.running.stderr())?;
        Ok(cluster)
    }

    /// Makes a database in it; its address.
    ///
    /// # Errors
    /// It is there already.
    pub fn create(&self, database: &str) -> Result<String> {
        ask(self.port, &self.password, &format!("CREATE DATABASE \"{database}\""))?;
        Ok(address(self.port, &self.password, database))
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Asks it to cut every connection and end.
    ///
    /// # Errors
    /// It has ended already, or does not end.
    pub fn stop(&mut self) -> Result<()> {
        self.end(Ending::Fast)
    }

    /// Has it end.
    ///
    /// # Errors
    /// It has ended already, or does not end.
    pub fn end(&mut self, ending: Ending) -> Result<()> {
        self.running.signal(match ending {
            Ending::Fast => Signal::Interrupt,
            Ending::Immediate => Signal::Quit,
        })?;
        self.running.wait().map(drop)
    }

    /// Starts it again on its port, after it ended, and waits until it answers.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start_again(&mut self) -> Result<()> {
        let until = Instant::now() + DEADLINE;
        loop {
            self.running = launch(&self.data, self.port, self.syncing)?;
            while !self.running.has_ended() {
                if listens(self.port) && ask(self.port, &self.password, "SELECT 1").is_ok() {
                    return Ok(());
                }
                ensure!(Instant::now() < until, "PostgreSQL does not answer\n{}", self.running.stderr());
                thread::sleep(POLL);
            }
            // Children of the one before may still hold its memory, or a stranger its port.
            let said = self.running.stderr_to_the_end();
            ensure!(Instant::now() < until, "PostgreSQL does not come up:\n{said}");
        }
    }

    /// The folder of its data.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// What it logged since it was started last, the end of it.
    #[must_use]
    pub fn log(&self) -> String {
        self.running.stderr()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Its children end only if it tells them to; what is killed cannot.
        let _ = self.stop();
    }
}

fn launch(data: &Path, port: u16, syncing: Syncing) -> Result<Running> {
    let mut command = as_its_user("postgres")?;
    command.args(arguments(data, port, syncing));
    Running::start(command)
}

/// Asks the database for something; what it says, without any ornament.
///
/// # Errors
/// It refuses.
pub fn query(address: &str, sql: &str) -> Result<String> {
    let mut command = Command::new(programs()?.join("psql"));
    command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1"]);
    command.args(["--dbname", address, "--command", sql]);
    let output = command.stdin(Stdio::null()).output().context("starting psql")?;
    ensure!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Writes all that a database holds into a file, as SQL.
///
/// # Errors
/// It does not answer, or the program for it is not here.
pub fn dump(address: &str, to: &Path) -> Result<()> {
    let mut command = Command::new(programs()?.join("pg_dump"));
    command.args(["--no-owner", "--inserts", "--dbname", address, "--file"]).arg(to);
    let output = command.stdin(Stdio::null()).output().context("starting pg_dump")?;
    ensure!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

fn ask(port: u16, password: &str, sql: &str) -> Result<String> {
    query(&address(port, password, "postgres"), sql)
}

fn address(port: u16, password: &str, database: &str) -> String {
    format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/{database}")
}

/// Makes the files of a new one below this folder.
fn make(folder: &Path, password: &str) -> Result<PathBuf> {
    let data = folder.join("data");
    let secret = folder.join("password");
    give(&secret, password)?;
    if is_root() {
        let nobody = Some(number_of(NOBODY)?);
        fs::set_permissions(folder, fs::Permissions::from_mode(0o711))?;
        fs::create_dir(&data)?;
        chown(&data, nobody, None)?;
    }
    let mut command = as_its_user("initdb")?;
    command.args([
        "--no-sync",
        "--encoding=UTF8",
        "--locale=C",
        "--auth=scram-sha-256",
        "--username",
        SUPERUSER,
    ]);
    command.arg("--pwfile").arg(&secret).arg("--pgdata").arg(&data);
    let output = command.stdin(Stdio::null()).output().context("starting initdb")?;
    ensure!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(data)
}

/// Writes a file that only its user can read.
fn give(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    if is_root() {
        chown(path, Some(number_of(NOBODY)?), None)?;
    }
    Ok(())
}

/// A program of PostgreSQL's, as a user that it accepts.
fn as_its_user(program: &str) -> Result<Command> {
    let path = programs()?.join(program);
    let mut command;
    if is_root() {
        command = Command::new("setpriv");
        command.args(["--reuid", NOBODY, "--regid", NOBODY_GROUP, "--clear-groups", "--"]).arg(path);
    } else {
        command = Command::new(path);
    }
    // Where it starts must be a folder that its user may look into.
    command.current_dir("/");
    Ok(command)
}

/// Its group.
const NOBODY_GROUP: &str = "nogroup";

fn arguments(data: &Path, port: u16, syncing: Syncing) -> Vec<std::ffi::OsString> {
    let port = port.to_string();
    let mut arguments: Vec<&OsStr> =
        vec!["-D".as_ref(), data.as_os_str(), "-h".as_ref(), "127.0.0.1".as_ref()];
    arguments.extend(["-p", &port, "-k", "", "-c", "max_connections=500"].map(OsStr::new));
    if syncing == Syncing::Off {
        let off = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"];
        arguments.extend(off.map(OsStr::new));
    }
    arguments.into_iter().map(OsStr::to_owned).collect()
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Waits until it answers.
fn answers(port: u16, password: &str) -> Result<()> {
    let until = Instant::now() + DEADLINE;
    loop {
        let answer = if listens(port) { ask(port, password, "SELECT 1") } else { Ok(String::new()) };
        match answer {
            Ok(one) if one == "1" => return Ok(()),
            Err(cause) if Instant::now() > until => return Err(cause),
            Ok(_) if Instant::now() > until => bail!("PostgreSQL does not listen on port {port}"),
            Ok(_) | Err(_) => thread::sleep(POLL),
        }
    }
}

fn is_root() -> bool {
    number_of_me().is_some_and(|number| number == 0)
}

fn number_of_me() -> Option<u32> {
    let output = Command::new("id").arg("-u").output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

fn number_of(user: &str) -> Result<u32> {
    let output = Command::new("id").args(["-u", user]).output().context("starting id")?;
    let number = String::from_utf8_lossy(&output.stdout).trim().parse();
    number.with_context(|| format!("there is no user {user} on this machine"))
}
