//! The closed form: rates and costs multiplied, and what is used up first.

use super::costs::Costs;
use super::day;
use crate::workload::day::MEMBERS;

/// Cores of a node.
pub(super) const CORES: f64 = 8.0;

/// Connections of a node. The setting `max_connections` says 10,000 unless it is changed.
pub(super) const CONNECTIONS: f64 = 50_000.0;

/// No more of anything than this is planned to be used: queues grow without end before all is used.
pub(super) const BUDGET: f64 = 0.6;

/// Fewer nodes are no cluster: one may go at any time.
const LEAST: u32 = 3;

/// More nodes than this are not looked for.
const MOST: u32 = 2_000;

/// Conversations are divided into so many parts, of which nodes hear those in which they have listeners.
const SLICES: f64 = chat_server::bus::SLICES as f64;

/// Nodes whose people a node keeps apart; of more it does not know who is there.
const NODES_HEARD: f64 = 256.0;

/// How often a node says who came and went, while somebody does, a second.
const PRESENCE_BEATS: f64 = 4.0;

/// Bytes a second that a node's line takes: 10 Gbit/s.
const LINE: f64 = 10e9 / 8.0;

/// Seconds over which the people of a node come back elsewhere.
const COMING_BACK_S: f64 = 60.0;

/// Memory of a node before anybody comes.
const BARE: f64 = 100e6;

/// A cluster with its people, and what happens to it in a second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cluster {
    pub(super) people: f64,
    pub(super) nodes: u32,
    /// Things that people do.
    pub(super) acts: f64,
    /// Changes that are stored.
    pub(super) writes: f64,
    /// Questions to the database.
    pub(super) reads: f64,
    /// Pushes to connections.
    pub(super) pushes: f64,
    /// News of conversations that nodes tell.
    pub(super) news: f64,
    /// What NATS gives to nodes, presence too.
    pub(super) heard: f64,
    /// The part of the news of other nodes that a node hears.
    pub(super) interest: f64,
}

/// Something that can be used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    NodeCpu,
    Hearing,
    Presence,
    NodesHeard,
    Line,
    Postgres,
    Nats,
}

impl Resource {
    pub(super) const ALL: [Self; 7] = [
        Resource::NodeCpu,
        Resource::Hearing,
        Resource::Presence,
        Resource::NodesHeard,
        Resource::Line,
        Resource::Postgres,
        Resource::Nats,
    ];

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Resource::NodeCpu => "cores of a node",
            Resource::Hearing => "cores of a node, only to hear what others tell",
            Resource::Presence => "the one core of a node's presence task",
            Resource::NodesHeard => "nodes whose people a node knows (256)",
            Resource::Line => "a node's line (10 Gbit/s)",
            Resource::Postgres => "one PostgreSQL, writing",
            Resource::Nats => "one NATS",
        }
    }
}

impl Cluster {
    /// These people on so many nodes.
    pub(super) fn of(people: f64, nodes: u32) -> Self {
        let (acts, n) = (day::acts(people), f64::from(nodes));
        let news = acts * day::mean(|effect| day::part(effect.is_news));
        // A room is on a node if one of its people is. A node hears what is said in a room if that room is on it, or
        // another one of the same slice.
        let absent = |members: usize| (1.0 - 1.0 / n).powi(members as i32);
        let others_of_the_slice = (day::rooms(people) - 1.0) / SLICES * (1.0 - absent(MEMBERS));
        let interest = 1.0 - absent(MEMBERS - 1) * (-others_of_the_slice).exp();
        let changes = acts * day::mean(|effect| day::part(effect.is_presence));
        let beats = n * PRESENCE_BEATS * (1.0 - (-changes / n / PRESENCE_BEATS).exp());
        Self {
            people,
            nodes,
            acts,
            writes: acts * day::mean(|effect| day::part(effect.is_stored)),
            reads: acts * day::mean(|effect| day::part(effect.is_asked)),
            pushes: acts * day::mean(|effect| effect.pushes as f64),
            news,
            heard: (news * interest + beats) * (n - 1.0),
            interest,
        }
    }

    /// As few nodes as carry these people with one of them gone.
    pub(super) fn sized(people: f64, costs: &Costs) -> Self {
        let carries = |nodes: &u32| {
            let others = Self::of(people, nodes - 1);
            others.connections() <= CONNECTIONS && others.share(Resource::NodeCpu, costs) <= BUDGET
        };
        let by_connections = (people / CONNECTIONS).ceil() as u32 + 1;
        let nodes = (LEAST..=MOST).find(carries).unwrap_or(by_connections.max(LEAST));
        Self::of(people, nodes)
    }

    /// People on a node.
    pub(super) fn connections(&self) -> f64 {
        self.people / f64::from(self.nodes)
    }

    /// Somebody's coming or going, anywhere; each node notes it.
    fn presence_changes(&self) -> f64 {
        self.acts * day::mean(|effect| day::part(effect.is_presence))
    }

    /// Seconds of a core that a node needs in a second.
    pub(super) fn node_cores(&self, costs: &Costs) -> f64 {
        let n = f64::from(self.nodes);
        let own = self.acts * costs.request_us.value
            + self.writes * costs.store_us.value
            + self.pushes * costs.delivery_us.value
            + self.news * costs.news_us.value;
        (own / n) / 1e6 + self.hearing_cores(costs) + self.presence_changes() * costs.presence_us.value / 1e6
    }

    /// That part of it which goes into hearing what others tell.
    fn hearing_cores(&self, costs: &Costs) -> f64 {
        self.heard / f64::from(self.nodes) * costs.news_us.value / 1e6
    }

    /// Bytes of a node's memory: its own connections, and everybody's presence.
    pub(super) fn memory(&self, costs: &Costs) -> f64 {
        BARE + self.connections() * costs.connection_bytes.value + self.people * costs.person_bytes.value
    }

    /// Bytes a second of a node's line, out and in.
    pub(super) fn line(&self, costs: &Costs) -> f64 {
        let n = f64::from(self.nodes);
        self.pushes / n * costs.delivery_bytes.value + (self.heard + self.news) / n * costs.news_bytes.value
    }

    /// The part of something that is used; more than 1 cannot be.
    pub(super) fn share(&self, resource: Resource, costs: &Costs) -> f64 {
        match resource {
            Resource::NodeCpu => self.node_cores(costs) / CORES,
            Resource::Hearing => self.hearing_cores(costs) / CORES,
            Resource::Presence => self.presence_changes() * costs.presence_us.value / 1e6,
            Resource::NodesHeard => f64::from(self.nodes) / NODES_HEARD,
            Resource::Line => self.line(costs) / LINE,
            Resource::Postgres => self.writes / costs.postgres_writes.value,
            Resource::Nats => self.heard / costs.nats_messages.value,
        }
    }

    /// What is used up most, the first first.
    pub(super) fn tightest(&self, costs: &Costs) -> Vec<(Resource, f64)> {
        let mut shares = Resource::ALL.map(|resource| (resource, self.share(resource, costs))).to_vec();
        shares.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        shares
    }

    /// PostgreSQL databases that the writes need, when conversations are divided among them.
    pub(super) fn databases(&self, costs: &Costs) -> f64 {
        (self.share(Resource::Postgres, costs) / BUDGET).ceil()
    }

    /// Cores of each other node that the logins of those take whose node is gone, while they come back.
    pub(super) fn storm_cores(&self, costs: &Costs) -> f64 {
        let each = (costs.login_us.value + costs.request_us.value) / 1e6;
        self.connections() * each / COMING_BACK_S / (f64::from(self.nodes) - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::costs::tests::of_the_repository;
    use super::*;

    #[test]
    fn twice_the_people_are_twice_the_work_and_never_fewer_nodes() {
        let costs = of_the_repository();
        let (one, two) = (Cluster::of(1e5, 4), Cluster::of(2e5, 4));
        for rate in
            [|c: &Cluster| c.acts, |c: &Cluster| c.writes, |c: &Cluster| c.pushes, |c: &Cluster| c.news]
        {
            assert!((rate(&two) / rate(&one) - 2.0).abs() < 1e-9);
        }
        let sizes = [1e3, 1e4, 1e5, 1e6, 1e7].map(|people| Cluster::sized(people, &costs).nodes);
        assert!(sizes.is_sorted() && sizes[0] == LEAST, "{sizes:?}");
    }

    #[test]
    fn a_cluster_of_the_found_size_goes_on_without_one_node() {
        let costs = of_the_repository();
        for people in [1e4, 1e5, 1e6] {
            let sized = Cluster::sized(people, &costs);
            let without = Cluster::of(people, sized.nodes - 1);
            assert!(
                without.share(Resource::NodeCpu, &costs) <= BUDGET && without.connections() <= CONNECTIONS
            );
        }
    }

    #[test]
    fn dearer_costs_use_more_of_what_they_are_about() {
        let (costs, small) = (of_the_repository(), Cluster::of(1e6, 20));
        let mut dear = costs.clone();
        dear.postgres_writes.value /= 2.0;
        dear.nats_messages.value /= 2.0;
        dear.delivery_us.value *= 2.0;
        dear.presence_us.value *= 2.0;
        for resource in [Resource::Postgres, Resource::Nats, Resource::NodeCpu, Resource::Presence] {
            assert!(small.share(resource, &dear) > 1.2 * small.share(resource, &costs), "{resource:?}");
        }
        let tightest = small.tightest(&costs);
        assert!(
            tightest.windows(2).all(|pair| pair[0].1 >= pair[1].1) && tightest.len() == Resource::ALL.len()
        );
    }

    #[test]
    fn few_rooms_on_a_node_are_heard_less() {
        assert!(Cluster::of(1e6, 20).interest > 0.999);
        assert!(Cluster::of(1e3, 200).interest < 0.4);
    }
}
