//! Rooms and directs: made, found, joined, left.

use anyhow::Result;
use chat_tests::{Script, Server, uuid};
use serde_json::json;

use super::{ada_and_lin, column, look, room, say, text};

#[test]
fn a_room_is_made_joined_and_left_and_its_log_tells_all() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let payload = json!({"client_id": uuid(), "name": "Deploys", "topic": "release train"});
    let made = ada.ok("room.create", payload)?;
    let id = text(&made["id"]);
    assert_eq!((made["name"].as_str(), made["head"].as_u64()), (Some("deploys"), Some(1)));
    assert_eq!((made["kind"].as_str(), made["members"].as_u64()), (Some("room"), Some(1)));

    let joined = lin.ok("room.join", json!({"room": "deploys"}))?;
    assert_eq!((joined["id"].as_str(), joined["members"].as_u64()), (Some(id.as_str()), Some(2)));
    assert_eq!(joined["unread"], 0, "a room does not greet with a pile of unread messages");
    ada.expect("event", |event| event["kind"] == "joined" && event["author"]["name"] == "lin")?;

    lin.ok("room.topic", json!({"conversation": id, "topic": "freeze Friday"}))?;
    ada.expect("event", |event| event["kind"] == "topic" && event["topic"] == "freeze Friday")?;
    assert_eq!(look(&mut ada, &id)?["topic"], "freeze Friday");

    lin.ok("room.leave", json!({"conversation": id}))?;
    ada.expect("event", |event| event["kind"] == "left" && event["author"]["name"] == "lin")?;
    assert_eq!(look(&mut ada, &id)?["members"], 1);

    let log = ada.ok("history.get", json!({"conversation": id}))?;
    assert_eq!(column(&log["events"], "/kind"), ["created", "joined", "topic", "left"]);
    assert_eq!(super::seqs(&log["events"]), [1, 2, 3, 4]);
    assert_eq!(column(&log["events"], "/author/name"), ["ada", "lin", "lin", "lin"]);
    Ok(())
}

#[test]
fn making_a_room_again_with_the_same_id_gives_the_same_room() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let payload = json!({"client_id": uuid(), "name": "deploys"});
    let first = ada.ok("room.create", payload.clone())?;
    let again = ada.ok("room.create", payload)?;
    assert_eq!(first["id"], again["id"]);
    assert_eq!(again["head"], 1);
    for taken in
        [json!({"client_id": uuid(), "name": "deploys"}), json!({"client_id": uuid(), "name": "DEPLOYS"})]
    {
        assert_eq!(lin.refused("room.create", taken)?, "name_taken");
    }
    Ok(())
}

#[test]
fn joining_twice_changes_nothing() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    lin.ok("room.join", json!({"room": "deploys"}))?;
    assert_eq!(look(&mut ada, &id)?["head"], 2);
    assert_eq!(ada.refused("room.join", json!({"room": "nowhere"}))?, "not_found");
    Ok(())
}

#[test]
fn other_devices_hear_of_joining_and_leaving() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut lins_phone = Script::login(&server, "lin")?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    lins_phone.expect("conversation.added", |added| added["conversation"]["id"] == id.as_str())?;
    say(&mut ada, &id, "hello both")?;
    lin.expect_message("hello both")?;
    lins_phone.expect_message("hello both")?;

    lin.ok("room.leave", json!({"conversation": id}))?;
    lins_phone.expect("conversation.removed", |removed| removed["conversation"] == id.as_str())?;
    say(&mut ada, &id, "nobody hears this")?;
    for device in [&mut lin, &mut lins_phone] {
        device.expect_none("event", |event| event["body"] == "nobody hears this")?;
    }
    Ok(())
}

#[test]
fn the_directory_is_searched_and_paged_by_name() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    for (name, topic) in
        [("backend", ""), ("deploys", "release train"), ("design", ""), ("random", "de tout")]
    {
        ada.ok("room.create", json!({"client_id": uuid(), "name": name, "topic": topic}))?;
    }
    lin.ok("room.join", json!({"room": "design"}))?;

    let all = lin.ok("room.list", json!({}))?;
    assert_eq!(column(&all["rooms"], "/name"), ["backend", "deploys", "design", "random"]);
    assert_eq!(all["more"], false);
    let joined: Vec<_> = all["rooms"].as_array().unwrap().iter().map(|room| room["joined"] == true).collect();
    assert_eq!(joined, [false, false, true, false]);
    assert_eq!(all["rooms"][2]["members"], 2);

    let page = lin.ok("room.list", json!({"query": "de", "limit": 2}))?;
    assert_eq!(column(&page["rooms"], "/name"), ["deploys", "design"]);
    assert_eq!(page["more"], true);
    let page = lin.ok("room.list", json!({"query": "de", "limit": 2, "after": "design"}))?;
    assert_eq!(column(&page["rooms"], "/name"), ["random"], "the topic counts too");
    assert_eq!(page["more"], false);
    Ok(())
}

#[test]
fn members_are_listed_by_name_with_their_marks() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut grace = Script::register(&server, "grace")?;
    let id = room("deploys", &mut ada, &mut [&mut lin, &mut grace])?;
    let page = ada.ok("member.list", json!({"conversation": id, "limit": 2}))?;
    assert_eq!(column(&page["members"], "/user/name"), ["ada", "grace"]);
    assert_eq!(page["more"], true);
    let page = ada.ok("member.list", json!({"conversation": id, "limit": 2, "after": "grace"}))?;
    assert_eq!(column(&page["members"], "/user/name"), ["lin"]);
    assert_eq!(page["more"], false);
    Ok(())
}

#[test]
fn two_people_have_one_direct_whoever_opens_it() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let opened = ada.ok("direct.open", json!({"user": "lin"}))?;
    let id = text(&opened["id"]);
    assert_eq!(opened["kind"], "direct");
    assert_eq!(column(&opened["with"], "/name"), ["lin"]);
    assert!(opened["name"].is_null());

    let added = lin.expect("conversation.added", |added| added["conversation"]["id"] == id.as_str())?;
    assert_eq!(column(&added["conversation"]["with"], "/name"), ["ada"]);
    assert_eq!(lin.ok("direct.open", json!({"user": "ada"}))?["id"], id.as_str());
    assert_eq!(ada.ok("direct.open", json!({"user": "Lin"}))?["id"], id.as_str());
    assert_eq!(ada.refused("direct.open", json!({"user": "nobody"}))?, "not_found");

    say(&mut lin, &id, "hi ada")?;
    ada.expect_message("hi ada")?;
    let log = ada.ok("history.get", json!({"conversation": id}))?;
    assert_eq!(column(&log["events"], "/kind"), ["created", "message"]);
    Ok(())
}

#[test]
fn a_script_may_say_room_and_person_by_name() -> Result<()> {
    let server = Server::start()?;
    let mut lin = Script::register(&server, "lin")?;
    room("deploys", &mut lin, &mut [])?;
    let mut ada = Script::register(&server, "ada")?;
    ada.ok("room.join", json!({"room": "deploys"}))?;
    // A login of its own, as a person's script has.
    let mut ada = Script::login(&server, "ada")?;
    ada.ok("message.send", json!({"conversation": "#deploys", "body": "to the room"}))?;
    lin.expect_message("to the room")?;
    ada.ok("message.send", json!({"conversation": "@lin", "body": "to you"}))?;
    lin.expect_message("to you")?;
    Ok(())
}

#[test]
fn a_room_gets_another_name_and_the_old_one_is_free() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut phone = Script::login(&server, "lin")?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    room("random", &mut ada, &mut [])?;
    let rename = |name: &str| json!({"conversation": id, "name": name});
    assert_eq!(ada.refused("room.rename", rename("Random"))?, "name_taken");
    assert_eq!(ada.refused("room.rename", rename("no spaces"))?, "invalid");
    assert_eq!(lin.refused("room.rename", rename("mine"))?, "forbidden");

    let renamed = ada.ok("room.rename", rename("Releases"))?;
    assert_eq!(renamed["seq"], 3, "refusals leave no trace");
    for device in [&mut ada, &mut lin, &mut phone] {
        let event = device.expect("event", |event| event["kind"] == "renamed")?;
        assert_eq!((event["name"].as_str(), &event["seq"]), (Some("releases"), &renamed["seq"]));
    }
    assert_eq!(look(&mut lin, &id)?["name"], "releases");
    assert_eq!(lin.refused("room.join", json!({"room": "deploys"}))?, "not_found");
    assert_eq!(lin.ok("room.join", json!({"room": "releases"}))?["id"], id.as_str());
    let other = room("deploys", &mut lin, &mut [])?;
    assert_ne!(other, id);
    assert_eq!(ada.refused("room.rename", rename("deploys"))?, "name_taken");
    Ok(())
}

#[test]
fn a_room_is_described_in_several_lines() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let payload = json!({"client_id": uuid(), "name": "deploys", "description": "at first"});
    let made = ada.ok("room.create", payload)?;
    let id = text(&made["id"]);
    assert_eq!(made["description"], "at first");
    assert_eq!(lin.ok("room.join", json!({"room": "deploys"}))?["description"], "at first");
    let describe = |text: &str| json!({"conversation": id, "description": text});
    assert_eq!(lin.refused("room.describe", describe("mine"))?, "forbidden");
    assert_eq!(ada.refused("room.describe", describe(&"x".repeat(2_001)))?, "invalid");

    for described in ["What goes out,\nand who holds the pager.", &"é".repeat(2_000)] {
        ada.ok("room.describe", describe(described))?;
        lin.expect("event", |event| event["kind"] == "described" && event["description"] == described)?;
        assert_eq!(look(&mut lin, &id)?["description"], described);
        assert_eq!(lin.ok("room.list", json!({}))?["rooms"][0]["description"], described);
    }
    ada.ok("room.describe", describe(""))?;
    lin.expect("event", |event| event["kind"] == "described" && event["description"] == "")?;
    assert!(look(&mut lin, &id)?["description"].is_null());
    Ok(())
}

#[test]
fn several_devices_follow_all_that_happens_to_a_room() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    Script::register(&server, "grace")?;
    let mut phone = Script::login(&server, "lin")?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    for (kind, payload) in [
        ("room.topic", json!({"topic": "freeze"})),
        ("room.describe", json!({"description": "what goes out"})),
        ("room.rename", json!({"name": "releases"})),
        ("room.rules", json!({"rules": {"slow_mode_s": 5}})),
        ("room.invite", json!({"user": "grace"})),
        ("member.role", json!({"user": "lin", "role": "moderator"})),
    ] {
        let mut payload = payload;
        payload["conversation"] = id.as_str().into();
        ada.ok(kind, payload)?;
    }
    let kinds = ["topic", "described", "renamed", "rules", "invited", "role"];
    for device in [&mut lin, &mut phone] {
        for (at, kind) in kinds.iter().enumerate() {
            let event = device.expect("event", |event| event["kind"] == *kind)?;
            assert_eq!(event["seq"].as_u64(), Some(3 + at as u64), "{kind}");
        }
    }
    Ok(())
}

#[test]
fn who_left_and_came_back_has_right_counts() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    for n in 0..3 {
        say(&mut lin, &id, &format!("before {n}"))?;
    }
    lin.ok("room.leave", json!({"conversation": id}))?;
    lin.ok("room.join", json!({"room": "deploys"}))?;
    let first = say(&mut ada, &id, "one")?;
    say(&mut lin, &id, "my own")?;
    say(&mut ada, &id, "two")?;
    assert_eq!(look(&mut lin, &id)?["unread"], 2);
    let state = lin.ok("read.mark", json!({"conversation": id, "seq": first}))?;
    assert_eq!(state["unread"], 1, "only the second of ada's is left");
    assert_eq!(look(&mut lin, &id)?["unread"], 1);
    Ok(())
}
