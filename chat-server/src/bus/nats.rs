//! Core NATS: one connection, a task that sends, one that subscribes to what is wanted, and one
//! that feels the pulse.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event, Request, RequestErrorKind};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::AbortHandle;
use tracing::{info, warn};
use uuid::Uuid;

use super::{BusSettings, MESSAGE_BYTES, SLICES, Slice, Subject};
use crate::metrics::metrics;

/// Messages that may wait to be sent; beyond that the others read the store.
const OUTGOING: usize = 8_192;

/// Messages that may wait to be looked at.
const INCOMING: usize = 8_192;

/// Messages sent before the sender looks again.
const BATCH: usize = 256;

/// How often it is felt whether NATS answers, and how long it may take. A connection that hangs
/// looks like a quiet one; without this it would be noticed only after minutes.
const PULSE: Duration = Duration::from_secs(1);

/// How long a slice stays subscribed after the last one left, for those who come right back.
const LINGER: Duration = Duration::from_secs(30);

/// The longest wait between two tries to connect.
const LONGEST_RETRY: Duration = Duration::from_secs(1);

/// What came from other nodes, in the order of each of them.
pub type Received = mpsc::Receiver<Bytes>;

/// A handle on the connection; cheap to clone.
#[derive(Clone)]
pub struct Nats(Arc<Shared>);

struct Shared {
    node: Uuid,
    client: Client,
    /// What every subject of this cluster begins with.
    prefix: String,
    outgoing: mpsc::Sender<(Subject, Bytes)>,
    is_well: AtomicBool,
    /// Whether something was left out, on the way out or in.
    has_lost: AtomicBool,
    /// How many listen in each slice. A lock, because shards come and go with it; held for a count.
    wanted: Mutex<Vec<u32>>,
    /// How often a slice came to be wanted.
    wishes: AtomicU64,
    wished: Notify,
    /// How many of the wishes are fulfilled.
    fulfilled: watch::Sender<u64>,
    /// Told when the connection changed.
    changed: Arc<Notify>,
}

impl Nats {
    /// Begins to connect, and goes on trying for as long as it takes.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub(super) async fn connect(settings: &BusSettings, node: Uuid) -> anyhow::Result<(Self, Received)> {
        let changed = Arc::new(Notify::new());
        let has_dropped = Arc::new(AtomicBool::new(false));
        let (told, dropped) = (changed.clone(), has_dropped.clone());
        let options = identify(ConnectOptions::new(), settings)
            .name(format!("chat-server {node}"))
            .no_echo()
            .retry_on_initial_connect()
            .ping_interval(5 * PULSE)
            .reconnect_delay_callback(|tries| {
                let tries = u32::try_from(tries).unwrap_or(u32::MAX);
                (Duration::from_millis(50).saturating_mul(tries)).min(LONGEST_RETRY)
            })
            .event_callback(move |event| {
                match event {
                    Event::SlowConsumer(_) => dropped.store(true, Ordering::Release),
                    Event::ClientError(cause) => warn!(%cause, "the bus"),
                    Event::ServerError(cause) => warn!(%cause, "the bus refused something"),
                    _ => {}
                }
                told.notify_one();
                async {}
            });
        let client = options.connect(settings.servers.clone()).await.context("cannot use the bus")?;
        let (outgoing, to_send) = mpsc::channel(OUTGOING);
        let (incoming, received) = mpsc::channel(INCOMING);
        let nats = Self(Arc::new(Shared {
            node,
            client,
            prefix: format!("chat.{}", settings.cluster),
            outgoing,
            is_well: AtomicBool::new(false),
            has_lost: AtomicBool::new(false),
            wanted: Mutex::new(vec![0; usize::from(SLICES)]),
            wishes: AtomicU64::new(0),
            wished: Notify::new(),
            fulfilled: watch::Sender::new(0),
            changed,
        }));
        tokio::spawn(nats.clone().send(to_send));
        tokio::spawn(nats.clone().subscribe(incoming));
        tokio::spawn(nats.clone().feel_pulse(has_dropped));
        Ok((nats, received))
    }

    /// Connects once, only to see whether that goes; what NATS calls its version.
    ///
    /// # Errors
    /// Why it does not go.
    pub async fn try_once(settings: &BusSettings) -> anyhow::Result<String> {
        let options = identify(ConnectOptions::new(), settings).connection_timeout(2 * PULSE);
        let client = options.connect(settings.servers.clone()).await?;
        Ok(client.server_info().version)
    }

    /// Who this node is, as long as it runs.
    #[must_use]
    pub fn node(&self) -> Uuid {
        self.0.node
    }

    /// Whether NATS answers.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.0.is_well.load(Ordering::Acquire)
    }

    /// Whether something was left out since the last time this was asked.
    #[must_use]
    pub fn take_loss(&self) -> bool {
        self.0.has_lost.swap(false, Ordering::AcqRel)
    }

    /// Sends this, as far as that goes without waiting.
    pub fn publish(&self, subject: Subject, message: Bytes) {
        if !self.is_well() {
            return;
        }
        if message.len() > MESSAGE_BYTES || self.0.outgoing.try_send((subject, message)).is_err() {
            self.0.has_lost.store(true, Ordering::Release);
        }
    }

    /// Sends this after all else, and waits until it is on the line, but no longer than that.
    pub async fn publish_last(&self, subject: Subject, message: Bytes, patience: Duration) {
        if !self.is_well() {
            return;
        }
        let send = async {
            // What waits goes first: there is room for all of it when nothing waits any more.
            if let Ok(all) = self.0.outgoing.reserve_many(OUTGOING).await {
                drop(all);
                let _ = self.0.client.publish(self.name(subject), message).await;
                let _ = self.0.client.flush().await;
            }
        };
        // The others notice the end without it, only later.
        let _ = tokio::time::timeout(patience, send).await;
    }

    /// Somebody listens in this slice from now on; see [`settled`](Self::settled).
    pub fn want(&self, slice: Slice) {
        let mut wanted = self.wanted();
        let Some(count) = wanted.get_mut(usize::from(slice.0)) else { return };
        *count += 1;
        if *count == 1 {
            self.0.wishes.fetch_add(1, Ordering::AcqRel);
            self.0.wished.notify_one();
        }
    }

    /// One fewer listens in this slice.
    pub fn unwant(&self, slice: Slice) {
        if let Some(count) = self.wanted().get_mut(usize::from(slice.0)) {
            *count = count.saturating_sub(1);
        }
    }

    /// Returns when this node hears all that it wanted to before, or when the bus is away anyway.
    pub async fn settled(&self) {
        if !self.is_well() {
            return;
        }
        let wishes = self.0.wishes.load(Ordering::Acquire);
        let mut fulfilled = self.0.fulfilled.subscribe();
        let settled = fulfilled.wait_for(|fulfilled| *fulfilled >= wishes);
        // Whoever waits longer reads the store, as without a bus.
        let _ = tokio::time::timeout(2 * PULSE, settled).await;
    }

    /// A list that was being counted in when a thread died is still a list.
    fn wanted(&self) -> MutexGuard<'_, Vec<u32>> {
        self.0.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(self, mut waiting: mpsc::Receiver<(Subject, Bytes)>) {
        let mut batch = Vec::with_capacity(BATCH);
        while waiting.recv_many(&mut batch, BATCH).await > 0 {
            for (subject, message) in batch.drain(..) {
                let sent = self.0.client.publish(self.name(subject), message).await;
                match sent {
                    Ok(()) => metrics().bus_published.add_one(),
                    Err(_) => self.0.has_lost.store(true, Ordering::Release),
                }
            }
        }
    }

    fn name(&self, subject: Subject) -> String {
        match subject {
            Subject::All => format!("{}.all", self.0.prefix),
            Subject::Slice(slice) => format!("{}.events.{}", self.0.prefix, slice.0),
        }
    }

    /// Keeps the subscriptions as they are wanted.
    async fn subscribe(self, incoming: mpsc::Sender<Bytes>) {
        let mut heard: HashMap<u8, AbortHandle> = HashMap::new();
        if self.hear(Subject::All, &incoming).await.is_none() {
            return;
        }
        loop {
            let wishes = self.0.wishes.load(Ordering::Acquire);
            let wanted: Vec<u8> = {
                let wanted = self.wanted();
                (0..SLICES)
                    .zip(wanted.iter())
                    .filter(|(_, count)| **count > 0)
                    .map(|(slice, _)| slice)
                    .collect()
            };
            for slice in wanted {
                if !heard.contains_key(&slice)
                    && let Some(ear) = self.hear(Subject::Slice(Slice(slice)), &incoming).await
                {
                    heard.insert(slice, ear);
                }
            }
            // An answer to what is asked after a subscription shows that NATS knows of that.
            let pause = if self.answers().await {
                self.0.fulfilled.send_replace(wishes);
                LINGER
            } else {
                PULSE
            };
            tokio::select! {
                () = self.0.wished.notified() => {}
                () = tokio::time::sleep(pause) => if pause == LINGER { self.leave_alone(&mut heard) },
            }
        }
    }

    /// Lets go of slices in which nobody listens any more.
    fn leave_alone(&self, heard: &mut HashMap<u8, AbortHandle>) {
        let wanted = self.wanted();
        heard.retain(|slice, ear| {
            let is_wanted = wanted.get(usize::from(*slice)).is_some_and(|count| *count > 0);
            if !is_wanted {
                ear.abort();
            }
            is_wanted
        });
    }

    async fn hear(&self, subject: Subject, incoming: &mpsc::Sender<Bytes>) -> Option<AbortHandle> {
        let mut messages = match self.0.client.subscribe(self.name(subject)).await {
            Ok(messages) => messages,
            Err(cause) => {
                warn!(%cause, "cannot listen on the bus");
                return None;
            }
        };
        let incoming = incoming.clone();
        let ear = tokio::spawn(async move {
            while let Some(message) = messages.next().await {
                metrics().bus_received.add_one();
                if incoming.send(message.payload).await.is_err() {
                    return;
                }
            }
        });
        Some(ear.abort_handle())
    }

    /// Notes once a second, and when the connection changes, whether NATS answers.
    async fn feel_pulse(self, has_dropped: Arc<AtomicBool>) {
        loop {
            let is_well = self.answers().await;
            let was_well = self.0.is_well.swap(is_well, Ordering::AcqRel);
            metrics().bus_connected.set(usize::from(is_well));
            if is_well != was_well {
                // What was said around that moment may be lost.
                self.0.has_lost.store(true, Ordering::Release);
                self.0.wished.notify_one();
                match is_well {
                    true => info!("the bus is there; other nodes are reached over it"),
                    false => {
                        warn!("the bus is away; other nodes are reached by way of the store, which is slower")
                    }
                }
            }
            if has_dropped.swap(false, Ordering::AcqRel) {
                self.0.has_lost.store(true, Ordering::Release);
            }
            tokio::select! {
                () = self.0.changed.notified() => {}
                () = tokio::time::sleep(PULSE) => {}
            }
        }
    }

    /// Whether NATS answers what only it can: that nobody listens there.
    async fn answers(&self) -> bool {
        // While there is no connection, questions would queue up.
        if self.0.client.connection_state() != State::Connected {
            return false;
        }
        let asked = Request::new().timeout(Some(PULSE));
        let subject = format!("{}.pulse.{}", self.0.prefix, self.0.node);
        let answer = tokio::time::timeout(PULSE, self.0.client.send_request(subject, asked)).await;
        match answer {
            Ok(Ok(_)) => true,
            Ok(Err(cause)) => cause.kind() == RequestErrorKind::NoResponders,
            Err(_) => false,
        }
    }
}

/// Says who this is, and whom it trusts.
fn identify(options: ConnectOptions, settings: &BusSettings) -> ConnectOptions {
    let options = match (&settings.user, &settings.secret) {
        (Some(user), secret) => {
            let password = secret.as_ref().map(|secret| secret.expose().to_owned());
            options.user_and_password(user.clone(), password.unwrap_or_default())
        }
        (None, Some(token)) => options.token(token.expose().to_owned()),
        (None, None) => options,
    };
    match &settings.ca_file {
        Some(file) => options.add_root_certificates(file.clone()),
        None => options,
    }
}
