//! What an admin sets, prints and hands out.

use std::fs;
use std::process::Command;

use anyhow::Result;
use chat_tests::{Options, PASSWORD, Script, Server, bin, run};
use tempfile::TempDir;

use crate::scenarios::{room, say};

fn config_print(dir: &TempDir, flags: &[&str], environment: &[(&str, &str)]) -> Result<String> {
    let mut command = Command::new(bin("chat-server")?);
    command.args(["config", "print"]).args(flags).arg("--data-dir").arg(dir.path());
    command.envs(environment.iter().copied());
    let output = run(command, "")?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn flags_are_stronger_than_variables_and_those_than_the_file() -> Result<()> {
    let dir = TempDir::new()?;
    fs::write(
        dir.path().join("server.toml"),
        "name = \"from file\"\nregistration = \"closed\"\nlisten = \"127.0.0.1:1\"\n\
         owner_code = \"tangerine-launch-code\"\n",
    )?;
    let environment = [("CHAT_SERVER_REGISTRATION", "open"), ("CHAT_SERVER_LISTEN", "127.0.0.1:2")];
    let shown = config_print(&dir, &["--listen", "127.0.0.1:3"], &environment)?;
    for line in ["name = \"from file\"", "registration = \"open\"", "listen = \"127.0.0.1:3\""] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in\n{shown}");
    }
    assert!(!shown.contains("tangerine"), "a secret is shown:\n{shown}");
    Ok(())
}

#[test]
fn an_unknown_setting_is_refused_by_name() -> Result<()> {
    let dir = TempDir::new()?;
    fs::write(dir.path().join("server.toml"), "lisen = \"127.0.0.1:1\"\n")?;
    let mut command = Command::new(bin("chat-server")?);
    command.arg("--data-dir").arg(dir.path());
    let output = run(command, "")?;
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("lisen"));
    Ok(())
}

#[test]
fn one_folder_has_one_server() -> Result<()> {
    let server = Server::start()?;
    let output = server.command(&["serve", "--listen", "127.0.0.1:0"])?;
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("another chat-server"), "{output:?}");
    Ok(())
}

#[test]
fn tls_is_spoken_and_checked() -> Result<()> {
    let dir = TempDir::new()?;
    let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])?;
    fs::write(path("cert.pem"), certified.cert.pem())?;
    fs::write(path("key.pem"), certified.signing_key.serialize_pem())?;
    let more = ["--tls-cert", &path("cert.pem"), "--tls-key", &path("key.pem")].map(str::to_owned).to_vec();
    let server = Server::start_with(Options { more, ..Options::default() })?;
    assert!(server.url().starts_with("wss://"), "{}", server.url());

    let register = |trusted: Option<&str>| -> Result<Option<i32>> {
        let mut command = Command::new(bin("chat-cli")?);
        command.arg("register").arg("--data-dir").arg(dir.path().join("client"));
        command.env("CHAT_SERVER", server.url()).env("CHAT_USER", "ada").env("CHAT_PASSWORD", PASSWORD);
        command.envs(trusted.map(|file| ("CHAT_CA_FILE", file)));
        Ok(run(command, "")?.status.code())
    };
    assert_eq!(register(None)?, Some(3), "nobody vouches for this server");
    assert_eq!(register(Some(&path("cert.pem")))?, Some(0));
    Ok(())
}

#[test]
fn an_invite_makes_as_many_accounts_as_it_says() -> Result<()> {
    let server = Server::start_with(Options { registration: "invite", ..Options::default() })?;
    Script::register_with(&server, "ada", server.owner_invite())?;
    let output = server.command(&["invite", "create", "--uses", "2", "--role", "admin"])?;
    let code = String::from_utf8(output.stdout)?.trim().to_owned();
    for name in ["lin", "grace"] {
        let script = Script::register_with(&server, name, Some(&code))?;
        assert_eq!(script.welcome()["role"], "admin");
    }
    assert!(Script::register_with(&server, "eve", Some(&code)).is_err());
    let expired = server.command(&["invite", "create", "--expires", "1ms"])?;
    let code = String::from_utf8(expired.stdout)?.trim().to_owned();
    assert!(Script::register_with(&server, "eve", Some(&code)).is_err());
    Ok(())
}

#[test]
fn no_log_level_shows_what_people_write_or_their_secrets() -> Result<()> {
    let more = vec!["--log".to_owned(), "trace".to_owned()];
    let server = Server::start_with(Options { more, ..Options::default() })?;
    let mut ada = Script::register(&server, "ada")?;
    let deploys = room("deploys", &mut ada, &mut [])?;
    say(&mut ada, &deploys, "tell nobody: 4711")?;
    // In the wrong place, so that the server complains about it.
    let misplaced =
        serde_json::json!({"conversation": deploys, "client_id": "tell nobody: 4711", "body": "x"});
    assert!(ada.request("message.send", misplaced)?.is_err());
    let log = server.log();
    assert!(!log.is_empty(), "nothing was logged at all");
    assert!(!log.contains("4711") && !log.contains(PASSWORD), "{log}");
    Ok(())
}
