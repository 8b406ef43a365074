//! `chat-bench server`: the workloads in turn, each on a fresh server, several times.
//!
//! 1. Every run has a server of its own, on a copy of the same database.
//! 2. The runs go round: all workloads once, then all again, so that a machine that becomes slower
//!    does so for all of them.
//! 3. Nothing fails because something was slow; what is lost, doubled or refused is an error.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chat_tests::Folder;

use crate::crowd::Crowd;
use crate::document;
use crate::figures::{Sample, tables};
use crate::gathering::{Gathering, gather};
use crate::machine::{Cores, raise_files};
use crate::plan::Plan;
use crate::scale::costs::learn;
use crate::subject::{Subject, workshop};
use crate::talk::{self, Id};
use crate::workload::Workload;
use crate::world::{Size, World};

/// Handshakes under way while clients gather.
const AT_ONCE: usize = 200;

/// How a server is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Server {
    /// What is measured; everything but vast if nothing is named
    #[arg(value_enum)]
    workloads: Vec<Workload>,
    /// How often
    #[arg(long, value_name = "N", default_value_t = 3)]
    runs: usize,
    /// Only see whether all of it works, in some seconds; the figures say nothing then
    #[arg(long)]
    quick: bool,
    /// Where figures go (server.jsonl), and what is made for them
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    dir: PathBuf,
    /// Write the tables into this document, each at its workload's mark
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    /// Write what it measures of what the capacity model works with into this file
    #[arg(long, value_name = "FILE")]
    costs: Option<PathBuf>,
}

/// What the workloads work with.
pub(crate) struct Bench {
    /// How much is done.
    pub(crate) plan: Plan,
    /// Connections that the file limit allows.
    pub(crate) connections: usize,
    /// What is made once and kept.
    pub(crate) dir: PathBuf,
    work: PathBuf,
    cores: Cores,
    /// Databases of this process, by what is in them.
    worlds: Vec<(Size, World, Folder)>,
}

impl Server {
    /// Measures, prints tables, writes the figures down.
    ///
    /// # Errors
    /// The server did not do what it must, or something could not be written.
    pub(crate) fn run(self) -> Result<()> {
        fs::create_dir_all(&self.dir).with_context(|| format!("making {}", self.dir.display()))?;
        let mut bench = Bench {
            plan: if self.quick { Plan::quick() } else { Plan::full() },
            connections: raise_files()?,
            work: workshop(&self.dir)?,
            dir: self.dir.clone(),
            cores: Cores::choose()?,
            worlds: Vec::new(),
        };
        // Both were built by the same profile.
        let profile = if cfg!(debug_assertions) { "unoptimised" } else { "release" };
        let machine = format!("{}; {profile} build", bench.cores);
        say(&format!("The {machine}."))?;
        let workloads = if self.workloads.is_empty() { Workload::usual(self.quick) } else { self.workloads };
        let path = self.dir.join("server.jsonl");
        let mut file = fs::File::create(&path).with_context(|| format!("writing {}", path.display()))?;
        let mut samples = Vec::new();
        for run in 1..=self.runs.max(1) {
            for workload in &workloads {
                say(&format!("{} ({run}) …", workload.name()))?;
                let measured = workload.run(&mut bench).with_context(|| workload.name().to_owned())?;
                // At once, so that what was measured is there even if what follows breaks off.
                for sample in &measured {
                    writeln!(file, "{}", sample.line(run))?;
                }
                samples.extend(measured);
            }
        }
        samples.sort_by_key(|sample: &Sample| {
            workloads.iter().position(|w| sample.workload.starts_with(w.name()))
        });
        say(&tables(&samples))?;
        say(&format!("Wrote {}.", path.display()))?;
        if let Some(document) = self.document {
            for workload in &workloads {
                let of_it: Vec<Sample> = samples
                    .iter()
                    .filter(|sample| sample.workload.starts_with(workload.name()))
                    .cloned()
                    .collect();
                let text = format!("The {machine}.\n\n{}", tables(&of_it));
                document::write(&document, workload.name(), &text)?;
            }
            say(&format!("Wrote {}.", document.display()))?;
        }
        if let Some(costs) = self.costs {
            let learned = learn(&costs, &samples, &machine)?;
            say(&format!(
                "Wrote {} ({}); next: cargo xtask scale --write",
                costs.display(),
                learned.join(", ")
            ))?;
        }
        Ok(())
    }
}

impl Bench {
    /// A server with this in it.
    ///
    /// # Errors
    /// It does not come up.
    pub(crate) fn server(&mut self, size: Size) -> Result<(World, Subject)> {
        let at = match self.worlds.iter().position(|(known, ..)| *known == size) {
            Some(at) => at,
            None => {
                let folder = Folder::below(&self.work, "world-")?;
                let world = World::make(folder.path(), size)?;
                self.worlds.push((size, world, folder));
                self.worlds.len() - 1
            }
        };
        let (_, world, folder) = &self.worlds[at];
        Ok((world.clone(), self.server_on(folder.path())?))
    }

    /// A server on a copy of this database.
    ///
    /// # Errors
    /// It does not come up.
    pub(crate) fn server_on(&self, database: &Path) -> Result<Subject> {
        Subject::start(&self.work, database, self.cores)
    }

    /// Does something on all cores; see [`Cores::anywhere`].
    ///
    /// # Errors
    /// The system refuses, or what is done fails.
    pub(crate) fn anywhere<T>(&self, act: impl FnOnce() -> Result<T>) -> Result<T> {
        self.cores.anywhere(act)
    }

    /// The folder for what only this process needs.
    pub(crate) fn work(&self) -> &Path {
        &self.work
    }
}

/// These people of a world connect and log in, and then all is quiet.
///
/// # Errors
/// Not all of them come in.
pub(crate) fn log_in(crowd: &mut Crowd, world: &World, people: std::ops::Range<usize>) -> Result<Gathering> {
    let logins = world.tokens[people].iter().map(|token| {
        let mut login = Vec::new();
        talk::login(token, &mut login);
        vec![login]
    });
    gather(crowd, logins, Id::LOGIN, AT_ONCE)
}

/// Prints a line; this program's output is its interface.
///
/// # Errors
/// Nobody reads it any more.
pub(crate) fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
