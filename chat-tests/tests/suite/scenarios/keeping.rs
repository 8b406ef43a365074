//! What people keep for themselves: starred conversations and saved messages.

use anyhow::Result;
use chat_tests::Script;
use serde_json::{Value, json};

use super::{about, ada_and_lin, kick, look, room, say};

fn saved(script: &mut Script) -> Result<Vec<u64>> {
    let page = script.ok("saved.list", json!({}))?;
    let messages = page["messages"].as_array().cloned().unwrap_or_default();
    Ok(messages.iter().filter_map(|event| event["seq"].as_u64()).collect())
}

#[test]
fn a_star_is_ones_own_and_on_every_device() -> Result<()> {
    let (mut server, mut ada, mut lin) = ada_and_lin()?;
    let mut phone = Script::login(&server, "lin")?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let state = lin.ok("conversation.star", json!({"conversation": id, "on": true}))?;
    phone.expect("starred", |told| *told == state)?;
    assert_eq!(look(&mut lin, &id)?["starred"], true);
    assert!(look(&mut ada, &id)?["starred"].is_null());
    server.restart()?;
    let mut lin = Script::login(&server, "lin")?;
    assert_eq!(lin.welcome()["conversations"][0]["starred"], true);
    lin.ok("conversation.star", json!({"conversation": id, "on": false}))?;
    assert!(look(&mut lin, &id)?["starred"].is_null());
    Ok(())
}

#[test]
fn saved_messages_are_listed_as_they_stand() -> Result<()> {
    let (mut server, mut ada, mut lin) = ada_and_lin()?;
    let mut phone = Script::login(&server, "lin")?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let [one, two, three] = ["one", "two", "three"].map(|text| say(&mut ada, &id, text));
    let (one, two, three) = (one?, two?, three?);
    let save = |seq, on| about(&id, seq, json!({"on": on}));
    for seq in [two, one, three] {
        let state = lin.ok("saved.set", save(seq, true))?;
        phone.expect("saved", |told| *told == state)?;
    }
    lin.ok("saved.set", save(two, true))?;
    assert_eq!(saved(&mut lin)?, [three, one, two], "the last saved comes first, each once");
    let page = lin.ok("saved.list", json!({"limit": 2}))?;
    let rest = lin.ok("saved.list", json!({"limit": 2, "cursor": page["cursor"]}))?;
    assert_eq!((&rest["messages"][0]["body"], &rest["cursor"]), (&json!("two"), &Value::Null));
    assert_eq!(saved(&mut ada)?, [0; 0], "they are one's own");
    lin.ok("saved.set", save(one, false))?;
    ada.ok("message.edit", about(&id, two, json!({"body": "two, better"})))?;
    ada.ok("message.delete", about(&id, three, json!({})))?;
    server.restart()?;
    let (mut ada, mut lin) = (Script::login(&server, "ada")?, Script::login(&server, "lin")?);
    let page = lin.ok("saved.list", json!({}))?;
    assert_eq!(page["messages"][0]["body"], "two, better");
    assert_eq!(page["messages"].as_array().map(Vec::len), Some(1), "what is deleted is gone");
    // Whoever is put out keeps nothing from there, even when they come back.
    kick(&mut ada, &id, "lin")?;
    assert_eq!(saved(&mut lin)?, [0; 0]);
    assert_eq!(lin.refused("saved.set", save(two, true))?, "not_found");
    lin.ok("room.join", json!({"room": "deploys"}))?;
    assert_eq!(saved(&mut lin)?, [0; 0]);
    for nothing in [three, 9_999, 1] {
        assert_eq!(lin.refused("saved.set", save(nothing, true))?, "not_found", "{nothing}");
    }
    Ok(())
}
