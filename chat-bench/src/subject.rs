//! The server that is measured: a process of its own with a folder of its own, on a core of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use chat_tests::{Folder, Running, Signal, bin};

use crate::machine::Cores;
use crate::process::{Memory, Used};

/// How long it may take to come up: under valgrind fifty times as long as alone.
const PATIENCE: Duration = Duration::from_secs(120);

/// No limit of the server is what is measured.
const GENEROUS: [&str; 12] = [
    "--requests-per-second",
    "1000000",
    "--request-burst",
    "1000000",
    "--connections-per-address",
    "100000",
    "--max-connections",
    "100000",
    "--registration",
    "closed",
    "--log",
    "warn",
];

/// What is measured while it serves.
pub(crate) trait Measured {
    /// What it has used so far.
    ///
    /// # Errors
    /// It is gone; the message has the end of its log.
    fn used(&self) -> Result<Used>;
}

/// A server that ends with this value. Its folder goes too.
pub(crate) struct Subject {
    running: Running,
    folder: Folder,
    cores: Cores,
    port: u16,
}

impl Subject {
    /// Starts one on a copy of this database, in a folder below `dir`.
    ///
    /// # Errors
    /// It does not come up.
    pub(crate) fn start(dir: &Path, database: &Path, cores: Cores) -> Result<Self> {
        let folder = Folder::below(dir, "server-")?;
        for file in fs::read_dir(database)? {
            let file = file?.path();
            fs::copy(&file, folder.path().join(file.file_name().unwrap_or_default()))?;
        }
        let (running, port) = launch(Command::new(bin("chat-server")?), folder.path(), 0, cores)?;
        Ok(Self { running, folder, cores, port })
    }

    /// Cuts it off (SIGKILL) and starts it again on the same folder and port.
    ///
    /// # Errors
    /// It does not come up again.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.running.kill();
        let server = Command::new(bin("chat-server")?);
        (self.running, self.port) = launch(server, self.folder.path(), self.port, self.cores)?;
        Ok(())
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its memory now.
    ///
    /// # Errors
    /// It is gone; the message has the end of its log.
    pub(crate) fn memory(&self) -> Result<Memory> {
        Memory::of(self.running.pid()).with_context(|| self.running.stderr())
    }
}

impl Measured for Subject {
    fn used(&self) -> Result<Used> {
        Used::by(self.running.pid()).with_context(|| self.running.stderr())
    }
}

impl Drop for Subject {
    /// A server to which all was well has logged nothing.
    fn drop(&mut self) {
        let log = self.running.stderr();
        if !log.is_empty() {
            eprintln!("the server's log:\n{log}");
        }
    }
}

/// The server's program under another one, which gets these arguments before it.
///
/// # Errors
/// The server was not built.
pub(crate) fn under(program: &str, arguments: &[String]) -> Result<Command> {
    let mut command = Command::new(program);
    command.args(arguments).arg(bin("chat-server")?);
    Ok(command)
}

/// Starts a server and waits until it listens; returns its port.
///
/// # Errors
/// It does not come up.
pub(crate) fn launch(mut command: Command, dir: &Path, port: u16, cores: Cores) -> Result<(Running, u16)> {
    prepare(&mut command, dir, port);
    listening(cores.for_server(|| Running::start(command))?)
}

/// Gives `chat-server` the arguments of one that is measured, on this folder and port.
pub(crate) fn prepare(command: &mut Command, dir: &Path, port: u16) {
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data-dir"]).arg(dir).args(GENEROUS);
}

/// Waits until a server listens; gives it back with its port.
///
/// # Errors
/// It does not come up.
pub(crate) fn listening(mut running: Running) -> Result<(Running, u16)> {
    let until = Instant::now() + PATIENCE;
    while let Some(line) = running.line(until)? {
        if let Some(address) = line.strip_prefix("listening on ") {
            let port = address.trim().rsplit(':').next().and_then(|port| port.parse().ok());
            return Ok((running, port.with_context(|| format!("no port in {line:?}"))?));
        }
    }
    running.wait()?;
    bail!("chat-server did not come up:\n{}", running.stderr_to_the_end())
}

/// Asks a server to end, and waits until it has.
///
/// # Errors
/// It does not.
pub(crate) fn stop(mut running: Running) -> Result<()> {
    running.signal(Signal::Terminate)?;
    let until = Instant::now() + PATIENCE;
    while !running.has_ended() {
        if Instant::now() > until {
            bail!("chat-server does not end\n{}", running.stderr());
        }
        // Its lines end with it; there is nothing else to wait for.
        if running.line_within(Duration::from_millis(200)).is_err() {
            running.wait()?;
        }
    }
    Ok(())
}

/// A folder for databases and servers: on the disk, not in memory, because commits are measured.
///
/// # Errors
/// It cannot be made.
pub(crate) fn workshop(dir: &Path) -> Result<PathBuf> {
    let dir = dir.join("work");
    fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
    Ok(dir)
}
