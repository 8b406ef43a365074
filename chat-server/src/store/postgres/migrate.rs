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

pub(super) async fn migrate(client: &mut Object, address: &Address) -> Result<(), OpenError> {
    let unusable = |cause: tokio_postgres::Error| {
        OpenError::Unreachable(address.to_string(), sql::Error::from(cause).to_string())
    };
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

/// Reads the epoch, or makes it in a new database.
pub(super) async fn epoch(client: &Client) -> Result<Epoch, tokio_postgres::Error> {
    let new = uuid::Uuid::new_v4();
    client
        .execute(
            "INSERT INTO server (one, epoch) VALUES (1, $1) ON CONFLICT DO NOTHING",
            &[&&new.as_bytes()[..]],
        )
        .await?;
    let row = client.query_one("SELECT epoch FROM server", &[]).await?;
    let bytes: Vec<u8> = row.try_get(0)?;
    Ok(Epoch(uuid::Uuid::from_slice(&bytes).unwrap_or(new)))
}
