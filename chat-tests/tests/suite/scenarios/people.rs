//! What people say of themselves, whom they block, what they show; and who has read what.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;
use chat_tests::{DEADLINE, Script, uuid};
use serde_json::{Value, json};

use super::{about, ada_and_lin, column, look, message, register_as, room, say, text};

/// Milliseconds since 1970, by the clock that the server has too.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

fn direct(one: &mut Script, other: &str) -> Result<String> {
    Ok(text(&one.ok("direct.open", json!({"user": other}))?["id"]))
}

fn watch(script: &mut Script, user: &str) -> Result<Value> {
    let answer = script.ok("presence.watch", json!({"users": [user]}))?;
    Ok(answer["presences"][0].clone())
}

/// Presence is told in batches: waits until both are seen by the other.
fn both_online(one: &mut Script, other: &mut Script) -> Result<()> {
    let until = Instant::now() + DEADLINE;
    while watch(one, &other.user_id())?["state"] != "online"
        || watch(other, &one.user_id())?["state"] != "online"
    {
        assert!(Instant::now() < until, "they are not seen");
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

#[test]
fn what_people_say_of_themselves_is_seen_where_they_are() -> Result<()> {
    let (mut server, mut ada, mut lin) = ada_and_lin()?;
    let mut phone = Script::login(&server, "ada")?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    watch(&mut lin, &ada.user_id())?;
    let ask = json!({
        "display_name": "  Ada Lovelace ", "zone": "Europe/London",
        "status": {"emoji": "🌴", "text": "on holiday"},
    });
    let said = ada.ok("profile.set", ask)?;
    assert_eq!(
        (said["display_name"].as_str(), said["status"]["emoji"].as_str()),
        (Some("Ada Lovelace"), Some("🌴"))
    );
    for told in [&mut phone, &mut lin, &mut ada] {
        assert_eq!(told.expect("profile", |_| true)?["profile"], said);
    }
    // What is absent stays, what is empty goes.
    let said = ada.ok("profile.set", json!({"zone": "", "status": {"text": "back soon"}}))?;
    assert_eq!(
        (said["display_name"].as_str(), &said["zone"], &said["status"]),
        (Some("Ada Lovelace"), &Value::Null, &json!({"text": "back soon"}))
    );
    lin.expect("profile", |told| told["profile"]["status"]["text"] == "back soon")?;
    for (wrong, why) in [
        (json!({"zone": "Europe/Atlantis"}), "no such place"),
        (json!({"display_name": "a\u{1b}[31m"}), "a control character"),
        (json!({"display_name": "x".repeat(65)}), "too long"),
        (json!({"status": {"emoji": "no"}}), "no emoji"),
    ] {
        assert_eq!(ada.refused("profile.set", wrong)?, "invalid", "{why}");
    }

    server.restart()?;
    let mut lin = Script::login(&server, "lin")?;
    let profile = lin.ok("user.get", json!({"user": "ada"}))?;
    assert_eq!(
        (profile["display_name"].as_str(), profile["role"].as_str()),
        (Some("Ada Lovelace"), Some("owner"))
    );
    assert!(profile["since"].as_i64().is_some_and(|since| since > 0));
    let row = lin.ok("member.list", json!({"conversation": id}))?["members"][0].clone();
    let listed = lin.ok("user.list", json!({}))?["people"][0].clone();
    let watched = lin.ok("presence.watch", json!({"users": [ada.user_id()]}))?["profiles"][0].clone();
    for row in [row, listed, watched] {
        assert_eq!(
            (row["display_name"].as_str(), row["status"]["text"].as_str()),
            (Some("Ada Lovelace"), Some("back soon"))
        );
    }
    assert_eq!(lin.refused("user.get", json!({"user": "nobody"}))?, "not_found");
    Ok(())
}

#[test]
fn a_status_ends_by_itself() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let status = json!({"emoji": "☕", "text": "coffee", "until": now_ms() + 800});
    ada.ok("profile.set", json!({"status": status}))?;
    let until = Instant::now() + DEADLINE;
    while !lin.ok("user.get", json!({"user": "ada"}))?["status"].is_null() {
        assert!(Instant::now() < until, "still there");
        thread::sleep(Duration::from_millis(50));
    }
    assert!(lin.ok("user.list", json!({}))?["people"][0]["status"].is_null());
    Ok(())
}

#[test]
fn a_guest_looks_only_at_people_they_know_and_who_is_muted_says_nothing_of_themselves() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut guest = register_as(&server, "gus", "guest")?;
    let strange = guest.request("user.get", json!({"user": "lin"}))?.expect_err("a stranger");
    let absent = guest.request("user.get", json!({"user": "nobody"}))?.expect_err("nobody");
    assert_eq!(strange.to_string().replace("lin", "nobody"), absent.to_string());
    assert_eq!(guest.refused("block.set", json!({"user": "lin", "on": true}))?, "not_found");
    direct(&mut lin, "gus")?;
    guest.ok("user.get", json!({"user": "lin"}))?;
    ada.ok("user.mute", json!({"user": "lin"}))?;
    assert_eq!(lin.refused("profile.set", json!({"display_name": "buy now"}))?, "forbidden");
    Ok(())
}

#[test]
fn who_is_blocked_cannot_write_to_one_and_is_told_no_more_than_that() -> Result<()> {
    let (mut server, mut ada, mut lin) = ada_and_lin()?;
    let mut phone = Script::login(&server, "ada")?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let ours = direct(&mut ada, "lin")?;
    let secret = room("secret", &mut lin, &mut [])?;
    let mut joe = Script::register(&server, "joe")?;
    let group = text(&lin.ok("direct.open", json!({"user": "ada", "also": ["joe"]}))?["id"]);
    let seq = say(&mut ada, &ours, "hi")?;
    lin.forget()?;
    ada.ok("block.set", json!({"user": "lin", "on": true}))?;
    ada.ok("block.set", json!({"user": "lin", "on": true}))?;
    for device in [&mut ada, &mut phone] {
        let told = device.expect("blocked", |_| true)?;
        assert_eq!((told["user"]["name"].as_str(), told["on"].as_bool()), (Some("lin"), Some(true)));
    }
    let attempts = [
        ("message.send", message(&ours, &uuid(), "why?")),
        ("message.react", about(&ours, seq, json!({"emoji": "👎", "on": true}))),
        ("room.invite", json!({"conversation": secret, "user": "ada"})),
    ];
    let check = |lin: &mut Script| -> Result<()> {
        for (kind, payload) in &attempts {
            let refusal = lin.request(kind, payload.clone())?.expect_err("blocked");
            assert_eq!(refusal["message"], "You cannot write to this person.", "{kind}");
        }
        Ok(())
    };
    check(&mut lin)?;
    // Where others are, they speak as before; and who blocks can write.
    say(&mut lin, &id, "hello all")?;
    say(&mut lin, &group, "hello both")?;
    ada.expect_message("hello all")?;
    joe.expect_message("hello both")?;
    say(&mut ada, &ours, "bye")?;
    lin.expect_message("bye")?;
    lin.expect_none("blocked", |_| true)?;
    // It goes one way: lin blocks nobody.
    assert_eq!(lin.ok("block.list", json!({}))?["people"], json!([]));

    server.restart()?;
    let mut lin = Script::login(&server, "lin")?;
    let mut ada = Script::login(&server, "ada")?;
    assert_eq!(ada.welcome()["blocked"], json!([lin.user_id()]));
    assert!(lin.welcome()["blocked"].is_null());
    check(&mut lin)?;
    assert_eq!(column(&ada.ok("block.list", json!({}))?["people"], "/name"), ["lin"]);
    ada.ok("block.set", json!({"user": "lin", "on": false}))?;
    say(&mut lin, &ours, "thank you")?;
    assert_eq!(ada.refused("block.set", json!({"user": "ada", "on": true}))?, "invalid");
    Ok(())
}

#[test]
fn who_is_blocked_opens_no_direct() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    ada.ok("block.set", json!({"user": "lin", "on": true}))?;
    let refusal = lin.request("direct.open", json!({"user": "ada"}))?.expect_err("blocked");
    assert_eq!(
        (refusal["code"].as_str(), refusal["message"].as_str()),
        (Some("forbidden"), Some("You cannot write to this person."))
    );
    ada.expect_none("conversation.added", |_| true)?;
    direct(&mut ada, "lin")?;
    Ok(())
}

/// What one of two people is told of the other in a room where both are.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    read_push: bool,
    read_row: bool,
    others_read: bool,
    readers: bool,
    typing: bool,
    last_seen: bool,
    online: bool,
}

impl Told {
    const ALL: Told = Told {
        read_push: true,
        read_row: true,
        others_read: true,
        readers: true,
        typing: true,
        last_seen: true,
        online: true,
    };

    fn same(self, told: bool) -> Self {
        if told { self } else { Told { online: false, last_seen: false, typing: false, ..Self::NO_READS } }
    }

    const NO_READS: Told =
        Told { read_push: false, read_row: false, others_read: false, readers: false, ..Self::ALL };
}

/// Acts as the doer and sees what the watcher is told; both are connected, and the watcher holds
/// no push from before.
fn told(room: &str, doer: &mut Script, watcher: &mut Script) -> Result<Told> {
    let online = watch(watcher, &doer.user_id())?["state"] == "online";
    let seq = say(watcher, room, "look")?;
    watcher.forget()?;
    doer.tell("typing", json!({"conversation": room, "active": true}))?;
    // The room's shard answers the first behind the typing, and the second when it has told of the first.
    for _ in 0..2 {
        doer.ok("read.mark", json!({"conversation": room, "seq": seq}))?;
    }
    let pushes = watcher.pushes()?;
    let came = |kind: &str| pushes.iter().any(|push| push["type"] == kind);
    let members = watcher.ok("member.list", json!({"conversation": room}))?;
    let row = members["members"].as_array().unwrap().iter().find(|row| row["user"]["id"] == doer.user_id());
    let others_read = look(watcher, room)?["others_read"] == seq;
    let readers = watcher.request("message.readers", about(room, seq, json!({})))?;
    let readers = readers.is_ok_and(|answer| column(&answer["readers"], "/id") == [doer.user_id()]);
    Ok(Told {
        read_push: came("read"),
        read_row: row.is_some_and(|row| row["read"] == seq),
        others_read,
        readers,
        typing: came("typing"),
        last_seen: !watcher.ok("user.get", json!({"user": doer.name()}))?["last_seen"].is_null(),
        online,
    })
}

#[test]
fn each_switch_goes_both_ways_and_so_does_a_block() -> Result<()> {
    let (server, mut ada, lin) = ada_and_lin()?;
    let mut lin = lin;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    // Both were there and then away, so that there is a time at which they were last seen.
    both_online(&mut ada, &mut lin)?;
    for name in ["ada", "lin"] {
        let mut other =
            if name == "ada" { Script::login(&server, "lin")? } else { Script::login(&server, "ada")? };
        let gone = Script::login(&server, name)?;
        let id = gone.user_id();
        let holder = if name == "ada" { &mut ada } else { &mut lin };
        holder.ok("presence.set", json!({"state": "offline"}))?;
        let until = Instant::now() + DEADLINE;
        while watch(&mut other, &id)?["last_seen"].is_null() {
            assert!(Instant::now() < until, "{name} was never seen");
            thread::sleep(Duration::from_millis(50));
        }
        holder.ok("presence.set", json!({"state": "online"}))?;
        drop(gone);
    }
    both_online(&mut ada, &mut lin)?;
    let cases = [
        ("privacy.set", json!({"read_receipts": false}), json!({"read_receipts": true}), Told::NO_READS),
        (
            "privacy.set",
            json!({"typing": false}),
            json!({"typing": true}),
            Told { typing: false, ..Told::ALL },
        ),
        (
            "privacy.set",
            json!({"last_seen": false}),
            json!({"last_seen": true}),
            Told { last_seen: false, ..Told::ALL },
        ),
        (
            "block.set",
            json!({"user": "lin", "on": true}),
            json!({"user": "lin", "on": false}),
            Told::ALL.same(false),
        ),
    ];
    assert_eq!(told(&id, &mut ada, &mut lin)?, Told::ALL);
    assert_eq!(told(&id, &mut lin, &mut ada)?, Told::ALL);
    for (kind, off, on, expected) in cases {
        ada.ok(kind, off.clone())?;
        assert_eq!(told(&id, &mut ada, &mut lin)?, expected, "lin of ada: {off}");
        assert_eq!(told(&id, &mut lin, &mut ada)?, expected, "ada of lin: {off}");
        ada.ok(kind, on)?;
        assert_eq!(told(&id, &mut ada, &mut lin)?, Told::ALL, "again, after {off}");
    }
    Ok(())
}

#[test]
fn a_block_ends_what_is_being_watched_at_once() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    direct(&mut ada, "lin")?;
    both_online(&mut ada, &mut lin)?;
    ada.ok("block.set", json!({"user": "lin", "on": true}))?;
    let (adas, lins) = (ada.user_id(), lin.user_id());
    for (one, other) in [(adas, &mut lin), (lins, &mut ada)] {
        other.expect("presence", |news| {
            let change = &news["changes"][0];
            change["user"] == one.as_str() && change["state"] == "offline"
        })?;
    }
    lin.forget()?;
    ada.ok("presence.set", json!({"state": "away"}))?;
    ada.ok("profile.set", json!({"status": {"text": "hiding"}}))?;
    lin.expect_none("presence", |_| true)?;
    lin.expect_none("profile", |_| true)?;
    assert_eq!(watch(&mut lin, &ada.user_id())?["state"], "offline");
    Ok(())
}

#[test]
fn the_switches_are_kept_and_told_to_the_own_devices() -> Result<()> {
    let (mut server, mut ada, mut lin) = ada_and_lin()?;
    let mut phone = Script::login(&server, "ada")?;
    let all = json!({"read_receipts": true, "typing": true, "last_seen": true});
    assert_eq!(ada.welcome()["privacy"], all);
    let set = ada.ok("privacy.set", json!({"typing": false}))?;
    assert_eq!(set, json!({"read_receipts": true, "typing": false, "last_seen": true}));
    assert_eq!(phone.expect("privacy", |_| true)?["privacy"], set);
    assert_eq!(ada.ok("privacy.set", json!({}))?, set, "what is absent stays");
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    server.restart()?;
    let (mut ada, mut lin) = (Script::login(&server, "ada")?, Script::login(&server, "lin")?);
    assert_eq!(ada.welcome()["privacy"], set);
    ada.tell("typing", json!({"conversation": id, "active": true}))?;
    ada.barrier()?;
    lin.expect_none("typing", |_| true)?;
    Ok(())
}

#[test]
fn who_has_read_a_message_is_told_by_name() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut grace = Script::register(&server, "grace")?;
    let mut eve = Script::register(&server, "eve")?;
    let id = room("deploys", &mut ada, &mut [&mut lin, &mut grace])?;
    let seq = say(&mut ada, &id, "freeze on Friday")?;
    let readers = |script: &mut Script| -> Result<Vec<String>> {
        Ok(column(&script.ok("message.readers", about(&id, seq, json!({})))?["readers"], "/name"))
    };
    assert_eq!(readers(&mut ada)?, [""; 0]);
    for reader in [&mut lin, &mut grace, &mut ada] {
        reader.ok("read.mark", json!({"conversation": id, "seq": seq}))?;
    }
    assert_eq!(readers(&mut ada)?, ["grace", "lin"]);
    assert_eq!(readers(&mut lin)?, ["grace"], "neither oneself nor the author");
    lin.ok("privacy.set", json!({"read_receipts": false}))?;
    assert_eq!(readers(&mut ada)?, ["grace"]);
    assert_eq!(lin.refused("message.readers", about(&id, seq, json!({})))?, "forbidden");
    assert_eq!(eve.refused("message.readers", about(&id, seq, json!({})))?, "not_found");
    assert_eq!(ada.refused("message.readers", about(&id, 1, json!({})))?, "not_found");
    Ok(())
}
