//! One seed: a stage is set, people and breakers play their plans at once, and the end is checked.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use chat_proto::Seq;
use chat_tests::Folder;
use serde::Serialize;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{Instant, sleep, timeout};

use crate::breaker::Breaker;
use crate::check::{self, Finding};
use crate::crowd::Crowd;
use crate::director::{Director, LAST_ANSWERS};
use crate::ending;
use crate::fault::{Fault, Lane};
use crate::history::{Entry, News, What};
use crate::plan::{Break, Plan};
use crate::player::Player;
use crate::stage::Stage;

/// Longest time for a crowd to come back and catch up.
const CROWD_REST: Duration = Duration::from_secs(120);

/// Where the number of a lane stands in what its plan is drawn by; seeds are smaller.
const LANE_BITS: u64 = 48;

/// What a run does.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) length: Duration,
    /// How many servers.
    pub(crate) nodes: usize,
    pub(crate) faults: Vec<Fault>,
    pub(crate) rate: u32,
    pub(crate) crowd: usize,
    /// Where a failed run is kept.
    pub(crate) keep: PathBuf,
}

impl Settings {
    /// What repeats it.
    fn again(&self) -> String {
        let faults: Vec<String> = self.faults.iter().map(|fault| fault.name()).collect();
        let faults = if faults.is_empty() { "none".to_owned() } else { faults.join(",") };
        let length = humantime::format_duration(self.length).to_string().replace(' ', "");
        let Self { seed, nodes, rate, crowd, .. } = self;
        let nodes = if *nodes > 1 { format!(" --nodes {nodes}") } else { String::new() };
        format!("--seed {seed}{nodes} --for {length} --rate {rate} --crowd {crowd} --faults {faults}")
    }
}

/// What came of it.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) seconds: f64,
    /// Acts that were asked, and how many of them were acknowledged, by kind.
    pub(crate) acts: BTreeMap<&'static str, [usize; 2]>,
    /// What was broken, and how often.
    pub(crate) faults: BTreeMap<String, usize>,
    /// Events in all logs.
    pub(crate) events: usize,
    /// Events that were shown to somebody.
    pub(crate) shown: usize,
    /// How often somebody of the crowd came back, and what all of it saw.
    pub(crate) crowd: (u64, u64),
    /// How often the server was started.
    pub(crate) lives: usize,
    pub(crate) findings: Vec<Finding>,
    /// What repeats the run, behind `cargo xtask chaos`.
    pub(crate) again: String,
    /// Where all of it is kept, if something was found.
    pub(crate) kept: Option<PathBuf>,
}

/// Runs a seed.
///
/// # Errors
/// Something that is no property of the chat: a port, a folder, a mount.
async fn run(settings: &Settings) -> Result<Outcome> {
    let dir = Folder::new("chat-chaos-")?;
    let began = Instant::now();
    let stage = Arc::new(Stage::set(dir.path(), &settings.faults, settings.nodes).await?);
    let mut outcome = Outcome { seed: settings.seed, again: settings.again(), ..Outcome::default() };
    let played = play(&stage, settings, &mut outcome).await;
    let history = stage.recorder.entries();
    let end = match played {
        Ok((end, crowd)) => {
            outcome.findings = check::check(&history, &end);
            outcome.findings.extend(crowd.into_iter().map(|text| Finding { property: "crowd", text }));
            outcome.events = end.logs.values().map(Vec::len).sum();
            Some(end)
        }
        Err(cause) => {
            outcome.findings.push(Finding { property: "run", text: format!("{cause:#}") });
            None
        }
    };
    count(&history, &mut outcome);
    for number in 0..stage.nodes() {
        let mut machine = stage.machine(number);
        outcome.lives += machine.node.lives;
        let died = machine.node.has_died();
        if let Err(cause) = block_in_place(|| machine.node.end()) {
            let when = if died { "it had ended by itself" } else { "at the end" };
            outcome.findings.push(Finding { property: "run", text: format!("{when}: {cause:#}") });
        }
    }
    outcome.seconds = began.elapsed().as_secs_f64();
    if !outcome.findings.is_empty() {
        let kept = keep(&stage, settings, &outcome, dir.path(), end.as_ref());
        outcome.kept = Some(kept.context("keeping what a failed run left")?);
    }
    Ok(outcome)
}

async fn play(
    stage: &Arc<Stage>,
    settings: &Settings,
    outcome: &mut Outcome,
) -> Result<(check::End, Vec<String>)> {
    let lengths = ending::lengths(stage).await?;
    for player in &stage.players {
        player.start()?;
    }
    let room = stage.places.first().map(|place| place.id).context("no room")?;
    let (crowd, members) = Crowd::start(settings.crowd, &stage.addresses, &stage.crowd.1, room);
    let crowd = Arc::new(crowd);
    let plan = Plan::draw(settings.seed, settings.length, &settings.faults, settings.rate);
    let until = Instant::now() + settings.length;
    let mut lanes = JoinSet::new();
    for (number, breaks) in (0..).zip(lanes_of(settings, &plan)) {
        let mut breaker = Breaker::new(Arc::clone(stage), Some(Arc::clone(&crowd)), number);
        lanes.spawn(async move {
            let played = breaker.play(&breaks, until).await;
            (breaker.broken, played)
        });
    }
    Director::new(Arc::clone(&stage.cast)).play(&plan.steps).await;
    let mut all_played = Ok(());
    while let Some(lane) = lanes.join_next().await {
        let (broken, played) = lane.context("a lane of faults broke off")?;
        for (fault, times) in broken {
            *outcome.faults.entry(fault).or_default() += times;
        }
        all_played = all_played.and(played);
    }
    all_played?;
    sleep(LAST_ANSWERS).await;
    if let Some(cluster) = &stage.cluster {
        cluster.mend();
    }
    stage.recorder.fault("all is mended");
    let mut end = ending::gather(stage, lengths, async {
        block_in_place(|| stage.players.iter().for_each(Player::end));
    })
    .await?;
    for outcast in &stage.outcasts {
        end.outcasts.extend(outcast.fate(stage).await?);
    }
    let head = Seq(end.logs.get(&room).map_or(0, Vec::len) as u64);
    let complaints = crowd.end(members, head, CROWD_REST).await;
    outcome.crowd = crowd.counts();
    Ok((end, complaints))
}

/// What is broken in each lane. One server has two: what breaks it, and what breaks the rest.
fn lanes_of(settings: &Settings, plan: &Plan) -> Vec<Vec<Break>> {
    if settings.nodes == 1 {
        let is_of_the_server = |one: &Break| one.fault.lane() == Lane::Servers;
        let (server, rest) = plan.breaks.iter().cloned().partition(is_of_the_server);
        return vec![server, rest];
    }
    // A whole run in each: what breaks the nodes is slow, and nothing else waits for it.
    (1..)
        .zip(Lane::ALL)
        .map(|(number, lane)| {
            let faults: Vec<Fault> =
                settings.faults.iter().copied().filter(|fault| fault.lane() == lane).collect();
            Plan::draw(lane_seed(settings.seed, number), settings.length, &faults, 0).breaks
        })
        .collect()
}

/// By what the plan of a lane is drawn.
pub(crate) fn lane_seed(seed: u64, lane: u64) -> u64 {
    seed ^ (lane << LANE_BITS)
}

fn count(history: &[Entry], outcome: &mut Outcome) {
    let mut kinds: BTreeMap<u64, &'static str> = BTreeMap::new();
    let mut settled = std::collections::BTreeSet::new();
    for entry in history {
        let What::Client { news, .. } = &entry.what else { continue };
        match news {
            News::Asked { op, act } => {
                kinds.insert(*op, act.kind());
                outcome.acts.entry(act.kind()).or_default()[0] += 1;
            }
            News::Done { op, .. } => _ = settled.insert(*op),
            News::Outgoing { body, rung: crate::history::Rung::Stored { .. }, .. } => {
                settled.extend(check::op_of(body));
            }
            News::Shown { events, .. } => outcome.shown += events.len(),
            _ => {}
        }
    }
    for kind in settled.iter().filter_map(|op| kinds.get(op)) {
        outcome.acts.entry(kind).or_default()[1] += 1;
    }
}

/// Copies what is needed to understand a failed run.
fn keep(
    stage: &Stage,
    settings: &Settings,
    outcome: &Outcome,
    dir: &Path,
    end: Option<&check::End>,
) -> Result<PathBuf> {
    let to = settings.keep.join(format!("seed-{}", settings.seed));
    // What an earlier run of the seed left says nothing about this one.
    let _ = fs::remove_dir_all(&to);
    fs::create_dir_all(&to)?;
    fs::write(to.join("outcome.json"), serde_json::to_string_pretty(outcome)?)?;
    if let Some(end) = end {
        fs::write(to.join("end.json"), serde_json::to_string(end)?)?;
    }
    let mut folders = vec![dir.to_owned()];
    for number in 0..stage.nodes() {
        let machine = stage.machine(number);
        let name = if stage.nodes() > 1 { format!("server-{number}.log") } else { "server.log".to_owned() };
        fs::write(to.join(name), machine.node.log())?;
        folders.push(machine.node.data().to_owned());
    }
    if let Some(cluster) = &stage.cluster {
        cluster.keep(&to)?;
    }
    for from in folders {
        for entry in fs::read_dir(&from)?.filter_map(Result::ok) {
            let name = entry.file_name();
            let wanted = [".jsonl", ".db", ".db-wal", ".sqlite", ".sqlite-wal"];
            if wanted.iter().any(|end| name.to_string_lossy().ends_with(end)) {
                fs::copy(entry.path(), to.join(name))?;
            }
        }
    }
    Ok(to)
}

/// Runs a seed, with a bound on the whole. What goes wrong with the run itself is a finding as well.
pub(crate) async fn run_bounded(settings: &Settings) -> Outcome {
    let bound = settings.length * 3 + CROWD_REST * 3;
    let text = match timeout(bound, run(settings)).await {
        Ok(Ok(outcome)) => return outcome,
        Ok(Err(cause)) => format!("{cause:#}"),
        Err(_) => format!("it did not come to an end within {} s", bound.as_secs()),
    };
    let findings = vec![Finding { property: "run", text }];
    Outcome { seed: settings.seed, again: settings.again(), findings, ..Outcome::default() }
}
