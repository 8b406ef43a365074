//! One client: its socket, what is half read and half written, and what it has heard.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, bail};
use mio::net::TcpStream;
use rand::RngExt;
use rand::rngs::SmallRng;
use socket2::{Domain, Protocol, Socket, Type};

use super::What;
use super::order::Order;
use crate::clock;
use crate::frame::{self, Kind, Strange};
use crate::talk::{self, Heard, Id};
use crate::upgrade;

/// A client.
pub(crate) struct Client {
    /// `None` after the end.
    stream: Option<TcpStream>,
    stage: Stage,
    /// The part of a frame that has come.
    half: Vec<u8>,
    /// What waits to be written.
    pub(crate) out: Vec<u8>,
    /// What it has heard.
    pub(crate) order: Order,
    /// When it began to connect.
    pub(crate) began: u64,
}

/// How far a connection is.
enum Stage {
    /// TCP is not there yet.
    Connecting {
        /// What is said after the upgrade.
        greeting: Vec<u8>,
    },
    /// The upgrade was asked for.
    Upgrading {
        /// What is said after it.
        greeting: Vec<u8>,
    },
    /// Frames come and go.
    Open,
}

impl Client {
    /// Begins to connect.
    pub(crate) fn connect(source: Ipv4Addr, server: SocketAddr, greeting: Vec<u8>) -> Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddr::from((source, 0)).into())?;
        match socket.connect(&server.into()) {
            Err(cause) if cause.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {
                return Err(cause.into());
            }
            _ => {}
        }
        Ok(Self {
            stream: Some(TcpStream::from_std(socket.into())),
            stage: Stage::Connecting { greeting },
            half: Vec::new(),
            out: Vec::new(),
            order: Order::default(),
            began: clock::now(),
        })
    }

    /// Its socket, to be registered.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn stream(&mut self) -> Result<&mut TcpStream> {
        self.stream.as_mut().context("the connection has ended")
    }

    /// After the socket became writable: asks for the upgrade if it had not.
    pub(crate) fn is_connected(&mut self) -> Result<()> {
        let Some(stream) = &self.stream else { return Ok(()) };
        if let Stage::Connecting { greeting } = &mut self.stage {
            if let Some(cause) = stream.take_error()? {
                return Err(cause.into());
            }
            let greeting = std::mem::take(greeting);
            upgrade::write(&mut self.out);
            self.stage = Stage::Upgrading { greeting };
        }
        Ok(())
    }

    /// Writes what waits, as far as the socket takes it; false if the connection has ended.
    pub(crate) fn flush(&mut self) -> Result<bool> {
        let Some(stream) = &mut self.stream else { return Ok(false) };
        if matches!(self.stage, Stage::Connecting { .. }) {
            return Ok(true);
        }
        while !self.out.is_empty() {
            match stream.write(&self.out) {
                Ok(written) if written == self.out.len() => self.out.clear(),
                Ok(written) => drop(self.out.drain(..written)),
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                Err(cause) if is_an_end(cause.kind()) => return Ok(false),
                Err(cause) => return Err(cause.into()),
            }
        }
        Ok(true)
    }

    /// Reads once; `None` where nothing waits, 0 at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        match stream.read(buffer) {
            Ok(read) => Ok(Some(read)),
            Err(cause) if cause.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(cause) if cause.kind() == ErrorKind::Interrupted => Ok(None),
            Err(cause) if is_an_end(cause.kind()) => Ok(Some(0)),
            Err(cause) => Err(cause.into()),
        }
    }

    /// Takes bytes that came, tells what they say, and answers pings; returns how many there were.
    pub(crate) fn take(
        &mut self,
        bytes: &[u8],
        masks: &mut SmallRng,
        mut tell: impl FnMut(What),
    ) -> Result<u64> {
        if self.half.is_empty() {
            let (used, pings) = self.take_whole(bytes, masks, &mut tell)?;
            self.half.extend_from_slice(&bytes[used..]);
            return Ok(pings);
        }
        let mut all = std::mem::take(&mut self.half);
        all.extend_from_slice(bytes);
        let (used, pings) = self.take_whole(&all, masks, &mut tell)?;
        // A buffer that is empty again is given back: ten thousand of them would add up.
        if used < all.len() {
            all.drain(..used);
            self.half = all;
        }
        Ok(pings)
    }

    /// Takes the frames that are all there; returns their bytes, and the pings among them.
    fn take_whole(
        &mut self,
        bytes: &[u8],
        masks: &mut SmallRng,
        tell: &mut impl FnMut(What),
    ) -> Result<(usize, u64)> {
        let (mut used, mut pings) = (0, 0);
        if let Stage::Upgrading { greeting } = &mut self.stage {
            let Some(head) = upgrade::read(bytes).map_err(readable)? else { return Ok((0, 0)) };
            used = head;
            self.out.append(greeting);
            self.stage = Stage::Open;
        }
        while let Some(frame) = frame::read(&bytes[used..]).map_err(readable)? {
            used += frame.bytes;
            match frame.kind {
                Kind::Text => self.understand(frame.payload, tell)?,
                Kind::Ping => {
                    pings += 1;
                    frame::write(Kind::Pong, frame.payload, masks.random(), &mut self.out);
                }
                Kind::Close => bail!("the server said goodbye: {}", close(frame.payload)),
                Kind::Pong => {}
            }
        }
        Ok((used, pings))
    }

    fn understand(&mut self, text: &[u8], tell: &mut impl FnMut(What)) -> Result<()> {
        match talk::hear(text) {
            Heard::Event { conversation, seq, mark } => {
                self.order.follow(conversation, seq)?;
                if let Some(mark) = mark {
                    tell(What::Delivered(mark));
                }
            }
            Heard::Answer { id, ok } => {
                if !ok {
                    bail!("refused: {}", String::from_utf8_lossy(text));
                }
                let counts = id.kind != Id::SEND && id.kind != Id::LOGIN;
                let messages = if counts { talk::messages(text) } else { 0 };
                tell(What::Answer { id, messages });
            }
            Heard::Other => {}
            Heard::Strange => {
                let text = String::from_utf8_lossy(&text[..text.len().min(200)]);
                bail!("the server said what cannot be read: {text}");
            }
        }
        Ok(())
    }

    /// Closes the socket; false if it was closed.
    pub(crate) fn end(&mut self) -> bool {
        self.stream.take().is_some()
    }
}

fn is_an_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted)
}

fn readable(strange: Strange) -> anyhow::Error {
    anyhow::anyhow!("the server sent {}", strange.0)
}

/// The code and the reason of a close frame.
fn close(payload: &[u8]) -> String {
    match payload.split_first_chunk::<2>() {
        Some((code, reason)) => {
            format!("{} {}", u16::from_be_bytes(*code), String::from_utf8_lossy(reason))
        }
        None => "without a code".to_owned(),
    }
}
