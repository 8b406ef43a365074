//! A storm of logins by token: connect, upgrade, log in, welcome.

use anyhow::Result;

use crate::bench::{Bench, log_in};
use crate::clock::SECOND;
use crate::crowd::Crowd;
use crate::figures::{GENERATOR, Sample, number};
use crate::gathering::rest;
use crate::process::Used;
use crate::subject::Measured;
use crate::world::Size;

/// The workload's name.
pub(crate) const NAME: &str = "logins";

/// Members of each room; everybody is in one, so that the welcome has something to say.
const MEMBERS: usize = 10;

/// Runs it once.
pub(crate) fn run(bench: &mut Bench) -> Result<Vec<Sample>> {
    let logins = bench.plan.logins.min(bench.connections.saturating_sub(1));
    let people = (logins + 1).next_multiple_of(MEMBERS);
    let size = Size { people, rooms: people / MEMBERS, members: MEMBERS, pairs: 0 };
    let (world, subject) = bench.server(size)?;
    let mut crowd = Crowd::new(subject.port())?;
    // What the first of all waits for is not what the others wait for.
    log_in(&mut crowd, &world, 0..1)?;
    rest(&mut crowd, SECOND / 5)?;
    let (server, own) = (subject.used()?, Used::by(std::process::id())?);
    let storm = log_in(&mut crowd, &world, 1..logins + 1)?;
    let (server, own) = (subject.used()?.since(&server), Used::by(std::process::id())?.since(&own));
    let mut values = vec![
        ("logins/s", logins as f64 / storm.seconds),
        ("us CPU/login", server.processor_us() / logins as f64),
        ("by ticks", server.ticks_us() / logins as f64),
    ];
    values.extend(storm.latency.figures());
    values.push(("server %", server.processor_us() / storm.seconds / 1e4));
    values.push((GENERATOR, own.processor_us() / storm.seconds / 1e4));
    Ok(vec![Sample { workload: NAME, case: number(logins as f64), values }])
}
