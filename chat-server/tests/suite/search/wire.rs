//! Over a socket: the request, the refusals, the rights.

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
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use crate::home::Home;

struct User(WebSocketStream<TcpStream>);

impl User {
    async fn new(address: SocketAddr, name: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (ws, _) = tokio_tungstenite::client_async("ws://localhost/ws", stream).await.unwrap();
        let mut user = Self(ws);
        user.ask("auth.register", json!({"protocol": 1, "name": name, "password": "correct horse"})).await;
        user
    }

    /// The payload of the reply, which carries the id.
    async fn ask(&mut self, kind: &str, payload: Value) -> Value {
        let frame = json!({"type": kind, "id": "1", "payload": payload}).to_string();
        self.0.send(Message::text(frame)).await.unwrap();
        loop {
            let next = tokio::time::timeout(Duration::from_secs(30), self.0.next());
            if let Message::Text(text) = next.await.unwrap().unwrap().unwrap() {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["id"] == "1" {
                    return frame["payload"].clone();
                }
            }
        }
    }

    async fn refused(&mut self, payload: Value) -> String {
        let reply = self.ask("search", payload).await;
        assert_eq!(reply["code"], "invalid", "{reply}");
        reply["message"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_search_over_the_wire() {
    let dir = Home::new();
    let config = Config {
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
    let (ready, listening) = oneshot::channel();
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(config, stop.clone(), |is| ready.send(is.address).unwrap()));
    let address = listening.await.unwrap();
    let (mut ada, mut eve) = (User::new(address, "ada").await, User::new(address, "eve").await);

    let id = |n: u32| format!("01997f00-0000-7000-8000-{n:012}");
    let room = ada.ask("room.create", json!({"client_id": id(1), "name": "ops", "topic": ""})).await;
    for n in 0..3 {
        let payload =
            json!({"conversation": room["id"], "client_id": id(10 + n), "body": format!("the Canary {n}")});
        assert!(ada.ask("message.send", payload).await["seq"].is_number());
    }
    let page = ada.ask("search", json!({"query": "canar in:#ops", "limit": 2})).await;
    assert_eq!(page["hits"].as_array().unwrap().len(), 2, "{page}");
    assert_eq!(page["hits"][0]["marks"], json!([[4, 10]]));
    assert_eq!(page["hits"][0]["event"]["kind"], "message");
    let rest = ada.ask("search", json!({"query": "canar in:#ops", "cursor": page["cursor"]})).await;
    assert_eq!(rest["hits"].as_array().unwrap().len(), 1, "{rest}");
    assert!(rest["cursor"].is_null());
    let newest = ada.ask("search", json!({"query": "canary", "order": "newest", "limit": 1_000})).await;
    assert_eq!(newest["hits"][0]["snippet"], "the Canary 2");

    for query in ["canary", "in:#ops", "from:@ada"] {
        for cursor in [Value::Null, page["cursor"].clone()] {
            let page = eve.ask("search", json!({"query": query, "cursor": cursor})).await;
            assert_eq!(page["hits"], json!([]), "{query}");
        }
    }
    assert!(ada.refused(json!({"query": "before:yesterday"})).await.starts_with("before: takes a day"));
    assert!(ada.refused(json!({"query": "-- ?!"})).await.starts_with("Search for a word"));
    assert!(ada.refused(json!({"query": "x".repeat(10_000)})).await.contains("256"));
    assert!(ada.refused(json!({"query": "canary", "cursor": "b.!"})).await.contains("cursor"));
    stop.cancel();
    server.await.unwrap().unwrap();
}
