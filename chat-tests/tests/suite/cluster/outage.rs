//! NATS goes and comes, and nodes do: nothing is lost, nothing comes twice.

use anyhow::Result;
use chat_tests::{Script, Signal, uuid};
use serde_json::json;

use super::{Pair, has_no_gap, pair, read_until, state_of};
use crate::scenarios::{message, say, text};

#[test]
fn without_nats_everything_arrives_slower() -> Result<()> {
    let Pair { mut cluster, mut ada, mut lin, room } = pair()?;
    cluster.nats.kill();
    cluster.hear_each_other(false)?;
    let seq = say(&mut ada, &room, "@lin by way of the store")?;
    lin.expect_message("@lin by way of the store")?;
    lin.expect("inbox.item", |item| item["event"]["seq"] == seq)?;
    lin.expect("inbox.changed", |state| state["unread"] == 1)?;
    lin.ok("read.mark", json!({"conversation": room, "seq": seq}))?;
    ada.expect("read", |read| read["seq"] == seq)?;
    let direct = text(&ada.ok("direct.open", json!({"user": "lin"}))?["id"]);
    lin.expect("conversation.added", |added| added["conversation"]["id"] == direct.as_str())?;
    say(&mut lin, &direct, "and in a new direct")?;
    ada.expect_message("and in a new direct")?;
    lin.ok("presence.set", json!({"state": "away"}))?;
    let id = lin.user_id();
    let seen = ada.ok("presence.watch", json!({"users": [id]}))?;
    if seen["presences"][0]["state"] != "away" {
        ada.expect("presence", |push| state_of(push, &id) == Some("away"))?;
    }
    cluster.nats.restart()?;
    cluster.hear_each_other(true)?;
    say(&mut ada, &room, "and over NATS again")?;
    lin.expect_message("and over NATS again")?;
    Ok(())
}

/// What is read out of the log says who was told of something, and not from whom it was taken away.
#[test]
fn without_nats_what_leaves_an_inbox_leaves_it_everywhere() -> Result<()> {
    let Pair { mut cluster, mut ada, mut lin, room } = pair()?;
    cluster.nats.kill();
    cluster.hear_each_other(false)?;
    let first = say(&mut ada, &room, "@lin a slip")?;
    say(&mut ada, &room, "@lin and another")?;
    lin.expect("inbox.changed", |state| state["unread"] == 2)?;
    ada.ok("message.delete", json!({"conversation": room, "seq": first}))?;
    lin.expect("inbox.changed", |state| state["unread"] == 1)?;
    ada.ok("member.remove", json!({"conversation": room, "user": "lin"}))?;
    lin.expect("conversation.removed", |removed| removed["conversation"] == room.as_str())?;
    lin.expect("inbox.changed", |state| state["unread"] == 0)?;
    Ok(())
}

#[test]
fn nodes_come_up_without_nats() -> Result<()> {
    let Pair { mut cluster, mut ada, room, .. } = pair()?;
    cluster.nats.kill();
    cluster.nodes[1].kill();
    cluster.nodes[1].restart()?;
    let mut lin = Script::login(&cluster.nodes[1], "lin")?;
    say(&mut ada, &room, "still here")?;
    lin.expect_message("still here")?;
    cluster.nats.restart()?;
    cluster.hear_each_other(true)?;
    say(&mut lin, &room, "here again")?;
    ada.expect_message("here again")?;
    Ok(())
}

/// NATS is killed and restarted while both nodes write; every message is there once, in order, for
/// everybody who listened all the time.
#[test]
fn nats_is_restarted_under_load_and_nothing_is_lost() -> Result<()> {
    const ROUNDS: usize = 6;
    const EACH: usize = 25;
    let Pair { mut cluster, mut ada, mut lin, room } = pair()?;
    for round in 0..ROUNDS {
        let mut asked = Vec::new();
        for n in 0..EACH {
            let body = format!("{round}.{n}");
            asked.push((
                ada.start_request("message.send", message(&room, &uuid(), &format!("a{body}")))?,
                lin.start_request("message.send", message(&room, &uuid(), &format!("l{body}")))?,
            ));
            // In the middle of it, so that messages are under way.
            match (round % 3, n == EACH / 2) {
                (0, true) => cluster.nats.kill(),
                (1, true) => cluster.nats.restart()?,
                _ => {}
            }
        }
        for (of_ada, of_lin) in asked {
            ada.reply(&of_ada)?.expect("ada's message is taken");
            lin.reply(&of_lin)?.expect("lin's message is taken");
        }
    }
    say(&mut ada, &room, "the end")?;
    for reader in [&mut ada, &mut lin] {
        let seqs = read_until(reader, &room, "the end")?;
        has_no_gap(&seqs);
        assert!(seqs.len() > 2 * ROUNDS * EACH, "{}", seqs.len());
    }
    Ok(())
}

/// A NATS that hangs looks as if it were there.
#[test]
fn a_nats_that_stands_still_is_noticed() -> Result<()> {
    let Pair { mut cluster, mut ada, mut lin, room } = pair()?;
    cluster.nats.signal(Signal::Stop)?;
    for n in 0..10 {
        say(&mut ada, &room, &format!("into the void {n}"))?;
    }
    for n in 0..10 {
        lin.expect_message(&format!("into the void {n}"))?;
    }
    cluster.nats.signal(Signal::Continue)?;
    cluster.hear_each_other(true)?;
    say(&mut lin, &room, "awake")?;
    ada.expect_message("awake")?;
    let seqs = read_until(&mut lin, &room, "awake")?;
    assert_eq!(seqs.len(), 1, "nothing came twice: {seqs:?}");
    Ok(())
}

#[test]
fn a_node_that_is_killed_loses_nothing_and_its_people_go_on_elsewhere() -> Result<()> {
    let Pair { mut cluster, mut ada, lin, room } = pair()?;
    let (token, epoch) = (lin.own_token(), lin.welcome()["epoch"].clone());
    let mut lin = lin;
    let seq = say(&mut lin, &room, "last words here")?;
    cluster.nodes[1].kill();
    ada.expect_message("last words here")?;
    let mut lin = Script::token(&cluster.nodes[0], "lin", &token)?;
    let answer = say(&mut ada, &room, "go on")?;
    lin.expect_message("go on")?;
    let resumed = lin.ok("sync.resume", json!({"epoch": epoch, "conversations": {room.as_str(): seq}}))?;
    assert_eq!(crate::scenarios::seqs(&resumed["resumed"][0]["events"]), [answer]);
    Ok(())
}

/// A node of another version, or whoever is on the same NATS, says what this one does not know.
#[test]
fn what_a_node_does_not_understand_it_leaves_alone() -> Result<()> {
    let Pair { cluster, mut ada, mut lin, room } = pair()?;
    let line = |v: u32, kind: &str, body: &str| {
        let (node, id) = (uuid(), uuid());
        format!(r#"{{"v":{v},"node":"{node}","id":"{id}","at":5,"new":[],"kind":"{kind}","body":{body}}}"#)
    };
    let large = line(1, "from_the_future", &format!("\"{}\"", "x".repeat(500_000)));
    for message in [
        "",
        "\u{fffd}",
        "{}",
        "[[[[[[[[",
        &large,
        &line(1, "from_the_future", "[1,2,3]"),
        &line(1, "end", r#"{"user":5}"#),
        &line(1, "turn", r#"{"conversation":"x","frames":[]}"#),
        &line(1, "everybody", r#"{"part":7,"parts":0,"people":[]}"#),
        &line(9, "turn", "null"),
    ] {
        for subject in ["chat.main.all".to_owned(), "chat.main.events.0".to_owned()] {
            cluster.nats.publish(&subject, message)?;
        }
    }
    let seq = say(&mut ada, &room, "unmoved")?;
    assert_eq!(lin.expect_message("unmoved")?["seq"], seq);
    say(&mut lin, &room, "both of us")?;
    ada.expect_message("both of us")?;
    Ok(())
}

/// While NATS is away, a node looks into the store now and then, and hears of the mark before it has told what was
/// written before it. Found by a storm of three nodes, seed 754.
#[test]
fn a_mark_that_is_heard_before_what_it_counts_counts_it() -> Result<()> {
    let Pair { mut cluster, mut ada, mut lin, room } = pair()?;
    let mut phone = Script::login(&cluster.nodes[0], "lin")?;
    cluster.nats.kill();
    cluster.hear_each_other(false)?;
    for _ in 0..3 {
        let first = say(&mut ada, &room, "read")?;
        say(&mut ada, &room, "not read")?;
        let last = say(&mut ada, &room, "nor this")?;
        let marked = phone.ok("read.mark", json!({"conversation": room, "seq": first}))?;
        assert_eq!(marked["unread"], 2);
        let told = lin.expect("unread", |unread| unread["read"] == first)?;
        assert_eq!(told["unread"], 2, "{told}");
        lin.ok("read.mark", json!({"conversation": room, "seq": last}))?;
        phone.expect("unread", |unread| unread["read"] == last && unread["unread"] == 0)?;
    }
    Ok(())
}
