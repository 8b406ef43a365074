//! The end: kind, bounded, and at once when told twice.

use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::json;

use super::house::{PATIENCE, Server, command, get};

#[tokio::test]
async fn a_server_that_stops_says_so_flushes_what_waits_and_ends() {
    const MESSAGES: u64 = 60;
    let mut server = Server::start("");
    let (mut ada, mut lin) = (server.user("ada").await, server.user("lin").await);
    let room = ada.room("r").await;
    let joined = lin.ask("room.join", json!({"room": "r"})).await["head"].as_u64().unwrap();
    for n in 0..MESSAGES {
        ada.write(&room, &format!("{n}")).await;
    }
    server.signal(Signal::TERM);
    server.logged("stopping; telling everybody");
    // Nobody has read the close frame yet, so it still waits for an answer.
    assert_eq!(get(server.address, "/ready"), (503, "stopping\n".to_owned()));
    assert_eq!(get(server.address, "/health").0, 200);
    assert_eq!(super::house::User::connect(server.address, None).await.err(), Some(503));

    let mut last = joined;
    let draining = loop {
        let frame = lin.next().await.unwrap();
        match frame["type"].as_str().unwrap() {
            // Their own coming in.
            "event" if frame["payload"]["seq"] == joined => {}
            "event" => {
                last += 1;
                assert_eq!(frame["payload"]["seq"], last);
            }
            "draining" => break frame,
            _ => {}
        }
    };
    assert_eq!(last, joined + MESSAGES, "all that was stored was delivered");
    assert!(draining["payload"]["reconnect_after_ms"].is_u64());
    assert_eq!(lin.next().await, Err(1012));
    assert!(server.wait().success());
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let mut server = Server::start("");
    let _unread = server.user("ada").await;
    server.signal(Signal::TERM);
    server.logged("stopping; telling everybody");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(130));
}

#[tokio::test]
async fn systemd_is_told_of_the_start_the_reload_the_work_and_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = command(&dir, "");
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
    let mut server = Server::launch(dir, command);
    let hears = |word: &str| {
        let mut bytes = [0; 1_024];
        loop {
            let length = systemd.recv(&mut bytes).unwrap();
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if text.lines().any(|line| line == word) {
                return text;
            }
        }
    };
    assert!(hears("READY=1").contains("STATUS=serving on ws://"));
    hears("WATCHDOG=1");
    server.signal(Signal::HUP);
    assert!(hears("RELOADING=1").contains("MONOTONIC_USEC="));
    hears("READY=1");
    server.signal(Signal::TERM);
    hears("STOPPING=1");
    assert!(server.wait().success());
}

#[tokio::test]
async fn a_socket_that_systemd_opened_is_used() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let inner = command(&dir, "");
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"", "sh"]);
    shell.arg(inner.get_program()).args(inner.get_args());
    shell.stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)));
    let server = Server::launch(dir, shell);
    assert_eq!(server.address, address);
    assert_eq!(get(address, "/ready").0, 200);
}
