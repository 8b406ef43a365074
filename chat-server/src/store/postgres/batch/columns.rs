//! What each table gets of a turn, column by column, in the order in which `turn.sql` takes them.

use std::collections::BTreeMap;

use chat_proto::Event;
use uuid::Uuid;

use super::{Batch, Heads, Id, Parameter, Plain};
use crate::store::{Notice, verbs};

/// The conversations of a turn, and how far each has come.
pub(super) struct Held<'a> {
    ids: Vec<Id<'a>>,
    heads: Vec<i64>,
}

impl<'a> Held<'a> {
    pub(super) fn of(bases: &'a Heads) -> Self {
        let (ids, heads) = bases.iter().map(|(id, head)| (&id.as_bytes()[..], *head)).unzip();
        Self { ids, heads }
    }

    pub(super) fn parameters(&self) -> [Parameter<'_>; 2] {
        [&self.ids, &self.heads]
    }
}

/// The messages.
pub(super) struct Events<'a> {
    conversations: Vec<Id<'a>>,
    seqs: Vec<i64>,
    ats: Vec<i64>,
    authors: Vec<Id<'a>>,
    client_ids: Vec<Id<'a>>,
    counts: Vec<i64>,
    contents: Vec<&'a str>,
    words: Vec<&'a str>,
}

impl<'a> Events<'a> {
    pub(super) fn of(batch: &'a Batch<'a>) -> Self {
        let all = &batch.messages;
        Self {
            conversations: all.iter().map(|plain| id_of(plain.event)).collect(),
            seqs: all.iter().map(|plain| verbs::int(plain.event.seq.0)).collect(),
            ats: all.iter().map(|plain| plain.event.at.0).collect(),
            authors: all.iter().map(|plain| &plain.event.author.id.0.as_bytes()[..]).collect(),
            client_ids: all.iter().map(|plain| &plain.message.client_id.0.as_bytes()[..]).collect(),
            counts: all.iter().map(|plain| verbs::int(plain.count)).collect(),
            contents: all.iter().map(|plain| plain.content.as_str()).collect(),
            words: all.iter().map(|plain| plain.words.as_str()).collect(),
        }
    }

    pub(super) fn parameters(&self) -> [Parameter<'_>; 8] {
        [
            &self.conversations,
            &self.seqs,
            &self.ats,
            &self.authors,
            &self.client_ids,
            &self.counts,
            &self.contents,
            &self.words,
        ]
    }
}

/// Where the conversations end then.
pub(super) struct Ends<'a> {
    ids: Vec<Id<'a>>,
    heads: Vec<i64>,
    counts: Vec<i64>,
    ats: Vec<i64>,
}

impl<'a> Ends<'a> {
    pub(super) fn of(batch: &'a Batch<'a>) -> Self {
        let last: BTreeMap<Uuid, &Plain<'_>> =
            batch.messages.iter().map(|plain| (plain.event.conversation.0, plain)).collect();
        Self {
            ids: last.values().map(|plain| id_of(plain.event)).collect(),
            heads: last.values().map(|plain| verbs::int(plain.event.seq.0)).collect(),
            counts: last.values().map(|plain| verbs::int(plain.count)).collect(),
            ats: last.values().map(|plain| plain.event.at.0).collect(),
        }
    }

    pub(super) fn parameters(&self) -> [Parameter<'_>; 4] {
        [&self.ids, &self.heads, &self.counts, &self.ats]
    }
}

/// What members have sent, how often they were called, and how far they have read.
#[derive(Default)]
pub(super) struct Members<'a> {
    conversations: Vec<Id<'a>>,
    users: Vec<Id<'a>>,
    sent: Vec<i64>,
    called: Vec<i64>,
    called_behind: Vec<i64>,
    read_seqs: Vec<Option<i64>>,
    read_messages: Vec<Option<i64>>,
    read_sent: Vec<Option<i64>>,
}

/// Of one member.
#[derive(Default)]
struct Counted {
    sent: i64,
    called: i64,
    /// Behind the mark that moves in the same turn.
    called_behind: i64,
}

impl<'a> Members<'a> {
    pub(super) fn of(batch: &'a Batch<'a>) -> Self {
        let mut all: BTreeMap<(&Uuid, &Uuid), Counted> = BTreeMap::new();
        for (conversation, user) in batch.marks.keys() {
            all.insert((conversation, user), Counted::default());
        }
        for Plain { event, hearing, .. } in &batch.messages {
            let conversation = &event.conversation.0;
            all.entry((conversation, &event.author.id.0)).or_default().sent += 1;
            for (user, _) in &hearing.called {
                let counted = all.entry((conversation, &user.0)).or_default();
                counted.called += 1;
                counted.called_behind += i64::from(!batch.has_read(event, *user));
            }
        }
        let mut members = Self::default();
        for ((conversation, user), counted) in all {
            let mark = batch.marks.get(&(*conversation, *user));
            members.conversations.push(&conversation.as_bytes()[..]);
            members.users.push(&user.as_bytes()[..]);
            members.sent.push(counted.sent);
            members.called.push(counted.called);
            members.called_behind.push(counted.called_behind);
            members.read_seqs.push(mark.map(|position| verbs::int(position.seq.0)));
            members.read_messages.push(mark.map(|position| verbs::int(position.messages)));
            members.read_sent.push(mark.map(|position| verbs::int(position.sent)));
        }
        members
    }

    pub(super) fn parameters(&self) -> [Parameter<'_>; 8] {
        [
            &self.conversations,
            &self.users,
            &self.sent,
            &self.called,
            &self.called_behind,
            &self.read_seqs,
            &self.read_messages,
            &self.read_sent,
        ]
    }
}

/// What comes into inboxes.
pub(super) struct Inbox<'a> {
    conversations: Vec<Id<'a>>,
    users: Vec<Id<'a>>,
    seqs: Vec<i64>,
    reasons: Vec<&'static str>,
    ats: Vec<i64>,
    read: Vec<i16>,
}

impl<'a> Inbox<'a> {
    pub(super) fn of(batch: &Batch<'_>, notices: &'a [(&Event, Notice)]) -> Self {
        let has_read = |(event, notice): &(&Event, Notice)| i16::from(batch.has_read(event, notice.user));
        Self {
            conversations: notices.iter().map(|(event, _)| id_of(event)).collect(),
            users: notices.iter().map(|(_, notice)| &notice.user.0.as_bytes()[..]).collect(),
            seqs: notices.iter().map(|(event, _)| verbs::int(event.seq.0)).collect(),
            reasons: notices.iter().map(|(_, notice)| notice.reason.as_str()).collect(),
            ats: notices.iter().map(|(event, _)| event.at.0).collect(),
            read: notices.iter().map(has_read).collect(),
        }
    }

    pub(super) fn parameters(&self) -> [Parameter<'_>; 6] {
        [&self.conversations, &self.users, &self.seqs, &self.reasons, &self.ats, &self.read]
    }
}

/// Where it happened.
pub(super) fn id_of(event: &Event) -> Id<'_> {
    &event.conversation.0.as_bytes()[..]
}
