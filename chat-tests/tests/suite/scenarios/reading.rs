//! Unread counts, mentions and read marks.

use anyhow::Result;
use chat_tests::Script;
use serde_json::{Value, json};

use super::{ada_and_lin, look, room, say};

fn counts(conversation: &Value) -> (u64, u64, u64) {
    let number = |field: &str| conversation[field].as_u64().unwrap();
    (number("read"), number("unread"), number("mentions"))
}

#[test]
fn unread_counts_messages_of_others_and_mentions_among_them() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    say(&mut ada, &id, "one")?;
    say(&mut ada, &id, "two, @Lin!")?;
    say(&mut lin, &id, "my own")?;
    ada.ok("room.topic", json!({"conversation": id, "topic": "not a message"}))?;
    say(&mut ada, &id, "mail ada@lin is no mention, @nobody neither")?;

    let event = lin.expect_message("two, @Lin!")?;
    assert_eq!(event["mentions"], json!([lin.user_id()]));
    let (_, unread, mentions) = counts(&look(&mut lin, &id)?);
    assert_eq!((unread, mentions), (3, 1));
    let (_, unread, mentions) = counts(&look(&mut ada, &id)?);
    assert_eq!((unread, mentions), (1, 0), "ada has not read what lin wrote");

    // The window of a login has the same, and the last message.
    let lin = Script::login(&server, "lin")?;
    let window = &lin.welcome()["conversations"][0];
    assert_eq!((window["unread"].as_u64(), window["mentions"].as_u64()), (Some(3), Some(1)));
    assert_eq!(window["last_message"]["body"], "mail ada@lin is no mention, @nobody neither");
    Ok(())
}

#[test]
fn a_read_mark_only_grows_and_the_others_see_it() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let first = say(&mut ada, &id, "one")?;
    let second = say(&mut ada, &id, "two @lin")?;
    let mark = |seq: u64| json!({"conversation": id, "seq": seq});

    let state = lin.ok("read.mark", mark(first))?;
    assert_eq!(counts(&state), (first, 1, 1));
    let read = ada.expect("read", |read| read["seq"].as_u64() == Some(first))?;
    assert_eq!((read["user"].clone(), read["conversation"].clone()), (json!(lin.user_id()), json!(id)));

    assert_eq!(counts(&lin.ok("read.mark", mark(second))?), (second, 0, 0));
    ada.expect("read", |read| read["seq"].as_u64() == Some(second))?;
    assert_eq!(look(&mut ada, &id)?["others_read"], second);

    assert_eq!(counts(&lin.ok("read.mark", mark(1))?), (second, 0, 0), "it never moves back");
    assert_eq!(counts(&lin.ok("read.mark", mark(1_000_000))?), (second, 0, 0), "nor beyond the end");
    ada.expect_none("read", |read| read["seq"].as_u64() != Some(second))?;

    let members = ada.ok("member.list", json!({"conversation": id}))?;
    assert_eq!(members["members"][1]["read"], second, "{members}");
    Ok(())
}

#[test]
fn the_own_other_devices_hear_the_new_counts() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let mut phone = Script::login(&server, "lin")?;
    let first = say(&mut ada, &id, "one")?;
    say(&mut ada, &id, "two")?;
    lin.ok("read.mark", json!({"conversation": id, "seq": first}))?;
    let heard = phone.expect("unread", |unread| unread["conversation"] == id.as_str())?;
    assert_eq!(counts(&heard), (first, 1, 0));
    Ok(())
}

#[test]
fn the_own_messages_count_for_the_others_only() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let direct = super::text(&ada.ok("direct.open", json!({"user": "lin"}))?["id"]);
    let last = say(&mut ada, &direct, "hello?")?;
    assert_eq!(counts(&look(&mut ada, &direct)?).1, 0);
    assert_eq!(counts(&look(&mut lin, &direct)?).1, 1);
    assert!(look(&mut ada, &direct)?["others_read"].as_u64().unwrap() < last, "not read yet");
    lin.ok("read.mark", json!({"conversation": direct, "seq": last}))?;
    assert_eq!(look(&mut ada, &direct)?["others_read"], last);
    Ok(())
}
