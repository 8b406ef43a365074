//! Connections on which nothing happens: logged in, in a room, answering pings.

use anyhow::Result;

use crate::bench::{Bench, log_in};
use crate::clock::{SECOND, nanoseconds};
use crate::crowd::Crowd;
use crate::figures::{Sample, Values, number};
use crate::gathering::rest;
use crate::process::Memory;
use crate::subject::Measured;
use crate::world::Size;

/// The workload's name.
pub(crate) const NAME: &str = "idle";

/// Members of each room; everybody is in one.
const MEMBERS: usize = 10;

/// Bytes of a mebibyte.
const MIB: f64 = 1_048_576.0;

/// Runs all steps on one server, and then leaves it alone.
pub(crate) fn run(bench: &mut Bench) -> Result<Vec<Sample>> {
    let mut steps: Vec<usize> =
        bench.plan.idle.iter().map(|step| (*step).min(bench.connections) / MEMBERS * MEMBERS).collect();
    steps.dedup();
    let people = steps.iter().copied().max().unwrap_or_default();
    let size = Size { people, rooms: people / MEMBERS, members: MEMBERS, pairs: 0 };
    let (world, subject) = bench.server(size)?;
    let mut crowd = Crowd::new(subject.port())?;
    // What is made once for all is not counted for anybody.
    log_in(&mut crowd, &world, 0..1)?;
    rest(&mut crowd, SECOND / 2)?;
    let alone = subject.memory()?;
    let mut samples = Vec::new();
    for step in steps {
        let before = crowd.len();
        log_in(&mut crowd, &world, before..step)?;
        rest(&mut crowd, SECOND)?;
        let case = format!("{} joined", number(step as f64));
        samples.push(Sample { workload: NAME, case, values: memory(subject.memory()?, alone, step) });
    }
    let quiet = nanoseconds(bench.plan.quiet);
    let (before, pings) = (subject.used()?, crowd.pings);
    rest(&mut crowd, quiet)?;
    let used = subject.used()?.since(&before);
    let seconds = quiet as f64 / SECOND as f64;
    let mut values = memory(subject.memory()?, alone, crowd.len());
    values.push(("server %", used.processor_us() / seconds / 1e4));
    values.push(("wake-ups/s", used.wakes() as f64 / seconds));
    values.push(("pings answered/s", (crowd.pings - pings) as f64 / seconds));
    let case = format!("{} after {} s", number(crowd.len() as f64), number(seconds));
    samples.push(Sample { workload: NAME, case, values });
    Ok(samples)
}

fn memory(now: Memory, alone: Memory, connections: usize) -> Values {
    // The one that was there before has its part in both.
    let others = connections.saturating_sub(1).max(1) as f64;
    vec![
        ("RSS bytes/connection", (now.resident as f64 - alone.resident as f64) / others),
        ("anonymous bytes/connection", (now.anonymous as f64 - alone.anonymous as f64) / others),
        ("RSS MiB", now.resident as f64 / MIB),
        ("RSS MiB alone", alone.resident as f64 / MIB),
    ]
}
