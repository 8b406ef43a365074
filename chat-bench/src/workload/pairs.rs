//! People who answer each other, two and two: what a message costs that one other reads.

use anyhow::Result;

use crate::bench::{Bench, log_in};
use crate::clock::SECOND;
use crate::crowd::Crowd;
use crate::disk;
use crate::figures::{Sample, number};
use crate::gathering::rest;
use crate::load::{Load, Pace, Phase, Route};
use crate::talk::conversation;
use crate::world::Size;

/// The workload's name.
pub(crate) const NAME: &str = "pairs";

/// Runs it once.
pub(crate) fn run(bench: &mut Bench) -> Result<Vec<Sample>> {
    let (pairs, fixed) = bench.plan.pairs;
    let size = Size { people: 2 * pairs, rooms: 0, members: 0, pairs };
    let (world, subject) = bench.server(size)?;
    let mut crowd = Crowd::new(subject.port())?;
    log_in(&mut crowd, &world, 0..2 * pairs)?;
    rest(&mut crowd, SECOND / 2)?;
    let syncs = disk::syncs_a_second(bench.work())?;
    let mut routes = Vec::new();
    for (n, pair) in world.pairs.iter().enumerate() {
        let from = u32::try_from(2 * n)?;
        routes.push(Route { from, answers: Some(from + 1), conversation: conversation(*pair), readers: 2 });
    }
    let plan = &bench.plan;
    let mut load = Load::new(&mut crowd, Some(&subject), routes, Pace::Pairs, plan.length);
    let most = load.closed(pairs, plan.most)?;
    let half = load.open(most.messages_a_second() / 2.0, plan.half)?;
    let same = load.open(fixed, plan.fixed)?;
    let sample = |phase: String, measured: &Phase| {
        let mut values = measured.of_messages();
        values.push(("disk syncs/s", syncs));
        Sample { workload: NAME, case: format!("{pairs} pairs, {phase}"), values }
    };
    Ok(vec![
        sample("one each".to_owned(), &most),
        sample("half of that".to_owned(), &half),
        sample(format!("{}/s", number(fixed)), &same),
    ])
}
