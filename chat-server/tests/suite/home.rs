//! Where a test's server lives: a folder of its own, and the database that the run is about, SQLite
//! in that folder unless `CHAT_TEST_ENGINE` says `postgres`. See `both_engines`.

use std::path::{Path, PathBuf};

use chat_server::store::{Address, Store};
use chat_tests::postgres::Database;
use tempfile::TempDir;

/// The variable that chooses the engine.
pub(crate) const ENGINE: &str = "CHAT_TEST_ENGINE";

pub(crate) struct Home {
    dir: TempDir,
    database: Option<Database>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let database = match std::env::var(ENGINE).as_deref() {
            Ok("postgres") => Some(Database::new().unwrap()),
            Ok(other) => panic!("{ENGINE}={other}: there is no such engine"),
            Err(_) => None,
        };
        Self { dir: tempfile::tempdir().unwrap(), database }
    }

    /// With what is in this folder.
    pub(crate) fn of(dir: TempDir) -> Self {
        Self { dir, database: None }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// SQLite's file.
    pub(crate) fn file(&self) -> PathBuf {
        self.path().join("chat.sqlite")
    }

    pub(crate) fn address(&self) -> Option<Address> {
        self.database.as_ref().map(|database| database.address().parse().unwrap())
    }

    /// What the database itself says; SQLite's file is asked by `rusqlite`.
    pub(crate) fn postgres(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    pub(crate) async fn open(&self) -> Store {
        match self.address() {
            Some(address) => Store::connect(&address).await.unwrap(),
            None => Store::open(&self.file()).unwrap(),
        }
    }
}
