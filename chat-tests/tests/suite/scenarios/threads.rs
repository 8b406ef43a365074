//! Answers: quoted in the main line, or in a thread beside it.

use anyhow::Result;
use chat_tests::{Script, uuid};
use serde_json::json;

use super::{about, ada_and_lin, look, message, room, say, say_with, seqs, stands};

#[test]
fn a_reply_quotes_and_stays_in_the_main_line() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let other = room("random", &mut ada, &mut [])?;
    let question = say(&mut ada, &id, "ready?")?;
    let answer = say_with(&mut lin, &id, "ready.", json!({"reply_to": question}))?;
    let event = ada.expect_message("ready.")?;
    assert_eq!((event["reply_to"].as_u64(), event["thread"].as_u64()), (Some(question), None));
    assert_eq!(look(&mut ada, &id)?["unread"], 1);
    assert_eq!(look(&mut ada, &id)?["last_message"]["seq"], answer);
    assert!(stands(&mut ada, &id, question)?["replies"].is_null());
    let far = say(&mut ada, &other, "elsewhere")?;
    assert!(far < 3, "a number that is no message here");
    for nothing in [1, 2, 999] {
        let mut reply = message(&id, &uuid(), "to what?");
        reply["reply_to"] = nothing.into();
        assert_eq!(lin.refused("message.send", reply)?, "not_found", "{nothing}");
    }
    Ok(())
}

#[test]
fn a_thread_counts_for_itself_and_not_in_the_main_line() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let root = say(&mut ada, &id, "canary is out")?;
    lin.ok("read.mark", json!({"conversation": id, "seq": root}))?;
    let mut replies = Vec::new();
    for body in ["p99?", "fine"] {
        replies.push(say_with(&mut ada, &id, body, json!({"thread": root}))?);
        let event = lin.expect_message(body)?;
        assert_eq!(event["thread"], root);
    }
    // A reply to a reply is one more in the same thread.
    replies.push(say_with(&mut ada, &id, "and p50", json!({"thread": replies[1], "reply_to": replies[0]}))?);
    let event = lin.expect_message("and p50")?;
    assert_eq!((event["thread"].as_u64(), event["reply_to"].as_u64()), (Some(root), Some(replies[0])));

    assert_eq!(stands(&mut lin, &id, root)?["replies"], 3);
    for row in [look(&mut lin, &id)?, Script::login(&server, "lin")?.welcome()["conversations"][0].clone()] {
        assert_eq!((row["unread"].as_u64(), row["head"].as_u64()), (Some(0), Some(replies[2])));
        assert_eq!(row["last_message"]["seq"], root);
    }
    let state = lin.ok("read.mark", json!({"conversation": id, "seq": replies[0]}))?;
    assert_eq!(state["unread"], 0);

    // The main line goes on beside it.
    say(&mut ada, &id, "next topic")?;
    assert_eq!(look(&mut lin, &id)?["unread"], 1);
    assert_eq!(look(&mut lin, &id)?["last_message"]["body"], "next topic");
    Ok(())
}

#[test]
fn a_call_by_name_is_heard_in_a_thread_too() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let root = say(&mut ada, &id, "canary is out")?;
    let reply = say_with(&mut ada, &id, "@lin p99?", json!({"thread": root}))?;
    assert_eq!(lin.expect_message("@lin p99?")?["mentions"], json!([lin.user_id()]));
    let row = look(&mut lin, &id)?;
    assert_eq!((row["unread"].as_u64(), row["mentions"].as_u64()), (Some(1), Some(1)));
    let state = lin.ok("read.mark", json!({"conversation": id, "seq": root}))?;
    assert_eq!((state["unread"].as_u64(), state["mentions"].as_u64()), (Some(0), Some(1)));
    let state = lin.ok("read.mark", json!({"conversation": id, "seq": reply}))?;
    assert_eq!((state["unread"].as_u64(), state["mentions"].as_u64()), (Some(0), Some(0)));
    Ok(())
}

#[test]
fn a_thread_is_read_in_pages() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let root = say(&mut ada, &id, "root")?;
    let other = say(&mut ada, &id, "another root")?;
    let mut replies = Vec::new();
    for n in 0..7 {
        replies.push(say_with(&mut lin, &id, &format!("reply {n}"), json!({"thread": root}))?);
        say_with(&mut lin, &id, "elsewhere", json!({"thread": other}))?;
        say(&mut lin, &id, "main line")?;
    }
    ada.ok("message.edit", about(&id, root, json!({"body": "the root"})))?;
    let (mut seen, mut after) = (Vec::new(), json!(null));
    loop {
        let mut ask = json!({"conversation": id, "thread": root, "limit": 3});
        if !after.is_null() {
            ask["after"] = after.clone();
        }
        let page = ada.ok("thread.get", ask)?;
        assert_eq!(
            (page["root"]["body"].as_str(), page["root"]["replies"].as_u64()),
            (Some("the root"), Some(7))
        );
        assert!(seqs(&page["events"]).len() <= 3);
        seen.extend(seqs(&page["events"]));
        after = json!(seen.last().unwrap());
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(seen, replies);
    let empty = ada.ok("thread.get", json!({"conversation": id, "thread": root, "after": after}))?;
    assert_eq!((empty["events"].clone(), empty["more"].as_bool()), (json!([]), Some(false)));
    for nothing in [1, 2, 999] {
        assert_eq!(ada.refused("thread.get", json!({"conversation": id, "thread": nothing}))?, "not_found");
        let mut reply = message(&id, &uuid(), "under what?");
        reply["thread"] = nothing.into();
        assert_eq!(lin.refused("message.send", reply)?, "not_found", "{nothing}");
    }
    Ok(())
}

#[test]
fn a_thread_outlives_its_first_message() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let root = say(&mut ada, &id, "root")?;
    let first = say_with(&mut lin, &id, "one", json!({"thread": root}))?;
    let second = say_with(&mut lin, &id, "two", json!({"thread": root}))?;
    let gone = ada.ok("message.delete", about(&id, root, json!({})))?["seq"].clone();
    let third = say_with(&mut lin, &id, "three", json!({"thread": root}))?;
    lin.ok("message.delete", about(&id, first, json!({})))?;

    let thread = ada.ok("thread.get", json!({"conversation": id, "thread": root}))?;
    assert_eq!((thread["root"]["kind"].as_str(), &thread["root"]["deleted"]), (Some("tombstone"), &gone));
    assert_eq!(thread["root"]["replies"], 3);
    assert_eq!(seqs(&thread["events"]), [first, second, third]);
    assert_eq!(thread["events"][0]["kind"], "tombstone");
    assert_eq!(thread["events"][0]["thread"], root);
    assert_eq!(thread["events"][2]["thread"], root);
    Ok(())
}

/// An edit of a deleted message stands in the log as a tombstone, like the message itself; it
/// begins no thread.
#[test]
fn what_was_an_edit_is_no_message_to_answer() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let seq = say(&mut ada, &id, "hunter2")?;
    let edit = ada.ok("message.edit", about(&id, seq, json!({"body": "hunter3"})))?["seq"].clone();
    ada.ok("message.delete", about(&id, seq, json!({})))?;
    let mut reply = message(&id, &uuid(), "under an edit");
    reply["thread"] = edit.clone();
    assert_eq!(lin.refused("message.send", reply)?, "not_found");
    assert_eq!(lin.refused("thread.get", json!({"conversation": id, "thread": edit}))?, "not_found");
    Ok(())
}
