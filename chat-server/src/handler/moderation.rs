//! Keeping order on the whole server, reports, and the log of such acts.
//!
//! What is done here is carried through also when the connection that asked for it is cut: a ban
//! that is stored is always told to every shard.

use std::sync::Arc;
use std::time::Duration;

use chat_proto::{
    Answer, AuditDetails, AuditPage, BanPage, CloseReport, ConversationId, CreateReport, Done, ErrorCode,
    ListAudit, ListBans, ListReports, Person, Purge, Purged, Push, Report, ReportId, ReportPage, Role,
    RoomRole, Seq, Timestamp, Topic, UserName, WireError, limits,
};
use tracing::info;
use uuid::Uuid;

use super::query::list_limit;
use super::{App, Caller, Handled, carry_through, store_failed};
use crate::domain::audit::Note;
use crate::domain::moderation::{Penalty, may_punish, must_be_admin};
use crate::domain::{Actor, not_found};
use crate::hub::{Ending, now};
use crate::store::{BanKind, NewReport, ReportCursor, Reported};

/// Messages deleted in one turn of a shard; the others' requests come between two of these.
const PURGE_BATCH: usize = 50;

/// The pause between two batches, so that a large purge reaches people's lines as a stream that
/// they can read, and not as a flood that cuts them.
const PURGE_PAUSE: Duration = Duration::from_millis(20);

impl App {
    /// Bans or mutes an account on the whole server.
    pub(super) async fn punish(
        self: &Arc<Self>,
        caller: &Caller,
        kind: BanKind,
        name: &UserName,
        for_s: Option<u32>,
        reason: Topic,
    ) -> Result<Handled, WireError> {
        let user = self.weaker_person(caller, name).await?;
        let at = now();
        let penalty = Penalty::new(for_s, reason, at);
        let act = match kind {
            BanKind::Ban => "server_ban",
            BanKind::Mute => "server_mute",
        };
        let note = Note::new(caller.person.id, act, Some(user.id), at)
            .because(penalty.reason.clone())
            .with(AuditDetails { until: penalty.until, ..AuditDetails::default() });
        let app = self.clone();
        carry_through(async move {
            let _turn = app.hub.policy_turn().await;
            if !app.store.punish(kind, user.id, penalty.clone(), note).await.map_err(store_failed)? {
                return Err(forbidden(
                    "As many accounts are banned or muted as can be; end one of these first.",
                ));
            }
            app.hub.tell_policy(&kind.change(user.id, Some(penalty))).await;
            if kind == BanKind::Ban {
                app.hub.end(user.id, Ending::Banned).await;
                // What they left running goes with them.
                for bot in app.store.bots(Some(user.id)).await.map_err(store_failed)? {
                    app.hub.end(bot.user.id, Ending::All).await;
                }
            }
            info!(user = %user.id, act, "an account was restricted");
            Ok(())
        })
        .await?;
        Ok(Answer::BanUser(Done {}).into())
    }

    /// Ends a ban or mute on the whole server.
    pub(super) async fn pardon(
        self: &Arc<Self>,
        caller: &Caller,
        kind: BanKind,
        name: &UserName,
    ) -> Result<Handled, WireError> {
        let user = self.weaker_person(caller, name).await?;
        let act = match kind {
            BanKind::Ban => "server_unban",
            BanKind::Mute => "server_unmute",
        };
        let note = Note::new(caller.person.id, act, Some(user.id), now());
        let app = self.clone();
        carry_through(async move {
            let _turn = app.hub.policy_turn().await;
            app.store.pardon(kind, user.id, note).await.map_err(store_failed)?;
            app.hub.tell_policy(&kind.change(user.id, None)).await;
            Ok(())
        })
        .await?;
        Ok(Answer::UnbanUser(Done {}).into())
    }

    pub(super) async fn list_bans(&self, caller: &Caller, ask: ListBans) -> Result<Handled, WireError> {
        match ask.conversation {
            // Bans are the business of a room's own people.
            Some(room) => {
                let role = self.store.room_role(room, caller.person.id).await.map_err(store_failed)?;
                let role = role.ok_or_else(not_found)?;
                if role < RoomRole::Moderator && caller.role < Role::Admin {
                    return Err(moderators_only());
                }
            }
            None => must_be_admin(caller.role)?,
        }
        let kind = if ask.mutes { BanKind::Mute } else { BanKind::Ban };
        let page = self
            .store
            .bans(ask.conversation, kind, ask.after, list_limit(ask.limit), now())
            .await
            .map_err(store_failed)?;
        Ok(Answer::ListBans(BanPage { bans: page.rows, more: page.more }).into())
    }

    pub(super) async fn purge(self: &Arc<Self>, caller: &Caller, ask: Purge) -> Result<Handled, WireError> {
        let user = match ask.conversation {
            None => self.weaker_person(caller, &ask.user).await?,
            Some(room) => {
                self.must_keep_order(caller, room).await?;
                self.visible_person(caller, &ask.user).await?
            }
        };
        let within_s = ask.within_s.unwrap_or(limits::PURGE_S);
        if within_s > limits::PURGE_S {
            let message = format!("A purge reaches back at most {} seconds.", limits::PURGE_S);
            return Err(WireError::new(ErrorCode::Invalid, message));
        }
        let at = now();
        let since = Timestamp(at.0 - i64::from(within_s) * 1_000);
        let note = Note::new(caller.person.id, "purge", Some(user.id), at)
            .within(ask.conversation)
            .because(ask.reason)
            .with(AuditDetails { within_s: Some(within_s), ..AuditDetails::default() });
        let (app, actor, place) = (self.clone(), caller.actor(), ask.conversation);
        let purged =
            carry_through(async move { app.purge_all(actor, user, place, since, note).await }).await?;
        Ok(Answer::Purge(purged).into())
    }

    async fn purge_all(
        &self,
        actor: Actor,
        user: Person,
        place: Option<ConversationId>,
        since: Timestamp,
        mut note: Note,
    ) -> Result<Purged, WireError> {
        let limit = limits::PURGED_MESSAGES;
        let mut found =
            self.store.written_since(user.id, place, since, limit + 1).await.map_err(store_failed)?;
        let more = found.len() > limit;
        found.truncate(limit);
        // Kept before the first message goes, so that none goes without it.
        note.details.messages = Some(found.len() as u64);
        self.store.note(note).await.map_err(store_failed)?;
        found.sort_unstable();
        let mut deleted = 0;
        let of_one_place = |a: &(ConversationId, Seq), b: &(ConversationId, Seq)| a.0 == b.0;
        for messages in found.chunk_by(of_one_place) {
            for batch in messages.chunks(PURGE_BATCH) {
                let (conversation, seqs) = (batch[0].0, batch.iter().map(|(_, seq)| *seq).collect());
                deleted += self.hub.purge(conversation, actor.clone(), seqs).await?;
                if found.len() > PURGE_BATCH {
                    tokio::time::sleep(PURGE_PAUSE).await;
                }
            }
        }
        info!(user = %user.id, deleted, "messages were purged");
        Ok(Purged { deleted, more })
    }

    pub(super) async fn create_report(
        &self,
        caller: &Caller,
        ask: CreateReport,
    ) -> Result<Handled, WireError> {
        let CreateReport { conversation, seq, reason } = ask;
        // Ids sort by time, as the list does.
        let id = ReportId(Uuid::now_v7());
        let new = NewReport { id, conversation, seq, by: caller.person.id, at: now(), reason };
        match self.store.report(new).await.map_err(store_failed)?.ok_or_else(not_found)? {
            Reported::New(report) => self.tell_report(&report).await?,
            Reported::Already => {}
            Reported::Own => return Err(forbidden("That is your own message; you can delete it.")),
            Reported::TooMany => {
                return Err(forbidden(
                    "You have as many open reports as can be; wait until some of them are looked at.",
                ));
            }
        }
        Ok(Answer::CreateReport(Done {}).into())
    }

    pub(super) async fn list_reports(&self, caller: &Caller, ask: ListReports) -> Result<Handled, WireError> {
        self.may_look(caller, ask.conversation).await?;
        let before = read_cursor(ask.cursor.as_deref(), ReportCursor::decode)?;
        let page = self
            .store
            .reports(caller.person.id, ask.conversation, ask.all, before, list_limit(ask.limit))
            .await
            .map_err(store_failed)?;
        let cursor = page.rows.last().filter(|_| page.more).map(|last| ReportCursor::at(last).encode());
        Ok(Answer::ListReports(ReportPage { reports: page.rows, cursor }).into())
    }

    pub(super) async fn close_report(&self, caller: &Caller, ask: CloseReport) -> Result<Handled, WireError> {
        let report = self.store.report_by_id(ask.report).await.map_err(store_failed)?;
        let report = report.ok_or_else(no_report)?;
        let conversation = report.event.conversation;
        let may = self.must_keep_order(caller, conversation).await.is_ok();
        // Nobody closes what is about themselves, or learns that it is there.
        if !may || report.event.author.id == caller.person.id {
            return Err(no_report());
        }
        let note = Note::new(caller.person.id, "report_close", Some(report.event.author.id), now())
            .within(Some(conversation))
            .because(ask.note.clone())
            .with(AuditDetails { seq: Some(report.event.seq), ..AuditDetails::default() });
        let closed = self.store.close_report(ask.report, note, ask.note).await.map_err(store_failed)?;
        if let Some(report) = closed {
            self.tell_report(&report).await?;
        }
        Ok(Answer::CloseReport(Done {}).into())
    }

    pub(super) async fn list_audit(&self, caller: &Caller, ask: ListAudit) -> Result<Handled, WireError> {
        self.may_look(caller, ask.conversation).await?;
        let before = read_cursor(ask.cursor.as_deref(), |text| text.parse::<u64>().ok())?;
        let page =
            self.store.audit(ask.conversation, before, list_limit(ask.limit)).await.map_err(store_failed)?;
        let cursor = page.rows.last().filter(|_| page.more).map(|last| last.id.to_string());
        Ok(Answer::ListAudit(AuditPage { entries: page.rows, cursor }).into())
    }

    /// Tells those who keep order there, apart from the one whom it is about.
    async fn tell_report(&self, report: &Report) -> Result<(), WireError> {
        let people = self.store.who_keeps_order(report.event.conversation).await.map_err(store_failed)?;
        let push = Push::Report { report: report.clone() };
        for user in people.into_iter().filter(|user| *user != report.event.author.id) {
            self.hub.tell(user, None, &push).await;
        }
        Ok(())
    }

    /// What concerns one room is for those who keep order there, what concerns all for admins.
    async fn may_look(&self, caller: &Caller, place: Option<ConversationId>) -> Result<(), WireError> {
        match place {
            Some(conversation) => self.must_keep_order(caller, conversation).await,
            None => must_be_admin(caller.role),
        }
    }

    /// Admins keep order everywhere, moderators in their rooms.
    async fn must_keep_order(&self, caller: &Caller, place: ConversationId) -> Result<(), WireError> {
        if caller.role >= Role::Admin {
            return Ok(());
        }
        let role = self.store.room_role(place, caller.person.id).await.map_err(store_failed)?;
        match role {
            None => Err(not_found()),
            Some(role) if role >= RoomRole::Moderator => Ok(()),
            Some(_) => Err(moderators_only()),
        }
    }

    /// The person of that name, if the caller may keep order over them.
    async fn weaker_person(&self, caller: &Caller, name: &UserName) -> Result<Person, WireError> {
        must_be_admin(caller.role)?;
        let account = self.store.account(name.clone()).await.map_err(store_failed)?;
        let nobody = || WireError::new(ErrorCode::NotFound, format!("There is nobody called @{name} here."));
        let account = account.ok_or_else(nobody)?;
        may_punish(caller.role, account.role)?;
        Ok(account.person)
    }
}

fn read_cursor<T>(text: Option<&str>, decode: impl Fn(&str) -> Option<T>) -> Result<Option<T>, WireError> {
    let wrong = || WireError::new(ErrorCode::Invalid, "This cursor is not one that the server gave.");
    text.map(|text| decode(text).ok_or_else(wrong)).transpose()
}

fn forbidden(message: &str) -> WireError {
    WireError::new(ErrorCode::Forbidden, message)
}

fn moderators_only() -> WireError {
    forbidden("Only the moderators of this room can do that.")
}

fn no_report() -> WireError {
    WireError::new(ErrorCode::NotFound, "There is no such report, or it is not yours to close.")
}
