//! `migrate`: from SQLite to PostgreSQL, and back.

use clap::Args;

use super::link::refuse_root;
use super::print;
use crate::backup::Progress;
use crate::config::Config;
use crate::migrate::{End, migrate};

/// From where to where.
#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    /// `sqlite` for the file in the data directory, `sqlite:FOLDER` for one elsewhere, `postgres` for the
    /// configured database, or an address: postgres://user@host/name
    #[arg(long, value_name = "DATABASE")]
    from: String,
    /// The same; it must be empty, or a copy of the same database that was cut short
    #[arg(long, value_name = "DATABASE")]
    to: String,
    /// While the server runs: brings over what is there now, so that little is left to do when it is stopped
    #[arg(long)]
    online: bool,
}

pub(super) async fn run(args: &MigrateArgs, config: &Config, json: bool) -> anyhow::Result<()> {
    refuse_root(&config.data_dir)?;
    let (from, to) = (End::read(&args.from, config)?, End::read(&args.to, config)?);
    let rows = migrate(config, &from, &to, args.online, Progress::new()).await?;
    if json {
        return print(&format!("{}\n", serde_json::json!({ "rows": rows })));
    }
    let next = match to {
        _ if args.online => {
            "Now stop the server and run the same without --online: only what changed meanwhile is brought over."
        }
        End::Postgres(_) => {
            "Start the server with database set to it; people notice nothing. Keep the SQLite file until \
             you have a backup of the new one."
        }
        End::Sqlite(_) => {
            "Take database out of the configuration and start the server; people notice nothing."
        }
    };
    print(&format!("copied {rows} rows, and all came out the same\n{next}\n"))
}
