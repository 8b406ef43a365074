//! A real `nats-server` process: found, or on Debian as root installed.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::{DEADLINE, Folder, Running, Signal, program};

/// The program, and the package that has it.
const NATS: &str = "nats-server";

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

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.pid()
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
    let mut command = Command::new(program(NATS)?);
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
