//! `epoch`: after a database was brought back to an earlier state by its own means.

use chat_proto::Epoch;
use clap::Args;
use uuid::Uuid;

use super::link::{must_be_set_up, refuse_root};
use super::print;
use crate::backup::Progress;
use crate::config::Config;
use crate::serve::{Lock, open_store, open_to_work};
use crate::store::Claim;

/// Whether to begin another.
#[derive(Debug, Args)]
pub(super) struct EpochArgs {
    /// Begin another life: every client fetches all anew when it comes back
    #[arg(long)]
    new: bool,
}

pub(super) async fn run(args: &EpochArgs, config: &Config, json: bool) -> anyhow::Result<()> {
    refuse_root(&config.data_dir)?;
    must_be_set_up(config)?;
    // Alone, whatever bus there is: nodes that run would go on with what they know.
    let _lock = Lock::alone(&config.data_dir)?;
    let epoch = if args.new {
        let (store, _claimed) = open_to_work(config, Claim::Alone, |text| Progress::new().say(text)).await?;
        let epoch = Epoch(Uuid::new_v4());
        store.begin_epoch(epoch).await?;
        store.close().await;
        epoch
    } else {
        let store = open_store(config).await?;
        store.close().await;
        store.epoch()
    };
    if json {
        return print(&format!("{}\n", serde_json::json!({ "epoch": epoch })));
    }
    let next = if args.new { "\nStart the server; clients fetch all anew.\n" } else { "\n" };
    print(&format!("{}{next}", epoch.0))
}
