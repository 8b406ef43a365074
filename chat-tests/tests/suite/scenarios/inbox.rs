//! What calls for a person: mentions, calls, replies, threads; on every device, with read state.

use anyhow::Result;
use chat_tests::{Script, Server, uuid};
use serde_json::{Value, json};

use super::{about, ada_and_lin, kick, look, message, room, say, say_with};

/// What stands in an inbox, the newest first: "reason body", with a star for what is not read.
fn inbox(script: &mut Script) -> Result<Vec<String>> {
    let page = script.ok("inbox.list", json!({}))?;
    let items = page["items"].as_array().unwrap();
    let unread = items.iter().filter(|item| item["read"].is_null()).count();
    assert_eq!(page["state"]["unread"], unread);
    let line = |item: &Value| {
        let star = if item["read"].is_null() { "*" } else { "" };
        format!("{star}{} {}", item["reason"].as_str().unwrap(), item["event"]["body"].as_str().unwrap())
    };
    Ok(items.iter().map(line).collect())
}

/// The next state of the inbox that is told.
fn told(script: &mut Script, unread: u64) -> Result<()> {
    script.expect("inbox.changed", |state| state["unread"] == unread).map(drop)
}

#[test]
fn everything_that_calls_for_one_comes_together_with_its_reason() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut eve = Script::register(&server, "eve")?;
    let id = room("deploys", &mut ada, &mut [&mut lin, &mut eve])?;
    let other = room("random", &mut ada, &mut [&mut lin])?;
    let mine = say(&mut lin, &id, "mine")?;
    say(&mut ada, &id, "not for anybody")?;
    say(&mut ada, &id, "@lin look")?;
    say_with(&mut eve, &id, "a reply", json!({"reply_to": mine}))?;
    say(&mut ada, &other, "@room meet")?;
    say(&mut ada, &id, "@here now")?;
    say_with(&mut eve, &id, "in your thread", json!({"thread": mine}))?;
    say_with(&mut eve, &id, "@lin once", json!({"thread": mine, "reply_to": mine}))?;
    let item = lin.expect("inbox.item", |item| item["event"]["body"] == "@lin once")?;
    assert_eq!(item["reason"], "mention", "the strongest reason alone");
    told(&mut lin, 6)?;
    let all = ["*mention @lin once", "*thread in your thread", "*here @here now", "*room @room meet"];
    let all = [&all[..], &["*reply a reply", "*mention @lin look"]].concat();
    assert_eq!(inbox(&mut lin)?, all);
    assert_eq!(inbox(&mut eve)?, ["*here @here now"]);
    assert_eq!(inbox(&mut ada)?, [""; 0], "nobody calls for themselves");

    // In pages, and only what is not read.
    let mut seen = Vec::new();
    let mut ask = json!({"limit": 4, "unread_only": true});
    loop {
        let page = lin.ok("inbox.list", ask.clone())?;
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["event"]["body"].clone()));
        match page["cursor"].as_str() {
            Some(cursor) => ask["cursor"] = cursor.into(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 6);
    assert_eq!(lin.refused("inbox.list", json!({"cursor": "x"}))?, "invalid");

    // After a restart, on another device.
    assert_eq!(Script::login(&server, "lin")?.welcome()["inbox"]["unread"], 6);
    assert_eq!(look(&mut lin, &id)?["mentions"], 3, "two by name and one with who is here");
    assert_eq!(look(&mut lin, &other)?["mentions"], 1);
    Ok(())
}

#[test]
fn here_calls_only_who_is_connected() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut eve = Script::register(&server, "eve")?;
    let id = room("deploys", &mut ada, &mut [&mut lin, &mut eve])?;
    ada.ok("presence.watch", json!({"users": [eve.user_id()]}))?;
    eve.finish()?;
    ada.expect("presence", |push| push["changes"][0]["state"] == "offline")?;
    say(&mut ada, &id, "@here quick")?;
    say(&mut ada, &id, "@everyone slow")?;
    assert_eq!(inbox(&mut lin)?, ["*room @everyone slow", "*here @here quick"]);
    let mut eve = Script::login(&server, "eve")?;
    assert_eq!(inbox(&mut eve)?, ["*room @everyone slow"]);
    assert_eq!(look(&mut eve, &id)?["mentions"], 1);
    Ok(())
}

#[test]
fn in_a_large_room_moderators_decide_who_calls_everybody() -> Result<()> {
    let server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let id = room("town", &mut ada, &mut [])?;
    let mut crowd = Vec::new();
    for n in 0..15 {
        let mut one = Script::register(&server, &format!("person{n}"))?;
        one.ok("room.join", json!({"room": "town"}))?;
        crowd.push(one);
    }
    let lin = &mut crowd[0];
    assert_eq!(lin.refused("message.send", message(&id, &uuid(), "@room hi"))?, "forbidden");
    say(lin, &id, "mail me at lin@room.example")?;
    say(&mut ada, &id, "@room hi")?;
    ada.ok("room.rules", json!({"conversation": id, "rules": {"free_calls": true}}))?;
    say(lin, &id, "@room hello")?;
    assert_eq!(inbox(lin)?, ["*room @room hi"]);
    assert_eq!(inbox(&mut crowd[7])?, ["*room @room hello", "*room @room hi"]);
    Ok(())
}

#[test]
fn what_is_read_is_read_on_every_device() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut phone = Script::login(&server, "lin")?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let root = say(&mut lin, &id, "root")?;
    let first = say(&mut ada, &id, "@lin one")?;
    let aside = say_with(&mut ada, &id, "aside", json!({"thread": root}))?;
    let last = say(&mut ada, &id, "@lin two")?;
    told(&mut phone, 3)?;

    // The main line's mark reads its own part.
    lin.ok("read.mark", json!({"conversation": id, "seq": first}))?;
    told(&mut lin, 2)?;
    told(&mut phone, 2)?;
    assert_eq!(inbox(&mut phone)?, ["*mention @lin two", "*thread aside", "mention @lin one"]);
    lin.ok("read.mark", json!({"conversation": id, "seq": last}))?;
    assert_eq!(inbox(&mut phone)?, ["mention @lin two", "*thread aside", "mention @lin one"]);

    // The thread's mark reads the rest.
    let state = phone.ok("thread.mark", json!({"conversation": id, "thread": root, "seq": aside}))?;
    assert_eq!((state["read"].as_u64(), state["unread"].as_u64()), (Some(aside), Some(0)));
    told(&mut lin, 0)?;
    lin.expect("thread", |state| state["unread"] == 0 && state["read"] == aside)?;

    // One by one, back and forth, and all.
    let item = json!([{"conversation": id, "seq": last}, {"conversation": uuid(), "seq": 1}]);
    let state = lin.ok("inbox.mark", json!({"items": item, "unread": true}))?;
    assert_eq!(state["unread"], 1);
    phone.expect("inbox.changed", |now| *now == state)?;
    assert_eq!(inbox(&mut phone)?, ["*mention @lin two", "thread aside", "mention @lin one"]);
    assert_eq!(phone.ok("inbox.mark", json!({"all": true}))?["unread"], 0);
    let both = json!({"all": true, "items": item});
    for bad in [json!({}), both] {
        assert_eq!(lin.refused("inbox.mark", bad)?, "invalid");
    }
    Ok(())
}

#[test]
fn what_is_deleted_calls_for_nobody_and_is_unread_for_nobody() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let root = say(&mut lin, &id, "root")?;
    let one = say(&mut ada, &id, "@lin oops")?;
    let two = say_with(&mut ada, &id, "oops", json!({"thread": root}))?;
    say(&mut ada, &id, "stays")?;
    told(&mut lin, 2)?;
    let row = look(&mut lin, &id)?;
    assert_eq!((row["unread"].as_u64(), row["mentions"].as_u64()), (Some(2), Some(1)));
    for seq in [one, two] {
        ada.ok("message.delete", about(&id, seq, json!({})))?;
    }
    told(&mut lin, 0)?;
    lin.expect("thread", |state| state["unread"] == 0)?;
    assert_eq!(inbox(&mut lin)?, [""; 0]);
    let row = look(&mut lin, &id)?;
    assert_eq!((row["unread"].as_u64(), row["mentions"].as_u64()), (Some(1), Some(0)));
    // The marks count the same from every place.
    let state = lin.ok("read.mark", json!({"conversation": id, "seq": root}))?;
    assert_eq!((state["unread"].as_u64(), state["mentions"].as_u64()), (Some(1), Some(0)));
    say(&mut ada, &id, "@lin after")?;
    let row = look(&mut lin, &id)?;
    assert_eq!((row["unread"].as_u64(), row["mentions"].as_u64()), (Some(2), Some(1)));
    Ok(())
}

#[test]
fn who_leaves_keeps_nothing_from_there() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let root = say(&mut lin, &id, "root")?;
    say_with(&mut ada, &id, "secret plans", json!({"thread": root}))?;
    say(&mut ada, &id, "@lin secret")?;
    told(&mut lin, 2)?;
    kick(&mut ada, &id, "lin")?;
    told(&mut lin, 0)?;
    assert_eq!(inbox(&mut lin)?, [""; 0]);
    assert_eq!(lin.ok("thread.list", json!({}))?["threads"], json!([]));
    lin.ok("room.join", json!({"room": "deploys"}))?;
    assert_eq!(inbox(&mut lin)?, [""; 0]);
    Ok(())
}

#[test]
fn a_thread_is_followed_by_who_has_to_do_with_it() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut eve = Script::register(&server, "eve")?;
    let mut joe = Script::register(&server, "joe")?;
    let id = room("deploys", &mut ada, &mut [&mut lin, &mut eve, &mut joe])?;
    let root = say(&mut ada, &id, "root")?;
    let in_thread = |script: &mut Script, body: &str| say_with(script, &id, body, json!({"thread": root}));
    let following = |script: &mut Script| -> Result<(bool, u64)> {
        let page = script.ok("thread.get", json!({"conversation": id, "thread": root}))?;
        Ok((page["state"]["following"] == true, page["state"]["unread"].as_u64().unwrap()))
    };
    in_thread(&mut lin, "one @eve")?;
    assert_eq!(following(&mut ada)?, (true, 1), "who began it");
    assert_eq!(following(&mut lin)?, (true, 0), "who writes in it");
    assert_eq!(following(&mut eve)?, (true, 1), "who is called in it");
    assert_eq!(following(&mut joe)?, (false, 0));
    let two = in_thread(&mut ada, "two")?;
    lin.expect("thread", |state| state["unread"] == 1)?;
    assert_eq!((following(&mut lin)?, following(&mut eve)?), ((true, 1), (true, 2)));

    // Against one's word one does not follow, until one writes again.
    eve.ok("thread.follow", json!({"conversation": id, "thread": root, "on": false}))?;
    in_thread(&mut ada, "@eve three")?;
    assert_eq!(following(&mut eve)?, (false, 0));
    assert_eq!(inbox(&mut eve)?[0], "*mention @eve three", "a call is a call");
    let state = joe.ok("thread.follow", json!({"conversation": id, "thread": root, "on": true}))?;
    assert_eq!(state["unread"], 0, "who begins to follow has it before them");
    in_thread(&mut eve, "four")?;
    assert_eq!((following(&mut eve)?, following(&mut joe)?), ((true, 0), (true, 1)));

    // The list of them, the most recently active first.
    let other = say(&mut joe, &id, "another")?;
    say_with(&mut joe, &id, "more", json!({"thread": other}))?;
    let list = joe.ok("thread.list", json!({}))?;
    let shown = |list: &Value, at: &str| {
        let rows = list["threads"].as_array().unwrap();
        rows.iter().map(|row| row.pointer(at).unwrap().clone()).collect::<Vec<_>>()
    };
    assert_eq!(shown(&list, "/root/body"), ["another", "root"]);
    assert_eq!(shown(&list, "/last/body"), ["more", "four"]);
    let unread = joe.ok("thread.list", json!({"unread_only": true}))?;
    assert_eq!(shown(&unread, "/root/body"), ["root"]);
    let page = joe.ok("thread.list", json!({"limit": 1}))?;
    let rest = joe.ok("thread.list", json!({"limit": 1, "cursor": page["cursor"]}))?;
    assert_eq!((shown(&rest, "/root/body"), rest["cursor"].is_null()), (vec![json!("root")], true));

    // A mark never moves back.
    lin.ok("thread.mark", json!({"conversation": id, "thread": root, "seq": two}))?;
    let state = lin.ok("thread.mark", json!({"conversation": id, "thread": root, "seq": root}))?;
    assert_eq!((state["read"].as_u64(), state["unread"].as_u64()), (Some(two), Some(2)));
    for nothing in [1, two, 999] {
        let payload = json!({"conversation": id, "thread": nothing, "on": true});
        assert_eq!(lin.refused("thread.follow", payload)?, "not_found", "{nothing}");
    }
    Ok(())
}
