//! Sending, exactly once, and reading back.

use anyhow::Result;
use chat_tests::{Script, uuid};
use serde_json::{Value, json};

use super::{ada_and_lin, look, message, room, say, seqs};

#[test]
fn a_message_reaches_everybody_with_the_same_number() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let client_id = uuid();
    let sent = ada.ok("message.send", message(&id, &client_id, "canary is out"))?;
    assert_eq!((sent["seq"].as_u64(), sent["duplicate"].as_bool()), (Some(3), Some(false)));
    for person in [&mut ada, &mut lin] {
        let event = person.expect_message("canary is out")?;
        assert_eq!(event["seq"], sent["seq"]);
        assert_eq!(event["at"], sent["at"]);
        assert_eq!(event["client_id"], client_id.as_str());
        assert_eq!(event["author"]["name"], "ada");
    }
    Ok(())
}

#[test]
fn a_repeat_gives_the_first_result_and_no_second_message() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let other = room("random", &mut ada, &mut [])?;
    let client_id = uuid();
    let first = ada.ok("message.send", message(&id, &client_id, "once"))?;
    lin.expect_message("once")?;

    let mut from_another_device = Script::login(&server, "ada")?;
    for device in [&mut ada, &mut from_another_device] {
        let again = device.ok("message.send", message(&id, &client_id, "once"))?;
        assert_eq!(again["seq"], first["seq"]);
        assert_eq!(again["at"], first["at"]);
        assert_eq!(again["duplicate"], true);
    }
    let elsewhere = message(&other, &client_id, "once");
    assert_eq!(ada.refused("message.send", elsewhere)?, "client_id_reused");
    lin.expect_none("event", |event| event["kind"] == "message")?;
    assert_eq!(look(&mut ada, &id)?["head"], first["seq"]);
    // The id is unique per author, not for all.
    let lins = lin.ok("message.send", message(&id, &client_id, "mine"))?;
    assert_eq!(lins["duplicate"], false);
    Ok(())
}

#[test]
fn messages_sent_in_a_row_keep_their_order() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let bodies: Vec<String> = (0..30).map(|n| format!("line {n}")).collect();
    let mut requests = Vec::new();
    for body in &bodies {
        requests.push(ada.start_request("message.send", message(&id, &uuid(), body))?);
    }
    for (n, request) in requests.iter().enumerate() {
        let sent = ada.reply(request)?.expect("a send is granted");
        assert_eq!(sent["seq"].as_u64(), Some(3 + n as u64));
    }
    for (n, body) in bodies.iter().enumerate() {
        let event = lin.expect("event", |event| event["kind"] == "message")?;
        assert_eq!(
            (event["body"].as_str(), event["seq"].as_u64()),
            (Some(body.as_str()), Some(3 + n as u64))
        );
    }
    Ok(())
}

#[test]
fn a_body_is_kept_byte_for_byte_within_its_bounds() -> Result<()> {
    let (_server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    let bodies = [
        "  two\n\tlines \u{1b}[31m\u{7} \u{202e}abc\u{200b} ".to_owned(),
        "日本語 👩‍👩‍👧 שלום مرحبا é".to_owned(),
        "\u{0}".to_owned() + &"\u{1}".repeat(16_383),
        "x".repeat(16_384),
    ];
    for body in bodies {
        say(&mut ada, &id, &body)?;
        lin.expect_message(&body)?;
    }
    for body in ["", " \n\t ", &"x".repeat(16_385)] {
        assert_eq!(ada.refused("message.send", message(&id, &uuid(), body))?, "invalid");
    }
    Ok(())
}

#[test]
fn history_is_read_in_pages_from_any_side() -> Result<()> {
    let (_server, mut ada, _lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [])?;
    for n in 2..=70 {
        say(&mut ada, &id, &format!("message {n}"))?;
    }
    let mut page = |asked: Value| -> Result<(Vec<u64>, bool, bool)> {
        let mut payload = asked;
        payload["conversation"] = id.as_str().into();
        let page = ada.ok("history.get", payload)?;
        assert_eq!(page["head"], 70);
        Ok((seqs(&page["events"]), page["more_before"] == true, page["more_after"] == true))
    };
    let range = |from: u64, to: u64| (from..=to).collect::<Vec<_>>();

    assert_eq!(page(json!({}))?, (range(21, 70), true, false), "the newest fifty");
    assert_eq!(page(json!({"limit": 3}))?, (range(68, 70), true, false));
    assert_eq!(page(json!({"before": 4, "limit": 10}))?, (range(1, 3), false, true));
    assert_eq!(page(json!({"before": 60, "limit": 2}))?, (range(58, 59), true, true));
    assert_eq!(page(json!({"after": 68}))?, (range(69, 70), true, false));
    assert_eq!(page(json!({"after": 10, "limit": 2}))?, (range(11, 12), true, true));
    assert_eq!(page(json!({"after": 0, "limit": 2}))?, (range(1, 2), false, true));
    assert_eq!(
        page(json!({"limit": 4_000_000_000_u32}))?,
        (range(1, 70), false, false),
        "capped, not refused"
    );

    let (around, before, after) = page(json!({"around": 30, "limit": 11}))?;
    assert!(around.contains(&30) && around.len() == 11, "{around:?}");
    assert!(around.windows(2).all(|pair| pair[1] == pair[0] + 1), "{around:?}");
    assert!(before && after);
    let (nothing, before, after) = page(json!({"after": 70}))?;
    assert_eq!((nothing.len(), before, after), (0, true, false));
    let (nothing, before, after) = page(json!({"before": 1}))?;
    assert_eq!((nothing.len(), before, after), (0, false, true));

    let two = json!({"conversation": id, "before": 5, "after": 2});
    assert_eq!(ada.refused("history.get", two)?, "invalid");
    Ok(())
}

#[test]
fn a_flood_is_told_to_wait_and_nothing_is_lost() -> Result<()> {
    let (_server, mut ada, _lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [])?;
    let mut refused = 0;
    let mut requests = Vec::new();
    for _ in 0..400 {
        requests.push(ada.start_request("conversation.get", json!({"conversation": id}))?);
    }
    for request in requests {
        if let Err(error) = ada.reply(&request)? {
            assert_eq!(error["code"], "rate_limited");
            assert_eq!(error["temporary"], true);
            assert!(error["retry_after_ms"].as_u64().unwrap() > 0);
            refused += 1;
        }
    }
    assert!(refused > 0, "400 requests at once are more than the burst");
    Ok(())
}
