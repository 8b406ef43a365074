//! What the database was asked while its answer gets lost on the way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chat_server::domain::policy::Policy;
use chat_server::hub::Task;
use chat_server::hub::outbox::{Frame, Outbox, Waiting};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::turns::letter;

/// For the database to do what it was told before the line is cut.
const STORED_WITHIN: Duration = Duration::from_millis(500);

/// What is written.
const BODY: &str = "is it there?";

/// What only the question for one row of a member's list says, where a connection asks it the first time.
const ROW: &str = "AND c.id = $3";

/// A store whose way to the database loses, as often as that is wanted, the answer to what has these words, on one
/// connection one after the other.
async fn lossy(database: &Database, words: &'static [&'static str]) -> (Store, Arc<AtomicUsize>) {
    let (loses, address) = (Arc::new(AtomicUsize::new(0)), database.address());
    let host = address.split(['@', '/']).find(|part| part.starts_with("127.0.0.1:")).unwrap();
    let way = way(host.parse().unwrap(), words, loses.clone()).await;
    let address: Address = address.replace(host, &way.to_string()).parse().unwrap();
    (Store::connect(&address).await.unwrap(), loses)
}

async fn way(database: SocketAddr, words: &'static [&'static str], loses: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(database).await.unwrap();
            tokio::spawn(carry(client, server, words, loses.clone()));
        }
    });
    address
}

async fn carry(client: TcpStream, server: TcpStream, words: &[&str], loses: Arc<AtomicUsize>) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let mut ahead = words;
    let (mut asked, mut answered) = ([0; 64 * 1024], [0; 64 * 1024]);
    loop {
        tokio::select! {
            read = from_client.read(&mut asked) => {
                let Ok(1..) = read else { return };
                let asked = &asked[..read.unwrap()];
                let has = |word: &&&str| asked.windows(word.len()).any(|window| window == word.as_bytes());
                while loses.load(Ordering::Relaxed) > 0 && ahead.first().filter(has).is_some() {
                    ahead = &ahead[1..];
                }
                let one_less = |left: usize| left.checked_sub(1);
                let is_last = ahead.is_empty()
                    && loses.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok();
                to_server.write_all(asked).await.unwrap();
                if is_last {
                    return tokio::time::sleep(STORED_WITHIN).await;
                }
            }
            read = from_server.read(&mut answered) => {
                let Ok(1..) = read else { return };
                to_client.write_all(&answered[..read.unwrap()]).await.unwrap();
            }
        }
    }
}

/// On a single server nothing looks at the store by itself: whoever wrote was told on their second try that it was
/// stored, and nobody else of it before something else was written there.
#[tokio::test]
async fn what_a_failed_commit_had_stored_is_told_when_its_author_asks_again() {
    let database = Database::new().unwrap();
    let direct = store(&database).await;
    let (ada, lin) = (person(&direct, "ada").await, person(&direct, "lin").await);
    let room = room(&direct, "ops", &[&ada, &lin]).await;
    // The statement that has the message commits it, too.
    let (store, loses) = lossy(&database, &[BODY]).await;
    let hub = Hub::start(&store, &Policy::default(), 1, Duration::ZERO, &chat_proto::Limits::default());
    let (outbox, mut waiting) = Outbox::new();
    hub.attach(lin.id, hub.new_session(SessionId(Uuid::nil())), Role::Member, true, &outbox).await.unwrap();
    let (actor, message) = (Actor { person: ada, role: Role::Member }, letter(BODY));
    // From here on the room is known, and the next commit is that of the message.
    hub.ask(room, actor.clone(), letter("one")).await.unwrap();
    let mut frames = Vec::new();
    waiting.take(&mut frames).await.unwrap();
    loses.store(1, Ordering::Relaxed);
    let first = hub.ask(room, actor.clone(), message.clone()).await;
    assert!(first.unwrap_err().temporary && loses.load(Ordering::Relaxed) == 0, "its answer was lost");
    hub.ask(room, actor, message).await.unwrap();
    frames.clear();
    let told = tokio::time::timeout(Duration::from_secs(5), waiting.take(&mut frames)).await;
    told.expect("the others are told").unwrap();
    let told: Vec<String> =
        frames.iter().map(|frame| String::from_utf8_lossy(frame.text()).into_owned()).collect();
    assert_eq!(told.iter().filter(|text| text.contains(BODY)).count(), 1, "once: {told:?}");
}

fn is_added(frame: &Frame) -> bool {
    String::from_utf8_lossy(frame.text()).contains("conversation.added")
}

/// Ada is connected to a node whose way to the database loses answers to these words, and lin is alone in a room.
struct Untold {
    direct: Store,
    loses: Arc<AtomicUsize>,
    hub: Hub,
    waiting: Waiting,
    ada: Person,
    room: ConversationId,
    _running: (Database, Nats),
}

impl Untold {
    async fn new(words: &'static [&'static str], answers: usize) -> Self {
        let database = Database::new().unwrap();
        let direct = store(&database).await;
        let (ada, lin) = (person(&direct, "ada").await, person(&direct, "lin").await);
        let room = room(&direct, "ops", &[&lin]).await;
        let nats = bus().await;
        let (store, loses) = lossy(&database, words).await;
        let hub = node(&store, &nats).await;
        let (outbox, waiting) = Outbox::new();
        let session = hub.new_session(SessionId(Uuid::nil()));
        hub.attach(ada.id, session, Role::Member, true, &outbox).await.unwrap();
        loses.store(answers, Ordering::Relaxed);
        Self { direct, loses, hub, waiting, ada, room, _running: (database, nats) }
    }

    /// Waits until ada was told what she is a member of now.
    async fn told(mut self) {
        let mut frames: Vec<Frame> = Vec::new();
        let told = tokio::time::timeout(Duration::from_secs(60), async {
            while !frames.iter().any(is_added) {
                self.waiting.take(&mut frames).await.unwrap();
            }
        });
        told.await.expect("told out of the store");
        assert_eq!(self.loses.load(Ordering::Relaxed), 0, "and the answers were lost");
    }

    /// Ada becomes a member by way of another server.
    async fn joins_elsewhere(&self) {
        let mut room = self.direct.load(self.room).await.unwrap().unwrap();
        let joins = decided(&mut room, &self.ada, Command::Join { invited: false });
        self.direct.commit(vec![joins]).await.unwrap();
    }
}

/// Whoever became a member on another server was noted as told before they were, and where the database could not
/// say what of, they were never told: no event led them there while the room was quiet.
#[tokio::test]
async fn who_could_not_be_told_of_a_room_is_told_later() {
    let untold = Untold::new(&[ROW], 1).await;
    untold.joins_elsewhere().await;
    untold.told().await;
}

/// The store says twice who joined.
#[tokio::test]
async fn it_is_tried_until_they_could_be_told() {
    let untold = Untold::new(&[ROW], 3).await;
    untold.joins_elsewhere().await;
    untold.told().await;
}

#[tokio::test]
async fn who_was_told_that_they_could_not_join_and_did_is_told() {
    let untold = Untold::new(&["INSERT INTO members", "COMMIT\0"], 1).await;
    let joined = untold.hub.ask(untold.room, by(&untold.ada), Task::Join).await;
    assert!(joined.unwrap_err().temporary);
    untold.told().await;
}

/// Whoever logs in on a second device listens from then on, and with that their first was taken for told.
#[tokio::test]
async fn a_login_on_a_second_device_leaves_the_first_untold_of_nothing() {
    // With a lost answer, the second comes in at its second try at the latest.
    for answers in [0, 1] {
        let untold = Untold::new(&[ROW], answers).await;
        untold.joins_elsewhere().await;
        let (second, _waiting) = Outbox::new();
        let mut refused = 0;
        loop {
            let session = untold.hub.new_session(SessionId(Uuid::nil()));
            match untold.hub.attach(untold.ada.id, session, Role::Member, true, &second).await {
                Ok(()) => break,
                Err(_) => refused += 1,
            }
        }
        assert!(refused <= answers, "{refused}");
        untold.told().await;
    }
}

/// One who is removed is the last to listen on their server, and what the turn did before was told to them by half.
#[tokio::test]
async fn who_is_removed_is_told_all_that_the_turn_did_before() {
    let Two { here, there, ada, lin, database: _database } = Two::new().await;
    let room = room(&here, "ops", &[&ada, &lin]).await;
    let nats = bus().await;
    let (node_here, node_there) = (node(&here, &nats).await, node(&there, &nats).await);
    let (outbox, mut waiting) = Outbox::new();
    let session = node_here.new_session(SessionId(Uuid::nil()));
    node_here.attach(lin.id, session, Role::Member, true, &outbox).await.unwrap();
    let removal = Command::Remove { user: lin.clone(), reason: Topic::default() };
    let ask = |task| node_there.ask(room, by(&ada), task);
    // All are asked before the shard is awake.
    let turn = tokio::join!(ask(letter("look, @lin")), ask(Task::Command(removal)), ask(letter("among us")));
    assert!(turn.0.is_ok() && turn.1.is_ok() && turn.2.is_ok(), "{turn:?}");
    let mut frames: Vec<Frame> = Vec::new();
    let has = |frame: &Frame| String::from_utf8_lossy(frame.text()).contains("inbox.item");
    let told = tokio::time::timeout(Duration::from_secs(30), async {
        while !frames.iter().any(has) {
            waiting.take(&mut frames).await.unwrap();
        }
    });
    told.await.expect("they were called, before they went");
}
