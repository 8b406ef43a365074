//! Deleting many messages, of one person or because their time is over: a batch at a time, between
//! the turns of the others.

use chat_proto::{ConversationId, Event, Seq, WireError};

use super::{ATTEMPTS, ATTEMPTS_AMONG_OTHERS, Shard};
use crate::domain::{Actor, Change, Hearing, not_found};
use crate::hub::{now, unavailable};
use crate::store::{Committed, StoreError, Write};

impl Shard {
    /// Deletes these messages, which are the actor's to purge, and says how many there were. Without
    /// an actor it is their time that is over.
    pub(super) async fn purge(
        &mut self,
        conversation: ConversationId,
        actor: Option<&Actor>,
        messages: &[Seq],
    ) -> Result<u64, WireError> {
        let tries = if self.nodes.is_some() { ATTEMPTS_AMONG_OTHERS } else { ATTEMPTS };
        for tried in 1..=tries {
            match self.try_purge(conversation, actor, messages).await {
                Ok(Ok((events, committed))) => {
                    self.share_events(&events.iter().collect::<Vec<_>>(), &committed).await;
                    let stale = self.recount(&committed).await;
                    for event in &events {
                        self.broadcast(event);
                    }
                    self.forget(&stale);
                    self.tell_threads(&committed);
                    self.tell_inboxes(committed).await;
                    return Ok(events.len() as u64);
                }
                Ok(Err(refusal)) => return Err(refusal),
                Err(StoreError::Conflict | StoreError::Overtaken) => {
                    self.rooms.remove(&conversation);
                    self.pause(tried).await;
                }
                Err(StoreError::Failed(cause)) => {
                    self.rooms.remove(&conversation);
                    tracing::error!(cause, "the store failed; a purge was not finished");
                    return Err(unavailable());
                }
            }
        }
        Err(unavailable())
    }

    async fn try_purge(
        &mut self,
        conversation: ConversationId,
        actor: Option<&Actor>,
        messages: &[Seq],
    ) -> Result<Result<(Vec<Event>, Committed), WireError>, StoreError> {
        let store = self.store.clone();
        self.fresh.clear();
        let Some(room) = self.room(conversation).await? else { return Ok(Err(not_found())) };
        let (mut events, mut writes) = (Vec::new(), Vec::new());
        let mut refused = None;
        for seq in messages {
            let target = store.event(conversation, *seq).await?;
            let decided = match actor {
                Some(actor) => room.decide_purge(actor, target.as_ref(), now()),
                None => Ok(room.decide_expiry(target.as_ref(), now())),
            };
            match decided {
                Ok(change) => {
                    room.apply(&change);
                    if let Change::Event(event) = change {
                        let (event_written, messages) = (event.clone(), room.messages);
                        let hearing = Hearing::default();
                        writes.push(Write::Event { event: event_written, messages, hearing });
                        events.push(event);
                    }
                }
                Err(refusal) => refused = Some(refusal),
            }
        }
        if refused.is_some() && events.is_empty() {
            self.not_behind(conversation).await?;
        }
        let committed = match writes.is_empty() {
            true => Committed::default(),
            false => store.commit(writes).await?,
        };
        Ok(refused.filter(|_| events.is_empty()).map_or(Ok((events, committed)), Err))
    }
}
