//! Messages that change: edited and deleted.

use std::fs;
use std::path::Path;

use anyhow::Result;
use chat_tests::{Script, Server, Signal, uuid};
use serde_json::{Value, json};

use super::{about, ada_and_lin, column, look, message, room, say, say_with, set_role, stands};

fn edit(conversation: &str, seq: u64, body: &str) -> Value {
    about(conversation, seq, json!({"body": body}))
}

fn delete(conversation: &str, seq: u64) -> Value {
    about(conversation, seq, json!({}))
}

fn versions(script: &mut Script, conversation: &str, seq: u64) -> Result<Vec<String>> {
    let answer = script.ok("message.versions", about(conversation, seq, json!({})))?;
    Ok(column(&answer["versions"], "/body"))
}

#[test]
fn an_edit_reaches_everybody_and_keeps_what_was_said_before() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut phone = Script::login(&server, "lin")?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let seq = say(&mut ada, &id, "canray is out")?;
    let before = stands(&mut lin, &id, seq)?;
    assert!(before["edited"].is_null());
    for body in ["canary is out", "canary is out, @lin"] {
        let answer = ada.ok("message.edit", edit(&id, seq, body))?;
        for device in [&mut ada, &mut lin, &mut phone] {
            let event = device.expect("event", |event| event["kind"] == "edited" && event["body"] == body)?;
            assert_eq!((event["target"].as_u64(), &event["seq"]), (Some(seq), &answer["seq"]));
        }
    }
    let now = stands(&mut lin, &id, seq)?;
    assert_eq!((now["body"].as_str(), now["edited"].as_u64()), (Some("canary is out, @lin"), Some(seq + 2)));
    assert_eq!(now["mentions"], json!([lin.user_id()]));
    for kept in ["at", "author", "client_id", "seq"] {
        assert_eq!(now[kept], before[kept], "{kept}");
    }
    let row = look(&mut lin, &id)?;
    assert_eq!(row["last_message"], now);
    assert_eq!(
        (row["unread"].as_u64(), row["mentions"].as_u64()),
        (Some(1), Some(0)),
        "nobody is called twice"
    );

    assert_eq!(versions(&mut lin, &id, seq)?, ["canray is out", "canary is out"]);
    let shown = lin.ok("message.versions", about(&id, seq, json!({})))?;
    assert_eq!(shown["versions"][0]["at"], before["at"]);
    Ok(())
}

#[test]
fn only_the_author_edits_and_only_a_message_that_is_there() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let lins = say(&mut lin, &id, "mine")?;
    let adas = say(&mut ada, &id, "hers")?;
    // Ada owns the room and the server, which gives no right to put words into a mouth.
    assert_eq!(ada.refused("message.edit", edit(&id, lins, "yours"))?, "forbidden");
    assert_eq!(lin.refused("message.edit", edit(&id, adas, "yours"))?, "forbidden");
    for nothing in [1, 2, 999] {
        assert_eq!(ada.refused("message.edit", edit(&id, nothing, "x"))?, "not_found", "{nothing}");
    }
    for body in ["", " \n ", &"x".repeat(16_385)] {
        assert_eq!(lin.refused("message.edit", edit(&id, lins, body))?, "invalid");
    }
    // From another device, and after many of them the oldest versions are let go.
    let mut phone = Script::login(&server, "lin")?;
    for n in 0..55 {
        phone.ok("message.edit", edit(&id, lins, &format!("take {n}")))?;
    }
    let kept = versions(&mut ada, &id, lins)?;
    assert_eq!(kept.len(), 50);
    assert_eq!((kept[0].as_str(), kept[49].as_str()), ("take 4", "take 53"));
    Ok(())
}

#[test]
fn a_deleted_message_is_gone_wherever_it_was() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let first = say(&mut ada, &id, "stays")?;
    let secret = say(&mut lin, &id, "hunter2")?;
    lin.ok("message.edit", edit(&id, secret, "hunter3"))?;
    ada.ok("message.react", about(&id, secret, json!({"emoji": "😱", "on": true})))?;
    ada.ok("message.pin", about(&id, secret, json!({"on": true})))?;
    say_with(&mut ada, &id, "under it", json!({"thread": secret}))?;
    assert_eq!(look(&mut ada, &id)?["last_message"]["body"], "hunter3");
    assert_eq!(ada.ok("message.pins", json!({"conversation": id}))?["events"][0]["seq"], secret);

    let answer = lin.ok("message.delete", delete(&id, secret))?;
    for person in [&mut ada, &mut lin] {
        let event = person.expect("event", |event| event["kind"] == "deleted")?;
        assert_eq!((event["target"].as_u64(), &event["seq"]), (Some(secret), &answer["seq"]));
    }
    let grave = stands(&mut ada, &id, secret)?;
    assert_eq!((grave["kind"].as_str(), &grave["deleted"]), (Some("tombstone"), &answer["seq"]));
    assert_eq!(grave["replies"], 1, "its thread stays");
    assert_eq!(grave["author"]["name"], "lin");

    let row = look(&mut ada, &id)?;
    assert_eq!(row["last_message"]["seq"], first);
    let everything = [
        row,
        ada.ok("history.get", json!({"conversation": id}))?,
        ada.ok("message.pins", json!({"conversation": id}))?,
        ada.ok("thread.get", json!({"conversation": id, "thread": secret}))?,
        ada.ok("conversation.list", json!({}))?,
        ada.ok("search", json!({"query": "hunter"}))?,
        ada.ok("search", json!({"query": "from:lin"}))?,
        match ada.request("message.versions", about(&id, secret, json!({})))? {
            Ok(seen) | Err(seen) => seen,
        },
    ];
    for answer in everything {
        assert!(!answer.to_string().contains("hunter"), "{answer}");
    }
    assert_eq!(ada.ok("message.pins", json!({"conversation": id}))?["events"], json!([]));

    // It is no message any more.
    for (kind, payload) in [
        ("message.delete", delete(&id, secret)),
        ("message.edit", edit(&id, secret, "back")),
        ("message.react", about(&id, secret, json!({"emoji": "👍", "on": true}))),
        ("message.pin", about(&id, secret, json!({"on": true}))),
    ] {
        assert_eq!(lin.refused(kind, payload)?, "not_found", "{kind}");
    }
    let mut reply = message(&id, &uuid(), "what was it?");
    reply["reply_to"] = secret.into();
    assert_eq!(lin.refused("message.send", reply)?, "not_found");
    Ok(())
}

#[test]
fn members_delete_their_own_and_moderators_everybodys() -> Result<()> {
    let server = Server::start()?;
    Script::register(&server, "chief")?;
    let mut ada = Script::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let mut mo = Script::register(&server, "mo")?;
    let id = room("deploys", &mut ada, &mut [&mut lin, &mut mo])?;
    let (lins, mos) = (say(&mut lin, &id, "rude")?, say(&mut mo, &id, "polite")?);
    assert_eq!(lin.refused("message.delete", delete(&id, mos))?, "forbidden");
    assert_eq!(mo.refused("message.delete", delete(&id, lins))?, "forbidden");
    set_role(&mut ada, &id, "mo", "moderator")?;
    mo.ok("message.delete", delete(&id, lins))?;
    let event = lin.expect("event", |event| event["kind"] == "deleted")?;
    assert_eq!((event["author"]["name"].as_str(), event["target"].as_u64()), (Some("mo"), Some(lins)));
    mo.ok("message.delete", delete(&id, mos))?;
    for nothing in [1, 2, 999] {
        assert_eq!(ada.refused("message.delete", delete(&id, nothing))?, "not_found", "{nothing}");
    }
    Ok(())
}

#[test]
fn a_deleted_text_is_nowhere_in_the_servers_files() -> Result<()> {
    let (mut server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    // Enough around it that rows move between pages.
    for n in 0..40 {
        say(&mut lin, &id, &format!("filler {n} {}", "x".repeat(200)))?;
    }
    let seq = say(&mut ada, &id, "tangerine-first")?;
    for n in 0..3 {
        ada.ok("message.edit", edit(&id, seq, &format!("tangerine-{n} {}", "y".repeat(3_000))))?;
    }
    let long = say(&mut lin, &id, &format!("tangerine {}", "z".repeat(16_000)))?;
    let threaded = say_with(&mut lin, &id, "tangerine-thread", json!({"thread": seq}))?;
    say(&mut ada, &id, "marmalade stays")?;
    ada.ok("message.delete", delete(&id, seq))?;
    for seq in [long, threaded] {
        lin.ok("message.delete", delete(&id, seq))?;
    }
    server.signal(Signal::Terminate)?;
    assert_eq!(server.wait()?.code(), Some(0));
    assert!(!files_with(&server.data_dir(), "marmalade")?.is_empty(), "what stays can be found this way");
    assert_eq!(files_with(&server.data_dir(), "tangerine")?, [""; 0]);
    Ok(())
}

/// The files below a folder that have this text in them.
pub(super) fn files_with(dir: &Path, text: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files_with(&path, text)?);
        } else if path.is_file()
            && fs::read(&path)?.windows(text.len()).any(|window| window == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    Ok(found)
}

#[test]
fn who_was_away_catches_up_with_every_change() -> Result<()> {
    let (server, mut ada, lin) = ada_and_lin()?;
    let mut lin = lin;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let edited = say(&mut ada, &id, "fisrt")?;
    let deleted = say(&mut ada, &id, "hunter2")?;
    let liked = say(&mut ada, &id, "party")?;
    let (token, epoch, position) = (lin.own_token(), lin.welcome()["epoch"].clone(), liked);
    lin.kill();
    ada.ok("message.edit", edit(&id, edited, "first"))?;
    ada.ok("message.edit", edit(&id, deleted, "hunter3"))?;
    ada.ok("message.delete", delete(&id, deleted))?;
    ada.ok("message.react", about(&id, liked, json!({"emoji": "🎉", "on": true})))?;
    ada.ok("message.pin", about(&id, liked, json!({"on": true})))?;
    let new = say(&mut ada, &id, "typo")?;
    ada.ok("message.edit", edit(&id, new, "no typo"))?;

    let mut lin = Script::token(&server, "lin", &token)?;
    let resume = json!({"epoch": epoch, "conversations": {id.as_str(): position}});
    let missed = lin.ok("sync.resume", resume)?["resumed"][0].clone();
    let kinds = ["edited", "tombstone", "deleted", "reaction", "pinned", "message", "edited"];
    assert_eq!(column(&missed["events"], "/kind"), kinds);
    assert_eq!(super::seqs(&missed["events"]), (position + 1..=position + 7).collect::<Vec<_>>());
    assert_eq!(missed["events"][5]["body"], "no typo", "as it stands now");
    assert!(!missed.to_string().contains("hunter"), "{missed}");
    let page = lin.ok("history.get", json!({"conversation": id, "after": position}))?;
    assert_eq!(page["events"], missed["events"]);
    let stands = |lin: &mut Script, seq| super::stands(lin, &id, seq);
    assert_eq!(stands(&mut lin, edited)?["body"], "first");
    assert_eq!(stands(&mut lin, deleted)?["kind"], "tombstone");
    let liked = stands(&mut lin, liked)?;
    assert_eq!(
        (liked["pinned"].as_bool(), liked["reactions"][0]["emoji"].as_str()),
        (Some(true), Some("🎉"))
    );
    Ok(())
}
