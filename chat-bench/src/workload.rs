//! What a server is made to do; a noun for each.

mod archive;
pub(crate) mod day;
mod fanout;
mod idle;
mod logins;
mod pairs;
mod postgres;
mod resumes;
mod sends;
mod store;

use anyhow::Result;
use clap::ValueEnum;

use crate::bench::Bench;
use crate::figures::Sample;

/// A workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// Messages to rooms of 10, 100, 1,000 and 10,000, and to many small ones
    Fanout,
    /// People who answer each other, two and two
    Pairs,
    /// Messages that are stored before the answer, with nobody else there
    Sends,
    /// Connections on which nothing happens
    Idle,
    /// A storm of logins by token
    Logins,
    /// Everybody comes back after a restart
    Resumes,
    /// Pages of history and searches in a million messages
    Store,
    /// A team's day: presence, reading and typing outweigh sending
    Day,
    /// Several nodes on PostgreSQL: what is durable a second beside its own limit, and messages from node to node
    Postgres,
    /// Ten million messages in PostgreSQL: needs 20 GB and half an hour, so only when it is named
    Vast,
}

impl Workload {
    /// Those that are run when none is named.
    pub(crate) fn usual(quick: bool) -> Vec<Self> {
        Self::value_variants()
            .iter()
            .copied()
            .filter(|workload| quick || *workload != Workload::Vast)
            .collect()
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Workload::Fanout => fanout::NAME,
            Workload::Pairs => pairs::NAME,
            Workload::Sends => sends::NAME,
            Workload::Idle => idle::NAME,
            Workload::Logins => logins::NAME,
            Workload::Resumes => resumes::NAME,
            Workload::Store => store::NAME,
            Workload::Day => day::NAME,
            Workload::Postgres => postgres::NAME,
            Workload::Vast => postgres::vast::NAME,
        }
    }

    /// Runs it once.
    ///
    /// # Errors
    /// The server did not do what it must.
    pub(crate) fn run(self, bench: &mut Bench) -> Result<Vec<Sample>> {
        match self {
            Workload::Fanout => fanout::run(bench),
            Workload::Pairs => pairs::run(bench),
            Workload::Sends => sends::run(bench),
            Workload::Idle => idle::run(bench),
            Workload::Logins => logins::run(bench),
            Workload::Resumes => resumes::run(bench),
            Workload::Store => store::run(bench),
            Workload::Day => day::run(bench),
            Workload::Postgres => postgres::run(bench),
            Workload::Vast => postgres::vast::run(bench),
        }
    }
}
