//! What stands behind several nodes: a PostgreSQL and a NATS that can be stopped and started, and for each node
//! its own ways to them, which can be cut and delayed.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use chat_tests::Nats;
use chat_tests::postgres::{Cluster as Postgres, Syncing};

use crate::link::Link;
use crate::node::Joined;

/// The name of the database.
const DATABASE: &str = "chat";

/// The folder of files, which every node has in its own.
const FILES: &str = "files";

/// Both, for whoever breaks them.
pub(crate) struct Engines {
    pub(crate) postgres: Postgres,
    pub(crate) nats: Nats,
}

/// A node's ways to them.
#[derive(Clone)]
pub(crate) struct Ways {
    pub(crate) database: Link,
    pub(crate) bus: Link,
}

/// See the module.
pub(crate) struct Cluster {
    // Only one fault at a time breaks them, and the end of a run looks at them.
    engines: Mutex<Engines>,
    /// By node. Not behind a lock: a node that starts may wait for them to be mended.
    ways: Vec<Ways>,
    /// The database, without a way that can break.
    address: String,
}

impl Cluster {
    /// Starts both, and opens the ways of so many nodes. Where the database may crash, it has to sync: whoever was
    /// told that something is stored was told the truth.
    ///
    /// # Errors
    /// One is not here, or does not come up.
    pub(crate) async fn start(nodes: usize, syncing: Syncing) -> Result<Self> {
        let nats = Nats::start()?;
        let postgres = Postgres::start(syncing)?;
        let address = postgres.create(DATABASE)?;
        let mut ways = Vec::new();
        for _ in 0..nodes {
            let database = Link::behind(here(postgres.port())).await?;
            let bus = Link::behind(here(nats.port())).await?;
            ways.push(Ways { database, bus });
        }
        Ok(Self { engines: Mutex::new(Engines { postgres, nats }), ways, address })
    }

    /// What a node is told of them.
    pub(crate) fn joined(&self, node: usize) -> Joined {
        let Ways { database, bus } = self.ways(node);
        let own = format!("@{}/", here(self.engines().postgres.port()));
        let database = self.address.replace(&own, &format!("@{}/", database.address()));
        Joined { database, bus: format!("nats://{}", bus.address()) }
    }

    /// The ways of a node; a number beyond them begins anew.
    pub(crate) fn ways(&self, node: usize) -> &Ways {
        // There is at least one node.
        &self.ways[node % self.ways.len()]
    }

    /// How many nodes have ways.
    pub(crate) fn nodes(&self) -> usize {
        self.ways.len()
    }

    /// The engines, for whoever breaks them.
    pub(crate) fn engines(&self) -> MutexGuard<'_, Engines> {
        self.engines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Mends all ways.
    pub(crate) fn mend(&self) {
        self.ways.iter().flat_map(|ways| [&ways.database, &ways.bus]).for_each(Link::mend);
    }

    /// Writes down what the database holds and logged, for whoever looks at a failed run.
    pub(crate) fn keep(&self, to: &Path) -> Result<()> {
        std::fs::write(to.join("postgres.log"), self.engines().postgres.log())?;
        chat_tests::postgres::dump(&self.address, &to.join("database.sql"))
    }
}

/// The folder of a node, with the files of all in it.
///
/// # Errors
/// It cannot be made.
pub(crate) fn folder(dir: &Path, node: usize) -> Result<PathBuf> {
    let (files, own) = (dir.join(FILES), dir.join(format!("node-{node}")));
    for folder in [&files, &own] {
        std::fs::create_dir_all(folder)?;
    }
    symlink(&files, own.join(FILES)).context("sharing the folder of files")?;
    Ok(own)
}

fn here(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
