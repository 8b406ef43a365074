//! Several nodes on one PostgreSQL: what is durable a second, and what a message between two nodes costs.
//!
//! PostgreSQL syncs as people run it, and nodes are processes with NATS between them. Nothing is kept on a core
//! but the generator, so on a machine of two cores all of them share the other one and what is left of it: the ratios say
//! more than the figures.

mod nodes;
mod store;
pub(super) mod vast;

use anyhow::Result;
use chat_tests::postgres::{Cluster, Syncing};

use crate::bench::{Bench, log_in};
use crate::clock::SECOND;
use crate::crowd::Crowd;
use crate::figures::Sample;
use crate::gathering::rest;
use crate::load::{Load, Pace, Phase, Route};
use crate::talk::conversation;
use crate::world::{Size, World};
use nodes::Nodes;

/// The workload's name.
pub(crate) const NAME: &str = "postgres";

/// Its parts have other figures, so they have tables of their own.
const NODES: &str = "postgres nodes";
const RATIOS: &str = "postgres ratios";

/// Members of the hot room; half of them write.
const HOT: usize = 20;

/// Messages under way in it.
const HOT_WINDOW: usize = 16;

/// Runs it once.
pub(crate) fn run(bench: &mut Bench) -> Result<Vec<Sample>> {
    let cluster = bench.anywhere(|| Cluster::start(Syncing::On))?;
    let mut samples = store::run(bench, &cluster)?;
    let pairs = bench.plan.cluster_pairs;
    let one = talk(bench, &cluster, 1, pairs)?;
    let three = talk(bench, &cluster, 3, pairs)?;
    let alone = argue(bench, &cluster, 1)?;
    let apart = argue(bench, &cluster, 2)?;
    let cost = |phase: &Phase| phase.server().processor_us() / phase.messages as f64;
    let gain = vec![
        ("messages/s, 3 nodes to 1", three.most.messages_a_second() / one.most.messages_a_second()),
        ("CPU/message, 3 nodes to 1", cost(&three.half) / cost(&one.half)),
        ("hot room, 2 nodes to 1", apart.messages_a_second() / alone.messages_a_second()),
    ];
    for (name, talked) in [("1 node", one), ("3 nodes", three)] {
        samples.push(sample(format!("{pairs} pairs, {name}, one each"), &talked.most));
        samples.push(sample(format!("{pairs} pairs, {name}, half of that"), &talked.half));
    }
    samples.push(sample("hot room, 1 node".to_owned(), &alone));
    samples.push(sample("hot room, 2 nodes".to_owned(), &apart));
    samples.push(Sample { workload: RATIOS, case: "more nodes".to_owned(), values: gain });
    Ok(samples)
}

fn sample(case: String, phase: &Phase) -> Sample {
    Sample { workload: NODES, case, values: phase.of_messages() }
}

/// As much as nodes take, and half of that.
struct Talked {
    most: Phase,
    half: Phase,
}

/// Pairs write to each other, one on a node and the other on the next.
fn talk(bench: &Bench, cluster: &Cluster, nodes: usize, pairs: usize) -> Result<Talked> {
    let size = Size { people: 2 * pairs, rooms: 0, members: 0, pairs };
    let (world, nodes) = start(bench, cluster, size, nodes)?;
    let mut crowd = Crowd::among(&nodes.ports())?;
    log_in(&mut crowd, &world, 0..2 * pairs)?;
    rest(&mut crowd, SECOND / 2)?;
    let mut routes = Vec::new();
    for (n, pair) in world.pairs.iter().enumerate() {
        let from = u32::try_from(2 * n)?;
        routes.push(Route { from, answers: Some(from + 1), conversation: conversation(*pair), readers: 2 });
    }
    let plan = &bench.plan;
    let mut load = Load::new(&mut crowd, Some(&nodes), routes, Pace::Pairs, plan.length);
    let most = load.closed(pairs, plan.most)?;
    let half = load.open(most.messages_a_second() / 2.0, plan.half)?;
    Ok(Talked { most, half })
}

/// Many write into one room at once, over so many nodes.
fn argue(bench: &Bench, cluster: &Cluster, nodes: usize) -> Result<Phase> {
    let size = Size { people: HOT, rooms: 1, members: HOT, pairs: 0 };
    let (world, nodes) = start(bench, cluster, size, nodes)?;
    let mut crowd = Crowd::among(&nodes.ports())?;
    log_in(&mut crowd, &world, 0..HOT)?;
    rest(&mut crowd, SECOND / 2)?;
    let (room, readers) = (conversation(world.rooms[0]), u32::try_from(HOT)?);
    let route = |from| Route { from, answers: None, conversation: room, readers };
    let routes = (0..readers / 2).map(route).collect();
    let mut load = Load::new(&mut crowd, Some(&nodes), routes, Pace::Rooms, bench.plan.length);
    load.closed(HOT_WINDOW, bench.plan.most)
}

fn start(bench: &Bench, cluster: &Cluster, size: Size, nodes: usize) -> Result<(World, Nodes)> {
    let address = cluster.create(&format!("bench_{}", uuid::Uuid::new_v4().simple()))?;
    let world = World::make_in(&address, size)?;
    Ok((world, bench.anywhere(|| Nodes::start(bench.work(), &address, nodes))?))
}
