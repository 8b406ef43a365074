//! Nodes on one database, with NATS between them, and what all of them use together.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chat_tests::{Folder, Nats, Running, bin};

use crate::process::Used;
use crate::subject::{Measured, listening, prepare};

/// How long nodes may take to hear each other.
const PATIENCE: Duration = Duration::from_secs(30);

/// Nodes that end with this value.
pub(super) struct Nodes {
    nodes: Vec<(Running, u16, Folder)>,
    _nats: Nats,
}

impl Nodes {
    /// Starts so many below this folder.
    ///
    /// # Errors
    /// One does not come up, or does not hear the others.
    pub(super) fn start(dir: &Path, database: &str, count: usize) -> Result<Self> {
        let nats = Nats::start()?;
        let mut nodes = Vec::new();
        for _ in 0..count {
            let folder = Folder::below(dir, "node-")?;
            let file = folder.path().join("server.toml");
            fs::write(&file, format!("database = {database:?}\nbus = [{:?}]\n", nats.url()))?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
            let mut command = Command::new(bin("chat-server")?);
            prepare(&mut command, folder.path(), 0);
            let (running, port) = listening(Running::start(command)?)?;
            nodes.push((running, port, folder));
        }
        let until = Instant::now() + PATIENCE;
        for (node, port, _) in &nodes {
            while !hears(*port)? {
                ensure!(Instant::now() < until, "a node does not hear the others\n{}", node.stderr());
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(Self { nodes, _nats: nats })
    }

    /// Where they listen.
    pub(super) fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(|(_, port, _)| *port).collect()
    }
}

impl Measured for Nodes {
    fn used(&self) -> Result<Used> {
        let mut all = Used::default();
        for (node, ..) in &self.nodes {
            all = all.and(Used::by(node.pid()).with_context(|| node.stderr())?);
        }
        Ok(all)
    }
}

/// Whether a node says that its bus is there.
fn hears(port: u16) -> Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.ends_with("\r\n\r\nready\n"))
}
