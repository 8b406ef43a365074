//! Running the server from its own machine: with a server on the directory and with none.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::Result;
use chat_tests::{Folder, PASSWORD, Script, Server, bin, run};
use serde_json::{Value, json};

use crate::trust::self_signed;

/// What a console prints, a JSON object a line.
fn lines(output: &Output) -> Result<Vec<Value>> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "it was done");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A command on a directory on which no server runs.
fn alone(dir: &Path, arguments: &[&str], stdin: &str) -> Result<Output> {
    let mut command = Command::new(bin("chat-server")?);
    command.args(arguments).arg("--data-dir").arg(dir);
    run(command, stdin)
}

#[test]
fn the_doors_can_be_shut_by_one_word() -> Result<()> {
    let server = Server::start()?;
    let mut owner = Script::register_with(&server, "ada", server.owner_invite())?;
    let never = json!({"role": "member", "uses": 2, "for_s": 0});
    assert_eq!(owner.refused("invite.create", never)?, "invalid", "a code that was never good");
    let code = owner.ok("invite.create", json!({"role": "member", "uses": 2}))?;
    let invite = code["code"].as_str();
    let mut member = Script::register_with(&server, "lin", invite)?;
    lines(&server.command(&["lockdown", "--json"])?)?;

    assert!(owner.ok("server.lockdown", json!({}))?["since"].is_number());
    assert!(Script::register_with(&server, "eve", invite).is_err(), "nobody new comes in");
    assert!(Script::login(&server, "lin").is_err(), "not by a password either");
    let mut again = Script::token(&server, "lin", &member.own_token())?;
    again.ok("ping", json!({}))?;
    member.ok("ping", json!({}))?;
    assert_eq!(member.refused("server.lockdown", json!({"on": false}))?, "forbidden");
    Script::login(&server, "ada")?.ok("server.lockdown", json!({"on": false}))?;
    Script::login(&server, "lin")?;
    Script::register_with(&server, "eve", invite)?;

    let acts: Vec<Value> = lines(&server.command(&["audit", "--json"])?)?;
    let acts: Vec<_> = acts.iter().map(|act| (act["act"].as_str(), act["actor"]["name"].as_str())).collect();
    let expected = [("lockdown_end", "ada"), ("lockdown", "server"), ("invite_create", "ada")];
    assert_eq!(acts, expected.map(|(act, by)| (Some(act), Some(by))));
    Ok(())
}

#[test]
fn a_directory_without_a_server_is_looked_after_in_the_same_way() -> Result<()> {
    let mut server = Server::start()?;
    // A socket is left behind, to which nobody listens.
    server.kill();
    let dir = server.data_dir();
    let password = format!("{PASSWORD}\n");
    let add = |name, role| alone(&dir, &["user", "add", name, "--role", role, "--password-stdin"], &password);
    lines(&alone(
        &dir,
        &["user", "add", "ada", "--role", "owner", "--password-stdin", "--json"],
        &password,
    )?)?;
    assert!(complaint(&add("ada", "member")?).contains("taken"));
    assert!(complaint(&add("server", "member")?).contains("taken"), "the server's own name");
    assert!(
        complaint(&alone(&dir, &["user", "add", "lin", "--password-stdin"], "")?).contains("no password")
    );
    lines(&alone(&dir, &["lockdown", "--json"], "")?)?;

    server.restart()?;
    assert_eq!(server.owner_invite(), None, "there is an owner");
    let mut owner = Script::login(&server, "ada")?;
    assert!(owner.ok("server.lockdown", json!({}))?["since"].is_number(), "it outlives a restart");
    owner.ok("room.create", json!({"name": "war", "private": true}))?;

    let rooms = lines(&server.command(&["room", "list", "--json"])?)?;
    assert_eq!((rooms.len(), &rooms[0]["name"], &rooms[0]["private"]), (1, &json!("war"), &json!(true)));
    let made = lines(&server.command(&["invite", "create", "--uses", "2", "--json"])?)?;
    let id = made[0]["invite"]["id"].as_str().unwrap_or_default().to_owned();
    let listed = lines(&server.command(&["invite", "list", "--json"])?)?;
    assert_eq!(listed, [made[0]["invite"].clone()], "the list shows no code");
    lines(&server.command(&["invite", "revoke", &id, "--json"])?)?;
    assert!(lines(&server.command(&["invite", "list", "--json"])?)?.is_empty());
    let again = server.command(&["invite", "revoke", &id])?;
    assert!(complaint(&again).contains("invite list"), "it says where ids are");
    Ok(())
}

#[test]
fn a_folder_without_any_server_is_taken_for_a_mistake() -> Result<()> {
    let dir = Folder::new("chat-nothing-")?;
    let wrong = dir.path().join("nowhere");
    for command in [&["lockdown"][..], &["user", "list"], &["audit"], &["epoch"]] {
        let said = complaint(&alone(&wrong, command, "")?);
        assert!(said.contains("no server has been set up") && said.contains("--data-dir"), "{said}");
    }
    assert!(!wrong.exists(), "and nothing was made there");
    lines(&alone(&wrong, &["invite", "create", "--json"], "")?)?;
    assert!(wrong.exists(), "but a server may begin so");
    Ok(())
}

#[test]
fn the_server_itself_is_nobody_to_talk_to() -> Result<()> {
    let server = Server::start()?;
    let mut owner = Script::register_with(&server, "ada", server.owner_invite())?;
    assert_eq!(owner.refused("direct.open", json!({"user": "server"}))?, "not_found");
    assert!(!owner.ok("user.list", json!({}))?.to_string().contains("\"server\""));
    assert!(Script::login(&server, "server").is_err());
    Ok(())
}

#[test]
fn accounts_are_looked_after_while_the_server_runs() -> Result<()> {
    let server = Server::start()?;
    let mut owner = Script::register_with(&server, "ada", server.owner_invite())?;
    let invite = owner.ok("invite.create", json!({"role": "member", "uses": 1}))?;
    let mut lin = Script::register_with(&server, "lin", invite["code"].as_str())?;
    let listed = lines(&server.command(&["user", "list", "li", "--json"])?)?;
    assert_eq!((listed.len(), &listed[0]["role"]), (1, &json!("member")));

    let held = lines(&server.command(&["token", "list", "lin", "--json"])?)?;
    let id = held[0]["id"].as_str().unwrap_or_default().to_owned();
    lines(&server.command(&["token", "revoke", "lin", &id, "--json"])?)?;
    assert_eq!(lin.expect_closed()?, 4502);
    assert!(complaint(&server.command(&["token", "revoke", "lin", &id])?).contains("token list"));

    lines(&server.command(&["user", "role", "lin", "admin", "--json"])?)?;
    let mut lin = Script::login(&server, "lin")?;
    lin.ok("account.list", json!({}))?;
    lines(&server.command(&["user", "logout", "lin", "--json"])?)?;
    assert_eq!(lin.expect_closed()?, 4502);
    let mut lin = Script::login(&server, "lin")?;
    lines(&server.command(&["user", "disable", "lin", "--reason", "left", "--json"])?)?;
    assert_eq!(lin.expect_closed()?, 4504);
    assert!(Script::login(&server, "lin").is_err());
    lines(&server.command(&["user", "enable", "lin", "--json"])?)?;
    Script::login(&server, "lin")?;

    // An owner who has lost the password is helped here, and only here.
    assert_eq!(owner.refused("user.reset", json!({"user": "ada"}))?, "forbidden");
    let code = lines(&server.command(&["user", "reset", "ada", "--json"])?)?;
    let ask = json!({"protocol": 1, "reset": code[0]["code"], "password": "violet stapler battery"});
    Script::stranger(&server)?.ok("auth.reset", ask)?;
    let nobody = server.command(&["user", "disable", "zoe"])?;
    assert!(complaint(&nobody).contains("nobody called @zoe"));
    let itself = server.command(&["user", "disable", "server"])?;
    assert!(complaint(&itself).contains("nobody"), "the server's own name is no account");
    Ok(())
}

#[test]
fn passwords_are_given_where_no_server_runs() -> Result<()> {
    let mut server = Server::start()?;
    let mut owner = Script::register_with(&server, "ada", server.owner_invite())?;
    owner.ok("room.create", json!({"name": "war", "private": true}))?;
    owner.ok("room.create", json!({"name": "hall", "private": false}))?;
    server.kill();
    let dir = server.data_dir();
    let given = alone(&dir, &["user", "password", "ada", "--password-stdin", "--json"], "violet stapler\n")?;
    lines(&given)?;
    let weak = alone(&dir, &["user", "password", "ada", "--password-stdin"], "short\n")?;
    assert!(!complaint(&weak).is_empty());
    let made = lines(&alone(&dir, &["user", "add", "lin", "--code", "--json"], "")?)?;
    lines(&alone(&dir, &["room", "retention", "war", "30", "--json"], "")?)?;
    lines(&alone(&dir, &["room", "archive", "war", "--json"], "")?)?;

    server.restart()?;
    let token = json!({"protocol": 1, "token": owner.own_token()});
    assert_eq!(
        Script::stranger(&server)?.refused("auth.token", token)?,
        "bad_credentials",
        "all logins ended"
    );
    let login = json!({"protocol": 1, "name": "ada", "password": "violet stapler"});
    Script::stranger(&server)?.ok("auth.login", login)?;
    let ask = json!({"protocol": 1, "reset": made[0]["code"], "password": PASSWORD});
    Script::stranger(&server)?.ok("auth.reset", ask)?;
    Script::login(&server, "lin")?;
    let rooms = lines(&server.command(&["room", "list", "--json"])?)?;
    assert_eq!(rooms[1]["rules"], json!({"archived": true, "keep_days": 30}));
    assert_eq!(rooms[0]["rules"], Value::Null, "of another room nothing changed");
    let undone = lines(&server.command(&["room", "archive", "war", "--undo", "--json"])?)?;
    assert_eq!(undone[0]["rules"], json!({"keep_days": 30}));
    assert!(complaint(&server.command(&["room", "archive", "nowhere"])?).contains("room list"));
    Ok(())
}

#[test]
fn whoever_restarts_a_server_asks_how_it_is() -> Result<()> {
    let mut server = Server::start()?;
    let address = format!("127.0.0.1:{}", server.port());
    let ask = |what: &[&str]| server.command(&[&["health", "--listen", &address], what].concat());
    assert_eq!(String::from_utf8_lossy(&ask(&[])?.stdout), "ok\n");
    assert_eq!(lines(&ask(&["--ready", "--json"])?)?[0]["said"], "ready");
    server.kill();
    assert!(complaint(&server.command(&["health", "--listen", &address])?).contains("no server answers"));
    Ok(())
}

#[test]
fn whoever_restarts_a_server_with_tls_asks_over_tls() -> Result<()> {
    let mut server = self_signed()?;
    let address = format!("127.0.0.1:{}", server.port());
    let url = format!("https://{address}/ready");
    let ask = |what: &[&str]| server.command(&[&["health", "--listen", &address], what].concat());
    let said = lines(&ask(&["--tls", "self-signed", "--ready", "--json"])?)?;
    assert_eq!(said[0], json!({"url": url, "said": "ready"}), "the certificate is for names, not for this");
    // Asked in the clear, it has no answer: a proxy or a wrong setting is found by that.
    complaint(&ask(&[])?);
    server.kill();
    let gone = server.command(&["health", "--listen", &address, "--tls", "self-signed"])?;
    assert!(complaint(&gone).contains("no server answers"));
    Ok(())
}
