//! Several real servers on one database, with a real NATS between them.
//!
//! The database is the one of the run: SQLite in a folder that they share, or PostgreSQL where the run is about that.
//! [`Cluster::start_on_postgres`] has one of its own.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::http::Http;
use crate::postgres::{self, Database, Syncing};
use crate::server::{database_in, name_database};
use crate::{DEADLINE, Folder, Nats, Options, Server};

/// How often a wait without an event of its own looks again.
const POLL: Duration = Duration::from_millis(20);

/// Nodes that end with this value.
pub struct Cluster {
    /// The servers; the first is started first, and makes the first account.
    pub nodes: Vec<Server>,
    /// What carries what happens between them.
    pub nats: Nats,
    dir: Arc<Folder>,
    options: Options,
    _database: Option<Database>,
    _postgres: Option<postgres::Cluster>,
}

/// The name of the database in a PostgreSQL of its own.
const DATABASE: &str = "chat";

impl Cluster {
    /// Starts so many nodes that everybody may register on, and waits until they hear each other.
    ///
    /// # Errors
    /// One does not come up.
    pub fn start(nodes: usize) -> Result<Self> {
        Self::start_with(nodes, Options::default())
    }

    /// Starts so many nodes, and waits until they hear each other.
    ///
    /// # Errors
    /// One does not come up.
    pub fn start_with(nodes: usize, options: Options) -> Result<Self> {
        let mut cluster = Self::empty(options)?;
        cluster._database = database_in(cluster.dir.path())?;
        cluster.with(nodes)
    }

    /// As [`start_with`](Self::start_with), with a PostgreSQL that is theirs alone and syncs as people run it; its
    /// address.
    ///
    /// # Errors
    /// Something does not come up.
    pub fn start_on_postgres(nodes: usize, options: Options) -> Result<(Self, String)> {
        let mut cluster = Self::empty(options)?;
        let postgres = postgres::Cluster::start(Syncing::On)?;
        let address = postgres.create(DATABASE)?;
        name_database(cluster.dir.path(), &address)?;
        cluster._postgres = Some(postgres);
        Ok((cluster.with(nodes)?, address))
    }

    fn empty(mut options: Options) -> Result<Self> {
        let nats = Nats::start()?;
        options.more.extend(["--bus".to_owned(), nats.url()]);
        let dir = Arc::new(Folder::new("chat-cluster-")?);
        Ok(Self { nodes: Vec::new(), nats, dir, options, _database: None, _postgres: None })
    }

    fn with(mut self, nodes: usize) -> Result<Self> {
        for _ in 0..nodes {
            self.add()?;
        }
        self.hear_each_other(true)?;
        Ok(self)
    }

    /// Starts one more.
    ///
    /// # Errors
    /// It does not come up.
    pub fn add(&mut self) -> Result<&Server> {
        self.nodes.push(Server::start_beside(&self.dir, self.options.clone())?);
        Ok(&self.nodes[self.nodes.len() - 1])
    }

    /// Waits until every node that runs says that it hears the others over the bus, or does not.
    ///
    /// # Errors
    /// One says otherwise until the deadline.
    pub fn hear_each_other(&self, hear: bool) -> Result<()> {
        let until = Instant::now() + DEADLINE;
        for node in &self.nodes {
            loop {
                let Ok(answer) = Http::stranger(node).ask("GET", "/ready", &[], b"") else { break };
                let said = String::from_utf8_lossy(&answer.body).into_owned();
                if said.contains("degraded") != hear {
                    break;
                }
                ensure!(Instant::now() < until, "a node still says: {said}");
                // What a node thinks of its bus is told nobody; it is asked.
                thread::sleep(POLL);
            }
        }
        Ok(())
    }
}
