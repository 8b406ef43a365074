//! A whole conversation into a file.

use chat_client::export::{Export, ExportError};
use serde::Serialize;

use super::args::ExportArgs;
use super::failure::Failure;
use super::output::{Output, title};
use super::target;
use super::who::Who;

/// What is printed at the end.
#[derive(Serialize)]
struct Exported {
    path: String,
    events: u64,
}

/// Writes a conversation into a file. Stopped, it leaves none.
///
/// # Errors
/// As the exit codes say.
pub(crate) async fn export(who: &Who, args: ExportArgs, out: &mut Output) -> Result<(), Failure> {
    let (mut link, welcome) = who.link().await?;
    let row = target::find(&mut link, &welcome, &args.target).await?;
    let mut export = Export::begin(&args.path, args.format, row.id, &title(&row))?;
    let most = link.hello().limits.history_page;
    while let Some(mut ask) = export.wants() {
        ask.limit = ask.limit.map(|limit| limit.min(most));
        let page = tokio::select! {
            page = link.request(ask) => page?,
            _ = tokio::signal::ctrl_c() => return Err(Failure::refused("stopped; no file is left")),
        };
        export.take(page)?;
    }
    link.close().await;
    let (path, events) = export.finish()?;
    let done = Exported { path: path.display().to_string(), events };
    out.put(&done, || done.path.clone())
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        Self::usage(error)
    }
}
