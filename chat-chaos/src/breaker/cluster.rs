//! What only several nodes have: a database and a NATS behind them, ways there, one room that many write into
//! from everywhere, and rights that are taken on one node and held on another.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use chat_tests::Signal;
use chat_tests::postgres::Ending;
use tokio::task::block_in_place;
use tokio::time::sleep;

use super::Breaker;
use crate::cluster::Cluster;
use crate::fault::Fault;
use crate::history::{Act, tag};
use crate::link::{Link, Way};
use crate::outcast::exile;
use crate::packets::{self, Loss};
use crate::plan::Break;
use crate::stage::Cast;

/// The most by which a piece between a node and the database is late: an act takes several, one after the other.
const DATABASE_LATE: Duration = Duration::from_millis(60);

/// The same between a node and NATS.
const BUS_LATE: Duration = Duration::from_millis(250);

/// What each of the people writes when all do.
const RUSH: u64 = 30;

/// How a way is broken.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// Connections are cut, and new ones refused.
    Refused,
    /// Nothing comes through, and after a while all connections are cut.
    Silent,
    /// Nothing comes through for a while, and then all of it.
    Held,
}

const MANNERS: [Manner; 3] = [Manner::Refused, Manner::Silent, Manner::Held];

impl Manner {
    fn name(self) -> &'static str {
        match self {
            Manner::Refused => "refused",
            Manner::Silent => "silent",
            Manner::Held => "held",
        }
    }

    fn begins(self, link: &Link) {
        match self {
            Manner::Refused => link.shut(),
            Manner::Silent => link.set(Way::Lost, Way::Lost),
            Manner::Held => link.set(Way::Still, Way::Still),
        }
    }

    fn ends(self, link: &Link) {
        if matches!(self, Manner::Silent) {
            // What was lost is lost for good, so nobody can go on here.
            link.cut();
        }
        link.mend();
    }
}

impl Breaker {
    /// Breaks and mends it, if it is something that several nodes have.
    pub(super) async fn break_cluster(&mut self, one: &Break) -> Result<bool> {
        let stage = Arc::clone(&self.stage);
        let Some(cluster) = &stage.cluster else { return Ok(false) };
        if let Some(how) = break_ways(cluster, one, |text| stage.recorder.fault(text)).await {
            self.count(how);
            return Ok(true);
        }
        match one.fault {
            Fault::Parted => {
                let ways = cluster.ways(usize::try_from(one.dice).unwrap_or_default());
                let (database, bus) = (ways.database.address().port(), ways.bus.address().port());
                let (from, ports): (_, &[u16]) = match one.dice / 16 % 3 {
                    0 => ("the database", &[database]),
                    1 => ("NATS", &[bus]),
                    _ => ("both", &[database, bus]),
                };
                let loss = block_in_place(|| Loss::begin("parted", ports, packets::ALL))?;
                sleep(one.lasts).await;
                block_in_place(|| drop(loss));
                self.count(format!("parted: from {from}"));
            }
            Fault::DbCrash | Fault::DbRestart => {
                let ending = if one.fault == Fault::DbCrash { Ending::Immediate } else { Ending::Fast };
                block_in_place(|| cluster.engines().postgres.end(ending))?;
                sleep(one.lasts).await;
                block_in_place(|| cluster.engines().postgres.start_again())?;
            }
            Fault::BusRestart => {
                block_in_place(|| cluster.engines().nats.kill());
                sleep(one.lasts).await;
                block_in_place(|| cluster.engines().nats.restart())?;
            }
            Fault::BusStop => {
                cluster.engines().nats.signal(Signal::Stop)?;
                sleep(one.lasts).await;
                cluster.engines().nats.signal(Signal::Continue)?;
            }
            Fault::Rush => rush(&stage, &mut self.ops),
            Fault::Exile => {
                sleep(one.lasts).await;
                self.ops += 2;
                if let Some(how) = exile(&stage, one.dice, [self.ops - 1, self.ops]).await? {
                    self.count(format!("exile: {how:?}"));
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn count(&mut self, what: String) {
        *self.broken.entry(what).or_default() += 1;
    }
}

/// Breaks a way of a node and mends it, if that is what is to be broken; says what it did.
pub(crate) async fn break_ways(cluster: &Cluster, one: &Break, note: impl Fn(String)) -> Option<String> {
    let node = usize::try_from(one.dice).unwrap_or_default();
    let ways = cluster.ways(node);
    let links: &[&Link] = match one.fault {
        Fault::DbAway => &[&ways.database],
        Fault::BusAway => &[&ways.bus],
        Fault::Alone => &[&ways.database, &ways.bus],
        Fault::DbLate => return Some(late(&ways.database, DATABASE_LATE, one).await),
        Fault::BusLate => return Some(late(&ways.bus, BUS_LATE, one).await),
        _ => return None,
    };
    let manner = MANNERS[(one.dice / 16 % 3) as usize];
    note(format!("{} of node {}: {}", one.fault.name(), node % cluster.nodes(), manner.name()));
    links.iter().for_each(|link| manner.begins(link));
    sleep(one.lasts).await;
    links.iter().for_each(|link| manner.ends(link));
    Some(format!("{}: {}", one.fault.name(), manner.name()))
}

async fn late(link: &Link, most: Duration, one: &Break) -> String {
    link.set(Way::Late(most), Way::Late(most));
    sleep(one.lasts).await;
    link.mend();
    format!("{}: by up to {} ms", one.fault.name(), most.as_millis())
}

/// Everybody writes into the first room, as fast as they can, under the next numbers.
pub(crate) fn rush(cast: &Cast, ops: &mut u64) {
    let Some(conversation) = cast.places.first().map(|place| place.id) else { return };
    for _ in 0..RUSH {
        // The keeper has other work.
        for player in cast.players.iter().skip(1) {
            *ops += 1;
            let body = format!("{} in a rush", tag(*ops));
            player.give(*ops, Act::Send { conversation, body, thread: None });
        }
    }
}
