//! The examples are true, and there is one of everything.

use std::collections::BTreeSet;

use chat_proto::{ClientFrame, EventKind, Hello, HookEvents, Limits, Push, RequestKind, ServerFrame, Signal};
use serde_json::{Value, json};

use crate::spec::{Example, Sender, examples};

/// Names every variant of an enum, so that a new one cannot be forgotten here, and lists the names.
macro_rules! names {
    ($function:ident, $list:ident, $enum:ty { $($pattern:pat => $name:literal,)+ }) => {
        fn $function(value: &$enum) -> &'static str {
            match value { $($pattern => $name,)+ }
        }
        const $list: &[&str] = &[$($name,)+];
    };
}

names!(push_name, PUSHES, Push {
    Push::Hello(_) => "hello",
    Push::Event(_) => "event",
    Push::Read { .. } => "read",
    Push::Unread { .. } => "unread",
    Push::Typing { .. } => "typing",
    Push::Presence { .. } => "presence",
    Push::ConversationAdded { .. } => "conversation.added",
    Push::ConversationRemoved { .. } => "conversation.removed",
    Push::Invitation { .. } => "invitation",
    Push::InvitationRemoved { .. } => "invitation.removed",
    Push::InboxItem(_) => "inbox.item",
    Push::InboxChanged(_) => "inbox.changed",
    Push::Thread(_) => "thread",
    Push::Notify(_) => "notify",
    Push::Dnd(_) => "dnd",
    Push::Starred(_) => "starred",
    Push::Saved(_) => "saved",
    Push::Report { .. } => "report",
    Push::Lockdown(_) => "lockdown",
    Push::Command(_) => "command",
    Push::CommandAnswer(_) => "command.answer",
    Push::Profile { .. } => "profile",
    Push::Blocked { .. } => "blocked",
    Push::Privacy { .. } => "privacy",
    Push::Draining { .. } => "draining",
});

names!(event_name, EVENTS, EventKind {
    EventKind::Created { .. } => "created",
    EventKind::Message(_) => "message",
    EventKind::Tombstone(_) => "tombstone",
    EventKind::Edited { .. } => "edited",
    EventKind::Deleted { .. } => "deleted",
    EventKind::Reaction { .. } => "reaction",
    EventKind::Pinned { .. } => "pinned",
    EventKind::Invited { .. } => "invited",
    EventKind::Removed { .. } => "removed",
    EventKind::Banned { .. } => "banned",
    EventKind::Unbanned { .. } => "unbanned",
    EventKind::Muted { .. } => "muted",
    EventKind::Unmuted { .. } => "unmuted",
    EventKind::Role { .. } => "role",
    EventKind::Renamed { .. } => "renamed",
    EventKind::Described { .. } => "described",
    EventKind::Rules { .. } => "rules",
    EventKind::Joined => "joined",
    EventKind::Left => "left",
    EventKind::Topic { .. } => "topic",
    EventKind::Unknown => "(unknown)",
});

names!(signal_name, SIGNALS, Signal {
    Signal::Typing { .. } => "typing",
});

fn pushes() -> Vec<Push> {
    let read = |example: &Example| match ServerFrame::decode(&example.text).unwrap() {
        ServerFrame::Push(push) => Some(*push),
        _ => None,
    };
    examples().iter().filter(|e| matches!(e.sender, Sender::Server(_))).filter_map(read).collect()
}

fn client_frames() -> Vec<ClientFrame> {
    let is_client = |e: &&Example| e.sender == Sender::Client;
    examples().iter().filter(is_client).map(|e| ClientFrame::decode(&e.text).unwrap()).collect()
}

#[test]
fn every_example_is_read_and_written_again() {
    let examples = examples();
    assert!(examples.len() > 60, "only {} examples were found", examples.len());
    for example in examples {
        let mut value = example.value();
        // A request without a payload is one with an empty payload.
        if value.get("payload").is_none() {
            value["payload"] = json!({});
        }
        assert_eq!(example.recoded(&example.text), value, "PROTOCOL.md line {}", example.line);
    }
}

#[test]
fn every_request_has_an_example_and_an_answer() {
    let asked: BTreeSet<&str> = client_frames()
        .iter()
        .filter_map(|frame| match frame {
            ClientFrame::Request { request, .. } => Some(request.kind().as_str()),
            ClientFrame::Signal(_) => None,
        })
        .collect();
    let answered: BTreeSet<&str> = examples()
        .iter()
        .filter_map(|example| match example.sender {
            Sender::Server(Some(request)) => Some(request.as_str()),
            _ => None,
        })
        .collect();
    let all: BTreeSet<&str> = RequestKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(asked, all);
    assert_eq!(answered, all);
    for kind in RequestKind::ALL {
        assert_eq!(RequestKind::from_type(kind.as_str()), Some(*kind));
    }
}

/// An outgoing webhook can be told of every kind that happens.
#[test]
fn webhooks_know_every_kind_of_event() {
    let happening = EVENTS.iter().copied().filter(|name| !matches!(*name, "(unknown)" | "tombstone"));
    assert_eq!(happening.collect::<BTreeSet<_>>(), HookEvents::KINDS.into_iter().collect());
}

#[test]
fn every_push_event_and_signal_has_an_example() {
    let pushes = pushes();
    let shown: BTreeSet<&str> = pushes.iter().map(push_name).collect();
    assert_eq!(shown, PUSHES.iter().copied().collect());

    let kinds = pushes.iter().filter_map(|push| match push {
        Push::Event(event) => Some(event_name(&event.what)),
        _ => None,
    });
    let known = EVENTS.iter().copied().filter(|name| *name != "(unknown)");
    assert_eq!(kinds.collect::<BTreeSet<_>>(), known.collect());

    let frames = client_frames();
    let signals = frames.iter().filter_map(|frame| match frame {
        ClientFrame::Signal(signal) => Some(signal_name(signal)),
        ClientFrame::Request { .. } => None,
    });
    assert_eq!(signals.collect::<BTreeSet<_>>(), SIGNALS.iter().copied().collect());
}

/// The decoder keeps its own list of push types; an example of each goes through it under its name.
#[test]
fn the_type_on_the_wire_is_the_name_of_the_push() {
    for push in pushes() {
        let text = ServerFrame::encode_push(&push);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["type"], push_name(&push));
        match ServerFrame::decode(&text).unwrap() {
            ServerFrame::Push(again) => assert_eq!(*again, push),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_hello_shows_the_defaults() {
    let hellos: Vec<Hello> = pushes()
        .into_iter()
        .filter_map(|push| match push {
            Push::Hello(hello) => Some(hello),
            _ => None,
        })
        .collect();
    assert!(!hellos.is_empty());
    for hello in hellos {
        assert_eq!(hello.limits, Limits::default());
        assert_eq!(hello.ping_interval_ms, chat_proto::limits::PING_INTERVAL_MS);
        assert_eq!(hello.protocol.max, chat_proto::PROTOCOL_VERSION);
    }
}

#[test]
fn unknown_fields_pass_everywhere() {
    for example in examples() {
        let plain = example.value();
        let mut decorated = plain.clone();
        add_unknown_fields(&mut decorated);
        assert_ne!(decorated, plain);
        let expected = example.recoded(&example.text);
        assert_eq!(example.recoded(&decorated.to_string()), expected, "PROTOCOL.md line {}", example.line);
    }
}

/// Adds a field to every object, apart from the one map whose keys are data.
fn add_unknown_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let is_map_of_positions = !fields.is_empty() && fields.values().all(Value::is_u64);
            fields.values_mut().for_each(add_unknown_fields);
            if !is_map_of_positions || fields.keys().all(|key| key.len() < 36) {
                fields.insert("from_the_future".to_owned(), json!({"deep": [1, null, {"x": "y"}]}));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(add_unknown_fields),
        _ => {}
    }
}

#[test]
fn unknown_kinds_and_types_are_tolerated() {
    let event = json!({"type": "event", "payload": {
        "conversation": "01997f00-0000-7000-8000-00000000c001", "seq": 50, "at": 1,
        "author": {"id": "01997f00-0000-7000-8000-0000000000a1", "name": "ada"},
        "kind": "poll.opened", "question": {"text": "when?"}, "choices": [1, 2],
    }});
    match ServerFrame::decode(&event.to_string()).unwrap() {
        ServerFrame::Push(push) => match *push {
            Push::Event(event) => {
                assert_eq!(event.what, EventKind::Unknown);
                assert_eq!(event.seq.0, 50, "it is counted");
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }

    let push = json!({"type": "call.ringing", "payload": {"from": "ada"}}).to_string();
    assert!(
        matches!(ServerFrame::decode(&push), Ok(ServerFrame::Unknown { kind }) if kind == "call.ringing")
    );

    let error = json!({"type": "error", "id": "1", "payload": {
        "code": "quota_exceeded", "message": "Full.", "temporary": true,
    }});
    match ServerFrame::decode(&error.to_string()).unwrap() {
        ServerFrame::Error { error, .. } => {
            assert_eq!(error.code, chat_proto::ErrorCode::Unknown);
            assert!(error.temporary);
        }
        other => panic!("{other:?}"),
    }

    let request = json!({"type": "call.start", "id": "7", "payload": {}}).to_string();
    let refused = ClientFrame::decode(&request).unwrap_err();
    assert_eq!(refused.id.unwrap().as_str(), "7");
    assert_eq!(refused.error.code, chat_proto::ErrorCode::UnknownType);
}
