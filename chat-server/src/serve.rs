//! Floor 7: from a checked configuration to a running server, and down again.

mod lock;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail};
use arc_swap::ArcSwap;
use chat_proto::{Role, Secret};
use listenfd::ListenFd;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

pub(crate) use self::lock::{LOCK, Lock};

use self::lock::make_private;
use crate::auth::{Guesses, Passwords, SecretHash, new_invite_code, normal_invite_code};
use crate::bus::Bus;
use crate::config::Config;
use crate::console;
use crate::files::Files;
use crate::handler::App;
use crate::handler::doors::Doors;
use crate::handler::file::FileDesk;
use crate::handler::pace::Paces;
use crate::handler::search;
use crate::handler::seats::Seats;
use crate::hub::{Hub, now};
use crate::metrics::metrics;
use crate::outgoing::Outgoing;
use crate::server::{self, Bounds, Readiness, ServerOptions, Tls};
use crate::sso::Sso;
use crate::store::{Claim, Claimed, NewInvite, Store, claim};

/// The database's name in the data directory.
pub(crate) const DATABASE: &str = "chat.sqlite";

/// Where uploads lie until they are complete, in the data directory.
pub(crate) const UPLOADS: &str = "uploads";

/// A server that listens.
#[derive(Clone)]
pub struct Ready {
    /// The address, with the port that the system chose for 0.
    pub address: SocketAddr,
    /// The URL for clients on this machine.
    pub url: String,
    /// The code that makes the first account; none when there are accounts already.
    pub owner_code: Option<Secret>,
    /// What can be done to it.
    pub running: Running,
}

/// A handle on a server that runs.
#[derive(Clone)]
pub struct Running {
    app: Arc<App>,
    tls: Option<Arc<Tls>>,
    readiness: Arc<Readiness>,
}

impl Running {
    /// Takes from this configuration what can change while the server runs; all of it or nothing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn apply(&self, config: &Config) -> anyhow::Result<()> {
        if let (Some(tls), Some(source)) = (&self.tls, &config.server.tls) {
            tls.reload(source)?;
        }
        let (before, now) = (&self.app.live.load().limits, &config.live.limits);
        if (before.requests_per_second, before.request_burst) != (now.requests_per_second, now.request_burst)
        {
            self.app.paces.set_requests(now);
            self.app.hub.set_sends(now);
        }
        self.app.live.store(Arc::new(config.live.clone()));
        Ok(())
    }

    /// Whether the server does its work: its shards take what comes, and its database answers.
    pub async fn works(&self) -> bool {
        self.app.hub.settle().await;
        self.readiness.database_answers().await
    }
}

/// What a server works with, before anybody listens: the data directory is this process's alone.
pub struct Opened {
    /// Everything behind a connection.
    pub app: Arc<App>,
    claimed: Option<Claimed>,
    _lock: Lock,
}

impl Opened {
    /// Opens the data directory and starts what works in it.
    ///
    /// # Errors
    /// Why it cannot be used, with what to do.
    pub async fn new(config: &Config) -> anyhow::Result<Self> {
        // Nodes may share the folder: they share what is in it over the bus.
        let lock = match config.bus {
            None => Lock::alone(&config.data_dir)?,
            Some(_) => Lock::shared(&config.data_dir)?,
        };
        let how = if config.bus.is_some() { Claim::WithNodes } else { Claim::Alone };
        let (store, claimed) = open_to_work(config, how, |text| warn!("{text}")).await?;
        let files = Files::open(&config.files, config.data_dir.join(UPLOADS))?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let bus = Bus::open(config.bus.as_ref()).await?;
        let app = Arc::new(App {
            hub: Hub::start_on(bus, &store, cores, config.presence_grace, &config.live.limits).await?,
            passwords: Passwords::new(cores)?,
            guesses: Guesses::default(),
            session_idle: config.session_idle,
            outgoing: Outgoing::new(config.allow_private_hooks)?,
            paces: Paces::new(&config.live.limits),
            searching: Seats::new(search::EACH),
            live: ArcSwap::from_pointee(config.live.clone()),
            desk: FileDesk::new(files),
            doors: Doors::new(store.lockdown().await?),
            sso: config.sso.clone().map(Sso::new).transpose()?,
            store,
        });
        Ok(Self { app, claimed, _lock: lock })
    }

    /// Returns when this program must not go on with its database, with what happened.
    async fn must_end(&self) -> &'static str {
        let taken = async {
            match &self.claimed {
                Some(claimed) => claimed.lost().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = taken => "another program took the database while it could not be reached; start again when that \
                one has ended",
            () = self.app.store.replaced() => "the database was restored or another one took over, so what this \
                server knew is out of date; start it again, and clients begin anew",
        }
    }

    /// Ends what works in the data directory; what was answered is stored.
    pub async fn close(self) {
        self.app.hub.leave().await;
        self.app.store.close().await;
    }
}

/// Runs a server until `stop`. `ready` is called once, when it listens.
///
/// # Errors
/// Why it cannot run, with what to do.
pub async fn serve(config: Config, stop: CancellationToken, ready: impl FnOnce(Ready)) -> anyhow::Result<()> {
    // Metrics are there to the last.
    let ended = CancellationToken::new();
    let opened = Opened::new(&config).await?;
    let app = opened.app.clone();
    let ServerOptions { max_connections, tls: source, metrics: scraped, drain_delay } = config.server;
    let tls = source.as_ref().map(Tls::load).transpose()?.map(Arc::new);
    let listener = match from_systemd()? {
        Some(listener) => listener,
        None => listen(config.listen, "listen")?,
    };
    let scraped = match scraped {
        Some(address) => Some(listen(address, "metrics-listen")?),
        None => None,
    };
    let address = listener.local_addr()?;
    let owner_code = prepare_owner(&app.store, config.owner_code.as_ref()).await?;
    match console::bind(&config.data_dir) {
        Ok(socket) => drop(tokio::spawn(console::serve(socket, app.clone(), stop.clone()))),
        // A path that is too long for a socket is no reason not to serve.
        Err(cause) => warn!(%cause, "no console; commands on this machine work only while no server runs"),
    }
    app.outgoing.start(app.store.clone(), app.hub.duties(), stop.clone());
    let warming = app.clone();
    tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
        if let Some(sso) = &warming.sso {
            sso.warm_up().await;
        }
    }));
    tokio::spawn(app.clone().keep_swept(stop.clone()));
    tokio::spawn(app.clone().keep_doors(stop.clone()));
    tokio::spawn(app.clone().end_idle_sessions(stop.clone()));
    tokio::spawn(app.clone().keep_retention(config.keep_days, stop.clone()));
    let url = format!("{}://{address}", if tls.is_some() { "wss" } else { "ws" });
    metrics().started.set(usize::try_from(now().0 / 1_000).unwrap_or_default());
    info!(%address, data_dir = %config.data_dir.display(), "listening");
    if let Some(database) = &config.database {
        info!(%database, "the database is PostgreSQL");
    }
    if let Some(scraped) = scraped {
        info!(address = %scraped.local_addr()?, "metrics are at http://{}/metrics", scraped.local_addr()?);
        tokio::spawn(server::serve_metrics(scraped, ended.clone()));
    }
    if let (Some(tls), Some(source)) = (&tls, source) {
        tokio::spawn(tls.clone().keep(source, stop.clone()));
    }
    let readiness = Arc::new(Readiness::new(app.store.clone(), app.hub.clone(), stop.clone()));
    let running = Running { app: app.clone(), tls: tls.clone(), readiness };
    ready(Ready { address, url, owner_code, running });
    let bounds = Bounds { max_connections, drain_delay };
    let mut why = None;
    {
        let served = server::run(listener, tls, app, bounds, stop.clone());
        tokio::pin!(served);
        tokio::select! {
            () = &mut served => {}
            reason = opened.must_end() => {
                error!(reason, "ending");
                why = Some(reason);
                stop.cancel();
                served.await;
            }
        }
    }
    ended.cancel();
    opened.close().await;
    info!("stopped");
    why.map_or(Ok(()), |why| bail!(why))
}

fn listen(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    bind(address).with_context(|| {
        format!("cannot listen on {address}; choose another address with --{setting}, or stop what uses it")
    })
}

fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As everybody does: a server that starts again must not wait for the connections of the one before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(server::BACKLOG)
}

/// The socket that systemd opened for this process, if it did.
fn from_systemd() -> anyhow::Result<Option<TcpListener>> {
    let mut given = ListenFd::from_env();
    let cannot = "the socket that systemd gave is no TCP listener; its unit needs ListenStream=";
    let Some(listener) = given.take_tcp_listener(0).context(cannot)? else { return Ok(None) };
    listener.set_nonblocking(true)?;
    Ok(Some(TcpListener::from_std(listener)?))
}

/// Opens the database of this configuration, making it and the data directory where needed.
///
/// # Errors
/// Why it cannot be used, with what to do.
pub async fn open_store(config: &Config) -> anyhow::Result<Store> {
    make_private(&config.data_dir)?;
    let store = match &config.database {
        Some(address) => Store::connect(address).await?,
        None => Store::open(&config.data_dir.join(DATABASE))?,
    };
    Ok(store)
}

/// As [`open_store`], to write in it: nobody works on it whom that would not suit, as long as the second lives. That
/// it has to be waited for somebody is told.
///
/// # Errors
/// Why it cannot be used, with what to do.
pub(crate) async fn open_to_work(
    config: &Config,
    how: Claim,
    tell: fn(&str),
) -> anyhow::Result<(Store, Option<Claimed>)> {
    let claimed = match &config.database {
        Some(address) => Some(claim(address, how, tell).await?),
        None => None,
    };
    let store = open_store(config).await?;
    store.begin_service().await?;
    Ok((store, claimed))
}

/// As long as there is no account, a code that makes the first one.
async fn prepare_owner(store: &Store, given: Option<&Secret>) -> anyhow::Result<Option<Secret>> {
    if store.has_accounts().await? {
        return Ok(None);
    }
    let code = given.cloned().unwrap_or_else(new_invite_code);
    let invite = NewInvite {
        code: SecretHash::of(&normal_invite_code(code.expose())),
        role: Role::Owner,
        uses: 1,
        at: now(),
        expires_at: None,
    };
    store.create_invite(invite).await?;
    Ok(Some(code))
}
