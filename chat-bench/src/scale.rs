//! `chat-bench scale`: what a hundred thousand, a million and ten million connected people need.
//!
//! 1. The costs stand in a file ([`costs`]), each with where it comes from; what the bench measures it puts in there.
//! 2. A closed form ([`model`]) says what follows from them for a day of a team ([`day`]); a simulation
//!    ([`simulation`]) of the same cluster, event by event, says the same in another way, and what people would notice.
//! 3. `docs/scale.md` has its tables from here ([`tables`]); a test holds that it is so.

pub(crate) mod costs;
mod day;
mod model;
mod simulation;
mod tables;

use std::path::PathBuf;

use anyhow::Result;

use crate::bench::say;
use crate::document;
use costs::Costs;

/// How many are connected, step by step.
const PEOPLE: [u64; 3] = [100_000, 1_000_000, 10_000_000];

/// What is asked of the model.
#[derive(Debug, clap::Args)]
pub(crate) struct Scale {
    /// The file of the costs
    #[arg(long, value_name = "FILE", default_value = "chat-bench/costs.toml")]
    costs: PathBuf,
    /// For so many people in place of 100,000, 1,000,000 and 10,000,000
    #[arg(long, value_name = "N", conflicts_with = "document")]
    people: Vec<u64>,
    /// Write the tables into this document, at their marks
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
}

impl Scale {
    /// Prints the tables, and writes them into the document.
    ///
    /// # Errors
    /// The costs cannot be read, or the document cannot be written.
    pub(crate) fn run(self) -> Result<()> {
        let costs = Costs::read(&self.costs)?;
        let people = if self.people.is_empty() { PEOPLE.to_vec() } else { self.people };
        let tables = tables::all(&costs, &people);
        for (_, table) in &tables {
            say(table)?;
        }
        if let Some(document) = self.document {
            for (name, table) in &tables {
                document::write(&document, name, table)?;
            }
            say(&format!("Wrote {}.", document.display()))?;
        }
        Ok(())
    }
}
