//! Floor 7: a whole server's database brought from one engine to the other, or to a file beside it.
//!
//! The copy is one moment of its source; both are compared at the end. What was cut short goes on, and so does
//! what was copied while a server worked: then only what changed since is brought over.
//! No server may work on either meanwhile, so nothing that people write is left behind.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use crate::backup::Progress;
use crate::config::Config;
use crate::serve::{DATABASE, Lock};
use crate::store::{Address, Claim, Claimed, Copying, Resting, Store, claim, copy, look};

/// A database, as an admin names it.
#[derive(Debug, Clone)]
pub enum End {
    /// SQLite's file.
    Sqlite(PathBuf),
    /// PostgreSQL.
    Postgres(Box<Address>),
}

impl End {
    /// Reads `sqlite`, `sqlite:FOLDER`, `postgres` (both as configured) or an address.
    ///
    /// # Errors
    /// What it should be.
    pub fn read(text: &str, config: &Config) -> anyhow::Result<Self> {
        Ok(match text.split_once(':') {
            None if text == "sqlite" => Self::Sqlite(config.data_dir.join(DATABASE)),
            None if text == "postgres" => match &config.database {
                Some(address) => Self::Postgres(Box::new(address.clone())),
                None => bail!(
                    "no PostgreSQL database is configured; set database in the configuration file, or the variable \
                     CHAT_SERVER_DATABASE"
                ),
            },
            Some(("sqlite", folder)) => Self::Sqlite(Path::new(folder).join(DATABASE)),
            Some(("postgres" | "postgresql", _)) => Self::Postgres(Box::new(text.parse()?)),
            _ => bail!("{text}: say sqlite, sqlite:FOLDER, postgres, or postgres://user@host/database"),
        })
    }

    /// The database, and the word that nobody else works on it.
    async fn open(&self) -> anyhow::Result<(Store, Option<Claimed>)> {
        Ok(match self {
            Self::Sqlite(file) => (Store::open(file)?, None),
            Self::Postgres(address) => {
                let claimed = claim(address, Claim::Alone, |text| Progress::new().say(text)).await?;
                (Store::connect(address).await?, Some(claimed))
            }
        })
    }
}

/// Copies all of one database into another, which is empty or a copy that was cut short; how many rows
/// there are, all of them compared.
///
/// # Errors
/// Why not, with what to do.
pub async fn migrate(
    config: &Config,
    from: &End,
    to: &End,
    online: bool,
    progress: Progress,
) -> anyhow::Result<u64> {
    let _lock = match online {
        true => None,
        false => Some(Lock::alone(&config.data_dir)?),
    };
    match (from, to) {
        (End::Sqlite(file), End::Postgres(_)) => {
            ensure!(
                file.is_file(),
                "there is no database {}; say where it is: sqlite:FOLDER",
                file.display()
            );
        }
        (End::Postgres(_), End::Sqlite(_)) => {}
        _ => bail!("one of the two must be sqlite and the other postgres"),
    }
    let (to, _to_claimed) = to.open().await?;
    if online {
        return copied_online(from, &to, progress).await;
    }
    let (from, _from_claimed) = from.open().await?;
    copied(&from, &to, progress).await
}

/// From a database on which a server works.
async fn copied_online(from: &End, to: &Store, progress: Progress) -> anyhow::Result<u64> {
    match from {
        End::Sqlite(file) => {
            let beside = file.parent().unwrap_or(Path::new("."));
            let dir = tempfile::Builder::new().prefix(".chat-copy-").tempdir_in(beside)?;
            let snapshot = dir.path().join(DATABASE);
            drop(Resting::copy_of(file, &snapshot)?);
            copied(&Store::open(&snapshot)?, to, progress).await
        }
        End::Postgres(address) => {
            let looked = look(address).await?;
            ensure!(
                looked.found == looked.known,
                "the server on {address} is of another version than this program; run the one of its version"
            );
            copied(&Store::connect(address).await?, to, progress).await
        }
    }
}

async fn copied(from: &Store, to: &Store, mut progress: Progress) -> anyhow::Result<u64> {
    let told = move |Copying { table, rows, comparing }: Copying| {
        progress.at(|| format!("{} {table}: {rows} rows", if comparing { "comparing" } else { "copying" }));
        if comparing && table == LAST {
            progress.end();
        }
    };
    let rows = copy(from, to, told).await;
    from.close().await;
    to.close().await;
    Ok(rows?)
}

/// The last table that is copied.
const LAST: &str = "identities";

/// All that is in the configured database, in a SQLite file at this place, where there is none yet.
///
/// # Errors
/// Why not, with what to do.
pub async fn copy_of(config: &Config, to: &Path) -> anyhow::Result<Resting> {
    match &config.database {
        None => Ok(Resting::copy_of(&config.data_dir.join(DATABASE), to)?),
        Some(address) => {
            let (from, file) = (Store::connect(address).await?, Store::open(to)?);
            copied(&from, &file, Progress::quiet())
                .await
                .with_context(|| format!("cannot copy the database {address}"))?;
            Ok(Resting::open(to)?)
        }
    }
}
