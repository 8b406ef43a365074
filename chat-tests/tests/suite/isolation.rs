//! Nobody sees what is not theirs: every request, asked by a stranger, an ex-member and a member.
//!
//! [`case`] matches on every request, so a new one does not compile until it says here how it
//! treats people who do not belong.

use anyhow::{Context, Result};
use chat_proto::RequestKind;
use chat_tests::{Script, Server, uuid};
use serde_json::{Value, json};

use crate::scenarios::{message, room, say, text};

/// What a request is to people who are not members.
enum Case {
    /// Only for members of the conversation it names; to others it does not exist.
    Membership(Value),
    /// Says nothing about any conversation that one is not in; `holds` looks at the answer that
    /// a stranger gets and says whether it kept the secret.
    Filtered(Value, fn(&Value, &World) -> bool),
    /// About the own connection or person; has no conversation in it.
    Own,
}

/// What there is to be seen.
struct World {
    /// A room with ada and lin in it, once with eve.
    room: String,
    /// A direct of ada and lin.
    direct: String,
    ada: String,
    lin: String,
}

fn case(kind: RequestKind, conversation: &str, world: &World) -> Case {
    let only = |payload: Value| {
        let mut payload = payload;
        payload["conversation"] = conversation.into();
        Case::Membership(payload)
    };
    match kind {
        RequestKind::GetConversation
        | RequestKind::LeaveRoom
        | RequestKind::ListMembers
        | RequestKind::GetHistory => only(json!({})),
        RequestKind::SetTopic => only(json!({"topic": "mine now"})),
        RequestKind::SendMessage => Case::Membership(message(conversation, &uuid(), "let me in")),
        RequestKind::MarkRead => only(json!({"seq": 1})),
        RequestKind::Resume => {
            let positions = json!({world.room.as_str(): 1, world.direct.as_str(): 0});
            Case::Filtered(json!({"epoch": uuid(), "conversations": positions}), |answer, _| {
                answer["resumed"] == json!([])
            })
        }
        RequestKind::ListConversations => {
            Case::Filtered(json!({}), |answer, world| !mentions_a_conversation(answer, world))
        }
        // The directory is public, but says nothing of directs, members or messages.
        RequestKind::ListRooms => Case::Filtered(json!({}), |answer, world| {
            !answer.to_string().contains(&world.direct) && !answer.to_string().contains(&world.lin)
        }),
        // Names are public on a server, conversations are not.
        RequestKind::ListPeople => {
            Case::Filtered(json!({}), |answer, world| !mentions_a_conversation(answer, world))
        }
        RequestKind::WatchPresence => {
            Case::Filtered(json!({"users": [world.ada, world.lin]}), |answer, _| {
                let presences = answer["presences"].as_array().map(Vec::as_slice).unwrap_or_default();
                presences.len() == 2
                    && presences.iter().all(|row| row["state"] == "offline" && row["last_seen"].is_null())
            })
        }
        // Public rooms are open, a direct is opened with its own person, and a new room is new.
        RequestKind::JoinRoom | RequestKind::OpenDirect | RequestKind::CreateRoom => Case::Own,
        RequestKind::Register
        | RequestKind::Login
        | RequestKind::Token
        | RequestKind::Logout
        | RequestKind::SetPresence
        | RequestKind::Ping => Case::Own,
    }
}

fn mentions_a_conversation(answer: &Value, world: &World) -> bool {
    let answer = answer.to_string();
    answer.contains(&world.room) || answer.contains(&world.direct)
}

struct Cast {
    _server: Server,
    ada: Script,
    lin: Script,
    eve: Script,
    mallory: Script,
    world: World,
}

/// Ada and lin are members, eve was one, mallory never.
fn cast() -> Result<Cast> {
    let server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let mut eve = Script::register(&server, "eve")?;
    let mut mallory = Script::register(&server, "mallory")?;
    let room = room("secret", &mut ada, &mut [&mut lin, &mut eve])?;
    let direct = text(&ada.ok("direct.open", json!({"user": "lin"}))?["id"]);
    say(&mut ada, &direct, "between us")?;
    say(&mut lin, &room, "eve is still here")?;
    eve.ok("room.leave", json!({"conversation": room}))?;
    for script in [&mut ada, &mut lin, &mut eve, &mut mallory] {
        script.forget()?;
    }
    let world = World { room, direct, ada: ada.user_id(), lin: lin.user_id() };
    Ok(Cast { _server: server, ada, lin, eve, mallory, world })
}

#[test]
fn who_does_not_belong_finds_nothing_in_any_request() -> Result<()> {
    let Cast { mut ada, mut lin, mut eve, mut mallory, world, _server } = cast()?;
    let nowhere = uuid();
    for kind in RequestKind::ALL {
        for (who, outsider) in [("eve", &mut eve), ("mallory", &mut mallory)] {
            for conversation in [&world.room, &world.direct] {
                let context = || format!("{} by {who}", kind.as_str());
                match case(*kind, conversation, &world) {
                    Case::Membership(payload) => {
                        let refused =
                            outsider.request(kind.as_str(), payload)?.err().with_context(context)?;
                        let Case::Membership(payload) = case(*kind, &nowhere, &world) else { continue };
                        let absent = outsider.request(kind.as_str(), payload)?.err().with_context(context)?;
                        assert_eq!(refused["code"], "not_found", "{}", context());
                        assert_eq!(refused, absent, "{}: not yours and not there look alike", context());
                    }
                    Case::Filtered(payload, keeps_the_secret) => {
                        let answer = outsider.ok(kind.as_str(), payload)?;
                        assert!(keeps_the_secret(&answer, &world), "{}: {answer}", context());
                    }
                    Case::Own => {}
                }
            }
        }
    }
    // None of it left a trace, and none of it reached the members.
    assert_eq!(ada.ok("conversation.get", json!({"conversation": world.room}))?["head"], 5);
    assert_eq!(ada.ok("conversation.get", json!({"conversation": world.direct}))?["head"], 2);
    for member in [&mut ada, &mut lin] {
        member.expect_none("event", |_| true)?;
        member.expect_none("read", |_| true)?;
    }
    Ok(())
}

#[test]
fn members_may_do_in_a_room_all_that_strangers_may_not() -> Result<()> {
    let Cast { mut ada, mut lin, world, _server, .. } = cast()?;
    let mut last = None;
    for kind in RequestKind::ALL {
        if let Case::Membership(payload) = case(*kind, &world.room, &world) {
            if *kind == RequestKind::LeaveRoom {
                last = Some((kind, payload));
                continue;
            }
            lin.ok(kind.as_str(), payload)?;
        }
    }
    let (kind, payload) = last.expect("leaving is a member's request");
    lin.ok(kind.as_str(), payload)?;
    ada.expect("event", |event| event["kind"] == "left")?;
    // In a direct, two of them make no sense even for its members.
    for kind in [RequestKind::LeaveRoom, RequestKind::SetTopic] {
        let Case::Membership(payload) = case(kind, &world.direct, &world) else { unreachable!() };
        assert_eq!(ada.refused(kind.as_str(), payload)?, "forbidden");
    }
    Ok(())
}

#[test]
fn nothing_that_members_do_is_pushed_to_others() -> Result<()> {
    let Cast { mut ada, mut lin, mut eve, mut mallory, world, _server } = cast()?;
    for outsider in [&mut eve, &mut mallory] {
        outsider.ok("presence.watch", json!({"users": [world.ada, world.lin]}))?;
    }
    let mut last = 0;
    for conversation in [&world.room, &world.direct] {
        ada.tell("typing", json!({"conversation": conversation, "active": true}))?;
        lin.expect("typing", |_| true)?;
        last = say(&mut ada, conversation, "still between us, @mallory @eve")?;
        let event = lin.expect("event", |event| event["conversation"] == conversation.as_str())?;
        assert!(event["mentions"].is_null(), "whoever is not here cannot be mentioned: {event}");
        lin.ok("read.mark", json!({"conversation": conversation, "seq": last}))?;
        ada.expect("read", |read| read["conversation"] == conversation.as_str())?;
    }
    assert!(last > 0);
    ada.ok("room.topic", json!({"conversation": world.room, "topic": "secrets"}))?;
    lin.ok("presence.set", json!({"state": "away"}))?;
    for outsider in [&mut eve, &mut mallory] {
        for push in ["event", "read", "unread", "typing", "presence", "conversation.added"] {
            outsider.expect_none(push, |_| true)?;
        }
    }
    Ok(())
}

#[test]
fn a_direct_cannot_be_joined_as_a_room() -> Result<()> {
    let Cast { mut mallory, world, _server, .. } = cast()?;
    for name in [world.direct.as_str(), "ada", "lin"] {
        assert_eq!(mallory.refused("room.join", json!({"room": name}))?, "not_found");
    }
    Ok(())
}
