//! What people play with, as they start it. Nothing is left behind.

// clippy.toml allows this inside test functions; their helpers are tests as well.
#![allow(clippy::unwrap_used)]

mod cluster;
mod demo;

use std::path::Path;

use tempfile::TempDir;

fn xtask() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_xtask"))
}

/// Where temporary files go, and the binaries beside `xtask`, so that nothing is built.
fn environment(scratch: &TempDir) -> [(&'static str, String); 2] {
    let binaries = xtask().parent().unwrap().to_string_lossy().into_owned();
    [("TMPDIR", scratch.path().to_string_lossy().into_owned()), ("CHAT_BIN_DIR", binaries)]
}

/// No folder in the scratch place, and no process that was told of it.
fn assert_nothing_is_left(scratch: &TempDir) {
    let left: Vec<_> =
        std::fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
    let needle = scratch.path().to_string_lossy().into_owned();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&command).contains(&needle), "still runs: {:?}", entry.path());
    }
}
