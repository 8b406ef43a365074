//! Writing a conversation into a file, page by page from the server.

use std::path::PathBuf;

use chat_client::export::{Export, Format};
use chat_client::{Client, paths};
use chat_proto::ConversationId;
use tokio::sync::mpsc;

use super::Outcome;
use super::carry::{at_home, whole};

/// Writes all of it; says where, and how many events, or why not in one sentence.
pub(super) async fn write(
    client: &Client,
    id: ConversationId,
    title: &str,
    format: Format,
    to: Option<PathBuf>,
    outcomes: &mpsc::Sender<Outcome>,
) -> Result<(PathBuf, u64), String> {
    let to = to.map_or_else(paths::download_dir, |to| at_home(&to));
    let mut export = Export::begin(&to, format, id, title).map_err(|error| error.to_string())?;
    while let Some(ask) = export.wants() {
        let page = client.request(ask).await.map_err(|error| error.to_string())?;
        let before = export.percent();
        export.take(page).map_err(|error| error.to_string())?;
        if export.percent() != before {
            // One that finds no room is made up for by the next.
            let _ = outcomes.try_send(Outcome::Exporting(export.percent()));
        }
    }
    let (path, events) = export.finish().map_err(|error| error.to_string())?;
    Ok((whole(path), events))
}
