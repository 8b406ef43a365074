//! The way between one client and the servers, or between a node and its database or NATS: a proxy on loopback
//! that can be told to cut, delay, lose or hold what passes. Between clients and servers it knows where a frame
//! ends; elsewhere it passes bytes.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, split};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::frame::{Splitter, text};

/// What the system holds of a server's words for somebody who does not read: little, so that the server
/// soon has to hold the rest.
const RECEIVE_BYTES: u32 = 8 * 1024;

/// What becomes of the pieces that go one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// They pass.
    Flow,
    /// Each is late by up to so much.
    Late(Duration),
    /// They get lost, and nobody is told.
    Lost,
    /// Nobody reads them.
    Still,
    /// The next one passes by half; then the line is cut.
    Torn,
}

/// How a link is now.
#[derive(Debug, Clone, Copy)]
struct Weather {
    /// Whether new connections are taken.
    open: bool,
    /// How often it was cut: connections from before are dropped.
    cuts: u64,
    up: Way,
    down: Way,
}

const FINE: Weather = Weather { open: true, cuts: 0, up: Way::Flow, down: Way::Flow };

/// Where a message on its way is caught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// The `message.send` does not arrive.
    Sent,
    /// It arrives; the answer to it, and all else from then on, does not.
    Arrived,
    /// The answer has just gone to the client.
    Answered,
}

struct Trap {
    spot: Spot,
    /// The id of the request that was let through.
    id: Option<String>,
    told: Option<oneshot::Sender<()>>,
}

/// One link.
#[derive(Clone)]
pub(crate) struct Link {
    address: SocketAddr,
    /// Whether frames of WebSockets pass.
    framed: bool,
    weather: Arc<watch::Sender<Weather>>,
    // A lock, because both directions look at it.
    trap: Arc<Mutex<Option<Trap>>>,
    // The same.
    dice: Arc<Mutex<StdRng>>,
}

impl Link {
    /// Opens one to these servers, which are taken in turn.
    ///
    /// # Errors
    /// The system gives no port.
    pub(crate) async fn open(targets: Vec<SocketAddr>) -> Result<Self> {
        Self::begin(targets, true).await
    }

    /// Opens one to something that is no chat server.
    ///
    /// # Errors
    /// The system gives no port.
    pub(crate) async fn behind(target: SocketAddr) -> Result<Self> {
        Self::begin(vec![target], false).await
    }

    async fn begin(targets: Vec<SocketAddr>, framed: bool) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("a port for a link")?;
        let link = Self { address: listener.local_addr()?, framed, ..Self::nowhere(rand::random()) };
        let serving = link.clone();
        tokio::spawn(async move { serving.serve(&listener, &targets).await });
        Ok(link)
    }

    /// One without a port, for [`Self::join`]; what is late by how much follows from the seed.
    pub(crate) fn nowhere(seed: u64) -> Self {
        let (weather, _) = watch::channel(FINE);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let dice = Arc::new(Mutex::new(StdRng::seed_from_u64(seed)));
        Self { address, framed: true, weather: Arc::new(weather), trap: Arc::default(), dice }
    }

    /// Where it takes connections.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether new connections are taken.
    pub(crate) fn is_open(&self) -> bool {
        self.weather.borrow().open
    }

    /// Where a client connects.
    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Drops all connections.
    pub(crate) fn cut(&self) {
        self.weather.send_modify(|weather| weather.cuts += 1);
    }

    /// Drops all connections, and takes no new ones until [`Self::mend`].
    pub(crate) fn shut(&self) {
        self.weather.send_modify(|weather| (weather.open, weather.cuts) = (false, weather.cuts + 1));
    }

    /// Says what becomes of what passes.
    pub(crate) fn set(&self, up: Way, down: Way) {
        self.weather.send_modify(|weather| (weather.up, weather.down) = (up, down));
    }

    /// Makes all well. What was lost stays lost.
    pub(crate) fn mend(&self) {
        *self.trap() = None;
        self.weather.send_modify(|weather| *weather = Weather { cuts: weather.cuts, ..FINE });
    }

    /// Catches the next message of the client at a spot. What is returned ends then.
    pub(crate) fn catch(&self, spot: Spot) -> oneshot::Receiver<()> {
        let (told, caught) = oneshot::channel();
        *self.trap() = Some(Trap { spot, id: None, told: Some(told) });
        caught
    }

    fn dice(&self) -> std::sync::MutexGuard<'_, StdRng> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trap(&self) -> std::sync::MutexGuard<'_, Option<Trap>> {
        self.trap.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, listener: &TcpListener, targets: &[SocketAddr]) {
        let turn = AtomicUsize::new(0);
        loop {
            let Ok((client, _)) = listener.accept().await else { return };
            let Some(target) = targets.get(turn.fetch_add(1, Ordering::Relaxed) % targets.len().max(1))
            else {
                return;
            };
            // A closed link hangs up at once, as a machine without a server does.
            if self.is_open() {
                let (link, target) = (self.clone(), *target);
                tokio::spawn(async move { link.carry(client, target).await });
            }
        }
    }

    async fn carry(&self, client: TcpStream, target: SocketAddr) {
        let Ok(server) = self.dial(target).await else { return };
        // Small frames, wanted at once; failing to say so costs some milliseconds.
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        self.join(client, server).await;
    }

    async fn dial(&self, target: SocketAddr) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        if self.framed {
            socket.set_recv_buffer_size(RECEIVE_BYTES)?;
        }
        socket.connect(target).await
    }

    /// Carries between two ends of whatever kind, until one of them ends or the link is cut.
    pub(crate) async fn join(
        &self,
        client: impl AsyncRead + AsyncWrite,
        server: impl AsyncRead + AsyncWrite,
    ) {
        let mut weather = self.weather.subscribe();
        let cuts = weather.borrow_and_update().cuts;
        let (from_client, to_client) = split(client);
        let (from_server, to_server) = split(server);
        // Whoever is first ends the connection, which drops both ends.
        tokio::select! {
            _ = self.pump(from_client, to_server, true) => {}
            _ = self.pump(from_server, to_client, false) => {}
            _ = weather.wait_for(|weather| weather.cuts != cuts) => {}
        }
    }

    /// Carries pieces one way, until the end of the line.
    async fn pump(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        up: bool,
    ) -> std::io::Result<()> {
        let mut weather = self.weather.subscribe();
        let mut splitter = if self.framed { Splitter::new() } else { Splitter::unframed() };
        let mut is_head = self.framed;
        loop {
            let way = |weather: &Weather| if up { weather.up } else { weather.down };
            weather.wait_for(|weather| way(weather) != Way::Still).await.map_err(std::io::Error::other)?;
            let Some(piece) = splitter.next(&mut from).await? else { return Ok(()) };
            let way =
                if std::mem::take(&mut is_head) { Way::Flow } else { way(&weather.borrow_and_update()) };
            match way {
                Way::Flow => {}
                Way::Late(most) => {
                    let late = most.mul_f64(self.dice().random());
                    sleep_until(Instant::now() + late).await;
                }
                Way::Lost => continue,
                Way::Still => {
                    weather
                        .wait_for(|weather| if up { weather.up } else { weather.down } != Way::Still)
                        .await
                        .map_err(std::io::Error::other)?;
                }
                Way::Torn => {
                    to.write_all(&piece[..piece.len() / 2]).await?;
                    return to.flush().await;
                }
            }
            let caught = self.spring(&piece, up);
            if caught.passes {
                to.write_all(&piece).await?;
            }
            if let Some(told) = caught.told {
                // Whoever set the trap may have stopped waiting.
                let _ = told.send(());
            }
        }
    }

    /// Looks whether a piece is what a trap waits for.
    fn spring(&self, piece: &[u8], up: bool) -> Caught {
        let pass = Caught { passes: true, told: None };
        let mut held = self.trap();
        let Some(trap) = held.as_mut() else { return pass };
        let text = text(piece);
        if up {
            if trap.id.is_none() && text.contains("\"message.send\"") {
                trap.id = id_of(&text);
                if trap.spot == Spot::Sent {
                    self.set(Way::Lost, Way::Lost);
                    return Caught { passes: false, told: trap.told.take() };
                }
            }
            return pass;
        }
        let is_answer = trap.id.is_some() && id_of(&text) == trap.id;
        match trap.spot {
            // The event itself says as much as the answer.
            Spot::Arrived if trap.id.is_some() && !is_answer => Caught { passes: false, told: None },
            Spot::Arrived if is_answer => {
                self.set(Way::Lost, Way::Lost);
                Caught { passes: false, told: trap.told.take() }
            }
            Spot::Answered if is_answer => Caught { passes: true, told: trap.told.take() },
            _ => pass,
        }
    }
}

struct Caught {
    passes: bool,
    told: Option<oneshot::Sender<()>>,
}

fn id_of(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    value["id"].as_str().map(str::to_owned)
}
