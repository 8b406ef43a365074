//! `cargo xtask cluster`: PostgreSQL, NATS and three nodes on this machine, ready to play with, until Ctrl-C.

use std::thread;

use anyhow::{Context, Result};
use chat_tests::{Cluster, Options, Server};

use crate::build::{self, Profile};
use crate::say;
use chat_tests::tidy_up_on_signals;

/// Nodes: one more than can be told apart from a pair.
const NODES: usize = 3;

/// Starts it all, says how to talk, and waits for the signal that ends it.
pub(crate) fn run(profile: Profile) -> Result<()> {
    tidy_up_on_signals()?;
    build::binaries(profile)?;
    say("Starting PostgreSQL, NATS and three nodes …")?;
    let more = ["--name", "cluster"].map(str::to_owned).to_vec();
    let options = Options { registration: "open", presence_grace: "5s", more };
    let (cluster, database) = Cluster::start_on_postgres(NODES, options)?;
    for (n, node) in cluster.nodes.iter().enumerate() {
        say(format!("  node {}  {}  (process {})", n + 1, node.url(), node.pid()))?;
    }
    say(format!("  NATS    {}  (process {})", cluster.nats.url(), cluster.nats.pid()))?;
    say(format!("  tables  psql {database}"))?;
    let owner = cluster.nodes.last().and_then(Server::owner_invite).context("a new cluster has no owner")?;
    say(format!("  owner   {owner}  (the code of the first account; the others need none)"))?;
    say(how_to_talk(&cluster.nodes))?;
    // Ctrl-C ends this process, and with it everything above.
    loop {
        thread::park();
    }
}

/// One person for each node, and what to try.
fn how_to_talk(nodes: &[Server]) -> String {
    let mut text = "\nIn a terminal each; register, make a room, and talk from node to node:\n".to_owned();
    for (node, name) in nodes.iter().zip(["ada", "lin", "kim"]) {
        text.push_str(&format!("  cargo run --bin chat-tui -- --server {} --user {name}\n", node.url()));
    }
    text.push_str(
        "\nThen kill -9 a node, or NATS, and go on talking. `/ready` of a node says how it is.\nCtrl-C stops all of it and leaves nothing behind.",
    );
    text
}
