//! Messages and all that comes with them, from node to node.

use anyhow::Result;
use chat_tests::{Script, uuid};
use serde_json::json;

use super::{Pair, has_no_gap, pair, read_until};
use crate::scenarios::{about, bot, look, message, private_room, room, say, say_with, text};

#[test]
fn what_is_written_on_one_node_is_read_on_the_other() -> Result<()> {
    let Pair { cluster: _cluster, mut ada, mut lin, room } = pair()?;
    let seq = say(&mut ada, &room, "hello from the first")?;
    assert_eq!(lin.expect_message("hello from the first")?["seq"], seq);
    say(&mut lin, &room, "and from the second")?;
    ada.expect_message("and from the second")?;

    ada.ok("message.edit", about(&room, seq, json!({"body": "changed"})))?;
    lin.expect("event", |event| event["kind"] == "edited")?;
    lin.ok("message.react", about(&room, seq, json!({"emoji": "👍", "on": true})))?;
    ada.expect("event", |event| event["kind"] == "reaction")?;
    ada.ok("message.delete", about(&room, seq, json!({})))?;
    lin.expect("event", |event| event["kind"] == "deleted")?;
    lin.tell("typing", json!({"conversation": room, "active": true}))?;
    ada.expect("typing", |typing| typing["user"]["name"] == "lin")?;
    Ok(())
}

#[test]
fn two_nodes_write_into_one_room_and_each_event_comes_once_and_in_order() -> Result<()> {
    const MESSAGES: usize = 150;
    let Pair { cluster: _cluster, mut ada, mut lin, room } = pair()?;
    let mut asked = Vec::new();
    for n in 0..MESSAGES {
        asked.push((
            ada.start_request("message.send", message(&room, &uuid(), &format!("a{n}")))?,
            lin.start_request("message.send", message(&room, &uuid(), &format!("l{n}")))?,
        ));
    }
    for (of_ada, of_lin) in asked {
        ada.reply(&of_ada)?.expect("ada's message is taken");
        lin.reply(&of_lin)?.expect("lin's message is taken");
    }
    say(&mut ada, &room, "the end")?;
    for reader in [&mut ada, &mut lin] {
        let seqs = read_until(reader, &room, "the end")?;
        has_no_gap(&seqs);
        assert!(seqs.len() > 2 * MESSAGES, "{}", seqs.len());
    }
    Ok(())
}

#[test]
fn devices_of_one_person_on_two_nodes_know_the_same() -> Result<()> {
    let Pair { cluster, mut ada, mut lin, room } = pair()?;
    let mut phone = Script::login(&cluster.nodes[0], "lin")?;
    let seq = say(&mut ada, &room, "@lin look at this")?;
    for device in [&mut lin, &mut phone] {
        device.expect("inbox.item", |item| item["event"]["seq"] == seq && item["reason"] == "mention")?;
        device.expect("inbox.changed", |state| state["unread"] == 1)?;
    }
    lin.ok("read.mark", json!({"conversation": room, "seq": seq}))?;
    phone.expect("unread", |unread| {
        unread["read"] == seq && unread["unread"] == 0 && unread["mentions"] == 0
    })?;
    phone.expect("inbox.changed", |state| state["unread"] == 0)?;
    ada.expect("read", |read| read["seq"] == seq)?;
    // What the other node knows of the counts is what holds there as well.
    say(&mut ada, &room, "one more")?;
    phone.expect_message("one more")?;
    let state = phone.ok("read.mark", json!({"conversation": room, "seq": seq + 1}))?;
    assert_eq!(state["unread"], 0);

    lin.ok("conversation.star", json!({"conversation": room, "on": true}))?;
    phone.expect("starred", |starred| starred["on"] == true)?;
    let answer = say_with(&mut ada, &room, "in a thread", json!({"thread": seq}))?;
    assert!(answer > seq);
    for device in [&mut lin, &mut phone] {
        device.expect_message("in a thread")?;
    }
    say_with(&mut lin, &room, "answered there", json!({"thread": seq}))?;
    ada.expect("thread", |thread| thread["thread"] == seq && thread["unread"] == 1)?;
    phone.expect("thread", |thread| thread["thread"] == seq)?;
    Ok(())
}

#[test]
fn new_conversations_reach_people_on_other_nodes() -> Result<()> {
    let Pair { cluster: _cluster, mut ada, mut lin, .. } = pair()?;
    let direct = text(&ada.ok("direct.open", json!({"user": "lin"}))?["id"]);
    lin.expect("conversation.added", |added| added["conversation"]["id"] == direct.as_str())?;
    say(&mut ada, &direct, "just us")?;
    lin.expect_message("just us")?;

    let private = private_room("plans", &mut ada, &mut [])?;
    ada.ok("room.invite", json!({"conversation": private, "user": "lin"}))?;
    lin.expect("invitation", |told| told["invitation"]["conversation"] == private.as_str())?;
    lin.ok("invitation.accept", json!({"conversation": private}))?;
    ada.expect("event", |event| event["kind"] == "joined" && event["conversation"] == private.as_str())?;
    for n in 0..5 {
        say(&mut ada, &private, &format!("secret {n}"))?;
        lin.expect_message(&format!("secret {n}"))?;
    }
    Ok(())
}

#[test]
fn who_comes_back_to_another_node_has_missed_nothing() -> Result<()> {
    let Pair { cluster, mut ada, lin, room } = pair()?;
    let (token, epoch) = (lin.own_token(), lin.welcome()["epoch"].clone());
    lin.kill();
    for n in 0..10 {
        say(&mut ada, &room, &format!("missed {n}"))?;
    }
    let mut lin = Script::token(&cluster.nodes[0], "lin", &token)?;
    let resumed = lin.ok("sync.resume", json!({"epoch": epoch, "conversations": {room.as_str(): 2}}))?;
    let mut seqs = crate::scenarios::seqs(&resumed["resumed"][0]["events"]);
    let first = say(&mut ada, &room, "live again")?;
    lin.expect_message("live again")?;
    seqs.push(first);
    has_no_gap(&seqs);
    Ok(())
}

#[test]
fn a_node_that_is_started_late_is_one_of_them() -> Result<()> {
    let Pair { mut cluster, mut ada, mut lin, room: first } = pair()?;
    for n in 0..20 {
        say(&mut ada, &first, &format!("early {n}"))?;
    }
    cluster.add()?;
    cluster.hear_each_other(true)?;
    let mut kim = Script::register(&cluster.nodes[2], "kim")?;
    let second = room("late", &mut kim, &mut [&mut ada, &mut lin])?;
    say(&mut ada, &second, "hello kim")?;
    kim.expect_message("hello kim")?;
    kim.ok("room.join", json!({"room": "deploys"}))?;
    for (writer, body) in [(&mut ada, "from the first"), (&mut lin, "from the second")] {
        say(writer, &first, body)?;
        kim.expect_message(body)?;
    }
    Ok(())
}

#[test]
fn slash_commands_find_their_bot_on_another_node() -> Result<()> {
    let Pair { cluster, mut ada, mut lin, room } = pair()?;
    let mut deployer = bot(&cluster.nodes[1], &mut ada, "deployer", &["read", "write", "commands", "rooms"])?;
    ada.ok("room.invite", json!({"conversation": room, "user": "deployer"}))?;
    let command = json!({"name": "deploy", "usage": "", "summary": "deploys"});
    deployer.ok("command.register", json!({"commands": [command]}))?;
    lin.expect("event", |event| event["kind"] == "joined" && event["author"]["name"] == "deployer")?;
    // That the bot is there is news as well.
    super::soon(|| {
        let run =
            ada.request("command.run", json!({"conversation": room, "name": "deploy", "text": "now"}))?;
        Ok(run.is_ok())
    })?;
    let call = deployer.expect("command", |call| call["text"] == "now")?;
    deployer.ok("command.answer", json!({"run": call["run"], "text": "done"}))?;
    ada.expect("command.answer", |answer| answer["text"] == "done")?;
    Ok(())
}

#[test]
fn what_was_deleted_elsewhere_counts_for_nobody() -> Result<()> {
    let Pair { cluster: _cluster, mut ada, mut lin, room } = pair()?;
    let seq = say(&mut ada, &room, "@lin never mind")?;
    lin.expect_message("@lin never mind")?;
    ada.ok("message.delete", about(&room, seq, json!({})))?;
    lin.expect("event", |event| event["kind"] == "deleted")?;
    let seen = look(&mut lin, &room)?;
    assert_eq!((seen["unread"].as_u64(), seen["mentions"].as_u64()), (Some(0), Some(0)), "{seen}");
    Ok(())
}
