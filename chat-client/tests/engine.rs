//! The engine over a real socket, against a server that a test plays line by line.

// Clippy's leave for tests ends at their helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chat_client::account::Account;
use chat_client::tls::Tls;
use chat_client::{Anchor, Client, Connection, Delivery, Options, RequestError, Storage, Update, Updates};
use chat_proto::{
    Answer, Body, ClientFrame, ClientId, Conversation, ConversationId, ConversationKind, Epoch, Event,
    EventKind, FrameId, Hello, HistoryPage, Invitations, Limits, Person, ProtocolRange, Push, Registration,
    Request, Resumed, Role, Secret, Sent, Seq, ServerFrame, SessionId, Timestamp, UserId, Welcome,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use uuid::Uuid;

fn room() -> ConversationId {
    ConversationId(Uuid::from_u128(100))
}

fn ada() -> Person {
    Person::new(UserId(Uuid::from_u128(1)), "ada".parse().unwrap())
}

fn lin() -> Person {
    Person::new(UserId(Uuid::from_u128(2)), "lin".parse().unwrap())
}

fn body(text: &str) -> Body {
    Body::new(text).unwrap()
}

fn message(seq: u64, author: Person) -> Event {
    let what = EventKind::Message(Box::new(chat_proto::Message::new(ClientId(Uuid::nil()), body("hi"))));
    Event { conversation: room(), seq: Seq(seq), at: Timestamp(9), author, what }
}

fn row(head: u64) -> Conversation {
    Conversation {
        id: room(),
        kind: ConversationKind::Room,
        name: Some("deploys".parse().unwrap()),
        topic: Default::default(),
        description: Default::default(),
        private: false,
        rules: Default::default(),
        role: Default::default(),
        with: Vec::new(),
        members: 2,
        head: Seq(head),
        read: Seq(head),
        others_read: Seq(0),
        unread: 0,
        mentions: 0,
        notify: Default::default(),
        starred: false,
        last_message: None,
        active_at: Timestamp(9),
    }
}

/// One connection, from the server's side.
struct Peer(WebSocketStream<TcpStream>);

impl Peer {
    /// Takes a connection and says hello.
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().await.unwrap();
        let mut peer = Self(tokio_tungstenite::accept_async(stream).await.unwrap());
        peer.push(&Push::Hello(Hello {
            protocol: ProtocolRange { min: 1, max: 1 },
            server: "test".to_owned(),
            name: "acme".to_owned(),
            epoch: Epoch(Uuid::from_u128(7)),
            features: Vec::new(),
            registration: Registration::Open,
            provider: None,
            limits: Limits::default(),
            ping_interval_ms: 25_000,
            server_time: Timestamp(0),
        }))
        .await;
        peer
    }

    /// Takes a connection and its login.
    async fn login(listener: &TcpListener, head: u64) -> Self {
        let mut peer = Self::accept(listener).await;
        let (id, request) = peer.request().await;
        assert!(matches!(&request, Request::Token(token) if token.token.expose() == "secret"), "{request:?}");
        peer.ok(
            &id,
            Answer::Token(Welcome {
                user: ada(),
                role: Role::Owner,
                session: SessionId(Uuid::nil()),
                token: None,
                epoch: Epoch(Uuid::from_u128(7)),
                privacy: chat_proto::Privacy::default(),
                blocked: Vec::new(),
                conversations: vec![row(head)],
                cursor: None,
                inbox: Default::default(),
                dnd: Default::default(),
            }),
        )
        .await;
        peer
    }

    /// The same for a client that was here before; gives the positions that it states.
    async fn resume(listener: &TcpListener, head: u64) -> (Self, Vec<Seq>) {
        let mut peer = Self::login(listener, head).await;
        let (id, request) = peer.request().await;
        let Request::Resume(resume) = request else { panic!("{request:?}") };
        let resumed = Resumed { same_epoch: true, resumed: Vec::new(), gone: Vec::new() };
        peer.ok(&id, Answer::Resume(resumed)).await;
        (peer, resume.conversations.into_values().collect())
    }

    async fn request(&mut self) -> (FrameId, Request) {
        loop {
            let Message::Text(text) = self.0.next().await.unwrap().unwrap() else { continue };
            let ClientFrame::Request { id, request } = ClientFrame::decode(&text).unwrap() else { continue };
            match *request {
                // Asked after every login.
                Request::ListInvitations(_) => {
                    let invitations = Invitations { invitations: Vec::new() };
                    self.ok(&id, Answer::ListInvitations(invitations)).await;
                }
                request => return (id, request),
            }
        }
    }

    async fn send_request(&mut self) -> (FrameId, chat_proto::SendMessage) {
        match self.request().await {
            (id, Request::SendMessage(send)) => (id, send),
            (_, other) => panic!("a send was expected: {other:?}"),
        }
    }

    async fn ok(&mut self, id: &FrameId, answer: Answer) {
        self.text(ServerFrame::encode_ok(id, &answer)).await;
    }

    async fn sent(&mut self, id: &FrameId, seq: u64, duplicate: bool) {
        let sent = Sent { conversation: room(), seq: Seq(seq), at: Timestamp(9), duplicate };
        self.ok(id, Answer::SendMessage(sent)).await;
    }

    async fn push(&mut self, push: &Push) {
        self.text(ServerFrame::encode_push(push)).await;
    }

    async fn text(&mut self, text: String) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    async fn close(mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        self.0.close(Some(frame)).await.unwrap();
        while self.0.next().await.is_some_and(|heard| heard.is_ok()) {}
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

fn start(listener: &TcpListener, storage: Storage) -> (Client, Updates) {
    start_at(listener.local_addr().unwrap().port(), storage)
}

fn start_at(port: u16, storage: Storage) -> (Client, Updates) {
    let server = format!("ws://127.0.0.1:{port}").parse().unwrap();
    let token = Secret::new("secret");
    let account = Account { server, user: ada(), token, server_name: "acme".to_owned() };
    chat_client::start(Options { account, tls: Tls::default(), storage }).unwrap()
}

/// Waits for the update that the closure takes something from.
async fn until<T>(updates: &mut Updates, mut take: impl FnMut(Update) -> Option<T>) -> T {
    loop {
        let update = updates.next().await.expect("the engine goes on");
        if let Some(taken) = take(update) {
            return taken;
        }
    }
}

async fn online(updates: &mut Updates) {
    until(updates, |update| (update == Update::Connection(Connection::Online)).then_some(())).await;
}

async fn delivery(updates: &mut Updates, of: ClientId) -> Delivery {
    until(updates, |update| match update {
        Update::Outgoing(outgoing) if outgoing.client_id == of => Some(outgoing.delivery),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_message_climbs_the_ladder() {
    let listener = listener().await;
    let (client, mut updates) = start(&listener, Storage::Memory);
    let mut peer = Peer::login(&listener, 5).await;
    online(&mut updates).await;
    let id = client.send(room(), body("hello")).await.unwrap();
    assert_eq!(delivery(&mut updates, id).await, Delivery::Queued);
    assert_eq!(delivery(&mut updates, id).await, Delivery::Sending);
    let (frame, send) = peer.send_request().await;
    assert_eq!((send.client_id, send.body.as_str()), (id, "hello"));
    peer.sent(&frame, 6, false).await;
    assert_eq!(delivery(&mut updates, id).await, Delivery::Stored { seq: Seq(6), at: Timestamp(9) });
    tokio::join!(client.close(), async { while peer.0.next().await.is_some_and(|heard| heard.is_ok()) {} });
    assert_eq!(client.mark_read(room(), Seq(1)).await, Err(RequestError::Stopped));
}

#[tokio::test]
async fn a_message_typed_offline_survives_a_kill_and_arrives_once() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::File(dir.path().join("a.db"));
    let listener = listener().await;
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    // The first life: nobody is there. It ends without a goodbye, with its runtime.
    let id = tokio::task::spawn_blocking({
        let storage = storage.clone();
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (client, mut updates) = start_at(port, storage);
                let id = client.send(room(), body("from the train")).await.unwrap();
                assert_eq!(delivery(&mut updates, id).await, Delivery::Queued);
                id
            })
        }
    })
    .await
    .unwrap();

    // The second: the server stores it, but its answer is lost.
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let (client, mut updates) = start_at(port, storage.clone());
    assert_eq!(delivery(&mut updates, id).await, Delivery::Queued, "told from the disk");
    let mut peer = Peer::login(&listener, 5).await;
    assert_eq!(peer.send_request().await.1.client_id, id);
    peer.close(4002, "internal").await;
    let (mut peer, positions) = Peer::resume(&listener, 6).await;
    assert_eq!(positions, [Seq(5)]);
    // The gap and the send come in no fixed order.
    for _ in 0..2 {
        match peer.request().await {
            (frame, Request::SendMessage(send)) => {
                assert_eq!(send.client_id, id, "the same id");
                peer.sent(&frame, 6, true).await;
            }
            (frame, Request::GetHistory(ask)) => {
                assert_eq!(ask.after, Some(Seq(5)));
                let (events, head) = (vec![message(6, ada())], Seq(6));
                let page =
                    HistoryPage { conversation: room(), events, head, more_before: true, more_after: false };
                peer.ok(&frame, Answer::GetHistory(page)).await;
            }
            (_, other) => panic!("{other:?}"),
        }
    }
    until(&mut updates, |update| match update {
        Update::Outgoing(outgoing) => {
            matches!(outgoing.delivery, Delivery::Stored { seq: Seq(6), .. }).then_some(())
        }
        _ => None,
    })
    .await;
    tokio::join!(client.close(), async { while peer.0.next().await.is_some_and(|heard| heard.is_ok()) {} });

    // The third has nothing left to send.
    let (_client, mut updates) = start_at(port, storage);
    let first = until(&mut updates, |update| match update {
        Update::Outgoing(_) => Some(false),
        Update::Connection(_) => Some(true),
        _ => None,
    });
    assert!(first.await, "the outbox is empty");
}

#[tokio::test]
async fn what_was_seen_is_there_before_any_network() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::File(dir.path().join("a.db"));
    let listener = listener().await;
    let (client, mut updates) = start(&listener, storage.clone());
    let mut peer = Peer::login(&listener, 0).await;
    online(&mut updates).await;
    for seq in 1..=3 {
        peer.push(&Push::Event(message(seq, lin()))).await;
    }
    let unread = |update| match update {
        Update::Conversations(rows) => rows.iter().any(|row| row.unread == 3).then_some(()),
        _ => None,
    };
    until(&mut updates, unread).await;
    client.save_draft(room(), "half a tho".to_owned()).await.unwrap();
    tokio::join!(client.close(), async { while peer.0.next().await.is_some_and(|heard| heard.is_ok()) {} });
    let port = listener.local_addr().unwrap().port();
    drop(listener);

    let (client, mut updates) = start_at(port, storage);
    assert!(
        matches!(updates.next().await, Some(Update::Me { user, role: Role::Owner, .. }) if user == ada())
    );
    assert!(matches!(updates.next().await, Some(Update::Conversations(rows)) if rows[0].unread == 3));
    assert_eq!(updates.next().await, Some(Update::Connection(Connection::Connecting)));
    let history = client.history(room(), Anchor::Newest, 50).await.unwrap();
    assert_eq!(history.events.len(), 3);
    assert!(!history.more_before);
    assert_eq!(client.draft(room()).await.unwrap().as_deref(), Some("half a tho"));
    let asked = client.request(chat_proto::Ping {}).await;
    assert_eq!(asked, Err(RequestError::Offline));
}

#[tokio::test]
async fn two_engines_run_on_one_account() {
    let dir = tempfile::tempdir().unwrap();
    let storage = Storage::File(dir.path().join("a.db"));
    let listener = listener().await;
    let mut peers = Vec::new();
    let mut engines = Vec::new();
    for _ in 0..2 {
        let (client, mut updates) = start(&listener, storage.clone());
        peers.push(Peer::login(&listener, 1).await);
        online(&mut updates).await;
        engines.push((client, updates));
    }
    for (peer, (client, updates)) in peers.iter_mut().zip(&mut engines) {
        let id = client.send(room(), body("hello")).await.unwrap();
        let (frame, send) = peer.send_request().await;
        assert_eq!(send.client_id, id);
        peer.sent(&frame, 2, false).await;
        until(updates, |update| match update {
            Update::Outgoing(outgoing) => matches!(outgoing.delivery, Delivery::Stored { .. }).then_some(()),
            _ => None,
        })
        .await;
    }
}

#[tokio::test]
async fn an_ended_session_stops_until_a_person_acts() {
    let listener = listener().await;
    let (client, mut updates) = start(&listener, Storage::Memory);
    let peer = Peer::login(&listener, 0).await;
    online(&mut updates).await;
    peer.close(4502, "session_ended").await;
    let login_needed = until(&mut updates, |update| match update {
        Update::Connection(Connection::Stopped { login_needed, .. }) => Some(login_needed),
        _ => None,
    });
    assert!(login_needed.await);
    client.reconnect().await.unwrap();
    let _peer = Peer::accept(&listener).await;
}

#[tokio::test]
async fn a_slow_interface_slows_the_engine_and_loses_nothing() {
    const EVENTS: u64 = 4_000;
    let listener = listener().await;
    let (_client, mut updates) = start(&listener, Storage::Memory);
    let mut peer = Peer::login(&listener, 0).await;
    let server = tokio::spawn(async move {
        for seq in 1..=EVENTS {
            peer.push(&Push::Event(message(seq, lin()))).await;
        }
        peer
    });
    // Nothing is taken until the server can say no more, or has said all.
    tokio::task::yield_now().await;
    let mut next = 1;
    until(&mut updates, |update| {
        if let Update::Events { events, .. } = update {
            for event in events {
                assert_eq!(event.seq, Seq(next));
                next += 1;
            }
        }
        (next > EVENTS).then_some(())
    })
    .await;
    server.await.unwrap();
}

#[tokio::test]
async fn history_from_the_server_is_there_offline() {
    let listener = listener().await;
    let (client, mut updates) = start(&listener, Storage::Memory);
    let mut peer = Peer::login(&listener, 9).await;
    online(&mut updates).await;
    let asked = async {
        let (frame, request) = peer.request().await;
        let Request::GetHistory(ask) = request else { panic!("{request:?}") };
        assert_eq!((ask.before, ask.after, ask.around, ask.limit), (None, None, None, Some(3)));
        let events = (7..=9).map(|seq| message(seq, lin())).collect();
        let page =
            HistoryPage { conversation: room(), events, head: Seq(9), more_before: true, more_after: false };
        peer.ok(&frame, Answer::GetHistory(page)).await;
    };
    let (first, ()) = tokio::join!(client.history(room(), Anchor::Newest, 3), asked);
    let first = first.unwrap();
    assert_eq!(first.events.len(), 3);
    assert_eq!(client.history(room(), Anchor::Newest, 3).await.unwrap(), first, "now without the server");
    peer.close(4502, "session_ended").await;
    until(&mut updates, |update| {
        matches!(update, Update::Connection(Connection::Stopped { .. })).then_some(())
    })
    .await;
    let offline = client.history(room(), Anchor::Before(Seq(9)), 50).await.unwrap();
    assert_eq!((offline.events.len(), offline.more_before), (2, true));
    let unknown = ConversationId(Uuid::from_u128(5));
    assert_eq!(client.history(unknown, Anchor::Newest, 3).await, Err(RequestError::Offline));
}
