//! Floor 7: from a checked configuration to a running server, and down again.

use std::fs::{self, DirBuilder, File};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use chat_proto::{Role, Secret};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::auth::{Passwords, SecretHash, new_invite_code, normal_invite_code};
use crate::config::Config;
use crate::files::Files;
use crate::handler::App;
use crate::handler::file::FileDesk;
use crate::handler::incoming::IncomingPace;
use crate::hub::{Hub, now};
use crate::outgoing::Outgoing;
use crate::server;
use crate::store::{NewInvite, Store};

/// The database's name in the data directory.
pub(crate) const DATABASE: &str = "chat.sqlite";

/// Where uploads lie until they are complete, in the data directory.
pub(crate) const UPLOADS: &str = "uploads";

/// Held as long as a server runs on the directory.
pub(crate) const LOCK: &str = "chat-server.lock";

/// Only the server's own user may look into the data directory.
const PRIVATE: u32 = 0o700;

/// A server that listens.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The address, with the port that the system chose for 0.
    pub address: SocketAddr,
    /// The URL for clients on this machine.
    pub url: String,
    /// The code that makes the first account; none when there are accounts already.
    pub owner_code: Option<Secret>,
}

/// Runs a server until `stop`. `ready` is called once, when it listens.
///
/// # Errors
/// Why it cannot run, with what to do.
pub async fn serve(config: Config, stop: CancellationToken, ready: impl FnOnce(Ready)) -> anyhow::Result<()> {
    let _lock = lock(&config.data_dir)?;
    let store = open_store(&config.data_dir)?;
    let files = Files::open(&config.files, config.data_dir.join(UPLOADS))?;
    let tls = config.server.tls.as_ref().map(server::load_tls).transpose()?;
    let listener = TcpListener::bind(config.listen).await.with_context(|| {
        format!(
            "cannot listen on {}; choose another address with --listen, or stop what uses it",
            config.listen
        )
    })?;
    let address = listener.local_addr()?;
    let owner_code = prepare_owner(&store, config.owner_code.as_ref()).await?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let policy = store.policy(now()).await?;
    let keep_days = config.keep_days;
    let app = Arc::new(App {
        hub: Hub::start(&store, &policy, cores, config.presence_grace),
        store: store.clone(),
        passwords: Passwords::new(cores)?,
        outgoing: Outgoing::new(config.allow_private_hooks)?,
        pace: IncomingPace::default(),
        registration: config.registration,
        name: config.name,
        limits: config.limits,
        desk: FileDesk::new(files, config.file_quotas),
    });
    app.outgoing.start(store.clone(), stop.clone());
    tokio::spawn(app.clone().keep_swept(stop.clone()));
    tokio::spawn(app.clone().keep_retention(keep_days, stop.clone()));
    let url = format!("{}://{address}", if tls.is_some() { "wss" } else { "ws" });
    info!(%address, data_dir = %config.data_dir.display(), "listening");
    ready(Ready { address, url, owner_code });
    server::run(listener, tls, app, config.server, stop).await;
    store.close().await;
    info!("stopped");
    Ok(())
}

/// Opens the database in a data directory, making both where needed.
///
/// # Errors
/// Why it cannot be used, with what to do.
pub fn open_store(data_dir: &Path) -> anyhow::Result<Store> {
    make_private(data_dir)?;
    Ok(Store::open(&data_dir.join(DATABASE))?)
}

fn make_private(dir: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(PRIVATE).create(dir);
    made.with_context(|| {
        format!("cannot make the data directory {}; choose another with --data-dir", dir.display())
    })
}

/// Two servers on one database would each think that they own its conversations.
pub(crate) fn lock(data_dir: &Path) -> anyhow::Result<File> {
    make_private(data_dir)?;
    let path = data_dir.join(LOCK);
    let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => bail!(
            "another chat-server is running on {}; stop it first, or choose another directory with --data-dir",
            data_dir.display()
        ),
        Err(fs::TryLockError::Error(cause)) => {
            Err(cause).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
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
