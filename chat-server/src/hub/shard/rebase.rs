//! A turn that the store put behind messages of another node: memory follows, and they are told first.

use chat_proto::Seq;
use tracing::warn;

use super::Shard;
use super::turn::Outcome;
use crate::domain::Change;
use crate::store::{Committed, Rebased};

impl Shard {
    /// Brings memory, and what was decided, to what the store made of it.
    pub(super) fn rebase(&mut self, committed: &Committed, outcomes: &mut [Outcome]) {
        for rebased in &committed.rebased {
            if let Some(room) = self.rooms.get_mut(&rebased.conversation) {
                room.rebase(&rebased.onto, rebased.called());
            }
            for outcome in &mut *outcomes {
                if let Outcome::Happened(event) = outcome
                    && event.conversation == rebased.conversation
                {
                    event.seq.0 += rebased.onto.len() as u64;
                }
            }
        }
        for (conversation, user, position) in &committed.marks {
            if let Some(room) = self.rooms.get_mut(conversation) {
                room.apply(&Change::Read(*user, *position));
            }
        }
    }

    /// Tells the members here what came before a turn's own events. Whatever cannot be told now waits, with the
    /// own events behind it, for the next look into the store.
    pub(super) async fn tell_first(&mut self, rebased: &Rebased) {
        let conversation = rebased.conversation;
        let Some(first) = rebased.onto.first().map(|event| event.seq) else { return };
        let delivered = |shard: &Self| shard.watched.get(&conversation).map(|watched| watched.delivered);
        if delivered(self).is_some_and(|delivered| delivered.0 + 1 < first.0) {
            self.heal(conversation, Some(Seq(first.0 - 1))).await;
        }
        let Some(delivered) = delivered(self) else { return };
        let new: Vec<_> = rebased.onto.iter().filter(|event| event.seq > delivered).cloned().collect();
        let notices: Vec<_> =
            rebased.notices.iter().filter(|notice| notice.seq > delivered).copied().collect();
        if new.first().is_some_and(|event| event.seq == delivered.next())
            && let Err(cause) = self.tell_all(&new, &notices).await
        {
            warn!(%cause, "cannot tell all that another node's messages lead to");
        }
    }
}
