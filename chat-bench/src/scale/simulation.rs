//! The same cluster, event by event: cores, shards with their turns, PostgreSQL, NATS and who hears what.
//!
//! 1. It knows nothing of the closed form: only people, nodes, costs and what acts set in motion.
//! 2. The same seed gives the same run. It is as long as its number of events allows.
//! 3. Work is counted where it is asked for, so that too much of it shows as more than there is.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::costs::Costs;
use super::day::{self, Effect};
use super::model::{CORES, Cluster};
use crate::workload::day::{HABITS, Habit, MEMBERS};

/// Events of a run, about: some seconds of this program's time.
const EVENTS: f64 = 700_000.0;

/// The longest run.
const LONGEST_S: f64 = 20.0;

/// Changes that a shard decides and commits together.
const TURN: usize = 256;

/// Into so many slices the conversations are divided.
const SLICES: usize = chat_server::bus::SLICES as usize;

/// From node to NATS to node.
const NETWORK_NS: u64 = 300_000;

/// Presence is told so often.
const BEAT_NS: u64 = 250_000_000;

const SECOND: f64 = 1e9;

/// What came out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    /// How long it was, in seconds of the cluster.
    pub(super) seconds: f64,
    /// Cores of a node that were asked for.
    pub(super) node_cores: f64,
    /// The part of PostgreSQL that was asked for.
    pub(super) postgres: f64,
    /// The part of NATS that was asked for.
    pub(super) nats: f64,
    /// Pushes a second.
    pub(super) pushes: f64,
    /// Changes in a commit.
    pub(super) batch: f64,
    /// From an act that is stored to its pushes, in milliseconds: half of them sooner.
    pub(super) p50_ms: f64,
    /// The same: 99 of a hundred sooner.
    pub(super) p99_ms: f64,
}

impl Outcome {
    /// Whether all that was asked for could be done.
    pub(super) fn keeps_up(&self) -> bool {
        [self.node_cores / CORES, self.postgres, self.nats].iter().all(|part| *part < 1.0)
    }
}

/// Something stored, or told, and for whom.
#[derive(Debug, Clone, Copy)]
struct Job {
    began: u64,
    room: usize,
    node: usize,
    effect: Effect,
}

enum What {
    /// Somebody does something.
    Act,
    /// A change has been read, and waits for its shard.
    Asked(Job),
    /// A turn of a shard is committed.
    Committed { node: usize, shard: usize, jobs: Vec<Job> },
    /// News have come to a node, with so many of its connections to tell.
    Heard { node: usize, pushes: usize, began: u64, is_stored: bool },
    /// A node says who came and went.
    Beat { node: usize },
}

struct Event {
    at: u64,
    number: u64,
    what: What,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// Something that does one thing after the other, with so many hands.
struct Server {
    free_at: Vec<u64>,
    /// Nanoseconds of work that it was asked for.
    asked: u64,
}

impl Server {
    fn with_hands(hands: usize) -> Self {
        Self { free_at: vec![0; hands], asked: 0 }
    }

    /// When that work is done which begins now at the earliest.
    fn work(&mut self, now: u64, nanoseconds: u64) -> u64 {
        self.asked += nanoseconds;
        let Some(free_at) = self.free_at.iter_mut().min() else { return now };
        *free_at = now.max(*free_at) + nanoseconds;
        *free_at
    }
}

#[derive(Default)]
struct Shard {
    waiting: VecDeque<Job>,
    is_busy: bool,
}

struct Node {
    cores: Server,
    shards: Vec<Shard>,
}

/// A run.
struct Simulation<'a> {
    cluster: &'a Cluster,
    costs: &'a Costs,
    chance: SmallRng,
    events: BinaryHeap<Reverse<Event>>,
    number: u64,
    now: u64,
    nodes: Vec<Node>,
    postgres: Server,
    nats: Server,
    /// Which node hears which slice.
    hears: Vec<bool>,
    rooms: usize,
    pushes: u64,
    commits: u64,
    committed: u64,
    /// After how many nanoseconds so many pushes of stored changes were done.
    latencies: Vec<(u64, usize)>,
    /// Members of a room on each node, filled anew for each act.
    here: Vec<usize>,
}

/// Runs this cluster once.
pub(super) fn run(cluster: &Cluster, costs: &Costs, seed: u64) -> Outcome {
    let each_second = cluster.acts * 2.0 + cluster.heard;
    let seconds = (EVENTS / each_second).min(LONGEST_S);
    let mut simulation = Simulation::new(cluster, costs, seed);
    simulation.live((seconds * SECOND) as u64);
    simulation.outcome(seconds)
}

impl<'a> Simulation<'a> {
    fn new(cluster: &'a Cluster, costs: &'a Costs, seed: u64) -> Self {
        let nodes = cluster.nodes as usize;
        let rooms = day::rooms(cluster.people) as usize;
        let node = || Node {
            cores: Server::with_hands(CORES as usize),
            shards: (0..CORES as usize).map(|_| Shard::default()).collect(),
        };
        Self {
            cluster,
            costs,
            chance: SmallRng::seed_from_u64(seed),
            events: BinaryHeap::new(),
            number: 0,
            now: 0,
            nodes: (0..nodes).map(|_| node()).collect(),
            postgres: Server::with_hands(1),
            nats: Server::with_hands(1),
            hears: who_hears(rooms, nodes),
            rooms,
            pushes: 0,
            commits: 0,
            committed: 0,
            latencies: Vec::new(),
            here: vec![0; nodes],
        }
    }

    fn live(&mut self, nanoseconds: u64) {
        self.at(0, What::Act);
        for node in 0..self.nodes.len() {
            // Nodes were not started at the same moment.
            self.at(BEAT_NS * node as u64 / self.nodes.len() as u64, What::Beat { node });
        }
        while let Some(Reverse(event)) = self.events.pop() {
            if event.at >= nanoseconds {
                return;
            }
            self.now = event.at;
            match event.what {
                What::Act => self.act(),
                What::Asked(job) => self.enter(job),
                What::Committed { node, shard, jobs } => self.commit(node, shard, &jobs),
                What::Heard { node, pushes, began, is_stored } => self.hear(node, pushes, began, is_stored),
                What::Beat { node } => self.beat(node),
            }
        }
    }

    fn at(&mut self, at: u64, what: What) {
        self.number += 1;
        self.events.push(Reverse(Event { at, number: self.number, what }));
    }

    /// Somebody does something, and somebody else soon after.
    fn act(&mut self) {
        let pause = -(1.0 - self.chance.random::<f64>()).ln() / self.cluster.acts;
        self.at(self.now + (pause * SECOND) as u64, What::Act);
        let room = self.chance.random_range(0..self.rooms);
        let node = place(room, self.chance.random_range(0..MEMBERS), self.nodes.len());
        let effect = day::effect(self.habit());
        let read = self.nodes[node].cores.work(self.now, ns(self.costs.request_us.value));
        let job = Job { began: self.now, room, node, effect };
        if effect.is_stored {
            self.at(read, What::Asked(job));
        } else if effect.is_news {
            self.tell(job, read);
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

    fn enter(&mut self, job: Job) {
        let shard = job.room % CORES as usize;
        self.nodes[job.node].shards[shard].waiting.push_back(job);
        self.turn(job.node, shard);
    }

    /// A shard takes what waits for it and hands it to PostgreSQL, if it waits for no commit.
    fn turn(&mut self, node: usize, shard: usize) {
        let Shard { waiting, is_busy } = &mut self.nodes[node].shards[shard];
        if *is_busy || waiting.is_empty() {
            return;
        }
        *is_busy = true;
        let jobs: Vec<Job> = waiting.drain(..waiting.len().min(TURN)).collect();
        let rows = jobs.len() as f64;
        let decided = self.nodes[node].cores.work(self.now, ns(self.costs.store_us.value * rows));
        let written = self.postgres.work(decided, (rows / self.costs.postgres_writes.value * SECOND) as u64);
        self.commits += 1;
        self.committed += jobs.len() as u64;
        let done = written + ns(self.costs.postgres_commit_ms.value * 1e3);
        self.at(done, What::Committed { node, shard, jobs });
    }

    fn commit(&mut self, node: usize, shard: usize, jobs: &[Job]) {
        for job in jobs {
            self.tell(*job, self.now);
        }
        self.nodes[node].shards[shard].is_busy = false;
        self.turn(node, shard);
    }

    /// Tells the room's people on this node, and the nodes that listen.
    fn tell(&mut self, job: Job, from: u64) {
        let nodes = self.nodes.len();
        self.here.fill(0);
        for member in 0..job.effect.pushes {
            self.here[place(job.room, member, nodes)] += 1;
        }
        let here = self.here[job.node];
        let told = self.nodes[job.node].cores.work(from, ns(self.costs.news_us.value));
        self.push(job.node, here, told, job.began, job.effect.is_stored);
        let slice = slice_of(job.room);
        let hearing: Vec<(usize, usize)> = (0..nodes)
            .filter(|node| *node != job.node && self.hears[node * SLICES + slice])
            .map(|node| (node, self.here[node]))
            .collect();
        let passed = self.pass(told, hearing.len());
        for (node, pushes) in hearing {
            self.at(passed, What::Heard { node, pushes, began: job.began, is_stored: job.effect.is_stored });
        }
    }

    /// NATS gives a message to so many nodes; when they have it.
    fn pass(&mut self, from: u64, nodes: usize) -> u64 {
        let each = SECOND / self.costs.nats_messages.value;
        self.nats.work(from, (nodes as f64 * each) as u64) + NETWORK_NS
    }

    fn hear(&mut self, node: usize, pushes: usize, began: u64, is_stored: bool) {
        let heard = self.nodes[node].cores.work(self.now, ns(self.costs.news_us.value));
        self.push(node, pushes, heard, began, is_stored);
    }

    fn push(&mut self, node: usize, pushes: usize, from: u64, began: u64, is_stored: bool) {
        if pushes == 0 {
            return;
        }
        let done = self.nodes[node].cores.work(from, ns(self.costs.delivery_us.value * pushes as f64));
        self.pushes += pushes as u64;
        if is_stored {
            self.latencies.push((done - began, pushes));
        }
    }

    /// A node tells all others who came and went since its last word, as many as on the average.
    fn beat(&mut self, node: usize) {
        self.at(self.now + BEAT_NS, What::Beat { node });
        let nodes = self.nodes.len() as f64;
        let of_all = day::mean(|effect| day::part(effect.is_presence)) * self.cluster.acts;
        let changes = self.about(of_all / nodes * BEAT_NS as f64 / SECOND);
        if changes == 0 {
            return;
        }
        let watched = day::effect(Habit::Presence).pushes;
        for other in 0..self.nodes.len() {
            let noted = ns(self.costs.presence_us.value * changes as f64);
            let heard = if other == node { 0 } else { ns(self.costs.news_us.value) };
            let pushes = self.about((changes * watched) as f64 / nodes);
            let told = self.nodes[other].cores.work(self.now, noted + heard);
            self.push(other, pushes, told, self.now, false);
        }
        self.pass(self.now, self.nodes.len() - 1);
    }

    /// A whole number that is this on the average.
    fn about(&mut self, mean: f64) -> usize {
        (mean + self.chance.random::<f64>()) as usize
    }

    fn outcome(mut self, seconds: f64) -> Outcome {
        let asked: u64 = self.nodes.iter().map(|node| node.cores.asked).sum();
        self.latencies.sort_unstable();
        let all: usize = self.latencies.iter().map(|(_, pushes)| pushes).sum();
        Outcome {
            seconds,
            node_cores: asked as f64 / SECOND / seconds / self.nodes.len() as f64,
            postgres: self.postgres.asked as f64 / SECOND / seconds,
            nats: self.nats.asked as f64 / SECOND / seconds,
            pushes: self.pushes as f64 / seconds,
            batch: self.committed as f64 / self.commits.max(1) as f64,
            p50_ms: quantile(&self.latencies, all, 0.5),
            p99_ms: quantile(&self.latencies, all, 0.99),
        }
    }
}

/// The latency, in milliseconds, below which this part of all pushes is.
fn quantile(sorted: &[(u64, usize)], all: usize, part: f64) -> f64 {
    let mut left = (all as f64 * part) as usize;
    for (latency, pushes) in sorted {
        if left < *pushes {
            return *latency as f64 / 1e6;
        }
        left -= pushes;
    }
    sorted.last().map_or(0.0, |(latency, _)| *latency as f64 / 1e6)
}

/// The node to which a member of a room is connected: any, and always the same.
fn place(room: usize, member: usize, nodes: usize) -> usize {
    (mixed(room * MEMBERS + member) % nodes as u64) as usize
}

/// The slice of a room, by chance as its id is.
fn slice_of(room: usize) -> usize {
    (mixed(!room) % SLICES as u64) as usize
}

/// The finisher of splitmix64, so that neighbours lie apart.
fn mixed(number: usize) -> u64 {
    let mut mixed = (number as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// For each node and slice, whether one of the slice's rooms has somebody there.
fn who_hears(rooms: usize, nodes: usize) -> Vec<bool> {
    let (mut hears, mut deaf) = (vec![false; nodes * SLICES], nodes * SLICES);
    for room in 0..rooms {
        for member in 0..MEMBERS {
            let at = place(room, member, nodes) * SLICES + slice_of(room);
            deaf -= usize::from(!hears[at]);
            hears[at] = true;
        }
        if deaf == 0 {
            break;
        }
    }
    hears
}

/// Nanoseconds of so many microseconds.
fn ns(microseconds: f64) -> u64 {
    (microseconds * 1e3) as u64
}

#[cfg(test)]
mod tests {
    use super::super::costs::tests::of_the_repository;
    use super::super::model::Resource;
    use super::*;

    /// How far model and simulation may lie apart, in hundredths.
    const TOLERANCE: f64 = 0.05;

    fn agree(what: &str, model: f64, simulated: f64) {
        let apart = (simulated / model - 1.0).abs();
        assert!(apart <= TOLERANCE, "{what}: {model} by the model, {simulated} by the simulation");
    }

    #[test]
    fn the_simulation_says_what_the_closed_form_says() {
        for people in [20_000.0, 100_000.0, 1_000_000.0, 3_000_000.0] {
            let mut costs = of_the_repository();
            let cluster = Cluster::sized(people, &costs);
            // What cannot be done holds up what would come after it; here everything can be.
            for (resource, most) in [
                (Resource::Postgres, &mut costs.postgres_writes.value),
                (Resource::Nats, &mut costs.nats_messages.value),
            ] {
                *most *= (2.0 * cluster.share(resource, &of_the_repository())).max(1.0);
            }
            let outcome = run(&cluster, &costs, 1);
            agree("cores of a node", cluster.node_cores(&costs), outcome.node_cores);
            agree("PostgreSQL", cluster.share(Resource::Postgres, &costs), outcome.postgres);
            agree("NATS", cluster.share(Resource::Nats, &costs), outcome.nats);
            agree("pushes", cluster.pushes, outcome.pushes);
        }
    }

    #[test]
    fn they_agree_where_not_every_node_hears_everything() {
        let costs = of_the_repository();
        let cluster = Cluster::of(2_000.0, 200);
        assert!(cluster.interest < 0.5, "{}", cluster.interest);
        let outcome = run(&cluster, &costs, 1);
        agree("NATS", cluster.share(Resource::Nats, &costs), outcome.nats);
    }

    #[test]
    fn the_same_seed_is_the_same_run_and_more_work_is_waited_for() {
        let costs = of_the_repository();
        let cluster = Cluster::sized(50_000.0, &costs);
        let (first, again) = (run(&cluster, &costs, 7), run(&cluster, &costs, 7));
        assert_eq!((first.p99_ms, first.pushes), (again.p99_ms, again.pushes));
        assert!(first.keeps_up() && first.p50_ms >= costs.postgres_commit_ms.value, "{first:?}");
        let mut slow = costs.clone();
        slow.postgres_writes.value = cluster.writes / 2.0;
        let waited = run(&cluster, &slow, 7);
        assert!(!waited.keeps_up() && waited.p50_ms > 10.0 * first.p50_ms, "{waited:?}");
        assert!(waited.batch > 2.0 * first.batch, "who waits is written together: {waited:?}");
    }
}
