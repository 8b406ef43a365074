//! A server that is as small as it can be.

use super::*;

/// The server: logs, read marks, and what it will do next.
pub(super) struct Server {
    /// What happened, as it happened.
    pub(super) said: Vec<Vec<Event>>,
    /// The same as it stands now, which is what is shown of it.
    pub(super) logs: Vec<Vec<Event>>,
    pub(super) read: Vec<Seq>,
    pub(super) epoch: u128,
    pub(super) invitations: Vec<Invitation>,
    pub(super) refuse_next_send: bool,
    /// Events in a page or a resume.
    pub(super) page: usize,
    /// Conversations in the welcome and in a page of the list.
    pub(super) window: usize,
}

impl Server {
    pub(super) fn row(&self, n: usize) -> Conversation {
        let log = &self.logs[n];
        let me = person(ME).id;
        // What is deleted is not unread.
        let stands = |event: &&Event| log[event.seq.0 as usize - 1].message().is_some();
        let new = |event: &&Event| event.author.id != me && event.seq > self.read[n] && stands(event);
        let main = |event: &&Event| event.message().is_some_and(|message| message.thread.is_none());
        let new: Vec<&Event> = self.said[n].iter().filter(new).collect();
        Conversation {
            id: room(n),
            kind: ConversationKind::Room,
            name: Some(format!("room{n}").parse().unwrap()),
            topic: Default::default(),
            description: Default::default(),
            private: false,
            rules: Default::default(),
            role: Default::default(),
            with: Vec::new(),
            members: 2,
            head: Seq(log.len() as u64),
            read: self.read[n],
            others_read: Seq::ZERO,
            unread: new.iter().filter(|event| main(event)).count() as u64,
            mentions: new.iter().filter(|event| event.mentions(me)).count() as u64,
            notify: Default::default(),
            starred: false,
            last_message: log.iter().rfind(main).cloned(),
            active_at: Timestamp(log.len() as i64),
        }
    }

    /// The list behind this position, the newest first; and where it goes on.
    fn list(&self, behind: Option<&str>) -> (Vec<Conversation>, Option<String>) {
        let place = |row: &Conversation| format!("{:09} {}", row.active_at.0, row.id);
        let mut rows: Vec<Conversation> = (0..self.logs.len()).map(|n| self.row(n)).collect();
        rows.retain(|row| behind.is_none_or(|behind| place(row).as_str() < behind));
        rows.sort_by_key(|row| std::cmp::Reverse(place(row)));
        let more = rows.len() > self.window;
        rows.truncate(self.window);
        let cursor = rows.last().map(place).filter(|_| more);
        (rows, cursor)
    }

    fn welcome(&self) -> Welcome {
        let (conversations, cursor) = self.list(None);
        Welcome {
            user: person(ME),
            role: Role::Member,
            session: SessionId(Uuid::nil()),
            token: None,
            epoch: Epoch(Uuid::from_u128(self.epoch)),
            privacy: chat_proto::Privacy::default(),
            blocked: Vec::new(),
            conversations,
            cursor,
            inbox: Default::default(),
            dnd: Default::default(),
        }
    }

    /// Something happens, and changes what it is about.
    pub(super) fn append(&mut self, n: usize, author: u128, what: EventKind) -> Event {
        let event = Event {
            conversation: room(n),
            seq: Seq(self.logs[n].len() as u64 + 1),
            at: Timestamp(7),
            author: person(author),
            what,
        };
        let log = &mut self.logs[n];
        if let EventKind::Deleted { target } = event.what {
            let erased = Tombstone { deleted: event.seq, edit_of: Some(target), ..Tombstone::default() };
            let is_edit =
                |kind: &EventKind| matches!(kind, EventKind::Edited { target: of, .. } if *of == target);
            log.iter_mut()
                .filter(|event| is_edit(&event.what))
                .for_each(|event| event.what = EventKind::Tombstone(erased));
        }
        if let Some(target) = event.target() {
            log[target.0 as usize - 1].apply(&event);
        }
        log.push(event.clone());
        self.said[n].push(event.clone());
        event
    }

    /// A message of the log that is not deleted, if there is one.
    pub(super) fn pick(&self, n: usize, pick: usize) -> Option<&Event> {
        let messages: Vec<&Event> = self.logs[n].iter().filter(|event| event.message().is_some()).collect();
        messages.get(pick % messages.len().max(1)).copied()
    }

    pub(super) fn stored(&self, id: ClientId) -> Vec<Seq> {
        let is = |event: &&Event| event.message().is_some_and(|message| message.client_id == id);
        self.said.iter().flatten().filter(is).map(|event| event.seq).collect()
    }

    pub(super) fn before(&self, conversation: ConversationId, before: Seq) -> (Vec<Event>, Seq) {
        let n = (0..self.logs.len()).find(|n| room(*n) == conversation).unwrap();
        let end = self.logs[n].len().min(before.0.saturating_sub(1) as usize);
        (self.logs[n][end.saturating_sub(self.page)..end].to_vec(), Seq(self.logs[n].len() as u64))
    }

    pub(super) fn after(&self, conversation: ConversationId, after: Seq) -> (Vec<Event>, Seq) {
        let log =
            self.logs.iter().enumerate().find(|(n, _)| room(*n) == conversation).map(|(_, log)| log).unwrap();
        (log.iter().skip(after.0 as usize).take(self.page).cloned().collect(), Seq(log.len() as u64))
    }

    pub(super) fn hello(&self) -> String {
        ServerFrame::encode_push(&Push::Hello(Hello {
            protocol: ProtocolRange { min: 1, max: 1 },
            server: "test".to_owned(),
            name: "acme".to_owned(),
            epoch: Epoch(Uuid::from_u128(self.epoch)),
            features: Vec::new(),
            registration: Registration::Open,
            provider: None,
            limits: Limits::default(),
            ping_interval_ms: 25_000,
            server_time: Timestamp(0),
        }))
    }

    /// What the server says to a frame, oldest first.
    pub(super) fn handle(&mut self, text: &str) -> Vec<String> {
        let ClientFrame::Request { id, request } = ClientFrame::decode(text).unwrap() else {
            return Vec::new();
        };
        let mut said = Vec::new();
        let answer = match *request {
            Request::Token(_) => Answer::Token(self.welcome()),
            Request::ListConversations(ask) => {
                let (conversations, cursor) = self.list(ask.cursor.as_deref());
                Answer::ListConversations(chat_proto::ConversationPage { conversations, cursor })
            }
            Request::Resume(resume) => Answer::Resume(self.resume(&resume)),
            Request::GetHistory(ask) => {
                let (events, head) = match ask.before {
                    Some(before) => self.before(ask.conversation, before),
                    None => self.after(ask.conversation, ask.after.unwrap_or_default()),
                };
                let conversation = ask.conversation;
                Answer::GetHistory(HistoryPage {
                    conversation,
                    events,
                    head,
                    more_before: true,
                    more_after: false,
                })
            }
            Request::GetConversation(ask) => {
                let n = (0..self.logs.len()).find(|n| room(*n) == ask.conversation).unwrap();
                Answer::GetConversation(self.row(n))
            }
            Request::MarkRead(mark) => {
                let n = (0..self.logs.len()).find(|n| room(*n) == mark.conversation).unwrap();
                self.read[n] = self.read[n].max(mark.seq);
                let row = self.row(n);
                let (read, unread, mentions) = (row.read, row.unread, row.mentions);
                Answer::MarkRead(ReadState { conversation: room(n), read, unread, mentions })
            }
            Request::SendMessage(_) if std::mem::take(&mut self.refuse_next_send) => {
                let error = WireError::new(ErrorCode::RateLimited, "Slower.").retry_after_ms(700);
                return vec![ServerFrame::encode_error(Some(&id), &error)];
            }
            Request::SendMessage(send) => {
                let before = self.stored(send.client_id);
                let seq = match before.first() {
                    Some(seq) => *seq,
                    None => {
                        let n = (0..self.logs.len()).find(|n| room(*n) == send.conversation).unwrap();
                        let message =
                            Message { thread: send.thread, ..Message::new(send.client_id, send.body) };
                        let event = self.append(n, ME, EventKind::Message(Box::new(message)));
                        said.push(ServerFrame::encode_push(&Push::Event(event.clone())));
                        event.seq
                    }
                };
                let (conversation, duplicate) = (send.conversation, !before.is_empty());
                Answer::SendMessage(Sent { conversation, seq, at: Timestamp(7), duplicate })
            }
            Request::ListInvitations(_) => {
                Answer::ListInvitations(Invitations { invitations: self.invitations.clone() })
            }
            Request::WatchPresence(_) => Answer::WatchPresence(PresenceList::default()),
            _ => Answer::SetPresence(Done {}),
        };
        said.push(ServerFrame::encode_ok(&id, &answer));
        said
    }

    pub(super) fn resume(&self, resume: &Resume) -> Resumed {
        let missed = |(id, have): (&ConversationId, &Seq)| {
            let (events, head) = self.after(*id, *have);
            (head > *have).then_some(Missed { conversation: *id, events, head })
        };
        let resumed = resume.conversations.iter().filter_map(missed).collect();
        Resumed { same_epoch: resume.epoch == Epoch(Uuid::from_u128(self.epoch)), resumed, gone: Vec::new() }
    }
}
