//! The server as a caller: nothing inner is called, however it is spelled, and nobody sends it elsewhere.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use chat_tests::{DEADLINE, Options, Script, Server};
use serde_json::json;

use crate::scenarios::{room, say};

#[test]
fn no_spelling_of_an_inner_address_is_called() -> Result<()> {
    let server = Server::start()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let mut ada = Script::register(&server, "ada")?;
    let id = room("ops", &mut ada, &mut [])?;
    for host in [
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.000.000.001",
        "0",
        "0.0.0.0",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:ffff:7f00:1]",
        "[::ffff:127.0.0.1]",
        "[::7f00:1]",
        "[64:ff9b::7f00:1]",
        "[fe80::1]",
        "[fd00::1]",
        "169.254.169.254",
        "0xA9FEA9FE",
        "2852039166",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "user@127.0.0.1",
        "1.1.1.1@127.0.0.1",
        "127.0.0.1%00.example.org",
    ] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/");
            let payload = json!({"conversation": id, "url": url});
            assert_eq!(ada.refused("outgoing.create", payload)?, "invalid", "{url}");
        }
    }
    for url in [
        format!("gopher://127.0.0.1:{port}/_x"),
        "file:///etc/passwd".to_owned(),
        format!("http:127.0.0.1:{port}"),
        format!("http:\\\\127.0.0.1:{port}\\"),
        format!("//127.0.0.1:{port}/"),
        format!("ws://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/\r\nX-Injected: yes"),
    ] {
        assert_eq!(
            ada.refused("outgoing.create", json!({"conversation": id, "url": url}))?,
            "invalid",
            "{url}"
        );
    }
    ensure!(listener.accept().is_err(), "somebody called");
    ada.barrier()
}

/// A receiver that was allowed says: go on there. Nobody goes.
#[test]
fn a_redirect_is_not_followed() -> Result<()> {
    let inner = TcpListener::bind("127.0.0.1:0")?;
    inner.set_nonblocking(true)?;
    let outer = TcpListener::bind("127.0.0.1:0")?;
    let (to, url) = (inner.local_addr()?, format!("http://{}/", outer.local_addr()?));
    let (told, calls) = channel();
    std::thread::spawn(move || {
        for stream in outer.incoming().flatten() {
            let mut stream = stream;
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let answer = format!(
                "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://{to}/latest/meta-data\r\n\
                 Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes());
            if told.send(()).is_err() {
                return;
            }
        }
    });
    let more = vec!["--allow-private-hooks".to_owned()];
    let server = Server::start_with(Options { more, ..Options::default() })?;
    let mut ada = Script::register(&server, "ada")?;
    let id = room("ops", &mut ada, &mut [])?;
    ada.ok("outgoing.create", json!({"conversation": id, "url": url}))?;
    say(&mut ada, &id, "who hears this?")?;
    calls.recv_timeout(DEADLINE)?;
    // A redirect is a failure, and is shown as one.
    let until = Instant::now() + DEADLINE;
    loop {
        let hooks = ada.ok("outgoing.list", json!({"conversation": id}))?;
        let row = &hooks["hooks"][0];
        if row["state"] == "failing" {
            break;
        }
        ensure!(Instant::now() < until, "{hooks}");
        std::thread::sleep(Duration::from_millis(20));
    }
    ensure!(inner.accept().is_err(), "the redirect was followed");
    Ok(())
}
