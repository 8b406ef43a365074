//! Directs of more than two people.

use anyhow::Result;
use chat_tests::{Script, Server};
use serde_json::json;

use super::{column, look, say, text};

const NAMES: [&str; 10] = ["ada", "bea", "cleo", "dora", "emma", "finn", "gil", "hana", "ines", "jo"];

fn people(server: &Server, count: usize) -> Result<Vec<Script>> {
    NAMES[..count].iter().map(|name| Script::register(server, name)).collect()
}

#[test]
fn the_same_people_have_one_conversation_whoever_opens_it_in_whatever_order() -> Result<()> {
    let server = Server::start()?;
    let mut people = people(&server, 4)?;
    let opened = people[0].ok("direct.open", json!({"user": "bea", "also": ["cleo"]}))?;
    let id = text(&opened["id"]);
    assert_eq!((opened["kind"].as_str(), opened["members"].as_u64()), (Some("direct"), Some(3)));
    assert_eq!(column(&opened["with"], "/name"), ["bea", "cleo"]);
    for (who, with) in [(1, ["ada", "cleo"]), (2, ["ada", "bea"])] {
        let added = people[who].expect("conversation.added", |_| true)?;
        assert_eq!(added["conversation"]["id"], id.as_str());
        assert_eq!(column(&added["conversation"]["with"], "/name"), with);
    }
    for (who, payload) in [
        (0, json!({"user": "cleo", "also": ["bea"]})),
        (1, json!({"user": "cleo", "also": ["ada"]})),
        (2, json!({"user": "ada", "also": ["bea", "bea", "cleo"]})),
    ] {
        assert_eq!(people[who].ok("direct.open", payload)?["id"], id.as_str());
    }
    // Fewer or more people are another conversation.
    let pair = people[0].ok("direct.open", json!({"user": "bea"}))?;
    let four = people[0].ok("direct.open", json!({"user": "bea", "also": ["cleo", "dora"]}))?;
    assert_ne!(pair["id"], id.as_str());
    assert_ne!(four["id"], id.as_str());
    assert_eq!(four["members"], 4);

    say(&mut people[1], &id, "three of us, @ada")?;
    for who in [0, 2] {
        people[who].expect_message("three of us, @ada")?;
    }
    assert_eq!(look(&mut people[0], &id)?["mentions"], 1);
    people[3].expect_nothing_about(&id)?;
    assert_eq!(people[3].refused("history.get", json!({"conversation": id}))?, "not_found");
    Ok(())
}

#[test]
fn nine_people_fit_and_the_tenth_is_refused() -> Result<()> {
    let server = Server::start()?;
    let mut people = people(&server, 10)?;
    let nine = people[0].ok("direct.open", json!({"user": "bea", "also": NAMES[2..9]}))?;
    assert_eq!(nine["members"], 9);
    assert_eq!(column(&nine["with"], "/name"), NAMES[1..9]);
    let id = text(&nine["id"]);
    say(&mut people[8], &id, "all nine")?;
    for person in &mut people[..9] {
        person.expect_message("all nine")?;
    }
    assert_eq!(people[0].refused("direct.open", json!({"user": "bea", "also": NAMES[2..]}))?, "invalid");
    people[9].expect_none("conversation.added", |_| true)?;
    for payload in [json!({"user": "ada"}), json!({"user": "ada", "also": ["ada"]})] {
        assert_eq!(people[0].refused("direct.open", payload)?, "invalid", "alone is no conversation");
    }
    let with_nobody = json!({"user": "bea", "also": ["nobody"]});
    assert_eq!(people[0].refused("direct.open", with_nobody)?, "not_found");
    Ok(())
}

#[test]
fn the_people_of_a_direct_never_change() -> Result<()> {
    let server = Server::start()?;
    let mut people = people(&server, 4)?;
    let opened = people[0].ok("direct.open", json!({"user": "bea", "also": ["cleo"]}))?;
    let id = text(&opened["id"]);
    for (kind, payload) in [
        ("room.leave", json!({"conversation": id})),
        ("room.invite", json!({"conversation": id, "user": "dora"})),
        ("member.remove", json!({"conversation": id, "user": "bea"})),
        ("member.role", json!({"conversation": id, "user": "bea", "role": "read-only"})),
        ("room.rename", json!({"conversation": id, "name": "club"})),
        ("room.describe", json!({"conversation": id, "description": "club"})),
        ("room.topic", json!({"conversation": id, "topic": "club"})),
        ("room.rules", json!({"conversation": id, "rules": {"archived": true}})),
    ] {
        // The first account is the server's owner: not even that changes a direct.
        assert_eq!(people[0].refused(kind, payload)?, "forbidden", "{kind}");
    }
    people[3].expect_nothing_about(&id)?;
    assert_eq!(look(&mut people[1], &id)?["head"], 1);
    Ok(())
}

#[test]
fn oneself_and_a_name_that_is_there_twice_are_nobody_more() -> Result<()> {
    let server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let names: Vec<String> = (1..=8).map(|n| format!("p{n}")).collect();
    for name in &names {
        drop(Script::register(&server, name)?);
    }
    let mut also: Vec<&str> = names[1..].iter().map(String::as_str).collect();
    also.push("ada");
    also.push("p2");
    let group = ada.ok("direct.open", json!({"user": "p1", "also": also}))?;
    assert_eq!(group["members"], 9);
    let flood = vec!["p1"; 4_000];
    assert_eq!(
        ada.request("direct.open", json!({"user": "p1", "also": flood}))?.unwrap_err()["code"],
        "invalid"
    );
    Ok(())
}
