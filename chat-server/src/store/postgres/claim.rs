//! The word to all who work on a shared database: nodes of one bus work on it together, everything else
//! needs it for itself.
//!
//! It is a lock of the database's own, held by a connection that does nothing else; the database gives it
//! back when that connection ends, however it ends. One that was cut is made anew.

use std::time::Duration;

use tokio_postgres::{Client, error::SqlState};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, warn};

use super::Address;
use crate::store::{OpenError, sql};

/// The number of the lock.
const WORKERS: i64 = 0x63_68_61_74_03;

/// How long it is waited for who has it: a machine that fell silent holds it until its connection is given
/// up, see [`begin`].
const WAIT_S: u32 = 20;

/// The pause before a connection that was cut is made anew.
const AGAIN: Duration = Duration::from_secs(1);

/// What the connection is told: that of a silent machine ends after 15 seconds.
fn begin() -> String {
    format!(
        "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 2; \
         SET idle_session_timeout = 0; SET lock_timeout = '{WAIT_S}s'; SET client_min_messages = warning"
    )
}

/// Beside whom one works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Other nodes on the same bus.
    WithNodes,
    /// Nobody.
    Alone,
}

/// As long as it lives, who works on the database agrees with the claim.
#[derive(Debug)]
pub struct Claimed {
    lost: CancellationToken,
    _keeper: AbortOnDropHandle<()>,
}

impl Claimed {
    /// Returns when the connection was cut and another program has taken the database meanwhile.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

/// Says how one works on this database, and waits a while for others to end, of which it tells.
///
/// # Errors
/// [`OpenError::Taken`] if they do not; [`OpenError::Unreachable`].
pub async fn claim(address: &Address, claim: Claim, tell: fn(&str)) -> Result<Claimed, OpenError> {
    let mut held = hold(address, claim, tell).await?;
    let (lost, address) = (CancellationToken::new(), address.clone());
    let told = lost.clone();
    let keeper = tokio::spawn(async move {
        loop {
            // An error means that the connection was cut, too.
            let _ = held.cut.await;
            warn!(%address, "the connection that holds the database was cut");
            held = loop {
                match hold(&address, claim, |text| warn!("{text}")).await {
                    Ok(again) => break again,
                    Err(cause @ OpenError::Taken(_)) => {
                        error!(%cause, "the database was taken while it could not be reached");
                        return told.cancel();
                    }
                    Err(_) => tokio::time::sleep(AGAIN).await,
                }
            };
        }
    });
    Ok(Claimed { lost, _keeper: AbortOnDropHandle::new(keeper) })
}

/// A connection with the lock.
struct Held {
    /// Ends with it.
    _client: Client,
    cut: AbortOnDropHandle<()>,
}

async fn hold(address: &Address, claim: Claim, tell: fn(&str)) -> Result<Held, OpenError> {
    let unusable = |cause: String| OpenError::Unreachable(address.to_string(), cause);
    let told = |cause: tokio_postgres::Error| unusable(sql::Error::from(cause).to_string());
    let tls = address.tls().map_err(|cause| unusable(cause.to_string()))?;
    let connected = address.config().connect(tls).await;
    let (client, connection) = connected.map_err(|cause| super::unreached(address, &cause))?;
    let cut = AbortOnDropHandle::new(tokio::spawn(async {
        // Why it was cut is of no use to anybody.
        let _ = connection.await;
    }));
    client.batch_execute(&begin()).await.map_err(told)?;
    let (attempt, lock) = match claim {
        Claim::WithNodes => ("pg_try_advisory_lock_shared", "pg_advisory_lock_shared"),
        Claim::Alone => ("pg_try_advisory_lock", "pg_advisory_lock"),
    };
    let tried = client.query_one(&format!("SELECT {attempt}({WORKERS})"), &[]).await.map_err(told)?;
    if tried.get(0) {
        return Ok(Held { _client: client, cut });
    }
    tell(&format!(
        "another chat-server works on the database {address}, or did until its machine fell silent; waiting up to \
         {WAIT_S} seconds for it to end"
    ));
    match client.batch_execute(&format!("SELECT {lock}({WORKERS})")).await {
        Ok(()) => Ok(Held { _client: client, cut }),
        Err(cause) if cause.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            Err(OpenError::Taken(address.to_string()))
        }
        Err(cause) => Err(told(cause)),
    }
}
