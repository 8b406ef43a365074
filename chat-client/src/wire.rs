//! One WebSocket connection to a server: text out, text in, and how it ended.
//!
//! The only file that knows the WebSocket library. It reads no frame's meaning.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use chat_proto::limits;
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

use crate::address::ServerAddress;
use crate::stranger::Stranger;
use crate::tls::{TlsError, Trust};

/// How long TCP, TLS and the upgrade may take together; a person has given up by then.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one write may take. The server reads all the time, so a longer one is a dead line.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long the goodbye may take before the line is simply dropped.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Allocated at once for each connection; the library's 128 KiB buys nothing here.
const READ_BUFFER_BYTES: usize = 16 * 1024;

/// Room for the largest frame of a client, twice.
const WRITE_BUFFER_BYTES: usize = 2 * limits::FRAME_BYTES;

/// Why no connection came to be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DialError {
    /// Nobody there, or no way there.
    #[error("cannot connect to {server}: {cause}; check the address and that the server runs")]
    Unreachable {
        /// Where to.
        server: String,
        /// The system's reason.
        cause: String,
    },
    /// The server's certificate was not trusted, or TLS failed otherwise.
    #[error("no safe connection to {server}: {cause}; for a private certificate authority use --ca-file")]
    Tls {
        /// Where to.
        server: String,
        /// The reason.
        cause: String,
    },
    /// No authority vouches for the server's certificate, and no person does.
    #[error("{0}")]
    Untrusted(Box<Stranger>),
    /// What is known about servers cannot be read or kept.
    #[error(transparent)]
    Trust(#[from] TlsError),
    /// Something answers there, but it is not a chat server.
    #[error("{server} does not answer like a chat server ({cause}); check the address and port")]
    NotChat {
        /// Where to.
        server: String,
        /// The reason.
        cause: String,
    },
    /// No answer in time.
    #[error("{server} did not answer within {seconds} s; check the address and the network")]
    TimedOut {
        /// Where to.
        server: String,
        /// How long it was waited for.
        seconds: u64,
    },
}

impl DialError {
    /// Whether the same may succeed if it is simply tried again.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        !matches!(self, DialError::Untrusted(_) | DialError::Trust(_))
    }
}

/// What came from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A text message.
    Text(String),
    /// A sign of life without content.
    Alive,
    /// The connection is over.
    Closed {
        /// The close code; `None` if the line was cut without one.
        code: Option<u16>,
        /// The server's word for it, or the system's.
        reason: String,
    },
}

/// TCP or TLS, or what stands in their place.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open connection.
pub struct Wire {
    socket: WebSocketStream<Box<dyn Stream>>,
}

impl Wire {
    /// Connects. What is trusted is used for `wss` addresses only.
    ///
    /// # Errors
    /// [`DialError`], at the latest after [`DIAL_TIMEOUT`].
    pub async fn dial(server: &ServerAddress, tls: Option<Arc<Trust>>) -> Result<Self, DialError> {
        let late = |_| DialError::TimedOut { server: server.to_string(), seconds: DIAL_TIMEOUT.as_secs() };
        timeout(DIAL_TIMEOUT, dial(server, tls)).await.map_err(late)?
    }

    /// Speaks to a server over a line that is there already.
    ///
    /// # Errors
    /// Whoever is at the other end does not answer like a chat server.
    pub async fn over(stream: Box<dyn Stream>, server: &ServerAddress) -> Result<Self, DialError> {
        upgrade(stream, server).await
    }

    /// Sends texts in one go.
    ///
    /// # Errors
    /// Why the line is dead.
    pub async fn send(&mut self, texts: Vec<String>) -> Result<(), String> {
        let write = async {
            for text in texts {
                self.socket.feed(Message::text(text)).await?;
            }
            self.socket.flush().await
        };
        match timeout(WRITE_TIMEOUT, write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the connection takes no data any more".to_owned()),
        }
    }

    /// Waits for what comes next. Safe to drop while it waits. After `Closed` nothing comes.
    pub async fn next(&mut self) -> Heard {
        match self.socket.next().await {
            // Copied: the library's text is a slice that would keep its whole read buffer alive.
            Some(Ok(Message::Text(text))) => Heard::Text(text.as_str().to_owned()),
            Some(Ok(Message::Close(frame))) => closed(frame),
            Some(Ok(_)) => Heard::Alive,
            Some(Err(error)) => cut(&error),
            None => Heard::Closed { code: None, reason: "the connection was cut".to_owned() },
        }
    }

    /// Says goodbye, and waits a moment for the answer.
    pub async fn close(mut self) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "bye".into() };
        let goodbye = async {
            self.socket.close(Some(frame)).await?;
            while self.socket.next().await.is_some_and(|heard| heard.is_ok()) {}
            Ok::<(), tungstenite::Error>(())
        };
        // It is over either way.
        let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
    }
}

/// Connects, for another protocol than that of the socket. As [`Wire::dial`].
pub(crate) async fn stream(
    server: &ServerAddress,
    tls: Option<Arc<Trust>>,
) -> Result<Box<dyn Stream>, DialError> {
    let late = |_| DialError::TimedOut { server: server.to_string(), seconds: DIAL_TIMEOUT.as_secs() };
    timeout(DIAL_TIMEOUT, connect(server, tls)).await.map_err(late)?
}

async fn connect(server: &ServerAddress, tls: Option<Arc<Trust>>) -> Result<Box<dyn Stream>, DialError> {
    let name = || server.to_string();
    let unreachable = |error: io::Error| DialError::Unreachable { server: name(), cause: plain(&error) };
    let tcp = TcpStream::connect((server.host(), server.port())).await.map_err(unreachable)?;
    // Chat frames are small and wanted at once; failing to say so only costs some milliseconds.
    let _ = tcp.set_nodelay(true);
    Ok(match tls.filter(|_| server.is_tls()) {
        Some(trust) => Box::new(secure(server, &trust, tcp).await?),
        None => Box::new(tcp),
    })
}

async fn secure(
    server: &ServerAddress,
    trust: &Trust,
    tcp: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, DialError> {
    let failed = |cause: String| DialError::Tls { server: server.to_string(), cause };
    let host = ServerName::try_from(server.host().to_owned()).map_err(|e| failed(e.to_string()))?;
    let (config, judge) = trust.connection(server)?;
    match tokio_rustls::TlsConnector::from(config).connect(host, tcp).await {
        Ok(stream) => {
            trust.learn(&judge)?;
            Ok(stream)
        }
        Err(error) if speaks_no_tls(&error) => {
            let cause = "there is no TLS; where that is meant, begin the address with ws://".to_owned();
            Err(DialError::NotChat { server: server.to_string(), cause })
        }
        Err(error) => Err(judge.stranger().map_or_else(|| failed(plain(&error)), DialError::Untrusted)),
    }
}

/// Whether whoever answered did so in another language, as a server without TLS does.
fn speaks_no_tls(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    matches!(cause, Some(rustls::Error::InvalidMessage(_)))
}

async fn dial(server: &ServerAddress, tls: Option<Arc<Trust>>) -> Result<Wire, DialError> {
    upgrade(connect(server, tls).await?, server).await
}

async fn upgrade(stream: Box<dyn Stream>, server: &ServerAddress) -> Result<Wire, DialError> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(Some(limits::SERVER_FRAME_BYTES))
        .max_frame_size(Some(limits::SERVER_FRAME_BYTES));
    let (socket, _) = tokio_tungstenite::client_async_with_config(server.socket_url(), stream, Some(config))
        .await
        .map_err(|error| DialError::NotChat { server: server.to_string(), cause: error.to_string() })?;
    Ok(Wire { socket })
}

/// The system's sentence without its error number, which tells people nothing.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((sentence, _)) => sentence.to_lowercase(),
        None => text,
    }
}

fn closed(frame: Option<CloseFrame>) -> Heard {
    match frame {
        Some(frame) => {
            Heard::Closed { code: Some(frame.code.into()), reason: frame.reason.as_str().to_owned() }
        }
        None => Heard::Closed { code: None, reason: "the server closed the connection".to_owned() },
    }
}

fn cut(error: &tungstenite::Error) -> Heard {
    let reason = match error {
        tungstenite::Error::Io(error) => plain(error),
        tungstenite::Error::ConnectionClosed
        | tungstenite::Error::AlreadyClosed
        | tungstenite::Error::Protocol(_) => "the connection was cut".to_owned(),
        other => other.to_string(),
    };
    Heard::Closed { code: None, reason }
}
