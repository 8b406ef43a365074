//! A WebSocket without a client behind it, for bytes that no client of ours would send.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chat_tests::{DEADLINE, PASSWORD, Server};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

/// A connection that sends what it is told.
pub(crate) struct RawSocket {
    runtime: Runtime,
    socket: WebSocketStream<TcpStream>,
}

/// What came from the server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heard {
    Frame(Value),
    /// Closed with this code and reason.
    Closed(u16, String),
    /// The connection is gone without a close frame.
    Cut,
}

impl RawSocket {
    /// Connects; the `hello` is read.
    pub(crate) fn connect(server: &Server) -> Result<Self> {
        Self::connect_with(server, &[])
    }

    /// Connects with further HTTP headers.
    pub(crate) fn connect_with(server: &Server, headers: &[(&'static str, &str)]) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut request = format!("{}/ws", server.url()).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse()?);
        }
        let address = format!("127.0.0.1:{}", server.port()).parse()?;
        let socket = runtime.block_on(async {
            let socket = TcpSocket::new_v4()?;
            // Small, so that a reader who does not read is noticed soon.
            socket.set_recv_buffer_size(8 * 1024)?;
            let stream = socket.connect(address).await?;
            let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
            anyhow::Ok(socket)
        })?;
        let mut raw = Self { runtime, socket };
        match raw.hear()? {
            Heard::Frame(hello) if hello["type"] == "hello" => Ok(raw),
            other => bail!("instead of the hello: {other:?}"),
        }
    }

    /// Connects and makes an account.
    pub(crate) fn register(server: &Server, name: &str) -> Result<Self> {
        let mut raw = Self::connect(server)?;
        let payload = json!({"protocol": 1, "name": name, "password": PASSWORD});
        raw.send(&json!({"type": "auth.register", "id": "r", "payload": payload}).to_string())?;
        match raw.hear()? {
            Heard::Frame(welcome) if welcome["type"] == "ok" => Ok(raw),
            other => bail!("instead of the welcome: {other:?}"),
        }
    }

    /// Sends a text frame.
    pub(crate) fn send(&mut self, text: &str) -> Result<()> {
        self.put(Message::text(text))
    }

    /// Sends a binary frame.
    pub(crate) fn send_binary(&mut self, bytes: &[u8]) -> Result<()> {
        self.put(Message::binary(bytes.to_vec()))
    }

    fn put(&mut self, message: Message) -> Result<()> {
        let sending = self.socket.send(message);
        self.runtime
            .block_on(async { tokio::time::timeout(DEADLINE, sending).await })
            .context("the server does not read")?
            .context("sending")
    }

    /// The next frame, or how the connection ended.
    pub(crate) fn hear(&mut self) -> Result<Heard> {
        loop {
            let next = self.socket.next();
            let next = self.runtime.block_on(async { tokio::time::timeout(DEADLINE, next).await });
            match next.context("the server was silent for too long")? {
                Some(Ok(Message::Text(text))) => return Ok(Heard::Frame(serde_json::from_str(&text)?)),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Ok(Heard::Closed(frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(Message::Close(None))) | None => return Ok(Heard::Cut),
                Some(Ok(_)) => {}
                Some(Err(
                    Error::ConnectionClosed | Error::AlreadyClosed | Error::Io(_) | Error::Protocol(_),
                )) => {
                    return Ok(Heard::Cut);
                }
                Some(Err(cause)) => return Err(cause.into()),
            }
        }
    }

    /// Reads until the connection ends; gives the frames before it, and how it ended.
    pub(crate) fn hear_the_end(&mut self) -> Result<(Vec<Value>, Heard)> {
        let mut frames = Vec::new();
        loop {
            match self.hear()? {
                Heard::Frame(frame) => frames.push(frame),
                end => return Ok((frames, end)),
            }
        }
    }
}

/// A plain TCP connection to the server, for half a handshake.
pub(crate) fn tcp(server: &Server) -> Result<std::net::TcpStream> {
    let stream = std::net::TcpStream::connect(("127.0.0.1", server.port()))?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    Ok(stream)
}

/// As [`tcp`], upgraded to WebSocket; the answer to that is still to be read.
pub(crate) fn upgraded(server: &Server) -> Result<std::net::TcpStream> {
    let mut stream = tcp(server)?;
    stream.write_all(
        b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )?;
    Ok(stream)
}
