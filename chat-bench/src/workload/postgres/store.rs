//! How many messages a second are durable through the store, beside what PostgreSQL does itself with the same rows.

use std::collections::HashSet;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chat_proto::{Body, ClientId, ConversationId, Person, Role, Timestamp};
use chat_server::domain::{Actor, Change, Command as Say, Draft, Room};
use chat_server::store::{Store, Write};
use chat_tests::postgres::{Cluster, programs};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::NAME;
use crate::bench::Bench;
use crate::figures::Sample;
use crate::latency::Latency;
use crate::world::{Size, World, account};

/// Turns in flight, as a server has shards; messages of a turn; conversations of a shard.
const SHARDS: usize = 4;
const TURN: usize = 250;
const CONVERSATIONS: usize = 10;

/// Commits of one message each whose time is taken.
const ALONE: usize = 200;

/// The rows of a turn, made by PostgreSQL itself: nobody decides, encodes or waits for an answer.
const ITSELF: &str = include_str!("itself.sql");

/// Measures both in the same minute.
pub(super) fn run(bench: &Bench, cluster: &Cluster) -> Result<Vec<Sample>> {
    let long = bench.plan.durable;
    let address = cluster.create("durable")?;
    let size = Size { people: 1, rooms: SHARDS * CONVERSATIONS, members: 1, pairs: 0 };
    let world = World::make_in(&address, size)?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let author = Person::new(world.people[0], account(0)?);
    let (ours, deciding, alone) =
        runtime.block_on(through_the_store(&address, author, &world.rooms, long))?;
    let itself = by_itself(bench, &address, long)?;
    let values = vec![
        ("messages/s", ours),
        ("by PostgreSQL itself/s", itself),
        ("ratio", ours / itself),
        ("deciding %", deciding),
        ("commit p50 ms", alone.ms(0.5)),
        ("commit p99 ms", alone.ms(0.99)),
    ];
    close(runtime);
    Ok(vec![Sample { workload: NAME, case: format!("{SHARDS} turns of {TURN} through the store"), values }])
}

/// What still runs on it is not waited for.
fn close(runtime: Runtime) {
    runtime.shutdown_background();
}

/// Messages a second that this person writes; the part of the time that went into deciding them, in hundredths; and
/// single commits. Each ten of the rooms are a shard.
///
/// # Errors
/// The store's.
pub(super) async fn through_the_store(
    address: &str,
    author: Person,
    rooms: &[ConversationId],
    long: Duration,
) -> Result<(f64, f64, Latency)> {
    let store = Store::connect(&address.parse()?).await?;
    let mut loaded = Vec::new();
    for room in rooms {
        loaded.push(load(&store, *room).await?);
    }
    let mut alone = Latency::new()?;
    for n in 0..ALONE {
        let write = said(&mut loaded[0], &author, n)?;
        let began = Instant::now();
        store.commit(vec![write]).await?;
        alone.add(u64::try_from(began.elapsed().as_nanos())?);
    }
    let mut shards = JoinSet::new();
    let (began, count) = (Instant::now(), loaded.len() / CONVERSATIONS);
    while !loaded.is_empty() {
        let rooms = loaded.split_off(loaded.len() - CONVERSATIONS);
        shards.spawn(shard(store.clone(), author.clone(), rooms, began, long));
    }
    let (mut sent, mut deciding) = (0, Duration::ZERO);
    for done in shards.join_all().await {
        let (by_it, took) = done?;
        sent += by_it;
        deciding += took;
    }
    let seconds = began.elapsed().as_secs_f64();
    store.close().await;
    Ok((sent as f64 / seconds, deciding.as_secs_f64() / count as f64 / seconds * 100.0, alone))
}

async fn load(store: &Store, room: ConversationId) -> Result<Room> {
    store.load(room).await?.context("a room that was made is there")
}

/// One turn after the other; how many messages, and how long deciding them took.
async fn shard(
    store: Store,
    author: Person,
    mut rooms: Vec<Room>,
    began: Instant,
    long: Duration,
) -> Result<(usize, Duration)> {
    let (mut sent, mut deciding) = (0, Duration::ZERO);
    while began.elapsed() < long {
        let decided = Instant::now();
        let writes =
            (0..TURN).map(|n| said(&mut rooms[n % CONVERSATIONS], &author, n)).collect::<Result<Vec<_>>>()?;
        deciding += decided.elapsed();
        store.commit(writes).await?;
        sent += TURN;
    }
    Ok((sent, deciding))
}

/// Decides as a shard does.
fn said(room: &mut Room, author: &Person, n: usize) -> Result<Write> {
    let body = Body::new(format!("the deploy of friday is done, look at {n}"));
    let draft = Draft {
        client_id: ClientId(Uuid::now_v7()),
        body: body.map_err(|cause| anyhow::anyhow!("{cause}"))?,
        files: Vec::new(),
        action: false,
        reply_to: None,
        thread: None,
        forwarded: None,
    };
    let actor = Actor { person: author.clone(), role: Role::Member };
    let decided = room.decide(&actor, Say::Send(Box::new(draft)), Timestamp(2));
    let change = decided.map_err(|refusal| anyhow::anyhow!("{}", refusal.message))?;
    room.apply(&change);
    let Change::Event(event) = change else { anyhow::bail!("a message is an event") };
    let hearing = room.hearing(&event, |_| false, HashSet::new());
    Ok(Write::Event { event, messages: room.messages, hearing })
}

/// Messages a second that `pgbench` inserts, as many at once.
fn by_itself(bench: &Bench, address: &str, long: Duration) -> Result<f64> {
    let script = bench.work().join("itself.sql");
    fs::write(&script, ITSELF)?;
    let mut pgbench = Command::new(programs()?.join("pgbench"));
    pgbench.args(["--no-vacuum", "--client", &SHARDS.to_string()]);
    pgbench.args(["--time", &long.as_secs().max(1).to_string(), "--file"]).arg(&script).arg(address);
    let output = bench.anywhere(|| pgbench.output().context("starting pgbench"))?;
    fs::remove_file(&script)?;
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "pgbench: {said}");
    let turns =
        said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
    Ok(turns.with_context(|| format!("pgbench says no number: {said}"))? * TURN as f64)
}
