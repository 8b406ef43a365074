//! What ends rights on one node ends them on all, whether or not NATS is there.

use std::time::{Duration, Instant};

use anyhow::Result;
use chat_tests::{Cluster, Script, Server, Signal, uuid};
use serde_json::{Value, json};

use super::{Pair, pair, soon};
use crate::scenarios::{kick, message, room, say, set_role};

/// Far above what it takes, which is half a second without NATS and no time with it; a node that only
/// learnt by chance would take longer.
const A_MOMENT: Duration = Duration::from_secs(10);

/// Runs a story with NATS, and without.
fn both_ways(story: fn(Pair) -> Result<()>) -> Result<()> {
    story(pair()?)?;
    let mut pair = pair()?;
    pair.cluster.nats.kill();
    pair.cluster.hear_each_other(false)?;
    story(pair)
}

/// That this connection, on the other node, is ended by this.
fn ends(script: &mut Script, act: impl FnOnce() -> Result<Value>) -> Result<()> {
    let began = Instant::now();
    act()?;
    script.expect_closed()?;
    assert!(began.elapsed() < A_MOMENT, "{:?}", began.elapsed());
    Ok(())
}

/// Who may register on this node, as it says.
fn registration(node: &Server) -> Result<String> {
    let hello = Script::stranger(node)?.expect("hello", |_| true)?;
    Ok(hello["registration"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_ban_from_the_server() -> Result<()> {
    both_ways(|Pair { cluster, mut ada, mut lin, room: _room }| {
        ends(&mut lin, || ada.ok("user.ban", json!({"user": "lin", "for_s": 3600})))?;
        for node in &cluster.nodes {
            assert!(Script::login(node, "lin").is_err(), "nobody comes back by another node");
        }
        Ok(())
    })
}

#[test]
fn a_mute_on_the_server() -> Result<()> {
    both_ways(|Pair { cluster: _cluster, mut ada, mut lin, room }| {
        ada.ok("user.mute", json!({"user": "lin", "for_s": 3600}))?;
        soon(|| Ok(lin.request("message.send", message(&room, &uuid(), "but"))?.is_err()))?;
        ada.ok("user.unmute", json!({"user": "lin"}))?;
        soon(|| Ok(lin.request("message.send", message(&room, &uuid(), "thanks"))?.is_ok()))
    })
}

#[test]
fn an_account_that_is_disabled() -> Result<()> {
    both_ways(|Pair { cluster: _cluster, mut ada, mut lin, .. }| {
        ends(&mut lin, || ada.ok("user.disable", json!({"user": "lin"})))
    })
}

#[test]
fn a_session_that_is_revoked() -> Result<()> {
    both_ways(|Pair { cluster, lin, mut ada, .. }| {
        let mut phone = Script::login(&cluster.nodes[0], "lin")?;
        let mut lin = lin;
        let listed = phone.ok("session.list", json!({}))?;
        let other = listed["sessions"].as_array().unwrap().iter().find(|row| row["current"] != true);
        let session = other.expect("two devices")["id"].clone();
        ends(&mut lin, || phone.ok("session.revoke", json!({"session": session})))?;
        phone.barrier()?;
        ada.barrier()
    })
}

#[test]
fn a_role_that_is_changed() -> Result<()> {
    both_ways(|Pair { cluster: _cluster, mut ada, mut lin, .. }| {
        ends(&mut lin, || ada.ok("user.role", json!({"user": "lin", "role": "admin"})))
    })
}

#[test]
fn somebody_is_put_out_of_a_room() -> Result<()> {
    both_ways(|Pair { cluster: _cluster, mut ada, mut lin, room }| {
        let began = Instant::now();
        kick(&mut ada, &room, "lin")?;
        lin.expect("conversation.removed", |removed| removed["conversation"] == room.as_str())?;
        assert!(began.elapsed() < A_MOMENT, "{:?}", began.elapsed());
        assert_eq!(lin.refused("message.send", message(&room, &uuid(), "but"))?, "not_found");
        say(&mut ada, &room, "about lin")?;
        // What comes now has been sent after it.
        let direct = ada.ok("direct.open", json!({"user": "lin"}))?["id"].clone();
        lin.expect("conversation.added", |added| added["conversation"]["id"] == direct)?;
        lin.expect_nothing_about("about lin")
    })
}

#[test]
fn a_ban_from_a_room() -> Result<()> {
    both_ways(|Pair { cluster: _cluster, mut ada, mut lin, room }| {
        ada.ok("member.ban", json!({"conversation": room, "user": "lin"}))?;
        lin.expect("conversation.removed", |removed| removed["conversation"] == room.as_str())?;
        assert_eq!(lin.refused("room.join", json!({"room": "deploys"}))?, "banned");
        Ok(())
    })
}

#[test]
fn a_role_in_a_room() -> Result<()> {
    both_ways(|Pair { cluster: _cluster, mut ada, mut lin, room }| {
        set_role(&mut ada, &room, "lin", "read-only")?;
        lin.expect("event", |event| event["kind"] == "role")?;
        assert_eq!(lin.refused("message.send", message(&room, &uuid(), "but"))?, "forbidden");
        Ok(())
    })
}

#[test]
fn a_lockdown() -> Result<()> {
    both_ways(|Pair { cluster, mut ada, mut lin, .. }| {
        ada.ok("server.lockdown", json!({"on": true}))?;
        soon(|| Ok(registration(&cluster.nodes[1])? == "closed"))?;
        assert!(Script::register(&cluster.nodes[1], "kim").is_err());
        lin.barrier()?;
        ada.ok("server.lockdown", json!({"on": false}))?;
        soon(|| Ok(registration(&cluster.nodes[1])? == "open"))?;
        Script::register(&cluster.nodes[1], "kim").map(drop)
    })
}

#[test]
fn a_password_that_is_changed() -> Result<()> {
    both_ways(|Pair { cluster, mut lin, ada: _ada, .. }| {
        let mut phone = Script::login(&cluster.nodes[0], "lin")?;
        let change = json!({"current": chat_tests::PASSWORD, "password": "another good password, long"});
        ends(&mut lin, || phone.ok("account.password", change))?;
        room("after", &mut phone, &mut []).map(drop)
    })
}

/// A node that stood still has events to tell and people who ask when it wakes, and does not know yet whose
/// rights ended.
#[test]
fn a_node_that_stood_still_tells_nothing_to_whom_it_may_not() -> Result<()> {
    let (mut kim, asked, _cluster) = wakes_after_a_ban(&[])?;
    kim.reply(&asked)?.expect("kim may write");
    kim.expect_message("about lin 19")?;
    Ok(())
}

/// Whoever stops waits for what was asked, which takes a password some time, and writes what waits.
#[test]
fn a_node_that_wakes_to_be_stopped_tells_nothing_either() -> Result<()> {
    wakes_after_a_ban(&[Signal::Terminate]).map(drop)
}

/// Bans somebody while their node stands still and gets these signals, and what they are told when it wakes; gives
/// somebody else there, and the number of what they asked meanwhile.
fn wakes_after_a_ban(signals: &[Signal]) -> Result<(Script, String, Cluster)> {
    let Pair { mut cluster, mut ada, mut lin, room } = pair()?;
    let mut kim = Script::register(&cluster.nodes[1], "kim")?;
    kim.ok("room.join", json!({"room": "deploys"}))?;
    lin.expect("event", |event| event["kind"] == "joined")?;
    // Not while it is in the middle of a write, for which the other would wait in vain where both share
    // SQLite's file.
    loop {
        cluster.nodes[1].signal(Signal::Stop)?;
        if ada.request("message.send", message(&room, &uuid(), "asleep?"))?.is_ok() {
            break;
        }
        cluster.nodes[1].signal(Signal::Continue)?;
    }
    let asked = kim.start_request("message.send", message(&room, &uuid(), "somebody gone?"))?;
    lin.start_request("account.password", json!({"current": "not this one", "password": "a longer one"}))?;
    ada.ok("user.ban", json!({"user": "lin", "for_s": 3600}))?;
    // Longer than the end of rights may take, by the clock of the other node.
    std::thread::sleep(Duration::from_secs(1));
    for n in 0..20 {
        say(&mut ada, &room, &format!("about lin {n}"))?;
    }
    for signal in signals {
        cluster.nodes[1].signal(*signal)?;
    }
    cluster.nodes[1].signal(Signal::Continue)?;
    let told = lin.rest()?;
    assert!(told.iter().any(|frame| frame["type"] == "closed"), "{told:?}");
    assert!(told.iter().all(|frame| !frame.to_string().contains("somebody gone")), "{told:?}");
    assert!(told.iter().all(|frame| !frame.to_string().contains("about lin")), "{told:?}");
    Ok((kim, asked, cluster))
}
