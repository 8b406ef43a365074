//! One server: a process on a data directory, which can be killed, stopped and started again on its port.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use chat_tests::{DEADLINE, Running, Signal, bin};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::fault::faketime;

/// A heartbeat so short that a run can outlast it.
const SHORT_PING: &str = "1s";

/// So much is asked of one account here that no limit for people fits.
const REQUESTS: &str = "1000000";

/// Connections that a server takes: the largest crowd and all others. When a crowd is cut and comes back at once, the
/// new connections wait for the old ones to be let go, as with any number that fits the limit on open files.
const CONNECTIONS: &str = "12000";

/// What a file may grow to while the disk is "full" without a disk of its own: nothing.
const NO_ROOM: u64 = 4_096;

/// How long a start may be tried again while something else sits on the port.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long one of several may take to come up: what it needs may be broken meanwhile, and whoever looks
/// after it would start it again and again.
const COMES_UP: Duration = Duration::from_secs(90);

/// What makes a server one of several.
#[derive(Debug, Clone)]
pub(crate) struct Joined {
    /// The database of all, as this one reaches it.
    pub(crate) database: String,
    /// NATS, as this one reaches it.
    pub(crate) bus: String,
}

/// See the module.
pub(crate) struct Node {
    data: PathBuf,
    joined: Option<Joined>,
    /// Where the time lies that it is told, if its clock can jump.
    clock: Option<PathBuf>,
    port: u16,
    ping: &'static str,
    /// Variables that it gets besides.
    variables: &'static [(&'static str, &'static str)],
    running: Option<Running>,
    /// What it logged in its lives so far.
    log: String,
    /// How often it was started.
    pub(crate) lives: usize,
}

impl Node {
    /// A server on this folder. Not started yet.
    pub(crate) fn new(data: PathBuf, clock: Option<PathBuf>) -> Self {
        let (joined, ping, log) = (None, SHORT_PING, String::new());
        Self { data, joined, clock, port: 0, ping, variables: &[], running: None, log, lives: 0 }
    }

    /// The same as one of several.
    pub(crate) fn joined(mut self, joined: Joined) -> Self {
        self.joined = Some(joined);
        self
    }

    /// The same with another heartbeat.
    pub(crate) fn with_ping(mut self, ping: &'static str) -> Self {
        self.ping = ping;
        self
    }

    /// The same with these variables.
    pub(crate) fn with_variables(mut self, variables: &'static [(&'static str, &'static str)]) -> Self {
        self.variables = variables;
        self
    }

    /// Where it listens, after its first start.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Where clients connect that no fault is meant for.
    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address())
    }

    /// Its folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(Running::pid)
    }

    /// Starts it, on the port that it had before.
    ///
    /// # Errors
    /// It does not come up; says what it logged.
    pub(crate) fn start(&mut self) -> Result<()> {
        let began = Instant::now();
        loop {
            let cause = match self.launch() {
                Ok((running, port)) => {
                    (self.running, self.port) = (Some(running), port);
                    self.lives += 1;
                    return Ok(());
                }
                Err(cause) => cause,
            };
            let text = format!("{cause:#}");
            // Somebody's outgoing connection may sit on the port for a moment.
            let patience = match &self.joined {
                Some(_) => COMES_UP,
                None if text.contains("in use") => DEADLINE,
                None => Duration::ZERO,
            };
            if began.elapsed() >= patience {
                return Err(cause);
            }
            self.log.push_str(&format!("--- does not come up: {text} ---\n"));
            std::thread::sleep(PATIENCE);
        }
    }

    fn launch(&self) -> Result<(Running, u16)> {
        let mut command = Command::new("sh");
        // A write beyond the limit on files must fail, not kill; what is ignored stays so.
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(bin("chat-server")?).arg("serve");
        command.args(["--listen", &format!("127.0.0.1:{}", self.port)]).arg("--data-dir").arg(&self.data);
        command.args(["--registration", "open", "--presence-grace", "200ms", "--ping-interval", self.ping]);
        command.args(["--requests-per-second", REQUESTS, "--request-burst", REQUESTS]);
        command.args(["--max-connections", CONNECTIONS, "--connections-per-address", CONNECTIONS]);
        if let Some(Joined { database, bus }) = &self.joined {
            command.args(["--bus", bus]).env("CHAT_SERVER_DATABASE", database);
        }
        if let (Some(clock), Some(library)) = (&self.clock, faketime()) {
            command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", clock);
            command.env("FAKETIME_NO_CACHE", "1").env("DONT_FAKE_MONOTONIC", "1");
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        command.envs(self.variables.iter().copied());
        let mut running = Running::start(command)?;
        let until = Instant::now() + DEADLINE;
        while let Some(line) = running.line(until)? {
            if let Some(address) = line.strip_prefix("listening on ") {
                let port = address.trim().rsplit(':').next().and_then(|port| port.parse().ok());
                let port = port.with_context(|| format!("no port in {line:?}"))?;
                ensure!(self.port == 0 || port == self.port, "asked for port {}, got {port}", self.port);
                return Ok((running, port));
            }
        }
        running.wait()?;
        bail!("the server does not come up:\n{}", running.stderr_to_the_end())
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.kill();
            self.log.push_str(&running.stderr_to_the_end());
            self.log.push_str("--- killed ---\n");
        }
    }

    /// Tells it to end, and waits for that.
    ///
    /// # Errors
    /// It does not end in time, or ends badly.
    pub(crate) fn end(&mut self) -> Result<()> {
        if let Some(mut running) = self.running.take() {
            running.signal(Signal::Terminate)?;
            let status = running.wait()?;
            self.log.push_str(&running.stderr_to_the_end());
            self.log.push_str("--- ended ---\n");
            ensure!(status.success(), "the server ended with {status}");
        }
        Ok(())
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// It does not run.
    pub(crate) fn signal(&mut self, signal: Signal) -> Result<()> {
        self.running.as_mut().context("the server does not run")?.signal(signal)
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_died(&mut self) -> bool {
        self.running.as_mut().is_some_and(Running::has_ended)
    }

    /// Lets files grow no further, or lets them again.
    ///
    /// # Errors
    /// The system does not take it.
    pub(crate) fn room_for_files(&self, has_room: bool) -> Result<()> {
        let pid = self.pid().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        let pid = pid.context("the server does not run")?;
        let limit = Rlimit { current: (!has_room).then_some(NO_ROOM), maximum: None };
        prlimit(Some(pid), Resource::Fsize, limit).map(drop).context("setting the limit on files")
    }

    /// All that it logged.
    pub(crate) fn log(&self) -> String {
        let now = self.running.as_ref().map(Running::stderr).unwrap_or_default();
        format!("{}{now}", self.log)
    }
}
