//! Private rooms and the invitations into them.

use anyhow::Result;
use chat_tests::{Script, Server, uuid};
use serde_json::{Value, json};

use super::{ada_and_lin, bring_in, column, kick, look, private_room, register_as, room, say, text};

fn invite(room: &str, user: &str) -> Value {
    json!({"conversation": room, "user": user})
}

fn invitations(script: &mut Script) -> Result<Vec<String>> {
    let listed = script.ok("invitation.list", json!({}))?;
    Ok(column(&listed["invitations"], "/name"))
}

#[test]
fn who_is_invited_hears_it_and_comes_in() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut phone = Script::login(&server, "lin")?;
    let payload = json!({"client_id": uuid(), "name": "plans", "topic": "next year", "private": true});
    let made = ada.ok("room.create", payload)?;
    let id = text(&made["id"]);
    assert_eq!((made["private"].as_bool(), made["role"].as_str()), (Some(true), Some("owner")));

    ada.ok("room.invite", invite(&id, "lin"))?;
    ada.expect("event", |event| event["kind"] == "invited" && event["user"]["name"] == "lin")?;
    for device in [&mut lin, &mut phone] {
        let push = device.expect("invitation", |_| true)?;
        let asked = &push["invitation"];
        assert_eq!(
            (asked["conversation"].as_str(), asked["name"].as_str()),
            (Some(id.as_str()), Some("plans"))
        );
        assert_eq!((asked["topic"].as_str(), asked["private"].as_bool()), (Some("next year"), Some(true)));
        assert_eq!(asked["by"]["name"], "ada");
        assert_eq!(device.ok("invitation.list", json!({}))?["invitations"], json!([asked]));
    }

    let joined = lin.ok("invitation.accept", json!({"conversation": id}))?;
    assert_eq!((joined["id"].as_str(), joined["role"].as_str()), (Some(id.as_str()), Some("member")));
    assert_eq!((joined["members"].as_u64(), joined["unread"].as_u64()), (Some(2), Some(0)));
    phone.expect("conversation.added", |added| added["conversation"]["private"] == true)?;
    ada.expect("event", |event| event["kind"] == "joined" && event["author"]["name"] == "lin")?;
    assert_eq!(invitations(&mut lin)?, [""; 0], "an accepted invitation is over");
    let again = lin.refused("invitation.accept", json!({"conversation": id}))?;
    assert_eq!(again, "not_found");
    say(&mut ada, &id, "only for us")?;
    for device in [&mut lin, &mut phone] {
        device.expect_message("only for us")?;
    }
    Ok(())
}

#[test]
fn who_declines_stays_outside_and_nobody_is_told() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = private_room("plans", &mut ada, &mut [])?;
    ada.ok("room.invite", invite(&id, "lin"))?;
    lin.expect("invitation", |_| true)?;
    ada.forget()?;

    lin.ok("invitation.decline", json!({"conversation": id}))?;
    ada.expect_nothing_about(&lin.user_id())?;
    assert_eq!(invitations(&mut lin)?, [""; 0]);
    for (kind, payload) in [
        ("room.join", json!({"room": "plans"})),
        ("invitation.accept", json!({"conversation": id})),
        ("invitation.decline", json!({"conversation": id})),
        ("conversation.get", json!({"conversation": id})),
    ] {
        assert_eq!(lin.refused(kind, payload)?, "not_found", "{kind}");
    }
    // Who declined can be asked again.
    bring_in(&mut ada, &id, &mut lin)?;
    assert_eq!(look(&mut lin, &id)?["members"], 2);
    Ok(())
}

#[test]
fn inviting_twice_or_somebody_who_is_in_changes_nothing() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut grace = Script::register(&server, "grace")?;
    let id = private_room("plans", &mut ada, &mut [&mut grace])?;
    grace.forget()?;
    for _ in 0..2 {
        for inviter in [&mut ada, &mut grace] {
            inviter.ok("room.invite", invite(&id, "lin"))?;
        }
    }
    lin.expect("invitation", |_| true)?;
    lin.expect_none("invitation", |_| true)?;
    assert_eq!(invitations(&mut lin)?, ["plans"]);
    let head = look(&mut ada, &id)?["head"].clone();
    ada.ok("room.invite", invite(&id, "grace"))?;
    grace.expect_none("invitation", |_| true)?;
    assert_eq!(look(&mut ada, &id)?["head"], head);
    assert_eq!(ada.refused("room.invite", invite(&id, "nobody"))?, "not_found");
    Ok(())
}

#[test]
fn a_private_room_is_in_no_list_of_strangers_and_its_name_gives_nothing() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = private_room("plans", &mut ada, &mut [])?;
    ada.ok("room.topic", json!({"conversation": id, "topic": "plans of plans"}))?;
    for payload in [json!({}), json!({"query": "plans"})] {
        assert_eq!(lin.ok("room.list", payload.clone())?["rooms"], json!([]));
    }
    let there = lin.request("room.join", json!({"room": "plans"}))?.unwrap_err();
    let nowhere = lin.request("room.join", json!({"room": "plant"}))?.unwrap_err();
    assert_eq!(there["code"], "not_found");
    assert_eq!(there.to_string().replace("plans", "plant"), nowhere.to_string(), "both look alike");
    // The one thing that tells.
    let taken = json!({"client_id": uuid(), "name": "plans"});
    assert_eq!(lin.refused("room.create", taken)?, "name_taken");
    Ok(())
}

#[test]
fn who_is_invited_may_also_come_by_name_and_who_was_put_out_may_not() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = private_room("plans", &mut ada, &mut [])?;
    ada.ok("room.invite", invite(&id, "lin"))?;
    assert_eq!(lin.ok("room.join", json!({"room": "plans"}))?["id"], id.as_str());
    assert_eq!(invitations(&mut lin)?, [""; 0]);
    kick(&mut ada, &id, "lin")?;
    assert_eq!(lin.refused("room.join", json!({"room": "plans"}))?, "not_found");
    assert_eq!(lin.refused("invitation.accept", json!({"conversation": id}))?, "not_found");
    bring_in(&mut ada, &id, &mut lin)?;
    lin.ok("room.leave", json!({"conversation": id}))?;
    assert_eq!(lin.refused("room.join", json!({"room": "plans"}))?, "not_found");
    Ok(())
}

#[test]
fn invitations_come_newest_first_and_a_public_room_has_them_too() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    for name in ["one", "two", "three"] {
        let id = room(name, &mut ada, &mut [])?;
        ada.ok("room.invite", invite(&id, "lin"))?;
        lin.expect("invitation", |push| push["invitation"]["name"] == name)?;
    }
    assert_eq!(invitations(&mut lin)?, ["three", "two", "one"]);
    // Coming in by name answers the invitation.
    lin.ok("room.join", json!({"room": "two"}))?;
    assert_eq!(invitations(&mut lin)?, ["three", "one"]);
    Ok(())
}

#[test]
fn an_invitation_waits_for_who_is_away_and_outlives_the_server() -> Result<()> {
    let mut server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let lin = Script::register(&server, "lin")?;
    let id = private_room("plans", &mut ada, &mut [])?;
    lin.kill();
    ada.ok("room.invite", invite(&id, "lin"))?;
    server.restart()?;
    let mut lin = Script::login(&server, "lin")?;
    assert_eq!(lin.welcome()["conversations"], json!([]));
    assert_eq!(invitations(&mut lin)?, ["plans"]);
    lin.ok("invitation.accept", json!({"conversation": id}))?;
    Ok(())
}

#[test]
fn an_admin_of_the_server_is_a_stranger_in_rooms_that_they_are_not_in() -> Result<()> {
    let (server, _ada, mut lin) = ada_and_lin()?;
    let mut boss = register_as(&server, "boss", "admin")?;
    let id = private_room("plans", &mut lin, &mut [])?;
    for (kind, payload) in [
        ("room.join", json!({"room": "plans"})),
        ("room.invite", invite(&id, "boss")),
        ("member.role", json!({"conversation": id, "user": "boss", "role": "owner"})),
        ("history.get", json!({"conversation": id})),
    ] {
        assert_eq!(boss.refused(kind, payload)?, "not_found", "{kind}");
    }
    assert_eq!(boss.ok("room.list", json!({}))?["rooms"], json!([]));
    Ok(())
}
