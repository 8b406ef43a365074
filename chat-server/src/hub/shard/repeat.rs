//! What is answered to a request that was asked before, or that asks for what somebody else has.

use chat_proto::{Answer, ConversationId, ErrorCode, RoomName, Sent, Seq, WireError};
use tracing::{info, warn};

use super::delivery::refuse_all;
use super::turn::Outcome;
use super::{LOADED, Shard};
use crate::domain::{Command, not_found};
use crate::hub::Job;
use crate::hub::task::{Beginning, Task};
use crate::store::StoreError;

impl Shard {
    /// After a conflict: answers what repeats something, or asks for what somebody else has; gives back the rest.
    pub(super) async fn answer_repeats(&self, jobs: Vec<Job>) -> Vec<Job> {
        let mut rest = Vec::with_capacity(jobs.len());
        for job in jobs {
            match self.answer_of_first(&job).await {
                Ok(Some(Ok(answer))) => job.reply.ok(&answer),
                Ok(Some(Err(refusal))) => job.reply.error(&refusal),
                Ok(None) => rest.push(job),
                Err(cause) => refuse_all(&[job], &cause.to_string()),
            }
        }
        rest
    }

    /// A commit failed. Whether it was stored is not known where its answer was lost on the way: then who asks again
    /// is told that it was, and the others must be, too. Among nodes, the look at the store finds it.
    pub(super) fn note_untold(&mut self, outcomes: &[Outcome]) {
        if self.nodes.is_some() || self.untold.len() >= LOADED {
            return;
        }
        for outcome in outcomes {
            if let Outcome::Happened(event) = outcome {
                let before = Seq(event.seq.0.saturating_sub(1));
                let told = self.untold.entry(event.conversation).or_insert(before);
                *told = before.min(*told);
            }
        }
    }

    /// Tells what turned out to be stored where these ask for something.
    pub(super) async fn tell_untold(&mut self, jobs: &[Job]) {
        if self.untold.is_empty() {
            return;
        }
        for conversation in jobs.iter().map(|job| job.conversation) {
            let Some(told) = self.untold.remove(&conversation) else { continue };
            match self.tell_from_store(conversation, told, None).await {
                Ok(0) => {}
                Ok(events) => info!(%conversation, events, "what a failed commit had stored is told"),
                Err(cause) => {
                    warn!(%conversation, %cause, "cannot see what a failed commit has stored; looks again");
                    self.untold.insert(conversation, told);
                }
            }
        }
    }

    /// After a conflict: the answer that the first such request got, or why this one is refused;
    /// `None` if only a number was taken.
    pub(super) async fn answer_of_first(
        &self,
        job: &Job,
    ) -> Result<Option<Result<Answer, WireError>>, StoreError> {
        let author = job.actor.person.id;
        if let Some(client_id) = job.task.client_id()
            && let Some(first) = self.store.first_use(author, client_id).await?
        {
            let is_send = matches!(job.task, Task::Send(_));
            if is_send != first.is_message || (is_send && first.conversation != job.conversation) {
                return Ok(Some(Err(WireError::new(
                    ErrorCode::ClientIdReused,
                    "This client_id was used before for something else; use a new one.",
                ))));
            }
            if is_send {
                let sent =
                    Sent { conversation: first.conversation, seq: first.seq, at: first.at, duplicate: true };
                return Ok(Some(Ok(Answer::SendMessage(sent))));
            }
            return self.existing(job, first.conversation).await.map(Some);
        }
        match &job.task {
            Task::Command(Command::Rename(name)) => self.name_taken(name).await,
            Task::Begin(beginning) => match &beginning.name {
                Some(name) => self.name_taken(name).await,
                None => self.same_people(job, beginning).await,
            },
            _ => Ok(None),
        }
    }

    async fn same_people(
        &self,
        job: &Job,
        beginning: &Beginning,
    ) -> Result<Option<Result<Answer, WireError>>, StoreError> {
        let others = beginning.with.iter().map(|person| person.id);
        let people = others.chain([job.actor.person.id]).collect();
        match self.store.direct_of(people).await? {
            Some(direct) => self.existing(job, direct).await.map(Some),
            None => Ok(None),
        }
    }

    async fn name_taken(&self, name: &RoomName) -> Result<Option<Result<Answer, WireError>>, StoreError> {
        if self.store.room_named(name.clone()).await?.is_none() {
            return Ok(None);
        }
        let message = format!("There is already a room called #{name}. Join it, or choose another name.");
        Ok(Some(Err(WireError::new(ErrorCode::NameTaken, message))))
    }

    /// The conversation as the one who asked is shown it.
    pub(super) async fn existing(
        &self,
        job: &Job,
        id: ConversationId,
    ) -> Result<Result<Answer, WireError>, StoreError> {
        let found = self.store.conversation(job.actor.person.id, id).await?;
        let shown = found.map(|mut conversation| {
            if !job.reply.reads {
                conversation.last_message = None;
            }
            job.task.conversation_answer(conversation)
        });
        Ok(shown.ok_or_else(not_found))
    }
}
