//! Several servers on one database: real NATS, real processes.
//!
//! What people on one node do, people on the others see, once and in order, also while NATS is away.

mod ending;
mod outage;
mod people;
mod talking;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use chat_tests::{Cluster, DEADLINE, Script};
use serde_json::Value;

use crate::scenarios::room;

/// Two nodes; ada, who owns the server, on the first, lin on the second, and their room.
pub(crate) struct Pair {
    pub(crate) cluster: Cluster,
    pub(crate) ada: Script,
    pub(crate) lin: Script,
    pub(crate) room: String,
}

pub(crate) fn pair() -> Result<Pair> {
    let cluster = Cluster::start(2)?;
    let mut ada = Script::register(&cluster.nodes[0], "ada")?;
    let mut lin = Script::register(&cluster.nodes[1], "lin")?;
    let room = room("deploys", &mut ada, &mut [&mut lin])?;
    for person in [&mut ada, &mut lin] {
        person.expect("event", |event| event["kind"] == "joined")?;
        person.forget()?;
    }
    Ok(Pair { cluster, ada, lin, room })
}

/// Reads messages of a conversation as they come, until this one; gives the numbers of all events.
pub(crate) fn read_until(script: &mut Script, conversation: &str, body: &str) -> Result<Vec<u64>> {
    let mut seqs = Vec::new();
    loop {
        let event = script.expect("event", |event| event["conversation"] == conversation)?;
        seqs.push(event["seq"].as_u64().unwrap());
        if event["body"] == body {
            return Ok(seqs);
        }
    }
}

/// That the numbers are those from the first to the last, each once and in order.
pub(crate) fn has_no_gap(seqs: &[u64]) {
    assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
}

/// Asks again and again, because what another node did is known here a moment later.
pub(crate) fn soon(mut ask: impl FnMut() -> Result<bool>) -> Result<()> {
    let until = Instant::now() + DEADLINE;
    while !ask()? {
        ensure!(Instant::now() < until, "it does not become so");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The state in which a push says that somebody is.
pub(crate) fn state_of<'a>(push: &'a Value, user: &str) -> Option<&'a str> {
    push["changes"].as_array()?.iter().find(|change| change["user"] == user)?["state"].as_str()
}
