//! Long work: people write, read, look back, come and go, and samples say whether what a server and a client
//! hold stays as it is. What they keep on disks grows, of course, with what was written.

mod people;
mod sample;
mod verdict;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use chat_tests::Folder;
use clap::Args;
use tokio::time::{Instant, sleep_until};

use crate::disk::Disk;
use crate::history::Recorder;
use crate::link::Link;
use crate::node::Node;
use crate::player::Player;
use people::Team;
use sample::Sample;

/// Samples of a whole soak; enough for a line through them.
const SAMPLES: u32 = 240;

/// The shortest time between two.
const SHORTEST: Duration = Duration::from_millis(250);

/// Rows of the printed table.
const ROWS: usize = 12;

/// The heartbeat that servers have.
const PING: &str = "25s";

/// What the server's own unit tells glibc, and two heaps: what it keeps of what it was given back goes up for hours
/// otherwise, and hides what the program holds.
const ALLOCATOR: &[(&str, &str)] =
    &[("MALLOC_ARENA_MAX", "2"), ("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_TRIM_THRESHOLD_", "131072")];

/// How it is done.
#[derive(Args)]
pub(crate) struct Soak {
    /// For how long
    #[arg(long = "for", value_name = "TIME", default_value = "1h", value_parser = humantime::parse_duration)]
    length: Duration,
    /// How many people work
    #[arg(long, value_name = "N", default_value_t = 24)]
    people: usize,
    /// What all of them together do a second
    #[arg(long, value_name = "N", default_value_t = 40)]
    rate: u32,
    /// Messages that are there before; so many that what the server keeps of its database in memory is full
    #[arg(long, value_name = "N", default_value_t = 60_000)]
    filled: usize,
    /// Where the samples go, a JSON object a line
    #[arg(long, value_name = "FILE", default_value = "target/chaos/soak.jsonl")]
    samples: PathBuf,
    /// Do all of it and say nothing about growth: for a soak so short that it means nothing
    #[arg(long)]
    no_verdict: bool,
}

impl Soak {
    /// Whether all stayed as it was.
    ///
    /// # Errors
    /// Something does not start, or somebody's work fails.
    pub(crate) fn run(&self) -> Result<bool> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let samples = runtime.block_on(self.work())?;
        crate::say(&sample::table(&samples, ROWS))?;
        let verdict = verdict::of(&samples);
        verdict.lines().iter().try_for_each(|line| crate::say(line))?;
        Ok(self.no_verdict || verdict.is_flat())
    }

    async fn work(&self) -> Result<Vec<Sample>> {
        let dir = Folder::new("chat-soak-")?;
        let disk = Disk::folder(&dir.path().join("data"))?;
        let mut node = Node::new(disk.data(), None).with_ping(PING).with_variables(ALLOCATOR);
        node.start()?;
        let team = Team::make(&node.url(), self.people).await?;
        team.fill(self.filled).await?;
        // One of them also has the engine open, as people have, and is told everything.
        let (person, token) = team.listener();
        let recorder = Recorder::begin(&dir.path().join("history.jsonl"))?;
        let player =
            Player::engine(0, person, token, Link::open(vec![node.address()]).await?, &recorder, dir.path());
        player.start()?;
        let working = team.work(self.rate);
        let sampled = self.sample(&node, &player).await;
        let failures = working.end().await;
        tokio::task::block_in_place(|| {
            player.end();
            node.end()
        })?;
        anyhow::ensure!(failures.is_empty(), "work failed: {}", failures.join("; "));
        sampled
    }

    async fn sample(&self, node: &Node, player: &Player) -> Result<Vec<Sample>> {
        if let Some(dir) = self.samples.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let file =
            File::create(&self.samples).with_context(|| format!("making {}", self.samples.display()))?;
        let mut file = BufWriter::new(file);
        let every = (self.length / SAMPLES).max(SHORTEST);
        let (began, mut samples) = (Instant::now(), Vec::new());
        let server = node.pid().context("the server does not run")?;
        let client = player.pid().context("the client does not run")?;
        for n in 1.. {
            let at = every * n;
            if at > self.length {
                break;
            }
            sleep_until(began + at).await;
            let sample = Sample::take(began.elapsed(), server, client, node.data())?;
            writeln!(file, "{}", serde_json::to_string(&sample)?)?;
            samples.push(sample);
        }
        file.flush()?;
        Ok(samples)
    }
}
