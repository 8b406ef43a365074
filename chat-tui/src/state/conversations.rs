//! The conversations one is a member of, and their order in the list.
//!
//! Rooms and directs stand by name, so that fingers learn the places; only the switcher goes by
//! recency.

use std::collections::HashMap;

use chat_proto::{Conversation, ConversationId, ConversationKind, Seq, Timestamp};

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Conversations {
    by_id: HashMap<ConversationId, Conversation>,
    order: Vec<ConversationId>,
}

impl Conversations {
    /// Takes conversations as they are now; says whether any is new or different.
    pub fn update(&mut self, conversations: Vec<Conversation>) -> bool {
        let mut changed = false;
        for conversation in conversations {
            changed |= self.by_id.get(&conversation.id) != Some(&conversation);
            self.by_id.insert(conversation.id, conversation);
        }
        if changed {
            self.sort();
        }
        changed
    }

    /// Forgets one.
    pub fn remove(&mut self, id: ConversationId) {
        self.by_id.remove(&id);
        self.order.retain(|other| *other != id);
    }

    fn sort(&mut self) {
        let mut all: Vec<&Conversation> = self.by_id.values().collect();
        all.sort_by_key(|c| (is_direct(c), self.title(c), c.id));
        self.order = all.into_iter().map(|c| c.id).collect();
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: ConversationId) -> Option<&Conversation> {
        self.by_id.get(&id)
    }

    /// Others have read up to here; says whether that is further than known.
    pub fn others_read(&mut self, id: ConversationId, seq: Seq) -> bool {
        match self.by_id.get_mut(&id) {
            Some(conversation) if conversation.others_read < seq => {
                conversation.others_read = seq;
                true
            }
            _ => false,
        }
    }

    /// All of them as the list shows them: rooms, then directs.
    pub fn in_order(&self) -> impl DoubleEndedIterator<Item = &Conversation> {
        self.order.iter().filter_map(|id| self.by_id.get(id))
    }

    /// All of them, the most recently active first.
    #[must_use]
    pub fn by_recency(&self) -> Vec<&Conversation> {
        let mut all: Vec<&Conversation> = self.by_id.values().collect();
        all.sort_by_key(|c| (std::cmp::Reverse(c.active_at), c.id));
        all
    }

    /// How people write it: `#room`, `@somebody`. Not safe to draw.
    #[must_use]
    pub fn title(&self, conversation: &Conversation) -> String {
        match (&conversation.name, conversation.with.as_slice()) {
            (Some(name), _) => format!("#{name}"),
            (None, []) => "@nobody".to_owned(),
            (None, people) => {
                let names: Vec<String> = people.iter().map(|person| format!("@{}", person.name)).collect();
                names.join(" ")
            }
        }
    }

    /// The conversation that needs its reader most: a mention before a direct message before
    /// other unread ones; in each, the one waiting longest. What is silent needs nobody, unless it
    /// mentions.
    #[must_use]
    pub fn next_in_need(&self, except: Option<ConversationId>, now: Timestamp) -> Option<ConversationId> {
        let calls = |c: &&Conversation| c.mentions > 0 || !c.notify.is_silent(now);
        let waiting = self.by_id.values().filter(|c| c.unread > 0 && Some(c.id) != except).filter(calls);
        waiting.min_by_key(|c| need(c)).map(|c| c.id)
    }

    /// How much a conversation needs its reader: the least first.
    #[must_use]
    pub fn need(&self, id: ConversationId) -> Option<Need> {
        self.get(id).map(need)
    }

    /// Messages that nobody has looked at yet, in all of them together; of those that are silent,
    /// only the mentions.
    #[must_use]
    pub fn unread(&self, now: Timestamp) -> u64 {
        let count = |c: &Conversation| if c.notify.is_silent(now) { c.mentions } else { c.unread };
        self.by_id.values().map(count).sum()
    }
}

/// How urgent a conversation is: without a mention, not direct, since when, which.
pub type Need = (bool, bool, Timestamp, ConversationId);

fn need(conversation: &Conversation) -> Need {
    let c = conversation;
    (c.mentions == 0, !is_direct(c), c.active_at, c.id)
}

/// Whether it is a direct conversation.
#[must_use]
pub fn is_direct(conversation: &Conversation) -> bool {
    conversation.kind == ConversationKind::Direct
}
