//! What one client has been told so far: enough to choose what it does next, and to say whether it has come
//! to rest.

use std::collections::{BTreeMap, BTreeSet};

use chat_proto::{ClientId, Conversation, ConversationId, Event, EventKind, Seq, UserId};

use crate::history::{News, Rung};

/// A message that a client could do something to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) seq: Seq,
    pub(crate) mine: bool,
    pub(crate) tag: String,
    pub(crate) thread: Option<Seq>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The conversations, as told last.
    pub(crate) rows: BTreeMap<ConversationId, Conversation>,
    /// The newest event told, by conversation.
    pub(crate) heads: BTreeMap<ConversationId, Seq>,
    /// Messages that stand, by conversation.
    pub(crate) messages: BTreeMap<ConversationId, Vec<Known>>,
    /// Messages on their way.
    pub(crate) waiting: BTreeSet<ClientId>,
    /// Whether it is connected and caught up.
    pub(crate) up: bool,
}

impl Seen {
    /// Takes rows that are so now.
    pub(crate) fn rows(&mut self, rows: Vec<Conversation>) {
        self.rows.extend(rows.into_iter().map(|row| (row.id, row)));
    }

    /// Takes news.
    pub(crate) fn news(&mut self, me: UserId, news: &News) {
        match news {
            News::Born | News::Died => {
                *self = Seen { messages: std::mem::take(&mut self.messages), ..Seen::default() }
            }
            News::Line { up, .. } => self.up = *up,
            News::Forgot { conversation } => {
                self.rows.remove(conversation);
                self.heads.remove(conversation);
            }
            News::Outgoing { client_id, rung: Rung::Queued | Rung::Sending, .. } => {
                self.waiting.insert(*client_id);
            }
            News::Outgoing { client_id, .. } => _ = self.waiting.remove(client_id),
            News::Shown { conversation, events, page } => {
                let newest = events.last().map(|event| event.seq);
                if !page && let Some(newest) = newest {
                    self.heads.insert(*conversation, newest);
                }
                events.iter().for_each(|event| self.event(me, event));
            }
            _ => {}
        }
    }

    fn event(&mut self, me: UserId, event: &Event) {
        let known = self.messages.entry(event.conversation).or_default();
        match &event.what {
            EventKind::Message(message) if known.iter().all(|one| one.seq != event.seq) => {
                let tag = message.body.as_str().split(' ').next().unwrap_or_default().to_owned();
                known.push(Known {
                    seq: event.seq,
                    mine: event.author.id == me,
                    tag,
                    thread: message.thread,
                });
            }
            EventKind::Deleted { target } => known.retain(|one| one.seq != *target),
            EventKind::Tombstone(_) => known.retain(|one| one.seq != event.seq),
            _ => {}
        }
    }
}
