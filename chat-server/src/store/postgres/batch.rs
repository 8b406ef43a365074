//! Many messages in few statements: what a busy server's turns are made of.
//!
//! A turn of nothing but plain messages and read marks is put together here, and written by one statement
//! for each table, all sent at once. What is not plain (threads, files, edits, joins, webhooks …) goes the
//! way of every verb, one statement after the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chat_proto::{ConversationId, Event, EventKind, Message, Seq, UserId};
use deadpool_postgres::Object;
use futures_util::{join, try_join};
use tokio_postgres::{Error, Statement};
use uuid::Uuid;

use super::{BEGIN, vector};
use crate::domain::{Hearing, ReadPosition, Ties};
use crate::store::{Committed, Notice, Write, verbs};

/// The rows of these conversations, in one order for everybody, so that two who commit to the same ones
/// do not wait for each other for ever.
const LOCK: &str = "SELECT id, head FROM conversations WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

/// Whether any webhook wants to hear of these.
const HOOKS: &str = "SELECT EXISTS (SELECT 1 FROM outgoing WHERE conversation = ANY($1) AND disabled = 0)";

/// Who wrote what is answered, if they are a member.
const ANSWERED: &str =
    "SELECT e.conversation, e.seq, e.author FROM unnest($1::bytea[], $2::bigint[]) AS x (conversation, seq)
    JOIN events e ON e.conversation = x.conversation AND e.seq = x.seq
    JOIN members m ON m.conversation = e.conversation AND m.\"user\" = e.author";

const EVENTS: &str = "INSERT INTO events
        (conversation, seq, at, author, kind, client_id, messages, content, words)
    SELECT conversation, seq, at, author, 'message', client_id, messages, content, CAST(words AS tsvector)
    FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bigint[], $7::text[], $8::text[])
        AS x (conversation, seq, at, author, client_id, messages, content, words)";

const ENDS: &str = "UPDATE conversations c SET head = x.head, messages = x.messages, active_at = x.at
    FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[]) AS x (id, head, messages, at) WHERE c.id = x.id";

const COUNTS: &str = "UPDATE members m SET sent = m.sent + x.sent, mentions = m.mentions + x.mentions
    FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[]) AS x (conversation, \"user\", sent, mentions)
    WHERE m.conversation = x.conversation AND m.\"user\" = x.\"user\"";

const INBOX: &str = "INSERT INTO inbox (conversation, \"user\", seq, reason, at, read)
    SELECT conversation, \"user\", seq, reason, at, 0
    FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::text[], $5::bigint[])
        AS x (conversation, \"user\", seq, reason, at)";

const MARKS: &str = "UPDATE members m SET read_seq = x.seq, read_messages = x.messages, read_sent = x.sent,
        mentions = (SELECT count(*) FROM inbox i WHERE i.conversation = x.conversation AND i.\"user\" = x.\"user\"
            AND i.seq > x.seq AND i.reason IN ('mention', 'room', 'here'))
    FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[])
        AS x (conversation, \"user\", seq, messages, sent)
    WHERE m.conversation = x.conversation AND m.\"user\" = x.\"user\" AND m.read_seq <= x.seq";

const READ: &str = "UPDATE inbox i SET read = 1 FROM unnest($1::bytea[], $2::bytea[], $3::bigint[])
        AS x (conversation, \"user\", seq)
    WHERE i.conversation = x.conversation AND i.\"user\" = x.\"user\" AND i.seq <= x.seq AND i.read = 0
        AND i.thread IS NULL RETURNING i.\"user\"";

const REVISIONS: &str = "INSERT INTO inbox_revisions (\"user\", revision)
    SELECT \"user\", 1 FROM unnest($1::bytea[]) AS x (\"user\")
    ON CONFLICT (\"user\") DO UPDATE SET revision = inbox_revisions.revision + 1";

const COMMIT: &str = "COMMIT";

type Id<'a> = &'a [u8];

/// A turn of plain messages and read marks.
pub(super) struct Batch<'a> {
    messages: Vec<Plain<'a>>,
    /// Of each member the last.
    marks: BTreeMap<(Uuid, Uuid), &'a ReadPosition>,
}

struct Plain<'a> {
    event: &'a Event,
    message: &'a Message,
    /// How many messages there are with it.
    count: u64,
    hearing: &'a Hearing,
    content: String,
    words: String,
}

/// What is known before anything is written.
pub(super) struct Before {
    /// How far each conversation has come.
    pub(super) heads: HashMap<Uuid, i64>,
    /// Whether a webhook is to be told.
    pub(super) has_hooks: bool,
    answered: HashMap<(Uuid, i64), UserId>,
}

impl<'a> Batch<'a> {
    /// These changes, if they are plain.
    pub(super) fn of(writes: &'a [Write]) -> Option<Self> {
        let mut batch = Batch { messages: Vec::with_capacity(writes.len()), marks: BTreeMap::new() };
        for write in writes {
            match write {
                Write::Event { event, messages, hearing } => {
                    let EventKind::Message(message) = &event.what else { return None };
                    if message.thread.is_some() || !message.files.is_empty() {
                        return None;
                    }
                    let content = serde_json::to_string(&event.what).ok()?;
                    let words = vector(event).unwrap_or_default();
                    batch.messages.push(Plain { event, message, count: *messages, hearing, content, words });
                }
                Write::Read { conversation, user, position, .. } => {
                    batch.marks.insert((conversation.0, user.0), position);
                }
                Write::Begin { .. } | Write::Note(_) => return None,
            }
        }
        Some(batch)
    }

    /// Writes all of it and commits; what followed. Whatever is sent here is sent at once, in this order,
    /// as far as one does not need to know what another found.
    pub(super) async fn commit(
        &self,
        client: &Object,
        statements: &Statements,
        before: &Before,
    ) -> Result<Committed, Error> {
        let mut committed = Committed::default();
        let inbox = Inbox::of(self, before, &mut committed);
        if self.marks.is_empty() {
            let changed = changed(&committed);
            // All are waited for, because what fails after the first to fail says only that one did.
            let (events, ends, counts, inbox, revisions, end) = join!(
                self.write_events(client, statements),
                self.write_ends(client, statements),
                self.write_counts(client, statements),
                inbox.write(client, statements),
                write_revisions(client, statements, &changed),
                client.batch_execute(COMMIT),
            );
            events.and(ends).and(counts).and(inbox).and(revisions).and(end)?;
            return Ok(committed);
        }
        let (events, ends, counts, inbox) = join!(
            self.write_events(client, statements),
            self.write_ends(client, statements),
            self.write_counts(client, statements),
            inbox.write(client, statements),
        );
        events.and(ends).and(counts).and(inbox)?;
        committed.inboxes.extend(self.write_marks(client, statements).await?);
        let changed = changed(&committed);
        let (revisions, end) =
            join!(write_revisions(client, statements, &changed), client.batch_execute(COMMIT));
        revisions.and(end)?;
        Ok(committed)
    }

    async fn write_events(&self, client: &Object, statements: &Statements) -> Result<(), Error> {
        if self.messages.is_empty() {
            return Ok(());
        }
        let all = &self.messages;
        let conversations: Vec<Id<'_>> = all.iter().map(|plain| id_of(plain.event)).collect();
        let seqs: Vec<i64> = all.iter().map(|plain| verbs::int(plain.event.seq.0)).collect();
        let ats: Vec<i64> = all.iter().map(|plain| plain.event.at.0).collect();
        let authors: Vec<Id<'_>> = all.iter().map(|plain| &plain.event.author.id.0.as_bytes()[..]).collect();
        let client_ids: Vec<Id<'_>> =
            all.iter().map(|plain| &plain.message.client_id.0.as_bytes()[..]).collect();
        let counts: Vec<i64> = all.iter().map(|plain| verbs::int(plain.count)).collect();
        let contents: Vec<&str> = all.iter().map(|plain| plain.content.as_str()).collect();
        let words: Vec<&str> = all.iter().map(|plain| plain.words.as_str()).collect();
        client
            .execute(
                &statements.events,
                &[&conversations, &seqs, &ats, &authors, &client_ids, &counts, &contents, &words],
            )
            .await?;
        Ok(())
    }

    /// Where the conversations end now.
    async fn write_ends(&self, client: &Object, statements: &Statements) -> Result<(), Error> {
        let ends: BTreeMap<Uuid, &Plain<'_>> =
            self.messages.iter().map(|plain| (plain.event.conversation.0, plain)).collect();
        if ends.is_empty() {
            return Ok(());
        }
        let ids: Vec<Id<'_>> = ends.keys().map(|id| &id.as_bytes()[..]).collect();
        let heads: Vec<i64> = ends.values().map(|plain| verbs::int(plain.event.seq.0)).collect();
        let counts: Vec<i64> = ends.values().map(|plain| verbs::int(plain.count)).collect();
        let ats: Vec<i64> = ends.values().map(|plain| plain.event.at.0).collect();
        client.execute(&statements.ends, &[&ids, &heads, &counts, &ats]).await?;
        Ok(())
    }

    /// What members have sent, and how often they were called.
    async fn write_counts(&self, client: &Object, statements: &Statements) -> Result<(), Error> {
        let mut counts: BTreeMap<(Uuid, Uuid), (i64, i64)> = BTreeMap::new();
        for plain in &self.messages {
            let conversation = plain.event.conversation.0;
            counts.entry((conversation, plain.event.author.id.0)).or_default().0 += 1;
            for (user, _) in &plain.hearing.called {
                counts.entry((conversation, user.0)).or_default().1 += 1;
            }
        }
        if counts.is_empty() {
            return Ok(());
        }
        let conversations: Vec<Id<'_>> = counts.keys().map(|(id, _)| &id.as_bytes()[..]).collect();
        let users: Vec<Id<'_>> = counts.keys().map(|(_, user)| &user.as_bytes()[..]).collect();
        let sent: Vec<i64> = counts.values().map(|(sent, _)| *sent).collect();
        let mentions: Vec<i64> = counts.values().map(|(_, mentions)| *mentions).collect();
        client.execute(&statements.counts, &[&conversations, &users, &sent, &mentions]).await?;
        Ok(())
    }

    /// Moves the read marks; whose inbox changed by it.
    async fn write_marks(&self, client: &Object, statements: &Statements) -> Result<Vec<UserId>, Error> {
        let conversations: Vec<Id<'_>> = self.marks.keys().map(|(id, _)| &id.as_bytes()[..]).collect();
        let users: Vec<Id<'_>> = self.marks.keys().map(|(_, user)| &user.as_bytes()[..]).collect();
        let seqs: Vec<i64> = self.marks.values().map(|position| verbs::int(position.seq.0)).collect();
        let messages: Vec<i64> = self.marks.values().map(|position| verbs::int(position.messages)).collect();
        let sent: Vec<i64> = self.marks.values().map(|position| verbs::int(position.sent)).collect();
        let moved: [Parameter<'_>; 5] = [&conversations, &users, &seqs, &messages, &sent];
        let (marked, rows) =
            join!(client.execute(&statements.marks, &moved), client.query(&statements.read, &moved[..3]));
        marked?;
        rows?.iter().map(|row| id_in(row, 0).map(UserId)).collect()
    }
}

type Parameter<'a> = &'a (dyn tokio_postgres::types::ToSql + Sync);

/// What comes into inboxes.
#[derive(Default)]
struct Inbox<'a> {
    conversations: Vec<Id<'a>>,
    users: Vec<Uuid>,
    seqs: Vec<i64>,
    reasons: Vec<&'static str>,
    ats: Vec<i64>,
}

impl<'a> Inbox<'a> {
    fn of(batch: &Batch<'a>, before: &Before, committed: &mut Committed) -> Self {
        let mut inbox = Self::default();
        // What answers a message of this very turn.
        let mut authors: HashMap<(ConversationId, Seq), UserId> = HashMap::new();
        for Plain { event, message, hearing, .. } in &batch.messages {
            let answered = message.reply_to.and_then(|seq| {
                let here = authors.get(&(event.conversation, seq)).copied();
                here.or_else(|| before.answered.get(&(event.conversation.0, verbs::int(seq.0))).copied())
            });
            authors.insert((event.conversation, event.seq), event.author.id);
            let ties = Ties { answered, followers: Vec::new() };
            for (user, reason) in hearing.notices(event.author.id, &ties) {
                inbox.conversations.push(id_of(event));
                inbox.users.push(user.0);
                inbox.seqs.push(verbs::int(event.seq.0));
                inbox.reasons.push(reason.as_str());
                inbox.ats.push(event.at.0);
                committed.notices.push(Notice {
                    user,
                    conversation: event.conversation,
                    seq: event.seq,
                    reason,
                });
                committed.inboxes.push(user);
            }
        }
        inbox
    }

    async fn write(&self, client: &Object, statements: &Statements) -> Result<(), Error> {
        if self.users.is_empty() {
            return Ok(());
        }
        let users: Vec<Id<'_>> = self.users.iter().map(|user| &user.as_bytes()[..]).collect();
        client
            .execute(&statements.inbox, &[&self.conversations, &users, &self.seqs, &self.reasons, &self.ats])
            .await?;
        Ok(())
    }
}

impl Before {
    /// Begins a transaction and holds these conversations until its end; what is to be known first.
    pub(super) async fn begin(
        client: &Object,
        statements: &Statements,
        conversations: &BTreeSet<Uuid>,
        batch: Option<&Batch<'_>>,
    ) -> Result<Self, Error> {
        let ids: Vec<Id<'_>> = conversations.iter().map(|id| &id.as_bytes()[..]).collect();
        let replies = batch.map(Batch::replies).unwrap_or_default();
        let (places, seqs): (Vec<Id<'_>>, Vec<i64>) = replies.into_iter().unzip();
        let locked: [Parameter<'_>; 1] = [&ids];
        let replied: [Parameter<'_>; 2] = [&places, &seqs];
        let (begun, rows, hooks, authors) = join!(
            client.batch_execute(BEGIN),
            client.query(&statements.lock, &locked),
            client.query_one(&statements.hooks, &locked),
            async {
                match places.is_empty() {
                    true => Ok(Vec::new()),
                    false => client.query(&statements.answered, &replied).await,
                }
            },
        );
        begun?;
        let mut before = Self { heads: HashMap::new(), has_hooks: false, answered: HashMap::new() };
        for row in rows? {
            before.heads.insert(id_in(&row, 0)?, row.try_get(1)?);
        }
        before.has_hooks = hooks?.try_get(0)?;
        for row in authors? {
            before.answered.insert((id_in(&row, 0)?, row.try_get(1)?), UserId(id_in(&row, 2)?));
        }
        Ok(before)
    }
}

/// All statements of a commit, prepared: what is sent at once must have nothing to wait for in between, or
/// it would be sent behind the end of the transaction.
pub(super) struct Statements {
    lock: Statement,
    hooks: Statement,
    answered: Statement,
    events: Statement,
    ends: Statement,
    counts: Statement,
    inbox: Statement,
    marks: Statement,
    read: Statement,
    revisions: Statement,
}

impl Statements {
    /// Those of this connection, which prepares each once.
    pub(super) async fn of(client: &Object) -> Result<Self, Error> {
        let (lock, hooks, answered, events, ends, counts, inbox, marks, read, revisions) = try_join!(
            client.prepare_cached(LOCK),
            client.prepare_cached(HOOKS),
            client.prepare_cached(ANSWERED),
            client.prepare_cached(EVENTS),
            client.prepare_cached(ENDS),
            client.prepare_cached(COUNTS),
            client.prepare_cached(INBOX),
            client.prepare_cached(MARKS),
            client.prepare_cached(READ),
            client.prepare_cached(REVISIONS),
        )?;
        Ok(Self { lock, hooks, answered, events, ends, counts, inbox, marks, read, revisions })
    }
}

/// Whose inboxes changed, in one order for everybody.
fn changed(committed: &Committed) -> BTreeSet<Uuid> {
    committed.inboxes.iter().map(|user| user.0).collect()
}

async fn write_revisions(
    client: &Object,
    statements: &Statements,
    changed: &BTreeSet<Uuid>,
) -> Result<(), Error> {
    if changed.is_empty() {
        return Ok(());
    }
    let users: Vec<Id<'_>> = changed.iter().map(|user| &user.as_bytes()[..]).collect();
    client.execute(&statements.revisions, &[&users]).await?;
    Ok(())
}

impl<'a> Batch<'a> {
    /// The messages that are answered.
    fn replies(&self) -> Vec<(Id<'a>, i64)> {
        let answering =
            self.messages.iter().filter_map(|plain| Some((id_of(plain.event), plain.message.reply_to?)));
        answering.map(|(id, seq)| (id, verbs::int(seq.0))).collect()
    }
}

fn id_of(event: &Event) -> Id<'_> {
    &event.conversation.0.as_bytes()[..]
}

fn id_in(row: &tokio_postgres::Row, column: usize) -> Result<Uuid, Error> {
    let bytes: &[u8] = row.try_get(column)?;
    Ok(Uuid::from_slice(bytes).unwrap_or_default())
}
