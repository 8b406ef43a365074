//! Pages of history and searches in an archive: over the wire, and at the store's own verbs.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chat_proto::{SearchOrder, SearchQuery, Seq};
use chat_server::domain::find::Wanted;
use chat_server::hub;
use chat_server::store::{Anchor, Search, Store};
use chat_tests::Folder;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::archive::{Archive, COMMON, Past, RARE, RARE_MESSAGES};
use crate::bench::{Bench, log_in, say};
use crate::clock::{self, SECOND, nanoseconds};
use crate::crowd::{Crowd, What, all_is_well};
use crate::figures::{Sample, Values};
use crate::gathering::rest;
use crate::latency::Latency;
use crate::subject::Measured;
use crate::talk::{self, Id};
use crate::world::runtime;

/// The workload's name.
pub(crate) const NAME: &str = "store";

/// Events of a page.
const PAGE: u32 = 50;

/// Hits of a page.
const HITS: u32 = 20;

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A question to the archive.
#[derive(Debug, Clone, Copy)]
enum Question {
    /// The newest page.
    Newest,
    /// A page from anywhere.
    Anywhere,
    /// A word, in this order; and the hits that the first page has.
    Word(&'static str, SearchOrder, usize),
}

/// All of them, with what they are called.
const QUESTIONS: [(&str, Question); 5] = [
    ("newest page of 50", Question::Newest),
    ("any page of 50", Question::Anywhere),
    ("rare word", Question::Word(RARE, SearchOrder::Best, RARE_MESSAGES)),
    ("common word, best", Question::Word(COMMON, SearchOrder::Best, HITS as usize)),
    ("common word, newest", Question::Word(COMMON, SearchOrder::Newest, HITS as usize)),
];

/// Asks everything, of the server and of the store.
pub(crate) fn run(bench: &mut Bench) -> Result<Vec<Sample>> {
    say(&format!("  an archive of {} messages …", bench.plan.archive))?;
    let archive = Archive::find(&bench.dir, bench.plan.archive)?;
    let mut samples = over_the_wire(bench, &archive)?;
    samples.extend(runtime()?.block_on(at_the_store(bench, &archive))?);
    Ok(samples)
}

fn over_the_wire(bench: &Bench, archive: &Archive) -> Result<Vec<Sample>> {
    let subject = bench.server_on(&archive.data)?;
    let mut crowd = Crowd::new(subject.port())?;
    // All of them: one account alone may not search so often.
    log_in(&mut crowd, &archive.past.world, 0..archive.past.world.members)?;
    rest(&mut crowd, SECOND / 5)?;
    let mut chance = SmallRng::seed_from_u64(2);
    let mut samples = Vec::new();
    for (name, question) in QUESTIONS {
        // Unmeasured: the first one reads from the disk.
        ask(&mut crowd, &archive.past, question, &mut chance)?;
        let (before, bytes) = (subject.used()?, crowd.bytes);
        let mut latency = Latency::new()?;
        for _ in 0..bench.plan.asks {
            latency.add(ask(&mut crowd, &archive.past, question, &mut chance)?);
        }
        let (used, asks) = (subject.used()?.since(&before), bench.plan.asks as f64);
        let mut values = times(&latency);
        values.push(("us CPU/answer", used.processor_us() / asks));
        values.push(("bytes/answer", (crowd.bytes - bytes) as f64 / asks));
        samples.push(Sample { workload: NAME, case: format!("{name}, wire"), values });
    }
    Ok(samples)
}

/// Has somebody ask once; returns how long the answer took.
fn ask(crowd: &mut Crowd, past: &Past, question: Question, chance: &mut SmallRng) -> Result<u64> {
    let room = past.world.rooms[chance.random_range(0..past.world.rooms.len())];
    let (name, payload) = match question {
        Question::Newest => ("history.get", format!("{{\"conversation\":\"{room}\",\"limit\":{PAGE}}}")),
        Question::Anywhere => {
            let before = anywhere(past, chance);
            let page = format!("{{\"conversation\":\"{room}\",\"before\":{before},\"limit\":{PAGE}}}");
            ("history.get", page)
        }
        Question::Word(word, order, _) => {
            let order = serde_json::to_string(&order)?;
            ("search", format!("{{\"query\":\"{word}\",\"order\":{order},\"limit\":{HITS}}}"))
        }
    };
    let who = u32::try_from(chance.random_range(0..past.world.members))?;
    let (kind, asked) = (b'q', clock::now());
    crowd.say(who, |out| talk::request(name, Id { kind, number: 0 }, &payload, out))?;
    loop {
        crowd.wait(clock::now() + SECOND)?;
        ensure!(clock::now() < asked + nanoseconds(PATIENCE), "no answer to {name}");
        while let Some(news) = crowd.news() {
            all_is_well(&news)?;
            let What::Answer { id, messages } = news.what else { continue };
            if id.kind == kind {
                is_right(question, messages)?;
                return Ok(news.at - asked);
            }
        }
    }
}

async fn at_the_store(bench: &Bench, archive: &Archive) -> Result<Vec<Sample>> {
    let folder = Folder::below(bench.work(), "store-")?;
    let path = folder.path().join("chat.sqlite");
    fs::copy(archive.data.join("chat.sqlite"), &path)?;
    let store = Store::open(&path)?;
    let answers = ask_all(&store, &archive.past, bench.plan.asks).await?;
    store.close().await;
    let sample = |(name, values)| Sample { workload: NAME, case: format!("{name}, store"), values };
    Ok(answers.into_iter().map(sample).collect())
}

/// Asks a store each question so many times; how long the answers took.
///
/// # Errors
/// An answer is wrong.
pub(super) async fn ask_all(store: &Store, past: &Past, asks: usize) -> Result<Vec<(&'static str, Values)>> {
    let mut chance = SmallRng::seed_from_u64(2);
    let mut answers = Vec::new();
    for (name, question) in QUESTIONS {
        find(store, past, question, &mut chance).await?;
        let mut latency = Latency::new()?;
        for _ in 0..asks {
            let asked = Instant::now();
            find(store, past, question, &mut chance).await?;
            latency.add(nanoseconds(asked.elapsed()));
        }
        answers.push((name, times(&latency)));
    }
    Ok(answers)
}

async fn find(store: &Store, past: &Past, question: Question, chance: &mut SmallRng) -> Result<()> {
    let (user, rooms) = (past.world.people[0], &past.world.rooms);
    let room = rooms[chance.random_range(0..rooms.len())];
    let found = match question {
        Question::Newest | Question::Anywhere => {
            let anchor = match question {
                Question::Newest => Anchor::Newest,
                _ => Anchor::Before(Seq(anywhere(past, chance))),
            };
            let page = store.history(user, room, anchor, PAGE).await?;
            page.context("the reader is no member")?.events.len()
        }
        Question::Word(word, order, _) => {
            let query = SearchQuery::parse(word).map_err(|cause| anyhow::anyhow!("{cause}"))?;
            let wanted = Wanted::of(&query);
            let search = Search { user, query, wanted, order, cursor: None, limit: HITS, now: hub::now() };
            store.search(search, PATIENCE).await?.context("the search took too long")?.hits.len()
        }
    };
    is_right(question, found)
}

/// A number before which a whole page of messages lies.
fn anywhere(past: &Past, chance: &mut SmallRng) -> u64 {
    chance.random_range(u64::from(PAGE) + 2..=past.head)
}

fn is_right(question: Question, found: usize) -> Result<()> {
    let expected = match question {
        Question::Newest | Question::Anywhere => PAGE as usize,
        Question::Word(_, _, hits) => hits,
    };
    ensure!(found == expected, "{question:?} has {expected} messages in its answer, but {found} came");
    Ok(())
}

fn times(latency: &Latency) -> Values {
    vec![("p50 ms", latency.ms(0.5)), ("p99 ms", latency.ms(0.99))]
}
