//! `epoch`: after a database was brought back to an earlier state by its own means.

use chat_proto::Epoch;
use clap::Args;
use uuid::Uuid;

use super::link::refuse_root;
use super::print;
use crate::config::Config;
use crate::serve::Opened;

/// Whether to begin another.
#[derive(Debug, Args)]
pub(super) struct EpochArgs {
    /// Begin another life: every client fetches all anew when it comes back
    #[arg(long)]
    new: bool,
}

pub(super) async fn run(args: &EpochArgs, config: &Config, json: bool) -> anyhow::Result<()> {
    refuse_root(&config.data_dir)?;
    // Alone, whatever bus there is: nodes that run would go on with what they know.
    let opened = Opened::new(&Config { bus: None, ..config.clone() }).await?;
    let mut epoch = opened.app.store.epoch();
    if args.new {
        epoch = Epoch(Uuid::new_v4());
        opened.app.store.begin_epoch(epoch).await?;
    }
    opened.close().await;
    if json {
        return print(&format!("{}\n", serde_json::json!({ "epoch": epoch })));
    }
    let next = if args.new { "\nStart the server; clients fetch all anew.\n" } else { "\n" };
    print(&format!("{}{next}", epoch.0))
}
