//! A server's past: many messages of made-up words, always the same, written by the store's import.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chat_proto::{
    Body, ClientId, ConversationId, ConversationKind, Description, Event, EventKind, Message, Person,
    RoomName, RoomRole, RoomRules, SearchOrder, SearchQuery, Seq, Timestamp, Topic, UserId, UserName,
};
use chat_server::domain::find::Wanted;
use chat_server::hub;
use chat_server::store::{ConversationRecord, MemberMarks, MemberRecord, Place, Search, Store};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use crate::world::{Size, World, runtime};

/// People; all are in all rooms.
const PEOPLE: usize = 100;

/// Rooms, which share the messages.
const ROOMS: usize = 10;

/// Messages that are written in one transaction.
const AT_ONCE: usize = 5_000;

/// Different words. The smaller a word's number, the more often it is said.
const WORDS: usize = 20_000;

/// Words of a message, at least and at most.
const LENGTH: (usize, usize) = (6, 20);

/// Milliseconds from one message to the next: a million of them are two years.
const STEP_MS: i64 = 63_000;

/// How long each look may wait for messages to be taken into the index.
const INDEXING: Duration = Duration::from_secs(60);

/// How the archive is made. A changed one gets the next number, so that an older one is not taken for it.
const FORM: u32 = 2;

/// A word in one message of ten.
pub(crate) const COMMON: &str = "deploy";

/// A word in as many messages as [`RARE_MESSAGES`] says.
pub(crate) const RARE: &str = "quokka";

/// How many messages have the rare word.
pub(crate) const RARE_MESSAGES: usize = 10;

/// What has been said.
pub(crate) struct Past {
    /// Who and what is in it.
    pub(crate) world: World,
    /// The number of the newest event in each room.
    pub(crate) head: u64,
}

/// A past in a data directory.
pub(crate) struct Archive {
    /// The folder of the database.
    pub(crate) data: PathBuf,
    /// What is in it.
    pub(crate) past: Past,
}

impl Past {
    /// Who is in rooms apart; whoever begins a room.
    pub(crate) const APART: usize = 1;

    /// Writes so many messages into an empty PostgreSQL database.
    ///
    /// # Errors
    /// It cannot be reached or written.
    pub(crate) fn write_in(address: &str, messages: usize) -> Result<Self> {
        let size = Size { people: PEOPLE, rooms: 0, members: 0, pairs: 0 };
        let world = World::make_in(address, size)?;
        runtime()?.block_on(async {
            let store = Store::connect(&address.parse()?).await?;
            fill(store, world, messages / ROOMS).await
        })
    }

    /// Makes rooms of [one person](Self::APART) alone, in which the past is not: what is written there is for nobody who
    /// asks about it.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn rooms_apart(&self, store: &Store) -> Result<Vec<ConversationId>> {
        let mut rooms = Vec::new();
        for n in 0..ROOMS {
            let id = ConversationId(Uuid::from_u64_pair(4, n as u64 + 1));
            let members = &self.world.people[Self::APART..=Self::APART];
            rooms
                .push(begin(store, &self.world, (id, &format!("apart-{n}")), members, 1).await?.conversation);
            store.finish_import(id).await?;
        }
        Ok(rooms)
    }
}

impl Archive {
    /// Finds the archive of so many messages below `dir`, or makes it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn find(dir: &Path, messages: usize) -> Result<Self> {
        let dir = dir.join(format!("archive-{FORM}-{messages}"));
        let (data, note) = (dir.join("data"), dir.join("world.json"));
        // The note is written last: without it the archive is not complete.
        if let Ok(world) = fs::read_to_string(&note) {
            let past = Past { world: serde_json::from_str(&world)?, head: head(messages / ROOMS) };
            return Ok(Self { data, past });
        }
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("removing {}", dir.display()))?;
        }
        let world = World::make(&data, Size { people: PEOPLE, rooms: 0, members: 0, pairs: 0 })?;
        let store = Store::open(&data.join("chat.sqlite"))?;
        let past = runtime()?.block_on(fill(store, world, messages / ROOMS))?;
        fs::write(&note, serde_json::to_string(&past.world)?)?;
        Ok(Self { data, past })
    }
}

/// The number of the newest event in a room with so many messages.
fn head(each: usize) -> u64 {
    each as u64 + 1
}

async fn fill(store: Store, mut world: World, each: usize) -> Result<Past> {
    let mut chance = SmallRng::seed_from_u64(1);
    let words = vocabulary(&mut chance);
    let mut rooms = Vec::new();
    for room in 0..ROOMS {
        let id = ConversationId(Uuid::from_u64_pair(1, room as u64 + 1));
        let place = begin(&store, &world, (id, &format!("archive-{room}")), &world.people, each).await?;
        let mut seq = 1;
        while seq <= each {
            let mut events = Vec::new();
            while seq <= each && events.len() < AT_ONCE {
                seq += 1;
                let n = room * each + seq - 2;
                let body = text(&words, &mut chance, n, (each * ROOMS / RARE_MESSAGES).max(1));
                let body = Body::new(body).map_err(|cause| anyhow::anyhow!("{cause}"))?;
                let client_id = ClientId(Uuid::from_u64_pair(3, n as u64));
                events.push(event(
                    &world,
                    id,
                    seq,
                    each,
                    EventKind::Message(Box::new(Message::new(client_id, body))),
                )?);
            }
            write(&store, id, &place, events).await?;
        }
        store.finish_import(place.conversation).await?;
        rooms.push(place.conversation);
    }
    index(&store, world.people[0]).await?;
    store.close().await;
    (world.rooms, world.members) = (rooms, PEOPLE);
    Ok(Past { world, head: head(each) })
}

/// Begins a room of these people, which will have so many messages.
async fn begin(
    store: &Store,
    world: &World,
    (id, name): (ConversationId, &str),
    members: &[UserId],
    messages: usize,
) -> Result<Place> {
    let name = RoomName::parse(name).map_err(|cause| anyhow::anyhow!("{cause}"))?;
    let created = EventKind::Created {
        client_id: ClientId(Uuid::from_u64_pair(2, id.0.as_u64_pair().1)),
        name: Some(name.clone()),
        topic: Topic::default(),
    };
    let first = event(world, id, 1, messages, created)?;
    let place = store.begin_import(record(id, name, members), first.clone()).await?;
    write(store, id, &place, vec![first]).await?;
    Ok(place)
}

/// Waits until all of it can be found.
async fn index(store: &Store, user: UserId) -> Result<()> {
    let query = SearchQuery::parse(RARE).map_err(|cause| anyhow::anyhow!("{cause}"))?;
    let wanted = Wanted::of(&query);
    let (order, now) = (SearchOrder::Newest, hub::now());
    let search = Search { user, query, wanted, order, cursor: None, limit: 1, now };
    while store.search(search.clone(), INDEXING).await?.is_none_or(|found| found.indexing) {}
    Ok(())
}

async fn write(store: &Store, room: ConversationId, place: &Place, events: Vec<Event>) -> Result<()> {
    let written = store.import_events(room, place.clone(), events).await?;
    ensure!(written.is_ok(), "the archive is written by somebody else, too");
    Ok(())
}

fn record(id: ConversationId, name: RoomName, members: &[UserId]) -> ConversationRecord {
    let role = |n| if n == 0 { RoomRole::Owner } else { RoomRole::Member };
    let members = members.iter().enumerate();
    ConversationRecord {
        id,
        kind: ConversationKind::Room,
        name: Some(name),
        topic: Topic::default(),
        description: Description::default(),
        private: false,
        rules: RoomRules::default(),
        members: members
            .map(|(n, user)| MemberRecord { user: *user, role: role(n), marks: MemberMarks::default() })
            .collect(),
    }
}

fn event(
    world: &World,
    conversation: ConversationId,
    seq: usize,
    of: usize,
    what: EventKind,
) -> Result<Event> {
    let author = seq % world.people.len();
    let name = UserName::parse(&format!("person-{author}")).map_err(|cause| anyhow::anyhow!("{cause}"))?;
    let age = i64::try_from((of + 1 - seq) * ROOMS)? * STEP_MS;
    Ok(Event {
        conversation,
        seq: Seq(seq as u64),
        at: Timestamp(hub::now().0 - age),
        author: Person { id: world.people[author], name, bot: false },
        what,
    })
}

/// Words that can be said, none of which is one of the two that are looked for.
fn vocabulary(chance: &mut SmallRng) -> Vec<String> {
    const SYLLABLES: [&str; 16] =
        ["ba", "ko", "mi", "ra", "ten", "lu", "so", "fi", "gar", "ne", "do", "wa", "pel", "si", "tu", "ham"];
    let mut word = || -> String {
        let syllables = chance.random_range(2..5);
        (0..syllables).map(|_| SYLLABLES[chance.random_range(0..SYLLABLES.len())]).collect()
    };
    (0..WORDS).map(|_| word()).collect()
}

fn text(words: &[String], chance: &mut SmallRng, n: usize, rare_each: usize) -> String {
    let length = chance.random_range(LENGTH.0..=LENGTH.1);
    let mut said: Vec<&str> = (0..length)
        .map(|_| {
            // The third power: some hundred words are half of all that is said, as in any language.
            let at: f64 = chance.random::<f64>().powi(3);
            words[(at * words.len() as f64) as usize % words.len()].as_str()
        })
        .collect();
    if n.is_multiple_of(10) {
        said.insert(length / 2, COMMON);
    }
    if n % rare_each == rare_each / 2 {
        said.push(RARE);
    }
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_are_looked_for_are_as_common_as_promised() {
        let mut chance = SmallRng::seed_from_u64(1);
        let words = vocabulary(&mut chance);
        let said: Vec<String> = (0..2_000).map(|n| text(&words, &mut chance, n, 200)).collect();
        let with = |word: &str| said.iter().filter(|text| text.split(' ').any(|w| w == word)).count();
        assert_eq!((with(COMMON), with(RARE)), (200, RARE_MESSAGES));
    }
}
