//! The unit for several nodes on one machine.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use super::{behind, checked, example, root};

/// What stands in a unit, without comments.
fn lines(text: &str) -> BTreeSet<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn the_unit_of_a_node_is_as_hardened_as_the_other() {
    let (node, alone) =
        (example("chat-server@.service"), root().join("packaging/systemd/chat-server.service"));
    let alone = std::fs::read_to_string(alone).unwrap();
    let (node_lines, alone_lines) = (lines(&node), lines(&alone));
    let missing: Vec<_> = alone_lines.difference(&node_lines).collect();
    assert!(
        missing.iter().all(|line| line.starts_with("Description=") || line.contains("CAP_NET_BIND_SERVICE")),
        "{missing:?}"
    );
    // No power of root's at all.
    assert!(node_lines.contains("CapabilityBoundingSet=") && node_lines.contains("AmbientCapabilities="));
}

#[test]
fn systemd_waits_until_a_node_has_ended() {
    // The longest delay that the server takes.
    let (_, longest) = checked("drain_delay = \"30s\"");
    let unit = example("chat-server@.service");
    let patience: u64 = behind(&unit, "TimeoutStopSec").trim_end_matches('s').parse().unwrap();
    assert!(Duration::from_secs(patience) > super::longest_end(&longest));
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("NOT TRIED: there is no systemd-analyze here; the units were only read");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let systemd = root().join("packaging/systemd");
    let units = [
        ("chat-server@7671.service", example("chat-server@.service")),
        ("chat-server.service", std::fs::read_to_string(systemd.join("chat-server.service")).unwrap()),
        ("chat-server.socket", std::fs::read_to_string(systemd.join("chat-server.socket")).unwrap()),
    ];
    for (name, text) in &units {
        // It looks for the program, and for the page of the manual that an installed one has.
        let text = text.replace("/usr/bin/chat-server", env!("CARGO_BIN_EXE_chat-server"));
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no"]).args(units.iter().map(|(name, _)| dir.path().join(name)));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // It tells of other units of the machine as well.
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("chat-server")).collect();
    assert!(ours.is_empty(), "{said}");
}
