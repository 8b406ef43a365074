//! Everything is copied while people write, and comes back.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Result, ensure};
use chat_tests::{Folder, Options, Script, Server, bin, run};
use serde_json::{Value, json};

use crate::scenarios::files::{PICTURE, http, send};
use crate::scenarios::{ada_and_lin, look, room, say, text};
use crate::terminals::Seat;

fn restore(archive: &Path, into: &Path, more: &[&str]) -> Result<std::process::Output> {
    let mut command = Command::new(bin("chat-server")?);
    command.arg("restore").arg(archive).arg("--data-dir").arg(into).args(more);
    run(command, "")
}

fn backup(server: &Server, to: &Path) -> Result<Value> {
    let output = server.command(&["backup", to.to_str().unwrap(), "--json"])?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The whole log of a conversation.
pub(crate) fn log(script: &mut Script, conversation: &str) -> Result<Vec<Value>> {
    let (mut events, mut after) = (Vec::new(), 0);
    loop {
        let ask = json!({"conversation": conversation, "after": after, "limit": 100});
        let page = script.ok("history.get", ask)?;
        let Some(last) = page["events"].as_array().unwrap().last() else { return Ok(events) };
        after = last["seq"].as_u64().unwrap();
        events.extend(page["events"].as_array().unwrap().iter().cloned());
    }
}

#[test]
fn a_backup_under_load_has_every_event_and_every_file() -> Result<()> {
    let (server, mut ada, mut lin) = ada_and_lin()?;
    let id = room("deploys", &mut ada, &mut [&mut lin])?;
    for n in 0..40 {
        say(&mut ada, &id, &format!("before {n}"))?;
    }
    let picture = http(&server, &ada).upload("latency.png", PICTURE)?;
    send(&mut ada, &id, "with a picture", &[&picture])?;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = [(ada, "ada"), (lin, "lin")]
        .into_iter()
        .map(|(mut script, name)| {
            let (http, stop, id) = (http(&server, &script), stop.clone(), id.clone());
            thread::spawn(move || -> Result<Script> {
                let mut n = 0;
                while !stop.load(Ordering::Relaxed) {
                    n += 1;
                    say(&mut script, &id, &format!("{name} meanwhile {n}"))?;
                    if n % 5 == 1 {
                        let bytes = format!("{name} {n}\n").repeat(1_000).into_bytes();
                        let file = http.upload(&format!("{name}-{n}.txt"), &bytes)?;
                        send(&mut script, &id, "with a file", &[&file])?;
                    }
                }
                Ok(script)
            })
        })
        .collect();
    let dir = Folder::new("chat-backup-")?;
    let mut made = Value::Null;
    for n in 0..3 {
        made = backup(&server, &dir.path().join(format!("{n}.tar")))?;
    }
    stop.store(true, Ordering::Relaxed);
    let mut scripts = Vec::new();
    for writer in writers {
        scripts.push(writer.join().unwrap()?);
    }
    let archive = dir.path().join("2.tar");
    assert_eq!(made["path"], archive.to_str().unwrap());
    assert_eq!((&made["damaged"], &made["not_inside"]), (&json!([]), &json!([])));
    assert_eq!(std::fs::read_dir(dir.path())?.count(), 3, "nothing half made is left");
    assert_eq!(mode(&archive)?, 0o600, "only the owner reads it");
    let again = server.command(&["backup", archive.to_str().unwrap()])?;
    assert!(!again.status.success(), "nothing is written over");

    let home = Folder::new("chat-restored-")?;
    let restored = restore(&archive, home.path(), &[])?;
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let refused = restore(&archive, home.path(), &[])?;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is not empty"), "{refused:?}");
    let copy = Server::start_in(home, Options::default(), 0)?;
    let mut ada = Script::login(&copy, "ada")?;
    let (then, now) = (log(&mut ada, &id)?, log(&mut scripts[0], &id)?);
    assert_eq!(then.len() as u64, look(&mut ada, &id)?["head"].as_u64().unwrap());
    assert!(then.len() > 42 && then.len() < now.len(), "{} of {}", then.len(), now.len());
    assert_eq!(then[..], now[..then.len()], "every event is as it was");
    let (old, new) =
        (http(&server, &scripts[0]), http(&copy, &Script::token(&copy, "ada", &scripts[0].own_token())?));
    let mut files = 0;
    for event in &then {
        for file in event["files"].as_array().into_iter().flatten() {
            let id = text(&file["id"]);
            assert_eq!(new.get(&id, &[])?.body, old.get(&id, &[])?.body);
            files += 1;
        }
    }
    // One may have been uploaded whose message was not sent yet.
    assert!(made["files"].as_u64() >= Some(files), "{made}");
    assert!(files > 0, "no file was sent in time");
    Ok(())
}

fn mode(file: &Path) -> Result<u32> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::metadata(file)?.permissions().mode() & 0o777)
}

#[test]
fn clients_that_saw_more_than_the_backup_begin_anew() -> Result<()> {
    let mut server = Server::start()?;
    let seat = Seat::register(&server, "ada")?;
    let mut lin = Script::register(&server, "lin")?;
    let id = room("deploys", &mut lin, &mut [])?;
    say(&mut lin, &id, "in the backup")?;
    let mut ada = Script::login(&server, "ada")?;
    ada.ok("room.join", json!({"room": "deploys"}))?;
    let dir = Folder::new("chat-backup-")?;
    let archive = dir.path().join("chat.tar");
    let made = backup(&server, &archive)?;
    let terminal = seat.open()?;
    terminal.wait_for_text("in the backup")?;
    say(&mut lin, &id, "after the backup")?;
    terminal.wait_for_text("after the backup")?;
    drop((ada, lin));

    let port = server.port();
    server.kill();
    let home = Folder::new("chat-restored-")?;
    let restored = restore(&archive, home.path(), &["--json"])?;
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let copy = Server::start_in(home, Options::default(), port)?;
    let mut lin = Script::login(&copy, "lin")?;
    assert_ne!(lin.welcome()["epoch"], made["epoch"]);
    say(&mut lin, &id, "after the restore")?;
    terminal.wait_for_text("after the restore")?;
    terminal.wait_until_gone("after the backup")?;
    assert!(terminal.screen().contains("in the backup"), "{}", terminal.screen());
    Ok(())
}

/// After a database was brought back by its own means, an admin says so, and clients begin anew.
#[test]
fn another_epoch_is_begun_by_hand_and_not_beside_a_server() -> Result<()> {
    let (mut server, ada, lin) = ada_and_lin()?;
    drop((ada, lin));
    let epoch = |server: &Server, more: &[&str]| -> Result<std::result::Result<String, String>> {
        let output = server.command(&[&["epoch", "--json"], more].concat())?;
        if !output.status.success() {
            return Ok(Err(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let said: Value = serde_json::from_slice(&output.stdout)?;
        Ok(Ok(text(&said["epoch"])))
    };
    let refused = epoch(&server, &["--new"])?.unwrap_err();
    assert!(refused.contains("stop it first") || refused.contains("stop them first"), "{refused}");
    server.kill();
    let before = epoch(&server, &[])?.unwrap();
    assert_eq!(epoch(&server, &[])?.unwrap(), before, "looking changes nothing");
    let after = epoch(&server, &["--new"])?.unwrap();
    assert_ne!(after, before);
    server.restart()?;
    let mut ada = Script::login(&server, "ada")?;
    for (known, is_same) in [(&before, false), (&after, true)] {
        let resumed = ada.ok("sync.resume", json!({"epoch": known, "conversations": {}}))?;
        assert_eq!(resumed["same_epoch"], is_same, "{known}");
    }
    Ok(())
}
