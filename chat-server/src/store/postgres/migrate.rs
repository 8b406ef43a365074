//! Tables for PostgreSQL: made and brought up to date by one server at a time.

use chat_proto::Epoch;
use deadpool_postgres::Object;
use tokio_postgres::Client;

use super::Address;
use crate::store::{OpenError, sql};

mod migrations {
    refinery::embed_migrations!("migrations-postgres");
}

/// The number of the lock under which tables change; it belongs to the connection, because the
/// migrations make transactions of their own.
const MIGRATOR: i64 = 0x63_68_61_74_02;

/// The newest schema that this program knows.
pub(in crate::store) fn known_version() -> i32 {
    let runner = migrations::migrations::runner();
    runner.get_migrations().iter().map(refinery::Migration::version).max().unwrap_or(0)
}

/// The newest migration that the database has seen; 0 for a new one.
pub(in crate::store) async fn applied_version(client: &Client) -> Result<i32, tokio_postgres::Error> {
    const HISTORY: &str = "refinery_schema_history";
    let known = client.query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&HISTORY]).await?;
    if !known.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    let newest = client.query_one(&format!("SELECT coalesce(max(version), 0) FROM {HISTORY}"), &[]).await?;
    newest.try_get(0)
}

/// What a shared database looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The version of PostgreSQL, in its own words.
    pub version: String,
    /// The schema in it; 0 where there is none yet.
    pub found: i32,
    /// The newest schema that this program knows.
    pub known: i32,
}

/// Looks at a database for the admin: nothing is changed, made or upgraded.
///
/// # Errors
/// If it cannot be reached or used.
pub async fn look(address: &Address) -> Result<Looked, OpenError> {
    let unusable = |cause: String| OpenError::Unreachable(address.to_string(), cause);
    let client = super::pool(address, &super::Life::default())?
        .get()
        .await
        .map_err(|cause| unusable(super::said(&cause)))?;
    let unusable = |cause: tokio_postgres::Error| unusable(sql::Error::from(cause).to_string());
    let version = fit(&client, address).await?;
    let found = applied_version(&client).await.map_err(unusable)?;
    Ok(Looked { version, found, known: known_version() })
}

/// Whether this PostgreSQL and this database can be used at all; its version.
async fn fit(client: &Client, address: &Address) -> Result<String, OpenError> {
    let unusable = |cause: String| OpenError::Unreachable(address.to_string(), cause);
    let asked = "SELECT current_setting('server_version'), current_setting('server_version_num')::int,
        current_setting('server_encoding')";
    let row = client.query_one(asked, &[]).await.and_then(|row| {
        Ok((row.try_get::<_, String>(0)?, row.try_get::<_, i32>(1)?, row.try_get::<_, String>(2)?))
    });
    let (version, number, encoding) = row.map_err(|cause| unusable(sql::Error::from(cause).to_string()))?;
    if number < OLDEST {
        return Err(unusable(format!("it is PostgreSQL {version}, and 14 or a newer one is needed")));
    }
    if encoding != "UTF8" {
        let made = "make one with CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0";
        return Err(unusable(format!("its encoding is {encoding}; {made}")));
    }
    Ok(version)
}

/// The oldest PostgreSQL that knows all that the first migration says.
const OLDEST: i32 = 140_000;

pub(super) async fn migrate(client: &mut Object, address: &Address) -> Result<(), OpenError> {
    let unusable = |cause: tokio_postgres::Error| {
        OpenError::Unreachable(address.to_string(), sql::Error::from(cause).to_string())
    };
    fit(client, address).await?;
    // Another server may be at it for long, with many messages.
    let alone =
        format!("SET lock_timeout = 0; SET statement_timeout = 0; SELECT pg_advisory_lock({MIGRATOR})");
    client.batch_execute(&alone).await.map_err(unusable)?;
    let known = known_version();
    let found = applied_version(client).await.map_err(unusable)?;
    if found > known {
        return Err(OpenError::NewerShared { database: address.to_string(), found, known });
    }
    if found < known {
        let plain: &mut Client = client;
        let migrated = migrations::migrations::runner().run_async(plain).await;
        migrated.map_err(|cause| OpenError::MigrationShared(address.to_string(), cause))?;
    }
    client.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATOR})")).await.map_err(unusable)?;
    client.batch_execute(super::GREETING).await.map_err(unusable)
}

/// Makes the epoch in a new database.
pub(super) async fn make_epoch(client: &Client) -> Result<(), tokio_postgres::Error> {
    let new = uuid::Uuid::new_v4();
    let make = "INSERT INTO server (one, epoch) VALUES (1, $1) ON CONFLICT DO NOTHING";
    client.execute(make, &[&&new.as_bytes()[..]]).await.map(drop)
}

/// Reads the epoch.
pub(super) async fn epoch(client: &Client) -> Result<Epoch, tokio_postgres::Error> {
    let row = client.query_one("SELECT epoch FROM server", &[]).await?;
    let bytes: Vec<u8> = row.try_get(0)?;
    Ok(Epoch(uuid::Uuid::from_slice(&bytes).unwrap_or_default()))
}
