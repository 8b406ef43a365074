//! The same storms in one process: real engines and bare clients, the server's own sessions, handler, hub and
//! store, joined by links over pipes, on a clock that the test turns. No socket, no process, no waiting: so
//! hundreds of storms take as long as one of `cargo xtask chaos`, and their time is that of minutes.
//!
//! A seed decides what people do, what breaks, and which frame is late by how much. `CHAOS_SIM_SEED=7` runs one
//! seed, `CHAOS_SIM_SEEDS=5000` so many in each half.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use chat_client::account::Account;
use chat_client::tls::Tls;
use chat_client::wire::{Stream, Wire};
use chat_client::{Client, Options, Road, Storage};
use chat_proto::{ConversationId, Limits, Person, Registration, Secret, SessionId, UserId, UserName};
use chat_server::auth::SecretHash;
use chat_server::config::Config;
use chat_server::files::Place;
use chat_server::handler::App;
use chat_server::handler::live::Live;
use chat_server::hub::now;
use chat_server::log::LogFormat;
use chat_server::serve::Opened;
use chat_server::server::ServerOptions;
use chat_server::session::{Guarded, Leaving, serve, socket_config};
use chat_server::store::{NewAccount, NewSession, Proof};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, advance, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use uuid::Uuid;

use crate::actor::{obey, tell};
use crate::bare;
use crate::breaker::break_links;
use crate::check::{self, Finding};
use crate::dial::Dial;
use crate::director::Director;
use crate::ending;
use crate::fault::Fault;
use crate::history::Recorder;
use crate::link::Link;
use crate::plan::{BARE, PEOPLE, Plan};
use crate::player::{Player, notes};
use crate::stage::{Cast, make_places};

/// Storms in each half, which run beside each other on two cores.
const SEEDS: u64 = 25;

/// How long people talk in each, by the clock of the storm.
const LENGTH: Duration = Duration::from_secs(3);

/// Wishes a second.
const RATE: u32 = 40;

/// A turn of the clock.
const TURN: Duration = Duration::from_millis(40);

/// For the threads of the store, in each turn.
const BREATH: Duration = Duration::from_micros(200);

/// What a pipe holds before its writer waits.
const PIPE_BYTES: usize = 16 * 1024;

/// What can break without processes and disks.
const FAULTS: [Fault; 6] =
    [Fault::Cut, Fault::CutAll, Fault::Torn, Fault::Delay, Fault::HalfOpen, Fault::Slow];

/// No password is ever asked for; this is no hash of anything.
const NO_PASSWORD: &str = "none";

#[test]
fn storms_of_even_seeds_lose_nothing() {
    storms(0);
}

#[test]
fn storms_of_odd_seeds_lose_nothing() {
    storms(1);
}

fn storms(half: u64) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds: Vec<u64> = match number("CHAOS_SIM_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("CHAOS_SIM_SEEDS").unwrap_or(SEEDS)).map(|n| 2 * n + half).collect(),
    };
    // No disk is worth waiting for here.
    let memory = Path::new("/dev/shm");
    let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    // While somebody blocks, the clock does not run on by itself when all wait, for a thread of the store perhaps.
    let (over, until_over) = std::sync::mpsc::channel::<()>();
    runtime.spawn_blocking(move || until_over.recv());
    runtime.block_on(async {
        let opened = Opened::new(&config(dir.path())).await.unwrap();
        for seed in seeds {
            let findings = storm(&opened.app, seed, dir.path()).await;
            assert_eq!(findings, [], "again: CHAOS_SIM_SEED={seed}");
        }
        opened.close().await;
    });
    drop(over);
}

fn config(dir: &Path) -> Config {
    Config {
        bus: None,
        database: None,
        allow_private_hooks: false,
        data_dir: dir.to_owned(),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        owner_code: None,
        live: Live {
            name: "storm".to_owned(),
            registration: Registration::Open,
            limits: Limits { requests_per_second: 1_000_000, request_burst: 1_000_000, ..Limits::default() },
            ping_interval: Duration::from_secs(1),
            ..Live::default()
        },
        server: ServerOptions::default(),
        session_idle: Duration::from_secs(24 * 60 * 60),
        presence_grace: Duration::from_millis(200),
        files: Place::Folder(dir.join("files")),
        sso: None,
        keep_days: None,
        traces: None,
        log: "off".to_owned(),
        log_format: LogFormat::default(),
    }
}

async fn storm(app: &Arc<App>, seed: u64, dir: &Path) -> Vec<Finding> {
    let recorder = Recorder::in_memory();
    let dial = direct(app.clone());
    let mut people = Vec::new();
    for client in 0..=PEOPLE {
        people.push(person(app, &format!("s{seed}p{client}")).await);
    }
    let mut ticking = Vec::new();
    let clock = Clock::new(app.clone());
    let places = make_places(&dial, &people, &format!("s{seed}")).await.unwrap();
    let mut players = Vec::new();
    let mut ends: Vec<JoinHandle<()>> = Vec::new();
    for (client, one) in people.into_iter().enumerate() {
        let link = Link::nowhere(seed * 100 + client as u64);
        let (orders, given) = mpsc::channel(4_096);
        let notes = notes(client, &one.0, &recorder);
        if client == 0 || client > PEOPLE - BARE {
            let dial = over(link.clone(), app.clone());
            ends.push(tokio::spawn(bare::run(dial, one.1.clone(), one.0.id, notes.clone(), given)));
            players.push(Player::task(one, link, notes, None, orders));
        } else {
            let cache = dir.join(format!("s{seed}-{client}.db"));
            let player = Player::task(one.clone(), link.clone(), notes.clone(), Some(cache.clone()), orders);
            let account = Account {
                server: "localhost".parse().unwrap(),
                user: one.0,
                token: one.1,
                server_name: String::new(),
            };
            let options = Options { account, tls: Tls::default(), storage: Storage::File(cache) };
            let (engine, updates) = chat_client::start_over(options, road(link, app.clone())).unwrap();
            ticking.push(engine.clone());
            let said = notes.clone();
            ends.push(tokio::spawn(tell(updates, move |said_now| said.hear(said_now.clone()))));
            ends.push(tokio::spawn(obey(engine, given, move |said_now| notes.hear(said_now.clone()))));
            players.push(player);
        }
    }
    clock.minds(ticking);
    let cast = Arc::new(Cast { players, places, dials: vec![dial] });
    let lengths = ending::lengths(&cast).await.unwrap();
    // Until now nothing needed time.
    let turning = tokio::spawn(clock.turn());
    let findings = play(&cast, seed, &recorder, lengths, ends).await;
    turning.abort();
    findings
}

async fn play(
    cast: &Arc<Cast>,
    seed: u64,
    recorder: &Recorder,
    lengths: BTreeMap<ConversationId, u64>,
    ends: Vec<JoinHandle<()>>,
) -> Vec<Finding> {
    let plan = Plan::draw(seed, LENGTH, &FAULTS, RATE);
    let until = Instant::now() + LENGTH;
    let breaking = async {
        for one in &plan.breaks {
            if Instant::now() + one.after >= until {
                return;
            }
            sleep(one.after).await;
            break_links(cast, one).await;
        }
    };
    let mut director = Director::new(Arc::clone(cast));
    tokio::join!(director.play(&plan.steps), breaking);
    let all_end = async {
        cast.players.iter().for_each(Player::end);
        for end in ends {
            end.await.unwrap();
        }
    };
    match ending::gather(cast, lengths, all_end).await {
        Ok(end) => {
            let events: usize = end.logs.values().map(Vec::len).sum();
            assert!(events > 40, "too little happened: {events}");
            check::check(&recorder.entries(), &end)
        }
        Err(cause) => vec![Finding { property: "run", text: format!("{cause:#}") }],
    }
}

async fn person(app: &App, name: &str) -> (Person, Secret) {
    let name: UserName = name.parse().unwrap();
    let (id, at) = (UserId(Uuid::now_v7()), now());
    let (skeleton, password, invite) = (name.to_string(), NO_PASSWORD.to_owned(), None);
    let account = NewAccount { id, skeleton, name: name.clone(), password, invite, at };
    app.store.create_account(account, Registration::Open).await.unwrap().unwrap();
    let token = Uuid::new_v4().simple().to_string();
    let session = NewSession {
        id: SessionId(Uuid::now_v7()),
        user: id,
        token: SecretHash::of(&token),
        device: "storm".to_owned(),
        proof: Proof::Password(NO_PASSWORD.to_owned()),
        second_factor: false,
        at,
    };
    app.store.create_session(session).await.unwrap().unwrap();
    (Person::new(id, name), Secret::new(token))
}

/// A pipe to a session of the server.
fn pipe(app: Arc<App>) -> DuplexStream {
    let (ours, its) = tokio::io::duplex(PIPE_BYTES);
    tokio::spawn(async move {
        let Ok(upgraded) = tokio_tungstenite::accept_async(its).await else { return };
        let line = Guarded::new(upgraded.into_inner(), &[]);
        let ws = WebSocketStream::from_raw_socket(line, Role::Server, Some(socket_config())).await;
        serve(app, ws, IpAddr::V4(Ipv4Addr::LOCALHOST), Leaving::default()).await;
    });
    ours
}

/// A pipe to a session of the server, with a link in between.
fn linked(link: &Link, app: Arc<App>) -> std::io::Result<Box<dyn Stream>> {
    if !link.is_open() {
        return Err(std::io::ErrorKind::ConnectionRefused.into());
    }
    let (ours, its) = tokio::io::duplex(PIPE_BYTES);
    let (link, server) = (link.clone(), pipe(app));
    tokio::spawn(async move { link.join(its, server).await });
    Ok(Box::new(ours))
}

fn road(link: Link, app: Arc<App>) -> Road {
    Arc::new(move || {
        let line = linked(&link, app.clone());
        Box::pin(async move { line })
    })
}

fn over(link: Link, app: Arc<App>) -> Dial {
    Dial::by(move || {
        let line = linked(&link, app.clone());
        Box::pin(async move { Ok(Wire::over(line?, &"localhost".parse()?).await?) })
    })
}

fn direct(app: Arc<App>) -> Dial {
    Dial::by(move || {
        let line: Box<dyn Stream> = Box::new(pipe(app.clone()));
        Box::pin(async move { Ok(Wire::over(line, &"localhost".parse()?).await?) })
    })
}

/// Turns the clock, each time when all is done that can be done now.
#[derive(Clone)]
struct Clock {
    app: Arc<App>,
    engines: Arc<std::sync::Mutex<Vec<Client>>>,
}

impl Clock {
    fn new(app: Arc<App>) -> Self {
        Self { app, engines: Arc::default() }
    }

    /// Waits for the disks of these as well.
    fn minds(&self, engines: Vec<Client>) {
        *self.engines.lock().unwrap() = engines;
    }

    async fn turn(self) {
        let mut asked: Vec<Option<JoinHandle<()>>> = Vec::new();
        loop {
            for _ in 0..8 {
                yield_now().await;
            }
            // Shards wait for the store and for nothing else.
            self.app.hub.settle().await;
            // Others read from it: a machine with much to do must not be slower than this clock.
            std::thread::sleep(BREATH);
            let engines = self.engines.lock().unwrap().clone();
            asked.resize_with(engines.len(), || None);
            for (engine, asked) in engines.into_iter().zip(&mut asked) {
                if asked.as_ref().is_some_and(|asked| !asked.is_finished()) {
                    // It waits for its line, and that for the clock.
                    continue;
                }
                // A question to its disk, which answers after all that was given to it before.
                let mut question = tokio::spawn(async move { _ = engine.note("turn").await });
                a_while(&mut question).await;
                *asked = Some(question);
            }
            advance(TURN).await;
        }
    }
}

/// Waits for something that other threads do, but not for long: who waits for the clock itself would wait for
/// ever.
async fn a_while(work: impl Future) {
    const LOOKS: u32 = 100;
    const NAP: Duration = Duration::from_micros(10);
    let mut work = pin!(work);
    for look in 0..LOOKS {
        let done = std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_ready())).await;
        if done {
            return;
        }
        if look > 8 {
            std::thread::sleep(NAP);
        }
        yield_now().await;
    }
}
