//! Many messages in one statement: what a busy server's turns are made of.
//!
//! A turn of nothing but plain messages and read marks is put together here, and written by one statement
//! (`turn.sql`, `called.sql`). What is not plain (threads, files, edits, joins, webhooks …) goes the way of every verb, one
//! statement after the other.

mod columns;

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use chat_proto::{ConversationId, Event, EventKind, Message, Seq, UserId};
use deadpool_postgres::Object;
use futures_util::{join, try_join};
use tokio_postgres::{Error, Row, Statement};
use uuid::Uuid;

use self::columns::{Ends, Events, Held, Inbox, Members, id_of};
use super::rebase::BETWEEN;
use super::{BEGIN, COMMIT, vector};
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

/// What other nodes wrote behind what a turn was decided on, of all its conversations at once: asked one after the
/// other while their rows were held, twenty of them kept all others waiting for a tenth of a second.
static MEANWHILE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM unnest($1::bytea[], $2::bigint[]) AS x (conversation, seq)
        CROSS JOIN LATERAL (
            SELECT conversation, seq, at, author, content FROM events
            WHERE conversation = x.conversation AND seq > x.seq ORDER BY seq LIMIT {BETWEEN}
        ) e JOIN users u ON u.id = e.author ORDER BY e.conversation, e.seq LIMIT {BETWEEN_ALL}",
        verbs::EVENT
    )
});

/// Messages of a turn's conversations together that may have come in between: 16 MiB at most, and more than
/// a turn has. The conversations behind these are read anew.
const BETWEEN_ALL: u64 = 1_000;

/// The whole of a turn.
const TURN: &str = concat!(include_str!("turn.sql"), include_str!("called.sql"));

/// The whole of a turn that changes no inbox, which is most of them and a quarter less work.
const SPOKEN: &str = concat!(include_str!("turn.sql"), "SELECT holds, CAST(ARRAY[] AS bytea[]) FROM turn");

type Id<'a> = &'a [u8];
type Parameter<'a> = &'a (dyn tokio_postgres::types::ToSql + Sync);

/// How far conversations have come, by the number of their last event.
pub(super) type Heads = HashMap<Uuid, i64>;

/// Who wrote the messages that are answered.
type Answered = HashMap<(Uuid, i64), UserId>;

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
    pub(super) heads: Heads,
    /// Whether a webhook is to be told.
    pub(super) has_hooks: bool,
    /// What others wrote meanwhile, in the columns of [`verbs::EVENT`], by conversation and in order.
    pub(super) meanwhile: Vec<Row>,
    answered: Answered,
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

    /// Whether it answers messages: whose inboxes it comes into, only the database knows.
    pub(super) fn answers(&self) -> bool {
        self.messages.iter().any(|plain| plain.message.reply_to.is_some())
    }

    /// The messages that are answered.
    fn replies(&self) -> Vec<(Id<'a>, i64)> {
        let answering =
            self.messages.iter().filter_map(|plain| Some((id_of(plain.event), plain.message.reply_to?)));
        answering.map(|(id, seq)| (id, verbs::int(seq.0))).collect()
    }

    /// Writes all of it at once and makes it last, if its conversations have come as far as this and no webhook
    /// is to be told; what followed. Otherwise nothing is written.
    pub(super) async fn commit_alone(
        &self,
        client: &Object,
        bases: &Heads,
    ) -> Result<Option<Committed>, Error> {
        let notices = self.notices(&Answered::new());
        let changes_inboxes = !notices.is_empty() || !self.marks.is_empty();
        let statement = client.prepare_cached(if changes_inboxes { TURN } else { SPOKEN }).await?;
        self.write(client, &statement, bases, notices).await
    }

    /// The same within a transaction that knows what was before, and ends it. `None` where something is
    /// otherwise than it was said to be.
    pub(super) async fn commit(
        &self,
        client: &Object,
        statements: &Statements,
        before: &Before,
    ) -> Result<Option<Committed>, Error> {
        // Both are sent at once, and both waited for: what fails after the first to fail says only that one did.
        let (written, end) = join!(
            self.write(client, &statements.turn, &before.heads, self.notices(&before.answered)),
            client.batch_execute(COMMIT),
        );
        let written = written?;
        end?;
        Ok(written)
    }

    async fn write(
        &self,
        client: &Object,
        statement: &Statement,
        bases: &Heads,
        notices: Vec<(&'a Event, Notice)>,
    ) -> Result<Option<Committed>, Error> {
        let (held, events, ends) = (Held::of(bases), Events::of(self), Ends::of(self));
        let (members, inbox) = (Members::of(self), Inbox::of(self, &notices));
        let (held, events, ends) = (held.parameters(), events.parameters(), ends.parameters());
        let (members, inbox) = (members.parameters(), inbox.parameters());
        let mut parameters = [&held[..], &events, &ends, &members, &inbox].concat();
        // Where no inbox changes, it takes none of the last ones.
        parameters.truncate(statement.params().len());
        let row = client.query_one(statement, &parameters).await?;
        if !row.try_get::<_, bool>(0)? {
            return Ok(None);
        }
        let notices: Vec<Notice> = notices.into_iter().map(|(_, notice)| notice).collect();
        let mut inboxes: Vec<UserId> = notices.iter().map(|notice| notice.user).collect();
        for user in row.try_get::<_, Vec<&[u8]>>(1)? {
            inboxes.push(UserId(Uuid::from_slice(user).unwrap_or_default()));
        }
        Ok(Some(Committed { notices, inboxes, ..Committed::default() }))
    }

    /// In whose inboxes which messages come.
    fn notices(&self, answered: &Answered) -> Vec<(&'a Event, Notice)> {
        let mut notices = Vec::new();
        // What answers a message of this very turn.
        let mut authors: HashMap<(ConversationId, Seq), UserId> = HashMap::new();
        for Plain { event, message, hearing, .. } in &self.messages {
            let (event, conversation, seq): (&'a Event, _, _) = (event, event.conversation, event.seq);
            let answered = message.reply_to.and_then(|of| {
                let here = authors.get(&(conversation, of)).copied();
                here.or_else(|| answered.get(&(conversation.0, verbs::int(of.0))).copied())
            });
            authors.insert((conversation, seq), event.author.id);
            let ties = Ties { answered, followers: Vec::new() };
            for (user, reason) in hearing.notices(event.author.id, &ties) {
                notices.push((event, Notice { user, conversation, seq, reason }));
            }
        }
        notices
    }

    /// Whether somebody's mark, moved by this very turn, is behind this message.
    fn has_read(&self, event: &Event, user: UserId) -> bool {
        self.marks.get(&(event.conversation.0, user.0)).is_some_and(|position| position.seq >= event.seq)
    }
}

impl Before {
    /// Begins a transaction and holds the conversations of a turn until its end; what is to be known first.
    pub(super) async fn begin(
        client: &Object,
        statements: &Statements,
        decided: &Heads,
        batch: Option<&Batch<'_>>,
    ) -> Result<Self, Error> {
        let (ids, bases): (Vec<Id<'_>>, Vec<i64>) =
            decided.iter().map(|(id, base)| (&id.as_bytes()[..], *base)).unzip();
        let replies = batch.map(Batch::replies).unwrap_or_default();
        let (places, seqs): (Vec<Id<'_>>, Vec<i64>) = replies.into_iter().unzip();
        let locked: [Parameter<'_>; 1] = [&ids];
        let based: [Parameter<'_>; 2] = [&ids, &bases];
        let replied: [Parameter<'_>; 2] = [&places, &seqs];
        let (begun, rows, meanwhile, hooks, authors) = join!(
            client.batch_execute(BEGIN),
            client.query(&statements.lock, &locked),
            client.query(&statements.meanwhile, &based),
            client.query_one(&statements.hooks, &locked),
            async {
                match places.is_empty() {
                    true => Ok(Vec::new()),
                    false => client.query(&statements.answered, &replied).await,
                }
            },
        );
        begun?;
        let (heads, answered) = (Heads::new(), Answered::new());
        let mut before = Self { heads, has_hooks: false, meanwhile: meanwhile?, answered };
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

/// All statements of a transaction, prepared: what is sent at once must have nothing to wait for in between, or
/// it would be sent behind the end of the transaction.
pub(super) struct Statements {
    lock: Statement,
    meanwhile: Statement,
    hooks: Statement,
    answered: Statement,
    turn: Statement,
}

impl Statements {
    /// Those of this connection, which prepares each once.
    pub(super) async fn of(client: &Object) -> Result<Self, Error> {
        let (lock, meanwhile, hooks, answered, turn) = try_join!(
            client.prepare_cached(LOCK),
            client.prepare_cached(&MEANWHILE),
            client.prepare_cached(HOOKS),
            client.prepare_cached(ANSWERED),
            client.prepare_cached(TURN),
        )?;
        Ok(Self { lock, meanwhile, hooks, answered, turn })
    }
}

fn id_in(row: &Row, column: usize) -> Result<Uuid, Error> {
    let bytes: &[u8] = row.try_get(column)?;
    Ok(Uuid::from_slice(bytes).unwrap_or_default())
}
