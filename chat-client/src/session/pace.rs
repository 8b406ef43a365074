//! When the session asks and when it gives up: what may be sent now, and how long anything may take.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use chat_proto::{ConversationId, GetConversation, ListConversations, Seq};

use super::replica::Replica;
use super::{End, Now, Pending, Phase, Purpose, Session};
use crate::update::{Connection, Update};

/// How long a server may take for any answer; more means that the connection is broken.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long after the upgrade the hello may take.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// Background requests under way at once: enough to fill a line, too few to crowd out a person.
const BACKGROUND: usize = 4;

impl Session {
    /// When [`Session::tick`] must be called at the latest. What could be asked when it was last looked has
    /// been asked, so only later times count; one may be over by now.
    pub(crate) fn deadline(&self) -> Option<Now> {
        if self.phase == Phase::Offline {
            return None;
        }
        let hello = (self.phase == Phase::Opening).then(|| self.opened + HELLO_TIMEOUT);
        let silence = (self.silence != Duration::MAX).then(|| self.heard + self.silence);
        let answer = self.pending.values().map(|pending| pending.since + ANSWER_TIMEOUT).min();
        let is_held = self.phase == Phase::Ready && self.hold > self.pumped && self.wants_background();
        let hold = is_held.then_some(self.hold);
        let resend = (self.phase == Phase::Ready).then(|| self.outbox.next_try(self.pumped)).flatten();
        [hello, silence, answer, hold, resend].into_iter().flatten().min()
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: Now) {
        if self.phase == Phase::Offline {
            return;
        }
        let reason = if self.phase == Phase::Opening && now >= self.opened + HELLO_TIMEOUT {
            Some("The server said no hello; perhaps the address is another program's.")
        } else if self.silence != Duration::MAX && now >= self.heard + self.silence {
            Some("Nothing was heard from the server; the line is dead.")
        } else if self.pending.values().any(|pending| now >= pending.since + ANSWER_TIMEOUT) {
            Some("The server did not answer in time.")
        } else {
            None
        };
        match reason {
            Some(reason) => self.end(End::Retry { reason: reason.to_owned(), after: None }),
            None => self.pump(now),
        }
    }

    /// Asks for whatever is wanted and may be asked now.
    pub(super) fn pump(&mut self, now: Now) {
        if self.phase != Phase::Ready {
            return;
        }
        self.pumped = now;
        self.pump_outbox(now);
        if now >= self.hold {
            if std::mem::take(&mut self.restate) {
                self.say_state(now);
            }
            self.pump_marks(now);
            self.pump_background(now);
        }
        if !self.online && self.gaps.is_empty() {
            self.online = true;
            self.tell(Update::Connection(Connection::Online));
        }
    }

    fn wants_background(&self) -> bool {
        let listing = self.pending.values().any(|pending| pending.purpose == Purpose::List);
        (self.cursor.is_some() && !listing)
            || !self.rows.is_empty()
            || self.restate
            || self.invited.wants()
            || self.marks.wants()
            || self.has_unfetched_gap()
    }

    fn pump_background(&mut self, now: Now) {
        let mut free = BACKGROUND.saturating_sub(self.background());
        while free > 0
            && let Some(conversation) = self.next_row()
        {
            self.ask(Purpose::Row(conversation), GetConversation { conversation }, now);
            free -= 1;
        }
        free = self.pump_gaps(free, now);
        if free > 0 && self.pump_invitations(now) {
            free -= 1;
        }
        let listing = self.pending.values().any(|pending| pending.purpose == Purpose::List);
        if free > 0
            && !listing
            && let Some(cursor) = self.cursor.clone()
        {
            let limit = Some(self.limits.list_page);
            self.ask(Purpose::List, ListConversations { cursor: Some(cursor), limit }, now);
        }
    }

    fn background(&self) -> usize {
        let background = |pending: &&Pending| {
            matches!(
                pending.purpose,
                Purpose::List | Purpose::Row(_) | Purpose::Missed(_) | Purpose::Invitations
            )
        };
        self.pending.values().filter(background).count()
    }

    pub(super) fn positions(&self, most: usize) -> BTreeMap<ConversationId, Seq> {
        let mut known: Vec<&Replica> = self.replicas.values().collect();
        known.sort_by_key(|replica| Reverse(replica.row.active_at));
        known.into_iter().take(most).map(|replica| (replica.row.id, replica.have)).collect()
    }
}
