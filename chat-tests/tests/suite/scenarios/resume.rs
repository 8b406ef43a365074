//! Coming back: nothing lost, nothing twice, rights checked again.

use anyhow::Result;
use chat_tests::{Script, Server, uuid};
use serde_json::{Value, json};

use super::{ada_and_lin, room, say, seqs};

/// Logs in by token and resumes in one go, without waiting in between.
fn come_back(server: &Server, token: &str, resume: Value) -> Result<(Script, Value, Value)> {
    let mut script = Script::stranger(server)?;
    let login = script.start_request("auth.token", json!({"protocol": 1, "token": token}))?;
    let catch_up = script.start_request("sync.resume", resume)?;
    let welcome = script.reply(&login)?.expect("the token is good");
    let resumed = script.reply(&catch_up)?.expect("resume is granted");
    Ok((script, welcome, resumed))
}

#[test]
fn a_small_gap_comes_inline_in_one_round_trip() -> Result<()> {
    let (server, mut ada, lin) = ada_and_lin()?;
    let mut lin = lin;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let quiet = room("quiet", &mut ada, &mut [&mut lin])?;
    let (token, epoch) = (lin.own_token(), lin.welcome()["epoch"].clone());
    lin.kill();
    for n in 3..=7 {
        say(&mut ada, &id, &format!("missed {n}"))?;
    }
    let new = super::text(&ada.ok("direct.open", json!({"user": "lin"}))?["id"]);

    let positions = json!({id.as_str(): 2, quiet.as_str(): 2});
    let (mut lin, welcome, resumed) =
        come_back(&server, &token, json!({"epoch": epoch, "conversations": positions}))?;
    assert_eq!(resumed["same_epoch"], true);
    assert_eq!(resumed["gone"], json!([]));
    let rows = resumed["resumed"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "what stood still is not mentioned: {resumed}");
    assert_eq!(seqs(&rows[0]["events"]), [3, 4, 5, 6, 7]);
    assert_eq!(rows[0]["head"], 7);
    assert!(super::column(&welcome["conversations"], "/id").contains(&new), "what is new is in the window");

    say(&mut ada, &id, "and live again")?;
    assert_eq!(lin.expect_message("and live again")?["seq"], 8);
    Ok(())
}

#[test]
fn a_large_gap_is_paged() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let (token, epoch) = (lin.own_token(), lin.welcome()["epoch"].clone());
    lin.kill();
    for n in 3..=140 {
        say(&mut ada, &id, &format!("missed {n}"))?;
    }
    let resume = json!({"epoch": epoch, "conversations": {id.as_str(): 2}});
    let (mut lin, _, resumed) = come_back(&server, &token, resume)?;
    let mut known: Vec<u64> = seqs(&resumed["resumed"][0]["events"]);
    assert!(known.len() <= 100, "{}", known.len());
    assert_eq!(resumed["resumed"][0]["head"], 140);
    loop {
        let after = known.last().copied().unwrap_or(2);
        let page = lin.ok("history.get", json!({"conversation": id, "after": after, "limit": 30}))?;
        known.extend(seqs(&page["events"]));
        if page["more_after"] == false {
            break;
        }
    }
    assert_eq!(known, (3..=140).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn another_epoch_starts_from_the_welcome() -> Result<()> {
    let (server, mut ada, _lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [])?;
    let resume = json!({"epoch": uuid(), "conversations": {id.as_str(): 1}});
    let (_, welcome, resumed) = come_back(&server, &ada.own_token(), resume)?;
    assert_eq!(resumed, json!({"same_epoch": false, "resumed": [], "gone": []}));
    assert_eq!(welcome["conversations"][0]["id"], id.as_str());
    Ok(())
}

#[test]
fn rights_are_checked_again() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    lin.ok("room.leave", json!({"conversation": id}))?;
    say(&mut ada, &id, "not for lin")?;
    let nowhere = uuid();
    let resume = json!({
        "epoch": lin.welcome()["epoch"],
        "conversations": {id.as_str(): 2, nowhere.as_str(): 9},
    });
    let (_, _, resumed) = come_back(&server, &lin.own_token(), resume.clone())?;
    assert_eq!(resumed["resumed"], json!([]));
    let mut gone = super::text_list(&resumed["gone"]);
    gone.sort();
    let mut expected = [id, nowhere];
    expected.sort();
    assert_eq!(gone, expected);

    // A dead token: the resume behind it is refused as well.
    let mut script = Script::stranger(&server)?;
    let login = script.start_request("auth.token", json!({"protocol": 1, "token": "guess"}))?;
    let catch_up = script.start_request("sync.resume", resume)?;
    assert_eq!(script.reply(&login)?.unwrap_err()["code"], "bad_credentials");
    assert_eq!(script.reply(&catch_up)?.unwrap_err()["code"], "login_required");
    Ok(())
}

#[test]
fn the_epoch_outlives_a_restart() -> Result<()> {
    let (mut server, mut ada, _lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [])?;
    say(&mut ada, &id, "before")?;
    let (token, epoch) = (ada.own_token(), ada.welcome()["epoch"].clone());
    server.restart()?;
    let resume = json!({"epoch": epoch, "conversations": {id.as_str(): 1}});
    let (_, welcome, resumed) = come_back(&server, &token, resume)?;
    assert_eq!(welcome["epoch"], epoch);
    assert_eq!(resumed["resumed"][0]["events"][0]["body"], "before");
    Ok(())
}

#[test]
fn many_conversations_come_as_a_window_and_pages() -> Result<()> {
    let server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let rooms: Vec<String> =
        (0..120).map(|n| room(&format!("room-{n}"), &mut ada, &mut [])).collect::<Result<_>>()?;
    // The very first room becomes the most recently active one.
    say(&mut ada, &rooms[0], "awake")?;

    let mut ada = Script::login(&server, "ada")?;
    let welcome = ada.welcome().clone();
    let mut seen = super::column(&welcome["conversations"], "/id");
    assert_eq!(seen.len(), 50);
    assert_eq!(seen[0], rooms[0]);
    let mut cursor = welcome["cursor"].clone();
    while !cursor.is_null() {
        let page = ada.ok("conversation.list", json!({"cursor": cursor, "limit": 30}))?;
        let ids = super::column(&page["conversations"], "/id");
        assert!(!ids.is_empty() && ids.len() <= 30);
        seen.extend(ids);
        cursor = page["cursor"].clone();
    }
    let mut expected: Vec<String> = vec![rooms[0].clone()];
    expected.extend(rooms[1..].iter().rev().cloned());
    assert_eq!(seen, expected, "most recently active first, each once");
    assert_eq!(ada.refused("conversation.list", json!({"cursor": "nonsense"}))?, "invalid");
    Ok(())
}
