//! A child process with its lines: started, read with a deadline, always ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::{DEADLINE, hold, release};

/// Lines that may wait before the child has to; far more than any test leaves unread.
const LINES: usize = 20_000;

/// What is kept of a child's stderr, for the message when something fails.
const STDERR_BYTES: usize = 64 * 1024;

/// How often a wait without an event of its own looks again.
const POLL: Duration = Duration::from_millis(10);

/// What a process can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGKILL: ends at once, without a chance to tidy up.
    Kill,
    /// SIGTERM: please end.
    Terminate,
    /// SIGINT: what Ctrl-C sends.
    Interrupt,
    /// SIGHUP: the terminal is gone.
    HangUp,
    /// SIGQUIT: end, and leave things as they are.
    Quit,
    /// SIGSTOP: stand still.
    Stop,
    /// SIGCONT: go on.
    Continue,
}

impl Signal {
    /// Sends it to one process.
    ///
    /// # Errors
    /// There is no such process.
    pub fn send(self, pid: u32) -> Result<()> {
        let name = match self {
            Signal::Kill => "KILL",
            Signal::Terminate => "TERM",
            Signal::Interrupt => "INT",
            Signal::HangUp => "HUP",
            Signal::Quit => "QUIT",
            Signal::Stop => "STOP",
            Signal::Continue => "CONT",
        };
        // The shell's own `kill`, because calling the system's needs unsafe code or one more crate.
        let script = format!("kill -{name} {pid}");
        let output = Command::new("sh").args(["-c", &script]).output().context("starting sh")?;
        ensure!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(())
    }
}

/// A running child process.
pub struct Running {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    // A lock, because the thread that drains stderr writes it while a failing test reads it.
    stderr: Arc<Mutex<Vec<u8>>>,
    stderr_drained: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts a command with its three streams held here, and none of this process's own `CHAT_…`
    /// variables apart from those set on the command.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(mut command: Command) -> Result<Self> {
        let name = program_name(&command);
        clean_environment(&mut command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        hold(child.id());
        let stdin = child.stdin.take();
        let (to_lines, lines) = sync_channel(LINES);
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || read_lines(stdout, &to_lines));
        }
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&stderr);
        let stderr_drained =
            child.stderr.take().map(|stream| thread::spawn(move || keep_tail(stream, &kept)));
        Ok(Self { name, child, stdin, lines, stderr, stderr_drained })
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes one line to its stdin.
    ///
    /// # Errors
    /// It does not read any more.
    pub fn write_line(&mut self, line: &str) -> Result<()> {
        let stdin = self.stdin.as_mut().context("stdin was closed")?;
        let written = stdin.write_all(format!("{line}\n").as_bytes()).and_then(|()| stdin.flush());
        written.with_context(|| format!("{} does not read its stdin any more\n{}", self.name, self.stderr()))
    }

    /// Closes its stdin.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Its next line on stdout, or `None` at the end of it.
    ///
    /// # Errors
    /// No line came before the deadline.
    pub fn line(&mut self, until: Instant) -> Result<Option<String>> {
        match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                bail!("{} was silent for too long\n{}", self.name, self.stderr())
            }
        }
    }

    /// Its next line, if one comes within this time.
    ///
    /// # Errors
    /// It has ended.
    pub fn line_within(&mut self, time: Duration) -> Result<Option<String>> {
        match self.lines.recv_timeout(time) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => bail!("{} has ended\n{}", self.name, self.stderr()),
        }
    }

    /// Waits until it ends.
    ///
    /// # Errors
    /// It still runs at the deadline.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(Instant::now() < until, "{} does not end\n{}", self.name, self.stderr());
            // Waiting for a child with a deadline has no other way in the standard library.
            thread::sleep(POLL);
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// It has ended.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        ensure!(!self.has_ended(), "{} has ended already\n{}", self.name, self.stderr());
        signal.send(self.pid())
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        // An error here means that it has ended already, which is what was wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        release(self.child.id());
    }

    /// What it wrote on stderr, the end of it.
    #[must_use]
    pub fn stderr(&self) -> String {
        let bytes = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// All of its stderr; waits for the end of it, so call it after the end of the process.
    pub fn stderr_to_the_end(&mut self) -> String {
        if let Some(drained) = self.stderr_drained.take() {
            // The thread ends with the stream; a panic in it would only shorten the text.
            let _ = drained.join();
        }
        self.stderr()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a command to its end with this text on stdin, within the deadline.
///
/// # Errors
/// It cannot be started, or does not end.
pub fn run(command: Command, stdin: &str) -> Result<Output> {
    let mut running = Running::start(command)?;
    if !stdin.is_empty() {
        // A program that refuses before it reads is allowed to; its exit code tells.
        let _ = running.write_line(stdin.trim_end_matches('\n'));
    }
    running.close_stdin();
    let until = Instant::now() + DEADLINE;
    let mut stdout = String::new();
    while let Some(line) = running.line(until)? {
        stdout.push_str(&line);
        stdout.push('\n');
    }
    let status = running.wait()?;
    let stderr = running.stderr_to_the_end();
    Ok(Output { status, stdout: stdout.into_bytes(), stderr: stderr.into_bytes() })
}

fn program_name(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned()
}

/// Takes this process's own `CHAT_…` variables away from a command, apart from those set on it: a
/// developer who has `CHAT_TOKEN` set must not send tests to the team's server.
pub fn clean_environment(command: &mut Command) {
    let set: Vec<_> = command.get_envs().map(|(key, _)| key.to_owned()).collect();
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("CHAT_") && !set.contains(&key) {
            command.env_remove(&key);
        }
    }
}

fn read_lines(stream: impl Read, lines: &SyncSender<String>) {
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        if lines.send(line).is_err() {
            return;
        }
    }
}

fn keep_tail(mut stream: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&buffer[..read]);
        let surplus = kept.len().saturating_sub(STDERR_BYTES);
        kept.drain(..surplus);
    }
}
