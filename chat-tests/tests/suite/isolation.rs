//! Nobody sees what is not theirs, and nobody does what is not theirs to do: every request, asked
//! by everybody from the stranger to the owner.
//!
//! [`case`] matches on every request, so a new one does not compile until it says here how it
//! treats people who do not belong, and which of those who do.

mod cast;
mod parted;

use anyhow::{Context, Result};
use chat_proto::RequestKind;
use chat_tests::{Options, Script, Server, uuid};
use serde_json::{Value, json};

use crate::scenarios::{
    about, bot, bring_in, kick, message, private_room, register_as, room, say, say_with, set_role, text,
};
use cast::{Cast, World, cast};

/// Who is in the room, the weakest first. The guest and the boss are plain members of the room,
/// and a guest and an admin on the server; the muted one is a member who may only read.
const INSIDERS: [&str; 7] = ["reader", "guest", "member", "mo", "boss", "owner", "muted"];

/// Who is not: never was, has an invitation, left, was put out, is a guest elsewhere, was banned, owns
/// the server.
const OUTSIDERS: [&str; 7] = ["stranger", "invited", "former", "removed", "foreigner", "banned", "chief"];

const ALL: &str = "reader guest member mo boss owner muted";
const WRITERS: &str = "guest member mo boss owner";
const MODERATORS: &str = "mo boss owner";
const OWNERS: &str = "boss owner";

/// Where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9/";

/// How a request is treated.
enum Case {
    /// Names a conversation. These insiders are granted it, the others are forbidden, and for
    /// everybody else the conversation does not exist.
    In(Value, &'static str),
    /// The same, but whoever runs the server is granted it without being in.
    Overseen(Value, &'static str),
    /// Names no conversation, and a person who does not exist: only who runs the server learns so.
    ForAdmins(Value),
    /// Is about the server as a whole: who runs it may, everybody else is told that they may not.
    AdminsMay(Value),
    /// Names a report of a message in the room, which exists for those who keep order there.
    OfReport(Value),
    /// Names a private room; for outsiders there is no room of that name.
    ByName(Value),
    /// Answers an invitation, which only one of the outsiders has.
    Invitation(Value),
    /// Says nothing about any conversation that one is not in.
    Filtered(Value),
    /// About the own connection or person; has no conversation in it.
    Own,
}

fn case(kind: RequestKind, conversation: &str, world: &World) -> Case {
    let with = |payload: Value, may| {
        let mut payload = payload;
        payload["conversation"] = conversation.into();
        Case::In(payload, may)
    };
    match kind {
        RequestKind::GetConversation
        | RequestKind::ListMembers
        | RequestKind::ListPins
        | RequestKind::GetHistory => with(json!({}), ALL),
        RequestKind::MarkRead | RequestKind::ListVersions | RequestKind::GetReaders => {
            with(json!({"seq": world.seq}), ALL)
        }
        RequestKind::GetThread => with(json!({"thread": world.seq}), ALL),
        RequestKind::FollowThread => with(json!({"thread": world.seq, "on": true}), ALL),
        RequestKind::MarkThread => with(json!({"thread": world.seq, "seq": world.seq + 1}), ALL),
        RequestKind::SetStar => with(json!({"on": true}), ALL),
        RequestKind::SetSaved => with(json!({"seq": world.seq, "on": true}), ALL),
        RequestKind::SetNotify => with(json!({"level": "all"}), ALL),
        // The owner is the only one here, and stays.
        RequestKind::LeaveRoom => with(json!({}), "reader guest member mo boss muted"),
        RequestKind::SendMessage => Case::In(message(conversation, &uuid(), "let me in"), WRITERS),
        RequestKind::React => with(json!({"seq": world.seq, "emoji": "👍", "on": true}), WRITERS),
        RequestKind::PinMessage => with(json!({"seq": world.seq, "on": true}), WRITERS),
        RequestKind::SetTopic => with(json!({"topic": "mine now"}), WRITERS),
        RequestKind::Invite => with(json!({"user": "victim"}), WRITERS),
        RequestKind::EditMessage => with(json!({"seq": world.seq, "body": "mine now"}), "member"),
        RequestKind::DeleteMessage => with(json!({"seq": world.seq}), "member mo boss owner"),
        RequestKind::RemoveMember => with(json!({"user": "victim"}), MODERATORS),
        RequestKind::SetRole => with(json!({"user": "victim", "role": "read-only"}), MODERATORS),
        RequestKind::BanMember | RequestKind::MuteMember => {
            with(json!({"user": "victim", "for_s": 60}), MODERATORS)
        }
        RequestKind::UnbanMember | RequestKind::UnmuteMember => with(json!({"user": "victim"}), MODERATORS),
        RequestKind::ListBans => with(json!({}), MODERATORS),
        RequestKind::Purge => {
            Case::Overseen(json!({"conversation": conversation, "user": "victim"}), MODERATORS)
        }
        RequestKind::ListReports | RequestKind::ListAudit => {
            Case::Overseen(json!({"conversation": conversation}), MODERATORS)
        }
        // One does not report oneself.
        RequestKind::CreateReport => with(json!({"seq": world.seq}), "reader guest mo boss owner muted"),
        RequestKind::CloseReport => Case::OfReport(json!({"report": world.report})),
        RequestKind::BanUser | RequestKind::UnbanUser | RequestKind::MuteUser | RequestKind::UnmuteUser => {
            Case::ForAdmins(json!({"user": "nobody"}))
        }
        RequestKind::RevokeCode => Case::ForAdmins(json!({"id": "0123456789abcdef"})),
        RequestKind::CreateCode => Case::AdminsMay(json!({"role": "member"})),
        RequestKind::CreateUser => {
            let name = format!("n-{}", &uuid()[24..]);
            Case::AdminsMay(json!({"name": name, "password": "correct horse", "role": "guest"}))
        }
        // Only asked, so that the others can go on.
        RequestKind::SetLockdown | RequestKind::ListCodes | RequestKind::SurveyRooms => {
            Case::AdminsMay(json!({}))
        }
        RequestKind::DisableUser | RequestKind::EnableUser | RequestKind::ResetUser => {
            Case::ForAdmins(json!({"user": "nobody"}))
        }
        RequestKind::GivePassword => {
            Case::ForAdmins(json!({"user": "nobody", "password": "violet stapler battery"}))
        }
        RequestKind::SetUserRole => Case::ForAdmins(json!({"user": "nobody", "role": "member"})),
        RequestKind::DescribeRoom => with(json!({"description": "mine now"}), MODERATORS),
        RequestKind::SetRules => with(json!({"rules": {"slow_mode_s": 0}}), MODERATORS),
        RequestKind::RenameRoom => with(json!({"name": "secret"}), OWNERS),
        RequestKind::JoinRoom => Case::ByName(json!({"room": "secret"})),
        RequestKind::AcceptInvitation | RequestKind::DeclineInvitation => {
            Case::Invitation(json!({"conversation": conversation}))
        }
        RequestKind::Resume => {
            let positions = json!({world.room.as_str(): 1, world.direct.as_str(): 0});
            Case::Filtered(json!({"epoch": world.epoch, "conversations": positions}))
        }
        RequestKind::ListConversations
        | RequestKind::ListInbox
        | RequestKind::ListThreads
        | RequestKind::ListSaved
        | RequestKind::ListInvitations
        | RequestKind::ListRooms
        | RequestKind::ListPeople => Case::Filtered(json!({})),
        RequestKind::WatchPresence => Case::Filtered(json!({"users": world.people})),
        RequestKind::MarkInbox => {
            let items = [&world.room, &world.direct].map(|id| json!({"conversation": id, "seq": world.seq}));
            Case::Filtered(json!({"items": items}))
        }
        RequestKind::ListFiles => Case::Filtered(json!({})),
        // Files have owners, not conversations; see the scenarios about files.
        RequestKind::DeleteFile => Case::Own,
        RequestKind::Search => Case::Filtered(json!({"query": "hush"})),
        RequestKind::ListIncoming | RequestKind::ListOutgoing => with(json!({}), MODERATORS),
        RequestKind::CreateIncoming => with(json!({"name": format!("h{}", &uuid()[24..])}), MODERATORS),
        RequestKind::CreateOutgoing => with(json!({"url": NOBODY}), MODERATORS),
        RequestKind::DeleteIncoming => with(json!({"hook": world.incoming}), MODERATORS),
        RequestKind::DeleteOutgoing | RequestKind::TestOutgoing => {
            with(json!({"hook": world.outgoing}), MODERATORS)
        }
        RequestKind::ListCommands => with(json!({}), ALL),
        RequestKind::RunCommand => with(json!({"name": "deploy", "text": "hush"}), WRITERS),
        RequestKind::ListBots => Case::Filtered(json!({})),
        RequestKind::CreateBot
        | RequestKind::RotateToken
        | RequestKind::DeleteBot
        | RequestKind::RegisterCommands
        | RequestKind::AnswerCommand => Case::Own,
        // A direct is opened with its own people, and a new room is new.
        RequestKind::OpenDirect | RequestKind::CreateRoom => Case::Own,
        RequestKind::SetDnd => Case::Own,
        RequestKind::ListSessions => Case::Filtered(json!({})),
        // About accounts, not conversations; see the scenarios about signing in and administration.
        RequestKind::ListAccounts
        | RequestKind::ChangePassword
        | RequestKind::RevokeSession
        | RequestKind::BeginTotp
        | RequestKind::ConfirmTotp
        | RequestKind::DisableTotp
        | RequestKind::BeginLink
        | RequestKind::FinishLink
        | RequestKind::RemoveLink => Case::Own,
        RequestKind::Register
        | RequestKind::Login
        | RequestKind::Token
        | RequestKind::Reset
        | RequestKind::OidcBegin
        | RequestKind::OidcPoll
        | RequestKind::Logout
        | RequestKind::SetProfile
        | RequestKind::GetProfile
        | RequestKind::SetBlock
        | RequestKind::ListBlocked
        | RequestKind::SetPrivacy
        | RequestKind::SetPresence
        | RequestKind::Ping => Case::Own,
    }
}

/// Whether the answer to a filtered request is as if there were no such room.
fn keeps_the_secret(kind: RequestKind, who: &str, answer: &Value, world: &World) -> bool {
    let answer_text = answer.to_string();
    let told = |word: &str| answer_text.contains(word);
    match kind {
        RequestKind::Resume => answer["resumed"] == json!([]) && !told("body"),
        RequestKind::WatchPresence => {
            let rows = answer["presences"].as_array().map(Vec::as_slice).unwrap_or_default();
            rows.len() == world.people.len()
                && rows.iter().all(|row| row["state"] == "offline" && row["last_seen"].is_null())
        }
        // Whoever is invited is told where to, by whom, and no more.
        RequestKind::ListInvitations if who == "invited" => told(&world.room) && !told("hush"),
        RequestKind::ListPeople if who == "foreigner" => !told("owner") && !told("member"),
        _ => !told(&world.room) && !told(&world.direct) && !told("secret") && !told("hush"),
    }
}

#[test]
fn who_does_not_belong_finds_nothing_in_any_request() -> Result<()> {
    let Cast { server: _server, mut insiders, mut outsiders, world, _bot, .. } = cast()?;
    let nowhere = uuid();
    let head = |owner: &mut Script| -> Result<Value> {
        Ok(owner.ok("conversation.get", json!({"conversation": world.room}))?["head"].clone())
    };
    let before = head(&mut insiders[5])?;
    for kind in RequestKind::ALL {
        for (who, outsider) in OUTSIDERS.iter().zip(&mut outsiders) {
            for conversation in [&world.room, &world.direct] {
                let context = format!("{} by {who}", kind.as_str());
                let mut refused = |case: Case| match case {
                    Case::In(payload, _)
                    | Case::Overseen(payload, _)
                    | Case::OfReport(payload)
                    | Case::Invitation(payload)
                    | Case::ByName(payload) => outsider
                        .request(kind.as_str(), payload)?
                        .err()
                        .with_context(|| format!("{context} was granted")),
                    Case::Filtered(_) | Case::ForAdmins(_) | Case::AdminsMay(_) | Case::Own => {
                        unreachable!("asked otherwise")
                    }
                };
                let asked = case(*kind, conversation, &world);
                match asked {
                    Case::Invitation(_) | Case::ByName(_) if *who == "invited" => {}
                    Case::Overseen(payload, _) if *who == "chief" => {
                        outsider.ok(kind.as_str(), payload).context(context)?;
                    }
                    Case::OfReport(payload) if *who == "chief" => {
                        let unknown = outsider.refused(kind.as_str(), json!({"report": uuid()}))?;
                        assert_eq!(unknown, "not_found");
                        outsider.ok(kind.as_str(), payload).context(context)?;
                    }
                    Case::ForAdmins(payload) => {
                        let code = if *who == "chief" { "not_found" } else { "forbidden" };
                        assert_eq!(outsider.refused(kind.as_str(), payload)?, code, "{context}");
                    }
                    Case::AdminsMay(payload) if *who == "chief" => {
                        outsider.ok(kind.as_str(), payload).context(context)?;
                    }
                    Case::AdminsMay(payload) => {
                        assert_eq!(outsider.refused(kind.as_str(), payload)?, "forbidden", "{context}");
                    }
                    Case::OfReport(_) => {
                        let here = refused(asked)?;
                        let absent = refused(Case::OfReport(json!({"report": uuid()})))?;
                        assert_eq!((&here["code"], &here), (&json!("not_found"), &absent), "{context}");
                    }
                    Case::In(..) | Case::Overseen(..) | Case::Invitation(_) => {
                        let (here, absent) = (refused(asked)?, refused(case(*kind, &nowhere, &world))?);
                        assert_eq!(here["code"], "not_found", "{context}");
                        assert_eq!(here, absent, "{context}: not yours and not there look alike");
                    }
                    Case::ByName(_) => {
                        let here = refused(asked)?;
                        let absent = refused(Case::ByName(json!({"room": "absent"})))?;
                        assert_eq!(here["code"], "not_found", "{context}");
                        assert_eq!(
                            here.to_string().replace("secret", "absent"),
                            absent.to_string(),
                            "{context}"
                        );
                    }
                    Case::Filtered(payload) => {
                        let answer = outsider.ok(kind.as_str(), payload)?;
                        assert!(keeps_the_secret(*kind, who, &answer, &world), "{context}: {answer}");
                    }
                    Case::Own => {}
                }
            }
        }
    }
    // None of it left a trace, and none of it reached the members.
    assert_eq!(head(&mut insiders[5])?, before);
    for (who, insider) in INSIDERS.iter().zip(&mut insiders) {
        // The chief closed a report, which those who keep order are told.
        if MODERATORS.contains(who) {
            insider.expect("report", |told| told["report"]["closed"]["by"]["name"] == "chief")?;
        }
        insider.expect_nothing_about(&world.room)?;
        insider.expect_nothing_about(&world.direct)?;
    }
    // Only the one who has an invitation comes in.
    outsiders[1].ok("invitation.accept", json!({"conversation": world.room}))?;
    Ok(())
}

#[test]
fn each_request_in_a_room_is_granted_to_its_people_and_forbidden_to_the_others() -> Result<()> {
    let mut cast = cast()?;
    // Who has left cannot be asked anything else.
    let kinds = RequestKind::ALL.iter().filter(|kind| **kind != RequestKind::LeaveRoom);
    for kind in kinds.chain(&[RequestKind::LeaveRoom]) {
        for who in INSIDERS {
            let room = cast.world.room.clone();
            let context = format!("{} by {who}", kind.as_str());
            match case(*kind, &room, &cast.world) {
                Case::ForAdmins(payload) => {
                    let code = if who == "boss" { "not_found" } else { "forbidden" };
                    assert_eq!(cast.insider(who).refused(kind.as_str(), payload)?, code, "{context}");
                }
                Case::AdminsMay(payload) => match cast.insider(who).request(kind.as_str(), payload)? {
                    Ok(_) => assert_eq!(who, "boss", "{context}"),
                    Err(error) => {
                        assert_ne!(who, "boss", "{context}: {error}");
                        assert_eq!(error["code"], "forbidden", "{context}");
                    }
                },
                Case::OfReport(payload) => {
                    let may = MODERATORS.split(' ').any(|name| name == who);
                    let answer = cast.insider(who).request(kind.as_str(), payload)?;
                    assert_eq!(answer.is_ok(), may, "{context}: {answer:?}");
                    assert!(answer.is_ok() || answer.is_err_and(|error| error["code"] == "not_found"));
                }
                Case::In(payload, may) | Case::Overseen(payload, may) => {
                    let may = may.split(' ').any(|name| name == who);
                    match cast.insider(who).request(kind.as_str(), payload)? {
                        Ok(answer) => {
                            assert!(may, "{context} was granted: {answer}");
                            cast.restore(*kind)?;
                        }
                        Err(error) => {
                            assert!(!may, "{context} was refused: {error}");
                            assert_eq!(error["code"], "forbidden", "{context}");
                        }
                    }
                }
                Case::Invitation(payload) => {
                    assert_eq!(cast.insider(who).refused(kind.as_str(), payload)?, "not_found", "{context}");
                }
                // Harmless for a member.
                Case::ByName(payload) => {
                    assert_eq!(cast.insider(who).ok(kind.as_str(), payload)?["id"], room.as_str());
                }
                Case::Filtered(payload) => {
                    let answer = cast.insider(who).ok(kind.as_str(), payload)?;
                    let told = answer.to_string().contains("hush");
                    assert!(
                        *kind != RequestKind::Search || told,
                        "{context}: there is something to be found"
                    );
                }
                Case::Own => {}
            }
        }
    }
    Ok(())
}

#[test]
fn in_a_direct_nobody_is_more_than_a_member() -> Result<()> {
    let mut cast = cast()?;
    let direct = cast.world.direct.clone();
    let of_rooms = [
        RequestKind::LeaveRoom,
        RequestKind::SetTopic,
        RequestKind::Invite,
        RequestKind::RemoveMember,
        RequestKind::SetRole,
        RequestKind::RenameRoom,
        RequestKind::DescribeRoom,
        RequestKind::SetRules,
        RequestKind::BanMember,
        RequestKind::UnbanMember,
        RequestKind::MuteMember,
        RequestKind::UnmuteMember,
        RequestKind::ListBans,
        RequestKind::Purge,
        RequestKind::ListReports,
        RequestKind::ListAudit,
        RequestKind::ListIncoming,
        RequestKind::CreateIncoming,
        RequestKind::DeleteIncoming,
        RequestKind::ListOutgoing,
        RequestKind::CreateOutgoing,
        RequestKind::DeleteOutgoing,
        RequestKind::TestOutgoing,
    ];
    for kind in of_rooms {
        let (Case::In(payload, _) | Case::Overseen(payload, _)) = case(kind, &direct, &cast.world) else {
            unreachable!()
        };
        assert_eq!(cast.insider("member").refused(kind.as_str(), payload)?, "forbidden", "{}", kind.as_str());
    }
    for name in [direct.as_str(), "member", "mo"] {
        assert_eq!(cast.insider("owner").refused("room.join", json!({"room": name}))?, "not_found");
    }
    Ok(())
}

#[test]
fn nothing_that_members_do_is_pushed_to_others() -> Result<()> {
    let mut cast = cast()?;
    let World { room, direct, seq, people, .. } = &cast.world;
    let (room, direct, seq, people) = (room.clone(), direct.clone(), *seq, people.clone());
    for outsider in &mut cast.outsiders {
        outsider.ok("presence.watch", json!({"users": people}))?;
    }
    for (conversation, watcher) in [(&room, "owner"), (&direct, "mo")] {
        let member = cast.insider("member");
        member.tell("typing", json!({"conversation": conversation, "active": true}))?;
        let last = say(member, conversation, "between us, @stranger @former @removed @invited")?;
        let watcher = cast.insider(watcher);
        watcher.expect("typing", |_| true)?;
        let event = watcher.expect("event", |event| event["seq"] == last)?;
        assert!(event["mentions"].is_null(), "whoever is not here cannot be mentioned: {event}");
        watcher.ok("read.mark", json!({"conversation": conversation, "seq": last}))?;
        cast.insider("member").expect("read", |read| read["seq"] == last)?;
    }
    for kind in RequestKind::ALL {
        if let (RequestKind::LeaveRoom, _) | (_, Case::Own) = (*kind, case(*kind, &room, &cast.world)) {
            continue;
        }
        if let Case::In(payload, may) | Case::Overseen(payload, may) = case(*kind, &room, &cast.world) {
            let who = if may.contains("owner") { "owner" } else { "member" };
            cast.insider(who).ok(kind.as_str(), payload)?;
            cast.restore(*kind)?;
        }
        if *kind == RequestKind::CreateReport {
            // This alone is for who runs the server, wherever it happens.
            cast.outsiders[6].expect("report", |_| true)?;
        }
    }
    assert_ne!(cast.world.seq, seq, "a deletion was among it");
    cast.insider("boss").ok("presence.set", json!({"state": "away"}))?;
    for outsider in &mut cast.outsiders {
        for secret in people.iter().chain([&room, &direct]) {
            outsider.expect_nothing_about(secret)?;
        }
    }
    Ok(())
}

/// A public room is known to everybody, and still its members' alone.
#[test]
fn a_public_room_shows_its_name_and_nothing_else() -> Result<()> {
    let server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let mut eve = Script::register(&server, "eve")?;
    let mut gone = Script::register(&server, "gone")?;
    let id = room("open", &mut ada, &mut [&mut gone])?;
    let seq = say(&mut ada, &id, "hush")?;
    kick(&mut ada, &id, "gone")?;
    for outsider in [&mut eve, &mut gone] {
        outsider.forget()?;
        let world = World {
            room: id.clone(),
            direct: uuid(),
            seq,
            report: uuid(),
            epoch: text(&ada.welcome()["epoch"]),
            people: vec![ada.user_id()],
            incoming: uuid(),
            outgoing: uuid(),
        };
        for kind in RequestKind::ALL {
            let answer = match case(*kind, &id, &world) {
                Case::In(payload, _)
                | Case::Overseen(payload, _)
                | Case::OfReport(payload)
                | Case::Invitation(payload) => {
                    assert_eq!(outsider.refused(kind.as_str(), payload)?, "not_found", "{}", kind.as_str());
                    continue;
                }
                Case::Filtered(payload) => outsider.ok(kind.as_str(), payload)?.to_string(),
                Case::ByName(_) | Case::ForAdmins(_) | Case::AdminsMay(_) | Case::Own => continue,
            };
            assert!(!answer.contains("hush"), "{}: {answer}", kind.as_str());
        }
    }
    drop(server);
    Ok(())
}
