//! What a server has in it before a run: people, rooms with members, pairs, and messages.
//!
//! It is written by the store's own verbs, not over the wire: a login by password costs a tenth of a
//! second by design, and ten thousand people who join a room one by one are a hundred million
//! deliveries that nobody measures.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use chat_proto::{
    ClientId, ConversationId, ConversationKind, Description, Epoch, Person, Registration, RoomName,
    SessionId, Topic, UserId, UserName,
};
use chat_server::auth::SecretHash;
use chat_server::domain::Room;
use chat_server::hub;
use chat_server::store::{NewAccount, NewSession, Proof, Store, Write};
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Accounts that are made at once: they share commits.
const AT_ONCE: usize = 512;

/// Nobody logs in by a password in a run, so there is none; this is no hash of anything.
const NO_PASSWORD: &str = "none";

/// How large a world is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub(crate) struct Size {
    /// People with an account and a token
    #[arg(long, default_value_t = 100)]
    pub(crate) people: usize,
    /// Rooms
    #[arg(long, default_value_t = 1)]
    pub(crate) rooms: usize,
    /// Members of each room: the first room has the first people, the next room the next, and so on
    /// round the circle
    #[arg(long, default_value_t = 100)]
    pub(crate) members: usize,
    /// Directs: the first two people, the next two
    #[arg(long, default_value_t = 0)]
    pub(crate) pairs: usize,
}

/// Who and what there is, for whoever makes the traffic.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct World {
    /// A token of each person.
    pub(crate) tokens: Vec<String>,
    /// The people.
    pub(crate) people: Vec<UserId>,
    /// The rooms.
    pub(crate) rooms: Vec<ConversationId>,
    /// How many members each has.
    pub(crate) members: usize,
    /// This life of the database.
    pub(crate) epoch: Epoch,
    /// The directs.
    pub(crate) pairs: Vec<ConversationId>,
}

impl World {
    /// Makes the database of a data directory that has none.
    ///
    /// # Errors
    /// The folder cannot be used, or the size makes no sense.
    pub(crate) fn make(dir: &Path, size: Size) -> Result<Self> {
        runtime()?.block_on(Self::write(dir, size))
    }

    /// Fills an empty PostgreSQL database.
    ///
    /// # Errors
    /// It cannot be reached, or the size makes no sense.
    pub(crate) fn make_in(database: &str, size: Size) -> Result<Self> {
        runtime()?.block_on(async { Self::fill(Store::connect(&database.parse()?).await?, size).await })
    }

    /// The places in [`Self::people`] of a room's members.
    pub(crate) fn members_of(&self, room: usize) -> impl Iterator<Item = usize> + use<> {
        circle(self.people.len(), self.members, room)
    }

    async fn write(dir: &Path, size: Size) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
        Self::fill(Store::open(&dir.join("chat.sqlite"))?, size).await
    }

    async fn fill(store: Store, size: Size) -> Result<Self> {
        ensure!(size.members <= size.people, "rooms of {} need {} people", size.members, size.members);
        ensure!(size.pairs * 2 <= size.people, "{} pairs need {} people", size.pairs, size.pairs * 2);
        let mut people = Vec::with_capacity(size.people);
        let mut tokens = Vec::with_capacity(size.people);
        for first in (0..size.people).step_by(AT_ONCE) {
            let mut making = JoinSet::new();
            for n in first..(first + AT_ONCE).min(size.people) {
                making.spawn(person(store.clone(), n));
            }
            let mut made = making.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
            made.sort_by_key(|(n, ..)| *n);
            for (_, person, token) in made {
                people.push(person);
                tokens.push(token);
            }
        }
        let mut rooms = Vec::with_capacity(size.rooms);
        for n in 0..size.rooms {
            let members: Vec<Person> =
                circle(people.len(), size.members, n).map(|at| people[at].clone()).collect();
            let name = RoomName::parse(&format!("room-{n}")).map_err(|cause| anyhow::anyhow!("{cause}"))?;
            rooms.push(begin(&store, ConversationKind::Room, Some(name), &members).await?);
        }
        let mut pairs = Vec::with_capacity(size.pairs);
        for pair in people.chunks_exact(2).take(size.pairs) {
            pairs.push(begin(&store, ConversationKind::Direct, None, pair).await?);
        }
        let epoch = store.epoch();
        store.close().await;
        let people = people.iter().map(|person| person.id).collect();
        Ok(Self { tokens, people, rooms, members: size.members, epoch, pairs })
    }
}

/// The members of a room among so many people.
fn circle(people: usize, members: usize, room: usize) -> impl Iterator<Item = usize> {
    (0..members).map(move |n| (room * members + n) % people)
}

/// What the store's verbs run on.
///
/// # Errors
/// The system has no room for it.
pub(crate) fn runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// The name of somebody.
///
/// # Errors
/// Never.
pub(crate) fn account(n: usize) -> Result<UserName> {
    UserName::parse(&format!("person-{n}")).map_err(|cause| anyhow::anyhow!("{cause}"))
}

/// Makes an account and logs it in.
async fn person(store: Store, n: usize) -> Result<(usize, Person, String)> {
    let name = account(n)?;
    let (id, at) = (UserId(Uuid::now_v7()), hub::now());
    let account = NewAccount {
        id,
        skeleton: name.to_string(),
        name: name.clone(),
        password: NO_PASSWORD.to_owned(),
        invite: None,
        at,
    };
    store
        .create_account(account, Registration::Open)
        .await?
        .map_err(|refusal| anyhow::anyhow!("{}", refusal.message))?;
    let token = Uuid::new_v4().simple().to_string();
    let session = NewSession {
        id: SessionId(Uuid::now_v7()),
        user: id,
        token: SecretHash::of(&token),
        device: "bench".to_owned(),
        proof: Proof::Password(NO_PASSWORD.to_owned()),
        second_factor: false,
        at,
    };
    let begun = store.create_session(session).await?;
    ensure!(begun.is_ok(), "no session for {name}");
    Ok((n, Person { id, name, bot: false }, token))
}

async fn begin(
    store: &Store,
    kind: ConversationKind,
    name: Option<RoomName>,
    members: &[Person],
) -> Result<ConversationId> {
    let id = ConversationId(Uuid::now_v7());
    let author = members.first().context("a conversation has members")?.clone();
    let client_id = ClientId(Uuid::now_v7());
    let event = Room::first_event(id, author, hub::now(), client_id, name.clone(), Topic::default());
    let members = members.iter().map(|person| person.id).collect();
    let begin =
        Write::Begin { kind, name, description: Description::default(), private: false, members, event };
    store.commit(vec![begin]).await?;
    Ok(id)
}
