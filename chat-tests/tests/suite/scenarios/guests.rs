//! Guests, who see only the people and rooms that they share.

use anyhow::Result;
use chat_tests::Script;
use serde_json::json;

use super::{ada_and_lin, bring_in, column, private_room, register_as, room, say, text};

#[test]
fn a_guest_sees_nobody_and_nothing_until_somebody_shares_it() -> Result<()> {
    let (server, mut ada, lin) = ada_and_lin()?;
    let public = room("deploys", &mut ada, &mut [])?;
    let mut gus = register_as(&server, "gus", "guest")?;
    assert_eq!(gus.welcome()["role"], "guest");
    let names = |gus: &mut Script| -> Result<Vec<String>> {
        Ok(column(&gus.ok("user.list", json!({}))?["people"], "/name"))
    };
    assert_eq!(names(&mut gus)?, ["gus"]);
    assert_eq!(gus.ok("room.list", json!({}))?["rooms"], json!([]));
    assert_eq!(
        gus.refused("room.create", json!({"client_id": chat_tests::uuid(), "name": "mine"}))?,
        "forbidden"
    );
    let there = gus.request("room.join", json!({"room": "deploys"}))?.unwrap_err().to_string();
    let nowhere = gus.request("room.join", json!({"room": "deploya"}))?.unwrap_err().to_string();
    assert_eq!(there.replace("deploys", "deploya"), nowhere, "a public room is none for a guest");
    let there = gus.request("direct.open", json!({"user": "lin"}))?.unwrap_err().to_string();
    let nowhere = gus.request("direct.open", json!({"user": "lim"}))?.unwrap_err().to_string();
    assert_eq!(there.replace("lin", "lim"), nowhere, "neither is a person");
    assert_eq!(gus.refused("history.get", json!({"conversation": public}))?, "not_found");
    let watched = gus.ok("presence.watch", json!({"users": [ada.user_id(), lin.user_id()]}))?;
    assert!(watched["presences"].as_array().unwrap().iter().all(|row| row["state"] == "offline"));
    Ok(())
}

#[test]
fn a_guest_works_in_the_rooms_that_they_were_asked_into() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut grace = Script::register(&server, "grace")?;
    let mut gus = register_as(&server, "gus", "guest")?;
    room("random", &mut grace, &mut [])?;
    let public = room("deploys", &mut ada, &mut [])?;
    let private = private_room("plans", &mut ada, &mut [&mut lin])?;
    for id in [&public, &private] {
        bring_in(&mut ada, id, &mut gus)?;
    }
    assert_eq!(column(&gus.ok("room.list", json!({}))?["rooms"], "/name"), ["deploys"]);
    assert_eq!(column(&gus.ok("user.list", json!({}))?["people"], "/name"), ["ada", "gus", "lin"]);
    let members = gus.ok("member.list", json!({"conversation": private}))?;
    assert_eq!(column(&members["members"], "/user/name"), ["ada", "gus", "lin"]);
    say(&mut gus, &private, "hello, @lin")?;
    lin.expect_message("hello, @lin")?;
    let direct = text(&gus.ok("direct.open", json!({"user": "lin"}))?["id"]);
    say(&mut gus, &direct, "between us")?;
    lin.expect_message("between us")?;

    // Grace shares nothing with them: not as a person to write to, nor to bring in.
    for (kind, payload) in [
        ("direct.open", json!({"user": "grace"})),
        ("direct.open", json!({"user": "lin", "also": ["grace"]})),
        ("room.invite", json!({"conversation": private, "user": "grace"})),
        ("room.join", json!({"room": "random"})),
    ] {
        assert_eq!(gus.refused(kind, payload)?, "not_found", "{kind}");
    }
    grace.expect_nothing_about(&gus.user_id())?;

    // What is not shared any more is gone again, but for the direct.
    for id in [&public, &private] {
        gus.ok("room.leave", json!({"conversation": id}))?;
    }
    assert_eq!(column(&gus.ok("user.list", json!({}))?["people"], "/name"), ["gus", "lin"]);
    assert_eq!(gus.ok("room.list", json!({}))?["rooms"], json!([]));
    assert_eq!(gus.refused("room.join", json!({"room": "deploys"}))?, "not_found");
    Ok(())
}
