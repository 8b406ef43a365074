//! The tables of docs/scale.md, by the names of their marks.

use super::costs::{Costs, ROWS};
use super::day;
use super::model::{BUDGET, CONNECTIONS, CORES, Cluster, Resource};
use super::simulation::{self, Outcome};
use crate::figures::{markdown, number};

/// The seed of the runs that the document has.
const SEED: u64 = 1;

/// Resources that are told of each step.
const TOLD: usize = 4;

/// Nodes to which the people of a room come, in what would be done about it.
const NODES_OF_A_ROOM: f64 = 2.0;

/// All of them.
pub(super) fn all(costs: &Costs, people: &[u64]) -> Vec<(&'static str, String)> {
    let clusters: Vec<Cluster> = people.iter().map(|people| Cluster::sized(*people as f64, costs)).collect();
    let outcomes: Vec<Outcome> =
        clusters.iter().map(|cluster| simulation::run(cluster, costs, SEED)).collect();
    vec![
        ("scale", needs(&clusters, costs)),
        ("first", first(&clusters, costs)),
        ("simulation", simulated(&clusters, &outcomes, costs)),
        ("remedies", remedies(&clusters, costs)),
        ("costs", of_costs(costs)),
    ]
}

/// A table with a column for each step.
struct Steps<'a> {
    clusters: &'a [Cluster],
    rows: Vec<Vec<String>>,
}

impl<'a> Steps<'a> {
    fn new(clusters: &'a [Cluster]) -> Self {
        let head = clusters.iter().map(|cluster| number(cluster.people));
        Self { clusters, rows: vec![std::iter::once("people connected".to_owned()).chain(head).collect()] }
    }

    fn row(&mut self, what: &str, cell: impl Fn(&Cluster) -> String) {
        let cells = self.clusters.iter().map(cell);
        self.rows.push(std::iter::once(what.to_owned()).chain(cells).collect());
    }

    fn text(&self) -> String {
        markdown(&self.rows)
    }
}

/// Three digits.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = 10_f64.powi(2 - value.abs().log10().floor() as i32);
    number((value * digits).round() / digits)
}

fn percent(part: f64) -> String {
    format!("{} %", short(part * 100.0))
}

fn needs(clusters: &[Cluster], costs: &Costs) -> String {
    let mut table = Steps::new(clusters);
    table.row("things they do, a second", |c| short(c.acts));
    table.row("of them messages and reactions", |c| short(c.writes * (1.0 - day::read_marks())));
    table.row("pushes to connections, a second", |c| short(c.pushes));
    table.row("changes stored, a second", |c| short(c.writes));
    table.row("questions to the database, a second", |c| short(c.reads));
    table.row("messages of NATS to nodes, a second", |c| short(c.heard));
    table.row("the part of the others' news that a node hears", |c| percent(c.interest));
    table.row(&format!("**nodes** of {CORES} cores, one of which may go"), |c| format!("**{}**", c.nodes));
    table.row("people on a node", |c| short(c.connections()));
    table.row("cores in use on a node", |c| short(c.node_cores(costs)));
    table.row("memory of a node, GiB", |c| short(c.memory(costs) / 1_073_741_824.0));
    table.row("a node's line, Mbit/s", |c| short(c.line(costs) * 8.0 / 1e6));
    table.row("PostgreSQL databases, by what is written", |c| short(c.databases(costs)));
    table.row("cores of a node for the logins of a minute, when another is gone", |c| {
        short(c.storm_cores(costs))
    });
    table.text()
}

fn first(clusters: &[Cluster], costs: &Costs) -> String {
    let mut table = Steps::new(clusters);
    for place in 0..TOLD {
        table.row(&format!("{}.", place + 1), |cluster| {
            let Some((resource, share)) = cluster.tightest(costs).into_iter().nth(place) else {
                return String::new();
            };
            match share {
                share if share > 1.0 => format!("**{}: {}**", resource.name(), percent(share)),
                share if share > BUDGET => format!("*{}: {}*", resource.name(), percent(share)),
                share => format!("{}: {}", resource.name(), percent(share)),
            }
        });
    }
    format!(
        "{}\n**Bold** cannot be; *slanted* is more than the {} that are planned to be used.\n",
        table.text(),
        percent(BUDGET)
    )
}

fn simulated(clusters: &[Cluster], outcomes: &[Outcome], costs: &Costs) -> String {
    let head = [
        "people connected",
        "simulated",
        "cores of a node",
        "PostgreSQL",
        "NATS",
        "pushes a second",
        "changes in a commit",
        "p50 ms",
        "p99 ms",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (cluster, outcome) in clusters.iter().zip(outcomes) {
        // What cannot be done holds up what would come after it, so there is nothing to compare.
        let both = |model: String, simulated: String| match outcome.keeps_up() {
            true => format!("{model} / {simulated}"),
            false => format!("{model} / -"),
        };
        let late = |ms: f64| if outcome.keeps_up() { short(ms) } else { "grows".to_owned() };
        rows.push(vec![
            number(cluster.people),
            format!("{} s", short(outcome.seconds)),
            both(short(cluster.node_cores(costs)), short(outcome.node_cores)),
            both(percent(cluster.share(Resource::Postgres, costs)), percent(outcome.postgres)),
            both(percent(cluster.share(Resource::Nats, costs)), percent(outcome.nats)),
            both(short(cluster.pushes), short(outcome.pushes)),
            if outcome.keeps_up() { short(outcome.batch) } else { "grows".to_owned() },
            late(outcome.p50_ms),
            late(outcome.p99_ms),
        ]);
    }
    markdown(&rows)
}

/// What would become of the tightest, if it were done.
fn remedies(clusters: &[Cluster], costs: &Costs) -> String {
    let mut table = Steps::new(clusters);
    let n = |cluster: &Cluster| f64::from(cluster.nodes);
    table.row("one PostgreSQL, if read marks are stored elsewhere", |c| {
        percent(c.share(Resource::Postgres, costs) * (1.0 - day::read_marks()))
    });
    table.row("each of the databases, if conversations are divided among them", |c| {
        percent(c.share(Resource::Postgres, costs) / c.databases(costs))
    });
    table.row("one NATS, if the people of a room come to the same two nodes", |c| {
        percent(c.news * (NODES_OF_A_ROOM - 1.0) / costs.nats_messages.value)
    });
    table.row("cores of a node to hear others, then", |c| {
        percent(c.news * (NODES_OF_A_ROOM - 1.0) / n(c) * costs.news_us.value / 1e6 / CORES)
    });
    table.row("the presence task, if only nodes are told where somebody watches", |c| {
        percent(c.share(Resource::Presence, costs) * (NODES_OF_A_ROOM / n(c)).min(1.0))
    });
    table.text()
}

fn of_costs(costs: &Costs) -> String {
    let head = ["cost", "", "", "known by", "from"].map(str::to_owned).to_vec();
    let rows = ROWS.iter().map(|row| {
        let cost = (row.of)(costs);
        vec![
            row.what.to_owned(),
            short(cost.value),
            row.unit.to_owned(),
            cost.kind.name().to_owned(),
            cost.source.clone(),
        ]
    });
    let table = markdown(&std::iter::once(head).chain(rows).collect::<Vec<_>>());
    let connections = number(CONNECTIONS);
    format!(
        "{table}\nBesides: a node takes {connections} connections at most, and no more than {} of anything.\n",
        percent(BUDGET)
    )
}

#[cfg(test)]
mod tests {
    use super::super::PEOPLE;
    use super::super::costs::tests::of_the_repository;
    use super::*;

    #[test]
    fn the_document_says_what_the_costs_say() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scale.md");
        let before = std::fs::read_to_string(&path).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let copy = dir.path().join("scale.md");
        std::fs::copy(&path, &copy).unwrap();
        for (name, table) in all(&of_the_repository(), &PEOPLE) {
            crate::document::write(&copy, name, &table).unwrap();
        }
        let after = std::fs::read_to_string(&copy).unwrap();
        assert!(
            before == after,
            "docs/scale.md is not as the costs and the model are: cargo xtask scale --write"
        );
    }

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!([0.0, 1_234.0, 98.76, 0.012_34].map(short), ["0", "1,230", "98.8", "0.0123"]);
        assert_eq!(percent(0.079), "7.90 %");
    }
}
