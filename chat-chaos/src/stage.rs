//! What a run takes place on: a server, people with their links, and the rooms and directs between them.

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

use crate::dial::Dial;
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

/// Who plays, and where.
pub(crate) struct Cast {
    /// Number 0 keeps the rooms.
    pub(crate) players: Vec<Player>,
    pub(crate) places: Vec<Place>,
    /// The way to the server for which no fault is meant.
    pub(crate) dial: Dial,
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
    /// Who plays, and where.
    pub(crate) cast: Arc<Cast>,
    /// Whose connections the crowd uses.
    pub(crate) crowd: (Person, Secret),
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
        let dial = Dial::to(url.clone());
        let machines = vec![Mutex::new(Machine { node, disk })];

        let mut known = Vec::new();
        let mut players = Vec::new();
        for client in 0..=PEOPLE {
            let name = if client == 0 { "keeper".to_owned() } else { format!("person{client}") };
            let (person, token) = register(&url, &name).await?;
            known.push((person.clone(), token.clone()));
            let link = Link::open(vec![target]).await?;
            players.push((client, person, token, link));
        }
        let (person, token) = register(&url, "crowd").await?;
        known.push((person.clone(), token.clone()));
        let places = make_places(&dial, &known, "").await?;
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
        let cast = Arc::new(Cast { players, places, dial });
        Ok(Self { recorder, machines, cast, crowd: (person, token), clock })
    }

    /// The server, for whoever breaks or asks it.
    pub(crate) fn machine(&self) -> MutexGuard<'_, Machine> {
        // There is one; a cluster would be taken in turn.
        self.machines[0].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the crowd connects.
    pub(crate) fn address(&self) -> SocketAddr {
        self.machine().node.address()
    }
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
/// the first, and so is the crowd. Names of rooms end in this.
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
            let is_crowd = client > PEOPLE;
            if n != 0 && (is_crowd || (client + n) % 2 == 0) {
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
