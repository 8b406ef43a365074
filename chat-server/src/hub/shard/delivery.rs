//! Answering and delivering what was committed.

use std::time::Instant;

use chat_proto::{
    Answer, ConversationId, Event, EventKind, Person, Push, ReadState, ServerFrame, UserId, limits,
};
use tracing::{Instrument, debug_span, error, warn};

use super::Shard;
use super::turn::Outcome;
use crate::domain::not_found;
use crate::hub::held::HELD_FROM;
use crate::hub::nodes::news::{News, Typing};
use crate::hub::outbox::{Copies, Frame, Outbox};
use crate::hub::task::Task;
use crate::hub::{Job, SessionKey, now, unavailable};
use crate::metrics::metrics;
use crate::store::{Committed, READ_MARKS_SHOWN_UP_TO, StoreError};

impl Shard {
    pub(super) async fn deliver(&mut self, jobs: Vec<Job>, outcomes: Vec<Outcome>, committed: Committed) {
        let span = debug_span!("delivery", changes = jobs.len());
        self.deliver_all(jobs, outcomes, committed).instrument(span).await;
    }

    async fn deliver_all(&mut self, jobs: Vec<Job>, outcomes: Vec<Outcome>, committed: Committed) {
        let began = Instant::now();
        self.share(&jobs, &outcomes, &committed).await;
        let called = self.called(&outcomes, &committed);
        let stale = self.recount(&committed).await;
        for (job, outcome) in jobs.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Refused(refusal) | Outcome::Repeated(Err(refusal)) => job.reply.error(&refusal),
                Outcome::Repeated(Ok(answer)) => job.reply.ok(&answer),
                Outcome::Unchanged => self.deliver_unchanged(&job).await,
                Outcome::Began { members, event } => self.deliver_begin(&job, &members, &event).await,
                Outcome::Happened(event) => self.deliver_event(&job, &event).await,
                Outcome::Read => self.deliver_read(&job),
                Outcome::Behind => job.reply.error(&unavailable()),
            }
            job.is_answered();
        }
        self.forget(&stale);
        self.tell_called(called);
        self.tell_threads(&committed);
        self.tell_inboxes(committed).await;
        metrics().delivery_seconds.since(began);
    }

    /// Somebody is writing, or stopped, which whoever may not write here does not say.
    pub(super) async fn typing(&mut self, conversation: ConversationId, user: Person, active: bool) {
        let now = now();
        if self.policy.may_write(user.id, now).is_ok()
            && let Ok(Some(room)) = self.room(conversation).await
            && room.members.contains_key(&user.id)
            && room.not_muted(user.id, now).is_ok()
        {
            if let Some(nodes) = &self.nodes {
                let typing = Typing { conversation, user: user.clone(), active };
                nodes.publish(conversation, &News::Typing(typing));
            }
            self.tell_typing(conversation, user, active);
        }
    }

    /// Tells the other members that somebody is writing, or stopped.
    pub(super) fn tell_typing(&mut self, conversation: ConversationId, user: Person, active: bool) {
        let Some(room) = self.rooms.get(&conversation) else { return };
        let author = user.id;
        let mut copies = Copies::of(ServerFrame::encode_push(&Push::Typing { conversation, user, active }));
        let is_told = |member: &&UserId| {
            **member != author && self.policy.share(author, **member, |shows| shows.typing)
        };
        for member in room.members.keys().filter(is_told) {
            for (_, outbox) in self.sessions(*member) {
                copies.push_signal(outbox);
            }
        }
        let members = room.members.len();
        self.wake(copies, members);
    }

    async fn deliver_unchanged(&self, job: &Job) {
        if matches!(job.task, Task::MarkRead(_)) {
            return self.answer_read_state(job);
        }
        match self.rooms.get(&job.conversation).and_then(|room| job.task.answer_unchanged(room)) {
            Some(answer) => job.reply.ok(&answer),
            None => self.show(job).await,
        }
    }

    async fn deliver_begin(&mut self, job: &Job, members: &[UserId], event: &Event) {
        self.show(job).await;
        for member in members {
            self.try_tell_added(*member, event.conversation, job.reply.session).await;
        }
        self.broadcast(event);
    }

    async fn deliver_event(&mut self, job: &Job, event: &Event) {
        match job.task.answer(event) {
            Some(answer) => job.reply.ok(&answer),
            None => self.show(job).await,
        }
        let conversation = event.conversation;
        self.tell_gone(event, job.reply.session);
        match &event.what {
            EventKind::Joined => self.try_tell_added(event.author.id, conversation, job.reply.session).await,
            EventKind::Invited { user } => self.tell_invited(user.id, conversation, job.reply.session).await,
            _ => {}
        }
        self.broadcast(event);
    }

    /// Gives one event, encoded once, to every connection of every member.
    pub(super) fn broadcast(&mut self, event: &Event) {
        if self.waits(event) {
            return;
        }
        self.give(event.conversation, ServerFrame::encode_push(&Push::Event(event.clone())));
    }

    /// Gives a frame to every connection of every member.
    pub(super) fn give(&mut self, conversation: ConversationId, frame: String) {
        let Some(room) = self.rooms.get(&conversation) else { return };
        let mut copies = Copies::of(frame);
        for member in room.members.keys() {
            for (_, outbox) in self.sessions(*member) {
                copies.push(outbox);
            }
        }
        let members = room.members.len();
        self.wake(copies, members);
    }

    /// Has so many members read what was put into their outboxes, at once or somewhat later.
    fn wake(&mut self, copies: Copies, members: usize) {
        if members >= HELD_FROM {
            self.held.add(copies.takers());
        }
    }

    fn deliver_read(&mut self, job: &Job) {
        self.answer_read_state(job);
        self.tell_read(job.actor.person.id, job.conversation, job.reply.session);
    }

    /// Tells a member's connections, other than that one, and the other members how far they have
    /// read.
    pub(super) fn tell_read(&mut self, user: UserId, conversation: ConversationId, except: SessionKey) {
        let Some(room) = self.rooms.get(&conversation) else { return };
        let Some(member) = room.members.get(&user) else { return };
        let unread = Push::Unread {
            conversation: room.id,
            read: member.read,
            unread: member.unread(room.messages),
            mentions: member.mentions,
        };
        self.tell_others_of(user, except, &unread);
        if room.members.len() as u64 > READ_MARKS_SHOWN_UP_TO {
            return;
        }
        let read = Push::Read { conversation: room.id, user, seq: member.read };
        let mut copies = Copies::of(ServerFrame::encode_push(&read));
        let is_told = |other: &&UserId| {
            **other != user && self.policy.share(user, **other, |shows| shows.read_receipts)
        };
        for other in room.members.keys().filter(is_told) {
            for (_, outbox) in self.sessions(*other) {
                copies.push(outbox);
            }
        }
        let members = room.members.len();
        self.wake(copies, members);
    }

    fn answer_read_state(&self, job: &Job) {
        let state = self.rooms.get(&job.conversation).and_then(|room| {
            let member = room.members.get(&job.actor.person.id)?;
            Some(ReadState {
                conversation: room.id,
                read: member.read,
                unread: member.unread(room.messages),
                mentions: member.mentions,
            })
        });
        match state {
            Some(state) => job.reply.ok(&Answer::MarkRead(state)),
            None => job.reply.error(&not_found()),
        }
    }

    /// Answers with the conversation as the asking member sees it now.
    async fn show(&self, job: &Job) {
        match self.existing(job, job.conversation).await {
            Ok(Ok(answer)) => job.reply.ok(&answer),
            Ok(Err(refusal)) => job.reply.error(&refusal),
            Err(cause) => refuse_all(std::slice::from_ref(job), &cause.to_string()),
        }
    }

    /// As [`tell_added`](Self::tell_added), where an error leads to nothing else.
    pub(super) async fn try_tell_added(
        &self,
        user: UserId,
        conversation: ConversationId,
        except: SessionKey,
    ) {
        if let Err(cause) = self.tell_added(user, conversation, except).await {
            // They learn it from the first event, or at their next login.
            warn!(%cause, "could not show a new conversation");
        }
    }

    /// Tells a person's connections, other than the asking one, that they are a member now.
    ///
    /// # Errors
    /// The store's; then they were not told.
    pub(super) async fn tell_added(
        &self,
        user: UserId,
        conversation: ConversationId,
        except: SessionKey,
    ) -> Result<(), StoreError> {
        if self.sessions(user).all(|(session, _)| *session == except) {
            return Ok(());
        }
        if let Some(conversation) = self.store.conversation(user, conversation).await? {
            self.tell_others_of(user, except, &Push::ConversationAdded { conversation });
        }
        Ok(())
    }

    /// Tells a person that they are asked into a room.
    pub(super) async fn tell_invited(&self, user: UserId, conversation: ConversationId, except: SessionKey) {
        if self.sessions(user).next().is_none() {
            return;
        }
        match self.store.invitations(user, limits::INVITATIONS).await {
            Ok(invitations) => {
                let new = invitations.into_iter().find(|invitation| invitation.conversation == conversation);
                if let Some(invitation) = new {
                    self.tell_others_of(user, except, &Push::Invitation { invitation });
                }
            }
            // They find it in the list of invitations.
            Err(cause) => warn!(%cause, "could not show an invitation"),
        }
    }

    /// Tells whoever is no member any more after this event, and parts them from those who are.
    pub(super) fn tell_gone(&self, event: &Event, except: SessionKey) {
        if let Some(user) = gone(event) {
            let conversation = event.conversation;
            self.tell_others_of(user, except, &Push::ConversationRemoved { conversation });
            self.presence.left(user);
        }
    }

    pub(super) fn tell_others_of(&self, user: UserId, except: SessionKey, push: &Push) {
        let frame: Frame = ServerFrame::encode_push(push).into();
        for (_, outbox) in self.sessions(user).filter(|(session, _)| **session != except) {
            outbox.push(frame.clone());
        }
    }

    /// A person's connections that are told what happens.
    pub(super) fn sessions(&self, user: UserId) -> impl Iterator<Item = (&SessionKey, &Outbox)> {
        let connections = self.online.get(&user).into_iter().flatten();
        connections.filter(|listener| listener.reads).map(|listener| (&listener.session, &listener.outbox))
    }
}

/// Who is no member any more after this event, if it ends that for somebody.
pub(super) fn gone(event: &Event) -> Option<UserId> {
    match &event.what {
        EventKind::Left => Some(event.author.id),
        EventKind::Removed { user, .. } | EventKind::Banned { user, removed: true, .. } => Some(user.id),
        _ => None,
    }
}

/// The store failed: nothing of these was done.
pub(super) fn refuse_all(jobs: &[Job], cause: &str) {
    error!(cause, requests = jobs.len(), "the store failed; the requests were refused");
    for job in jobs {
        job.reply.error(&unavailable());
    }
}
