//! Many clients on one thread: connections, what they say, and news of what they hear.
//!
//! 1. Nothing that comes is lost or counted twice: each client holds every event against the last
//!    one of that conversation, and a gap, a double or a change of order is an error of the run.
//! 2. Pings are answered.
//! 3. Nobody waits for anybody: what a socket does not take is written when it takes more.

mod client;
mod order;
mod timer;

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use mio::{Events, Interest, Poll, Token};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::clock;
use crate::frame::{self, Kind};
use crate::mark::Mark;
use crate::talk::{Conversation, Id};
use client::Client;
use timer::Timer;

/// Addresses from which clients come, in turn: 127.0.0.2 and the next. One has 28,000 ports.
const SOURCES: u32 = 16;

/// Room for what one read brings; more stays in the socket until the next.
const READ_BYTES: usize = 256 * 1024;

/// Events that are taken from the system at once.
const EVENTS: usize = 512;

/// The timer's token; clients have smaller ones.
const TIMER: Token = Token(usize::MAX);

/// News of a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct News {
    /// Whose.
    pub(crate) client: u32,
    /// When it was read.
    pub(crate) at: u64,
    /// What.
    pub(crate) what: What,
}

/// What a client has heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A message of ours.
    Delivered(Mark),
    /// The answer `ok`.
    Answer {
        /// To what.
        id: Id,
        /// The messages in it; not counted for logins and sends.
        messages: usize,
    },
    /// The connection has ended.
    Ended,
}

/// The clients.
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    /// Which clients can write and read.
    ready: Vec<(usize, bool, bool)>,
    timer: Timer,
    servers: Vec<SocketAddr>,
    clients: Vec<Client>,
    buffer: Vec<u8>,
    frame: Vec<u8>,
    news: VecDeque<News>,
    masks: SmallRng,
    /// Bytes that came.
    pub(crate) bytes: u64,
    /// Pings that were answered.
    pub(crate) pings: u64,
}

impl Crowd {
    /// Nobody yet, for the server at this port of this machine.
    ///
    /// # Errors
    /// The system has no room for it.
    pub(crate) fn new(port: u16) -> Result<Self> {
        Self::among(&[port])
    }

    /// Nobody yet, for the servers at these ports, to which clients come in turn.
    ///
    /// # Errors
    /// The system has no room for it.
    pub(crate) fn among(ports: &[u16]) -> Result<Self> {
        ensure!(!ports.is_empty(), "there is no server");
        let poll = Poll::new()?;
        let timer = Timer::new(&poll, TIMER)?;
        Ok(Self {
            poll,
            timer,
            events: Events::with_capacity(EVENTS),
            ready: Vec::new(),
            servers: ports.iter().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, *port))).collect(),
            clients: Vec::new(),
            buffer: vec![0; READ_BYTES],
            frame: Vec::new(),
            news: VecDeque::new(),
            masks: SmallRng::seed_from_u64(0),
            bytes: 0,
            pings: 0,
        })
    }

    /// One more client begins to connect. As soon as it is upgraded it says `greetings`, one frame
    /// each. Returns its number.
    ///
    /// # Errors
    /// The system has no room for it.
    pub(crate) fn connect(&mut self, greetings: &[Vec<u8>]) -> Result<u32> {
        let number = u32::try_from(self.clients.len())?;
        let mut greeting = Vec::new();
        for text in greetings {
            frame::write(Kind::Text, text, self.masks.random(), &mut greeting);
        }
        let source = Ipv4Addr::from_bits(Ipv4Addr::new(127, 0, 0, 2).to_bits() + number % SOURCES);
        let server = self.servers[number as usize % self.servers.len()];
        let mut client = Client::connect(source, server, greeting)
            .with_context(|| format!("connecting client {number} from {source}"))?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(client.stream()?, Token(number as usize), interest)?;
        self.clients.push(client);
        Ok(number)
    }

    /// How many have been connected.
    pub(crate) fn len(&self) -> usize {
        self.clients.len()
    }

    /// When this one began to connect.
    pub(crate) fn began(&self, client: u32) -> u64 {
        self.clients[client as usize].began
    }

    /// The number of the last event that this one heard there; 0 where there was none.
    pub(crate) fn last_heard(&self, client: u32, conversation: &Conversation) -> u64 {
        self.clients[client as usize].order.last(conversation)
    }

    /// A client says something: `write` appends the text to an empty buffer.
    ///
    /// # Errors
    /// Its connection has ended.
    pub(crate) fn say(&mut self, client: u32, write: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        self.frame.clear();
        write(&mut self.frame);
        let speaker = &mut self.clients[client as usize];
        frame::write(Kind::Text, &self.frame, self.masks.random(), &mut speaker.out);
        if !speaker.flush()? {
            bail!("the server cut client {client}");
        }
        Ok(())
    }

    /// Waits until something comes, or until this moment, and turns what came into news.
    ///
    /// # Errors
    /// A client heard what it must not: a gap, a double, something that cannot be read.
    pub(crate) fn wait(&mut self, until: u64) -> Result<()> {
        let now = clock::now();
        let timeout = (until <= now).then_some(Duration::ZERO);
        if until > now {
            // A timer of its own, because the time that a poll may take is counted in milliseconds.
            self.timer.set(until - now)?;
        }
        match self.poll.poll(&mut self.events, timeout) {
            Err(cause) if cause.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        // Taken out, so that the clients can be changed while the events are looked at.
        let mut ready = std::mem::take(&mut self.ready);
        ready.clear();
        let of_clients = self.events.iter().filter(|event| event.token() != TIMER);
        ready.extend(of_clients.map(|event| (event.token().0, event.is_writable(), event.is_readable())));
        for (number, writable, readable) in &ready {
            if *writable {
                self.open(*number)?;
            }
            if *readable {
                self.hear(*number).with_context(|| format!("client {number}"))?;
            }
        }
        self.ready = ready;
        Ok(())
    }

    /// The next of the news.
    pub(crate) fn news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// Looks whether a connection stands, and writes what waits.
    fn open(&mut self, number: usize) -> Result<()> {
        let client = &mut self.clients[number];
        client.is_connected().with_context(|| format!("client {number} cannot connect"))?;
        if !client.flush()? {
            self.end(number);
        }
        Ok(())
    }

    /// Reads all that has come for a client.
    fn hear(&mut self, number: usize) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let heard = self.hear_into(number, &mut buffer);
        self.buffer = buffer;
        heard
    }

    fn hear_into(&mut self, number: usize, buffer: &mut [u8]) -> Result<()> {
        loop {
            let client = &mut self.clients[number];
            let Some(read) = client.read(buffer)? else { return Ok(()) };
            if read == 0 {
                self.end(number);
                return Ok(());
            }
            self.bytes += read as u64;
            let at = clock::now();
            let name = u32::try_from(number)?;
            let news = &mut self.news;
            self.pings += client.take(&buffer[..read], &mut self.masks, |what| {
                news.push_back(News { client: name, at, what });
            })?;
            if !client.flush()? {
                self.end(number);
                return Ok(());
            }
            // Less than there was room for: the socket is empty, and the next bytes wake us again.
            if read < buffer.len() {
                return Ok(());
            }
        }
    }

    fn end(&mut self, number: usize) {
        if self.clients[number].end() {
            let client = u32::try_from(number).unwrap_or(u32::MAX);
            self.news.push_back(News { client, at: clock::now(), what: What::Ended });
        }
    }
}

/// Nobody's connection may end while it is used; a refusal is an error where it is heard.
///
/// # Errors
/// It has ended.
pub(crate) fn all_is_well(news: &News) -> Result<()> {
    ensure!(news.what != What::Ended, "the server cut client {}", news.client);
    Ok(())
}
