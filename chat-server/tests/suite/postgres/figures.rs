//! How many messages a second are durable on PostgreSQL, beside what it can do itself with the same rows.
//!
//! A measurement, not a test: `cargo nextest run --workspace --run-ignored only --no-capture -E 'test(figures)'`.

use std::process::Command;

use chat_tests::postgres::{Cluster, Syncing, programs};

use super::*;

/// Turns in flight, as a server has shards; and messages of a turn.
const SHARDS: usize = 4;
const TURN: usize = 250;

/// Conversations of a shard, and for how long it is measured.
const CONVERSATIONS: usize = 10;
const LONG: Duration = Duration::from_secs(10);

/// The rows of a turn, made by PostgreSQL itself: nobody decides, encodes or waits for an answer.
const ITSELF: &str = "\\set a random(1, 1000000000)
BEGIN;
INSERT INTO events (conversation, seq, at, author, kind, client_id, messages, content, words)
SELECT decode(md5((:a % 40)::text), 'hex'), :a::bigint * 1000 + n, 1, decode(md5('ada'), 'hex'), 'message',
    decode(md5(:a::text || '/' || n), 'hex'), n,
    '{\"kind\":\"message\",\"client_id\":\"01890000-0000-7000-8000-000000000000\",\"body\":\"the deploy of friday is done, look at ' || n || '\"}',
    ('''=by0190aaaaaaaa7000800000000000' || (n % 10) || ''' ''=in0190aaaaaaaa7000800000000000' || (n % 10)
        || ''' ''the'':1 ''deploy'':2 ''of'':3 ''friday'':4 ''is'':5 ''done'':6 ''look'':7 ''at'':8 ''' || n || ''':9')::tsvector
FROM generate_series(1, 250) AS n;
UPDATE conversations SET head = head + 250 WHERE id = (SELECT id FROM conversations ORDER BY id OFFSET :a % 40 LIMIT 1);
COMMIT;
";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn durable_messages_a_second() {
    let cluster = Cluster::start(Syncing::On).unwrap();
    let address = cluster.create("figures").unwrap();
    let first = Store::connect(&address.parse().unwrap()).await.unwrap();
    let ada = person(&first, "ada").await;
    let mut shards = Vec::new();
    for shard in 0..SHARDS {
        let mut rooms = Vec::new();
        for n in 0..CONVERSATIONS {
            let id = room(&first, &format!("room-{shard}-{n}"), &[&ada]).await;
            rooms.push(first.load(id).await.unwrap().unwrap());
        }
        let (store, ada) = (first.clone(), ada.clone());
        shards.push(tokio::spawn(async move {
            let (began, mut sent, mut deciding) = (Instant::now(), 0, Duration::ZERO);
            while began.elapsed() < LONG {
                let decided = Instant::now();
                let say = |n: usize| {
                    said(
                        &mut rooms[n % CONVERSATIONS],
                        &ada,
                        &format!("the deploy of friday is done, look at {n}"),
                    )
                };
                let writes: Vec<Write> = (0..TURN).map(say).collect();
                deciding += decided.elapsed();
                store.commit(writes).await.unwrap();
                sent += TURN;
            }
            (sent, deciding)
        }));
    }
    let (mut sent, mut deciding) = (0, Duration::ZERO);
    for shard in shards {
        let (by_it, took) = shard.await.unwrap();
        sent += by_it;
        deciding += took / u32::try_from(SHARDS).unwrap();
    }
    let ours = sent as f64 / LONG.as_secs_f64();

    let script = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(script.path(), ITSELF).unwrap();
    let mut bench = Command::new(programs().unwrap().join("pgbench"));
    bench.args([
        "--no-vacuum",
        "--client",
        &SHARDS.to_string(),
        "--time",
        &LONG.as_secs().to_string(),
        "--file",
    ]);
    let output = bench.arg(script.path()).arg(&address).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let turns =
        said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
    let itself = turns.unwrap_or_else(|| panic!("{said}")) * TURN as f64;
    println!(
        "{ours:.0} messages a second through the store (of the time, {:.0} % went into deciding them), {itself:.0} by \
         PostgreSQL itself: {:.2}",
        deciding.as_secs_f64() / LONG.as_secs_f64() * 100.0,
        ours / itself
    );
}
