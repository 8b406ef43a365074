//! Sends that are on the disk before they are answered, with nobody else there.

use anyhow::Result;

use crate::bench::{Bench, log_in};
use crate::clock::SECOND;
use crate::crowd::Crowd;
use crate::disk;
use crate::figures::Sample;
use crate::gathering::rest;
use crate::load::{Load, Pace, Route};
use crate::talk::conversation;
use crate::world::Size;

/// The workload's name.
pub(crate) const NAME: &str = "sends";

/// Rooms with one member each.
const ROOMS: usize = 100;

/// How many of the rooms are written to, and messages under way in each. No client may have more
/// than 32.
const CASES: [(usize, usize); 3] = [(1, 1), (1, 32), (ROOMS, 8)];

/// Runs every case once, one after the other on one server.
pub(crate) fn run(bench: &mut Bench) -> Result<Vec<Sample>> {
    let (world, subject) = bench.server(Size { people: ROOMS, rooms: ROOMS, members: 1, pairs: 0 })?;
    let mut samples = Vec::new();
    for (rooms, each) in CASES {
        // Whoever is not needed is not there.
        let mut crowd = Crowd::new(subject.port())?;
        log_in(&mut crowd, &world, 0..rooms)?;
        rest(&mut crowd, SECOND / 5)?;
        let syncs = disk::syncs_a_second(bench.work())?;
        let mut routes = Vec::new();
        for (n, room) in world.rooms[..rooms].iter().enumerate() {
            let from = u32::try_from(n)?;
            routes.push(Route { from, answers: None, conversation: conversation(*room), readers: 1 });
        }
        let mut load = Load::new(&mut crowd, Some(&subject), routes, Pace::Answers, bench.plan.length);
        let mut values = load.closed(rooms * each, bench.plan.most)?.of_messages();
        values.push(("disk syncs/s", syncs));
        let rooms = if rooms == 1 { "1 room".to_owned() } else { format!("{rooms} rooms") };
        samples.push(Sample { workload: NAME, case: format!("{rooms}, {each} in flight each"), values });
    }
    Ok(samples)
}
