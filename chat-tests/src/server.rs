//! A real `chat-server` process with a folder of its own.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::postgres::Database;
use crate::{DEADLINE, Folder, Nats, Running, Signal, bin, run};

/// How a server is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// `open`, `invite` or `closed`.
    pub registration: &'static str,
    /// How long a cut person stays as they were. Short, so that tests of it are.
    pub presence_grace: &'static str,
    /// Further arguments of `chat-server serve`.
    pub more: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { registration: "open", presence_grace: "200ms", more: Vec::new() }
    }
}

/// A server that ends with this value. Its folder goes too.
pub struct Server {
    // Dropped in this order: first what uses the others.
    running: Running,
    dir: Arc<Folder>,
    options: Options,
    ready: Ready,
    /// Further nodes on the same folder, if [`NODES`] asks for them.
    others: Option<Others>,
    _database: Option<Database>,
}

/// With a number in this variable, every server of the tests is so many nodes, and who connects
/// comes to one after the other: any test of one server is a test of several then. For looking at, not
/// for the suite: a test that waits for nothing on one node may have to on two.
const NODES: &str = "NODES_OF_TESTS";

/// The nodes beside the first, and what connects them.
struct Others {
    nodes: Vec<Server>,
    turn: AtomicUsize,
    _nats: Nats,
}

/// The variable by which a run of the tests chooses PostgreSQL (`postgres`) in place of SQLite.
const ENGINE: &str = "CHAT_TEST_ENGINE";

/// What a server printed before it served.
struct Ready {
    url: String,
    port: u16,
    owner_invite: Option<String>,
}

impl Server {
    /// Starts a server that everybody may register on.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start() -> Result<Self> {
        Self::start_with(Options::default())
    }

    /// Starts a server on a free port with a new folder.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start_with(options: Options) -> Result<Self> {
        let dir = Arc::new(Folder::new("chat-server-")?);
        let database = database_in(dir.path())?;
        let first = match std::env::var(NODES).ok().and_then(|nodes| nodes.parse::<usize>().ok()) {
            Some(nodes @ 2..) => Self::start_many(&dir, &options, nodes)?,
            _ => Self::start_beside(&dir, options)?,
        };
        Ok(Self { _database: database, ..first })
    }

    fn start_many(dir: &Arc<Folder>, options: &Options, nodes: usize) -> Result<Self> {
        let nats = Nats::start()?;
        let mut options = options.clone();
        options.more.extend(["--bus".to_owned(), nats.url()]);
        let mut first = Self::start_beside(dir, options.clone())?;
        let nodes = (1..nodes).map(|_| Self::start_beside(dir, options.clone())).collect::<Result<_>>()?;
        first.others = Some(Others { nodes, turn: AtomicUsize::new(0), _nats: nats });
        Ok(first)
    }

    /// Starts a server on a free port, on a folder that others may use as well; then the options
    /// name a bus.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start_beside(dir: &Arc<Folder>, options: Options) -> Result<Self> {
        let (running, ready) = launch(dir.path(), &options, 0)?;
        Ok(Self { running, dir: dir.clone(), options, ready, others: None, _database: None })
    }

    /// Starts a server on a folder that has something in it, and on this port; 0 takes a free one.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start_in(dir: Folder, options: Options, port: u16) -> Result<Self> {
        let (running, ready) = launch(dir.path(), &options, port)?;
        Ok(Self { running, dir: Arc::new(dir), options, ready, others: None, _database: None })
    }

    /// Where clients connect, as the server printed it.
    #[must_use]
    pub fn url(&self) -> String {
        let Some(Others { nodes, turn, .. }) = &self.others else { return self.ready.url.clone() };
        match turn.fetch_add(1, Ordering::Relaxed) % (nodes.len() + 1) {
            0 => self.ready.url.clone(),
            n => nodes[n - 1].ready.url.clone(),
        }
    }

    /// Its port, which stays the same over restarts.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ready.port
    }

    /// Its folder.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    /// The invite for the first account, which a server without accounts prints.
    #[must_use]
    pub fn owner_invite(&self) -> Option<&str> {
        // The newest code counts, so that of the node that was started last.
        let last = self.others.as_ref().and_then(|others| others.nodes.last()).unwrap_or(self);
        last.ready.owner_invite.as_deref()
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// What it logged, the end of it.
    #[must_use]
    pub fn log(&self) -> String {
        self.running.stderr()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.running.kill();
        self.others.iter_mut().flat_map(|others| &mut others.nodes).for_each(Server::kill);
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// It has ended.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        self.running.signal(signal)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It still runs at the deadline.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        self.running.wait()
    }

    /// Starts it again on the same folder and port, after it ended or was killed.
    ///
    /// # Errors
    /// It does not come up.
    pub fn restart(&mut self) -> Result<()> {
        self.running.kill();
        let until = Instant::now() + DEADLINE;
        loop {
            match launch(self.dir.path(), &self.options, self.ready.port) {
                Ok((running, ready)) => {
                    let (asked, port) = (self.ready.port, ready.port);
                    ensure!(port == asked, "asked for port {asked}, listens on {port}");
                    (self.running, self.ready) = (running, ready);
                    return self
                        .others
                        .iter_mut()
                        .flat_map(|others| &mut others.nodes)
                        .try_for_each(Server::restart);
                }
                // Somebody's outgoing connection may sit on our port for a moment.
                Err(cause) if Instant::now() < until && format!("{cause:#}").contains("in use") => {}
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Runs `chat-server` with these arguments on the same folder, beside the running one.
    ///
    /// # Errors
    /// It cannot be started, or does not end.
    pub fn command(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new(bin("chat-server")?);
        command.args(arguments).arg("--data-dir").arg(self.dir.path());
        run(command, "")
    }

    /// The fingerprint of its certificate, in one word; empty where it has no TLS.
    ///
    /// # Errors
    /// The command fails.
    pub fn fingerprint(&self) -> Result<String> {
        if !self.ready.url.starts_with("wss:") {
            return Ok(String::new());
        }
        let arguments = ["cert", "--json"].into_iter().chain(self.options.more.iter().map(String::as_str));
        let output = self.command(&arguments.collect::<Vec<_>>())?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let shown: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        Ok(shown["fingerprint"].as_str().context("no fingerprint")?.to_owned())
    }

    /// A new invite code for members.
    ///
    /// # Errors
    /// The command fails.
    pub fn invite(&self) -> Result<String> {
        self.invite_as("member")
    }

    /// A new invite code for accounts with this role.
    ///
    /// # Errors
    /// The command fails.
    pub fn invite_as(&self, role: &str) -> Result<String> {
        let output = self.command(&["invite", "create", "--role", role])?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let stdout = String::from_utf8(output.stdout)?;
        let code = stdout.split_whitespace().last().context("no invite code was printed")?;
        Ok(code.to_owned())
    }

    /// Memory that it holds, in bytes (Linux only).
    ///
    /// # Errors
    /// `/proc` does not tell.
    pub fn resident_bytes(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024)
    }
}

/// A database of its own for the server of this folder, where the run is about PostgreSQL. The folder's
/// configuration names it, so every command on the folder finds it.
pub(crate) fn database_in(dir: &Path) -> Result<Option<Database>> {
    if std::env::var(ENGINE).as_deref() != Ok("postgres") {
        return Ok(None);
    }
    let database = Database::new()?;
    name_database(dir, &database.address())?;
    Ok(Some(database))
}

/// Has the configuration of this folder name a database.
pub(crate) fn name_database(dir: &Path, address: &str) -> Result<()> {
    let file = dir.join("server.toml");
    std::fs::write(&file, format!("database = {address:?}\n"))?;
    Ok(std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?)
}

/// Starts the process and reads what it prints until it is ready.
fn launch(dir: &Path, options: &Options, port: u16) -> Result<(Running, Ready)> {
    let mut command = Command::new(bin("chat-server")?);
    command
        .arg("serve")
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .arg("--data-dir")
        .arg(dir)
        .args(["--registration", options.registration, "--presence-grace", options.presence_grace])
        .args(&options.more);
    let mut running = Running::start(command)?;
    let until = Instant::now() + DEADLINE;
    let mut owner_invite = None;
    // Other lines are words for people.
    while let Some(line) = running.line(until)? {
        if let Some(code) = line.strip_prefix("owner invite: ") {
            owner_invite = Some(code.trim().to_owned());
        } else if let Some(address) = line.strip_prefix("listening on ") {
            let url = address.trim().to_owned();
            let port = url.rsplit(':').next().and_then(|port| port.parse().ok());
            let port = port.with_context(|| format!("no port in {line:?}"))?;
            return Ok((running, Ready { url, port, owner_invite }));
        }
    }
    // Its stderr says why; wait for the end so that it is complete.
    running.wait()?;
    bail!("chat-server did not come up:\n{}", running.stderr_to_the_end())
}
