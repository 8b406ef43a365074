//! Any valid frame goes over the wire and comes back the same.

use chat_proto::*;
use proptest::prelude::*;
use uuid::Uuid;

prop_compose! {
    fn uuid()(bits in any::<u128>()) -> Uuid { Uuid::from_u128(bits) }
}
prop_compose! {
    fn person()(id in uuid(), name in user_name(), bot in any::<bool>()) -> Person {
        Person { bot, ..Person::new(UserId(id), name) }
    }
}
prop_compose! {
    fn event()(
        conversation in uuid(),
        seq in any::<u64>(),
        at in any::<i64>(),
        author in person(),
        what in what(),
    ) -> Event {
        Event { conversation: ConversationId(conversation), seq: Seq(seq), at: Timestamp(at), author, what }
    }
}
prop_compose! {
    fn conversation()(
        id in uuid(),
        name in prop::option::of(room_name()),
        topic in topic(),
        description in description(),
        private in any::<bool>(),
        rules in rules(),
        role in room_role(),
        with in prop::collection::vec(person(), 0..3),
        counts in any::<[u64; 6]>(),
        last_message in prop::option::of(event()),
        (notify, starred) in (notify(), any::<bool>()),
        active_at in any::<i64>(),
    ) -> Conversation {
        let kind = if name.is_some() { ConversationKind::Room } else { ConversationKind::Direct };
        let [members, head, read, others_read, unread, mentions] = counts;
        Conversation {
            id: ConversationId(id), kind, name, topic, description, private, rules, role, with, members,
            head: Seq(head), read: Seq(read), others_read: Seq(others_read), unread, mentions, notify, starred, last_message,
            active_at: Timestamp(active_at),
        }
    }
}
prop_compose! {
    fn presence()(user in uuid(), state in state(), last_seen in prop::option::of(any::<i64>())) -> Presence {
        Presence { user: UserId(user), state, last_seen: last_seen.map(Timestamp) }
    }
}

fn user_name() -> impl Strategy<Value = UserName> {
    "[a-zäöüß0-9日本語][a-z0-9._-]{0,20}[a-z0-9]".prop_map(|text| UserName::parse(&text).unwrap())
}

fn room_name() -> impl Strategy<Value = RoomName> {
    "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?".prop_map(|text| RoomName::parse(&text).unwrap())
}

fn topic() -> impl Strategy<Value = Topic> {
    "\\PC{0,40}".prop_filter_map("one plain line", |text| Topic::new(text).ok())
}

fn description() -> impl Strategy<Value = Description> {
    any::<String>().prop_filter_map("not too long", |text| Description::new(text).ok())
}

fn rules() -> impl Strategy<Value = RoomRules> {
    any::<(bool, u32, bool, bool, u32)>().prop_map(
        |(announcement, slow_mode_s, archived, free_calls, keep_days)| RoomRules {
            announcement,
            slow_mode_s,
            archived,
            free_calls,
            keep_days,
        },
    )
}

fn level() -> impl Strategy<Value = Option<NotifyLevel>> {
    prop::option::of(prop::sample::select(vec![NotifyLevel::All, NotifyLevel::Mentions, NotifyLevel::None]))
}

fn notify() -> impl Strategy<Value = Notify> {
    (level(), any::<Option<i64>>())
        .prop_map(|(level, until)| Notify { level, muted_until: until.map(Timestamp) })
}

fn schedule() -> impl Strategy<Value = Option<Schedule>> {
    let time = || (0..24, 0..60).prop_map(|(h, m)| ClockTime::parse(&format!("{h}:{m:02}")).unwrap());
    let days = prop::sample::subsequence(Weekday::ALL.to_vec(), 0..=7);
    let zone = "[A-Z][a-z]{2,8}/[A-Z][a-z_]{2,12}".prop_map(|name| ZoneName::new(name).unwrap());
    let schedule = (time(), time(), days, zone);
    prop::option::of(schedule.prop_map(|(from, to, days, zone)| Schedule { from, to, days, zone }))
}

fn dnd() -> impl Strategy<Value = Dnd> {
    (any::<Option<i64>>(), schedule())
        .prop_map(|(until, schedule)| Dnd { until: until.map(Timestamp), schedule })
}

prop_compose! {
    fn inbox()(unread in any::<u64>(), revision in any::<u64>()) -> InboxState {
        InboxState { unread, revision }
    }
}
prop_compose! {
    fn thread()(id in uuid(), seqs in any::<[u64; 3]>(), following in any::<bool>()) -> ThreadState {
        let [thread, read, unread] = seqs;
        ThreadState {
            conversation: ConversationId(id), thread: Seq(thread), following, read: Seq(read), unread,
        }
    }
}

fn room_role() -> impl Strategy<Value = RoomRole> {
    prop::sample::select(RoomRole::ALL.to_vec())
}

fn scopes() -> impl Strategy<Value = Scopes> {
    prop::collection::vec(prop::sample::select(Scope::ALL.to_vec()), 0..4)
        .prop_map(|scopes| scopes.into_iter().collect())
}

fn command_name() -> impl Strategy<Value = CommandName> {
    "[a-z0-9][a-z0-9_-]{0,20}".prop_map(|text| CommandName::parse(&text).unwrap())
}

fn events() -> impl Strategy<Value = HookEvents> {
    prop::collection::vec(prop::sample::select(HookEvents::KINDS.to_vec()), 0..4)
        .prop_map(|kinds| HookEvents::new(kinds).unwrap())
}

fn emoji() -> impl Strategy<Value = Emoji> {
    prop::sample::select(vec!["👍", "❤️", "👩‍👩‍👧", "🇩🇪", "1️⃣"]).prop_map(|text| Emoji::new(text).unwrap())
}

fn message() -> impl Strategy<Value = Message> {
    let ties = (seq(), seq(), seq());
    let flags = (any::<bool>(), any::<bool>(), any::<u64>());
    let call = prop::option::of(prop::sample::select(vec![Call::Room, Call::Here]));
    let reaction = (emoji(), prop::collection::vec(uuid().prop_map(UserId), 1..3))
        .prop_map(|(emoji, users)| Reaction { emoji, users });
    let forwarded = (person(), any::<i64>(), prop::option::of(room_name()))
        .prop_map(|(author, at, room)| Forwarded { author, at: Timestamp(at), room });
    (
        uuid(),
        (body(), prop::collection::vec(attachment(), 0..3)),
        (prop::collection::vec(uuid().prop_map(UserId), 0..3), call),
        ties,
        flags,
        prop::collection::vec(reaction, 0..3),
        prop::option::of(forwarded),
    )
        .prop_map(
            |(
                id,
                (body, files),
                (mentions, call),
                (reply_to, thread, edited),
                (action, pinned, replies),
                reactions,
                forwarded,
            )| {
                let plain = Message::new(ClientId(id), body);
                Message {
                    files,
                    action,
                    mentions,
                    call,
                    reply_to,
                    thread,
                    forwarded,
                    edited,
                    pinned,
                    reactions,
                    replies,
                    ..plain
                }
            },
        )
}

fn attachment() -> impl Strategy<Value = Attachment> {
    let blurhash = prop::sample::select(vec!["LEHV6nWB2yk8pyo0adR*.7kCMdnj", "000000"]);
    let picture = (any::<[u32; 2]>(), prop::option::of(blurhash)).prop_map(|([width, height], blurhash)| {
        Picture { width, height, blurhash: blurhash.map(|blurhash| blurhash.parse().unwrap()) }
    });
    let name = "\\PC{1,40}".prop_map(|name| FileName::clean(&name));
    let media_type = prop::sample::select(vec!["image/png", "text/plain", "application/vnd.ms-excel"]);
    (uuid(), name, any::<u64>(), media_type, prop::option::of(picture)).prop_map(
        |(id, name, size, media_type, picture)| Attachment {
            id: FileId(id),
            name,
            size,
            media_type: media_type.parse().unwrap(),
            picture,
        },
    )
}

fn device() -> impl Strategy<Value = DeviceName> {
    "\\PC{0,20}".prop_filter_map("one plain line", |text| DeviceName::new(text).ok())
}

fn body() -> impl Strategy<Value = Body> {
    any::<String>().prop_filter_map("not white space", |text| Body::or_nothing(text).ok())
}

fn secret() -> impl Strategy<Value = Secret> {
    any::<String>().prop_map(Secret::new)
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Guest, Role::Member, Role::Admin, Role::Owner])
}

fn state() -> impl Strategy<Value = PresenceState> {
    prop::sample::select(vec![PresenceState::Online, PresenceState::Away, PresenceState::Offline])
}

fn number() -> impl Strategy<Value = Option<u32>> {
    any::<Option<u32>>()
}

fn seq() -> impl Strategy<Value = Option<Seq>> {
    any::<Option<u64>>().prop_map(|seq| seq.map(Seq))
}

fn what() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        (uuid(), prop::option::of(room_name()), topic()).prop_map(|(client_id, name, topic)| {
            EventKind::Created { client_id: ClientId(client_id), name, topic }
        }),
        message().prop_map(|message| EventKind::Message(Box::new(message))),
        (any::<u64>(), seq(), seq(), any::<u64>(), seq()).prop_map(
            |(deleted, edit_of, thread, replies, changed)| {
                EventKind::Tombstone(Tombstone { deleted: Seq(deleted), edit_of, thread, replies, changed })
            }
        ),
        (any::<u64>(), body(), prop::collection::vec(uuid().prop_map(UserId), 0..3))
            .prop_map(|(target, body, mentions)| EventKind::Edited { target: Seq(target), body, mentions }),
        any::<u64>().prop_map(|target| EventKind::Deleted { target: Seq(target) }),
        (any::<u64>(), emoji(), any::<bool>()).prop_map(|(target, emoji, on)| EventKind::Reaction {
            target: Seq(target),
            emoji,
            on
        }),
        any::<(u64, bool)>().prop_map(|(target, on)| EventKind::Pinned { target: Seq(target), on }),
        person().prop_map(|user| EventKind::Invited { user }),
        (person(), topic()).prop_map(|(user, reason)| EventKind::Removed { user, reason }),
        (person(), until(), topic(), any::<bool>())
            .prop_map(|(user, until, reason, removed)| EventKind::Banned { user, until, reason, removed }),
        person().prop_map(|user| EventKind::Unbanned { user }),
        (person(), until(), topic()).prop_map(|(user, until, reason)| EventKind::Muted {
            user,
            until,
            reason
        }),
        person().prop_map(|user| EventKind::Unmuted { user }),
        (person(), room_role()).prop_map(|(user, role)| EventKind::Role { user, role }),
        room_name().prop_map(|name| EventKind::Renamed { name }),
        description().prop_map(|description| EventKind::Described { description }),
        rules().prop_map(|rules| EventKind::Rules { rules }),
        Just(EventKind::Joined),
        Just(EventKind::Left),
        topic().prop_map(|topic| EventKind::Topic { topic }),
    ]
}

fn display_name() -> impl Strategy<Value = DisplayName> {
    "[A-Za-zäé日 .-]{0,20}".prop_map(|text| DisplayName::new(text).unwrap())
}

fn saved() -> impl Strategy<Value = SetSaved> {
    (uuid(), any::<u64>(), any::<bool>()).prop_map(|(id, seq, on)| SetSaved {
        conversation: ConversationId(id),
        seq: Seq(seq),
        on,
    })
}

fn zone() -> impl Strategy<Value = Zone> {
    "([A-Z][a-z]{1,9}/[A-Z][a-z]{1,9})?".prop_map(|text| Zone::new(text).unwrap())
}

fn status() -> impl Strategy<Value = Status> {
    let text = "[a-zäé日 .-]{0,20}".prop_map(|text| StatusText::new(text).unwrap());
    (prop::option::of(emoji()), text, until()).prop_map(|(emoji, text, until)| Status { emoji, text, until })
}

fn privacy() -> impl Strategy<Value = Privacy> {
    any::<[bool; 3]>().prop_map(|[read_receipts, typing, last_seen]| Privacy {
        read_receipts,
        typing,
        last_seen,
    })
}

fn profile() -> impl Strategy<Value = Profile> {
    (person(), display_name(), status(), zone(), any::<i64>(), until()).prop_map(
        |(user, display_name, status, zone, since, last_seen)| Profile {
            user,
            display_name,
            status,
            zone,
            role: Role::Member,
            since: Timestamp(since),
            last_seen,
        },
    )
}

fn until() -> impl Strategy<Value = Option<Timestamp>> {
    any::<Option<i64>>().prop_map(|at| at.map(Timestamp))
}

fn report() -> impl Strategy<Value = Report> {
    let closed =
        (person(), any::<i64>(), topic()).prop_map(|(by, at, note)| Closed { by, at: Timestamp(at), note });
    let closed = prop::option::of(closed);
    (uuid(), any::<i64>(), person(), topic(), prop::option::of(room_name()), event(), closed).prop_map(
        |(id, at, by, reason, room, event, closed)| Report {
            id: ReportId(id),
            at: Timestamp(at),
            by,
            reason,
            room,
            event,
            closed,
        },
    )
}

/// Any request of one kind; exhaustive, so that a new request must be drawn here too.
fn request(kind: RequestKind) -> BoxedStrategy<Request> {
    use RequestKind as K;
    let id = || uuid().prop_map(ConversationId);
    let limit = number;
    match kind {
        K::Register => (any::<u16>(), user_name(), secret(), prop::option::of(secret()), device())
            .prop_map(|(protocol, name, password, invite, device)| {
                Register { protocol, name, password, invite, device }.into_request()
            })
            .boxed(),
        K::Login => (any::<u16>(), user_name(), secret(), prop::option::of(secret()), device())
            .prop_map(|(protocol, name, password, code, device)| {
                Login { protocol, name, password, code, device }.into_request()
            })
            .boxed(),
        K::Reset => (any::<u16>(), secret(), secret(), prop::option::of(secret()), device())
            .prop_map(|(protocol, reset, password, code, device)| {
                Reset { protocol, reset, password, code, device }.into_request()
            })
            .boxed(),
        K::OidcBegin => any::<u16>().prop_map(|protocol| OidcBegin { protocol }.into_request()).boxed(),
        K::OidcPoll => {
            let asked = (prop::option::of(secret()), prop::option::of(any::<String>()));
            let more = (prop::option::of(secret()), prop::option::of(secret()), device());
            (any::<u16>(), secret(), asked, more)
                .prop_map(|(protocol, poll, (confirm, name), (invite, code, device))| {
                    OidcPoll { protocol, poll, confirm, name, invite, code, device }.into_request()
                })
                .boxed()
        }
        K::BeginLink => secret().prop_map(|password| BeginLink { password }.into_request()).boxed(),
        K::FinishLink => (secret(), prop::option::of(secret()))
            .prop_map(|(poll, confirm)| FinishLink { poll, confirm }.into_request())
            .boxed(),
        K::RemoveLink => secret().prop_map(|password| RemoveLink { password }.into_request()).boxed(),
        K::ChangePassword => (secret(), secret())
            .prop_map(|(current, password)| ChangePassword { current, password }.into_request())
            .boxed(),
        K::ListSessions => {
            prop::option::of(user_name()).prop_map(|user| ListSessions { user }.into_request()).boxed()
        }
        K::RevokeSession => (prop::option::of(uuid().prop_map(SessionId)), prop::option::of(user_name()))
            .prop_map(|(session, user)| RevokeSession { session, user }.into_request())
            .boxed(),
        K::BeginTotp => secret().prop_map(|password| BeginTotp { password }.into_request()).boxed(),
        K::ConfirmTotp => secret().prop_map(|code| ConfirmTotp { code }.into_request()).boxed(),
        K::DisableTotp => (prop::option::of(secret()), prop::option::of(secret()))
            .prop_map(|(password, code)| DisableTotp { password, code }.into_request())
            .boxed(),
        K::ListAccounts => (any::<Option<String>>(), prop::option::of(user_name()), limit())
            .prop_map(|(query, after, limit)| ListAccounts { query, after, limit }.into_request())
            .boxed(),
        K::DisableUser => (user_name(), topic())
            .prop_map(|(user, reason)| DisableUser { user, reason }.into_request())
            .boxed(),
        K::EnableUser => user_name().prop_map(|user| EnableUser { user }.into_request()).boxed(),
        K::SetUserRole => {
            (user_name(), prop::sample::select(vec![Role::Guest, Role::Member, Role::Admin, Role::Owner]))
                .prop_map(|(user, role)| SetUserRole { user, role }.into_request())
                .boxed()
        }
        K::GivePassword => (user_name(), secret())
            .prop_map(|(user, password)| GivePassword { user, password }.into_request())
            .boxed(),
        K::ResetUser => (user_name(), any::<bool>())
            .prop_map(|(user, second_factor)| ResetUser { user, second_factor }.into_request())
            .boxed(),
        K::Token => (any::<u16>(), secret())
            .prop_map(|(protocol, token)| Token { protocol, token }.into_request())
            .boxed(),
        K::Logout => Just(Logout {}.into_request()).boxed(),
        K::Resume => (uuid(), prop::collection::btree_map(id(), any::<u64>().prop_map(Seq), 0..5))
            .prop_map(|(epoch, conversations)| Resume { epoch: Epoch(epoch), conversations }.into_request())
            .boxed(),
        K::ListConversations => (any::<Option<String>>(), limit())
            .prop_map(|(cursor, limit)| ListConversations { cursor, limit }.into_request())
            .boxed(),
        K::GetConversation => {
            id().prop_map(|conversation| GetConversation { conversation }.into_request()).boxed()
        }
        K::OpenDirect => (user_name(), prop::collection::vec(user_name(), 0..3))
            .prop_map(|(user, also)| OpenDirect { user, also }.into_request())
            .boxed(),
        K::CreateRoom => (uuid(), room_name(), topic(), description(), any::<bool>())
            .prop_map(|(id, name, topic, description, private)| {
                CreateRoom { client_id: ClientId(id), name, topic, description, private }.into_request()
            })
            .boxed(),
        K::Invite => (id(), user_name())
            .prop_map(|(conversation, user)| Invite { conversation, user }.into_request())
            .boxed(),
        K::ListInvitations => Just(ListInvitations {}.into_request()).boxed(),
        K::AcceptInvitation => {
            id().prop_map(|conversation| AcceptInvitation { conversation }.into_request()).boxed()
        }
        K::DeclineInvitation => {
            id().prop_map(|conversation| DeclineInvitation { conversation }.into_request()).boxed()
        }
        K::RemoveMember => (id(), user_name(), topic())
            .prop_map(|(conversation, user, reason)| {
                RemoveMember { conversation, user, reason }.into_request()
            })
            .boxed(),
        K::SetRole => (id(), user_name(), room_role())
            .prop_map(|(conversation, user, role)| SetRole { conversation, user, role }.into_request())
            .boxed(),
        K::RenameRoom => (id(), room_name())
            .prop_map(|(conversation, name)| RenameRoom { conversation, name }.into_request())
            .boxed(),
        K::DescribeRoom => (id(), description())
            .prop_map(|(conversation, description)| DescribeRoom { conversation, description }.into_request())
            .boxed(),
        K::SetRules => (id(), rules())
            .prop_map(|(conversation, rules)| SetRules { conversation, rules }.into_request())
            .boxed(),
        K::EditMessage => (id(), any::<u64>(), body())
            .prop_map(|(conversation, seq, body)| {
                EditMessage { conversation, seq: Seq(seq), body }.into_request()
            })
            .boxed(),
        K::DeleteMessage => (id(), any::<u64>())
            .prop_map(|(conversation, seq)| DeleteMessage { conversation, seq: Seq(seq) }.into_request())
            .boxed(),
        K::React => (id(), any::<u64>(), emoji(), any::<bool>())
            .prop_map(|(conversation, seq, emoji, on)| {
                React { conversation, seq: Seq(seq), emoji, on }.into_request()
            })
            .boxed(),
        K::PinMessage => (id(), any::<u64>(), any::<bool>())
            .prop_map(|(conversation, seq, on)| PinMessage { conversation, seq: Seq(seq), on }.into_request())
            .boxed(),
        K::ListPins => id().prop_map(|conversation| ListPins { conversation }.into_request()).boxed(),
        K::ListVersions => (id(), any::<u64>())
            .prop_map(|(conversation, seq)| ListVersions { conversation, seq: Seq(seq) }.into_request())
            .boxed(),
        K::GetThread => (id(), any::<u64>(), seq(), limit())
            .prop_map(|(conversation, thread, after, limit)| {
                GetThread { conversation, thread: Seq(thread), after, limit }.into_request()
            })
            .boxed(),
        K::FollowThread => (id(), any::<u64>(), any::<bool>())
            .prop_map(|(conversation, thread, on)| {
                FollowThread { conversation, thread: Seq(thread), on }.into_request()
            })
            .boxed(),
        K::MarkThread => (id(), any::<u64>(), any::<u64>())
            .prop_map(|(conversation, thread, seq)| {
                MarkThread { conversation, thread: Seq(thread), seq: Seq(seq) }.into_request()
            })
            .boxed(),
        K::ListThreads => (any::<bool>(), any::<Option<String>>(), limit())
            .prop_map(|(unread_only, cursor, limit)| {
                ListThreads { unread_only, cursor, limit }.into_request()
            })
            .boxed(),
        K::ListInbox => (any::<bool>(), any::<Option<String>>(), limit())
            .prop_map(|(unread_only, cursor, limit)| ListInbox { unread_only, cursor, limit }.into_request())
            .boxed(),
        K::MarkInbox => {
            let position =
                (id(), any::<u64>()).prop_map(|(conversation, seq)| Position { conversation, seq: Seq(seq) });
            (prop::collection::vec(position, 0..3), any::<bool>(), any::<bool>())
                .prop_map(|(items, all, unread)| MarkInbox { items, all, unread }.into_request())
                .boxed()
        }
        K::SetNotify => (id(), level(), any::<Option<u64>>())
            .prop_map(|(conversation, level, mute_s)| {
                SetNotify { conversation, level, mute_s }.into_request()
            })
            .boxed(),
        K::SetStar => (id(), any::<bool>())
            .prop_map(|(conversation, on)| SetStar { conversation, on }.into_request())
            .boxed(),
        K::SetSaved => saved().prop_map(SetSaved::into_request).boxed(),
        K::ListSaved => (any::<Option<String>>(), limit())
            .prop_map(|(cursor, limit)| ListSaved { cursor, limit }.into_request())
            .boxed(),
        K::SetDnd => (any::<Option<u64>>(), schedule())
            .prop_map(|(for_s, schedule)| SetDnd { for_s, schedule }.into_request())
            .boxed(),
        K::JoinRoom => room_name().prop_map(|room| JoinRoom { room }.into_request()).boxed(),
        K::LeaveRoom => id().prop_map(|conversation| LeaveRoom { conversation }.into_request()).boxed(),
        K::ListRooms => (any::<Option<String>>(), prop::option::of(room_name()), limit())
            .prop_map(|(query, after, limit)| ListRooms { query, after, limit }.into_request())
            .boxed(),
        K::SetTopic => (id(), topic())
            .prop_map(|(conversation, topic)| SetTopic { conversation, topic }.into_request())
            .boxed(),
        K::ListMembers => (id(), prop::option::of(user_name()), limit())
            .prop_map(|(conversation, after, limit)| {
                ListMembers { conversation, after, limit }.into_request()
            })
            .boxed(),
        K::ListPeople => (any::<Option<String>>(), prop::option::of(user_name()), limit())
            .prop_map(|(query, after, limit)| ListPeople { query, after, limit }.into_request())
            .boxed(),
        K::SendMessage => {
            let files = prop::collection::vec(uuid().prop_map(FileId), 0..3);
            let body = (body(), files);
            (id(), uuid(), body, any::<bool>(), (seq(), seq()), prop::option::of((id(), any::<u64>())))
                .prop_map(|(conversation, id, (body, files), action, (reply_to, thread), forward)| {
                    let forward = forward.map(|(conversation, seq)| Position { conversation, seq: Seq(seq) });
                    let plain = SendMessage::new(conversation, ClientId(id), body);
                    SendMessage { files, action, reply_to, thread, forward, ..plain }.into_request()
                })
                .boxed()
        }
        K::GetHistory => (id(), seq(), seq(), seq(), limit())
            .prop_map(|(conversation, before, after, around, limit)| {
                GetHistory { conversation, before, after, around, limit }.into_request()
            })
            .boxed(),
        K::Search => (any::<String>(), any::<Option<bool>>(), any::<Option<String>>(), limit())
            .prop_map(|(query, newest, cursor, limit)| {
                let order = newest.map(|newest| if newest { SearchOrder::Newest } else { SearchOrder::Best });
                Search { query, order, cursor, limit }.into_request()
            })
            .boxed(),
        K::ListFiles => (prop::option::of(uuid().prop_map(FileId)), limit())
            .prop_map(|(before, limit)| ListFiles { before, limit }.into_request())
            .boxed(),
        K::DeleteFile => uuid().prop_map(|file| DeleteFile { file: FileId(file) }.into_request()).boxed(),
        K::MarkRead => (id(), any::<u64>())
            .prop_map(|(conversation, seq)| MarkRead { conversation, seq: Seq(seq) }.into_request())
            .boxed(),
        K::WatchPresence => prop::collection::vec(uuid().prop_map(UserId), 0..5)
            .prop_map(|users| WatchPresence { users }.into_request())
            .boxed(),
        K::SetPresence => state().prop_map(|state| SetPresence { state }.into_request()).boxed(),
        K::SetProfile => {
            (prop::option::of(display_name()), prop::option::of(status()), prop::option::of(zone()))
                .prop_map(|(display_name, status, zone)| {
                    SetProfile { display_name, status, zone }.into_request()
                })
                .boxed()
        }
        K::GetProfile => user_name().prop_map(|user| GetProfile { user }.into_request()).boxed(),
        K::SetBlock => {
            (user_name(), any::<bool>()).prop_map(|(user, on)| SetBlock { user, on }.into_request()).boxed()
        }
        K::ListBlocked => Just(ListBlocked {}.into_request()).boxed(),
        K::SetPrivacy => any::<[Option<bool>; 3]>()
            .prop_map(|[read_receipts, typing, last_seen]| {
                SetPrivacy { read_receipts, typing, last_seen }.into_request()
            })
            .boxed(),
        K::GetReaders => (id(), any::<u64>())
            .prop_map(|(conversation, seq)| GetReaders { conversation, seq: Seq(seq) }.into_request())
            .boxed(),
        K::BanMember => (id(), user_name(), any::<Option<u32>>(), topic())
            .prop_map(|(conversation, user, for_s, reason)| {
                BanMember { conversation, user, for_s, reason }.into_request()
            })
            .boxed(),
        K::UnbanMember => (id(), user_name())
            .prop_map(|(conversation, user)| UnbanMember { conversation, user }.into_request())
            .boxed(),
        K::MuteMember => (id(), user_name(), any::<Option<u32>>(), topic())
            .prop_map(|(conversation, user, for_s, reason)| {
                MuteMember { conversation, user, for_s, reason }.into_request()
            })
            .boxed(),
        K::UnmuteMember => (id(), user_name())
            .prop_map(|(conversation, user)| UnmuteMember { conversation, user }.into_request())
            .boxed(),
        K::ListBans => (prop::option::of(id()), any::<bool>(), prop::option::of(user_name()), limit())
            .prop_map(|(conversation, mutes, after, limit)| {
                ListBans { conversation, mutes, after, limit }.into_request()
            })
            .boxed(),
        K::BanUser => (user_name(), any::<Option<u32>>(), topic())
            .prop_map(|(user, for_s, reason)| BanUser { user, for_s, reason }.into_request())
            .boxed(),
        K::UnbanUser => user_name().prop_map(|user| UnbanUser { user }.into_request()).boxed(),
        K::MuteUser => (user_name(), any::<Option<u32>>(), topic())
            .prop_map(|(user, for_s, reason)| MuteUser { user, for_s, reason }.into_request())
            .boxed(),
        K::UnmuteUser => user_name().prop_map(|user| UnmuteUser { user }.into_request()).boxed(),
        K::Purge => (user_name(), prop::option::of(id()), any::<Option<u32>>(), topic())
            .prop_map(|(user, conversation, within_s, reason)| {
                Purge { user, conversation, within_s, reason }.into_request()
            })
            .boxed(),
        K::CreateReport => (id(), any::<u64>(), topic())
            .prop_map(|(conversation, seq, reason)| {
                CreateReport { conversation, seq: Seq(seq), reason }.into_request()
            })
            .boxed(),
        K::ListReports => (prop::option::of(id()), any::<bool>(), any::<Option<String>>(), limit())
            .prop_map(|(conversation, all, cursor, limit)| {
                ListReports { conversation, all, cursor, limit }.into_request()
            })
            .boxed(),
        K::CloseReport => (uuid(), topic())
            .prop_map(|(id, note)| CloseReport { report: ReportId(id), note }.into_request())
            .boxed(),
        K::ListAudit => (prop::option::of(id()), any::<Option<String>>(), limit())
            .prop_map(|(conversation, cursor, limit)| {
                ListAudit { conversation, cursor, limit }.into_request()
            })
            .boxed(),
        K::CreateCode => (role(), any::<u32>(), any::<Option<u32>>())
            .prop_map(|(role, uses, for_s)| CreateCode { role, uses, for_s }.into_request())
            .boxed(),
        K::ListCodes => Just(ListCodes {}.into_request()).boxed(),
        K::RevokeCode => any::<String>().prop_map(|id| RevokeCode { id }.into_request()).boxed(),
        K::CreateUser => (user_name(), prop::option::of(secret()), role())
            .prop_map(|(name, password, role)| CreateUser { name, password, role }.into_request())
            .boxed(),
        K::SetLockdown => any::<Option<bool>>().prop_map(|on| SetLockdown { on }.into_request()).boxed(),
        K::SurveyRooms => (prop::option::of(room_name()), limit())
            .prop_map(|(after, limit)| SurveyRooms { after, limit }.into_request())
            .boxed(),
        K::CreateBot => (user_name(), scopes())
            .prop_map(|(name, scopes)| CreateBot { name, scopes }.into_request())
            .boxed(),
        K::ListBots => Just(ListBots {}.into_request()).boxed(),
        K::RotateToken => (user_name(), prop::option::of(scopes()))
            .prop_map(|(bot, scopes)| RotateToken { bot, scopes }.into_request())
            .boxed(),
        K::DeleteBot => user_name().prop_map(|bot| DeleteBot { bot }.into_request()).boxed(),
        K::CreateIncoming => (id(), user_name())
            .prop_map(|(conversation, name)| CreateIncoming { conversation, name }.into_request())
            .boxed(),
        K::ListIncoming => id().prop_map(|conversation| ListIncoming { conversation }.into_request()).boxed(),
        K::DeleteIncoming => (id(), uuid())
            .prop_map(|(conversation, hook)| {
                DeleteIncoming { conversation, hook: HookId(hook) }.into_request()
            })
            .boxed(),
        K::CreateOutgoing => (id(), any::<String>(), events(), topic())
            .prop_map(|(conversation, url, events, trigger)| {
                CreateOutgoing { conversation, url, events, trigger }.into_request()
            })
            .boxed(),
        K::ListOutgoing => id().prop_map(|conversation| ListOutgoing { conversation }.into_request()).boxed(),
        K::DeleteOutgoing => (id(), uuid())
            .prop_map(|(conversation, hook)| {
                DeleteOutgoing { conversation, hook: HookId(hook) }.into_request()
            })
            .boxed(),
        K::TestOutgoing => (id(), uuid())
            .prop_map(|(conversation, hook)| TestOutgoing { conversation, hook: HookId(hook) }.into_request())
            .boxed(),
        K::RegisterCommands => prop::collection::vec((command_name(), topic(), topic()), 0..3)
            .prop_map(|rows| {
                let spec = |(name, description, usage)| CommandSpec { name, description, usage };
                RegisterCommands { commands: rows.into_iter().map(spec).collect() }.into_request()
            })
            .boxed(),
        K::ListCommands => id().prop_map(|conversation| ListCommands { conversation }.into_request()).boxed(),
        K::RunCommand => (id(), command_name(), prop::option::of(user_name()), any::<String>())
            .prop_map(|(conversation, name, bot, text)| {
                RunCommand { conversation, name, bot, text }.into_request()
            })
            .boxed(),
        K::AnswerCommand => (uuid(), body())
            .prop_map(|(run, text)| AnswerCommand { run: RunId(run), text }.into_request())
            .boxed(),
        K::Ping => Just(Ping {}.into_request()).boxed(),
    }
}

fn any_request() -> impl Strategy<Value = Request> {
    prop::sample::select(RequestKind::ALL.to_vec()).prop_flat_map(request)
}

fn push() -> impl Strategy<Value = Push> {
    let id = || uuid().prop_map(ConversationId);
    prop_oneof![
        event().prop_map(Push::Event),
        (id(), uuid(), any::<u64>()).prop_map(|(conversation, user, seq)| Push::Read {
            conversation,
            user: UserId(user),
            seq: Seq(seq)
        }),
        (id(), any::<[u64; 3]>()).prop_map(|(conversation, [read, unread, mentions])| Push::Unread {
            conversation,
            read: Seq(read),
            unread,
            mentions
        }),
        (id(), person(), any::<bool>()).prop_map(|(conversation, user, active)| Push::Typing {
            conversation,
            user,
            active
        }),
        prop::collection::vec(presence(), 0..4).prop_map(|changes| Push::Presence { changes }),
        conversation().prop_map(|conversation| Push::ConversationAdded { conversation }),
        id().prop_map(|conversation| Push::ConversationRemoved { conversation }),
        (id(), room_name(), topic(), any::<bool>(), person(), any::<i64>()).prop_map(
            |(conversation, name, topic, private, by, at)| Push::Invitation {
                invitation: Invitation { conversation, name, topic, private, by, at: Timestamp(at) }
            }
        ),
        id().prop_map(|conversation| Push::InvitationRemoved { conversation }),
        (event(), prop::sample::select(Reason::ALL.to_vec()), any::<bool>())
            .prop_map(|(event, reason, read)| Push::InboxItem(InboxItem { event, reason, read })),
        inbox().prop_map(Push::InboxChanged),
        thread().prop_map(Push::Thread),
        (id(), notify())
            .prop_map(|(conversation, notify)| Push::Notify(NotifyState { conversation, notify })),
        dnd().prop_map(|dnd| Push::Dnd(DndState { dnd })),
        (id(), any::<bool>()).prop_map(|(conversation, on)| Push::Starred(SetStar { conversation, on })),
        saved().prop_map(Push::Saved),
        report().prop_map(|report| Push::Report { report }),
        any::<Option<i64>>().prop_map(|since| Push::Lockdown(Lockdown { since: since.map(Timestamp) })),
        (uuid(), id(), person(), command_name(), any::<String>()).prop_map(
            |(run, conversation, user, name, text)| {
                Push::Command(CommandCall { run: RunId(run), conversation, user, name, text })
            }
        ),
        (uuid(), id(), person(), command_name(), body()).prop_map(|(run, conversation, bot, name, text)| {
            Push::CommandAnswer(CommandReply { run: RunId(run), conversation, bot, name, text })
        }),
        profile().prop_map(|profile| Push::Profile { profile }),
        (person(), any::<bool>()).prop_map(|(user, on)| Push::Blocked { user, on }),
        privacy().prop_map(|privacy| Push::Privacy { privacy }),
        any::<u64>().prop_map(|reconnect_after_ms| Push::Draining { reconnect_after_ms }),
    ]
}

fn welcome() -> impl Strategy<Value = Welcome> {
    let role = prop::sample::select(vec![Role::Guest, Role::Member, Role::Admin, Role::Owner]);
    (
        person(),
        role,
        uuid(),
        prop::option::of(secret()),
        uuid(),
        (prop::collection::vec(conversation(), 0..3), any::<Option<String>>()),
        (privacy(), inbox(), dnd()),
        prop::collection::vec(uuid().prop_map(UserId), 0..3),
    )
        .prop_map(
            |(user, role, session, token, epoch, (conversations, cursor), (privacy, inbox, dnd), blocked)| {
                Welcome {
                    user,
                    role,
                    session: SessionId(session),
                    token,
                    epoch: Epoch(epoch),
                    privacy,
                    blocked,
                    conversations,
                    cursor,
                    inbox,
                    dnd,
                }
            },
        )
}

fn resumed() -> impl Strategy<Value = Resumed> {
    let missed = (uuid(), prop::collection::vec(event(), 0..3), any::<u64>())
        .prop_map(|(id, events, head)| Missed { conversation: ConversationId(id), events, head: Seq(head) });
    (any::<bool>(), prop::collection::vec(missed, 0..3), prop::collection::vec(uuid(), 0..3)).prop_map(
        |(same_epoch, resumed, gone)| Resumed {
            same_epoch,
            resumed,
            gone: gone.into_iter().map(ConversationId).collect(),
        },
    )
}

proptest! {
    #[test]
    fn any_request_comes_back_the_same(request in any_request(), id in "\\PC{1,16}") {
        let id = FrameId::new(&id).unwrap();
        let frame = ClientFrame::Request { id, request: Box::new(request) };
        prop_assert_eq!(ClientFrame::decode(&frame.encode()).unwrap(), frame);
    }

    #[test]
    fn any_signal_comes_back_the_same(id in uuid(), active in any::<bool>()) {
        let frame = ClientFrame::Signal(Signal::Typing { conversation: ConversationId(id), active });
        prop_assert_eq!(ClientFrame::decode(&frame.encode()).unwrap(), frame);
    }

    #[test]
    fn any_push_comes_back_the_same(push in push()) {
        match ServerFrame::decode(&ServerFrame::encode_push(&push)).unwrap() {
            ServerFrame::Push(again) => prop_assert_eq!(*again, push),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn the_large_answers_come_back_the_same(welcome in welcome(), resumed in resumed()) {
        let answers = [(RequestKind::Login, Answer::Login(welcome)), (RequestKind::Resume, Answer::Resume(resumed))];
        for (kind, answer) in answers {
            let id = FrameId::numbered(7);
            match ServerFrame::decode(&ServerFrame::encode_ok(&id, &answer)).unwrap() {
                ServerFrame::Ok { id: again, payload } => {
                    prop_assert_eq!(again, id);
                    prop_assert_eq!(kind.decode_answer(&payload).unwrap(), answer);
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn any_error_comes_back_the_same(
        code in prop::sample::select(ErrorCode::ALL.to_vec()),
        message in any::<String>(),
        id in prop::option::of("\\PC{1,16}"),
        wait in any::<Option<u64>>(),
    ) {
        let id = id.and_then(|id| FrameId::new(&id));
        let mut error = WireError::new(code, message);
        error.retry_after_ms = wait;
        match ServerFrame::decode(&ServerFrame::encode_error(id.as_ref(), &error)).unwrap() {
            ServerFrame::Error { id: id_again, error: again } => {
                prop_assert_eq!((id_again, again), (id, error));
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
