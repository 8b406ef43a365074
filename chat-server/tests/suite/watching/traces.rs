//! Traces, as a collector gets them; and collectors that do not take them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustix::process::Signal;
use serde_json::json;

use super::house::{PASSWORD, Server, User, get};

const BODY: &str = "umbrella-marmalade-49";
const NAME: &str = "ada-of-the-traces";
const ROOM: &str = "a-room-with-a-view";

/// Takes whatever is posted, and keeps it.
struct Collector {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = heard.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let into = into.clone();
                std::thread::spawn(move || take(stream.unwrap(), &into));
            }
        });
        Self { address, heard }
    }

    fn has(&self, word: &str) -> bool {
        self.heard.lock().unwrap().windows(word.len()).any(|part| part == word.as_bytes())
    }
}

/// Requests on one connection, to its end.
fn take(mut stream: TcpStream, into: &Mutex<Vec<u8>>) {
    let mut waiting = Vec::new();
    let mut part = [0; 16_384];
    loop {
        let end = waiting.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        let Some(end) = end else {
            match stream.read(&mut part) {
                Ok(0) | Err(_) => return,
                Ok(read) => waiting.extend_from_slice(&part[..read]),
            }
            continue;
        };
        let head = String::from_utf8_lossy(&waiting[..end]).to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
        let length: usize = length.trim().parse().unwrap();
        while waiting.len() < end + length {
            let read = stream.read(&mut part).unwrap();
            waiting.extend_from_slice(&part[..read]);
        }
        into.lock().unwrap().extend(waiting.drain(..end + length));
        stream
            .write_all(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n",
            )
            .unwrap();
    }
}

/// Some life on a server; gives what must stay there.
async fn live(server: &Server) -> Vec<String> {
    let mut ada = server.user(NAME).await;
    let room = ada.room(ROOM).await;
    let sent = ada.write(&room, BODY).await;
    assert!(sent["seq"].is_u64(), "{sent}");
    ada.ask("search", json!({"query": BODY})).await;
    let wrong = json!({"protocol": 1, "name": NAME, "password": "wrong-password-8812"});
    User::connect(server.address, None).await.unwrap().ask("auth.login", wrong).await;
    let token = ada.welcome["token"].as_str().unwrap().to_owned();
    let id = ada.welcome["user"]["id"].as_str().unwrap().to_owned();
    [BODY, NAME, ROOM, PASSWORD, "wrong-password-8812", &token, &id, &room].map(str::to_owned).to_vec()
}

#[tokio::test]
async fn a_collector_gets_the_spans_also_the_last_ones_and_nothing_that_people_wrote() {
    let collector = Collector::start();
    // Also where little is logged, and where much is.
    for log in ["error", "trace"] {
        let config = format!("otlp_endpoint = \"http://{}\"\nlog = \"{log}\"", collector.address);
        let mut server = Server::start(&config);
        collector.heard.lock().unwrap().clear();
        let secrets = live(&server).await;
        server.signal(Signal::TERM);
        assert!(server.wait().success(), "{}", server.log());
        assert!(collector.has("POST /v1/traces HTTP/1.1"));
        for word in ["chat-server", "login", "request", "turn", "commit", "batch", "delivery"] {
            assert!(collector.has(word), "{word} was not told with log = {log}");
        }
        assert!(collector.has("message.send") && collector.has("search"));
        for secret in secrets {
            assert!(!collector.has(&secret), "{secret} was told with log = {log}");
        }
    }
}

#[tokio::test]
async fn a_collector_that_fails_or_hangs_holds_nobody_up() {
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (collector, is_told) in [(free, true), (hanging.local_addr().unwrap(), false)] {
        let config = format!("otlp_endpoint = \"http://{collector}\"\nmetrics_listen = \"127.0.0.1:0\"");
        let mut server = Server::start(&config);
        live(&server).await;
        if is_told {
            server.logged("the collector takes no traces");
            let line = server.logged("metrics are at http://");
            let metrics = line.split("http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
            let (_, numbers) = get(metrics, "/metrics");
            let failed = numbers
                .lines()
                .find(|line| line.starts_with("chat_trace_spans_total{result=\"failed\"}"))
                .unwrap();
            assert!(!failed.ends_with(" 0"), "{failed}");
            live_again(&server).await;
        }
        server.signal(Signal::TERM);
        assert!(server.wait().success(), "{}", server.log());
    }
}

async fn live_again(server: &Server) {
    let mut lin = server.user("lin").await;
    let room = lin.room("another").await;
    assert!(lin.write(&room, BODY).await["seq"].is_u64());
}
