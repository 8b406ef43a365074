//! The engine's front desk: takes the interface's commands and hands out the answers.

use std::time::{SystemTime, UNIX_EPOCH};

use chat_proto::{Answer, ClientId, ConversationId, GetHistory, Timestamp};
use tokio::sync::oneshot;

use super::Engine;
use crate::cache::{CachedPage, Change};
use crate::client::{Command, RequestError};
use crate::disk::{Done, Job};
use crate::session::Ticket;
use crate::update::{Anchor, Delivery, Draft, History, Outgoing, Update};

/// Who waits for an answer.
pub(super) enum Waiter {
    /// For what the server says.
    Request(oneshot::Sender<Result<Box<Answer>, RequestError>>),
    /// For a page: first from the disk, then perhaps from the server.
    Page {
        conversation: ConversationId,
        anchor: Anchor,
        limit: u32,
        /// What the disk had of it.
        cached: Option<History>,
        answer: oneshot::Sender<Result<History, RequestError>>,
    },
}

impl Engine {
    pub(super) async fn command(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Request(request, answer) => {
                let ticket = self.ticket(Waiter::Request(answer));
                self.session.request(ticket, *request, now);
            }
            Command::Send(client_id, draft) => self.keep(client_id, *draft).await,
            Command::Retry(message) => self.session.retry(message, now),
            Command::Discard(message) => self.session.discard(message),
            Command::History { conversation, anchor, limit, answer } => {
                let cached = None;
                let ticket = self.ticket(Waiter::Page { conversation, anchor, limit, cached, answer });
                self.asked += 1;
                self.disk.give(Job::Page { ticket, conversation, anchor, limit }).await;
            }
            Command::MarkRead { conversation, seq } => self.session.mark_read(conversation, seq, now),
            Command::Typing { conversation, active } => self.session.typing(conversation, active, now),
            Command::SaveDraft { conversation, thread, text } => {
                self.disk.give(Job::Change(Change::Draft { conversation, thread, text })).await;
            }
            Command::Draft { conversation, thread, answer } => {
                self.disk.give(Job::Draft { conversation, thread, answer }).await;
            }
            Command::SaveNote { name, text } => {
                self.disk.give(Job::Change(Change::Note { name, text })).await;
            }
            Command::Note { name, answer } => self.disk.give(Job::Note { name, answer }).await,
            Command::Watch(users) => self.session.watch(users, now),
            Command::Presence(state) => self.session.set_presence(state, now),
            Command::Reconnect => self.reconnect(),
            // Taken by the loop itself.
            Command::Close(_) => {}
        }
    }

    /// Writes a message to the disk before anything else is done with it.
    async fn keep(&mut self, client_id: ClientId, draft: Draft) {
        let mut message = Outgoing::new(client_id, draft, wall_clock());
        if self.session.outbox_has_room() {
            self.asked += 1;
            self.disk.give(Job::Queue(message)).await;
        } else {
            let reason = "Too many messages wait to be sent; this one was not taken.".to_owned();
            message.delivery = Delivery::Failed { reason };
            self.tell(Update::Outgoing(message));
        }
    }

    pub(super) fn done(&mut self, done: Done) {
        self.asked = self.asked.saturating_sub(1);
        match done {
            Done::Queued(message, Ok(())) => self.session.queue(message, self.now()),
            Done::Queued(mut message, Err(cause)) => {
                let reason = format!("It could not be kept on this disk ({cause}); try again.");
                message.delivery = Delivery::Failed { reason };
                self.session.queue(message, self.now());
            }
            Done::Page(ticket, page) => self.page(ticket, page),
        }
    }

    /// The disk has read a page: it is answered if it is whole, else the server is asked.
    fn page(&mut self, ticket: Ticket, page: Option<CachedPage>) {
        let Some(waiter) = self.waiters.remove(&ticket) else { return };
        let Waiter::Page { conversation, anchor, limit, answer, .. } = waiter else { return };
        let complete = page.as_ref().is_some_and(|page| page.complete);
        let cached = page.map(|page| page.history);
        if complete || !self.session.is_ready() {
            // Nobody may want it any more.
            let _ = answer.send(offline(cached));
            return;
        }
        self.waiters.insert(ticket, Waiter::Page { conversation, anchor, limit, cached, answer });
        let ask = question(conversation, anchor, limit.min(self.session.history_page()));
        self.session.request(ticket, chat_proto::Request::GetHistory(ask), self.now());
    }

    pub(super) fn answer(&mut self, ticket: Ticket, answered: Result<Box<Answer>, RequestError>) {
        match self.waiters.remove(&ticket) {
            // In both cases nobody may want it any more.
            Some(Waiter::Request(answer)) => _ = answer.send(answered),
            Some(Waiter::Page { cached, answer, .. }) => _ = answer.send(history(answered, cached)),
            None => {}
        }
    }

    fn ticket(&mut self, waiter: Waiter) -> Ticket {
        self.tickets += 1;
        self.waiters.insert(self.tickets, waiter);
        self.tickets
    }
}

fn history(
    answered: Result<Box<Answer>, RequestError>,
    cached: Option<History>,
) -> Result<History, RequestError> {
    match answered.map(|answer| *answer) {
        Ok(Answer::GetHistory(page)) => {
            Ok(History { events: page.events, more_before: page.more_before, more_after: page.more_after })
        }
        Ok(_) | Err(RequestError::Offline) => offline(cached),
        Err(error) => Err(error),
    }
}

/// What the cache has is better than nothing.
fn offline(cached: Option<History>) -> Result<History, RequestError> {
    cached.filter(|history| !history.events.is_empty()).ok_or(RequestError::Offline)
}

fn question(conversation: ConversationId, anchor: Anchor, limit: u32) -> GetHistory {
    let (before, after, around) = match anchor {
        Anchor::Newest => (None, None, None),
        Anchor::Before(seq) => (Some(seq), None, None),
        Anchor::After(seq) => (None, Some(seq), None),
        Anchor::Around(seq) => (None, None, Some(seq)),
    };
    GetHistory { conversation, before, after, around, limit: Some(limit) }
}

fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
