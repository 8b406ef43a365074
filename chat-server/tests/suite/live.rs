//! A running server and bare sockets: the slow reader, the drain, presence, races.

mod beside;
mod doors;
mod retention;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use chat_proto::{Limits, Registration};
use chat_server::config::Config;
use chat_server::files::Place;
use chat_server::handler::live::Live;
use chat_server::log::LogFormat;
use chat_server::serve::serve;
use chat_server::server::ServerOptions;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::home::Home;

/// Longer than anything here takes on a slow machine; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<anyhow::Result<()>>,
    _dir: Home,
}

impl Running {
    async fn start() -> Self {
        Self::start_in(Home::new(), None).await
    }

    /// On a folder that has something in it, with a retention of so many days.
    async fn start_in(dir: Home, keep_days: Option<u32>) -> Self {
        Self::start_from(dir, |config| config.keep_days = keep_days).await
    }

    /// With a configuration that differs in something.
    async fn start_from(dir: Home, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            allow_private_hooks: false,
            data_dir: dir.path().to_owned(),
            database: dir.address(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            owner_code: None,
            live: Live {
                name: "test".to_owned(),
                registration: Registration::Open,
                limits: Limits { requests_per_second: 100_000, request_burst: 100_000, ..Limits::default() },
                ..Live::default()
            },
            server: ServerOptions { max_connections: 100, ..ServerOptions::default() },
            session_idle: Duration::from_secs(60 * 60),
            presence_grace: Duration::from_millis(300),
            files: Place::Folder(dir.path().join("files")),
            sso: None,
            bus: None,
            keep_days: None,
            traces: None,
            log: "off".to_owned(),
            log_format: LogFormat::default(),
        };
        change(&mut config);
        let stop = CancellationToken::new();
        let (ready, listening) = oneshot::channel();
        let server = tokio::spawn(serve(config, stop.clone(), |is| ready.send(is.address).unwrap()));
        Self { address: listening.await.unwrap(), stop, server, _dir: dir }
    }

    async fn stranger(&self, socket: TcpSocket) -> User {
        let stream = socket.connect(self.address).await.unwrap();
        let (ws, _) = tokio_tungstenite::client_async("ws://localhost/ws", stream).await.unwrap();
        User { ws, asked: 0, id: String::new() }
    }

    /// What the server says to whoever comes.
    async fn hello(&self) -> Value {
        self.stranger(TcpSocket::new_v4().unwrap()).await.next().await
    }

    async fn user(&self, name: &str) -> User {
        self.connect(name, "auth.register", None).await
    }

    async fn another_device(&self, name: &str) -> User {
        self.connect(name, "auth.login", None).await
    }

    async fn connect(&self, name: &str, how: &str, receive_buffer: Option<u32>) -> User {
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes).unwrap();
        }
        let mut user = self.stranger(socket).await;
        assert_eq!(user.next().await["type"], "hello");
        let welcome = user.ask(how, json!({"protocol": 1, "name": name, "password": "correct horse"})).await;
        user.id = welcome["user"]["id"].as_str().unwrap().to_owned();
        user
    }
}

struct User {
    ws: WebSocketStream<TcpStream>,
    asked: u64,
    id: String,
}

impl User {
    async fn frame(&mut self) -> Message {
        let next = tokio::time::timeout(PATIENCE, self.ws.next());
        next.await.expect("nothing came").expect("the connection ended").expect("the connection broke")
    }

    async fn next(&mut self) -> Value {
        loop {
            match self.frame().await {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a frame of the protocol: {other:?}"),
            }
        }
    }

    /// The close code, after whatever came before it.
    async fn close_code(&mut self) -> u16 {
        loop {
            if let Message::Close(frame) = self.frame().await {
                return frame.unwrap().code.into();
            }
        }
    }

    async fn say(&mut self, kind: &str, payload: Value) -> String {
        self.asked += 1;
        let id = self.asked.to_string();
        let frame = json!({"type": kind, "id": id, "payload": payload}).to_string();
        self.ws.send(Message::text(frame)).await.unwrap();
        id
    }

    async fn reply(&mut self, kind: &str, payload: Value) -> Value {
        let id = self.say(kind, payload).await;
        loop {
            let frame = self.next().await;
            if frame["id"] == id.as_str() {
                return frame;
            }
        }
    }

    async fn ask(&mut self, kind: &str, payload: Value) -> Value {
        let reply = self.reply(kind, payload).await;
        assert_eq!(reply["type"], "ok", "{kind}: {reply}");
        reply["payload"].clone()
    }

    /// The next push of this type that fits, skipping everything else.
    async fn push(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == kind && fits(&frame["payload"]) {
                return frame["payload"].clone();
            }
        }
    }

    /// The next frame of one of these types that fits, skipping everything else.
    async fn next_of(&mut self, kinds: &[&str], fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.next().await;
            if kinds.iter().any(|kind| frame["type"] == *kind) && fits(&frame) {
                return frame;
            }
        }
    }

    /// Waits until the one watched person is shown in this state.
    async fn sees(&mut self, state: &str) -> Value {
        self.push("presence", |payload| payload["changes"][0]["state"] == state).await["changes"][0].clone()
    }

    async fn room(&mut self, name: &str) -> String {
        let room = self.ask("room.create", json!({"client_id": Uuid::new_v4(), "name": name})).await;
        room["id"].as_str().unwrap().to_owned()
    }
}

fn message(conversation: &str, body: &str) -> Value {
    json!({"conversation": conversation, "client_id": Uuid::new_v4(), "body": body})
}

#[tokio::test]
async fn a_slow_reader_is_cut_while_the_others_go_on_and_resumes_without_a_gap() {
    const MESSAGES: usize = 600;
    let server = Running::start().await;
    let (mut ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    server.user("slow").await.ws.close(None).await.unwrap();
    let room = ada.room("flood").await;
    lin.ask("room.join", json!({"room": "flood"})).await;
    // Reads nothing any more after it has joined; a small window makes that felt soon.
    let mut slow = server.connect("slow", "auth.login", Some(4 * 1024)).await;
    let joined = slow.ask("room.join", json!({"room": "flood"})).await;

    let last = joined["head"].as_u64().unwrap() + MESSAGES as u64;
    let reader = tokio::spawn(async move { lin.push("event", |event| event["seq"] == last).await });
    let body = "x".repeat(12_000);
    for n in 0..MESSAGES {
        let sent = ada.ask("message.send", message(&room, &body)).await;
        assert_eq!(sent["seq"], joined["head"].as_u64().unwrap() + 1 + n as u64);
    }
    reader.await.unwrap();
    // What it reads now is what was on its way; then the reason, if the line could still carry it.
    loop {
        match tokio::time::timeout(PATIENCE, slow.ws.next()).await.expect("it was not cut") {
            Some(Ok(Message::Close(frame))) => break assert_eq!(u16::from(frame.unwrap().code), 4000),
            Some(Ok(Message::Text(text))) => {
                assert!(!text.contains(&format!("\"seq\":{last},")), "it was not cut")
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => break,
        }
    }

    let mut back = server.another_device("slow").await;
    let mut have = joined["head"].as_u64().unwrap();
    let epoch = back.reply("sync.resume", json!({"epoch": Uuid::nil(), "conversations": {}})).await;
    assert_eq!(epoch["payload"]["same_epoch"], false);
    while have < last {
        let page = back.ask("history.get", json!({"conversation": room, "after": have, "limit": 200})).await;
        for event in page["events"].as_array().unwrap() {
            have += 1;
            assert_eq!(event["seq"], have);
        }
    }
}

#[tokio::test]
async fn a_stop_tells_everybody_to_come_back_and_ends() {
    let server = Running::start().await;
    let (mut ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    server.stop.cancel();
    for user in [&mut ada, &mut lin] {
        let draining = user.push("draining", |_| true).await;
        assert!(draining["reconnect_after_ms"].as_u64().unwrap() <= 5_000);
        assert_eq!(user.close_code().await, 1012);
    }
    tokio::time::timeout(PATIENCE, server.server).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn several_devices_are_one_presence_and_a_cut_has_its_grace() {
    let server = Running::start().await;
    let (mut ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    ada.room("r").await;
    lin.ask("room.join", json!({"room": "r"})).await;
    let watch = json!({"users": [lin.id.clone()]});
    ada.ask("presence.watch", watch.clone()).await;

    let mut second = server.another_device("lin").await;
    lin.ask("presence.set", json!({"state": "away"})).await;
    second.ask("presence.set", json!({"state": "away"})).await;
    ada.sees("away").await;
    second.ask("presence.set", json!({"state": "online"})).await;
    ada.sees("online").await;

    drop(lin);
    drop(second);
    let gone = ada.sees("offline").await;
    assert!(gone["last_seen"].is_i64());
    let again = ada.ask("presence.watch", watch).await;
    assert_eq!(again["presences"][0]["last_seen"], gone["last_seen"], "it is remembered");

    let mut back = server.another_device("lin").await;
    ada.sees("online").await;
    back.ask("presence.set", json!({"state": "offline"})).await;
    ada.sees("offline").await;
}

#[tokio::test]
async fn a_clean_goodbye_needs_no_grace_and_strangers_see_nobody() {
    let server = Running::start().await;
    let (mut ada, mut lin, mut eve) =
        (server.user("ada").await, server.user("lin").await, server.user("eve").await);
    ada.ask("direct.open", json!({"user": "lin"})).await;
    let watch = json!({"users": [lin.id.clone(), Uuid::nil()]});
    let seen = eve.ask("presence.watch", watch.clone()).await;
    for presence in seen["presences"].as_array().unwrap() {
        assert_eq!(presence["state"], "offline");
        assert_eq!(presence.get("last_seen"), None);
    }
    ada.ask("presence.watch", watch).await;
    lin.ws.close(None).await.unwrap();
    ada.sees("offline").await;
}

#[tokio::test]
async fn many_writers_in_one_room_get_every_number_once() {
    const EACH: usize = 50;
    let server = Running::start().await;
    let mut owner = server.user("owner").await;
    let room = owner.room("busy").await;
    let mut users = Vec::new();
    for n in 0..8 {
        let mut user = server.user(&format!("w{n}")).await;
        user.ask("room.join", json!({"room": "busy"})).await;
        users.push(user);
    }
    let mut writers = Vec::new();
    for mut user in users {
        let room = room.clone();
        writers.push(tokio::spawn(async move {
            let mut seqs = Vec::new();
            for n in 0..EACH {
                let payload = message(&room, &format!("m{n}"));
                // Twice under the same id, at once: one message, two answers.
                let first = user.say("message.send", payload.clone()).await;
                let again = user.reply("message.send", payload).await;
                assert_ne!(again["id"], first.as_str());
                seqs.push(again["payload"]["seq"].as_u64().unwrap());
            }
            seqs
        }));
    }
    let mut all = BTreeSet::new();
    for writer in writers {
        for seq in writer.await.unwrap() {
            assert!(all.insert(seq), "{seq} was given twice");
        }
    }
    let expected: BTreeSet<u64> = (10..10 + 8 * EACH as u64).collect();
    assert_eq!(all, expected, "one created, eight joined, then messages without a gap");
}

#[tokio::test]
async fn two_people_who_open_their_direct_at_once_share_one() {
    let server = Running::start().await;
    let (mut ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    let (by_ada, by_lin) = tokio::join!(
        ada.ask("direct.open", json!({"user": "lin"})),
        lin.ask("direct.open", json!({"user": "ada"}))
    );
    assert_eq!(by_ada["id"], by_lin["id"]);
}

#[tokio::test]
async fn all_own_devices_follow_a_join_a_read_and_a_leave() {
    let server = Running::start().await;
    let (mut ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    let mut second = server.another_device("lin").await;
    let room = ada.room("r").await;
    lin.ask("room.join", json!({"room": "r"})).await;
    let added = second.push("conversation.added", |_| true).await;
    assert_eq!(added["conversation"]["id"], room.as_str());
    ada.ask("message.send", message(&room, "look @lin")).await;
    second.push("event", |event| event["kind"] == "message").await;
    lin.ask("read.mark", json!({"conversation": room, "seq": 3})).await;
    let unread = second.push("unread", |_| true).await;
    assert_eq!((&unread["read"], &unread["unread"], &unread["mentions"]), (&json!(3), &json!(0), &json!(0)));
    ada.push("read", |read| read["user"] == lin.id.as_str() && read["seq"] == 3).await;
    lin.ask("room.leave", json!({"conversation": room})).await;
    second.push("conversation.removed", |_| true).await;
    ada.ask("message.send", message(&room, "gone?")).await;
    let barrier = second.say("ping", json!({})).await;
    loop {
        let frame = second.next().await;
        assert_ne!(frame["type"], "event", "an event after leaving: {frame}");
        if frame["id"] == barrier.as_str() {
            break;
        }
    }
}
