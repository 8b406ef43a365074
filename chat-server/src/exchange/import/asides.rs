//! What people keep and where they stand, as it is called here.

use anyhow::{bail, ensure};
use chat_proto::{Notify, Seq, UserId};

use super::{BATCH, Importer, SERVER};
use crate::store::{Aside, ConversationRecord, Group, Place, Translation, Untranslated};

impl Importer {
    /// Takes a line beside the logs in, if what it is about came with this export.
    pub(super) async fn aside(&mut self, aside: &Aside) -> anyhow::Result<()> {
        let mut open = self.open.take();
        let comes = match aside.kind.group() {
            Group::Accounts => {
                ensure!(open.is_none(), "it comes after the conversations");
                self.is_unclaimed(aside)
            }
            Group::Conversation => {
                let Some(open) = &mut open else { bail!("it comes before its conversation") };
                ensure!(aside.conversation() == Some(open.record.id), "it is of another conversation");
                self.settle(open).await?;
                // Where nothing new came, people have gone on since.
                open.is_settled
            }
            Group::End => true,
        };
        self.open = open;
        if !comes {
            return Ok(());
        }
        let user = |id: UserId| if id == SERVER { Some(id) } else { Some(self.users.get(&id)?.id) };
        let to = Translation { user: &user, conversation: &|id| self.places.get(&id).copied() };
        match aside.translated(&to) {
            Ok(aside) => self.asides.push(aside),
            Err(Untranslated::Stranger) => self.report.leave_out("lines about what is not in the export"),
            Err(cause) => return Err(cause.into()),
        }
        if self.asides.len() >= BATCH { self.write_asides().await } else { Ok(()) }
    }

    /// Whether the line is about an account which is as the export says. A file neither bans somebody
    /// who is here already nor opens another door to their account.
    fn is_unclaimed(&mut self, aside: &Aside) -> bool {
        let here = aside.subject().and_then(|user| self.users.get(&user));
        let is_unclaimed = here.is_some_and(|person| self.unclaimed.contains(&person.id));
        if !is_unclaimed {
            self.report.leave_out("blocks, bans and logins at a provider of accounts that are in use here");
        }
        is_unclaimed
    }

    /// Writes the lines that wait.
    pub(super) async fn write_asides(&mut self) -> anyhow::Result<()> {
        if !self.asides.is_empty() {
            self.report.asides += self.store.import_asides(std::mem::take(&mut self.asides)).await?;
        }
        Ok(())
    }

    /// How far the members of a conversation have read, and what they think of it.
    pub(super) async fn marks(&mut self, record: &ConversationRecord, place: &Place) -> anyhow::Result<()> {
        let mut reads = Vec::new();
        for member in &record.members {
            let (user, marks, conversation) =
                (self.person(member.user)?.id, member.marks, place.conversation);
            if marks.starred {
                self.store.set_star(user, conversation, true).await?;
            }
            if marks.notify != Notify::default() {
                self.store.set_notify(user, conversation, marks.notify).await?;
            }
            let Some(seq) = marks.read else { continue };
            let seq = Seq(seq.0.saturating_add(place.shift));
            let position = self.store.read_position(conversation, user, seq).await?;
            reads.extend(position.map(|position| (user, position)));
            if reads.len() >= BATCH {
                self.store.import_marks(conversation, std::mem::take(&mut reads)).await?;
            }
        }
        Ok(self.store.import_marks(place.conversation, reads).await?)
    }
}
