//! What people want to hear of: levels, mutes, quiet hours; the same on every device.

use anyhow::Result;
use chat_tests::{Script, uuid};
use serde_json::{Value, json};

use super::{ada_and_lin, look, room};

#[test]
fn a_level_holds_on_every_device_and_after_a_restart() -> Result<()> {
    let (mut server, mut ada, mut lin) = ada_and_lin()?;
    let mut phone = Script::login(&server, "lin")?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    assert!(look(&mut lin, &id)?["notify"].is_null(), "the usual says nothing");
    let set = json!({"conversation": id, "level": "all", "mute_s": 3600});
    let state = lin.ok("conversation.notify", set)?;
    assert_eq!(state["notify"]["level"], "all");
    phone.expect("notify", |told| *told == state)?;
    server.restart()?;
    let mut lin = Script::login(&server, "lin")?;
    assert_eq!(look(&mut lin, &id)?["notify"], state["notify"]);
    let mut ada = Script::login(&server, "ada")?;
    assert!(look(&mut ada, &id)?["notify"].is_null(), "it is one's own");
    let usual = lin.ok("conversation.notify", json!({"conversation": id}))?;
    assert_eq!(usual["notify"], json!({}));
    for bad in [json!({"mute_s": 0}), json!({"mute_s": 40_000_000}), json!({"level": "loud"})] {
        let mut payload = bad;
        payload["conversation"] = id.as_str().into();
        assert_eq!(lin.refused("conversation.notify", payload)?, "invalid");
    }
    Ok(())
}

#[test]
fn quiet_hours_are_kept_and_told() -> Result<()> {
    let (server, mut ada, _lin) = ada_and_lin()?;
    let mut phone = Script::login(&server, "ada")?;
    let hours = json!({"from": "22:00", "to": "08:00", "days": ["mon", "tue"], "zone": "Europe/Berlin"});
    let state = ada.ok("dnd.set", json!({"for_s": 60, "schedule": hours}))?;
    assert_eq!(state["dnd"]["schedule"], hours);
    phone.expect("dnd", |told| *told == state)?;
    assert_eq!(Script::login(&server, "ada")?.welcome()["dnd"], state["dnd"]);
    let bad = |field: &str, value: Value| {
        let mut hours = hours.clone();
        hours[field] = value;
        json!({"schedule": hours})
    };
    for payload in [
        bad("from", json!("25:00")),
        bad("zone", json!("Mars/Olympus")),
        bad("zone", json!("../../etc/passwd")),
        bad("days", json!(["mon", "mon"])),
        bad("days", json!(["someday"])),
        json!({"for_s": 0}),
    ] {
        assert_eq!(ada.refused("dnd.set", payload.clone())?, "invalid", "{payload}");
    }
    assert_eq!(ada.ok("dnd.set", json!({}))?["dnd"], json!({}));
    assert!(Script::login(&server, "ada")?.welcome()["dnd"].is_null());
    Ok(())
}

#[test]
fn a_declined_invitation_is_gone_on_the_other_devices() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let mut phone = Script::login(&server, "lin")?;
    let payload = json!({"client_id": uuid(), "name": "secret", "private": true});
    let id = ada.ok("room.create", payload)?["id"].clone();
    ada.ok("room.invite", json!({"conversation": id, "user": "lin"}))?;
    phone.expect("invitation", |_| true)?;
    lin.ok("invitation.decline", json!({"conversation": id}))?;
    phone.expect("invitation.removed", |gone| gone["conversation"] == id)?;
    Ok(())
}
