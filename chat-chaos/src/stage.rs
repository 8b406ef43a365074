//! What a run takes place on: servers, people with their links, and the rooms and directs between them.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use chat_client::link::Link as Wired;
use chat_client::tls::Tls;
use chat_proto::{
    AcceptInvitation, ClientId, ConversationId, CreateRoom, Invite, JoinRoom, OpenDirect, PROTOCOL_VERSION,
    Person, Register, RoomName, Secret,
};
use chat_tests::PASSWORD;
use chat_tests::postgres::Syncing;

use crate::cluster::{self, Cluster};
use crate::dial::Dial;
use crate::disk::Disk;
use crate::fault::Fault;
use crate::history::Recorder;
use crate::link::Link;
use crate::node::Node;
use crate::outcast::{OUTCASTS, Outcast};
use crate::plan::{BARE, DIRECTS, PEOPLE, PRIVATE, PUBLIC};
use crate::player::Player;

/// The heartbeat of several servers, which share this machine's cores with a database and each other.
const CLUSTER_PING: &str = "2s";

/// A room or a direct.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) id: ConversationId,
    pub(crate) name: Option<RoomName>,
}

/// Who plays, and where.
pub(crate) struct Cast {
    /// Writes down what happens.
    pub(crate) recorder: Recorder,
    /// Number 0 keeps the rooms.
    pub(crate) players: Vec<Player>,
    /// Those whose rights will be taken, where there are several servers.
    pub(crate) outcasts: Vec<Outcast>,
    pub(crate) places: Vec<Place>,
    /// The ways to the servers for which no fault is meant: one for each.
    pub(crate) dials: Vec<Dial>,
}

impl Cast {
    /// The way to the first server.
    pub(crate) fn dial(&self) -> &Dial {
        // There is at least one.
        &self.dials[0]
    }
}

/// A server and its disk.
pub(crate) struct Machine {
    pub(crate) node: Node,
    pub(crate) disk: Disk,
}

/// See the module.
pub(crate) struct Stage {
    // Faults take turns at a machine; whoever holds this is the only one who breaks it.
    machines: Vec<Mutex<Machine>>,
    /// Who plays, and where.
    pub(crate) cast: Arc<Cast>,
    /// Whose connections the crowd uses.
    pub(crate) crowd: (Person, Secret),
    /// Where all that nobody breaks connects.
    pub(crate) addresses: Vec<SocketAddr>,
    /// The file in which the servers' clock stands.
    pub(crate) clock: PathBuf,
    /// What stands behind several servers. After them, so that it ends after them.
    pub(crate) cluster: Option<Cluster>,
}

impl Stage {
    /// Makes all of it in a folder, with so many servers. Nobody's engine is started yet.
    ///
    /// # Errors
    /// Something does not come up.
    pub(crate) async fn set(dir: &Path, faults: &[Fault], nodes: usize) -> Result<Self> {
        let recorder = Recorder::begin(&dir.join("history.jsonl"))?;
        let clock = dir.join("clock");
        std::fs::write(&clock, "+0")?;
        let cluster = if nodes > 1 { Some(Cluster::start(nodes, Syncing::On).await?) } else { None };
        let machines = match &cluster {
            Some(cluster) => several(dir, cluster, nodes)?,
            None => vec![one(dir, faults, &clock)?],
        };
        let addresses: Vec<SocketAddr> = machines.iter().map(|machine| machine.node.address()).collect();
        let urls: Vec<String> = machines.iter().map(|machine| machine.node.url()).collect();
        let dials: Vec<Dial> = urls.iter().cloned().map(Dial::to).collect();
        let (url, dial) = urls.first().zip(dials.first()).context("no server")?;

        let mut known = Vec::new();
        let mut players = Vec::new();
        for client in 0..=PEOPLE {
            let name = if client == 0 { "keeper".to_owned() } else { format!("person{client}") };
            let (person, token) = register(url, &name).await?;
            known.push((person.clone(), token.clone()));
            // Each begins with another server.
            let mut targets = addresses.clone();
            targets.rotate_left(client % addresses.len());
            let link = Link::open(targets).await?;
            players.push((client, person, token, link));
        }
        let crowd = register(url, "crowd").await?;
        known.push(crowd.clone());
        let mut outcasts = Vec::new();
        for n in 0..if nodes > 1 { OUTCASTS } else { 0 } {
            let outcast = register(url, &format!("outcast{n}")).await?;
            known.push(outcast.clone());
            outcasts.push(outcast);
        }
        let places = make_places(dial, &known, "").await?;
        let players = players
            .into_iter()
            .map(|(client, person, token, link)| {
                // The keeper and the last ones have no engine.
                if client == 0 || client > PEOPLE - BARE {
                    Player::bare(client, person, token, link, &recorder)
                } else {
                    Player::engine(client, person, token, link, &recorder, dir)
                }
            })
            .collect();
        let outcasts = outcasts
            .into_iter()
            .enumerate()
            .map(|(n, outcast)| Outcast::begin(outcast, n % nodes, &dials, &recorder))
            .collect();
        let machines = machines.into_iter().map(Mutex::new).collect();
        let cast = Arc::new(Cast { recorder, players, outcasts, places, dials });
        Ok(Self { machines, cast, crowd, addresses, clock, cluster })
    }

    /// How many servers there are.
    pub(crate) fn nodes(&self) -> usize {
        self.machines.len()
    }

    /// A server, for whoever breaks or asks it; a number beyond them begins anew.
    pub(crate) fn machine(&self, number: usize) -> MutexGuard<'_, Machine> {
        self.machines[number % self.machines.len()].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One server, with its database on a disk.
fn one(dir: &Path, faults: &[Fault], clock: &Path) -> Result<Machine> {
    let own = faults.iter().any(|fault| fault.wants_a_disk());
    let disk = if own { Disk::own(dir)? } else { Disk::folder(&dir.join("data"))? };
    let jumps = faults.contains(&Fault::Clock).then(|| clock.to_owned());
    let mut node = Node::new(disk.data(), jumps);
    node.start()?;
    Ok(Machine { node, disk })
}

/// Several on one database.
fn several(dir: &Path, cluster: &Cluster, nodes: usize) -> Result<Vec<Machine>> {
    let mut machines = Vec::new();
    for number in 0..nodes {
        let disk = Disk::folder(&cluster::folder(dir, number)?)?;
        let mut node = Node::new(disk.data(), None).joined(cluster.joined(number)).with_ping(CLUSTER_PING);
        node.start()?;
        machines.push(Machine { node, disk });
    }
    Ok(machines)
}

impl Deref for Stage {
    type Target = Cast;

    fn deref(&self) -> &Cast {
        &self.cast
    }
}

/// Makes an account.
///
/// # Errors
/// The server refuses.
pub(crate) async fn register(url: &str, name: &str) -> Result<(Person, Secret)> {
    let mut wire = Wired::dial(&url.parse()?, &Tls::default()).await?;
    let register = Register {
        protocol: PROTOCOL_VERSION,
        name: name.parse()?,
        password: Secret::new(PASSWORD),
        invite: None,
        device: Default::default(),
    };
    let welcome = wire.request(register).await.with_context(|| format!("registering {name}"))?;
    wire.close().await;
    Ok((welcome.user, welcome.token.context("no token for a new account")?))
}

/// Rooms of the keeper, and directs. At the beginning about half of the people are in each room; all are in
/// the first, and so are the crowd and those whose rights will be taken. Names of rooms end in this.
///
/// # Errors
/// The server refuses.
pub(crate) async fn make_places(dial: &Dial, people: &[(Person, Secret)], end: &str) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    let (_, keeper) = people.first().context("nobody")?;
    for n in 0..PUBLIC + PRIVATE {
        let private = n >= PUBLIC;
        let name: RoomName =
            if private { format!("vault{n}{end}") } else { format!("hall{n}{end}") }.parse()?;
        let create = CreateRoom { private, ..CreateRoom::new(ClientId(uuid::Uuid::now_v7()), name.clone()) };
        let conversation = dial.once(keeper, create).await?.id;
        for (client, (person, token)) in people.iter().enumerate().skip(1) {
            let only_listens = client > PEOPLE;
            if n != 0 && (only_listens || (client + n) % 2 == 0) {
                continue;
            }
            if private {
                dial.once(keeper, Invite { conversation, user: person.name.clone() }).await?;
                dial.once(token, AcceptInvitation { conversation }).await?;
            } else {
                dial.once(token, JoinRoom { room: name.clone() }).await?;
            }
        }
        places.push(Place { id: conversation, name: Some(name) });
    }
    for pair in people[1..].chunks_exact(2).take(DIRECTS) {
        let user = pair[1].0.name.clone();
        let row = dial.once(&pair[0].1, OpenDirect { user, also: Vec::new() }).await?;
        places.push(Place { id: row.id, name: None });
    }
    Ok(places)
}
