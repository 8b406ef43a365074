//! Telling the engine things, in their order.

use chat_client::{Client, RequestError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Outcome, Tell};

/// A running engine, with the task that tells it things in order.
pub(super) struct Engine {
    pub(super) client: Client,
    pub(super) tells: mpsc::Sender<Tell>,
    pub(super) teller: JoinHandle<()>,
}

pub(super) async fn tell_all(
    client: Client,
    mut queue: mpsc::Receiver<Tell>,
    outcomes: mpsc::Sender<Outcome>,
) {
    while let Some(tell) = queue.recv().await {
        let unsent = match &tell {
            Tell::Send(draft) => Some(draft.clone()),
            _ => None,
        };
        if let (Err(error), Some(draft)) = (tell_one(&client, tell).await, unsent) {
            tracing::warn!(%error, "a message was not taken");
            let _ = outcomes.try_send(Outcome::NotSent(draft));
        }
    }
}

async fn tell_one(client: &Client, tell: Tell) -> Result<(), RequestError> {
    match tell {
        Tell::Send(draft) => client.send_draft(*draft).await.map(|_| ()),
        Tell::Retry(message) => client.retry(message).await,
        Tell::Discard(message) => client.discard(message).await,
        Tell::MarkRead(conversation, seq) => client.mark_read(conversation, seq).await,
        Tell::Typing(conversation, active) => client.typing(conversation, active).await,
        Tell::Watch(users) => client.watch(users).await,
        Tell::Presence(state) => client.set_presence(state).await,
        Tell::Reconnect => client.reconnect().await,
        Tell::SaveDraft(conversation, text) => client.save_draft(conversation, text).await,
        Tell::SaveThreadDraft(conversation, thread, text) => {
            client.save_thread_draft(conversation, thread, text).await
        }
        Tell::SaveNote(name, text) => client.save_note(name, text).await,
    }
}
