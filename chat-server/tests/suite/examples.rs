//! The example configurations in `packaging/examples`, read: every setting, variable, flag, path and port that they
//! name is there, and what has to fit together does. Those that can be started are started by `chat-tests`.

mod balancers;
mod containers;
mod units;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat_server::cli::Cli;
use chat_server::config::{self, Config, Loaded, Settings};
use chat_server::server::DRAIN_TIMEOUT;
use clap::CommandFactory;

/// Secrets have variables and no flags, so that nobody sees them in a list of processes.
const SECRETS: [&str; 4] = [
    "CHAT_SERVER_OWNER_CODE",
    "CHAT_SERVER_BUS_SECRET",
    "CHAT_SERVER_OIDC_CLIENT_SECRET",
    "CHAT_SERVER_S3_SECRET_ACCESS_KEY",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn folder() -> PathBuf {
    root().join("packaging/examples")
}

fn example(name: &str) -> String {
    let path = folder().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}

/// All of them, with their paths.
fn examples() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// The settings in this text, checked as a server that starts does.
fn checked(text: &str) -> (Settings, Config) {
    let settings: Settings = toml::from_str(text).unwrap_or_else(|cause| panic!("{cause}\n{text}"));
    let loaded = Loaded { data_dir: "/data".into(), file: None, settings: settings.clone() };
    let config = loaded.check().unwrap_or_else(|cause| panic!("{cause:#}\n{text}"));
    (settings, config)
}

/// How long a node takes to end at most, once it was told to.
fn longest_end(config: &Config) -> Duration {
    config.server.drain_delay + DRAIN_TIMEOUT
}

/// Words of a text that begin so.
fn words<'a>(text: &'a str, beginning: &str) -> BTreeSet<&'a str> {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.split(|c: char| !is_inside(c))
        .filter(|word| word.starts_with(beginning) && *word != beginning)
        .collect()
}

/// What stands behind a word that begins a line, up to the end of the line.
fn behind<'a>(text: &'a str, word: &str) -> &'a str {
    let mut lines = text.lines().map(str::trim);
    let found = lines.find_map(|line| line.strip_prefix(word)?.strip_prefix([' ', '=']));
    found.unwrap_or_else(|| panic!("no line begins with {word}")).trim().trim_end_matches(';')
}

#[test]
fn every_example_is_named_in_the_documentation() {
    let document = std::fs::read_to_string(root().join("docs/cluster.md")).unwrap();
    for (path, _) in examples() {
        let name = path.strip_prefix(folder()).unwrap().display().to_string();
        assert!(
            document.contains(&format!("packaging/examples/{name}")),
            "docs/cluster.md does not name {name}"
        );
    }
}

#[test]
fn every_variable_and_flag_in_an_example_is_one_of_the_servers() {
    let cli = Cli::command();
    let variables: BTreeSet<&str> =
        cli.get_arguments().filter_map(|argument| argument.get_env()?.to_str()).chain(SECRETS).collect();
    assert!(variables.contains("CHAT_SERVER_LISTEN") && variables.len() > 30, "{variables:?}");
    for (path, text) in examples() {
        for word in words(&text, "CHAT_SERVER_") {
            assert!(variables.contains(word), "{}: there is no variable {word}", path.display());
        }
        // The commands of the server that stand in texts: each word after the program's name must be known.
        for line in text.lines().filter_map(|line| line.split_once("chat-server ")) {
            let command: Vec<&str> = line
                .1
                .trim_end_matches(['`', '.', '\''])
                .split_whitespace()
                .map(|word| word.trim_matches('`'))
                .collect();
            let known = cli.get_subcommands().find(|known| Some(&known.get_name()) == command.first());
            let Some(known) = known else { continue };
            for flag in command.iter().filter_map(|word| word.strip_prefix("--")) {
                let is_known = |all: &clap::Command| all.get_arguments().any(|a| a.get_long() == Some(flag));
                assert!(
                    is_known(known) || is_known(&cli),
                    "{}: {flag} is no flag of {command:?}",
                    path.display()
                );
            }
        }
    }
    for secret in SECRETS {
        assert!(config::example().unwrap().contains(secret), "{secret} is not read");
    }
}

#[test]
fn the_settings_of_a_node_can_be_used_and_say_what_the_other_examples_say() {
    let (settings, config) = checked(&example("server.toml"));
    // As the address is checked: with TLS and a look at the certificate.
    assert!(settings.database.unwrap().contains("sslmode=verify-full"));
    let bus = config.bus.unwrap();
    assert!(bus.servers.iter().all(|server| server.starts_with("tls://")), "{:?}", bus.servers);

    let users = example("nats-users.conf");
    assert!(users.contains(&format!("user: {:?}", bus.user.unwrap())));
    assert!(users.contains(&format!("password: {:?}", bus.secret.unwrap().expose())));
    assert_eq!(users.matches(&format!("chat.{}.>", bus.cluster)).count(), 2, "{users}");
    let nats = example("nats.conf");
    assert!(nats.contains("include \"./nats-users.conf\""));
    let most: usize = behind(&nats, "max_payload:").parse().unwrap();
    assert!(most > chat_server::bus::MESSAGE_BYTES, "a node's largest message does not fit");
    let port = behind(&nats, "listen:").trim_matches('"').rsplit(':').next().unwrap();
    assert!(bus.servers.iter().all(|server| server.ends_with(port)), "{:?} {port}", bus.servers);
}

#[test]
fn postgresql_has_room_for_the_nodes_of_the_examples() {
    let most: usize =
        behind(&example("postgresql.conf"), "max_connections").trim_matches(['=', ' ']).parse().unwrap();
    // Each node has so many; the document says it as well.
    let each = 17;
    let document = std::fs::read_to_string(root().join("docs/postgresql.md")).unwrap();
    assert!(document.contains(&format!("up to {each} connections")));
    assert!(most > (3 + 1) * each, "three nodes and one that comes in place of another");
}
