//! Who is there, on all nodes together.

use anyhow::Result;
use chat_tests::{Script, Signal};
use serde_json::json;

use super::{Pair, pair, state_of};

/// Watches somebody and waits until they are seen in this state.
fn watch(script: &mut Script, user: &str, state: &str) -> Result<()> {
    let answer = script.ok("presence.watch", json!({"users": [user]}))?;
    if answer["presences"][0]["state"] != state {
        wait_for(script, user, state)?;
    }
    Ok(())
}

fn wait_for(script: &mut Script, user: &str, state: &str) -> Result<()> {
    script.expect("presence", |push| state_of(push, user) == Some(state)).map(drop)
}

#[test]
fn people_are_seen_on_other_nodes_and_their_devices_merged() -> Result<()> {
    let Pair { cluster, mut ada, mut lin, .. } = pair()?;
    let id = lin.user_id();
    watch(&mut ada, &id, "online")?;
    lin.ok("presence.set", json!({"state": "away"}))?;
    wait_for(&mut ada, &id, "away")?;
    let phone = Script::login(&cluster.nodes[0], "lin")?;
    wait_for(&mut ada, &id, "online")?;
    phone.kill();
    wait_for(&mut ada, &id, "away")?;
    lin.kill();
    wait_for(&mut ada, &id, "offline")?;
    Ok(())
}

#[test]
fn who_hides_on_one_device_is_hidden_on_all_nodes() -> Result<()> {
    let Pair { cluster, mut ada, mut lin, .. } = pair()?;
    let id = lin.user_id();
    watch(&mut ada, &id, "online")?;
    let mut phone = Script::login(&cluster.nodes[0], "lin")?;
    phone.ok("presence.set", json!({"state": "offline"}))?;
    wait_for(&mut ada, &id, "offline")?;
    phone.ok("presence.set", json!({"state": "online"}))?;
    wait_for(&mut ada, &id, "online")?;
    lin.ok("presence.set", json!({"state": "offline"}))?;
    wait_for(&mut ada, &id, "offline")?;
    Ok(())
}

#[test]
fn the_people_of_a_node_that_is_killed_are_gone_after_a_while() -> Result<()> {
    let Pair { mut cluster, mut ada, lin, .. } = pair()?;
    let id = lin.user_id();
    watch(&mut ada, &id, "online")?;
    cluster.nodes[1].kill();
    wait_for(&mut ada, &id, "offline")?;
    cluster.nodes[1].restart()?;
    let _lin = Script::login(&cluster.nodes[1], "lin")?;
    wait_for(&mut ada, &id, "online")?;
    Ok(())
}

#[test]
fn here_calls_those_who_are_on_other_nodes_too() -> Result<()> {
    let Pair { cluster: _cluster, mut ada, mut lin, room } = pair()?;
    watch(&mut ada, &lin.user_id(), "online")?;
    crate::scenarios::say(&mut ada, &room, "@here lunch?")?;
    lin.expect("inbox.item", |item| item["reason"] == "here")?;
    Ok(())
}

#[test]
fn what_people_say_of_themselves_and_whom_they_block_holds_everywhere() -> Result<()> {
    let Pair { cluster: _cluster, mut ada, mut lin, .. } = pair()?;
    let (ada_id, lin_id) = (ada.user_id(), lin.user_id());
    watch(&mut ada, &lin_id, "online")?;
    lin.ok("profile.set", json!({"display_name": "Lin the Second"}))?;
    ada.expect("profile", |told| told["profile"]["display_name"] == "Lin the Second")?;
    let direct = crate::scenarios::text(&ada.ok("direct.open", json!({"user": "lin"}))?["id"]);
    lin.ok("block.set", json!({"user": "ada", "on": true}))?;
    wait_for(&mut ada, &lin_id, "offline")?;
    // Each is another message: one that came through a moment before would be known again for ever.
    let written = || crate::scenarios::message(&direct, &chat_tests::uuid(), "are you there?");
    super::soon(|| Ok(ada.request("message.send", written())?.is_err()))?;
    watch(&mut lin, &ada_id, "offline")?;
    Ok(())
}

#[test]
fn who_stands_still_is_gone_and_comes_back() -> Result<()> {
    let Pair { mut cluster, mut ada, mut lin, room } = pair()?;
    let id = lin.user_id();
    watch(&mut ada, &id, "online")?;
    cluster.nodes[1].signal(Signal::Stop)?;
    wait_for(&mut ada, &id, "offline")?;
    crate::scenarios::say(&mut ada, &room, "while you slept")?;
    cluster.nodes[1].signal(Signal::Continue)?;
    wait_for(&mut ada, &id, "online")?;
    lin.expect_message("while you slept")?;
    Ok(())
}
