//! Breaks what the plan says, and mends it again.

mod cluster;

#[cfg(test)]
pub(crate) use cluster::{break_ways, rush};

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chat_tests::{Signal, hold, release};
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep, timeout};

use crate::crowd::Crowd;
use crate::fault::{Fault, Lane};
use crate::history::{Act, tag};
use crate::link::{Link, Spot, Way};
use crate::outcast;
use crate::packets::{self, Loss};
use crate::plan::Break;
use crate::player::Player;
use crate::stage::{Cast, Stage};

/// How long a message may take to reach the spot where its client is killed; in a storm it may never.
const CAUGHT_WITHIN: Duration = Duration::from_secs(10);

/// The most by which a frame is late.
const LATE: Duration = Duration::from_millis(250);

/// Numbers of acts that no step of a plan has.
const OUTBOX_OPS: u64 = 1_000_000;

/// How many of a hundred packets get lost.
const LOST: [u8; 3] = [10, 33, packets::ALL];

/// What the clock says while it is wrong.
const JUMPS: [&str; 4] = ["+3600", "-3600", "+86400", "-40"];

/// How far a message has come when its client is killed.
#[derive(Debug, Clone, Copy)]
enum Stepping {
    /// The person has pressed Enter; nothing is kept yet, or it is being kept.
    BeforeItIsKept,
    /// It is kept; nothing is sent.
    Kept,
    /// It is sent, and does not arrive.
    Sent,
    /// It arrived, and the answer does not.
    Arrived,
    /// The answer came; it is not noted yet, or is being noted.
    Answered,
}

const STEPS: [Stepping; 5] =
    [Stepping::BeforeItIsKept, Stepping::Kept, Stepping::Sent, Stepping::Arrived, Stepping::Answered];

/// See the module.
pub(crate) struct Breaker {
    stage: Arc<Stage>,
    crowd: Option<Arc<Crowd>>,
    ops: u64,
    /// What was broken, by name, and how often.
    pub(crate) broken: std::collections::BTreeMap<String, usize>,
}

impl Breaker {
    pub(crate) fn new(stage: Arc<Stage>, crowd: Option<Arc<Crowd>>, lane: u64) -> Self {
        Self { stage, crowd, ops: OUTBOX_OPS * (lane + 1), broken: Default::default() }
    }

    /// Breaks one after the other, until that time.
    ///
    /// # Errors
    /// Something could not be mended: the server does not come up again.
    pub(crate) async fn play(&mut self, breaks: &[Break], until: Instant) -> Result<()> {
        for one in breaks {
            // Nobody is left for it.
            if one.fault == Fault::Exile && !outcast::is_somebody_left(&self.stage) {
                continue;
            }
            if Instant::now() + one.after >= until {
                break;
            }
            sleep(one.after).await;
            let name = one.fault.name();
            self.note(&format!("{name} begins ({} ms{})", one.lasts.as_millis(), self.whom(one)));
            self.one(one).await.with_context(|| format!("in the fault {name}"))?;
            self.note(&format!("{name} is over"));
            *self.broken.entry(name).or_default() += 1;
        }
        Ok(())
    }

    fn note(&self, text: &str) {
        self.stage.recorder.fault(text);
    }

    /// Whom it hits, for who reads the history; what is behind the nodes says that itself.
    fn whom(&self, one: &Break) -> String {
        match one.fault.lane() {
            Lane::Servers if one.fault != Fault::Rolling => {
                format!(", node {}", one.dice % self.stage.nodes() as u64)
            }
            Lane::People => format!(", person{}", one.whom),
            Lane::Servers | Lane::Behind | Lane::Rights => String::new(),
        }
    }

    async fn one(&mut self, one: &Break) -> Result<()> {
        let stage = Arc::clone(&self.stage);
        let player = stage.players.get(one.whom).context("nobody")?;
        if break_links(&stage, one).await || self.break_cluster(one).await? {
            return Ok(());
        }
        // Whichever the dice name.
        let number = usize::try_from(one.dice).unwrap_or_default();
        match one.fault {
            Fault::Kill => {
                block_in_place(|| stage.machine(number).node.kill());
                sleep(one.lasts).await;
                block_in_place(|| stage.machine(number).node.start())?;
            }
            Fault::Stop | Fault::Freeze => {
                stage.machine(number).node.signal(Signal::Stop)?;
                sleep(one.lasts).await;
                stage.machine(number).node.signal(Signal::Continue)?;
            }
            Fault::Restart => self.restart(number, one.lasts).await?,
            Fault::Rolling => {
                for number in 0..stage.nodes() {
                    self.restart(number, one.lasts).await?;
                }
            }
            Fault::Lossy => {
                let lost = LOST[(one.dice % LOST.len() as u64) as usize];
                let ports: Vec<u16> = stage.addresses.iter().map(SocketAddr::port).collect();
                let loss = block_in_place(|| Loss::begin("lossy", &ports, lost))?;
                sleep(one.lasts).await;
                block_in_place(|| drop(loss));
                *self.broken.entry(format!("lossy: {lost} %")).or_default() += 1;
            }
            Fault::Client => {
                block_in_place(|| player.kill());
                sleep(one.lasts).await;
                player.start()?;
            }
            Fault::Outbox => self.outbox(player, one).await?,
            Fault::Crowd => {
                if let Some(crowd) = &self.crowd {
                    crowd.cut();
                }
            }
            Fault::Full => self.full(one.lasts).await?,
            Fault::Errors => self.errors(one).await?,
            Fault::Power => {
                block_in_place(|| -> Result<()> {
                    let mut machine = stage.machine(number);
                    machine.node.kill();
                    machine.disk.cut_power()?;
                    machine.node.start()
                })?;
            }
            Fault::Clock => {
                let jump = JUMPS[(one.dice % JUMPS.len() as u64) as usize];
                set_clock(&stage, jump)?;
                sleep(one.lasts).await;
                if one.dice.is_multiple_of(3) {
                    block_in_place(|| -> Result<()> {
                        let mut machine = stage.machine(number);
                        machine.node.kill();
                        machine.node.start()
                    })?;
                }
                set_clock(&stage, "+0")?;
            }
            // The others are broken above.
            _ => {}
        }
        Ok(())
    }

    async fn restart(&self, number: usize, pause: Duration) -> Result<()> {
        block_in_place(|| self.stage.machine(number).node.end())?;
        sleep(pause).await;
        block_in_place(|| self.stage.machine(number).node.start())
    }

    /// Takes all the room on the disk, or lets files grow no further where the disk is the machine's.
    async fn full(&self, lasts: Duration) -> Result<()> {
        let set = |has_room: bool| -> Result<()> {
            let machine = self.stage.machine(0);
            match (machine.disk.is_own(), has_room) {
                (true, false) => machine.disk.fill(),
                (true, true) => {
                    machine.disk.make_room();
                    Ok(())
                }
                (false, has_room) => machine.node.room_for_files(has_room),
            }
        };
        block_in_place(|| set(false))?;
        sleep(lasts).await;
        block_in_place(|| set(true))?;
        ensure!(!self.stage.machine(0).node.has_died(), "the server ended on a full disk");
        Ok(())
    }

    /// Has one in some writes and syncs of the database fail, as a disk that goes bad does.
    async fn errors(&self, one: &Break) -> Result<()> {
        let (pid, data) = {
            let machine = self.stage.machine(0);
            (machine.node.pid().context("the server does not run")?, machine.node.data().to_owned())
        };
        let calls = ["fdatasync", "pwrite64", "fdatasync,pwrite64"][(one.dice % 3) as usize];
        let when = format!("when={}+{}", 1 + one.dice % 5, 2 + one.dice % 7);
        let error = if one.dice.is_multiple_of(2) { "EIO" } else { "ENOSPC" };
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-o", "/dev/null", "-p", &pid.to_string()]);
        strace.args([
            "-e",
            "trace=fdatasync,pwrite64",
            "-e",
            &format!("inject={calls}:error={error}:{when}"),
        ]);
        for name in ["chat.sqlite", "chat.sqlite-wal"] {
            strace.arg("-P").arg(data.join(name));
        }
        let mut tracing = Traced::start(strace)?;
        sleep(one.lasts).await;
        tracing.end();
        ensure!(!self.stage.machine(0).node.has_died(), "the server ended on errors of the disk");
        Ok(())
    }

    /// Kills a client at each step of its outbox; the message must be there once, whatever the step.
    async fn outbox(&mut self, player: &Player, one: &Break) -> Result<()> {
        let Some(conversation) = self.stage.places.first().map(|place| place.id) else { return Ok(()) };
        if !player.has_engine() {
            return Ok(());
        }
        for step in STEPS {
            self.ops += 1;
            let op = self.ops;
            let act = Act::Send { conversation, body: format!("{} at a step", tag(op)), thread: None };
            let reached = match step {
                Stepping::BeforeItIsKept => {
                    player.give(op, act);
                    sleep(Duration::from_micros(one.dice % 6_000)).await;
                    true
                }
                Stepping::Kept => {
                    player.link.shut();
                    player.give(op, act);
                    waits(player).await
                }
                Stepping::Sent | Stepping::Arrived | Stepping::Answered => {
                    let spot = match step {
                        Stepping::Sent => Spot::Sent,
                        Stepping::Arrived => Spot::Arrived,
                        _ => Spot::Answered,
                    };
                    let caught = player.link.catch(spot);
                    player.give(op, act);
                    let reached = matches!(timeout(CAUGHT_WITHIN, caught).await, Ok(Ok(())));
                    if matches!(step, Stepping::Answered) {
                        sleep(Duration::from_micros(one.dice % 4_000)).await;
                    }
                    reached
                }
            };
            block_in_place(|| player.kill());
            player.link.mend();
            player.start()?;
            self.note(&format!("outbox: killed at {step:?}{}", if reached { "" } else { ", not reached" }));
            if reached {
                *self.broken.entry(format!("outbox: {step:?}")).or_default() += 1;
            }
        }
        Ok(())
    }
}

/// Breaks connections and mends them, if that is what is to be broken.
pub(crate) async fn break_links(cast: &Cast, one: &Break) -> bool {
    let Some(player) = cast.players.get(one.whom) else { return false };
    let all = || cast.players.iter().map(|player| &player.link);
    match one.fault {
        Fault::Cut => {
            player.link.shut();
            sleep(one.lasts).await;
        }
        Fault::CutAll => all().for_each(Link::cut),
        Fault::Torn => {
            let (up, down) =
                if one.dice.is_multiple_of(2) { (Way::Torn, Way::Flow) } else { (Way::Flow, Way::Torn) };
            player.link.set(up, down);
            sleep(one.lasts + LATE).await;
        }
        Fault::Delay => {
            all().for_each(|link| link.set(Way::Late(LATE), Way::Late(LATE)));
            sleep(one.lasts).await;
            all().for_each(Link::mend);
        }
        Fault::HalfOpen => {
            let ways = [(Way::Lost, Way::Flow), (Way::Flow, Way::Lost), (Way::Lost, Way::Lost)];
            let (up, down) = ways[(one.dice % 3) as usize];
            player.link.set(up, down);
            sleep(one.lasts).await;
            // TCP would bring what was lost; here it is lost for good, so the connection must go.
            player.link.cut();
        }
        Fault::Slow => {
            player.link.set(Way::Flow, Way::Still);
            sleep(one.lasts).await;
        }
        _ => return false,
    }
    player.link.mend();
    true
}

/// Waits until a message lies in the outbox; false if none does in time.
async fn waits(player: &Player) -> bool {
    const POLL: Duration = Duration::from_millis(5);
    let until = Instant::now() + CAUGHT_WITHIN;
    while Instant::now() < until {
        if !player.notes.seen().waiting.is_empty() {
            return true;
        }
        sleep(POLL).await;
    }
    false
}

/// Replaced as a whole, or somebody would read half of it.
fn set_clock(stage: &Stage, offset: &str) -> Result<()> {
    let new = stage.clock.with_extension("new");
    std::fs::write(&new, offset)?;
    std::fs::rename(&new, &stage.clock).context("setting the clock")
}

/// A tracer, which lets go of the server when it ends.
struct Traced(Child);

impl Traced {
    fn start(mut command: Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.context("starting strace")?;
        hold(child.id());
        Ok(Self(child))
    }

    fn end(&mut self) {
        // An error means that it has ended, with the server for instance.
        let _ = Signal::Terminate.send(self.0.id());
        let _ = self.0.wait();
        release(self.0.id());
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        self.end();
    }
}
