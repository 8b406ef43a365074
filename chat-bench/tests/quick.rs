//! The whole bench on a real server, with small numbers. It fails when a message is lost, doubled, out of order or
//! refused, and when a figure is missing; how large the figures are says nothing here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::process::Command;

use serde_json::Value;

/// Each workload, and a figure that it is about.
const WORKLOADS: [(&str, &str); 13] = [
    ("fanout", "us CPU/delivery"),
    ("pairs", "us CPU/message"),
    ("sends", "messages/s"),
    ("idle", "RSS bytes/connection"),
    ("logins", "us CPU/login"),
    ("resumes", "s until all are back"),
    ("store", "p50 ms"),
    ("day", "us CPU/act"),
    ("postgres", "ratio"),
    ("postgres nodes", "us CPU/message"),
    ("postgres ratios", "messages/s, 3 nodes to 1"),
    ("vast", "p50 ms"),
    ("vast whole", "GiB"),
];

/// Whose tables a document has marks for.
const MARKS: [&str; 10] =
    ["fanout", "pairs", "sends", "idle", "logins", "resumes", "store", "day", "postgres", "vast"];

#[test]
fn every_workload_delivers_everything_once_and_writes_its_figures() {
    let dir = tempfile::tempdir().unwrap();
    let document = dir.path().join("benchmarks.md");
    let marks: String = MARKS.map(|name| format!("<!-- table: {name} -->\n<!-- end -->\n")).concat();
    std::fs::write(&document, format!("before\n{marks}after\n")).unwrap();
    // Where its server lies, in case it was not built.
    chat_tests::bin("chat-server").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_chat-bench"))
        .args(["server", "--quick", "--runs", "1", "--dir"])
        .arg(dir.path())
        .arg("--document")
        .arg(&document)
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");

    let lines = std::fs::read_to_string(dir.path().join("server.jsonl")).unwrap();
    let figures: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (workload, figure) in WORKLOADS {
        let of_it: Vec<&Value> = figures.iter().filter(|line| line["workload"] == workload).collect();
        assert!(!of_it.is_empty(), "{workload}");
        for line in of_it {
            assert!(line["values"][figure].is_number() && line["run"] == 1, "{figure}: {line}");
        }
    }
    let document = std::fs::read_to_string(&document).unwrap();
    assert!(document.starts_with("before\n") && document.ends_with("after\n"), "{document}");
    assert!(WORKLOADS.iter().all(|(name, _)| document.contains(&format!("**{name}**"))), "{document}");
    let left: Vec<_> = std::fs::read_dir(dir.path().join("work")).unwrap().collect();
    assert!(left.is_empty(), "what was made for the runs is gone: {left:?}");
}
