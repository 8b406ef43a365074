//! `chat-bench count`: how many instructions the server needs for a login and for a message.
//!
//! Times say little on a machine where others work; the instructions of one client after the other
//! and one message after the other are almost the same in every run. They are counted by
//! valgrind's callgrind, and held against those in a file of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use chat_tests::Folder;
use serde::{Deserialize, Serialize};

use crate::bench::say;
use crate::crowd::Crowd;
use crate::figures::number;
use crate::gathering::gather;
use crate::load::{Load, Pace, Route};
use crate::machine::{Cores, raise_files};
use crate::subject::{self, workshop};
use crate::talk::{self, Id, conversation};
use crate::world::{Size, World};

/// Members of the room; all of them log in.
const MEMBERS: usize = 50;

/// Those who send, in turn.
const SENDERS: usize = 10;

/// Bytes of a message.
const LENGTH: usize = 100;

/// How often a count is tried.
const TRIES: usize = 3;

/// How much more it may become before it has to be looked at, in hundredths.
const TOLERANCE: u64 = 10;

/// How the instructions are counted.
#[derive(Debug, clap::Args)]
pub(crate) struct Count {
    /// Messages
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    sends: usize,
    /// Take what is counted as the new figures
    #[arg(long)]
    write: bool,
    /// The figures of the repository
    #[arg(long, value_name = "FILE", default_value = "chat-bench/instructions.toml")]
    figures: PathBuf,
    /// For what is made meanwhile
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    dir: PathBuf,
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Instructions {
    /// For a login by token.
    login: u64,
    /// For a message to a room of fifty.
    send: u64,
}

impl Count {
    /// Counts, and compares or writes.
    ///
    /// # Errors
    /// It is more than it may be, or cannot be counted.
    pub(crate) fn run(self) -> Result<()> {
        ensure!(self.sends > 0, "without messages nothing can be said of them; say --sends 2000");
        let version = Command::new("valgrind").arg("--version").output();
        ensure!(
            version.is_ok_and(|output| output.status.success()),
            "valgrind counts the instructions and is not here; on Debian: apt install valgrind"
        );
        raise_files()?;
        let work = workshop(&self.dir)?;
        let database = Folder::below(&work, "world-")?;
        let world =
            World::make(database.path(), Size { people: MEMBERS, rooms: 1, members: MEMBERS, pairs: 0 })?;
        let counted = Scenario { work: &work, database: database.path(), world: &world };
        say("Counting the start …")?;
        let start = counted.instructions(0, 0)?;
        say("Counting logins …")?;
        let logins = counted.instructions(MEMBERS, 0)?;
        say(&format!("Counting {} messages …", self.sends))?;
        let sends = counted.instructions(MEMBERS, self.sends)?;
        let now = Instructions {
            login: logins.saturating_sub(start) / MEMBERS as u64,
            send: sends.saturating_sub(logins) / self.sends as u64,
        };
        if self.write { write(&self.figures, now) } else { compare(&self.figures, now) }
    }
}

/// What is counted: a fresh server, clients one after the other, messages one after the other.
struct Scenario<'a> {
    work: &'a Path,
    database: &'a Path,
    world: &'a World,
}

impl Scenario<'_> {
    /// All instructions of a server from its start to its end. On a busy machine it can be so slow that
    /// its own limits of time end a login; then it is tried again.
    fn instructions(&self, logins: usize, sends: usize) -> Result<u64> {
        let mut counted = self.count(logins, sends);
        for _ in 1..TRIES {
            let Err(cause) = &counted else { break };
            say(&format!("  once more, because: {cause:#}"))?;
            counted = self.count(logins, sends);
        }
        counted
    }

    fn count(&self, logins: usize, sends: usize) -> Result<u64> {
        let folder = Folder::below(self.work, "count-")?;
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        fs::copy(self.database.join("chat.sqlite"), data.join("chat.sqlite"))?;
        let counts = folder.path().join("callgrind.out");
        let tool = ["--tool=callgrind".to_owned(), format!("--callgrind-out-file={}", counts.display())];
        let server = subject::under("valgrind", &tool)?;
        let (running, port) = subject::launch(server, &data, 0, Cores::choose()?)?;
        let mut crowd = Crowd::new(port)?;
        let greetings = self.world.tokens[..logins].iter().map(|token| {
            let mut login = Vec::new();
            talk::login(token, &mut login);
            vec![login]
        });
        gather(&mut crowd, greetings, Id::LOGIN, 1)?;
        let mut routes = Vec::new();
        for from in 0..SENDERS {
            let conversation = conversation(self.world.rooms[0]);
            let readers = u32::try_from(MEMBERS)?;
            routes.push(Route { from: u32::try_from(from)?, answers: None, conversation, readers });
        }
        Load::new(&mut crowd, None, routes, Pace::Rooms, LENGTH).one_by_one(sends)?;
        drop(crowd);
        subject::stop(running)?;
        let text = fs::read_to_string(&counts).context("valgrind wrote no counts")?;
        total(&text).context("valgrind's counts have no total")
    }
}

/// The total in a file of callgrind.
fn total(text: &str) -> Option<u64> {
    let value = |line: &str| -> Option<u64> {
        let rest = line.strip_prefix("totals: ").or_else(|| line.strip_prefix("summary: "))?;
        rest.split_whitespace().next()?.parse().ok()
    };
    text.lines().rev().find_map(value)
}

fn write(path: &Path, now: Instructions) -> Result<()> {
    let text = format!(
        "# Instructions of the server, counted and written by `cargo xtask bench count --write`.\n{}",
        toml::to_string(&now)?
    );
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    say(&format!("{} a login, {} a message; wrote {}.", told(now.login), told(now.send), path.display()))
}

fn compare(path: &Path, now: Instructions) -> Result<()> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("reading {}; --write makes it anew", path.display()))?;
    let known: Instructions = toml::from_str(&text).with_context(|| format!("in {}", path.display()))?;
    let mut worse = Vec::new();
    for (what, now, known) in [("login", now.login, known.login), ("message", now.send, known.send)] {
        let change = (now as f64 / known.max(1) as f64 - 1.0) * 100.0;
        say(&format!("{what}: {} instructions, {change:+.1} % of {}", told(now), told(known)))?;
        if now * 100 > known * (100 + TOLERANCE) {
            worse.push(what);
        } else if now * 100 < known * (100 - TOLERANCE) {
            say("  That is much better; `cargo xtask bench count --write` keeps it so.")?;
        }
    }
    ensure!(
        worse.is_empty(),
        "a {} takes over {TOLERANCE} % more instructions than {} says; find out why, or renew it with --write",
        worse.join(" and a "),
        path.display()
    );
    Ok(())
}

fn told(count: u64) -> String {
    number(count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found_in_what_callgrind_writes() {
        let text = "version: 1\nevents: Ir\nfn=(1) main\n1 20\n\ntotals: 123456\n";
        assert_eq!(total(text), Some(123_456));
        assert_eq!(total("events: Ir\nsummary: 77\n"), Some(77));
        assert_eq!(total("events: Ir\n"), None);
    }

    #[test]
    fn what_became_ten_hundredths_worse_fails() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("instructions.toml");
        let known = Instructions { login: 1_000, send: 2_000 };
        assert!(compare(&path, known).unwrap_err().to_string().contains("--write"));
        write(&path, known).unwrap();
        assert!(compare(&path, Instructions { login: 1_100, send: 500 }).is_ok());
        let error = compare(&path, Instructions { login: 1_000, send: 2_201 }).unwrap_err().to_string();
        assert!(error.contains("a message takes") && !error.contains("login"), "{error}");
    }
}
