//! What ends when people have nothing in common any more.

use anyhow::Result;
use chat_tests::{Script, Server};
use serde_json::{Value, json};

use crate::scenarios::{kick, room};

/// What was watched while they were together ends with that.
#[test]
fn whoever_is_put_out_watches_nobody_there_any_more() -> Result<()> {
    let server = Server::start()?;
    let mut ada = Script::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let mut eve = Script::register(&server, "eve")?;
    let id = room("open", &mut ada, &mut [&mut lin, &mut eve])?;
    let (her, its) = (ada.user_id(), eve.user_id());
    for watcher in [&mut lin, &mut eve] {
        watcher.ok("presence.watch", json!({"users": [&her]}))?;
    }
    ada.ok("presence.watch", json!({"users": [&its]}))?;
    kick(&mut ada, &id, "eve")?;
    let is_gone = |push: &Value, who: &str| {
        let change = &push["changes"][0];
        change["user"] == who && change["state"] == "offline" && change["last_seen"].is_null()
    };
    eve.expect("presence", |push| is_gone(push, &her))?;
    ada.expect("presence", |push| is_gone(push, &its))?;
    eve.forget()?;
    ada.ok("presence.set", json!({"state": "away"}))?;
    lin.expect("presence", |push| push["changes"][0]["state"] == "away")?;
    eve.expect_nothing_about(&her)
}
