//! Three nodes on a PostgreSQL, with a NATS between them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use chat_tests::{Script, Signal, Terminal};
use serde_json::json;
use tempfile::TempDir;

use crate::{assert_nothing_is_left, environment, xtask};

#[test]
fn people_on_different_nodes_talk_and_nothing_is_left() {
    let scratch = TempDir::new().unwrap();
    // PostgreSQL is not root, and has to pass through.
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let environment = environment(&scratch);
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let mut terminal =
        Terminal::start(xtask(), &["cluster", "--profile", "dev"], &environment, 160, 40).unwrap();
    let told = terminal.wait_for_text("Ctrl-C stops all of it").unwrap();
    // On the lines that begin with "node".
    let urls: Vec<&str> = told
        .lines()
        .filter(|line| line.trim_start().starts_with("node "))
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with("ws://")))
        .collect();
    assert_eq!(urls.len(), 3, "{told}");
    assert!(told.contains("psql postgres://"), "{told}");

    let mut ada = Script::register_at(urls[0], "ada").unwrap();
    let mut lin = Script::register_at(urls[2], "lin").unwrap();
    let room = ada.ok("room.create", json!({"client_id": chat_tests::uuid(), "name": "deploys"})).unwrap();
    lin.ok("room.join", json!({"room": "deploys"})).unwrap();
    let conversation = room["id"].as_str().unwrap();
    let send =
        json!({"conversation": conversation, "client_id": chat_tests::uuid(), "body": "from node to node"});
    ada.ok("message.send", send).unwrap();
    lin.expect_message("from node to node").unwrap();
    drop((ada, lin));

    terminal.signal(Signal::Interrupt).unwrap();
    terminal.wait().unwrap();
    assert_nothing_is_left(&scratch);
}
