//! A team's day, a hundred times as fast: people come and go at their desks, read, begin to write,
//! look something up, and now and then send.
//!
//! How often each is done follows what Zulip published of its own load: presence is 36 % of all
//! requests, and sending half a percent. The parts of the rest are a guess, which stands in [`HABITS`].

use std::collections::HashMap;

use anyhow::{Result, ensure};
use chat_proto::UserId;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::bench::{Bench, log_in};
use crate::clock::{self, SECOND, nanoseconds};
use crate::crowd::{Crowd, News, What, all_is_well};
use crate::figures::{Sample, number};
use crate::gathering::rest;
use crate::latency::Latency;
use crate::load::ledger::{Entry, Ledger};
use crate::load::{AT_ONCE, Load, Pace, Phase, Route, Start};
use crate::mark::Mark;
use crate::subject::Subject;
use crate::talk::{self, Conversation, Id, conversation};
use crate::world::{Size, World};

/// The workload's name.
pub(crate) const NAME: &str = "day";

/// Rooms that each is in.
pub(crate) const ROOMS_EACH: usize = 4;

/// Most members of a room.
pub(crate) const MEMBERS: usize = 50;

/// A person does something so often a second: presence each minute is 36 % of it.
pub(crate) const PACE: f64 = 1.0 / 60.0 / 0.36;

/// The day goes so much faster than a real one.
const SPEED: f64 = 100.0;

/// Seconds of a working day.
const DAY_S: f64 = 8.0 * 3_600.0;

/// How long the last answers may take.
const PATIENCE: u64 = 30 * SECOND;

/// What a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Goes away, comes back.
    Presence,
    /// Has read what is there.
    Read,
    /// Begins to write.
    Typing,
    /// Looks at another room.
    History,
    /// Sees other people.
    Watch,
    /// Looks at the list of conversations.
    List,
    /// Looks for a word.
    Search,
    /// Likes something.
    React,
    /// Sends.
    Send,
}

/// How often of a thousand times; together they are a thousand.
pub(crate) const HABITS: [(Habit, u32); 9] = [
    (Habit::Presence, 360),
    (Habit::Read, 280),
    (Habit::Typing, 200),
    (Habit::History, 90),
    (Habit::Watch, 35),
    (Habit::List, 20),
    (Habit::Search, 5),
    (Habit::React, 5),
    (Habit::Send, 5),
];

/// Runs it once.
pub(crate) fn run(bench: &mut Bench) -> Result<Vec<Sample>> {
    let people = bench.plan.team;
    let members = MEMBERS.min(people / 2).max(1);
    let size = Size { people, rooms: people * ROOMS_EACH / members, members, pairs: 0 };
    let (world, subject) = bench.server(size)?;
    let mut crowd = Crowd::new(subject.port())?;
    log_in(&mut crowd, &world, 0..people)?;
    rest(&mut crowd, SECOND / 2)?;
    greet(&mut crowd, &subject, &world, bench.plan.length)?;
    let mut team = Team::new(&mut crowd, &world, bench.plan.length);
    let rate = people as f64 * PACE * SPEED;
    let span = bench.plan.day;
    team.live(rate, nanoseconds(span.warm), None)?;
    let mut measured =
        Measured { start: Start::now(&subject, team.crowd)?, answers: Latency::new()?, acts: 0 };
    team.live(rate, nanoseconds(span.measured), Some(&mut measured))?;
    let Measured { start, answers, acts } = measured;
    let phase = start.end(&subject, team.crowd, false)?;
    team.finish()?;
    let resident = subject.memory()?.resident as f64 / 1_048_576.0;
    Ok(vec![sample(people, &phase, &answers, acts, resident)])
}

/// What is measured besides the deliveries.
struct Measured {
    start: Start,
    answers: Latency,
    acts: u64,
}

fn sample(people: usize, phase: &Phase, answers: &Latency, acts: u64, resident: f64) -> Sample {
    let each = phase.server().processor_us() / acts as f64;
    let mut values = vec![
        ("acts/s", acts as f64 / phase.seconds),
        ("us CPU/act", each),
        // What a thousand people do in a day, in seconds.
        ("CPU s/1,000 people and day", each * PACE * DAY_S * 1_000.0 / 1e6),
        ("messages/s", phase.messages_a_second()),
        ("deliveries/s", phase.deliveries as f64 / phase.seconds),
        ("answer p50 ms", answers.ms(0.5)),
        ("answer p99 ms", answers.ms(0.99)),
        ("delivery p50 ms", phase.latency().ms(0.5)),
        ("delivery p99 ms", phase.latency().ms(0.99)),
        ("RSS MiB", resident),
    ];
    values.extend(phase.shares());
    Sample {
        workload: NAME,
        case: format!("{} people, {SPEED} times as fast", number(people as f64)),
        values,
    }
}

/// A first message in each room, so that there is something to look at.
fn greet(crowd: &mut Crowd, subject: &Subject, world: &World, length: usize) -> Result<()> {
    let mut routes = Vec::new();
    for (n, room) in world.rooms.iter().enumerate() {
        let from = u32::try_from(world.members_of(n).next().unwrap_or_default())?;
        let readers = u32::try_from(world.members)?;
        routes.push(Route { from, answers: None, conversation: conversation(*room), readers });
    }
    let rooms = routes.len();
    Load::new(crowd, Some(subject), routes, Pace::Rooms, length).one_by_one(rooms)
}

/// The people at work.
struct Team<'a> {
    crowd: &'a mut Crowd,
    rooms: Vec<Conversation>,
    /// Who is in which rooms.
    rooms_of: Vec<Vec<usize>>,
    /// The members of each room, as a request names them.
    members: Vec<String>,
    length: usize,
    life: u64,
    chance: SmallRng,
    sent: Ledger,
    readers: u32,
    /// Requests without an answer: when they were due.
    asked: HashMap<u32, u64>,
    next: u32,
}

impl<'a> Team<'a> {
    fn new(crowd: &'a mut Crowd, world: &World, length: usize) -> Self {
        let mut rooms_of = vec![Vec::new(); world.people.len()];
        let mut members = Vec::new();
        for room in 0..world.rooms.len() {
            let people: Vec<usize> = world.members_of(room).collect();
            people.iter().for_each(|person| rooms_of[*person].push(room));
            let ids = people.iter().map(|person| -> UserId { world.people[*person] });
            members.push(format!("{{\"users\":{}}}", talk::people(ids)));
        }
        Self {
            crowd,
            rooms: world.rooms.iter().map(|room| conversation(*room)).collect(),
            rooms_of,
            members,
            length,
            life: rand::random(),
            chance: SmallRng::seed_from_u64(3),
            sent: Ledger::default(),
            readers: u32::try_from(world.members).unwrap_or(u32::MAX),
            asked: HashMap::new(),
            next: 0,
        }
    }

    /// Everybody does what they do, at this pace together, for so many nanoseconds.
    fn live(&mut self, rate: f64, nanoseconds: u64, mut measured: Option<&mut Measured>) -> Result<()> {
        let (began, step) = (clock::now(), SECOND as f64 / rate);
        let (mut acts, mut due) = (0_u64, began);
        while clock::now() < began + nanoseconds {
            for _ in 0..AT_ONCE {
                if due > clock::now() {
                    break;
                }
                self.act(due)?;
                acts += 1;
                due = began + (acts as f64 * step) as u64;
            }
            self.crowd.wait(due)?;
            while let Some(news) = self.crowd.news() {
                self.take(&news, measured.as_deref_mut())?;
            }
        }
        if let Some(measured) = measured {
            measured.acts = acts;
        }
        Ok(())
    }

    /// Waits for the last answers and deliveries.
    fn finish(&mut self) -> Result<()> {
        let until = clock::now() + PATIENCE;
        while self.sent.under_way() > 0 || !self.asked.is_empty() {
            ensure!(clock::now() < until, "{} requests have no answer", self.asked.len());
            self.crowd.wait(clock::now() + SECOND / 20)?;
            while let Some(news) = self.crowd.news() {
                self.take(&news, None)?;
            }
        }
        Ok(())
    }

    /// Somebody does something.
    fn act(&mut self, due: u64) -> Result<()> {
        let person = self.chance.random_range(0..self.rooms_of.len());
        let mine = &self.rooms_of[person];
        let room = mine[self.chance.random_range(0..mine.len())];
        let (client, place) = (u32::try_from(person)?, self.rooms[room]);
        let name = String::from_utf8_lossy(&place).into_owned();
        let coin: bool = self.chance.random();
        match self.habit() {
            Habit::Typing => self.crowd.say(client, |out| talk::typing(&place, out)),
            Habit::Send => {
                let entry = Entry { readers: self.readers, answered: false, from: client, route: room, due };
                let number = self.sent.open(entry)?;
                let (life, length, mark) = (self.life, self.length, Mark { number, due });
                self.crowd.say(client, |out| talk::send(&place, life, mark, length, out))
            }
            Habit::Presence => {
                let state = if coin { "away" } else { "online" };
                self.ask(client, due, "presence.set", &format!("{{\"state\":\"{state}\"}}"))
            }
            Habit::Read => {
                let seq = self.crowd.last_heard(client, &place);
                let payload = format!("{{\"conversation\":\"{name}\",\"seq\":{seq}}}");
                self.ask(client, due, "read.mark", &payload)
            }
            Habit::History => {
                let payload = format!("{{\"conversation\":\"{name}\",\"limit\":50}}");
                self.ask(client, due, "history.get", &payload)
            }
            Habit::Watch => {
                let members = self.members[room].clone();
                self.ask(client, due, "presence.watch", &members)
            }
            Habit::List => self.ask(client, due, "conversation.list", "{\"limit\":50}"),
            Habit::Search => self.ask(client, due, "search", "{\"query\":\"lazy dog\",\"limit\":20}"),
            Habit::React => {
                // Number 2 is the first message of every room.
                let payload =
                    format!("{{\"conversation\":\"{name}\",\"seq\":2,\"emoji\":\"👍\",\"on\":{coin}}}");
                self.ask(client, due, "message.react", &payload)
            }
        }
    }

    fn habit(&mut self) -> Habit {
        let mut at = self.chance.random_range(0..1_000);
        for (habit, times) in HABITS {
            if at < times {
                return habit;
            }
            at -= times;
        }
        Habit::Presence
    }

    fn ask(&mut self, client: u32, due: u64, name: &str, payload: &str) -> Result<()> {
        let id = Id { kind: b'q', number: self.next };
        self.next = self.next.wrapping_add(1);
        self.asked.insert(id.number, due);
        self.crowd.say(client, |out| talk::request(name, id, payload, out))
    }

    fn take(&mut self, news: &News, measured: Option<&mut Measured>) -> Result<()> {
        all_is_well(news)?;
        match news.what {
            What::Delivered(mark) => {
                let entry = self.sent.delivered(mark.number)?;
                if let Some(measured) = measured {
                    measured.start.delivered(news.at.saturating_sub(entry.due));
                    measured.start.messages += u64::from(entry.readers == 0);
                }
            }
            What::Answer { id, .. } => {
                let due = match id.kind {
                    Id::SEND => self.sent.answered(id.number)?.due,
                    _ => {
                        let due = self.asked.remove(&id.number);
                        ensure!(due.is_some(), "request {} was answered twice", id.number);
                        due.unwrap_or_default()
                    }
                };
                if let Some(measured) = measured {
                    measured.answers.add(news.at.saturating_sub(due));
                }
            }
            What::Ended => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_habits_are_a_thousand_and_presence_outweighs_sending() {
        assert_eq!(HABITS.iter().map(|(_, times)| times).sum::<u32>(), 1_000);
        let often = |wanted| HABITS.iter().find(|(habit, _)| *habit == wanted).unwrap().1;
        assert_eq!((often(Habit::Presence), often(Habit::Send)), (360, 5));
    }
}
