//! The archive many times over, in a PostgreSQL: whether what people ask stays quick when its tables are large.
//!
//! The first part is written by the store's import. The others are copies of it in conversations of other people,
//! made by PostgreSQL itself, with the indexes built behind them.

use anyhow::{Context, Result};
use chat_proto::{ConversationId, Person};
use chat_server::store::Store;
use chat_tests::postgres::{Cluster, Syncing, query};
use uuid::Uuid;

use super::store::through_the_store;
use crate::bench::{Bench, say};
use crate::figures::{Sample, Values};
use crate::workload::archive::Past;
use crate::workload::store::ask_all;
use crate::world::{account, runtime};

/// The workload's name.
pub(crate) const NAME: &str = "vast";

/// What is no time has a table of its own.
const WHOLE: &str = "vast whole";

/// Bytes in the unit of sizes.
const GIB: f64 = 1_073_741_824.0;

/// Runs it once.
pub(crate) fn run(bench: &mut Bench) -> Result<Vec<Sample>> {
    let (messages, times) = (bench.plan.archive, bench.plan.vast);
    let cluster = bench.anywhere(|| Cluster::start(Syncing::On))?;
    let address = cluster.create("vast")?;
    say(&format!("  {messages} messages …"))?;
    let past = Past::write_in(&address, messages)?;
    let apart = runtime()?.block_on(rooms_apart(&address, &past))?;
    query(&address, "VACUUM ANALYZE")?;
    let mut samples = look(bench, &address, &past, &apart, messages)?;
    say(&format!("  {} messages …", messages * times))?;
    bench.anywhere(|| multiply(&address, &past, times))?;
    samples.extend(look(bench, &address, &past, &apart, messages * times)?);
    Ok(samples)
}

async fn rooms_apart(address: &str, past: &Past) -> Result<Vec<ConversationId>> {
    let store = Store::connect(&address.parse()?).await?;
    let rooms = past.rooms_apart(&store).await?;
    store.close().await;
    Ok(rooms)
}

/// Makes so many of each conversation.
fn multiply(address: &str, past: &Past, times: usize) -> Result<()> {
    let indexes = "FROM pg_indexes WHERE tablename = 'events' AND indexname <> 'events_pkey'";
    let again = query(address, &format!("SELECT indexdef || ';' {indexes}"))?;
    let names = query(address, &format!("SELECT string_agg(indexname, ', ') {indexes}"))?;
    query(address, &format!("DROP INDEX {names}"))?;
    for copy in 1..times {
        for (n, room) in past.world.rooms.iter().enumerate() {
            let other = ConversationId(Uuid::from_u64_pair(1_000 + copy as u64, n as u64 + 1));
            let (from, to) = (room.0.simple(), other.0.simple());
            let copied = format!(
                "INSERT INTO events (seq, at, messages, target, pinned, deleted, conversation, author, client_id,
                     kind, content, words)
                 SELECT seq, at, messages, target, pinned, deleted, decode('{to}', 'hex'), author,
                     decode(md5('{copy}' || encode(client_id, 'hex')), 'hex'), kind, content,
                     CAST(replace(CAST(words AS text), 'in{from}', 'in{to}') AS tsvector)
                 FROM events WHERE conversation = decode('{from}', 'hex')"
            );
            query(address, &copied)?;
        }
    }
    query(address, &format!("SET maintenance_work_mem = '1GB'; {again}"))?;
    query(address, "VACUUM ANALYZE events").map(drop)
}

/// What is asked of that many messages, what writing further ones takes, and how large all of it is.
fn look(
    bench: &Bench,
    address: &str,
    past: &Past,
    apart: &[ConversationId],
    messages: usize,
) -> Result<Vec<Sample>> {
    let of = format!("{} million", messages as f64 / 1e6);
    let sample =
        |what: &str, values: Values| Sample { workload: NAME, case: format!("{of}, {what}"), values };
    let mut samples = Vec::new();
    let runtime = runtime()?;
    let a_second = runtime.block_on(async {
        let store = Store::connect(&address.parse()?).await?;
        for (name, values) in ask_all(&store, past, bench.plan.asks).await? {
            samples.push(sample(name, values));
        }
        store.close().await;
        let author = Person::new(past.world.people[Past::APART], account(Past::APART)?);
        let (a_second, _, alone) = through_the_store(address, author, apart, bench.plan.durable).await?;
        let times = vec![("p50 ms", alone.ms(0.5)), ("p99 ms", alone.ms(0.99))];
        samples.push(sample("a message, stored", times));
        anyhow::Ok(a_second)
    })?;
    let size = |of: &str| -> Result<f64> {
        let bytes = query(address, &format!("SELECT {of}"))?;
        Ok(bytes.parse::<f64>().context("a size is a number")? / GIB)
    };
    let values = vec![
        ("messages/s in turns of 250", a_second),
        ("GiB", size("pg_total_relation_size('events')")?),
        ("GiB of rows", size("pg_table_size('events')")?),
        ("GiB of words", size("pg_relation_size('events_words')")?),
    ];
    samples.push(Sample { workload: WHOLE, case: of, values });
    Ok(samples)
}
