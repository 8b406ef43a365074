//! What the server says to what was asked: its greeting, answers and refusals.

use super::*;

impl Session {
    pub(super) fn hello(&mut self, hello: &Hello, now: Now) {
        if self.phase != Phase::Opening {
            return;
        }
        if let Err(error) = link::common_version(hello) {
            let reason = format!("{error}.");
            return self.end(End::Stop { reason, login_needed: false });
        }
        self.personal.set_clock(hello.server_time, now);
        self.limits = hello.limits.clone();
        self.silence = Duration::from_millis(hello.ping_interval_ms).saturating_mul(2) + SILENCE_SLACK;
        self.server_name.clone_from(&hello.name);
        if self.epoch.is_some_and(|epoch| epoch != hello.epoch) {
            self.forget_positions();
        }
        self.new_connection();
        self.phase = Phase::LoggingIn;
        let token = Token { protocol: PROTOCOL_VERSION, token: self.token.clone() };
        self.ask(Purpose::Login, token, now);
        // Right behind the login, so that coming back costs one round trip.
        if let Some(epoch) = self.epoch {
            let conversations = self.positions(self.limits.resume_conversations);
            self.ask(Purpose::Resume, Resume { epoch, conversations }, now);
        }
    }

    pub(super) fn reply(&mut self, id: &FrameId, payload: Result<Box<RawValue>, WireError>, now: Now) {
        let Some(Pending { kind, purpose, .. }) = self.pending.remove(id) else {
            tracing::warn!(%id, "a reply to nothing that was asked");
            return;
        };
        let answer = match payload.map(|payload| kind.decode_answer(&payload)) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(cause)) => Err(WireError::new(
                ErrorCode::Unknown,
                format!("The server's answer to {} cannot be read: {cause}.", kind.as_str()),
            )),
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => self.answered(purpose, answer, now),
            Err(error) => self.refused(purpose, error, now),
        }
    }

    pub(super) fn answered(&mut self, purpose: Purpose, answer: Answer, now: Now) {
        match (purpose, answer) {
            (Purpose::Login, Answer::Token(welcome)) => self.welcome(welcome, now),
            (Purpose::Resume, Answer::Resume(resumed)) => self.resumed(resumed),
            (Purpose::List, Answer::ListConversations(page)) => self.listed(page),
            (Purpose::Row(_), Answer::GetConversation(row)) => self.row(row),
            (Purpose::Missed(_), Answer::GetHistory(page)) => self.missed(page),
            (Purpose::Send(message), Answer::SendMessage(sent)) => self.stored(message, sent.seq, sent.at),
            (Purpose::Read(_), Answer::MarkRead(state)) => self.read_told(state),
            (Purpose::State, Answer::WatchPresence(list)) => {
                self.tell(Update::Presence(list.presences));
                self.describe(list.profiles);
            }
            (Purpose::Invitations, Answer::ListInvitations(list)) => self.invitations(list.invitations),
            (Purpose::Interface(ticket, left), answer) => {
                self.learn(&answer, left);
                self.learn_personal(&answer);
                self.effects.push(Effect::Answer(ticket, Ok(Box::new(answer))));
            }
            _ => {}
        }
    }

    pub(super) fn refused(&mut self, purpose: Purpose, error: WireError, now: Now) {
        let wait = error.retry_after_ms.map(Duration::from_millis);
        if error.temporary && !matches!(purpose, Purpose::Interface(..) | Purpose::Login | Purpose::Send(_)) {
            self.hold = now + wait.unwrap_or(REFUSED_WAIT);
        }
        match purpose {
            Purpose::Login => self.login_refused(error, wait),
            // What a resume would have told is found by comparing heads.
            Purpose::Resume => self.ready(),
            Purpose::List if !error.temporary => self.cursor = None,
            // A row that cannot be read says nothing of whether one is a member.
            Purpose::Row(_) if error.code == ErrorCode::Unknown && !error.temporary => {}
            Purpose::Row(conversation) if !error.temporary => self.remove(conversation),
            Purpose::Row(conversation) => _ = self.rows.insert(conversation),
            Purpose::Missed(conversation) => self.missed_refused(conversation, error.temporary),
            Purpose::Send(message) if error.temporary => {
                self.postpone(message, now + wait.unwrap_or(REFUSED_WAIT));
            }
            Purpose::Send(message) => self.failed(message, error.message),
            Purpose::Read(conversation) => self.read_refused(conversation, error.temporary),
            Purpose::Interface(ticket, _) => {
                self.effects.push(Effect::Answer(ticket, Err(RequestError::Refused(error))));
            }
            Purpose::State => self.restate |= error.temporary,
            Purpose::Invitations if error.temporary => self.want_invitations(),
            Purpose::List | Purpose::Invitations => {}
        }
    }

    pub(super) fn login_refused(&mut self, error: WireError, after: Option<Duration>) {
        let reason = error.message;
        self.end(match error.temporary {
            true => End::Retry { reason, after },
            false => End::Stop {
                reason,
                login_needed: matches!(error.code, ErrorCode::BadCredentials | ErrorCode::Banned),
            },
        });
    }

    pub(super) fn welcome(&mut self, welcome: Welcome, now: Now) {
        let known = self.epoch == Some(welcome.epoch);
        self.personal_welcome(&welcome);
        self.me = welcome.user;
        self.epoch = Some(welcome.epoch);
        self.tell_me(welcome.role);
        self.write(Change::Identity { role: welcome.role, epoch: welcome.epoch });
        self.show(welcome.privacy);
        self.block_all(welcome.blocked.into_iter().collect());
        self.listed = welcome.conversations.len();
        self.cursor = welcome.cursor;
        self.catches_up = known;
        self.adopt(welcome.conversations, known);
        self.phase = Phase::Resuming;
        if self.cursor.is_none() {
            self.list_ended();
        }
        self.say_state(now);
        self.want_invitations();
        if !self.pending.values().any(|pending| pending.purpose == Purpose::Resume) {
            self.ready();
        }
    }

    pub(super) fn ready(&mut self) {
        if self.phase == Phase::Resuming {
            self.phase = Phase::Ready;
        }
    }
}
