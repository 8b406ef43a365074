//! Any value of each kind that frames are made of.

use chat_proto::*;
use proptest::prelude::*;
use uuid::Uuid;

prop_compose! {
    pub(super) fn uuid()(bits in any::<u128>()) -> Uuid { Uuid::from_u128(bits) }
}
prop_compose! {
    pub(super) fn person()(id in uuid(), name in user_name(), bot in any::<bool>()) -> Person {
        Person { bot, ..Person::new(UserId(id), name) }
    }
}
prop_compose! {
    pub(super) fn event()(
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
    pub(super) fn conversation()(
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
    pub(super) fn presence()(user in uuid(), state in state(), last_seen in prop::option::of(any::<i64>())) -> Presence {
        Presence { user: UserId(user), state, last_seen: last_seen.map(Timestamp) }
    }
}

pub(super) fn user_name() -> impl Strategy<Value = UserName> {
    "[a-zäöüß0-9日本語][a-z0-9._-]{0,20}[a-z0-9]".prop_map(|text| UserName::parse(&text).unwrap())
}

pub(super) fn room_name() -> impl Strategy<Value = RoomName> {
    "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?".prop_map(|text| RoomName::parse(&text).unwrap())
}

pub(super) fn topic() -> impl Strategy<Value = Topic> {
    "\\PC{0,40}".prop_filter_map("one plain line", |text| Topic::new(text).ok())
}

pub(super) fn description() -> impl Strategy<Value = Description> {
    any::<String>().prop_filter_map("not too long", |text| Description::new(text).ok())
}

pub(super) fn rules() -> impl Strategy<Value = RoomRules> {
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

pub(super) fn level() -> impl Strategy<Value = Option<NotifyLevel>> {
    prop::option::of(prop::sample::select(vec![NotifyLevel::All, NotifyLevel::Mentions, NotifyLevel::None]))
}

pub(super) fn notify() -> impl Strategy<Value = Notify> {
    (level(), any::<Option<i64>>())
        .prop_map(|(level, until)| Notify { level, muted_until: until.map(Timestamp) })
}

pub(super) fn schedule() -> impl Strategy<Value = Option<Schedule>> {
    let time = || (0..24, 0..60).prop_map(|(h, m)| ClockTime::parse(&format!("{h}:{m:02}")).unwrap());
    let days = prop::sample::subsequence(Weekday::ALL.to_vec(), 0..=7);
    let zone = "[A-Z][a-z]{2,8}/[A-Z][a-z_]{2,12}".prop_map(|name| ZoneName::new(name).unwrap());
    let schedule = (time(), time(), days, zone);
    prop::option::of(schedule.prop_map(|(from, to, days, zone)| Schedule { from, to, days, zone }))
}

pub(super) fn dnd() -> impl Strategy<Value = Dnd> {
    (any::<Option<i64>>(), schedule())
        .prop_map(|(until, schedule)| Dnd { until: until.map(Timestamp), schedule })
}

prop_compose! {
    pub(super) fn inbox()(unread in any::<u64>(), revision in any::<u64>()) -> InboxState {
        InboxState { unread, revision }
    }
}
prop_compose! {
    pub(super) fn thread()(id in uuid(), seqs in any::<[u64; 3]>(), following in any::<bool>()) -> ThreadState {
        let [thread, read, unread] = seqs;
        ThreadState {
            conversation: ConversationId(id), thread: Seq(thread), following, read: Seq(read), unread,
        }
    }
}

pub(super) fn room_role() -> impl Strategy<Value = RoomRole> {
    prop::sample::select(RoomRole::ALL.to_vec())
}

pub(super) fn scopes() -> impl Strategy<Value = Scopes> {
    prop::collection::vec(prop::sample::select(Scope::ALL.to_vec()), 0..4)
        .prop_map(|scopes| scopes.into_iter().collect())
}

pub(super) fn command_name() -> impl Strategy<Value = CommandName> {
    "[a-z0-9][a-z0-9_-]{0,20}".prop_map(|text| CommandName::parse(&text).unwrap())
}

pub(super) fn events() -> impl Strategy<Value = HookEvents> {
    prop::collection::vec(prop::sample::select(HookEvents::KINDS.to_vec()), 0..4)
        .prop_map(|kinds| HookEvents::new(kinds).unwrap())
}

pub(super) fn emoji() -> impl Strategy<Value = Emoji> {
    prop::sample::select(vec!["👍", "❤️", "👩‍👩‍👧", "🇩🇪", "1️⃣"]).prop_map(|text| Emoji::new(text).unwrap())
}

pub(super) fn message() -> impl Strategy<Value = Message> {
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

pub(super) fn attachment() -> impl Strategy<Value = Attachment> {
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

pub(super) fn device() -> impl Strategy<Value = DeviceName> {
    "\\PC{0,20}".prop_filter_map("one plain line", |text| DeviceName::new(text).ok())
}

pub(super) fn body() -> impl Strategy<Value = Body> {
    any::<String>().prop_filter_map("not white space", |text| Body::or_nothing(text).ok())
}

pub(super) fn secret() -> impl Strategy<Value = Secret> {
    any::<String>().prop_map(Secret::new)
}

pub(super) fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Guest, Role::Member, Role::Admin, Role::Owner])
}

pub(super) fn state() -> impl Strategy<Value = PresenceState> {
    prop::sample::select(vec![PresenceState::Online, PresenceState::Away, PresenceState::Offline])
}

pub(super) fn number() -> impl Strategy<Value = Option<u32>> {
    any::<Option<u32>>()
}

pub(super) fn seq() -> impl Strategy<Value = Option<Seq>> {
    any::<Option<u64>>().prop_map(|seq| seq.map(Seq))
}

pub(super) fn what() -> impl Strategy<Value = EventKind> {
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

pub(super) fn display_name() -> impl Strategy<Value = DisplayName> {
    "[A-Za-zäé日 .-]{0,20}".prop_map(|text| DisplayName::new(text).unwrap())
}

pub(super) fn saved() -> impl Strategy<Value = SetSaved> {
    (uuid(), any::<u64>(), any::<bool>()).prop_map(|(id, seq, on)| SetSaved {
        conversation: ConversationId(id),
        seq: Seq(seq),
        on,
    })
}

pub(super) fn zone() -> impl Strategy<Value = Zone> {
    "([A-Z][a-z]{1,9}/[A-Z][a-z]{1,9})?".prop_map(|text| Zone::new(text).unwrap())
}

pub(super) fn status() -> impl Strategy<Value = Status> {
    let text = "[a-zäé日 .-]{0,20}".prop_map(|text| StatusText::new(text).unwrap());
    (prop::option::of(emoji()), text, until()).prop_map(|(emoji, text, until)| Status { emoji, text, until })
}

pub(super) fn privacy() -> impl Strategy<Value = Privacy> {
    any::<[bool; 3]>().prop_map(|[read_receipts, typing, last_seen]| Privacy {
        read_receipts,
        typing,
        last_seen,
    })
}

pub(super) fn profile() -> impl Strategy<Value = Profile> {
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

pub(super) fn until() -> impl Strategy<Value = Option<Timestamp>> {
    any::<Option<i64>>().prop_map(|at| at.map(Timestamp))
}

pub(super) fn report() -> impl Strategy<Value = Report> {
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
