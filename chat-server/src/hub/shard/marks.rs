//! Read marks among nodes: the counts that go with one are of what had happened when it was told, and what another
//! node has in memory may be less than that, or more.

use std::collections::BTreeSet;

use chat_proto::{ConversationId, Seq, UserId};
use tracing::warn;

use super::Shard;
use crate::domain::{Change, ReadPosition};
use crate::hub::SessionKey;
use crate::hub::nodes::news::Read;
use crate::store::StoreError;

impl Shard {
    /// What the other nodes are told of somebody's mark.
    pub(super) fn read_of(&self, user: UserId, conversation: ConversationId, inbox: bool) -> Option<Read> {
        let room = self.rooms.get(&conversation)?;
        let member = room.members.get(&user)?;
        Some(Read {
            conversation,
            user,
            seq: member.read,
            messages: member.read_messages,
            sent: member.read_sent,
            mentions: member.mentions,
            as_of: room.head,
            inbox,
        })
    }

    /// Another node tells of somebody's mark.
    pub(super) async fn hear_read(&mut self, read: &Read) {
        let (user, conversation) = (read.user, read.conversation);
        if !self.watched.contains_key(&conversation) || self.load(conversation).await.is_err() {
            return;
        }
        let position = match self.online.contains_key(&user) {
            // To the others it is told without counts.
            false => read.position(),
            true => match self.position_now(read).await {
                Ok(position) => position,
                Err(cause) => {
                    self.rooms.remove(&conversation);
                    return warn!(%cause, "cannot count what somebody has not read; they are told with their next mark");
                }
            },
        };
        let Some(room) = self.rooms.get_mut(&conversation) else { return };
        match room.members.get(&user) {
            Some(member) if member.read <= position.seq => {}
            // A later one came first, or they are no member any more.
            _ => return,
        }
        room.apply(&Change::Read(user, position));
        self.tell_read(user, conversation, SessionKey::SERVER);
        if read.inbox {
            self.tell_inboxes_of(BTreeSet::from([user])).await;
        }
    }

    /// The mark with the counts that it has by what is in memory here, which is at least what they were taken of.
    ///
    /// # Errors
    /// The store failed.
    async fn position_now(&mut self, read: &Read) -> Result<ReadPosition, StoreError> {
        let conversation = read.conversation;
        if self.head(conversation) < Some(read.as_of) {
            // What happened before the mark is told before it.
            self.heal(conversation, None).await;
            if self.head(conversation) < Some(read.as_of) {
                self.rooms.remove(&conversation);
            }
            self.load(conversation).await?;
        }
        if self.head(conversation) == Some(read.as_of) {
            return Ok(read.position());
        }
        let now = self.store.read_position(conversation, read.user, read.seq).await?;
        Ok(now.unwrap_or_else(|| read.position()))
    }

    fn head(&self, conversation: ConversationId) -> Option<Seq> {
        self.rooms.get(&conversation).map(|room| room.head)
    }
}
