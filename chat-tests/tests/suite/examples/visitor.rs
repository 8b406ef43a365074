//! Somebody who comes through a balancer over TLS, from an address of their own.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use chat_tests::{DEADLINE, PASSWORD, uuid};
use futures_util::{SinkExt, StreamExt};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

/// What a balancer listens on, and whom its clients trust.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) port: u16,
    pub(super) trusts: Arc<ClientConfig>,
}

/// A connection, by bare frames.
pub(super) struct Visitor {
    runtime: Runtime,
    socket: WebSocketStream<TlsStream<TcpStream>>,
    /// What the node is called to which the balancer led.
    pub(super) node: String,
    pub(super) token: String,
    epoch: String,
    waiting: VecDeque<Value>,
}

impl Door {
    /// Comes from 127.0.0.`last`; the status of the refusal if there is one.
    pub(super) fn come_from(&self, last: u8) -> Result<Result<Visitor, u16>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut request = format!("wss://localhost:{}/ws", self.port).into_client_request()?;
        // A lie: what a client says itself of where it comes from must count for nothing.
        request
            .headers_mut()
            .insert("x-forwarded-for", format!("203.0.113.{}", rand::random::<u8>()).parse()?);
        let connected = runtime.block_on(async {
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0)))?;
            let stream = socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))).await?;
            let name = ServerName::from(IpAddr::from(Ipv4Addr::LOCALHOST));
            let stream = TlsConnector::from(self.trusts.clone()).connect(name, stream).await?;
            match tokio_tungstenite::client_async(request, stream).await {
                Ok((socket, _)) => anyhow::Ok(Ok(socket)),
                Err(Error::Http(response)) => Ok(Err(response.status().as_u16())),
                Err(other) => Err(other.into()),
            }
        })?;
        let socket = match connected {
            Ok(socket) => socket,
            Err(status) => return Ok(Err(status)),
        };
        let mut visitor = Visitor {
            runtime,
            socket,
            node: String::new(),
            token: String::new(),
            epoch: String::new(),
            waiting: VecDeque::new(),
        };
        let hello = visitor.expect(|frame| frame["type"] == "hello")?;
        visitor.node = hello["payload"]["name"].as_str().context("a node has a name")?.to_owned();
        Ok(Ok(visitor))
    }

    /// As above, where nobody is refused.
    pub(super) fn visitor(&self, last: u8) -> Result<Visitor> {
        self.come_from(last)?.map_err(|status| anyhow::anyhow!("127.0.0.{last} was refused: {status}"))
    }
}

impl Visitor {
    /// Makes an account.
    pub(super) fn register(&mut self, name: &str) -> Result<()> {
        let payload = json!({"protocol": 1, "name": name, "password": PASSWORD, "device": "visitor"});
        let welcome = self.ok("auth.register", payload)?;
        self.token = welcome["token"].as_str().context("a login has a token")?.to_owned();
        self.epoch = welcome["epoch"].as_str().context("a database has an epoch")?.to_owned();
        Ok(())
    }

    /// Goes on as somebody who was here before, from this number of a conversation; gives the numbers of what was
    /// missed.
    pub(super) fn go_on_as(&mut self, before: &Visitor, room: &str, seq: u64) -> Result<Vec<u64>> {
        self.ok("auth.token", json!({"protocol": 1, "token": before.token}))?;
        let asked = json!({"epoch": before.epoch, "conversations": {room: seq}});
        let resumed = self.ok("sync.resume", asked)?;
        Ok(crate::scenarios::seqs(&resumed["resumed"][0]["events"]))
    }

    /// Writes; gives the number of the message.
    pub(super) fn say(&mut self, room: &str, body: &str) -> Result<u64> {
        let message = json!({"conversation": room, "client_id": uuid(), "body": body});
        self.ok("message.send", message)?["seq"].as_u64().context("a message has a number")
    }

    /// Asks for something that must be granted.
    pub(super) fn ok(&mut self, kind: &str, payload: Value) -> Result<Value> {
        let id = uuid();
        let frame = json!({"type": kind, "id": id, "payload": payload}).to_string();
        self.runtime.block_on(self.socket.send(Message::text(frame)))?;
        let mut answer = self.expect(|frame| frame["id"] == id.as_str())?;
        ensure!(answer["type"] == "ok", "{kind}: {answer}");
        Ok(answer["payload"].take())
    }

    /// Waits for the message with that body.
    pub(super) fn hear(&mut self, body: &str) -> Result<Value> {
        let heard = self.expect(|frame| frame["type"] == "event" && frame["payload"]["body"] == body)?;
        Ok(heard["payload"].clone())
    }

    /// Waits for a frame; others are kept.
    pub(super) fn expect(&mut self, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        if let Some(at) = self.waiting.iter().position(&fits)
            && let Some(frame) = self.waiting.remove(at)
        {
            return Ok(frame);
        }
        loop {
            match self.next()? {
                Ok(frame) if fits(&frame) => return Ok(frame),
                Ok(frame) => self.waiting.push_back(frame),
                Err(code) => bail!("closed with {code} after {:?}", self.waiting),
            }
        }
    }

    /// Waits for the end; gives its code.
    pub(super) fn ended(&mut self) -> Result<u16> {
        loop {
            if let Err(code) = self.next()? {
                return Ok(code);
            }
        }
    }

    /// The next frame, or the code with which the connection was closed.
    fn next(&mut self) -> Result<Result<Value, u16>> {
        let socket = &mut self.socket;
        self.runtime.block_on(async {
            loop {
                let next = tokio::time::timeout(DEADLINE, socket.next()).await.context("nothing came")?;
                match next.context("the connection is gone without a word")?? {
                    Message::Text(text) => return Ok(Ok(serde_json::from_str(&text)?)),
                    Message::Close(frame) => return Ok(Err(frame.map_or(1005, |frame| frame.code.into()))),
                    _ => {}
                }
            }
        })
    }
}
