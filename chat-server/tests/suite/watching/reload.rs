//! SIGHUP: what can change does, what cannot is named, and a mistake changes nothing.

use std::fs;
use std::time::Instant;

use rustix::process::Signal;

use super::house::{PATIENCE, Server};

fn configure(server: &Server, more: &str) {
    let text = format!("listen = \"127.0.0.1:0\"\nregistration = \"open\"\n{more}");
    fs::write(server.file("server.toml"), text).unwrap();
    server.signal(Signal::HUP);
}

#[tokio::test]
async fn what_can_change_does_and_the_rest_is_named() {
    let server = Server::start("name = \"before\"\n");
    assert_eq!(server.team_name().await, "before");
    configure(&server, "name = \"after\"\nmax_connections = 77\nlog = \"debug\"\n");
    let until = Instant::now() + PATIENCE;
    while server.team_name().await != "after" {
        assert!(Instant::now() < until, "{}", server.log());
    }
    let line = server.logged("needs a restart");
    assert!(line.contains("max_connections"), "{line}");
    server.logged("DEBUG");
    assert!(!server.log().contains("setting=\"name\""));
}

#[tokio::test]
async fn a_mistake_leaves_the_old_configuration_in_force() {
    let server = Server::start("name = \"before\"\n");
    for bad in ["name = \"after\"\nlisten_on = 1\n", "name = \"after\"\nrequest_burst = 0\n", "name = ["] {
        let said = server.log().matches("stays in force").count();
        configure(&server, bad);
        let until = Instant::now() + PATIENCE;
        while server.log().matches("stays in force").count() == said {
            assert!(Instant::now() < until, "{}", server.log());
            tokio::task::yield_now().await;
        }
        assert_eq!(server.team_name().await, "before");
    }
}
