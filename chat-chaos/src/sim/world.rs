//! The servers of a storm in one process: one on SQLite, or several nodes with a real PostgreSQL and a real NATS
//! behind them, each with ways of its own to both.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chat_client::Road;
use chat_client::wire::{Stream, Wire};
use chat_proto::{Limits, Registration};
use chat_server::bus::BusSettings;
use chat_server::config::Config;
use chat_server::files::Place;
use chat_server::handler::App;
use chat_server::handler::live::Live;
use chat_server::log::LogFormat;
use chat_server::serve::Opened;
use chat_server::server::ServerOptions;
use chat_server::session::{Guarded, Leaving, serve, socket_config};
use chat_tests::postgres::Syncing;
use tempfile::TempDir;
use tokio::io::DuplexStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::cluster::{self, Cluster};
use crate::dial::Dial;
use crate::link::Link;
use crate::node::Joined;

/// What a pipe holds before its writer waits.
const PIPE_BYTES: usize = 16 * 1024;

/// The heartbeat of one server, and of several, whose people wait longer for what is late behind them.
const PING: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// See the module.
pub(super) struct World {
    nodes: Vec<Opened>,
    pub(super) cluster: Option<Cluster>,
    dir: TempDir,
}

impl World {
    /// So many servers; more than one share a database and a bus.
    pub(super) async fn of(count: usize) -> Self {
        // No disk is worth waiting for here.
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let cluster = match count {
            1 => None,
            _ => Some(Cluster::start(count, Syncing::Off).await.unwrap()),
        };
        let mut nodes = Vec::new();
        for number in 0..count {
            let config = match &cluster {
                None => config(dir.path().to_owned(), None),
                Some(cluster) => {
                    let own = cluster::folder(dir.path(), number).unwrap();
                    config(own, Some(cluster.joined(number)))
                }
            };
            nodes.push(Opened::new(&config).await.unwrap());
        }
        Self { nodes, cluster, dir }
    }

    /// What is behind a connection, by node.
    pub(super) fn apps(&self) -> Vec<Arc<App>> {
        self.nodes.iter().map(|node| node.app.clone()).collect()
    }

    /// For the caches of clients.
    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Mends the ways behind the nodes.
    pub(super) fn mend(&self) {
        self.cluster.iter().for_each(Cluster::mend);
    }

    pub(super) async fn close(self) {
        for node in self.nodes {
            node.close().await;
        }
    }
}

fn config(data_dir: PathBuf, joined: Option<Joined>) -> Config {
    let [alone, among] = PING;
    let ping_interval = if joined.is_some() { among } else { alone };
    let bus = |joined: &Joined| BusSettings {
        servers: vec![joined.bus.clone()],
        cluster: "storm".to_owned(),
        user: None,
        secret: None,
        ca_file: None,
    };
    Config {
        bus: joined.as_ref().map(bus),
        database: joined.map(|joined| joined.database.parse().unwrap()),
        allow_private_hooks: false,
        files: Place::Folder(data_dir.join("files")),
        data_dir,
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        owner_code: None,
        live: Live {
            name: "storm".to_owned(),
            registration: Registration::Open,
            limits: Limits { requests_per_second: 1_000_000, request_burst: 1_000_000, ..Limits::default() },
            ping_interval,
            ..Live::default()
        },
        server: ServerOptions::default(),
        session_idle: Duration::from_secs(24 * 60 * 60),
        presence_grace: Duration::from_millis(200),
        sso: None,
        keep_days: None,
        traces: None,
        log: "off".to_owned(),
        log_format: LogFormat::default(),
    }
}

/// The servers as one person comes to them: to the next one at each connection.
#[derive(Clone)]
pub(super) struct Door {
    apps: Vec<Arc<App>>,
    turn: Arc<AtomicUsize>,
}

impl Door {
    /// One that begins at this node.
    pub(super) fn new(apps: Vec<Arc<App>>, first: usize) -> Self {
        Self { apps, turn: Arc::new(AtomicUsize::new(first)) }
    }

    /// A pipe to a session, without anything in between.
    fn pipe(&self) -> DuplexStream {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let app = self.apps[turn % self.apps.len()].clone();
        let (ours, its) = tokio::io::duplex(PIPE_BYTES);
        tokio::spawn(async move {
            let Ok(upgraded) = tokio_tungstenite::accept_async(its).await else { return };
            let line = Guarded::new(upgraded.into_inner(), &[]);
            let ws = WebSocketStream::from_raw_socket(line, Role::Server, Some(socket_config())).await;
            serve(app, ws, IpAddr::V4(Ipv4Addr::LOCALHOST), Leaving::default()).await;
        });
        ours
    }

    /// A pipe to a session, with a link in between.
    fn linked(&self, link: &Link) -> std::io::Result<Box<dyn Stream>> {
        if !link.is_open() {
            return Err(std::io::ErrorKind::ConnectionRefused.into());
        }
        let (ours, its) = tokio::io::duplex(PIPE_BYTES);
        let (link, server) = (link.clone(), self.pipe());
        tokio::spawn(async move { link.join(its, server).await });
        Ok(Box::new(ours))
    }

    /// For an engine.
    pub(super) fn road(self, link: Link) -> Road {
        Arc::new(move || {
            let line = self.linked(&link);
            Box::pin(async move { line })
        })
    }

    /// For a bare connection.
    pub(super) fn over(self, link: Link) -> Dial {
        Dial::by(move || {
            let line = self.linked(&link);
            Box::pin(async move { Ok(Wire::over(line?, &"localhost".parse()?).await?) })
        })
    }

    /// For which no fault is meant.
    pub(super) fn direct(self) -> Dial {
        Dial::by(move || {
            let line: Box<dyn Stream> = Box::new(self.pipe());
            Box::pin(async move { Ok(Wire::over(line, &"localhost".parse()?).await?) })
        })
    }
}
