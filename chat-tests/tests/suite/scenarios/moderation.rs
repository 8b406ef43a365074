//! Keeping order in a room: roles, rules, putting people out.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use chat_tests::{Script, Server, uuid};
use serde_json::{Value, json};

use super::{
    about, column, kick, look, message, private_room, register_as, room, say, say_with, set_role, text,
};

/// A room with somebody of each role, none of whom is anything on the server.
struct Staff {
    server: Server,
    owner: Script,
    moderator: Script,
    member: Script,
    reader: Script,
    room: String,
}

fn staff() -> Result<Staff> {
    let server = Server::start()?;
    // The first account owns the server, and would own every room that it is in.
    Script::register(&server, "chief")?;
    let mut owner = Script::register(&server, "ada")?;
    let mut moderator = Script::register(&server, "mo")?;
    let mut member = Script::register(&server, "lin")?;
    let mut reader = Script::register(&server, "rea")?;
    let room = room("deploys", &mut owner, &mut [&mut moderator, &mut member, &mut reader])?;
    set_role(&mut owner, &room, "mo", "moderator")?;
    set_role(&mut owner, &room, "rea", "read-only")?;
    for person in [&mut owner, &mut moderator, &mut member, &mut reader] {
        person.forget()?;
    }
    Ok(Staff { server, owner, moderator, member, reader, room })
}

fn rules(room: &str, rules: Value) -> Value {
    json!({"conversation": room, "rules": rules})
}

fn role(room: &str, user: &str, role: &str) -> Value {
    json!({"conversation": room, "user": user, "role": role})
}

fn remove(room: &str, user: &str) -> Value {
    json!({"conversation": room, "user": user})
}

#[test]
fn roles_are_given_downwards_and_everybody_sees_them() -> Result<()> {
    let Staff { server: _server, mut owner, mut moderator, mut member, mut reader, room } = staff()?;
    let listed = owner.ok("member.list", json!({"conversation": room}))?;
    assert_eq!(column(&listed["members"], "/role"), ["owner", "member", "moderator", "read-only"]);
    for (person, role) in [
        (&mut owner, "owner"),
        (&mut moderator, "moderator"),
        (&mut member, "member"),
        (&mut reader, "read-only"),
    ] {
        assert_eq!(look(person, &room)?["role"], role);
    }

    // Moderators make members read-only and back, and no more than that.
    for given in ["read-only", "member"] {
        moderator.ok("member.role", role(&room, "lin", given))?;
        let seen = reader.expect("event", |event| event["kind"] == "role")?;
        assert_eq!((seen["user"]["name"].as_str(), seen["role"].as_str()), (Some("lin"), Some(given)));
        assert_eq!(look(&mut member, &room)?["role"], given);
    }
    for (user, given) in
        [("lin", "moderator"), ("lin", "owner"), ("ada", "member"), ("mo", "owner"), ("ada", "read-only")]
    {
        assert_eq!(
            moderator.refused("member.role", role(&room, user, given))?,
            "forbidden",
            "{user} {given}"
        );
    }
    for weak in [&mut member, &mut reader] {
        assert_eq!(weak.refused("member.role", role(&room, "rea", "owner"))?, "forbidden");
    }
    assert_eq!(owner.refused("member.role", role(&room, "nobody", "member"))?, "not_found");
    assert_eq!(owner.refused("member.role", role(&room, "chief", "member"))?, "not_found", "not in the room");

    // Giving what one has changes nothing.
    let head = look(&mut owner, &room)?["head"].clone();
    owner.ok("member.role", role(&room, "mo", "moderator"))?;
    assert_eq!(look(&mut owner, &room)?["head"], head);
    Ok(())
}

#[test]
fn a_read_only_member_reads_and_does_nothing_else() -> Result<()> {
    let Staff { server: _server, mut owner, mut reader, mut member, room, .. } = staff()?;
    let seq = say(&mut owner, &room, "news")?;
    reader.expect_message("news")?;
    for (kind, payload) in [
        ("message.send", message(&room, &uuid(), "me too")),
        ("message.send", {
            let mut p = message(&room, &uuid(), "in a thread");
            p["thread"] = seq.into();
            p
        }),
        ("message.react", about(&room, seq, json!({"emoji": "👍", "on": true}))),
        ("message.pin", about(&room, seq, json!({"on": true}))),
        ("message.edit", about(&room, seq, json!({"body": "x"}))),
        ("message.delete", about(&room, seq, json!({}))),
        ("room.topic", json!({"conversation": room, "topic": "x"})),
        ("room.invite", json!({"conversation": room, "user": "chief"})),
    ] {
        assert_eq!(reader.refused(kind, payload)?, "forbidden", "{kind}");
    }
    member.expect_message("news")?;
    member.expect_none("event", |_| true)?;
    let state = reader.ok("read.mark", json!({"conversation": room, "seq": seq}))?;
    assert_eq!(state["unread"], 0);
    // Back among those who write.
    set_role(&mut owner, &room, "rea", "member")?;
    say(&mut reader, &room, "now me too")?;
    Ok(())
}

#[test]
fn a_room_never_loses_its_last_owner() -> Result<()> {
    let Staff { server, mut owner, mut moderator, room, .. } = staff()?;
    assert_eq!(owner.refused("room.leave", json!({"conversation": room}))?, "forbidden");
    assert_eq!(owner.refused("member.role", role(&room, "ada", "member"))?, "forbidden");
    assert_eq!(owner.refused("member.remove", remove(&room, "ada"))?, "forbidden");
    // An admin has an owner's power, and still cannot.
    let mut boss = register_as(&server, "boss", "admin")?;
    boss.ok("room.join", json!({"room": "deploys"}))?;
    assert_eq!(boss.refused("member.role", role(&room, "ada", "member"))?, "forbidden");
    assert_eq!(boss.refused("member.remove", remove(&room, "ada"))?, "forbidden");

    set_role(&mut owner, &room, "mo", "owner")?;
    owner.ok("room.leave", json!({"conversation": room}))?;
    moderator.expect("event", |event| event["kind"] == "left")?;
    assert_eq!(moderator.refused("room.leave", json!({"conversation": room}))?, "forbidden");
    assert_eq!(look(&mut moderator, &room)?["role"], "owner");
    Ok(())
}

#[test]
fn owners_remove_everybody_even_another_owner() -> Result<()> {
    let Staff { server: _server, mut owner, mut moderator, mut member, room, .. } = staff()?;
    set_role(&mut owner, &room, "mo", "owner")?;
    owner.ok("member.remove", remove(&room, "mo"))?;
    moderator.expect("conversation.removed", |_| true)?;
    owner.ok("member.remove", remove(&room, "lin"))?;
    member.expect("conversation.removed", |_| true)?;
    Ok(())
}

#[test]
fn an_admin_of_the_server_has_an_owners_power_where_they_are_in() -> Result<()> {
    let Staff { server, mut owner, mut member, room, .. } = staff()?;
    let mut boss = register_as(&server, "boss", "admin")?;
    boss.ok("room.join", json!({"room": "deploys"}))?;
    let seq = say(&mut member, &room, "too much")?;
    boss.ok("message.delete", about(&room, seq, json!({})))?;
    boss.ok("room.rename", json!({"conversation": room, "name": "releases"}))?;
    set_role(&mut boss, &room, "lin", "owner")?;
    kick(&mut boss, &room, "mo")?;
    for kind in ["deleted", "renamed", "role", "removed"] {
        owner.expect("event", |event| event["kind"] == kind && event["author"]["name"] == "boss")?;
    }
    Ok(())
}

#[test]
fn who_is_put_out_is_a_stranger_at_once_on_all_devices() -> Result<()> {
    let Staff { server, mut owner, mut moderator, mut member, mut reader, room } = staff()?;
    let mut phone = Script::login(&server, "lin")?;
    let seq = say(&mut owner, &room, "before")?;
    for device in [&mut member, &mut phone] {
        device.expect_message("before")?;
    }
    moderator.ok("member.remove", json!({"conversation": room, "user": "lin", "reason": "wrong team"}))?;
    for device in [&mut member, &mut phone] {
        device.expect("conversation.removed", |removed| removed["conversation"] == room.as_str())?;
        device.forget()?;
    }
    for person in [&mut owner, &mut moderator, &mut reader] {
        let removed = person.expect("event", |event| event["kind"] == "removed")?;
        assert_eq!(
            (removed["user"]["name"].as_str(), removed["reason"].as_str()),
            (Some("lin"), Some("wrong team"))
        );
        assert_eq!(removed["author"]["name"], "mo");
    }

    say(&mut owner, &room, "after, @lin")?;
    owner.ok("message.edit", about(&room, seq, json!({"body": "before, edited"})))?;
    owner.tell("typing", json!({"conversation": room, "active": true}))?;
    moderator.expect("typing", |_| true)?;
    let mark = moderator.ok("conversation.get", json!({"conversation": room}))?["head"].clone();
    moderator.ok("read.mark", json!({"conversation": room, "seq": mark}))?;
    for device in [&mut member, &mut phone] {
        device.expect_nothing_about(&room)?;
        for (kind, payload) in [
            ("conversation.get", json!({"conversation": room})),
            ("history.get", json!({"conversation": room})),
            ("message.send", message(&room, &uuid(), "but")),
            ("message.react", about(&room, seq, json!({"emoji": "👎", "on": true}))),
        ] {
            assert_eq!(device.refused(kind, payload)?, "not_found", "{kind}");
        }
    }
    assert_eq!(look(&mut owner, &room)?["members"], 3);
    let fresh = Script::login(&server, "lin")?;
    assert_eq!(fresh.welcome()["conversations"], json!([]));

    // A public room stays open to them, as to everybody; they come back as a plain member.
    let back = member.ok("room.join", json!({"room": "deploys"}))?;
    assert_eq!((back["role"].as_str(), back["unread"].as_u64()), (Some("member"), Some(0)));
    say(&mut owner, &room, "welcome back")?;
    for device in [&mut member, &mut phone] {
        device.expect_message("welcome back")?;
    }
    Ok(())
}

#[test]
fn people_are_put_out_only_by_stronger_ones() -> Result<()> {
    let Staff { server: _server, mut owner, mut moderator, mut member, mut reader, room } = staff()?;
    set_role(&mut owner, &room, "lin", "moderator")?;
    for user in ["ada", "lin", "mo"] {
        assert_eq!(moderator.refused("member.remove", remove(&room, user))?, "forbidden", "{user}");
    }
    set_role(&mut owner, &room, "lin", "member")?;
    for weak in [&mut member, &mut reader] {
        assert_eq!(weak.refused("member.remove", remove(&room, "rea"))?, "forbidden");
    }
    assert_eq!(owner.refused("member.remove", remove(&room, "chief"))?, "not_found");
    moderator.ok("member.remove", remove(&room, "rea"))?;
    assert_eq!(moderator.refused("member.remove", remove(&room, "rea"))?, "not_found");
    Ok(())
}

#[test]
fn in_an_announcement_room_members_write_in_threads_only() -> Result<()> {
    let Staff { server: _server, mut owner, mut moderator, mut member, room, .. } = staff()?;
    assert_eq!(moderator.refused("room.rules", rules(&room, json!({"announcement": true})))?, "forbidden");
    owner.ok("room.rules", rules(&room, json!({"announcement": true})))?;
    let seen = member.expect("event", |event| event["kind"] == "rules")?;
    assert_eq!(seen["rules"], json!({"announcement": true}));
    assert_eq!(look(&mut member, &room)?["rules"], json!({"announcement": true}));

    let news = say(&mut moderator, &room, "news")?;
    let mut reply = message(&room, &uuid(), "an answer is a message too");
    assert_eq!(member.refused("message.send", reply.clone())?, "forbidden");
    reply["reply_to"] = news.into();
    assert_eq!(member.refused("message.send", reply)?, "forbidden");
    let thanks = say_with(&mut member, &room, "thanks", json!({"thread": news}))?;
    member.ok("message.react", about(&room, news, json!({"emoji": "🎉", "on": true})))?;
    member.ok("message.edit", about(&room, thanks, json!({"body": "thank you"})))?;
    owner.expect_message("thanks")?;

    owner.ok("room.rules", rules(&room, json!({})))?;
    say(&mut member, &room, "free again")?;
    Ok(())
}

#[test]
fn slow_mode_holds_members_back_and_says_for_how_long() -> Result<()> {
    let Staff { server: _server, mut owner, mut moderator, mut member, room, .. } = staff()?;
    // Moderators set the pace.
    moderator.ok("room.rules", rules(&room, json!({"slow_mode_s": 3600})))?;
    assert_eq!(look(&mut member, &room)?["rules"], json!({"slow_mode_s": 3600}));
    say(&mut member, &room, "first")?;
    let refused = member.request("message.send", message(&room, &uuid(), "second"))?.unwrap_err();
    assert_eq!(
        (refused["code"].as_str(), refused["temporary"].as_bool()),
        (Some("rate_limited"), Some(true))
    );
    let wait_ms = refused["retry_after_ms"].as_u64().unwrap();
    assert!((3_000_000..=3_600_000).contains(&wait_ms), "{wait_ms}");
    for swift in [&mut moderator, &mut owner] {
        say(swift, &room, "moderators")?;
        say(swift, &room, "do not wait")?;
    }

    moderator.ok("room.rules", rules(&room, json!({"slow_mode_s": 1})))?;
    let waiting = message(&room, &uuid(), "second");
    if let Err(refused) = member.request("message.send", waiting.clone())? {
        let wait_ms = refused["retry_after_ms"].as_u64().unwrap();
        assert!(wait_ms <= 1_000, "{wait_ms}");
        // What the server asks for is what is waited.
        thread::sleep(Duration::from_millis(wait_ms));
        member.ok("message.send", waiting)?;
    }
    assert_eq!(moderator.refused("room.rules", rules(&room, json!({"slow_mode_s": 21_601})))?, "invalid");
    assert_eq!(member.refused("room.rules", rules(&room, json!({})))?, "forbidden");
    Ok(())
}

/// The answer to a send was lost, and before the client could ask again the room took no more
/// messages. The one that it has must be told, or its author writes it a second time elsewhere.
#[test]
fn a_repeat_is_known_in_a_slow_room() -> Result<()> {
    let Staff { server: _server, mut owner, mut member, room, .. } = staff()?;
    owner.ok("room.rules", rules(&room, json!({"slow_mode_s": 3600})))?;
    let sent = message(&room, &uuid(), "only once");
    let first = member.ok("message.send", sent.clone())?;
    let again = member.ok("message.send", sent)?;
    assert_eq!((&again["seq"], again["duplicate"].as_bool()), (&first["seq"], Some(true)));
    Ok(())
}

#[test]
fn a_repeat_is_known_in_an_archived_room() -> Result<()> {
    let Staff { server: _server, mut owner, mut member, room, .. } = staff()?;
    let sent = message(&room, &uuid(), "only once");
    let first = member.ok("message.send", sent.clone())?;
    owner.ok("room.rules", rules(&room, json!({"archived": true})))?;
    let again = member.ok("message.send", sent)?;
    assert_eq!((&again["seq"], again["duplicate"].as_bool()), (&first["seq"], Some(true)));
    Ok(())
}

#[test]
fn an_archived_room_is_read_until_it_is_opened_again() -> Result<()> {
    let Staff { server: _server, mut owner, mut moderator, mut member, room, .. } = staff()?;
    let seq = say(&mut member, &room, "for the record")?;
    assert_eq!(moderator.refused("room.rules", rules(&room, json!({"archived": true})))?, "forbidden");
    owner.ok("room.rules", rules(&room, json!({"archived": true})))?;
    for (kind, payload) in [
        ("message.send", message(&room, &uuid(), "too late")),
        ("message.edit", about(&room, seq, json!({"body": "changed"}))),
        ("message.react", about(&room, seq, json!({"emoji": "👍", "on": true}))),
        ("message.pin", about(&room, seq, json!({"on": true}))),
        ("room.topic", json!({"conversation": room, "topic": "too late"})),
        ("room.invite", json!({"conversation": room, "user": "chief"})),
    ] {
        assert_eq!(member.refused(kind, payload.clone())?, "forbidden", "{kind} by a member");
        assert_eq!(owner.refused(kind, payload)?, "forbidden", "{kind} by the owner");
    }
    let log = member.ok("history.get", json!({"conversation": room}))?;
    assert!(column(&log["events"], "/kind").contains(&"message".to_owned()));
    let listed = member.ok("room.list", json!({"query": "deploys"}))?;
    assert_eq!(listed["rooms"][0]["archived"], true);

    owner.ok("room.rules", rules(&room, json!({})))?;
    say(&mut member, &room, "open again")?;
    Ok(())
}

#[test]
fn all_of_it_outlives_kill_9() -> Result<()> {
    let Staff { mut server, mut owner, mut moderator, mut member, mut reader, room } = staff()?;
    let private = private_room("plans", &mut owner, &mut [&mut member])?;
    let seq = say(&mut member, &room, "pinned")?;
    moderator.ok("message.pin", about(&room, seq, json!({"on": true})))?;
    owner.ok("room.rename", json!({"conversation": room, "name": "releases"}))?;
    owner.ok("room.describe", json!({"conversation": room, "description": "what\nwhen"}))?;
    owner.ok("room.invite", json!({"conversation": room, "user": "chief"}))?;
    owner.ok("room.rules", rules(&room, json!({"announcement": true, "slow_mode_s": 30})))?;
    kick(&mut moderator, &room, "rea")?;

    let everything = |person: &mut Script| -> Result<Vec<Value>> {
        let mut seen = vec![
            person.ok("conversation.list", json!({}))?,
            person.ok("room.list", json!({}))?,
            person.ok("invitation.list", json!({}))?,
        ];
        for conversation in [&room, &private] {
            for kind in ["member.list", "message.pins", "history.get"] {
                seen.push(match person.request(kind, json!({"conversation": conversation}))? {
                    Ok(seen) | Err(seen) => seen,
                });
            }
        }
        Ok(seen)
    };
    let names = ["ada", "mo", "lin", "rea"];
    let mut before = Vec::new();
    for person in [&mut owner, &mut moderator, &mut member, &mut reader] {
        before.push(everything(person)?);
    }
    server.kill();
    server.restart()?;
    for (name, before) in names.iter().zip(before) {
        assert_eq!(everything(&mut Script::login(&server, name)?)?, before, "{name}");
    }
    // The rules hold as they did.
    let mut member = Script::login(&server, "lin")?;
    assert_eq!(member.refused("message.send", message(&room, &uuid(), "x"))?, "forbidden");
    let mut chief = Script::login(&server, "chief")?;
    assert_eq!(text(&chief.ok("invitation.accept", json!({"conversation": room}))?["name"]), "releases");
    Ok(())
}
