//! What a run takes place on: a server, people with their links, and the rooms and directs between them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use chat_client::link::Link as Wired;
use chat_client::tls::Tls;
use chat_proto::{
    AcceptInvitation, ClientId, ConversationId, CreateRoom, Invite, JoinRoom, OpenDirect, PROTOCOL_VERSION,
    Person, Register, RoomName, Secret,
};
use chat_tests::PASSWORD;

use crate::disk::Disk;
use crate::fault::Fault;
use crate::history::Recorder;
use crate::link::Link;
use crate::node::Node;
use crate::plan::{BARE, DIRECTS, PEOPLE, PRIVATE, PUBLIC};
use crate::player::Player;

/// A room or a direct.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) id: ConversationId,
    pub(crate) name: Option<RoomName>,
}

/// A server and its disk.
pub(crate) struct Machine {
    pub(crate) node: Node,
    pub(crate) disk: Disk,
}

/// See the module.
pub(crate) struct Stage {
    pub(crate) recorder: Recorder,
    // Faults take turns at a machine; whoever holds this is the only one who breaks it.
    machines: Vec<Mutex<Machine>>,
    /// Number 0 keeps the rooms.
    pub(crate) players: Vec<Player>,
    /// Whose connections the crowd uses.
    pub(crate) crowd: (Person, Secret),
    pub(crate) places: Vec<Place>,
    /// The file in which the servers' clock stands.
    pub(crate) clock: PathBuf,
}

impl Stage {
    /// Makes all of it in a folder. Nobody's engine is started yet.
    ///
    /// # Errors
    /// Something does not come up.
    pub(crate) async fn set(dir: &Path, faults: &[Fault]) -> Result<Self> {
        let recorder = Recorder::begin(&dir.join("history.jsonl"))?;
        let clock = dir.join("clock");
        std::fs::write(&clock, "+0")?;
        let own = faults.iter().any(|fault| fault.wants_a_disk());
        let disk = if own { Disk::own(dir)? } else { Disk::folder(dir)? };
        let jumps = faults.contains(&Fault::Clock).then(|| clock.clone());
        let mut node = Node::new(disk.data(), jumps);
        node.start()?;
        let (url, target) = (node.url(), node.address());
        let machines = vec![Mutex::new(Machine { node, disk })];

        let mut wires = Vec::new();
        let mut players = Vec::new();
        for client in 0..=PEOPLE {
            let name = if client == 0 { "keeper".to_owned() } else { format!("person{client}") };
            let (wire, person, token) = register(&url, &name).await?;
            wires.push((wire, person.clone()));
            let link = Link::open(vec![target]).await?;
            players.push((client, person, token, link));
        }
        let (wire, person, token) = register(&url, "crowd").await?;
        wires.push((wire, person.clone()));
        let places = make_places(&mut wires).await?;
        for (wire, _) in wires {
            wire.close().await;
        }
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
        Ok(Self { recorder, machines, players, crowd: (person, token), places, clock })
    }

    /// The server, for whoever breaks or asks it.
    pub(crate) fn machine(&self) -> MutexGuard<'_, Machine> {
        // There is one; a cluster would be taken in turn.
        self.machines[0].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where clients connect that no fault is meant for.
    pub(crate) fn url(&self) -> String {
        self.machine().node.url()
    }

    /// The same for the crowd.
    pub(crate) fn address(&self) -> SocketAddr {
        self.machine().node.address()
    }
}

async fn register(url: &str, name: &str) -> Result<(Wired, Person, Secret)> {
    let mut wire = Wired::dial(&url.parse()?, &Tls::default()).await?;
    let register = Register {
        protocol: PROTOCOL_VERSION,
        name: name.parse()?,
        password: Secret::new(PASSWORD),
        invite: None,
        device: Default::default(),
    };
    let welcome = wire.request(register).await.with_context(|| format!("registering {name}"))?;
    Ok((wire, welcome.user, welcome.token.context("no token for a new account")?))
}

/// Rooms of the keeper, and directs. At the beginning about half of the people are in each room; all are in
/// the first, and so is the crowd.
async fn make_places(wires: &mut [(Wired, Person)]) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    for n in 0..PUBLIC + PRIVATE {
        let private = n >= PUBLIC;
        let name: RoomName = if private { format!("vault{n}") } else { format!("hall{n}") }.parse()?;
        let create = CreateRoom { private, ..CreateRoom::new(ClientId(uuid::Uuid::now_v7()), name.clone()) };
        let id = wires[0].0.request(create).await?.id;
        for client in 1..wires.len() {
            let is_crowd = client > PEOPLE;
            if n != 0 && (is_crowd || (client + n) % 2 == 0) {
                continue;
            }
            if private {
                let user = wires[client].1.name.clone();
                wires[0].0.request(Invite { conversation: id, user }).await?;
                wires[client].0.request(AcceptInvitation { conversation: id }).await?;
            } else {
                wires[client].0.request(JoinRoom { room: name.clone() }).await?;
            }
        }
        places.push(Place { id, name: Some(name) });
    }
    for n in 0..DIRECTS {
        let user = wires[2 * n + 2].1.name.clone();
        let row = wires[2 * n + 1].0.request(OpenDirect { user, also: Vec::new() }).await?;
        places.push(Place { id: row.id, name: None });
    }
    Ok(places)
}
