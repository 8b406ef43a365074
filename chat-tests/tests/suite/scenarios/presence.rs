//! Who is there, and who is writing.

use anyhow::Result;
use chat_tests::{Options, Script, Server};
use serde_json::{Value, json};

use super::{ada_and_lin, room, say};

/// Watches these people and waits until they are seen in these states: changes of the last moment
/// follow the answer as a push.
fn watch(script: &mut Script, people: &[(&str, &str)]) -> Result<()> {
    let users: Vec<&str> = people.iter().map(|(user, _)| *user).collect();
    let answer = script.ok("presence.watch", json!({"users": users}))?;
    let mut missing = people.to_vec();
    missing.retain(|(user, state)| row_of(&answer, user)["state"] != *state);
    while !missing.is_empty() {
        // One push may tell of several people.
        let push = script.expect("presence", |_| true)?;
        missing.retain(|(user, state)| change_of(&push, user).is_none_or(|change| change["state"] != *state));
    }
    Ok(())
}

fn row_of(answer: &Value, user: &str) -> Value {
    let rows = answer["presences"].as_array().unwrap();
    rows.iter().find(|row| row["user"] == user).cloned().unwrap_or_else(|| panic!("no row: {answer}"))
}

/// Waits until a push says that somebody is in a state.
fn expect_state(script: &mut Script, user: &str, state: &str) -> Result<Value> {
    let push =
        script.expect("presence", |push| change_of(push, user).is_some_and(|it| it["state"] == state))?;
    Ok(change_of(&push, user).cloned().unwrap_or_default())
}

fn change_of<'a>(push: &'a Value, user: &str) -> Option<&'a Value> {
    push["changes"].as_array()?.iter().find(|change| change["user"] == user)
}

fn set(script: &mut Script, state: &str) -> Result<()> {
    script.ok("presence.set", json!({"state": state})).map(drop)
}

#[test]
fn devices_are_merged_and_a_cut_is_seen_after_the_grace() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    room("deploys", &mut ada, &mut [&mut lin])?;
    let id = lin.user_id();
    watch(&mut ada, &[(&id, "online")])?;

    set(&mut lin, "away")?;
    expect_state(&mut ada, &id, "away")?;
    let phone = Script::login(&server, "lin")?;
    expect_state(&mut ada, &id, "online")?;
    phone.kill();
    expect_state(&mut ada, &id, "away")?;
    set(&mut lin, "online")?;
    expect_state(&mut ada, &id, "online")?;

    lin.kill();
    let gone = expect_state(&mut ada, &id, "offline")?;
    assert!(gone["last_seen"].as_i64().unwrap() > 0, "{gone}");
    let _lin = Script::login(&server, "lin")?;
    expect_state(&mut ada, &id, "online")?;
    Ok(())
}

#[test]
fn whoever_is_back_within_the_grace_was_never_away() -> Result<()> {
    let server = Server::start_with(Options { presence_grace: "4s", ..Options::default() })?;
    let mut ada = Script::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let mut grace = Script::register(&server, "grace")?;
    room("deploys", &mut ada, &mut [&mut lin, &mut grace])?;
    let (lin_id, grace_id) = (lin.user_id(), grace.user_id());
    watch(&mut ada, &[(&lin_id, "online"), (&grace_id, "online")])?;

    let token = lin.own_token();
    lin.kill();
    let _lin = Script::token(&server, "lin", &token)?;
    // Grace is cut later and does not come back: when she is offline, lin's time has run out too.
    grace.kill();
    expect_state(&mut ada, &grace_id, "offline")?;
    ada.expect_none("presence", |push| change_of(push, &lin_id).is_some())?;
    Ok(())
}

#[test]
fn whoever_says_goodbye_is_gone_at_once() -> Result<()> {
    let server = Server::start_with(Options { presence_grace: "1h", ..Options::default() })?;
    let mut ada = Script::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    room("deploys", &mut ada, &mut [&mut lin])?;
    let id = lin.user_id();
    watch(&mut ada, &[(&id, "online")])?;
    lin.finish()?;
    expect_state(&mut ada, &id, "offline")?;
    Ok(())
}

#[test]
fn one_hidden_device_hides_all() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    room("deploys", &mut ada, &mut [&mut lin])?;
    let id = lin.user_id();
    let mut phone = Script::login(&server, "lin")?;
    watch(&mut ada, &[(&id, "online")])?;
    set(&mut phone, "offline")?;
    expect_state(&mut ada, &id, "offline")?;
    set(&mut lin, "away")?;
    set(&mut lin, "online")?;
    ada.expect_none("presence", |push| change_of(push, &id).is_some())?;
    watch(&mut ada, &[(&id, "offline")])?;
    set(&mut phone, "online")?;
    expect_state(&mut ada, &id, "online")?;
    Ok(())
}

#[test]
fn a_new_watch_takes_the_place_of_the_one_before() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut grace = Script::register(&server, "grace")?;
    room("deploys", &mut ada, &mut [&mut lin, &mut grace])?;
    let (lin_id, grace_id) = (lin.user_id(), grace.user_id());
    watch(&mut ada, &[(&lin_id, "online")])?;
    watch(&mut ada, &[(&grace_id, "online")])?;
    set(&mut lin, "away")?;
    set(&mut grace, "away")?;
    expect_state(&mut ada, &grace_id, "away")?;
    ada.expect_none("presence", |push| change_of(push, &lin_id).is_some())?;
    let too_many: Vec<String> = (0..501).map(|_| chat_tests::uuid()).collect();
    assert_eq!(ada.refused("presence.watch", json!({"users": too_many}))?, "invalid");
    Ok(())
}

#[test]
fn people_without_a_common_conversation_see_nothing_of_each_other() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let (id, nobody) = (lin.user_id(), chat_tests::uuid());
    let seen = ada.ok("presence.watch", json!({"users": [id, nobody]}))?;
    for user in [&id, &nobody] {
        assert_eq!(row_of(&seen, user), json!({"user": user, "state": "offline"}));
    }
    set(&mut lin, "away")?;
    ada.expect_none("presence", |_| true)?;
    Ok(())
}

#[test]
fn typing_is_told_to_the_other_members_and_kept_nowhere() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut grace = Script::register(&server, "grace")?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    for active in [true, false] {
        ada.tell("typing", json!({"conversation": id, "active": active}))?;
        let typing = lin.expect("typing", |typing| typing["active"] == active)?;
        assert_eq!(typing["user"]["name"], "ada");
        assert_eq!(typing["conversation"], id.as_str());
    }
    // A stranger's typing goes nowhere and is not answered.
    grace.tell("typing", json!({"conversation": id, "active": true}))?;
    grace.expect_none("error", |_| true)?;
    say(&mut ada, &id, "done")?;
    lin.expect_message("done")?;
    lin.expect_none("typing", |typing| typing["user"]["name"] == "grace")?;
    grace.expect_none("typing", |_| true)?;
    ada.expect_none("typing", |_| true)?;
    assert_eq!(super::look(&mut lin, &id)?["head"], 3, "created, joined, one message");
    Ok(())
}
