//! HAProxy and nginx before two nodes, by the example configurations.

use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use chat_tests::{DEADLINE, Folder, Nats, Options, Running, Script, Server, Signal, program};
use serde_json::json;

use super::authority::{Authority, Vouched};
use super::visitor::Door;
use super::{example, free_port};
use crate::cluster::soon;

/// Connections of one address at a node; few, so that a test reaches it.
const PER_ADDRESS: usize = 20;

/// Two nodes behind a balancer.
struct House {
    balancer: Running,
    nodes: Vec<Server>,
    door: Door,
    authority: Authority,
    _nats: Nats,
    _folder: Arc<Folder>,
}

/// Where the example says what.
struct Places {
    port: u16,
    plain: u16,
    nodes: Vec<(&'static str, String)>,
}

impl House {
    /// `launch` starts the balancer in this folder, with this certificate.
    fn new(
        drain_delay: &str,
        launch: impl FnOnce(&Folder, &Vouched, Places) -> Result<Running>,
    ) -> Result<Self> {
        let (nats, folder) = (Nats::start()?, Arc::new(Folder::new("chat-balanced-")?));
        let node = |name: &str| {
            let per_address = PER_ADDRESS.to_string();
            let more =
                ["--bus", &nats.url(), "--name", name, "--trusted-proxies", "127.0.0.1", "--drain-delay"];
            let more = [&more[..], &[drain_delay, "--connections-per-address", &per_address]].concat();
            let more = more.into_iter().map(str::to_owned).collect();
            Server::start_beside(&folder, Options { more, ..Options::default() })
        };
        let nodes = vec![node("node1")?, node("node2")?];
        let authority = Authority::new(folder.path(), "authority")?;
        let address = |port: u16| format!("127.0.0.1:{port}");
        let (port, plain, nobody) = (free_port()?, free_port()?, free_port()?);
        // The third is not there, as one that was cut off from its power.
        let behind = vec![
            ("10.76.67.11:7667", address(nodes[0].port())),
            ("10.76.67.12:7667", address(nodes[1].port())),
            ("10.76.67.13:7667", address(nobody)),
        ];
        let places = Places { port, plain, nodes: behind };
        let mut balancer = launch(&folder, &authority.vouch()?, places)?;
        let until = Instant::now() + DEADLINE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(!balancer.has_ended() && Instant::now() < until, "{}", balancer.stderr());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let door = Door { port, trusts: authority.client()? };
        Ok(Self { balancer, nodes, door, authority, _nats: nats, _folder: folder })
    }
}

fn haproxy(folder: &Folder, vouched: &Vouched, places: Places) -> Result<Running> {
    let (pem, file) = (folder.path().join("chat.pem"), folder.path().join("haproxy.cfg"));
    std::fs::write(&pem, format!("{}{}", vouched.certificate, vouched.key))?;
    let mut words = places.nodes;
    words.extend([
        ("bind :443", format!("bind 127.0.0.1:{}", places.port)),
        ("bind :80", format!("bind 127.0.0.1:{}", places.plain)),
        ("/etc/haproxy/certs/chat.pem", pem.display().to_string()),
    ]);
    std::fs::write(&file, example("haproxy.cfg", &words)?)?;
    let mut command = Command::new(program("haproxy")?);
    // Fewer connections than the file says: a machine for tests may not give as many descriptors.
    command.args(["-db", "-n", "500", "-f"]).arg(file);
    Running::start(command)
}

fn nginx(folder: &Folder, vouched: &Vouched, places: Places) -> Result<Running> {
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("chat.pem"), &vouched.certificate)?;
    std::fs::write(file("chat.key"), &vouched.key)?;
    let path = |name: &str| file(name).display().to_string();
    let mut words = places.nodes;
    words.extend([
        ("listen 443 ssl", format!("listen 127.0.0.1:{} ssl", places.port)),
        ("listen 80", format!("listen 127.0.0.1:{}", places.plain)),
        ("/etc/nginx/certs/chat.pem", path("chat.pem")),
        ("/etc/nginx/certs/chat.key", path("chat.key")),
        ("/run/nginx.pid", path("nginx.pid")),
    ]);
    std::fs::write(file("nginx.conf"), example("nginx.conf", &words)?)?;
    let mut command = Command::new(program("nginx")?);
    // In one process, so that nothing of it outlives the test.
    command.args(["-g", "daemon off; master_process off;", "-p"]).arg(folder.path());
    command.arg("-c").arg(file("nginx.conf"));
    Running::start(command)
}

#[test]
fn haproxy_leads_people_to_nodes_and_none_to_one_that_stops() -> Result<()> {
    let mut house = House::new("6s", haproxy)?;
    people_talk_and_move(&mut house, |house, victim| {
        let down = format!("Server nodes/node{} is DOWN", victim + 1);
        Ok(house.balancer.stderr().contains(&down))
    })?;
    limits_count_people(&house)
}

#[test]
fn nginx_leads_people_to_nodes_and_none_to_one_that_stops() -> Result<()> {
    let mut house = House::new("0s", nginx)?;
    people_talk_and_move(&mut house, |house, victim| {
        Ok(house.nodes[victim].log().contains("telling everybody to come back"))
    })?;
    limits_count_people(&house)
}

/// People come in through the balancer and talk; a node is told to stop; who comes then comes to the other, and who was
/// there goes on at the other and has missed nothing.
fn people_talk_and_move(house: &mut House, is_noticed: impl Fn(&House, usize) -> Result<bool>) -> Result<()> {
    let (mut ada, mut lin) = (house.door.visitor(2)?, house.door.visitor(3)?);
    assert_ne!(ada.node, lin.node, "both nodes have their part");
    ada.register("ada")?;
    lin.register("lin")?;
    let room = ada.ok("room.create", json!({"client_id": chat_tests::uuid(), "name": "deploys"}))?;
    let room = crate::scenarios::text(&room["id"]);
    soon(|| Ok(lin.ok("room.join", json!({"room": "deploys"})).is_ok()))?;
    let url = format!("wss://localhost:{}", house.door.port);
    let mut kim = Script::register_trusting(&url, &house.authority.file, "kim")?;
    kim.ok("room.join", json!({"room": "deploys"}))?;
    let seq = ada.say(&room, "hello through the balancer")?;
    lin.hear("hello through the balancer")?;
    kim.expect_message("hello through the balancer")?;

    let victim = usize::from(ada.node != "node1");
    house.nodes[victim].signal(Signal::Terminate)?;
    soon(|| is_noticed(house, victim))?;
    for newcomer in 4..8 {
        assert_eq!(house.door.visitor(newcomer)?.node, lin.node, "a new client came to a node that stops");
    }
    let draining = ada.expect(|frame| frame["type"] == "draining")?;
    assert!(draining["payload"]["reconnect_after_ms"].is_u64());
    assert_eq!(ada.ended()?, 1012);
    let missed = lin.say(&room, "while ada was away")?;
    let mut back = house.door.visitor(2)?;
    assert_eq!(back.node, lin.node);
    assert_eq!(back.go_on_as(&ada, &room, seq)?, [missed]);
    lin.say(&room, "welcome back")?;
    back.hear("welcome back")?;
    assert!(house.nodes[victim].wait()?.success());
    Ok(())
}

/// The node counts by the address of whoever is at the other side of the balancer, whatever they say of it themselves.
fn limits_count_people(house: &House) -> Result<()> {
    let mut inside = Vec::new();
    loop {
        match house.door.come_from(99)? {
            Ok(visitor) => inside.push(visitor),
            Err(status) => break assert_eq!(status, 429),
        }
        ensure!(inside.len() <= PER_ADDRESS, "more connections of one address than it may have");
    }
    assert_eq!(inside.len(), PER_ADDRESS);
    house.door.visitor(100).map(drop)
}
