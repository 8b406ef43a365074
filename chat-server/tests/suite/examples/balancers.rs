//! HAProxy and nginx.

use std::time::Duration;

use chat_proto::Limits;
use chat_proto::limits::PING_INTERVAL_MS;
use chat_server::config::Settings;

use super::{behind, checked, example};

/// A time as HAProxy and nginx write it.
fn time(text: &str) -> Duration {
    humantime::parse_duration(text).unwrap_or_else(|cause| panic!("{text}: {cause}"))
}

/// The number behind a word in a line.
fn after<'a>(line: &'a str, word: &str) -> &'a str {
    let mut words = line.split_whitespace().skip_while(|other| *other != word);
    words.nth(1).unwrap_or_else(|| panic!("{word} is not in: {line}"))
}

/// The longest silence of a connection that is alive: a setting may make it as long.
fn longest_silence() -> Duration {
    let longest = (1..=3_600).map(Duration::from_secs).take_while(|ping| {
        let text = format!("ping_interval = \"{}s\"", ping.as_secs());
        let settings: Settings = toml::from_str(&text).unwrap();
        let loaded = chat_server::config::Loaded { data_dir: "/data".into(), file: None, settings };
        loaded.check().is_ok()
    });
    longest.last().unwrap()
}

#[test]
fn quiet_connections_live_behind_both() {
    let longest = longest_silence();
    assert!(longest >= Duration::from_millis(PING_INTERVAL_MS));
    assert!(time(behind(&example("haproxy.cfg"), "timeout tunnel")) > 2 * longest);
    let nginx = example("nginx.conf");
    for what in ["proxy_read_timeout", "proxy_send_timeout"] {
        assert!(time(behind(&nginx, what)) > 2 * longest, "{what}");
    }
}

#[test]
fn a_node_that_stops_is_noticed_before_it_sends_anybody_away() {
    let (_, node) = checked(&example("server.toml"));
    let haproxy = example("haproxy.cfg");
    let server = behind(&haproxy, "default-server");
    let falls: u32 = after(server, "fall").parse().unwrap();
    assert!((falls + 1) * time(after(server, "inter")) < node.server.drain_delay);
    assert!(behind(&haproxy, "http-check send").contains("uri /ready"));
    // What would cut those who are there.
    assert!(!haproxy.contains("on-marked-down"));
    // nginx asks nobody; it goes to the next one where a node says 503, as one that drains does.
    assert!(behind(&example("nginx.conf"), "proxy_next_upstream").split(' ').any(|when| when == "http_503"));
}

#[test]
fn as_many_fit_as_nodes_take_and_files_as_large() {
    let defaults = Settings::defaults();
    let node = defaults.max_connections.unwrap();
    let haproxy = example("haproxy.cfg");
    let each: usize = after(behind(&haproxy, "default-server"), "maxconn").parse().unwrap();
    assert!(each < node, "no room for the balancer's questions");
    let nodes: Vec<&str> = haproxy.lines().filter(|line| line.trim().starts_with("server node")).collect();
    let all: usize = behind(&haproxy, "maxconn").parse().unwrap();
    assert!(all >= nodes.len() * each);
    let nginx = example("nginx.conf");
    let connections: usize = behind(&nginx, "worker_connections").parse().unwrap();
    assert!(connections >= node);
    let largest = behind(&nginx, "client_max_body_size").trim_end_matches('m').parse::<u64>().unwrap();
    assert!(largest * 1024 * 1024 >= Limits::default().file_bytes);
    // Both lead to the same nodes, on the port at which nodes listen.
    let (_, config) = checked(&example("server.toml"));
    let addresses: Vec<&str> = nodes.iter().map(|line| line.split_whitespace().nth(2).unwrap()).collect();
    assert_eq!(addresses.len(), 3);
    for address in addresses {
        assert!(address.ends_with(&format!(":{}", config.listen.port())), "{address}");
        assert!(nginx.contains(&format!("server {address} ")), "{address} is not behind nginx");
    }
}

#[test]
fn what_a_client_says_of_its_own_address_is_taken_away() {
    let haproxy = example("haproxy.cfg");
    assert!(
        haproxy.contains("http-request del-header X-Forwarded-For") && haproxy.contains("option forwardfor")
    );
    assert!(example("nginx.conf").contains("proxy_set_header X-Forwarded-For $remote_addr;"));
}
