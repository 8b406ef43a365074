//! What stands behind the nodes, over TLS: NATS, PostgreSQL and the nodes themselves by the example configurations.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use chat_tests::http::Http;
use chat_tests::postgres::{self, Syncing};
use chat_tests::{DEADLINE, Folder, Options, Running, Script, Server, bin, program, run};
use serde_json::Value;

use super::authority::Authority;
use super::{example, free_port};
use crate::cluster::soon;
use crate::scenarios::{room, say};

/// What NATS wants to hear from nodes.
const SECRET: &str = "a secret of this test";

/// NATS and PostgreSQL, and whoever vouches for them.
struct Back {
    nats: String,
    database: String,
    trusted: PathBuf,
    other: PathBuf,
    folder: Arc<Folder>,
    _nats: Running,
    _postgres: postgres::Cluster,
}

impl Back {
    fn start() -> Result<Self> {
        let folder = Arc::new(Folder::new("chat-backside-")?);
        let authority = Authority::new(folder.path(), "authority")?;
        let other = Authority::new(folder.path(), "another")?.file;
        let (nats, url) = start_nats(folder.path(), &authority)?;
        let vouched = authority.vouch()?;
        let files = [("db.pem", &*vouched.certificate), ("db.key", &*vouched.key)];
        let mut settings = Ok(String::new());
        let postgres = postgres::Cluster::start_with(Syncing::Off, &files, |data| {
            let place = |name: &str| data.join(name).display().to_string();
            let places =
                [("/etc/postgresql/db.pem", place("db.pem")), ("/etc/postgresql/db.key", place("db.key"))];
            settings = example("postgresql.conf", &places);
            settings.as_deref().unwrap_or_default().to_owned()
        })?;
        settings?;
        let database = postgres.create("chat")?.replace("127.0.0.1", "localhost");
        Ok(Self {
            nats: url,
            database,
            trusted: authority.file,
            other,
            folder,
            _nats: nats,
            _postgres: postgres,
        })
    }

    /// The settings of a node, by the example, with this authority for both.
    fn settings(&self, ca_file: &Path) -> Result<String> {
        let (ca_file, trusted) = (ca_file.display().to_string(), "/etc/chat-server/ca.pem");
        let theirs = "postgres://chat:CHANGE-ME-DATABASE@db.example.org/chat?";
        example(
            "server.toml",
            &[
                (theirs, format!("{}?", self.database)),
                ("tls://nats.example.org:4222", self.nats.clone()),
                ("CHANGE-ME-BUS", SECRET.to_owned()),
                (trusted, ca_file),
                // The bucket is another story; the tests of the server have one.
                ("\"s3://chat\"", "\"local\"".to_owned()),
                ("127.0.0.1:7668", "127.0.0.1:0".to_owned()),
            ],
        )
    }

    /// A folder for nodes with these settings.
    fn place(&self, name: &str, settings: &str) -> Result<Arc<Folder>> {
        let folder = Folder::below(self.folder.path(), name)?;
        let file = folder.path().join("server.toml");
        std::fs::write(&file, settings)?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
        Ok(Arc::new(folder))
    }
}

fn start_nats(folder: &Path, authority: &Authority) -> Result<(Running, String)> {
    let vouched = authority.vouch()?;
    let file = |name: &str| folder.join(name).display().to_string();
    std::fs::write(file("nats.pem"), vouched.certificate)?;
    std::fs::write(file("nats.key"), vouched.key)?;
    let users = example("nats-users.conf", &[("CHANGE-ME-BUS", SECRET.to_owned())])?;
    std::fs::write(file("nats-users.conf"), users)?;
    let (port, monitor) = (free_port()?, free_port()?);
    let conf = example(
        "nats.conf",
        &[
            ("0.0.0.0:4222", format!("127.0.0.1:{port}")),
            ("127.0.0.1:8222", format!("127.0.0.1:{monitor}")),
            ("/etc/nats/nats.pem", file("nats.pem")),
            ("/etc/nats/nats.key", file("nats.key")),
        ],
    )?;
    std::fs::write(file("nats.conf"), conf)?;
    let mut command = Command::new(program("nats-server")?);
    command.args(["--config", &file("nats.conf")]);
    let mut nats = Running::start(command)?;
    let until = Instant::now() + DEADLINE;
    while !nats.stderr().contains("Server is ready") {
        ensure!(!nats.has_ended() && Instant::now() < until, "{}", nats.stderr());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Ok((nats, format!("tls://localhost:{port}")))
}

/// `chat-server` on a folder; what it says, at the end of it.
fn chat_server(folder: &Folder, arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(bin("chat-server")?);
    command.args(arguments).arg("--data-dir").arg(folder.path());
    run(command, "")
}

/// The row of a check of `doctor`.
fn finding(folder: &Folder, check: &str) -> Result<Value> {
    let output = chat_server(folder, &["doctor", "--json"])?;
    let said = String::from_utf8(output.stdout)?;
    let rows: Vec<Value> = said.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let row = rows.into_iter().find(|row| row["check"] == check);
    row.with_context(|| format!("no row about {check}: {said}"))
}

#[test]
fn nodes_talk_over_tls_with_nats_and_postgresql() -> Result<()> {
    let back = Back::start()?;
    let folder = back.place("nodes-", &back.settings(&back.trusted)?)?;
    let nodes: Vec<Server> =
        (0..2).map(|_| Server::start_beside(&folder, Options::default())).collect::<Result<_>>()?;
    for node in &nodes {
        soon(|| {
            let answer = Http::stranger(node).ask("GET", "/ready", &[], b"")?;
            Ok(answer.body == b"ready\n")
        })?;
    }
    let mut ada = Script::register(&nodes[0], "ada")?;
    let mut lin = Script::register(&nodes[1], "lin")?;
    let deploys = room("deploys", &mut ada, &mut [&mut lin])?;
    say(&mut ada, &deploys, "over two kinds of TLS")?;
    lin.expect_message("over two kinds of TLS")?;
    say(&mut lin, &deploys, "and back")?;
    ada.expect_message("and back")?;
    // Not one connection of a node's to the database is without.
    let sql = "SELECT count(*) || ' ' || bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
               WHERE application_name = 'chat-server'";
    let (count, all) = {
        let said = postgres::query(&back.database, sql)?;
        let (count, all) = said.split_once(' ').context(said.clone())?;
        (count.parse::<u32>()?, all.to_owned())
    };
    assert!(count >= 2 && all == "true", "{count} {all}");
    for check in ["bus", "database"] {
        assert_eq!(finding(&folder, check)?["state"], "ok", "{check}");
    }
    Ok(())
}

#[test]
fn who_is_vouched_for_by_somebody_else_is_refused_and_it_says_so() -> Result<()> {
    let back = Back::start()?;
    let wrong = back.place("wrong-", &back.settings(&back.other)?)?;
    let output = chat_server(&wrong, &["serve", "--listen", "127.0.0.1:0"])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "a node works with a database that it cannot know: {said}");
    assert!(said.contains("certificate") && said.contains("sslrootcert"), "{said}");
    assert!(
        !said.contains(back.database.split(':').nth(2).unwrap_or_default()),
        "a password was shown: {said}"
    );
    let row = finding(&wrong, "bus")?;
    assert_ne!(row["state"], "ok", "{row}");
    assert!(row["found"].as_str().unwrap_or_default().contains("certificate"), "{row}");
    assert!(row.to_string().contains("bus_ca_file"), "{row}");

    // A stranger to NATS is no node, over TLS or not.
    let secret = back.settings(&back.trusted)?.replace(SECRET, "a guess");
    let stranger = back.place("stranger-", &secret)?;
    let row = finding(&stranger, "bus")?;
    assert_ne!(row["state"], "ok", "{row}");
    Ok(())
}
