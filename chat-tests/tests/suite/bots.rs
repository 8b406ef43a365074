//! Bots and webhooks from a shell: the commands of `chat-cli`, a bot's token in the environment,
//! and the bot of `docs/bots.md`.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use chat_tests::{DEADLINE, Options, PASSWORD, Running, Script, Server, bin, run};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::scenarios::{room, say};

/// The page whose bot is tried here.
const PAGE: &str = include_str!("../../../docs/bots.md");

/// A shell with these variables set, apart from the server's.
struct Shell {
    dir: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Shell {
    fn new(server: &Server, variables: &[(&'static str, &str)]) -> Result<Self> {
        let mut variables: Vec<_> =
            variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        variables.push(("CHAT_SERVER", server.url()));
        Ok(Self { dir: TempDir::with_prefix("chat-cli-")?, variables })
    }

    fn command(&self, line: &str) -> Result<Command> {
        let mut command = Command::new(bin("chat-cli")?);
        command.args(line.split(' ')).arg("--data-dir").arg(self.dir.path());
        command.envs(self.variables.iter().cloned());
        Ok(command)
    }

    /// Runs a command to this end; gives what it printed on stdout, or on stderr if it fails.
    fn ends(&self, line: &str, code: i32) -> Result<String> {
        let output = run(self.command(line)?, "")?;
        let reason = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(code), "{line}: {reason}");
        Ok(if code == 0 { String::from_utf8(output.stdout)? } else { reason }.trim_end().to_owned())
    }

    fn done(&self, line: &str) -> Result<String> {
        self.ends(line, 0)
    }
}

fn json_line(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn next_line(running: &mut Running) -> Result<String> {
    running.line(Instant::now() + DEADLINE)?.context("it has ended")
}

/// Ada at a shell and in a room.
fn ada_in(server: &Server, name: &str) -> Result<(Script, Shell, String)> {
    let mut ada = Script::register(server, "ada")?;
    let id = room(name, &mut ada, &mut [])?;
    let shell = Shell::new(server, &[("CHAT_USER", "ada"), ("CHAT_PASSWORD", PASSWORD)])?;
    Ok((ada, shell, id))
}

#[test]
fn a_bot_works_with_its_token_in_the_environment() -> Result<()> {
    let server = Server::start()?;
    let (mut ada, shell, id) = ada_in(&server, "ops")?;
    let token = shell.done("bot create robo --scope read,write")?;
    assert_eq!(token.len(), 43, "the token and nothing else: {token:?}");
    assert_eq!(shell.done("bot list")?, "@robo (read,write) of @ada");
    shell.ends("bot create robo --scope read", 1)?;
    shell.ends("bot create other --scope root", 2)?;
    shell.done("invite #ops @robo")?;
    assert!(shell.done("members #ops")?.contains("@robo (bot)"));

    let robo = Shell::new(&server, &[("CHAT_TOKEN", &token)])?;
    assert!(robo.done("whoami")?.starts_with("robo on "));
    robo.done("send #ops from-robo")?;
    assert_eq!(ada.expect_message("from-robo")?["author"]["bot"], true);
    let mut listening = Running::start(robo.command("listen #ops --count 1 --json")?)?;
    assert_eq!(json_line(&next_line(&mut listening)?)["type"], "listening");
    say(&mut ada, &id, "for robo")?;
    assert_eq!(json_line(&next_line(&mut listening)?)["body"], "for robo");
    assert_eq!(listening.wait()?.code(), Some(0));
    let mut script = Running::start(robo.command("script")?)?;
    assert_eq!(json_line(&next_line(&mut script)?)["payload"]["user"]["bot"], true);
    script.write_line(
        r##"{"type":"message.send","payload":{"conversation":"#ops","body":"from a script"}}"##,
    )?;
    ada.expect_message("from a script")?;
    assert!(robo.ends("create #mine", 1)?.contains("scope rooms"));
    assert!(robo.ends("bot list", 1)?.contains("a person must"));

    // With writing alone, it still finds where to write.
    let token = shell.done("bot token @robo --scope write")?;
    robo.ends("send #ops not-any-more", 1)?;
    let robo = Shell::new(&server, &[("CHAT_TOKEN", &token)])?;
    robo.done("send #ops only-writing")?;
    ada.expect_message("only-writing")?;
    assert!(robo.ends("history #ops", 1)?.contains("scope read"));
    shell.done("bot delete robo")?;
    robo.ends("send #ops gone", 1)?;
    assert_eq!(shell.done("bot list")?, "");
    Ok(())
}

#[test]
fn webhooks_are_kept_from_a_shell() -> Result<()> {
    let more = vec!["--allow-private-hooks".to_owned()];
    let server = Server::start_with(Options { more, ..Options::default() })?;
    let (_ada, shell, _) = ada_in(&server, "ops")?;
    let address = shell.done("incoming create #ops grafana")?;
    let base = server.url().replacen("ws", "http", 1);
    assert!(address.starts_with(&format!("{base}/hooks/")), "{address}");
    assert_eq!(shell.done("incoming list #ops")?, "@grafana · made by @ada");
    shell.ends("incoming delete #ops nobody", 1)?;
    shell.done("incoming delete #ops @grafana")?;
    assert_eq!(shell.done("incoming list #ops")?, "");
    let made = json_line(&shell.done("incoming create #ops grafana --json")?);
    assert_eq!(made["url"], format!("{base}{}", made["path"].as_str().unwrap()));

    let secret = shell.done("outgoing create #ops http://127.0.0.1:9/ --events message --trigger !build")?;
    assert!(secret.starts_with("whsec_"), "{secret}");
    let listed = shell.done("outgoing list #ops")?;
    let (hook, rest) = listed.split_once(' ').unwrap();
    assert_eq!(rest, "http://127.0.0.1:9/ · working · only message · messages that begin with \"!build\"");
    assert!(shell.ends(&format!("outgoing test #ops {hook}"), 1)?.contains("cannot connect"));
    shell.done(&format!("outgoing delete #ops {hook}"))?;
    shell.ends("outgoing create #ops nonsense", 1)?;
    assert_eq!(shell.done("outgoing list #ops")?, "");
    Ok(())
}

#[test]
fn the_bot_of_the_page_answers() -> Result<()> {
    let server = Server::start()?;
    let (mut ada, shell, id) = ada_in(&server, "ops")?;
    let token = shell.done("bot create deployer --scope write,commands")?;
    shell.done("invite #ops @deployer")?;
    let (_, code) = PAGE.split_once("```bash\n").context("the page has a bot")?;
    let (code, _) = code.split_once("```").context("which ends")?;
    let file = shell.dir.path().join("bot.sh");
    std::fs::write(&file, code)?;
    let mut command = Command::new("bash");
    let dir = bin("chat-cli")?.parent().context("a folder")?.to_owned();
    let path = std::env::join_paths(
        std::iter::once(dir).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )?;
    command.arg(&file).env("PATH", path).env("CHAT_SERVER", server.url()).env("CHAT_TOKEN", &token);
    command.env("CHAT_CONFIG_DIR", shell.dir.path());
    let mut bot = Running::start(command)?;

    // It is there when its commands are.
    let until = Instant::now() + DEADLINE;
    while shell.done("command list #ops")?.is_empty() {
        assert!(Instant::now() < until, "it registers nothing: {}", bot.stderr());
    }
    assert_eq!(
        shell.done("command list #ops")?,
        "/deploy SERVICE · @deployer · Deploys a service\n/ping · @deployer · Says pong"
    );
    assert_eq!(shell.done("command run #ops ping --wait 20s")?, "deployer: pong");
    assert_eq!(shell.done("command run #ops /deployer:deploy api v2")?, "@deployer was told");
    ada.expect_message("deploying api v2")?;
    let odd = json!({"conversation": id, "name": "deploy", "text": "a \"quoted\" \\ text\n}"});
    ada.ok("command.run", odd)?;
    ada.expect_message("deploying a \"quoted\" \\ text\n}")?;
    shell.ends("command run #ops dance", 1)?;
    bot.kill();
    Ok(())
}
