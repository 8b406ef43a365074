//! Messages to rooms: what one costs for each who receives it.

use anyhow::Result;

use crate::bench::{Bench, log_in};
use crate::clock::SECOND;
use crate::crowd::Crowd;
use crate::figures::{Sample, number};
use crate::gathering::rest;
use crate::load::{Load, Pace, Route};
use crate::plan::Rooms;
use crate::talk::conversation;
use crate::world::{Size, World};

/// The workload's name.
pub(crate) const NAME: &str = "fanout";

/// Those of a room who send.
const SENDERS: usize = 10;

/// Part of the maximum in the second phase.
const HALF: f64 = 0.5;

/// Runs every case once.
pub(crate) fn run(bench: &mut Bench) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for rooms in bench.plan.fanout.clone() {
        // Fewer than planned say something else, so none is better.
        if rooms.rooms * rooms.members <= bench.connections {
            samples.extend(case(bench, rooms)?);
        }
    }
    Ok(samples)
}

fn case(bench: &mut Bench, rooms: Rooms) -> Result<Vec<Sample>> {
    let people = rooms.rooms * rooms.members;
    let size = Size { people, rooms: rooms.rooms, members: rooms.members, pairs: 0 };
    let (world, subject) = bench.server(size)?;
    let mut crowd = Crowd::new(subject.port())?;
    log_in(&mut crowd, &world, 0..people)?;
    rest(&mut crowd, SECOND / 2)?;
    let plan = &bench.plan;
    let mut load = Load::new(&mut crowd, Some(&subject), routes(&world, rooms)?, Pace::Rooms, plan.length);
    let most = load.closed(rooms.window, plan.most)?;
    let half = load.open(most.messages_a_second() * HALF, plan.half)?;
    let name = match rooms.rooms {
        1 => number(rooms.members as f64),
        many => format!("{many} rooms of {}", rooms.members),
    };
    let sample = |phase: String, values| Sample { workload: NAME, case: format!("{name}, {phase}"), values };
    let mut samples = vec![
        sample(format!("{} in flight", rooms.window), most.of_deliveries()),
        sample(format!("half of {}", rooms.window), half.of_deliveries()),
    ];
    if let Some(rate) = rooms.fixed {
        let fixed = load.open(rate / rooms.members as f64, plan.fixed)?;
        samples.push(sample(format!("{}/s", number(rate)), fixed.of_deliveries()));
    }
    Ok(samples)
}

fn routes(world: &World, rooms: Rooms) -> Result<Vec<Route>> {
    let readers = u32::try_from(rooms.members)?;
    let mut routes = Vec::new();
    for sender in 0..SENDERS.min(rooms.members) {
        for (n, room) in world.rooms.iter().enumerate() {
            let from = u32::try_from(n * rooms.members + sender)?;
            routes.push(Route { from, answers: None, conversation: conversation(*room), readers });
        }
    }
    Ok(routes)
}
