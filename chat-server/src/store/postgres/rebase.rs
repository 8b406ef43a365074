//! A turn that another node was first in: what of it still holds, once the rows of its conversations are held.
//!
//! 1. Messages behind nothing but messages of others keep what was decided, and get the next numbers.
//! 2. Read marks are counted anew: a message may have been deleted meanwhile. What came between goes into memory first
//!    here, too: what is unread behind a mark is counted there.
//! 3. Of all else nothing is written, and who decided it decides anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chat_proto::{ConversationId, Event, Seq};
use tokio_postgres::Row;
use uuid::Uuid;

use super::batch::Heads;
use crate::domain::rebase::commute;
use crate::store::sql::{self, Connection};
use crate::store::{Committed, Rebased, StoreError, Write, verbs};

/// Messages that may have come in between. A node that is further behind reads the conversation anew, which is
/// then less than these.
pub(super) const BETWEEN: u64 = 100;

/// Where a turn is behind: what it was decided on, and how far the conversation has come since, by conversation.
#[derive(Debug)]
pub(super) struct Behind(BTreeMap<Uuid, (i64, i64)>);

/// What is left of a turn to be written, and what is to be said of it.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) writes: Vec<Write>,
    pub(super) committed: Committed,
}

impl Behind {
    /// Compares what a turn was decided on with the numbers that its conversations have come to.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a conversation is gone.
    pub(super) fn find(decided: &Heads, heads: &Heads) -> Result<Self, StoreError> {
        let mut behind = BTreeMap::new();
        for (id, base) in decided {
            let head = heads.get(id).ok_or(StoreError::Conflict)?;
            if head != base {
                behind.insert(*id, (*base, *head));
            }
        }
        Ok(Self(behind))
    }

    /// Which conversations.
    pub(super) fn conversations(&self) -> impl Iterator<Item = Uuid> {
        self.0.keys().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says what becomes of a turn, of whose conversations others wrote this meanwhile.
    pub(super) fn settle(
        &self,
        db: &Connection,
        writes: &[Write],
        meanwhile: &[Row],
    ) -> sql::Result<Settled> {
        let mut came: HashMap<ConversationId, Vec<Event>> = HashMap::new();
        for row in meanwhile {
            let event = verbs::event(&sql::Row::Postgres(row), 0)?;
            came.entry(event.conversation).or_default().push(event);
        }
        let mut committed = Committed::default();
        let mut moves: BTreeMap<Uuid, (u64, u64)> = BTreeMap::new();
        for (id, (base, head)) in &self.0 {
            let conversation = ConversationId(*id);
            let own: Vec<&Write> = writes.iter().filter(|write| place(write) == Some(conversation)).collect();
            let came = came.remove(&conversation).unwrap_or_default();
            match between((*base, *head), &own, came) {
                Some(onto) => {
                    let lines = onto.iter().filter(|event| is_in_main_line(event)).count() as u64;
                    moves.insert(*id, (onto.len() as u64, lines));
                    let notices = match onto.iter().any(concerns_somebody) {
                        true => verbs::notices(
                            db,
                            conversation,
                            Seq(base.unsigned_abs()),
                            Seq(head.unsigned_abs()),
                        )?,
                        // Nearly always: not asked.
                        false => Vec::new(),
                    };
                    committed.rebased.push(Rebased { conversation, onto, notices });
                }
                // Marks hold whatever came between, but who is told of them counts on what is in memory.
                None if own.iter().all(|write| matches!(write, Write::Read { .. })) => {
                    committed.recounted.push(conversation);
                }
                None => committed.overtaken.push(conversation),
            }
        }
        let mut settled = Settled { writes: Vec::with_capacity(writes.len()), committed };
        for write in writes {
            self.settle_one(db, write, &moves, &mut settled)?;
        }
        Ok(settled)
    }

    fn settle_one(
        &self,
        db: &Connection,
        write: &Write,
        moves: &BTreeMap<Uuid, (u64, u64)>,
        settled: &mut Settled,
    ) -> sql::Result<()> {
        let place = place(write);
        if place.is_some_and(|place| settled.committed.overtaken.contains(&place)) {
            return Ok(());
        }
        let mut write = write.clone();
        match &mut write {
            Write::Event { event, messages, .. } => {
                if let Some((up, lines)) = moves.get(&event.conversation.0) {
                    event.seq.0 += up;
                    *messages += lines;
                }
            }
            Write::Read { conversation, user, position, .. } if self.0.contains_key(&conversation.0) => {
                if let Some(counted) = verbs::read_position(db, *conversation, *user, position.seq)? {
                    *position = counted;
                    settled.committed.marks.push((*conversation, *user, counted));
                }
            }
            _ => {}
        }
        settled.writes.push(write);
        Ok(())
    }
}

/// What came between, if a turn's messages can be put behind it.
fn between((base, head): (i64, i64), own: &[&Write], came: Vec<Event>) -> Option<Vec<Event>> {
    let count = head.abs_diff(base);
    // A mark behind one of the turn's own messages would have to move with it.
    let stays = |write: &&Write| match write {
        Write::Event { .. } => true,
        Write::Read { position, .. } => position.seq.0 <= base.unsigned_abs(),
        Write::Begin { .. } | Write::Note(_) => false,
    };
    let events = own.iter().filter_map(|write| match write {
        Write::Event { event, .. } => Some(event),
        _ => None,
    });
    // Where not all of it was read, it is more than these.
    let is_all = count > 0 && came.len() as u64 == count;
    (is_all && own.iter().all(stays) && commute(events, &came)).then_some(came)
}

/// Whether a message can have come into an inbox.
fn concerns_somebody(event: &Event) -> bool {
    event.message().is_some_and(|message| {
        let is_tied = message.reply_to.is_some() || message.thread.is_some();
        is_tied || message.call.is_some() || !message.mentions.is_empty()
    })
}

fn is_in_main_line(event: &Event) -> bool {
    event.message().is_some_and(|message| message.thread.is_none())
}

/// On what a turn was decided, of the conversations that it changes and that there are already.
pub(super) fn decided_on(writes: &[Write]) -> Heads {
    let (mut heads, mut begun) = (Heads::new(), BTreeSet::new());
    for write in writes {
        match write {
            Write::Begin { event, .. } => drop(begun.insert(event.conversation.0)),
            Write::Event { event, .. } => {
                heads.entry(event.conversation.0).or_insert(verbs::int(event.seq.0) - 1);
            }
            Write::Read { conversation, as_of, .. } => {
                heads.entry(conversation.0).or_insert(verbs::int(as_of.0));
            }
            Write::Note(_) => {}
        }
    }
    heads.retain(|id, _| !begun.contains(id));
    heads
}

/// Which conversation a change is of.
fn place(write: &Write) -> Option<ConversationId> {
    match write {
        Write::Begin { event, .. } | Write::Event { event, .. } => Some(event.conversation),
        Write::Read { conversation, .. } => Some(*conversation),
        Write::Note(note) => note.conversation,
    }
}
