//! Servers with a certificate of their own: asked about once, remembered, and another one refused.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use chat_proto::Fingerprint;
use chat_tests::{DEADLINE, Key, Options, PASSWORD, Script, Server, Signal, Terminal, bin, run};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::{Shell, json_lines};
use crate::scenarios::room;

/// A server that makes its own certificate.
pub(crate) fn self_signed() -> Result<Server> {
    let more = ["--tls", "self-signed"].map(str::to_owned).to_vec();
    Server::start_with(Options { more, ..Options::default() })
}

/// Gives it another one, as if somebody else stood in its place.
pub(crate) fn replace_certificate(server: &mut Server) -> Result<()> {
    server.signal(Signal::Terminate)?;
    server.wait()?;
    std::fs::remove_file(server.data_dir().join("tls/self-signed.pem"))?;
    server.restart()
}

/// The fingerprint as people see it.
pub(crate) fn shown(server: &Server) -> Result<String> {
    Ok(server.fingerprint()?.parse::<Fingerprint>()?.to_string())
}

fn mode(path: &Path) -> Result<u32> {
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o777)
}

#[test]
fn a_certificate_is_trusted_once_and_another_one_is_refused() -> Result<()> {
    let mut server = self_signed()?;
    let ada = Shell::new(&server, "ada")?;
    let print = shown(&server)?;
    let output = server.command(&["cert", "--tls", "self-signed"])?;
    let printed = String::from_utf8(output.stdout)?;
    assert!(printed.contains(&print[..39]) && printed.contains("localhost"), "{printed}");
    assert_eq!(mode(&server.data_dir().join("tls/self-signed.pem"))?, 0o600);

    // Without anybody to ask, nothing is trusted and nothing is sent.
    let said = ada.fails(&["register"], 3)?;
    assert!(said.contains(&print) && said.contains("--trust"), "{said}");
    let wrong = server.fingerprint()?.replace('1', "2").replace('0', "1");
    ada.fails(&["register", "--trust", &wrong], 3)?;
    ada.done(&["register", "--trust", &server.fingerprint()?])?;
    ada.done(&["whoami"])?;
    assert_eq!(mode(&ada.folder().join("servers.json"))?, 0o600);
    let known = json_lines(&ada.done(&["trust", "--json"])?);
    assert_eq!(
        (&known[0]["by"], &known[0]["fingerprint"]),
        (&json!("certificate"), &json!(server.fingerprint()?))
    );

    // Files go the same way.
    room("ops", &mut Script::register(&server, "lin")?, &mut [])?;
    ada.done(&["join", "#ops"])?;
    let file = ada.folder().join("note.txt");
    std::fs::write(&file, "by way of TLS")?;
    let file = file.display().to_string();
    ada.done(&["upload", "#ops", &file])?;

    // Kept over restarts.
    server.signal(Signal::Terminate)?;
    server.wait()?;
    server.restart()?;
    ada.done(&["whoami"])?;

    replace_certificate(&mut server)?;
    let now = shown(&server)?;
    assert_ne!(print, now);
    for command in
        [&["whoami"][..], &["upload", "#ops", &file], &["listen", "#ops"], &["trust", &server.url()]]
    {
        let said = ada.fails(command, 3)?;
        for part in [print.as_str(), &now, "--forget"] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
    ada.done(&["trust", "--forget", &server.url()])?;
    assert!(ada.fails(&["whoami"], 3)?.contains("--trust"));
    ada.done(&["whoami", "--trust", &server.fingerprint()?])?;
    ada.done(&["whoami"])?;
    Ok(())
}

#[test]
fn on_a_terminal_chat_cli_asks() -> Result<()> {
    let server = self_signed()?;
    let dir = TempDir::with_prefix("chat-cli-")?;
    let (url, data) = (server.url(), dir.path().display().to_string());
    let arguments = ["register", "--server", &url, "--user", "ada", "--data-dir", &data];
    let ask = || Terminal::start(&bin("chat-cli")?, &arguments, &[("CHAT_PASSWORD", PASSWORD)], 100, 24);
    let mut terminal = ask()?;
    let screen = terminal.wait_for_text("Trust this certificate? (yes/no)")?;
    for row in server.fingerprint()?.parse::<Fingerprint>()?.rows(2) {
        assert!(screen.contains(&row), "{row} on\n{screen}");
    }
    terminal.type_text("y")?;
    terminal.press(Key::Enter)?;
    assert_eq!(terminal.wait()?, 3, "only the whole word is a yes");
    let mut terminal = ask()?;
    terminal.wait_for_text("Trust this certificate?")?;
    terminal.type_text("yes")?;
    terminal.press(Key::Enter)?;
    assert_eq!(terminal.wait()?, 0, "{}", terminal.screen());
    Ok(())
}

/// A pair of files.
struct Files {
    dir: TempDir,
}

impl Files {
    fn write(&self) -> Result<Fingerprint> {
        use sha2::Digest;
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        std::fs::write(self.path("cert.pem"), made.cert.pem())?;
        std::fs::write(self.path("key.pem"), made.signing_key.serialize_pem())?;
        Ok(Fingerprint::new(sha2::Sha256::digest(made.cert.der()).into()))
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }
}

/// Somebody new, who trusts only this certificate, meets the server.
fn meet(server: &Server, print: &Fingerprint) -> Result<Output> {
    let dir = TempDir::with_prefix("chat-cli-")?;
    let mut command = std::process::Command::new(bin("chat-cli")?);
    command.args(["trust", &server.url(), "--trust", &print.word(), "--data-dir"]).arg(dir.path());
    run(command, "")
}

#[test]
fn certificate_files_are_read_again_and_connections_stay() -> Result<()> {
    let files = Files { dir: TempDir::with_prefix("chat-tls-")? };
    let first = files.write()?;
    let more = ["--tls-cert", &files.path("cert.pem"), "--tls-key", &files.path("key.pem")];
    let more = more.map(str::to_owned).to_vec();
    let mut server = Server::start_with(Options { more, ..Options::default() })?;
    let mut ada = Script::register(&server, "ada")?;
    assert!(meet(&server, &first)?.status.success());

    let second = files.write()?;
    server.signal(Signal::HangUp)?;
    let until = Instant::now() + DEADLINE;
    while !meet(&server, &second)?.status.success() {
        ensure!(Instant::now() < until, "the new certificate is not shown\n{}", server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(meet(&server, &first)?.status.code(), Some(3));
    ada.ok("room.create", json!({"client_id": chat_tests::uuid(), "name": "still-here"}))?;

    // What cannot be used changes nothing.
    std::fs::write(files.path("cert.pem"), "hello")?;
    server.signal(Signal::HangUp)?;
    while !server.log().contains("stays in force") {
        ensure!(Instant::now() < until, "nothing is said of it\n{}", server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(meet(&server, &second)?.status.success());
    Ok(())
}

#[test]
fn an_authority_that_is_named_decides_alone() -> Result<()> {
    let files = Files { dir: TempDir::with_prefix("chat-tls-")? };
    files.write()?;
    let more = ["--tls-cert", &files.path("cert.pem"), "--tls-key", &files.path("key.pem")];
    let more = more.map(str::to_owned).to_vec();
    let server = Server::start_with(Options { more, ..Options::default() })?;
    let ada = Shell::new(&server, "ada")?;
    ada.done(&["register", "--ca-file", &files.path("cert.pem")])?;
    let known: Value = json!(json_lines(&ada.done(&["trust", "--json"])?));
    assert_eq!(known, json!([]), "nothing is remembered by way of a flag");
    let other = Files { dir: TempDir::with_prefix("chat-tls-")? };
    other.write()?;
    let said = ada.fails(&["whoami", "--ca-file", &other.path("cert.pem")], 3)?;
    assert!(said.contains("--ca-file"), "{said}");
    Ok(())
}

#[test]
fn who_expects_tls_where_there_is_none_is_told_how_to_do_without() -> Result<()> {
    let server = Server::start()?;
    let safe = server.url().replace("ws://", "wss://");
    let said = Shell::new(&server, "ada")?.fails(&["register", "--server", &safe], 3)?;
    assert!(said.contains("there is no TLS") && said.contains("ws://"), "{said}");
    Ok(())
}
