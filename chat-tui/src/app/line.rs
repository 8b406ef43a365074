//! What runs for one account.

use chat_client::account::Account;
use chat_client::files::Courier;
use chat_client::paths::Paths;
use chat_client::{Connection, Options, StartError, Storage, Update, Updates};
use tokio::sync::mpsc;

use super::GOODBYE;
use crate::effect::{Outcome, Places, Runner};
use crate::update::What;

/// What runs for one account: its engine, and whoever asks and carries for it.
pub(crate) struct Line {
    pub(crate) runner: Runner,
    outcomes: mpsc::Receiver<Outcome>,
    updates: Option<Updates>,
}

impl Line {
    pub(crate) fn new(places: &Places) -> Self {
        let (runner, outcomes) = Runner::new(places.clone());
        Self { runner, outcomes, updates: None }
    }

    /// Starts the engine for an account, after the one before has ended.
    pub(crate) async fn start(&mut self, account: Account, paths: &Paths) -> Result<(), StartError> {
        self.updates = None;
        self.close().await;
        let (storage, tls) = (Storage::File(paths.cache_file(&account)), self.runner.tls());
        self.runner.courier(Courier::new(&account, tls.clone(), paths.transfers_dir()));
        let (client, updates) = chat_client::start(Options { account, tls, storage })?;
        self.runner.engine(client);
        self.updates = Some(updates);
        Ok(())
    }

    /// Ends the engine after it was told everything; one that hangs is not waited for.
    pub(crate) async fn close(&mut self) {
        let _ = tokio::time::timeout(GOODBYE, self.runner.close()).await;
    }

    /// Whether every answer that has come was taken.
    pub(crate) fn has_nothing(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// The next news of the engine or of a question; safe to drop while it waits.
    pub(crate) async fn next(&mut self) -> What {
        tokio::select! {
            update = next_update(&mut self.updates) => What::Engine(update),
            Some(outcome) = self.outcomes.recv() => What::Outcome(outcome),
        }
    }

    /// What is there already.
    pub(super) fn try_next(&mut self) -> Option<What> {
        let update = self.updates.as_mut().and_then(Updates::try_next).map(What::Engine);
        update.or_else(|| self.outcomes.try_recv().ok().map(What::Outcome))
    }
}

/// The engine's next news; never comes while there is no engine. An engine that ended on its own
/// says so once.
async fn next_update(updates: &mut Option<Updates>) -> Update {
    let Some(running) = updates else { return std::future::pending().await };
    if let Some(update) = running.next().await {
        return update;
    }
    tracing::warn!("the engine has ended");
    *updates = None;
    let reason = "The chat has stopped working; start chat-tui again.".to_owned();
    Update::Connection(Connection::Stopped { reason, login_needed: false })
}
