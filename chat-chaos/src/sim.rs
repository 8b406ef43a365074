//! The same storms in one process: real engines and bare clients, the server's own sessions, handler, hub and
//! store, joined by links over pipes, on a clock that the test turns. No process and no waiting: so hundreds of
//! storms take as long as one of `cargo xtask chaos`, and their time is that of minutes. Three nodes have a real
//! PostgreSQL and a real NATS behind them, by ways whose delays are of the same clock.
//!
//! A seed decides what people do, what breaks, and which frame is late by how much. `CHAOS_SIM_SEED=7` runs one
//! seed, `CHAOS_SIM_SEEDS=5000` so many in each half, `CHAOS_SIM_FIRST=1000` from that one on;
//! with `CHAOS_SIM_LOG=debug` the servers say what they do.

mod clock;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use chat_client::account::Account;
use chat_client::tls::Tls;
use chat_client::{Options, Storage};
use chat_proto::{ConversationId, Person, Role, Secret, SessionId, UserId, UserName};
use chat_server::auth::SecretHash;
use chat_server::domain::audit::Note;
use chat_server::handler::App;
use chat_server::hub::now;
use chat_server::log::{Log, LogFormat};
use chat_server::store::{NewAccount, NewSession, Proof};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::actor::{obey, tell};
use crate::bare;
use crate::breaker::{break_links, break_ways, rush};
use crate::check::{self, Finding, How};
use crate::dial::Dial;
use crate::director::Director;
use crate::ending;
use crate::fault::{Fault, Lane};
use crate::history::Recorder;
use crate::link::Link;
use crate::outcast::{self, Outcast};
use crate::plan::{BARE, Break, PEOPLE, Plan};
use crate::player::{Player, notes};
use crate::run::lane_seed;
use crate::stage::{Cast, make_places};

use clock::Clock;
use world::{Door, World};

/// What a half of the storms is like; the halves run beside each other on two cores.
struct Season {
    nodes: usize,
    /// How many storms.
    seeds: u64,
    /// How long people talk in each, by the clock of the storm.
    length: Duration,
    /// Wishes a second.
    rate: u32,
    /// What can break without processes and disks.
    faults: &'static [Fault],
}

/// On one server.
const ALONE: Season = Season {
    nodes: 1,
    seeds: 500,
    length: Duration::from_secs(3),
    rate: 40,
    faults: &[Fault::Cut, Fault::CutAll, Fault::Torn, Fault::Delay, Fault::HalfOpen, Fault::Slow],
};

/// On three: longer, as what breaks behind them lasts longer.
const AMONG: Season = Season {
    nodes: 3,
    seeds: 3,
    length: Duration::from_secs(8),
    rate: 15,
    faults: &[
        Fault::Cut,
        Fault::CutAll,
        Fault::Torn,
        Fault::Delay,
        Fault::HalfOpen,
        Fault::Slow,
        Fault::DbAway,
        Fault::BusAway,
        Fault::Alone,
        Fault::DbLate,
        Fault::BusLate,
        Fault::Rush,
        Fault::Exile,
    ],
};

/// Numbers of acts that no step of a plan has, by lane.
const LANE_OPS: u64 = 1_000_000;

/// No password is ever asked for; this is no hash of anything.
const NO_PASSWORD: &str = "none";

#[test]
fn storms_of_even_seeds_lose_nothing() {
    storms(&ALONE, 0);
}

#[test]
fn storms_of_odd_seeds_lose_nothing() {
    storms(&ALONE, 1);
}

#[test]
fn storms_of_even_seeds_lose_nothing_on_three_nodes() {
    storms(&AMONG, 0);
}

#[test]
fn storms_of_odd_seeds_lose_nothing_on_three_nodes() {
    storms(&AMONG, 1);
}

fn storms(season: &Season, half: u64) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds: Vec<u64> = match number("CHAOS_SIM_SEED") {
        Some(seed) => vec![seed],
        None => {
            let first = number("CHAOS_SIM_FIRST").unwrap_or_default();
            (0..number("CHAOS_SIM_SEEDS").unwrap_or(season.seeds)).map(|n| first + 2 * n + half).collect()
        }
    };
    if let Ok(filter) = std::env::var("CHAOS_SIM_LOG") {
        Log::start(&filter, LogFormat::Text, None).unwrap();
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    // While somebody blocks, the clock does not run on by itself when all wait, for a thread of the store perhaps.
    let (over, until_over) = std::sync::mpsc::channel::<()>();
    runtime.spawn_blocking(move || until_over.recv());
    runtime.block_on(async {
        let world = World::of(season.nodes).await;
        for seed in seeds {
            let findings = storm(&world, season, seed).await;
            assert_eq!(findings, [], "again: CHAOS_SIM_SEED={seed}");
        }
        world.close().await;
    });
    drop(over);
}

async fn storm(world: &World, season: &Season, seed: u64) -> Vec<Finding> {
    let recorder = Recorder::in_memory();
    let apps = world.apps();
    let dials: Vec<Dial> = apps.iter().map(|app| Door::new(vec![app.clone()], 0).direct()).collect();
    let mut people = Vec::new();
    for client in 0..=PEOPLE {
        let role = if client == 0 { Role::Owner } else { Role::Member };
        people.push(person(&apps[0], &format!("s{seed}p{client}"), role).await);
    }
    let mut exiles = Vec::new();
    for n in 0..if season.nodes > 1 { How::ALL.len() } else { 0 } {
        exiles.push(person(&apps[0], &format!("s{seed}o{n}"), Role::Member).await);
    }
    let mut ticking = Vec::new();
    let clock = Clock::new(apps.clone(), world.cluster.is_some());
    let known: Vec<(Person, Secret)> = people.iter().chain(&exiles).cloned().collect();
    let places = make_places(&dials[0], &known, &format!("s{seed}")).await.unwrap();
    let mut players = Vec::new();
    let mut ends: Vec<JoinHandle<()>> = Vec::new();
    for (client, one) in people.into_iter().enumerate() {
        let link = Link::nowhere(seed * 100 + client as u64);
        let (orders, given) = mpsc::channel(4_096);
        let notes = notes(client, &one.0, &recorder);
        let door = Door::new(apps.clone(), client);
        if client == 0 || client > PEOPLE - BARE {
            let dial = door.over(link.clone());
            ends.push(tokio::spawn(bare::run(dial, one.1.clone(), one.0.id, notes.clone(), given)));
            players.push(Player::task(one, link, notes, None, orders));
        } else {
            let cache = world.dir().join(format!("s{seed}-{client}.db"));
            let player = Player::task(one.clone(), link.clone(), notes.clone(), Some(cache.clone()), orders);
            let account = Account {
                server: "localhost".parse().unwrap(),
                user: one.0,
                token: one.1,
                server_name: String::new(),
            };
            let options = Options { account, tls: Tls::default(), storage: Storage::File(cache) };
            let (engine, updates) = chat_client::start_over(options, door.road(link)).unwrap();
            ticking.push(engine.clone());
            let said = notes.clone();
            ends.push(tokio::spawn(tell(updates, move |said_now| said.hear(said_now.clone()))));
            ends.push(tokio::spawn(obey(engine, given, move |said_now| notes.hear(said_now.clone()))));
            players.push(player);
        }
    }
    clock.minds(ticking);
    let outcasts = exiles
        .into_iter()
        .enumerate()
        .map(|(n, outcast)| Outcast::begin(outcast, n % apps.len(), &dials, &recorder))
        .collect();
    let cast = Arc::new(Cast { recorder, players, outcasts, places, dials });
    let lengths = ending::lengths(&cast).await.unwrap();
    // Until now nothing needed time.
    let turning = tokio::spawn(clock.turn());
    let findings = match play(world, season, &cast, seed, lengths, ends).await {
        Ok(end) => {
            let events: usize = end.logs.values().map(Vec::len).sum();
            assert!(events > 40, "too little happened: {events}");
            check::check(&cast.recorder.entries(), &end)
        }
        Err(cause) => vec![Finding { property: "run", text: format!("{cause:#}") }],
    };
    turning.abort();
    if !findings.is_empty() {
        write_down(seed, &cast.recorder);
    }
    findings
}

/// What happened in a storm that found something: the database and the bus have a time of their own, so it need
/// not happen again with its seed.
fn write_down(seed: u64, recorder: &Recorder) {
    let path = std::env::temp_dir().join(format!("chat-storm-{seed}.jsonl"));
    let lines = recorder
        .entries()
        .iter()
        .map(|entry| serde_json::to_string(entry).unwrap() + "\n")
        .collect::<String>();
    std::fs::write(&path, lines).unwrap();
    println!("the history: {}", path.display());
}

async fn play(
    world: &World,
    season: &Season,
    cast: &Arc<Cast>,
    seed: u64,
    lengths: BTreeMap<ConversationId, u64>,
    ends: Vec<JoinHandle<()>>,
) -> Result<check::End> {
    let plan = Plan::draw(seed, season.length, season.faults, season.rate);
    let until = Instant::now() + season.length;
    let lane = async |number: u64, lane: Lane| match season.nodes {
        1 if lane == Lane::People => break_all(world, cast, &plan.breaks, until, number).await,
        1 => Ok(()),
        _ => {
            let faults: Vec<Fault> =
                season.faults.iter().copied().filter(|fault| fault.lane() == lane).collect();
            let breaks = Plan::draw(lane_seed(seed, number), season.length, &faults, 0).breaks;
            break_all(world, cast, &breaks, until, number).await
        }
    };
    let mut director = Director::new(Arc::clone(cast));
    let (_, people, behind, rights) = tokio::join!(
        director.play(&plan.steps),
        lane(1, Lane::People),
        lane(2, Lane::Behind),
        lane(3, Lane::Rights)
    );
    people.and(behind).and(rights)?;
    world.mend();
    cast.recorder.fault("all is mended");
    let all_end = async {
        cast.players.iter().for_each(Player::end);
        for end in ends {
            end.await.unwrap();
        }
    };
    let mut end = ending::gather(cast, lengths, all_end).await?;
    for outcast in &cast.outcasts {
        end.outcasts.extend(outcast.fate(cast).await?);
    }
    Ok(end)
}

/// Breaks one after the other, until that time.
async fn break_all(world: &World, cast: &Cast, breaks: &[Break], until: Instant, lane: u64) -> Result<()> {
    let mut ops = lane * LANE_OPS;
    for one in breaks {
        if one.fault == Fault::Exile && !outcast::is_somebody_left(cast) {
            continue;
        }
        if Instant::now() + one.after >= until {
            break;
        }
        sleep(one.after).await;
        cast.recorder.fault(format!("{} begins", one.fault.name()));
        match (one.fault, &world.cluster) {
            (Fault::Rush, _) => rush(cast, &mut ops),
            (Fault::Exile, _) => {
                sleep(one.lasts).await;
                ops += 2;
                outcast::exile(cast, one.dice, [ops - 1, ops]).await?;
            }
            (_, Some(cluster)) if one.fault.lane() == Lane::Behind => {
                break_ways(cluster, one, |text| cast.recorder.fault(text)).await;
            }
            _ => _ = break_links(cast, one).await,
        }
        cast.recorder.fault(format!("{} is over", one.fault.name()));
    }
    Ok(())
}

async fn person(app: &App, name: &str, role: Role) -> (Person, Secret) {
    let name: UserName = name.parse().unwrap();
    let (id, at) = (UserId(Uuid::now_v7()), now());
    let (skeleton, password, invite) = (name.to_string(), NO_PASSWORD.to_owned(), None);
    let account = NewAccount { id, skeleton, name: name.clone(), password, invite, at };
    app.store.add_account(account, role, Note::new(id, "storm", None, at)).await.unwrap();
    let token = Uuid::new_v4().simple().to_string();
    let session = NewSession {
        id: SessionId(Uuid::now_v7()),
        user: id,
        token: SecretHash::of(&token),
        device: "storm".to_owned(),
        proof: Proof::Password(NO_PASSWORD.to_owned()),
        second_factor: false,
        at,
    };
    app.store.create_session(session).await.unwrap().unwrap();
    (Person::new(id, name), Secret::new(token))
}
