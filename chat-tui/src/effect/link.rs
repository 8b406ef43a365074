//! Asking whether the link with the provider is done.

use std::time::Duration;

use chat_client::{Client, RequestError, provider};
use chat_proto::{FinishLink, Secret};

use super::{Outcome, Runner};

impl Runner {
    /// Asks, after this time, whether the link of this name is done.
    pub fn finish_link(&self, poll: Secret, code: Option<Secret>, pause: Duration) {
        let Some(engine) = &self.engine else { return };
        let (client, outcomes) = (engine.client.clone(), self.outcomes.clone());
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let asked = ask(&client, FinishLink { poll: poll.clone(), confirm: code.clone() }).await;
            let result = asked.map_err(|error| (error.to_string(), provider::missing_here(&error)));
            // The screen is gone with the program.
            let _ = outcomes.send(Outcome::Linking(poll, code, result)).await;
        });
    }
}

async fn ask(client: &Client, ask: FinishLink) -> Result<(), RequestError> {
    client.request(ask).await.map(|_| ())
}
