//! The server was killed and is back: all clients come at once and ask for what they missed.

use std::time::Instant;

use anyhow::{Result, ensure};

use crate::bench::{Bench, log_in};
use crate::clock::SECOND;
use crate::crowd::Crowd;
use crate::figures::{GENERATOR, Sample, number};
use crate::gathering::{gather, rest};
use crate::load::{Load, Pace, Route};
use crate::process::Used;
use crate::subject::Measured;
use crate::talk::{self, Id, conversation};
use crate::world::{Size, World};

/// The workload's name.
pub(crate) const NAME: &str = "resumes";

/// Members of each room; everybody is in one.
const MEMBERS: usize = 100;

/// Messages that everybody missed.
const MISSED: usize = 5;

/// Clients that are coming in at once; real ones wait for different times, these do not.
const AT_ONCE: usize = 1_000;

/// Runs it once.
pub(crate) fn run(bench: &mut Bench) -> Result<Vec<Sample>> {
    let clients = bench.plan.resumes.min(bench.connections);
    let members = MEMBERS.min(clients);
    let people = clients / members * members;
    let (world, mut subject) = bench.server(Size { people, rooms: people / members, members, pairs: 0 })?;
    let mut crowd = Crowd::new(subject.port())?;
    log_in(&mut crowd, &world, 0..people)?;
    rest(&mut crowd, SECOND / 2)?;
    let mut routes = Vec::new();
    for (n, room) in world.rooms.iter().enumerate() {
        let from = u32::try_from(n * members)?;
        let readers = u32::try_from(members)?;
        routes.push(Route { from, answers: None, conversation: conversation(*room), readers });
    }
    let messages = routes.len() * MISSED;
    Load::new(&mut crowd, Some(&subject), routes, Pace::Rooms, bench.plan.length).one_by_one(messages)?;
    drop(crowd);
    let down = Instant::now();
    subject.restart()?;
    let start = down.elapsed().as_secs_f64();
    let mut crowd = Crowd::new(subject.port())?;
    let (server, own) = (subject.used()?, Used::by(std::process::id())?);
    let back = gather(&mut crowd, greetings(&world).into_iter(), Id::RESUME, AT_ONCE)?;
    let (server, own) = (subject.used()?.since(&server), Used::by(std::process::id())?.since(&own));
    ensure!(
        back.messages == (MISSED, MISSED),
        "everybody missed {MISSED} messages and got between {:?}",
        back.messages
    );
    let mut values = vec![
        ("s until all are back", back.seconds),
        ("s to start", start),
        ("us CPU/resume", server.processor_us() / people as f64),
    ];
    values.extend(back.latency.figures());
    values.push(("server %", server.processor_us() / back.seconds / 1e4));
    values.push((GENERATOR, own.processor_us() / back.seconds / 1e4));
    Ok(vec![Sample { workload: NAME, case: number(people as f64), values }])
}

/// A login and a resume for each, from where all of them were before the messages.
fn greetings(world: &World) -> Vec<Vec<Vec<u8>>> {
    let greeting = |(at, token): (usize, &String)| {
        let (mut login, mut resume) = (Vec::new(), Vec::new());
        talk::login(token, &mut login);
        let room = world.rooms[at / world.members];
        let payload = format!("{{\"epoch\":\"{}\",\"conversations\":{{\"{}\":1}}}}", world.epoch.0, room.0);
        talk::request("sync.resume", Id { kind: Id::RESUME, number: 0 }, &payload, &mut resume);
        vec![login, resume]
    };
    world.tokens.iter().enumerate().map(greeting).collect()
}
