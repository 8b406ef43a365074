//! Reports, and the log of what was done to keep order.

use super::*;

#[test]
fn a_report_reaches_those_who_keep_order_and_nobody_else() -> Result<()> {
    let Stage { server, mut chief, mut ada, mut mo, mut lin, room } = stage()?;
    let bad = say(&mut lin, &room, "buy now")?;
    for person in [&mut ada, &mut mo, &mut chief, &mut lin] {
        person.forget()?;
    }
    let report = about(&room, bad, json!({"reason": "spam"}));
    ada.ok("report.create", report.clone())?;
    ada.ok("report.create", report.clone())?;
    let mut id = String::new();
    for person in [&mut ada, &mut mo, &mut chief] {
        let told = person.expect("report", |_| true)?["report"].clone();
        assert_eq!(
            (told["room"].as_str(), told["event"]["body"].as_str()),
            (Some("deploys"), Some("buy now"))
        );
        assert_eq!((told["by"]["name"].as_str(), told["reason"].as_str()), (Some("ada"), Some("spam")));
        person.expect_none("report", |_| true)?;
        id = text(&told["id"]);
    }
    lin.expect_none("report", |_| true)?;
    assert_eq!(lin.refused("report.list", json!({"conversation": room}))?, "forbidden");
    assert_eq!(lin.refused("report.create", report.clone())?, "forbidden", "their own");
    assert_eq!(lin.refused("report.close", json!({"report": id}))?, "not_found");
    assert_eq!(chief.refused("report.create", report)?, "not_found", "who is not in reports nothing");
    assert_eq!(ada.refused("report.create", about(&room, 1, json!({})))?, "not_found", "not a message");

    // It shows the message as it stands, also after a restart.
    lin.ok("message.delete", about(&room, bad, json!({})))?;
    let mut server = server;
    server.restart()?;
    let mut mo = Script::login(&server, "mo")?;
    let mut chief = Script::login(&server, "chief")?;
    let listed = mo.ok("report.list", json!({"conversation": room}))?;
    assert_eq!(listed["reports"][0]["event"]["kind"], "tombstone");
    mo.ok("report.close", json!({"report": id, "note": "talked to lin"}))?;
    let closed = chief.expect("report", |_| true)?["report"]["closed"].clone();
    assert_eq!((closed["by"]["name"].as_str(), closed["note"].as_str()), (Some("mo"), Some("talked to lin")));
    mo.ok("report.close", json!({"report": id, "note": "once more"}))?;
    assert_eq!(mo.ok("report.list", json!({"conversation": room}))?["reports"], json!([]));
    let all = chief.ok("report.list", json!({"all": true}))?;
    assert_eq!(all["reports"][0]["closed"]["note"], "talked to lin");
    Ok(())
}

#[test]
fn nobody_sees_a_report_about_themselves_and_those_of_directs_are_for_admins() -> Result<()> {
    let Stage { server: _server, mut chief, mut ada, mut mo, mut lin, room } = stage()?;
    let bad = say(&mut mo, &room, "I am the law")?;
    mo.forget()?;
    lin.ok("report.create", about(&room, bad, json!({})))?;
    let id = text(&ada.expect("report", |_| true)?["report"]["id"]);
    mo.expect_none("report", |_| true)?;
    assert_eq!(mo.ok("report.list", json!({"conversation": room, "all": true}))?["reports"], json!([]));
    assert_eq!(mo.refused("report.close", json!({"report": id}))?, "not_found");

    let direct = text(&mo.ok("direct.open", json!({"user": "lin"}))?["id"]);
    let threat = say(&mut mo, &direct, "I know where you live")?;
    lin.ok("report.create", about(&direct, threat, json!({"reason": "threat"})))?;
    let told = chief.expect("report", |told| told["report"]["reason"] == "threat")?;
    assert_eq!(told["report"]["event"]["body"], "I know where you live");
    assert!(told["report"]["room"].is_null());
    ada.expect_none("report", |told| told["report"]["reason"] == "threat")?;
    let page = chief.ok("report.list", json!({"limit": 1}))?;
    assert_eq!(column(&page["reports"], "/reason"), ["threat"]);
    let next = chief.ok("report.list", json!({"limit": 1, "cursor": page["cursor"]}))?;
    assert_eq!((text(&next["reports"][0]["id"]), next["cursor"].is_null()), (id, true));
    assert_eq!(chief.refused("report.list", json!({"cursor": "x"}))?, "invalid");
    Ok(())
}

#[test]
fn every_act_leaves_exactly_one_entry_in_the_log() -> Result<()> {
    let Stage { server, mut chief, mut ada, mut mo, mut lin, room } = stage()?;
    let mut entries = 1; // mo was made moderator
    let mut expect = |chief: &mut Script, act: &str, actor: &str, target: Option<&str>| -> Result<Value> {
        let log = chief.ok("audit.list", json!({}))?;
        let all = log["entries"].as_array().unwrap();
        entries += 1;
        assert_eq!(all.len(), entries, "{act}: {log}");
        let newest = &all[0];
        assert_eq!(
            (newest["act"].as_str(), newest["actor"]["name"].as_str(), newest["target"]["name"].as_str()),
            (Some(act), Some(actor), target)
        );
        Ok(newest.clone())
    };
    let lins = say(&mut lin, &room, "spam")?;
    let bad = say(&mut lin, &room, "more spam")?;
    let acts = [
        ("member.mute", "mute", to(&room, "lin", json!({"for_s": 60, "reason": "flood"}))),
        ("member.unmute", "unmute", to(&room, "lin", json!({}))),
        ("member.role", "role", to(&room, "lin", json!({"role": "read-only"}))),
        ("message.delete", "delete", about(&room, lins, json!({}))),
        ("member.ban", "ban", to(&room, "lin", json!({"for_s": 60, "reason": "flood"}))),
        ("member.unban", "unban", to(&room, "lin", json!({}))),
    ];
    for (kind, act, payload) in acts {
        mo.ok(kind, payload.clone())?;
        let entry = expect(&mut chief, act, "mo", Some("lin"))?;
        assert_eq!(
            (entry["room"].as_str(), &entry["reason"]),
            (Some("deploys"), &payload["reason"]),
            "{act}"
        );
        assert_eq!(entry["details"]["until"].is_null(), payload["for_s"].is_null(), "{act}");
        // Again, where there is nothing left to do, is no act.
        if kind != "message.delete" && payload["for_s"].is_null() {
            mo.ok(kind, payload)
                .or_else(|error| if kind == "member.role" { Ok(Value::Null) } else { Err(error) })?;
        }
    }
    lin.ok("room.join", json!({"room": "deploys"}))?;
    mo.ok("member.remove", to(&room, "lin", json!({"reason": "wrong team"})))?;
    assert_eq!(expect(&mut chief, "kick", "mo", Some("lin"))?["reason"], "wrong team");
    let rules = |rules: Value| json!({"conversation": room, "rules": rules});
    for (act, payload) in [
        ("rules", json!({"slow_mode_s": 5})),
        ("archive", json!({"archived": true})),
        ("unarchive", json!({})),
    ] {
        ada.ok("room.rules", rules(payload))?;
        expect(&mut chief, act, "ada", None)?;
    }
    ada.ok("room.rename", json!({"conversation": room, "name": "releases"}))?;
    assert_eq!(expect(&mut chief, "rename", "ada", None)?["details"]["name"], "releases");
    ada.ok("report.create", about(&room, bad, json!({})))?;
    let report = text(&ada.expect("report", |_| true)?["report"]["id"]);
    ada.ok("report.close", json!({"report": report, "note": "seen"}))?;
    assert_eq!(expect(&mut chief, "report_close", "ada", Some("lin"))?["details"]["seq"], bad);
    ada.ok("user.purge", to(&room, "lin", json!({})))?;
    expect(&mut chief, "purge", "ada", Some("lin"))?;
    for (kind, act) in [
        ("user.mute", "server_mute"),
        ("user.unmute", "server_unmute"),
        ("user.ban", "server_ban"),
        ("user.unban", "server_unban"),
    ] {
        chief.ok(kind, json!({"user": "lin"}))?;
        let entry = expect(&mut chief, act, "chief", Some("lin"))?;
        assert!(entry["conversation"].is_null());
    }
    chief.ok("user.unban", json!({"user": "lin"}))?;
    // What is no act of keeping order is not there: one's own deletion, a topic, a message.
    let own = say(&mut ada, &room, "oops")?;
    ada.ok("message.delete", about(&room, own, json!({})))?;
    ada.ok("room.topic", json!({"conversation": room, "topic": "freeze"}))?;

    // A room's moderators see their room's, page by page, also after a restart.
    let mut server = server;
    server.restart()?;
    let mut mo = Script::login(&server, "mo")?;
    let (mut acts, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut ask = json!({"conversation": room, "limit": 4});
        if !cursor.is_null() {
            ask["cursor"] = cursor;
        }
        let page = mo.ok("audit.list", ask)?;
        acts.extend(column(&page["entries"], "/act"));
        cursor = page["cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(
        acts.join(" "),
        "purge report_close rename unarchive archive rules kick unban ban delete role unmute mute role"
    );
    let mut chief = Script::login(&server, "chief")?;
    assert_eq!(chief.ok("audit.list", json!({}))?["entries"].as_array().unwrap().len(), acts.len() + 4);
    Ok(())
}
