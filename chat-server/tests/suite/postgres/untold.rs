//! A commit that is stored while its answer gets lost on the way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chat_server::domain::policy::Policy;
use chat_server::hub::outbox::Outbox;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::turns::letter;

/// For the database to store what it was told before the line is cut.
const STORED_WITHIN: Duration = Duration::from_millis(500);

/// What is written.
const BODY: &str = "is it there?";

/// A way to the database on which, once that is wanted, the answer to its commit gets lost.
async fn way(database: SocketAddr, loses: Arc<AtomicBool>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(database).await.unwrap();
            tokio::spawn(carry(client, server, loses.clone()));
        }
    });
    address
}

async fn carry(client: TcpStream, server: TcpStream, loses: Arc<AtomicBool>) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let (mut asked, mut answered) = ([0; 64 * 1024], [0; 64 * 1024]);
    loop {
        tokio::select! {
            read = from_client.read(&mut asked) => {
                let Ok(1..) = read else { return };
                let asked = &asked[..read.unwrap()];
                // The statement that has the message commits it, too.
                let commits = asked.windows(BODY.len()).any(|words| words == BODY.as_bytes());
                let is_last = commits && loses.swap(false, Ordering::Relaxed);
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
    let (loses, address) = (Arc::new(AtomicBool::new(false)), database.address());
    let host = address.split(['@', '/']).find(|part| part.starts_with("127.0.0.1:")).unwrap();
    let way = way(host.parse().unwrap(), loses.clone()).await;
    let store = Store::connect(&address.replace(host, &way.to_string()).parse().unwrap()).await.unwrap();
    let hub = Hub::start(&store, &Policy::default(), 1, Duration::ZERO, &chat_proto::Limits::default());
    let (outbox, mut waiting) = Outbox::new();
    hub.attach(lin.id, hub.new_session(SessionId(Uuid::nil())), Role::Member, true, &outbox).await.unwrap();
    let (actor, message) = (Actor { person: ada, role: Role::Member }, letter(BODY));
    // From here on the room is known, and the next commit is that of the message.
    hub.ask(room, actor.clone(), letter("one")).await.unwrap();
    let mut frames = Vec::new();
    waiting.take(&mut frames).await.unwrap();
    loses.store(true, Ordering::Relaxed);
    let first = hub.ask(room, actor.clone(), message.clone()).await;
    assert!(first.unwrap_err().temporary && !loses.load(Ordering::Relaxed), "its answer was lost");
    hub.ask(room, actor, message).await.unwrap();
    frames.clear();
    let told = tokio::time::timeout(Duration::from_secs(5), waiting.take(&mut frames)).await;
    told.expect("the others are told").unwrap();
    let told: Vec<String> =
        frames.iter().map(|frame| String::from_utf8_lossy(frame.text()).into_owned()).collect();
    assert_eq!(told.iter().filter(|text| text.contains(BODY)).count(), 1, "once: {told:?}");
}
