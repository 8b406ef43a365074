//! A server process with a folder of its own, and bare clients.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use uuid::Uuid;

/// Longer than anything here takes on a slow machine; a test that reaches it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) owner_code: Option<String>,
    pub(crate) dir: TempDir,
}

/// The command, not yet started.
pub(crate) fn command(dir: &TempDir, config: &str) -> Command {
    let port = "listen = \"127.0.0.1:0\"\nregistration = \"open\"\n";
    fs::write(dir.path().join("server.toml"), format!("{port}{config}")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
    command.arg("--data-dir").arg(dir.path());
    command
}

impl Server {
    pub(crate) fn start(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let command = command(&dir, config);
        Self::launch(dir, command)
    }

    pub(crate) fn launch(dir: TempDir, mut command: Command) -> Self {
        let log = fs::File::create(dir.path().join("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut owner_code = None;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("it did not come up").unwrap();
            if let Some(code) = line.strip_prefix("owner invite: ") {
                owner_code = Some(code.to_owned());
            }
            if let Some(url) = line.strip_prefix("listening on ws://") {
                break url.parse().unwrap();
            }
        };
        Self { child, address, owner_code, dir }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap()
    }

    /// Waits until the log says this, and gives the line.
    pub(crate) fn logged(&self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let log = self.log();
            if let Some(line) = log.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            assert!(Instant::now() < until, "{text:?} was not logged:\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "it does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) async fn user(&self, name: &str) -> User {
        let mut user = User::connect(self.address, None).await.unwrap();
        let payload = json!({"protocol": 1, "name": name, "password": PASSWORD});
        user.welcome = user.ask("auth.register", payload).await;
        user
    }

    pub(crate) async fn team_name(&self) -> String {
        User::connect(self.address, None).await.unwrap().hello["name"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status and the body of a plain request.
pub(crate) fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, body.to_owned())
}

pub(crate) struct User {
    pub(crate) ws: WebSocketStream<tokio::net::TcpStream>,
    pub(crate) hello: Value,
    pub(crate) welcome: Value,
}

impl User {
    /// Connects, as the client of a proxy if there is such a header; the status if it is refused.
    pub(crate) async fn connect(
        address: SocketAddr,
        header: Option<(&'static str, &str)>,
    ) -> Result<Self, u16> {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        if let Some((name, value)) = header {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let ws = match tokio_tungstenite::client_async(request, stream).await {
            Ok((ws, _)) => ws,
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                return Err(response.status().as_u16());
            }
            Err(other) => panic!("{other}"),
        };
        let mut user = User { ws, hello: Value::Null, welcome: Value::Null };
        user.hello = user.next().await.unwrap()["payload"].clone();
        Ok(user)
    }

    /// The next frame, or the code with which the connection was closed.
    pub(crate) async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.ws.next()).await.expect("nothing came");
            match next {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }

    pub(crate) async fn say(&mut self, text: String) {
        self.ws.send(Message::text(text)).await.unwrap();
    }

    /// The payload of the answer, whether it is `ok` or not.
    pub(crate) async fn ask(&mut self, kind: &str, payload: Value) -> Value {
        let id = Uuid::new_v4().to_string();
        self.say(json!({"type": kind, "id": id, "payload": payload}).to_string()).await;
        loop {
            let frame = self.next().await.unwrap();
            if frame["id"] == id.as_str() {
                return frame["payload"].clone();
            }
        }
    }

    pub(crate) async fn room(&mut self, name: &str) -> String {
        let room = self.ask("room.create", json!({"client_id": Uuid::new_v4(), "name": name})).await;
        room["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn write(&mut self, room: &str, body: &str) -> Value {
        let message = json!({"conversation": room, "client_id": Uuid::new_v4(), "body": body});
        self.ask("message.send", message).await
    }
}
