//! Any valid frame goes over the wire and comes back the same.

mod requests;
mod values;

use chat_proto::*;
use proptest::prelude::*;

use requests::any_request;
use values::*;

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
