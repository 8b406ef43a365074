//! What holds on SQLite holds on PostgreSQL. This program runs itself again, with the engine changed and
//! a real PostgreSQL, on the tests that go through the store, so that no test has to be written twice.

use std::process::Command;

use super::home::ENGINE;

/// Tests whose home is made by `home::Home`.
const SHARED: [&str; 6] = ["store::", "nodes::", "search::", "live::", "exchange::", "files::"];

/// What is about SQLite's file alone.
const SQLITE_ONLY: [&str; 5] = [
    "search::upgrade::",
    // Bytes in SQLite's file. PostgreSQL keeps old rows until it vacuums; docs/admin.md says so.
    "search::rights::a_deleted_message_is_not_found_and_leaves_no_byte",
    "search::rights::a_message_of_a_failed_commit_is_not_found",
    "store::a_database_of_a_newer_version_is_refused_politely",
    "search::corpus::",
];

#[test]
fn everything_holds_on_postgresql_too() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(SHARED).env(ENGINE, "postgres").arg("--test-threads=4");
    for test in SQLITE_ONLY {
        command.args(["--skip", test]);
    }
    let output = command.output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    let passed = said.lines().find_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next());
    let passed: u32 = passed.unwrap().parse().unwrap();
    assert!(passed > 40, "only {passed} tests were found:\n{said}");
}
