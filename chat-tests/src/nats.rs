//! A real `nats-server` process: found, or on Debian as root installed.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::{DEADLINE, Folder, Running, Signal};

/// The program, and the package that has it.
const NATS: &str = "nats-server";

/// Where packages put it beside the usual places.
const PLACES: &[&str] = &["/usr/sbin", "/usr/local/bin", "/usr/bin"];

/// How often to take another port, when somebody else was quicker.
const TRIES: usize = 5;

/// A NATS that ends with this value.
pub struct Nats {
    running: Running,
    port: u16,
    _dir: Folder,
}

impl Nats {
    /// Starts one on a free port of this machine's own.
    ///
    /// # Errors
    /// There is none, and it cannot be installed; or it does not come up.
    pub fn start() -> Result<Self> {
        let dir = Folder::new("nats-")?;
        let mut last = None;
        for _ in 0..TRIES {
            let port = free_port()?;
            match launch(port) {
                Ok(running) => return Ok(Self { running, port, _dir: dir }),
                Err(cause) => last = Some(cause),
            }
        }
        Err(last.context("no try was made")?)
    }

    /// What `--bus` takes.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Its port, which stays the same over restarts.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Publishes this, as a client of NATS does.
    ///
    /// # Errors
    /// NATS does not take it.
    pub fn publish(&self, subject: &str, message: &str) -> Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(DEADLINE))?;
        let bytes = message.len();
        write!(stream, "CONNECT {{\"verbose\":false}}\r\nPUB {subject} {bytes}\r\n{message}\r\nPING\r\n")?;
        let mut lines = BufReader::new(stream).lines();
        let taken =
            lines.find(|line| line.as_ref().map_or(true, |line| line == "PONG" || line.starts_with("-ERR")));
        let taken = taken.context("NATS hung up")??;
        ensure!(taken == "PONG", "NATS says {taken}");
        Ok(())
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Starts it again on the same port, after it was killed.
    ///
    /// # Errors
    /// It does not come up.
    pub fn restart(&mut self) -> Result<()> {
        self.running.kill();
        let until = Instant::now() + DEADLINE;
        loop {
            match launch(self.port) {
                Ok(running) => {
                    self.running = running;
                    return Ok(());
                }
                // Somebody's outgoing connection may sit on our port for a moment.
                Err(cause) if Instant::now() < until && format!("{cause:#}").contains("in use") => {}
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// It has ended.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        self.running.signal(signal)
    }
}

fn launch(port: u16) -> Result<Running> {
    let mut command = Command::new(program()?);
    command.args(["--addr", "127.0.0.1", "--port", &port.to_string()]);
    // It logs to stderr; on stdout it says nothing, so its log is made its output.
    let mut shell = Command::new("sh");
    let line = std::iter::once(command.get_program()).chain(command.get_args());
    shell.args(["-c", "exec \"$0\" \"$@\" 2>&1"]).args(line);
    let mut running = Running::start(shell)?;
    let until = Instant::now() + DEADLINE;
    let mut said = String::new();
    while let Some(line) = running.line(until)? {
        if line.contains("Server is ready") {
            return Ok(running);
        }
        said.push_str(&line);
        said.push('\n');
    }
    bail!("{NATS} did not come up on port {port}:\n{said}")
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Where the program is; installed where that goes.
///
/// # Errors
/// There is none: says the command to get it.
fn program() -> Result<PathBuf> {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Ok(found.clone());
    }
    let found = match find() {
        Some(found) => found,
        None => {
            install()?;
            find().with_context(|| format!("the package {NATS} was installed, and there is no {NATS}"))?
        }
    };
    Ok(FOUND.get_or_init(|| found).clone())
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(PLACES.iter().map(PathBuf::from));
    places.map(|place| place.join(NATS)).find(|program| program.is_file())
}

fn install() -> Result<()> {
    let advice = format!(
        "these tests need {NATS}; install it with: sudo apt-get install {NATS}, or from https://nats.io/download"
    );
    let id = Command::new("id").arg("-u").output().context("starting id")?;
    let is_root = String::from_utf8_lossy(&id.stdout).trim() == "0";
    ensure!(is_root && Path::new("/etc/debian_version").exists(), "{advice}");
    let script =
        format!("apt-get install -y -q {NATS} || {{ apt-get update -q && apt-get install -y -q {NATS}; }}");
    let output = Command::new("sh")
        .args(["-c", &script])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .context("starting apt-get")?;
    ensure!(output.status.success(), "{advice}\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
