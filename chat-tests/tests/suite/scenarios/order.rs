//! Keeping order: bans, mutes, purges, reports, and the log of all that.

mod reports;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use chat_tests::{DEADLINE, PASSWORD, Script, Server, Signal, uuid};
use serde_json::{Value, json};

use super::changes::files_with;
use super::{about, column, look, message, register_as, room, say, say_with, set_role, stands, text};

/// A room of ada's with a moderator and a member, none of whom is anything on the server; and who
/// runs the server, who is not in it.
struct Stage {
    server: Server,
    chief: Script,
    ada: Script,
    mo: Script,
    lin: Script,
    room: String,
}

fn stage() -> Result<Stage> {
    let server = Server::start()?;
    let chief = Script::register(&server, "chief")?;
    let mut ada = Script::register(&server, "ada")?;
    let mut mo = Script::register(&server, "mo")?;
    let mut lin = Script::register(&server, "lin")?;
    let room = room("deploys", &mut ada, &mut [&mut mo, &mut lin])?;
    set_role(&mut ada, &room, "mo", "moderator")?;
    for person in [&mut ada, &mut mo, &mut lin] {
        person.forget()?;
    }
    Ok(Stage { server, chief, ada, mo, lin, room })
}

fn to(room: &str, user: &str, more: Value) -> Value {
    let mut payload = more;
    payload["conversation"] = room.into();
    payload["user"] = user.into();
    payload
}

/// Asks again until it is granted: what was forbidden for a second is allowed after it.
fn ok_at_last(script: &mut Script, kind: &str, payload: &Value, refusal: &str) -> Result<Value> {
    let until = Instant::now() + DEADLINE;
    loop {
        match script.request(kind, payload.clone())? {
            Ok(answer) => return Ok(answer),
            Err(error) => assert_eq!(error["code"], refusal, "{error}"),
        }
        anyhow::ensure!(Instant::now() < until, "{kind} is still refused");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Tries to log in by password; the refusal.
fn login(server: &Server, name: &str) -> Result<Result<Value, Value>> {
    let mut script = Script::stranger(server)?;
    script.request("auth.login", json!({"protocol": 1, "name": name, "password": PASSWORD, "device": "d"}))
}

#[test]
fn who_is_banned_from_a_room_is_out_and_stays_out() -> Result<()> {
    let Stage { server, mut ada, mut mo, mut lin, room, .. } = stage()?;
    let mut phone = Script::login(&server, "lin")?;
    mo.ok("member.ban", to(&room, "lin", json!({"for_s": 3600, "reason": "spam"})))?;
    for device in [&mut lin, &mut phone] {
        device.expect("conversation.removed", |removed| removed["conversation"] == room.as_str())?;
    }
    let banned = ada.expect("event", |event| event["kind"] == "banned")?;
    assert_eq!(
        (banned["user"]["name"].as_str(), banned["reason"].as_str(), banned["removed"].as_bool()),
        (Some("lin"), Some("spam"), Some(true))
    );
    assert!(banned["until"].as_i64() > banned["at"].as_i64());

    assert_eq!(lin.refused("message.send", message(&room, &uuid(), "hello?"))?, "not_found");
    let join = json!({"room": "deploys"});
    let refusal = lin.request("room.join", join.clone())?.expect_err("banned");
    assert_eq!(refusal["code"], "banned");
    let said = text(&refusal["message"]);
    assert!(said.contains("spam") && said.contains("until 20"), "{said}");
    assert_eq!(ada.refused("room.invite", json!({"conversation": room, "user": "lin"}))?, "forbidden");
    assert_eq!(lin.refused("invitation.accept", json!({"conversation": room}))?, "not_found");

    // A restart changes none of it; the end of the ban does.
    let mut server = server;
    server.restart()?;
    let mut lin = Script::login(&server, "lin")?;
    assert_eq!(lin.refused("room.join", join.clone())?, "banned");
    let mut mo = Script::login(&server, "mo")?;
    let list = json!({"conversation": room});
    let bans = mo.ok("ban.list", list.clone())?;
    assert_eq!(column(&bans["bans"], "/user/name"), ["lin"]);
    assert_eq!((bans["bans"][0]["by"]["name"].as_str(), bans["more"].as_bool()), (Some("mo"), Some(false)));
    mo.ok("member.unban", to(&room, "lin", json!({})))?;
    assert_eq!(mo.ok("ban.list", list)?["bans"], json!([]));
    let head = look(&mut mo, &room)?["head"].clone();
    mo.ok("member.unban", to(&room, "lin", json!({})))?;
    assert_eq!(look(&mut mo, &room)?["head"], head, "there was none to end");
    lin.ok("room.join", join)?;
    say(&mut lin, &room, "back")?;
    Ok(())
}

#[test]
fn a_ban_takes_an_invitation_away_and_runs_out_by_itself() -> Result<()> {
    let Stage { server: _server, mut ada, mut chief, room, .. } = stage()?;
    ada.ok("room.invite", json!({"conversation": room, "user": "chief"}))?;
    ada.ok("member.ban", to(&room, "chief", json!({"for_s": 1})))?;
    assert_eq!(ada.ok("ban.list", json!({"conversation": room}))?["bans"][0]["user"]["name"], "chief");
    assert_eq!(chief.refused("invitation.accept", json!({"conversation": room}))?, "not_found");
    ok_at_last(&mut chief, "room.join", &json!({"room": "deploys"}), "banned")?;
    assert_eq!(ada.ok("ban.list", json!({"conversation": room}))?["bans"], json!([]));
    Ok(())
}

#[test]
fn bans_and_mutes_go_downwards() -> Result<()> {
    let Stage { server: _server, mut ada, mut mo, mut lin, room, .. } = stage()?;
    for kind in ["member.ban", "member.mute"] {
        assert_eq!(lin.refused(kind, to(&room, "mo", json!({})))?, "forbidden", "{kind}");
        for user in ["ada", "mo"] {
            assert_eq!(mo.refused(kind, to(&room, user, json!({})))?, "forbidden", "{kind} {user}");
        }
        assert_eq!(ada.refused(kind, to(&room, "ada", json!({})))?, "forbidden");
        assert_eq!(mo.refused(kind, to(&room, "nobody", json!({})))?, "not_found");
    }
    assert_eq!(mo.refused("member.mute", to(&room, "chief", json!({})))?, "not_found", "not in the room");
    mo.expect_none("event", |_| true)?;
    ada.ok("member.ban", to(&room, "mo", json!({})))?;
    Ok(())
}

#[test]
fn who_is_muted_reads_and_does_not_write_at_once() -> Result<()> {
    let Stage { server, mut ada, mut mo, mut lin, room, .. } = stage()?;
    let seq = say(&mut ada, &room, "news")?;
    let own = say(&mut lin, &room, "mine")?;
    mo.ok("member.mute", to(&room, "lin", json!({"for_s": 3600, "reason": "cool down"})))?;
    lin.expect("event", |event| event["kind"] == "muted" && event["user"]["name"] == "lin")?;
    let refusal = lin.request("message.send", message(&room, &uuid(), "but"))?.expect_err("muted");
    let said = text(&refusal["message"]);
    assert!(said.contains("cool down") && said.contains("until 20"), "{said}");
    let attempts = [
        ("message.send", message(&room, &uuid(), "but")),
        ("message.edit", about(&room, own, json!({"body": "but"}))),
        ("message.react", about(&room, seq, json!({"emoji": "👎", "on": true}))),
        ("message.pin", about(&room, seq, json!({"on": true}))),
        ("room.topic", json!({"conversation": room, "topic": "but"})),
        ("room.invite", json!({"conversation": room, "user": "chief"})),
    ];
    ada.forget()?;
    for (kind, payload) in &attempts {
        assert_eq!(lin.refused(kind, payload.clone())?, "forbidden", "{kind}");
    }
    lin.tell("typing", json!({"conversation": room, "active": true}))?;
    lin.barrier()?;
    ada.expect_none("event", |_| true)?;
    ada.expect_none("typing", |_| true)?;
    lin.ok("read.mark", json!({"conversation": room, "seq": seq}))?;
    lin.ok("message.delete", about(&room, own, json!({})))?;

    // Going out and coming in does not end it, and neither does a restart.
    lin.ok("room.leave", json!({"conversation": room}))?;
    lin.ok("room.join", json!({"room": "deploys"}))?;
    let mut server = server;
    server.restart()?;
    let mut lin = Script::login(&server, "lin")?;
    assert_eq!(lin.refused("message.send", attempts[0].1.clone())?, "forbidden");
    let mut mo = Script::login(&server, "mo")?;
    let mutes = mo.ok("ban.list", json!({"conversation": room, "mutes": true}))?;
    assert_eq!(column(&mutes["bans"], "/reason"), ["cool down"]);
    mo.ok("member.unmute", to(&room, "lin", json!({})))?;
    say(&mut lin, &room, "thank you")?;
    mo.ok("member.mute", to(&room, "lin", json!({"for_s": 1})))?;
    ok_at_last(&mut lin, "message.send", &message(&room, &uuid(), "and again"), "forbidden")?;
    Ok(())
}

#[test]
fn a_ban_from_the_server_cuts_live_connections_and_refuses_new_ones() -> Result<()> {
    let Stage { server, mut chief, mut ada, mut lin, room, .. } = stage()?;
    let mut phone = Script::login(&server, "lin")?;
    let token = lin.own_token();
    chief.ok("user.ban", json!({"user": "lin", "for_s": 3600, "reason": "spam in five rooms"}))?;
    for device in [&mut lin, &mut phone] {
        assert_eq!(device.expect_closed()?, 4503);
    }
    let by_password = login(&server, "lin")?.expect_err("banned");
    let by_token = Script::stranger(&server)?
        .request("auth.token", json!({"protocol": 1, "token": token}))?
        .expect_err("banned");
    for refusal in [&by_password, &by_token] {
        assert_eq!(refusal["code"], "banned");
        let said = text(&refusal["message"]);
        assert!(said.contains("spam in five rooms") && said.contains("until 20"), "{said}");
    }
    // Strangers learn nothing of it.
    let wrong = json!({"protocol": 1, "name": "lin", "password": "something else", "device": "d"});
    assert_eq!(Script::stranger(&server)?.refused("auth.login", wrong)?, "bad_credentials");
    let same_name = json!({"protocol": 1, "name": "lin", "password": PASSWORD, "device": "d"});
    assert_eq!(Script::stranger(&server)?.refused("auth.register", same_name)?, "name_taken");
    let members = ada.ok("member.list", json!({"conversation": room}))?;
    assert_eq!(column(&members["members"], "/user/name"), ["ada", "lin", "mo"], "they are only away");

    let mut server = server;
    server.restart()?;
    assert_eq!(login(&server, "lin")?.expect_err("banned")["code"], "banned");
    let mut chief = Script::login(&server, "chief")?;
    assert_eq!(column(&chief.ok("ban.list", json!({}))?["bans"], "/user/name"), ["lin"]);
    chief.ok("user.unban", json!({"user": "lin"}))?;
    let old = Script::stranger(&server)?.refused("auth.token", json!({"protocol": 1, "token": token}))?;
    assert_eq!(old, "bad_credentials", "what the ban ended stays ended");
    let mut lin = Script::login(&server, "lin")?;
    say(&mut lin, &room, "back")?;

    // One that runs out lets them in again.
    chief.ok("user.ban", json!({"user": "lin", "for_s": 1}))?;
    assert_eq!(lin.expect_closed()?, 4503);
    let until = Instant::now() + DEADLINE;
    while let Err(refusal) = login(&server, "lin")? {
        assert_eq!(refusal["code"], "banned");
        assert!(Instant::now() < until, "still banned");
        thread::sleep(Duration::from_millis(50));
    }
    let mut lin = Script::login(&server, "lin")?;
    say(&mut lin, &room, "back again")?;
    Ok(())
}

#[test]
fn a_mute_on_the_server_holds_in_every_conversation_at_once() -> Result<()> {
    let Stage { server, mut chief, mut ada, mut lin, room, .. } = stage()?;
    let direct = text(&lin.ok("direct.open", json!({"user": "ada"}))?["id"]);
    say(&mut lin, &direct, "hi")?;
    chief.ok("user.mute", json!({"user": "lin", "for_s": 3600, "reason": "flood"}))?;
    ada.forget()?;
    for place in [&room, &direct] {
        let refusal = lin.request("message.send", message(place, &uuid(), "but"))?.expect_err("muted");
        assert!(text(&refusal["message"]).contains("flood"), "{refusal}");
        lin.tell("typing", json!({"conversation": place, "active": true}))?;
    }
    assert_eq!(lin.refused("room.create", json!({"client_id": uuid(), "name": "mine"}))?, "forbidden");
    assert_eq!(lin.refused("direct.open", json!({"user": "mo"}))?, "forbidden");
    lin.ok("direct.open", json!({"user": "ada"})).context("what is there can be read")?;
    lin.ok("history.get", json!({"conversation": room}))?;
    ada.expect_none("typing", |_| true)?;
    ada.expect_none("event", |_| true)?;
    let mut server = server;
    server.restart()?;
    let mut lin = Script::login(&server, "lin")?;
    assert_eq!(lin.refused("message.send", message(&room, &uuid(), "but"))?, "forbidden");
    let mut chief = Script::login(&server, "chief")?;
    assert_eq!(column(&chief.ok("ban.list", json!({"mutes": true}))?["bans"], "/user/name"), ["lin"]);
    chief.ok("user.unmute", json!({"user": "lin"}))?;
    say(&mut lin, &room, "thank you")?;
    chief.ok("user.mute", json!({"user": "lin", "for_s": 1}))?;
    ok_at_last(&mut lin, "message.send", &message(&direct, &uuid(), "and again"), "forbidden")?;
    Ok(())
}

#[test]
fn only_weaker_people_are_banned_from_the_server() -> Result<()> {
    let Stage { server, mut chief, mut ada, .. } = stage()?;
    let mut boss = register_as(&server, "boss", "admin")?;
    register_as(&server, "other", "admin")?;
    for kind in ["user.ban", "user.mute", "user.purge", "user.unban", "user.unmute"] {
        assert_eq!(ada.refused(kind, json!({"user": "lin"}))?, "forbidden", "{kind}");
        for user in ["chief", "other", "boss"] {
            assert_eq!(boss.refused(kind, json!({"user": user}))?, "forbidden", "{kind} {user}");
        }
        assert_eq!(boss.refused(kind, json!({"user": "nobody"}))?, "not_found", "{kind}");
    }
    for kind in ["ban.list", "report.list", "audit.list"] {
        assert_eq!(ada.refused(kind, json!({}))?, "forbidden", "{kind}");
        assert_eq!(ada.refused(kind, json!({"conversation": uuid()}))?, "not_found", "{kind}");
    }
    chief.ok("user.ban", json!({"user": "boss"}))?;
    assert_eq!(boss.expect_closed()?, 4503);
    Ok(())
}

#[test]
fn a_purge_takes_every_message_of_the_last_hour_from_everywhere() -> Result<()> {
    let Stage { mut server, mut chief, mut ada, mut mo, mut lin, room: deploys } = stage()?;
    let kitchen = room("kitchen", &mut mo, &mut [&mut lin])?;
    let direct = text(&lin.ok("direct.open", json!({"user": "ada"}))?["id"]);
    let kept = say(&mut ada, &deploys, "marmalade stays")?;
    // More than one batch, of every kind.
    for n in 0..60 {
        say(&mut lin, &deploys, &format!("tangerine-flood {n}"))?;
    }
    let edited = say(&mut lin, &deploys, "tangerine-first")?;
    lin.ok("message.edit", about(&deploys, edited, json!({"body": "tangerine-second"})))?;
    say_with(&mut lin, &deploys, "tangerine-thread", json!({"thread": kept}))?;
    let there = say(&mut lin, &kitchen, "tangerine-kitchen")?;
    let secret = say(&mut lin, &direct, "tangerine-direct")?;
    let again = say(&mut ada, &deploys, "quoted")?;
    ada.ok("message.delete", about(&deploys, again, json!({})))?;

    // A moderator in one room.
    ada.forget()?;
    let purged = mo.ok("user.purge", to(&deploys, "lin", json!({"reason": "spam"})))?;
    assert_eq!(purged, json!({"deleted": 62}));
    let mut gone = 0;
    for push in ada.pushes()? {
        gone += u64::from(push["type"] == "event" && push["payload"]["kind"] == "deleted");
    }
    assert_eq!(gone, 62);
    let live = stands(&mut ada, &deploys, edited)?;
    assert_eq!(live["kind"], "tombstone");
    assert_eq!(stands(&mut ada, &deploys, kept)?["body"], "marmalade stays");
    assert_eq!(stands(&mut mo, &kitchen, there)?["body"], "tangerine-kitchen");
    assert_eq!(mo.refused("user.purge", to(&direct, "lin", json!({})))?, "not_found");
    assert_eq!(mo.refused("user.purge", json!({"user": "lin"}))?, "forbidden");
    let found = ada.ok("search", json!({"query": "tangerine in:#deploys"}))?;
    assert_eq!(found["hits"], json!([]));

    // An admin everywhere, also where they are not in.
    let too_long = json!({"user": "lin", "within_s": 3601});
    assert_eq!(chief.refused("user.purge", too_long)?, "invalid");
    assert_eq!(chief.ok("user.purge", json!({"user": "lin", "within_s": 3600}))?["deleted"], 2);
    assert_eq!(stands(&mut ada, &direct, secret)?["kind"], "tombstone");
    let deleted = ada.expect("event", |event| event["conversation"] == direct.as_str())?;
    assert_eq!(
        (deleted["kind"].as_str(), deleted["author"]["name"].as_str()),
        (Some("deleted"), Some("chief"))
    );
    assert_eq!(chief.ok("user.purge", json!({"user": "lin"}))?["deleted"], 0);

    // Each is one act in the log, whatever it took.
    let log = chief.ok("audit.list", json!({}))?;
    let purges: Vec<_> = log["entries"].as_array().unwrap().iter().filter(|e| e["act"] == "purge").collect();
    assert_eq!(purges.len(), 3);
    assert_eq!((&purges[2]["details"]["messages"], &purges[2]["reason"]), (&json!(62), &json!("spam")));
    assert!(log["entries"].as_array().unwrap().iter().all(|entry| entry["act"] != "delete"));

    server.signal(Signal::Terminate)?;
    assert_eq!(server.wait()?.code(), Some(0));
    assert!(!files_with(&server.data_dir(), "marmalade")?.is_empty(), "what stays can be found this way");
    assert_eq!(files_with(&server.data_dir(), "tangerine")?, [""; 0]);
    Ok(())
}

#[test]
fn a_purge_reaches_back_no_further_than_asked() -> Result<()> {
    let Stage { server: _server, mut chief, mut lin, room, .. } = stage()?;
    let seq = say(&mut lin, &room, "just now")?;
    assert_eq!(chief.ok("user.purge", json!({"user": "lin", "within_s": 0}))?["deleted"], 0);
    assert_eq!(stands(&mut lin, &room, seq)?["body"], "just now");
    Ok(())
}
