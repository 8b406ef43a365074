//! Reactions and pins.

use anyhow::Result;
use serde_json::{Value, json};

use super::{about, ada_and_lin, look, room, say, seqs, stands};

fn react(conversation: &str, seq: u64, emoji: &str, on: bool) -> Value {
    about(conversation, seq, json!({"emoji": emoji, "on": on}))
}

fn pin(conversation: &str, seq: u64, on: bool) -> Value {
    about(conversation, seq, json!({"on": on}))
}

/// Different emoji, one code point each.
fn emoji(count: u32) -> Vec<String> {
    (0..count).map(|n| char::from_u32(0x1f600 + n).unwrap().to_string()).collect()
}

#[test]
fn reactions_come_go_and_are_seen_by_everybody() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let seq = say(&mut ada, &id, "canary is out")?;
    let (a, l) = (ada.user_id(), lin.user_id());
    assert_eq!(lin.ok("message.react", react(&id, seq, "🎉", true))?, about(&id, seq, json!({"on": true})));
    let event = ada.expect("event", |event| event["kind"] == "reaction")?;
    assert_eq!((event["target"].as_u64(), event["emoji"].as_str()), (Some(seq), Some("🎉")));
    assert_eq!((event["on"].as_bool(), event["author"]["name"].as_str()), (Some(true), Some("lin")));
    ada.ok("message.react", react(&id, seq, "👍🏽", true))?;
    ada.ok("message.react", react(&id, seq, "🎉", true))?;
    let both = json!([{"emoji": "🎉", "users": [l, a]}, {"emoji": "👍🏽", "users": [a]}]);
    assert_eq!(stands(&mut lin, &id, seq)?["reactions"], both);

    // Again, and taking back what is not there: harmless, and nobody hears of it.
    let head = look(&mut ada, &id)?["head"].clone();
    for payload in [react(&id, seq, "🎉", true), react(&id, seq, "👍🏽", false), react(&id, seq, "🚀", false)]
    {
        let answer = lin.ok("message.react", payload.clone())?;
        assert_eq!(answer["on"], payload["on"]);
    }
    assert_eq!(look(&mut ada, &id)?["head"], head);

    lin.ok("message.react", react(&id, seq, "🎉", false))?;
    ada.expect("event", |event| event["kind"] == "reaction" && event["on"] == false)?;
    ada.ok("message.react", react(&id, seq, "👍🏽", false))?;
    assert_eq!(stands(&mut lin, &id, seq)?["reactions"], json!([{"emoji": "🎉", "users": [a]}]));
    ada.ok("message.react", react(&id, seq, "🎉", false))?;
    assert!(stands(&mut lin, &id, seq)?["reactions"].is_null());
    assert_eq!(look(&mut lin, &id)?["unread"], 1, "a reaction is no message");
    Ok(())
}

#[test]
fn only_an_emoji_is_a_reaction_and_only_a_message_takes_one() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let seq = say(&mut ada, &id, "canary is out")?;
    for good in ["👩‍👩‍👧‍👦", "❤️", "🏳️‍🌈", "🇩🇪", "1️⃣", "☺"] {
        lin.ok("message.react", react(&id, seq, good, true))?;
    }
    for bad in ["", " ", "+1", ":tada:", "a", "7", "é", "日", "👍👍", "👍 x", "\u{202e}", "\u{1b}[31m"]
    {
        assert_eq!(lin.refused("message.react", react(&id, seq, bad, true))?, "invalid", "{bad:?}");
    }
    for nothing in [1, 2, 999] {
        assert_eq!(lin.refused("message.react", react(&id, nothing, "👍", true))?, "not_found", "{nothing}");
        assert_eq!(lin.refused("message.pin", pin(&id, nothing, true))?, "not_found", "{nothing}");
    }
    Ok(())
}

#[test]
fn a_message_carries_twenty_different_reactions() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let seq = say(&mut ada, &id, "canary is out")?;
    let emoji = emoji(22);
    // All at once: no two may slip through together.
    let mut requests = Vec::new();
    for one in &emoji {
        requests.push(lin.start_request("message.react", react(&id, seq, one, true))?);
    }
    let mut refused = Vec::new();
    for (request, one) in requests.iter().zip(&emoji) {
        if let Err(error) = lin.reply(request)? {
            assert_eq!(error["code"], "forbidden");
            refused.push(one.clone());
        }
    }
    assert_eq!(refused, emoji[20..]);
    let shown = stands(&mut ada, &id, seq)?;
    assert_eq!(super::column(&shown["reactions"], "/emoji"), emoji[..20]);
    // One that is there already, by somebody else, is no new one; and one less makes room.
    ada.ok("message.react", react(&id, seq, &emoji[3], true))?;
    assert_eq!(ada.refused("message.react", react(&id, seq, &emoji[20], true))?, "forbidden");
    lin.ok("message.react", react(&id, seq, &emoji[0], false))?;
    ada.ok("message.react", react(&id, seq, &emoji[20], true))?;
    Ok(())
}

#[test]
fn pins_are_listed_as_the_messages_stand_and_can_be_taken_off() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let (first, second) = (say(&mut ada, &id, "runbook")?, say(&mut ada, &id, "pager")?);
    for seq in [second, first] {
        assert_eq!(lin.ok("message.pin", pin(&id, seq, true))?, about(&id, seq, json!({"on": true})));
        let event = ada.expect("event", |event| event["kind"] == "pinned")?;
        assert_eq!((event["target"].as_u64(), event["on"].as_bool()), (Some(seq), Some(true)));
    }
    let head = look(&mut ada, &id)?["head"].clone();
    ada.ok("message.pin", pin(&id, first, true))?;
    assert_eq!(look(&mut ada, &id)?["head"], head, "pinned already");

    ada.ok("message.edit", about(&id, first, json!({"body": "the runbook"})))?;
    let pins = ada.ok("message.pins", json!({"conversation": id}))?;
    assert_eq!(seqs(&pins["events"]), [first, second]);
    assert_eq!(pins["events"][0], stands(&mut lin, &id, first)?);
    assert_eq!(
        (pins["events"][0]["body"].as_str(), pins["events"][0]["pinned"].as_bool()),
        (Some("the runbook"), Some(true))
    );

    ada.ok("message.pin", pin(&id, first, false))?;
    lin.expect("event", |event| event["kind"] == "pinned" && event["on"] == false)?;
    assert_eq!(seqs(&lin.ok("message.pins", json!({"conversation": id}))?["events"]), [second]);
    assert!(stands(&mut lin, &id, first)?["pinned"].is_null());
    Ok(())
}

#[test]
fn fifty_pins_are_enough_even_when_they_come_at_once() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let mut messages = Vec::new();
    for n in 0..60 {
        messages.push(say(&mut ada, &id, &format!("message {n}"))?);
    }
    let mut requests = Vec::new();
    for seq in &messages {
        requests.push(lin.start_request("message.pin", pin(&id, *seq, true))?);
    }
    let mut pinned = 0;
    for request in requests {
        match lin.reply(&request)? {
            Ok(_) => pinned += 1,
            Err(error) => assert_eq!(error["code"], "forbidden"),
        }
    }
    assert_eq!(pinned, 50);
    let pins = seqs(&ada.ok("message.pins", json!({"conversation": id}))?["events"]);
    assert_eq!(pins, messages[..50]);
    lin.ok("message.pin", pin(&id, messages[7], false))?;
    lin.ok("message.pin", pin(&id, messages[55], true))?;
    Ok(())
}
