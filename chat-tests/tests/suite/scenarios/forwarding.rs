//! Forwarded messages, and actions as `/me` writes them.

use anyhow::Result;
use chat_tests::{Script, uuid};
use serde_json::{Value, json};

use super::{about, ada_and_lin, message, private_room, room, say, say_with, stands, text};

/// A send that forwards; the body is only what the sender claims.
fn forward(to: &str, from: &str, seq: u64) -> Value {
    let mut payload = message(to, &uuid(), "whatever the sender claims");
    payload["forward"] = json!({"conversation": from, "seq": seq});
    payload
}

#[test]
fn a_forwarded_message_says_what_stands_at_its_source() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let from = room("deploys", &mut ada, &mut [&mut lin])?;
    let to = room("random", &mut ada, &mut [&mut lin])?;
    let seq = say(&mut lin, &from, "canray is out")?;
    lin.ok("message.edit", about(&from, seq, json!({"body": "canary is out"})))?;
    let source = stands(&mut ada, &from, seq)?;

    let sent = ada.ok("message.send", forward(&to, &from, seq))?["seq"].as_u64().unwrap();
    let event = lin.expect_message("canary is out")?;
    assert_eq!(event["author"]["name"], "ada");
    let origin = json!({"author": source["author"], "at": source["at"], "room": "deploys"});
    assert_eq!(event["forwarded"], origin);
    assert_eq!(stands(&mut lin, &to, sent)?["forwarded"], origin);
    lin.expect_nothing_about("whatever the sender claims")?;

    // Forwarded once more it still comes from where it was written.
    let direct = text(&lin.ok("direct.open", json!({"user": "ada"}))?["id"]);
    lin.ok("message.send", forward(&direct, &to, sent))?;
    let again =
        ada.expect("event", |event| event["conversation"] == direct.as_str() && event["kind"] == "message")?;
    assert_eq!((again["body"].as_str(), &again["forwarded"]), (Some("canary is out"), &origin));

    // A repeat is one, as always.
    let payload = forward(&to, &from, seq);
    let first = ada.ok("message.send", payload.clone())?;
    assert_eq!(ada.ok("message.send", payload)?["seq"], first["seq"]);
    Ok(())
}

#[test]
fn only_what_the_sender_can_read_is_forwarded() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut eve = Script::register(&server, "eve")?;
    let secret = private_room("plans", &mut ada, &mut [&mut lin])?;
    let public = room("deploys", &mut ada, &mut [&mut eve])?;
    let direct = text(&ada.ok("direct.open", json!({"user": "lin"}))?["id"]);
    let (in_secret, in_direct) = (say(&mut ada, &secret, "hush")?, say(&mut ada, &direct, "hush")?);
    let gone = say(&mut ada, &public, "never mind")?;
    ada.ok("message.delete", about(&public, gone, json!({})))?;
    let absent = eve.request("message.send", forward(&public, &uuid(), in_secret))?.unwrap_err();
    assert_eq!(absent["code"], "not_found");
    for (from, seq) in
        [(&secret, in_secret), (&secret, 999), (&direct, in_direct), (&public, gone), (&public, 1)]
    {
        let refused = eve.request("message.send", forward(&public, from, seq))?.unwrap_err();
        assert_eq!(refused, absent, "{from} {seq}");
    }
    eve.ok("room.leave", json!({"conversation": public}))?;
    let mine = room("mine", &mut eve, &mut [])?;
    let kept = say(&mut ada, &public, "after eve")?;
    assert_eq!(eve.refused("message.send", forward(&mine, &public, kept))?, "not_found", "a former member");
    // And into what the sender is not in: neither.
    assert_eq!(lin.refused("message.send", forward(&public, &secret, in_secret))?, "not_found");
    Ok(())
}

#[test]
fn a_forwarded_message_does_not_name_a_private_room_or_a_direct() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut eve = Script::register(&server, "eve")?;
    let secret = private_room("plans", &mut ada, &mut [])?;
    let direct = text(&ada.ok("direct.open", json!({"user": "lin"}))?["id"]);
    let public = room("deploys", &mut ada, &mut [&mut eve])?;
    let (one, two) = (say(&mut ada, &secret, "we ship")?, say(&mut lin, &direct, "tell them")?);
    ada.ok("message.send", forward(&public, &secret, one))?;
    ada.ok("message.send", forward(&public, &direct, two))?;
    for (body, author) in [("we ship", "ada"), ("tell them", "lin")] {
        let event = eve.expect_message(body)?;
        assert_eq!(event["forwarded"]["author"]["name"], author);
        assert!(event["forwarded"]["room"].is_null(), "{event}");
        for hidden in ["plans", &secret, &direct] {
            assert!(!event.to_string().contains(hidden), "{hidden} in {event}");
        }
    }
    Ok(())
}

#[test]
fn an_action_is_told_as_one() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let seq = say_with(&mut ada, &id, "waves at @lin", json!({"action": true}))?;
    let event = lin.expect_message("waves at @lin")?;
    assert_eq!((event["action"].as_bool(), &event["mentions"]), (Some(true), &json!([lin.user_id()])));
    ada.ok("message.edit", about(&id, seq, json!({"body": "waves"})))?;
    let now = stands(&mut lin, &id, seq)?;
    assert_eq!((now["action"].as_bool(), now["body"].as_str()), (Some(true), Some("waves")));
    let plain = say(&mut ada, &id, "hello")?;
    assert!(stands(&mut lin, &id, plain)?["action"].is_null());
    Ok(())
}
